"""A lost database is rebuilt from the mailbox alone (docs/admin.md, "A lost database"). Sends nothing."""
