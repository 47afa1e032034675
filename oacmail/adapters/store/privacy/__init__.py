"""What the database holds about a person, and its erasure (docs/privacy.md)."""
