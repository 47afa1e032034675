r"""What the mailbox, the relay and the clock must do: each has a second implementation in the testbed.

They decide no state. Of people's mail the mailbox moves what the board says and changes no flag but \Flagged; the only
messages that it adds are drafts and, in a folder of their own, pieces of the ledger.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field

from oacmail.core.model import Folder, MessageRef

# --- Mailbox ---------------------------------------------------------------------------------------------------------
# Folders, messages and their UIDs.


class WatchedFolder(Struct, frozen=True, kw_only=True):
    """A folder by its name on the server, and its role."""

    name: str
    role: Folder


class FolderState(Struct, frozen=True, kw_only=True):
    """The reply to SELECT. `uidnext` 0 = the server named none."""

    uidvalidity: int
    uidnext: int
    exists: int


class MessageMeta(Struct, frozen=True, kw_only=True):
    """One message of a folder: `size` in bytes (RFC822.SIZE), `internal_date` aware, whole seconds, UTC."""

    uid: int
    size: int
    internal_date: datetime


class Fetched(Struct, frozen=True, kw_only=True):
    """The bytes of a message. `complete`: False if it was read by BODYSTRUCTURE, without attachments; `skipped` then
    lists them as (name, MIME type, size in bytes)."""

    raw: bytes
    complete: bool = True
    skipped: tuple[tuple[str, str, int], ...] = ()


class FolderTree(Struct, frozen=True, kw_only=True):
    """`separator`: of the levels of names, '' = the server has none. `prefix`: how the names of all personal folders
    begin (NAMESPACE, RFC 2342), '' = in no particular way. `names`: of the folders that can be opened."""

    separator: str
    prefix: str
    names: frozenset[str]


class Mailbox(Protocol):
    """One IMAP connection. All methods raise Transient; the next call after a lost connection reconnects."""

    def watched(self) -> Sequence[WatchedFolder]:
        """The folders to watch that exist now, INBOX first; Sent found by SPECIAL-USE, else by name."""
        ...

    def bearing(self, field: str, value: str = "") -> set[int]:
        """UIDs of messages in the open folder with this header field that contains `value` (SEARCH HEADER, RFC 9051
        section 6.4.4)."""
        ...

    def drafts(self) -> str:
        """The folder of drafts when `watched` was last asked, found as Sent is; '' = there is none."""
        ...

    def append_draft(self, folder: str, raw: bytes) -> None:
        r"""APPEND a mail that a person will complete, flagged \Draft and unseen."""
        ...

    def append_piece(self, folder: str, raw: bytes) -> None:
        """Add a message of ours that nobody need read (a piece of the ledger), as seen."""
        ...

    def remove_pieces(self, folder: str, uids: Collection[int]) -> None:
        """Delete pieces of the ledger for good, as far as the server can do that for these messages alone."""
        ...

    def missing(self) -> Sequence[str]:
        """Names of folders to watch that do not exist; 'Sent' if no Sent folder was found."""
        ...

    def fill(self) -> float:
        """The used share of INBOX's quota: 1.0 = full, 0.0 = the server reports no quota."""
        ...

    def open(self, folder: str) -> FolderState:
        """Select the folder read-only (EXAMINE), so that people's clients keep even \\Recent."""
        ...

    def uids(self) -> set[int]:
        """All UIDs of the open folder. A server reports an EXPUNGE at the end of a command, so one result may
        still contain a message that was just expunged; the next does not."""
        ...

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        """Size and date of these UIDs (None = all) in the open folder, without those that no longer exist."""
        ...

    def identifying(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        """UID to its fields Message-ID, Date and From as bytes (PEEK), without UIDs that no longer exist."""
        ...

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        """UID to message (PEEK), without UIDs that no longer exist. One over the size limit is read in part."""
        ...

    def number(self, folder: str, uid: int) -> str:
        """The number that the server gives a message in all folders whose label it has (X-GM-MSGID of Gmail,
        <https://developers.google.com/gmail/imap/imap-extensions>); '' if folders are no labels. Opens the folder."""
        ...

    def file(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> None:
        """Move messages of `folder` to `target` (MOVE, else COPY and UID EXPUNGE of these very UIDs)."""
        ...

    def tree(self) -> FolderTree:
        """All folders that can be opened."""
        ...

    def create(self, folder: str, *, subscribe: bool = True) -> bool:
        """Create a folder, and subscribe to it so that mail clients show it; False if the server refuses."""
        ...

    def can_move(self) -> bool:
        """Whether the server has MOVE (RFC 6851), or UIDPLUS (RFC 4315) for COPY and UID EXPUNGE."""
        ...

    def move_messages(self, folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        """Move these messages of people and leave their flags. UID to (UIDVALIDITY, UID) in `target`, as far as the
        server says it (COPYUID, RFC 4315)."""
        ...

    def remove(self, folder: str, uid: int) -> None:
        """Delete a second copy that we made ourselves: UID EXPUNGE of this very UID, nothing without UIDPLUS."""
        ...

    def flag(self, folder: str, uids: Collection[int], *, on: bool) -> None:
        """Set or clear \\Flagged."""
        ...

    def deleted(self, folder: str) -> set[int]:
        """UIDs of messages there that are flagged \\Deleted: a client has moved or deleted them."""
        ...

    def wait(self, seconds: float) -> bool:
        """IDLE on INBOX, or a plain wait without IDLE, until mail arrives, `wake` or time-out; True = new mail."""
        ...

    def wake(self) -> None:
        """End a `wait` at once, from another thread."""
        ...

    def close(self) -> None: ...


class FolderRow(Struct, frozen=True, kw_only=True):
    """A folder as the database knows it. `started_at`: older messages are the baseline. `read_once`: it was read to
    its end since; until then every older message counts as baseline, whatever clock dated it."""

    name: str
    uidvalidity: int
    uidnext: int
    started_at: datetime
    read_once: bool


class FolderRead(Struct, frozen=True, kw_only=True):
    """A folder that was read to its end. `compared`: every place was compared with our records."""

    name: str
    uidvalidity: int
    uidnext: int
    compared: bool


class FolderListing(Struct):
    """One folder in one pass: its epoch and what has no outcome yet. `compared`: every place was compared. `present`:
    all UIDs in it; `replaced`: those that have once named other messages; `renewed`: the folder was renumbered or
    restored since the last pass.

    `todo` maps uid -> (place, attempts, in flight at a crash); `own` are UIDs with a field of our signature's name.
    Anybody can write one: intake removes those that we did not sign.
    """

    watched: WatchedFolder
    state: FolderState
    compared: bool
    todo: dict[int, tuple[MessageMeta, int, bool]] = field(default_factory=dict)
    own: set[int] = field(default_factory=set)
    present: set[int] = field(default_factory=set)
    replaced: set[int] = field(default_factory=set)
    renewed: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """(name, UIDVALIDITY): what a UID belongs to."""
        return self.watched.name, self.state.uidvalidity

    def read(self) -> FolderRead:
        """The folder, once it was read to its end."""
        return FolderRead(
            name=self.watched.name,
            uidvalidity=self.state.uidvalidity,
            uidnext=self.state.uidnext,
            compared=self.compared,
        )

    def ref(self, uid: int) -> MessageRef:
        return MessageRef(folder=self.watched.name, uidvalidity=self.state.uidvalidity, uid=uid)


# --- Relay -----------------------------------------------------------------------------------------------------------
# One mail to hand over, and the errors that tell the result.


class Outgoing(Struct, frozen=True, kw_only=True):
    """One mail to hand to the relay. `copy_to`: the office's address if a self-copy is wanted, else ''."""

    key: str
    envelope_from: str
    recipient: str
    copy_to: str
    mime: bytes


class Transport(Protocol):
    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Hand one mail over; True = the relay also accepted the office's copy.

        `before_data(copy_accepted)` is called after 354 and before the first byte: it commits `sending`.
        Raises Transient (nothing was handed over, or 4xx), Uncertain (no reply after DATA), Permanent (5xx to this
        mail), LineEnded (no reply, or 421, at RCPT or DATA), RelayError (trouble before RCPT: never about the mail).
        """
        ...

    def close(self) -> None: ...


# --- Clock -----------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Only the engine reads it."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...
