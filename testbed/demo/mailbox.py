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
from testbed.demo.mail_server import HOST, DemoMailServer


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


class DemoMailbox:
    """A logged-in client. `mails()` reads with PEEK; `open` sets \\Seen, as the clients of people do."""

    def __init__(self, client: IMAPClient) -> None:
        self._client = client

    def mails(self, folder: str = "INBOX") -> tuple[DemoMail, ...]:
        """All mails of the folder, in the order of arrival."""
        self._client.select_folder(folder, readonly=True)
        uids = self._client.search(["ALL"])
        got = self._client.fetch(uids, ["BODY.PEEK[]", "INTERNALDATE", "FLAGS"]) if uids else {}
        return tuple(_mail(got[uid], folder) for uid in sorted(got))

    def folders(self) -> tuple[str, ...]:
        """The names of the folders that hold messages."""
        listed = self._client.list_folders()
        return tuple(str(name) for flags, _, name in listed if b"\\Noselect" not in flags)

    def open(self, message_id: str) -> DemoMail:
        """The mail with that Message-ID, in whatever folder. Raises LookupError."""
        folder, uid = self._find(message_id)
        return _mail(self._client.fetch([uid], ["BODY[]", "INTERNALDATE", "FLAGS"])[uid], folder)

    def drag(self, message_id: str, target: str) -> None:
        """Move the mail with that Message-ID to another folder. Raises LookupError."""
        _, uid = self._find(message_id)
        self._client.move([uid], target)

    def _find(self, message_id: str) -> tuple[str, int]:
        """Its folder, which is then selected, and its UID."""
        for folder in self.folders():
            self._client.select_folder(folder)
            found = self._client.search(["HEADER", "Message-ID", message_id])
            if found:
                return folder, found[0]
        raise LookupError(f"{message_id} is in no folder")

    def append(self, folder: str, raw: bytes, *, at: datetime | None = None, seen: bool = False) -> None:
        """Append a mail; `at` is its INTERNALDATE."""
        self._client.append(folder, raw, [b"\\Seen"] if seen else [], at)

    def create(self, folder: str) -> None:
        self._client.create_folder(folder)


@contextmanager
def mailbox(server: DemoMailServer, address: str) -> Iterator[DemoMailbox]:
    """Open the mailbox of `address` for the block. Raises Transient if the connection fails."""
    try:
        with IMAPClient(HOST, port=server.imap_port, ssl=False, timeout=10) as client:
            client.normalise_times = False
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
    body = said.get_body(("plain",))
    return DemoMail(
        message_id=_head(said, "Message-ID"),
        sender=parseaddr(_head(said, "From"))[1].lower(),
        subject=_head(said, "Subject"),
        text=str(body.get_content()) if body is not None else "",
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
