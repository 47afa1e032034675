r"""The office's mailbox over IMAP4rev1 (RFC 3501): one connection that reads with PEEK and never loses a message.

This package decides nothing about messages. It never deletes mail, never uses sequence numbers and never reads or
writes \Seen, except on our own self-copies.
"""

from oacmail.imap.connection import ImapLoginRefused, ImapSettings
from oacmail.imap.mailbox import ImapMailbox

__all__ = ["ImapLoginRefused", "ImapMailbox", "ImapSettings"]
