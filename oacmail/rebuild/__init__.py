"""A lost database is made anew from the mailbox alone (docs/admin.md, "A lost database"). Sends nothing."""
