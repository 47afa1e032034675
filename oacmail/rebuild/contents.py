"""Which messages lie in the mailbox, in the order in which the service once processed them.

The order is that of arrival over all folders; at the same second a message comes before our mail about it, and the
desk's answer comes last. Nothing is decided here, and no message is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from oacmail.batches import batched
from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder, MessageRef
from oacmail.core.ports import Fetched, FolderRead, FolderState, Mailbox, MessageMeta, WatchedFolder
from oacmail.engine.intake import EARLIEST, SIGNATURE_FIELD

BATCH = 40
BATCH_BYTES = 4_000_000  # two such batches are in memory at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One message: its folder's role, its place, when it arrived, and when the service read it. `own`: it bears a field
    of our signature's name, which anybody can write."""

    ref: MessageRef
    role: Folder
    at: datetime
    read_at: datetime
    size: int
    own: bool

    @property
    def order(self) -> tuple[datetime, datetime, int, str, int]:
        rank = 1 if self.own else 2 * (self.role is Folder.SENT)
        return self.read_at, self.at, rank, self.ref.folder, self.ref.uid


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """One folder. `saved`: when a message was put into it, by UID: of the folders of the board, as far as the server
    tells."""

    watched: WatchedFolder
    state: FolderState
    metas: tuple[MessageMeta, ...]
    own: frozenset[int]
    saved: Mapping[int, datetime]

    def read(self, *, compared: bool) -> FolderRead:
        return FolderRead(
            name=self.watched.name,
            uidvalidity=self.state.uidvalidity,
            uidnext=self.state.uidnext,
            compared=compared,
        )

    def found(self, now: datetime) -> Iterator[Found]:
        """Its messages. One dated in the future, or before IMAP existed, counts as arriving `now`."""
        for meta in self.metas:
            at = meta.internal_date if EARLIEST <= meta.internal_date <= now else now
            yield Found(
                ref=MessageRef(folder=self.watched.name, uidvalidity=self.state.uidvalidity, uid=meta.uid),
                role=self.watched.role,
                at=at,
                read_at=at,
                size=meta.size,
                own=meta.uid in self.own,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    folders: tuple[FolderContents, ...]

    def messages(self, now: datetime) -> list[Found]:
        """All of them, in order."""
        found = (one for box in self.folders for one in box.found(now))
        return sorted(found, key=lambda one: one.order)


def look_at(mailbox: Mailbox, folders: Sequence[WatchedFolder]) -> Contents:
    """Look at every folder to its end. Raises Transient: what lies in a folder that cannot be read may be an answer."""
    return Contents(folders=tuple(_folder(mailbox, watched) for watched in folders))


def _folder(mailbox: Mailbox, watched: WatchedFolder) -> FolderContents:
    try:
        state = mailbox.open(watched.name)
    except Transient as error:
        raise Transient(f"the folder {watched.name} cannot be read: {error}") from error
    own = frozenset(mailbox.bearing(SIGNATURE_FIELD))
    metas = mailbox.metas()
    saved = mailbox.saved() if watched.role is Folder.BOARD else {}
    return FolderContents(watched=watched, state=state, metas=tuple(metas), own=own, saved=saved)


def batches(messages: Sequence[Found]) -> Iterator[Sequence[Found]]:
    return batched(messages, lambda one: one.size, BATCH, BATCH_BYTES)


def fetched(mailbox: Mailbox, messages: Sequence[Found]) -> Mapping[MessageRef, Fetched]:
    """The bytes, without those of messages that no longer exist or that the server does not deliver."""
    folders: dict[str, list[Found]] = {}
    for one in messages:
        folders.setdefault(one.ref.folder, []).append(one)
    got: dict[MessageRef, Fetched] = {}
    for name, some in folders.items():
        mailbox.open(name)
        refs = {one.ref.uid: one.ref for one in some}
        for uid, found in _fetched(mailbox, list(refs)).items():
            got[refs[uid]] = found
    return got


def _fetched(mailbox: Mailbox, uids: list[int]) -> Mapping[int, Fetched]:
    try:
        return mailbox.fetch(uids)
    except UnreadableMessage as unreadable:
        rest = [uid for uid in uids if uid != unreadable.uid]
        return _fetched(mailbox, rest) if rest else {}
