r"""The office's mailbox over IMAP4rev1 (RFC 3501): one connection that reads with PEEK and never loses a message.

This package decides nothing about messages. It uses UIDs, never sequence numbers, writes \Seen on our own self-copies
alone, and deletes exactly the UIDs that it is told to: a copy of our own, and what `oacmail forget --mailbox` erases.
"""

from oacmail.imap.connection import ImapLoginRefused, ImapSettings
from oacmail.imap.mailbox import ImapMailbox

__all__ = ["ImapLoginRefused", "ImapMailbox", "ImapSettings"]
