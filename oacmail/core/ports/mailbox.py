"""The office's mailbox as the engine sees it: folders, messages and their places on the server. Changes no flag."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oacmail.core.model import Folder


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
class MessageMeta:
    """One message of a folder: `size` in bytes (RFC822.SIZE), `internal_date` aware, whole seconds, UTC."""

    uid: int
    size: int
    internal_date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The bytes of a message. `complete` is False when it was read by BODYSTRUCTURE, without its attachments;
    `skipped` then names what was left on the server as (name, mime type, size in bytes)."""

    raw: bytes
    complete: bool = True
    skipped: tuple[tuple[str, str, int], ...] = ()


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

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        """Size and date of these UIDs (None = all) of the open folder; the vanished are left out."""
        ...

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        """The messages' bytes with PEEK; the vanished are left out. One over the size limit is read in part."""
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
class MessageRef:
    """Where a message lies: folder epoch and UID."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRow:
    """A folder as we remember it. `started_at`: messages older than that are its past (baseline). `read_once`: it was
    read to its end since then; till then all that is older was there before us, by whatever clock."""

    name: str
    uidvalidity: int
    uidnext: int
    started_at: datetime
    read_once: bool
