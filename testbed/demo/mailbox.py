"""A mailbox as the owner's mail client uses it: read and append mails. The evidence comes from here alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from oacmail.core.errors import Transient
from testbed.client import MailClient
from testbed.demo.mail_server import HOST, DemoMailServer
from testbed.messages import text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMail:
    """One mail in a mailbox. `kind` and `case`: from the headers of oacmail, '' otherwise; `seen`: the flag \\Seen."""

    message_id: str
    sender: str
    subject: str
    text: str
    in_reply_to: str
    references: str
    automatic: bool
    language: str
    kind: str
    case: str
    carries_message: bool
    arrived: datetime
    seen: bool
    raw: bytes
    folder: str = "INBOX"

    @property
    def message(self) -> EmailMessage:
        return _parsed(self.raw)


class DemoMailbox(MailClient):
    """`mails()` reads with PEEK; `open` sets \\Seen, as the clients of people do."""

    def mails(self, folder: str = "INBOX") -> tuple[DemoMail, ...]:
        """All mails of the folder, in the order of arrival."""
        got = self.fetched(folder, "BODY.PEEK[]", "INTERNALDATE", "FLAGS")
        return tuple(_mail(mail, folder) for mail in got.values())

    def open(self, message_id: str) -> DemoMail:
        """The mail with that Message-ID, in whatever folder. Raises LookupError."""
        folder, uid = self.place_of(message_id)
        with self._in(folder) as client:
            return _mail(client.fetch([uid], ["BODY[]", "INTERNALDATE", "FLAGS"])[uid], folder)


@contextmanager
def mailbox(server: DemoMailServer, address: str) -> Iterator[DemoMailbox]:
    """Open the mailbox of `address` for the block. Raises Transient if the connection fails."""
    try:
        with IMAPClient(HOST, port=server.imap_port, ssl=False, timeout=10) as client:
            client.login(address, server.password)
            yield DemoMailbox(client)
    except (IMAPClientError, OSError) as error:
        raise Transient(f"the embedded server keeps no mailbox open: {type(error).__name__}") from error


def _mail(got: dict[bytes, object], folder: str) -> DemoMail:
    raw, arrived, flags = got[b"BODY[]"], got[b"INTERNALDATE"], got[b"FLAGS"]
    assert isinstance(raw, bytes)
    assert isinstance(arrived, datetime)
    assert isinstance(flags, tuple)
    said = _parsed(raw)
    return DemoMail(
        message_id=_head(said, "Message-ID"),
        sender=parseaddr(_head(said, "From"))[1].lower(),
        subject=_head(said, "Subject"),
        text=text_of(said) if said.get_body(("plain",)) else "",
        in_reply_to=_head(said, "In-Reply-To"),
        references=_head(said, "References"),
        automatic="Auto-Submitted" in said,
        language=_head(said, "Content-Language"),
        kind=_head(said, "X-Oacmail-Kind"),
        case=_head(said, "X-Oacmail-Case"),
        carries_message=any(part.get_content_type() == "message/rfc822" for part in said.walk()),
        arrived=arrived.astimezone(UTC),
        seen=b"\\Seen" in flags,
        raw=raw,
        folder=folder,
    )


def _parsed(raw: bytes) -> EmailMessage:
    said = message_from_bytes(raw, policy=default)
    assert isinstance(said, EmailMessage)
    return said


def _head(said: EmailMessage, name: str) -> str:
    return str(said[name] or "").strip()
