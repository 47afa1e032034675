"""Which messages lie in the mailbox, in the order of their arrival, and their bytes, parsed ahead.

At the same second a message comes before our mail about it, and the desk's answer comes last. Nothing is decided here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial

from msgspec import Struct

from oacmail.batches import batched
from oacmail.core.board import BoardNames, agents_of
from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder, Message, MessageRef
from oacmail.core.policy import Policy
from oacmail.core.ports import Fetched, FolderRead, FolderState, Mailbox, MessageMeta, WatchedFolder
from oacmail.engine.intake import EARLIEST, SIGNATURE_FIELD
from oacmail.mail.parse import Parser, RawMessage
from oacmail.mail.parser_config import ParserConfig

BATCH = 40
BATCH_BYTES = 4_000_000  # two such batches are in memory at once


class Found(Struct, frozen=True, kw_only=True):
    """One message: its folder's role, its place, and when it arrived. `own`: it bears a field of our signature's name,
    which anybody can write."""

    ref: MessageRef
    role: Folder
    at: datetime
    size: int
    own: bool

    @property
    def order(self) -> tuple[datetime, int, str, int]:
        rank = 1 if self.own else 2 * (self.role is Folder.SENT)
        return self.at, rank, self.ref.folder, self.ref.uid


class FolderContents(Struct, frozen=True, kw_only=True):
    watched: WatchedFolder
    state: FolderState
    metas: tuple[MessageMeta, ...]
    own: frozenset[int]

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
            yield Found(
                ref=MessageRef(folder=self.watched.name, uidvalidity=self.state.uidvalidity, uid=meta.uid),
                role=self.watched.role,
                at=meta.internal_date if EARLIEST <= meta.internal_date <= now else now,
                size=meta.size,
                own=meta.uid in self.own,
            )


def in_order(messages: Iterable[Found]) -> list[Found]:
    return sorted(messages, key=lambda one: one.order)


def look_at(mailbox: Mailbox, policy: Policy) -> tuple[FolderContents, ...]:
    """Look at every folder that is watched, and at the board's, to its end; make none. Raises Transient: what lies in a
    folder that cannot be read may be an answer."""
    watched = list(mailbox.watched())
    if policy.board is not None:
        tree = mailbox.tree()
        names = BoardNames(board=policy.board, separator=tree.separator, prefix=tree.prefix)
        of_the_board = (tree.names & names.fixed(agents_of(policy.people.agents)).keys()) | names.below(tree.names)
        watched = [folder for folder in watched if folder.name not in of_the_board]
        watched += [WatchedFolder(name=name, role=Folder.BOARD) for name in sorted(of_the_board)]
    return tuple(_folder(mailbox, folder) for folder in watched)


def _folder(mailbox: Mailbox, watched: WatchedFolder) -> FolderContents:
    try:
        state = mailbox.open(watched.name)
    except Transient as error:
        raise Transient(f"the folder {watched.name} cannot be read: {error}") from error
    own = frozenset(mailbox.bearing(SIGNATURE_FIELD))
    return FolderContents(watched=watched, state=state, metas=tuple(mailbox.metas()), own=own)


def read(
    mailbox: Mailbox, messages: Sequence[Found], parsing: Parser, config: ParserConfig, zone: tzinfo
) -> Iterator[tuple[Found, Fetched | None, Callable[[], Message]]]:
    """Yield each message with its bytes, None = it no longer exists or the server does not deliver it, and how to get
    it parsed. Each batch is given out after the next one is fetched, so that a second process parses that meanwhile.
    Raises Transient."""
    parsing.begin(config, len(messages))
    try:
        before: list[tuple[Found, Fetched | None, Callable[[], Message]]] = []
        for batch in batched(messages, lambda one: one.size, BATCH, BATCH_BYTES):
            got = fetched(mailbox, batch)
            here = [one for one in batch if one.ref in got]
            answers = parsing.ask(
                [
                    RawMessage(
                        raw=got[one.ref].raw,
                        skipped=got[one.ref].skipped,
                        day=one.at.astimezone(zone).date().isoformat(),
                    )
                    for one in here
                ]
            )
            index = {one.ref: at for at, one in enumerate(here)}
            yield from before
            before = [(one, got.get(one.ref), partial(answers, index.get(one.ref, -1))) for one in batch]
        yield from before
    finally:
        parsing.end()


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
