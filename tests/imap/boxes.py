"""What the tests of the mailbox begin with: messages in a Maildir, and the adapter on a plain line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.maildir import Maildir

MESSAGE = b"Received: from x by mx\r\nSubject: %d\r\n\r\nBon dia\r\n"


@contextmanager
def open_mailbox(server: Dovecot, user: str, folder: str = "INBOX", **more: Any) -> Iterator[ImapMailbox]:
    """A mailbox on a plain line, the folder opened."""
    usual: dict[str, Any] = {"port": server.imap_port, "security": "none", "timeout": 5}
    mailbox = ImapMailbox(ImapSettings(host="localhost", user=user, password=PASSWORD, **(usual | more)))
    mailbox.open(folder)
    yield mailbox
    mailbox.close()


def filled(server: Dovecot, user: str, count: int) -> Maildir:
    box = Maildir(server, user)
    for number in range(1, count + 1):
        box.deliver(MESSAGE % number)
    return box
