r"""The office's mailbox over IMAP4rev1 (RFC 3501): one connection that reads with PEEK and never loses a message.

This package decides nothing about messages. It never deletes mail, never uses sequence numbers and never reads or
writes \Seen, except on our own self-copies.
"""

from oacmail.adapters.imap.mailbox import ImapMailbox
from oacmail.adapters.imap.settings import ImapLoginRefused, ImapSettings

__all__ = ["ImapLoginRefused", "ImapMailbox", "ImapSettings"]
