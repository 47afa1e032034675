"""A lost database is rebuilt from the mailbox alone (docs/loss.md, "A lost database"). Sends nothing."""
