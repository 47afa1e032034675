"""The interfaces that adapters implement: one protocol each. Protocols and values only."""
