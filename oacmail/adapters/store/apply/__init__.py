"""The effects of a decision, written to SQLite: one function for each effect. Decides nothing."""
