r"""The office's mailbox over IMAP4rev1 (RFC 3501): one connection that reads with PEEK and never loses a message.

This package decides nothing about messages. It deletes only what its caller names by UID (a second copy of ours, a
piece of the ledger, or what is erased with a person), never uses sequence numbers, never reads \Seen, and sets it on
our own self-copies alone.
"""
