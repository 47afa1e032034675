"""What the shell provides to the engine: a port each, with the errors it may raise.

Ports speak in values of the core. An adapter implements exactly one; the tests' fakes bear the same names.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from oacmail.core.effects import Send
from oacmail.core.model import Folder


class Clock(Protocol):
    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...


class Workdays(Protocol):
    def is_working_day(self, day: date) -> bool:
        """Whether the office works on this local day. Raises LookupError for a year that has no calendar."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFolder:
    """A folder as the server names it, and what it is to us."""

    name: str
    role: Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """What SELECT said. `uidnext` 0 = the server did not say."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One message of a folder: `size` in bytes (RFC822.SIZE), `internal_date` aware, whole seconds, UTC."""

    uid: int
    size: int
    internal_date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The bytes of a letter. `complete` is False when it was read by BODYSTRUCTURE, without its attachments;
    `skipped` then names what was left on the server as (name, mime type, size in bytes)."""

    raw: bytes
    complete: bool = True
    skipped: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A letter that people read otherwise than we did. `labels`: field (kind, topic, level, intent, language) -> what
    they say. `raw`: None for one too large to be kept, or kept no longer."""

    labels: Mapping[str, str]
    subject: str
    fresh: str
    raw: bytes | None


class Mailbox(Protocol):
    """One IMAP connection. All methods raise Transient; a lost line is Transient and the next call reconnects."""

    def watched(self) -> Sequence[WatchedFolder]:
        """The folders to watch that exist now, INBOX first; Sent found by SPECIAL-USE, else by name."""
        ...

    def bearing(self, field: str) -> set[int]:
        """UIDs of the open folder whose mails have this header field (SEARCH HEADER, RFC 9051 section 6.4.4)."""
        ...

    def missing(self) -> Sequence[str]:
        """Names of folders that should be watched and do not exist, 'Sent' where none was found."""
        ...

    def fill(self) -> float:
        """The share of its quota that INBOX has used up, 1.0 = full; 0.0 where the server tells of none."""
        ...

    def open(self, folder: str) -> FolderState:
        """Select the folder read-only (EXAMINE), so that not even \\Recent is taken from people's clients."""
        ...

    def uids(self) -> set[int]:
        """All UIDs of the open folder. A server tells an EXPUNGE at the end of a command: one answer may
        still name a message that somebody has just expunged, the next one does not."""
        ...

    def places(self, uids: Sequence[int] | None = None) -> Sequence[Place]:
        """Size and date of these UIDs (None = all) of the open folder; the vanished are left out."""
        ...

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        """The letters' bytes with PEEK; the vanished are left out. One over the size limit is read in part."""
        ...

    def file(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> None:
        """Move messages of `folder` to `target` (MOVE, else COPY and UID EXPUNGE of these very UIDs)."""
        ...

    def wait(self, seconds: float) -> bool:
        """IDLE on INBOX (a plain wait where there is no IDLE) until mail comes, `wake` or time; True = news."""
        ...

    def wake(self) -> None:
        """End a `wait` from another thread, at once."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A final MIME message: CRLF line ends, 7-bit or 8-bit as `mime` says itself. `fallback`: names of broken
    overrides that were replaced by the shipped template. `length`: characters of the text part."""

    message_id: str
    mime: bytes
    length: int = 0
    fallback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One mail to hand to the relay. `copy_to` is the office's address when a self-copy is wanted, else ''."""

    key: str
    envelope_from: str
    recipient: str
    copy_to: str
    mime: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMail:
    """A mail as it will leave, byte for byte: `length` is the characters of its text part.

    `bare`/`bare_id`: the same mail without the original it carries, under a Message-ID of its own; else None.
    """

    message_id: str
    mime: bytes
    length: int
    bare: bytes | None = None
    bare_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRow:
    """A folder as we remember it. `started_at`: letters older than that are its past (baseline). `read_once`: it was
    read to its end since then; till then all that is older was there before us, by whatever clock."""

    name: str
    uidvalidity: int
    uidnext: int
    started_at: datetime
    read_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a letter lies: folder epoch and UID."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An outbox row that is ours to send now."""

    key: str
    kind: str
    recipient: str
    mime: bytes


class Transport(Protocol):
    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Hand one mail over; True = the relay also took the office's copy.

        `before_data(copy_accepted)` is called after 354 and before the first byte: it commits `sending`.
        Raises Transient (nothing was handed over, or 4xx), Uncertain (no answer after DATA), Permanent
        (5xx to this mail). A refusal before RCPT is the relay's trouble: always Transient.
        """
        ...

    def close(self) -> None: ...


class Renderer(Protocol):
    def render(
        self, send: Send, message_id: str, mark: Callable[[str], str], now: datetime, *originals: bytes
    ) -> Rendered:
        """Make the final mail; never raises for a broken override: the shipped template is used instead.

        `mark` makes the X-Oacmail field's value of the text; `originals` are the messages to attach, already without
        their secrets.
        """
        ...
