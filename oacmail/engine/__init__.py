"""The sequences for a message, a tick and a mail. No threads, and no rules about cases."""
