"""From the mailbox to the engine: which messages are new, in which order and groups they are processed, and what
becomes of one that fails.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby

import structlog

from oacmail.batches import batched
from oacmail.core.effects import Arrived
from oacmail.core.errors import Fatal, FolderUnreadable, Transient, UnreadableMessage
from oacmail.core.lookup import Lookup, look_up
from oacmail.core.model import Folder, MessageRef, Outcome
from oacmail.core.ports.mailbox import Fetched, FolderRead, Mailbox, WatchedFolder
from oacmail.core.stored_values import OTHER_INSTANCE
from oacmail.engine.board import BoardSync
from oacmail.engine.engine import Engine
from oacmail.engine.folder_scan import CLOCKS_DIFFER, FolderListing, FolderScan, NightlyProof
from oacmail.engine.learning import with_lessons
from oacmail.engine.mailbox import Drafts, MailboxActions
from oacmail.mail.parse import Answers, InlineParser, Parser, RawMessage
from oacmail.mail.parser_config import ParserConfig
from oacmail.store.seen_messages import UNREADABLE

# --- Quarantine ------------------------------------------------------------------------------------------------------
# A bug, or a message that a server cannot deliver, delays one message and never stops the service: each failure uses
# one try, and after the last the message is set aside with its bytes (`quarantine retry`). One that only the server
# could not deliver is retried whenever a folder is compared (at the start, after an outage, every night).

log = structlog.get_logger()
TRIES = 3  # if the fault is ours
# Pauses between the tries of a message that the server does not deliver while it delivers others.
SPACING = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


@dataclass(slots=True)
class Quarantine:
    """`tries` includes the current one. `counted`: `attempt` has counted it already, since the message was requested
    alone."""

    engine: Engine

    def unreadable(self, message_ref: MessageRef, *, tries: int, counted: bool) -> None:
        """Record a failed request for it alone, which uses a try, even if it was a batch of one."""
        self._record_failure(message_ref, "unreadable", counted=counted)
        log.warning("message.unreadable", folder=message_ref.folder, uid=message_ref.uid, attempt=tries)
        if tries > len(SPACING):
            self.set_aside(message_ref, None, UNREADABLE)
        else:
            self.engine.store.put_off(message_ref, self.engine.now() + SPACING[tries - 1])

    @contextmanager
    def guard(self, message_ref: MessageRef, raw: bytes, *, tries: int, counted: bool) -> Iterator[None]:
        """Treat any exception inside as the message's own fault, unless it is Transient or Fatal."""
        try:
            yield
        except (Transient, Fatal):
            raise
        except Exception as error:
            name = type(error).__name__
            self._record_failure(message_ref, name, counted=counted)
            log.error("message.failed", folder=message_ref.folder, uid=message_ref.uid, attempt=tries, exc_info=True)
            if tries >= TRIES:
                self.set_aside(message_ref, raw, f"could not be processed: {name}")

    def set_aside(self, message_ref: MessageRef, raw: bytes | None, reason: str) -> None:
        now = self.engine.now()
        self.engine.store.quarantine(message_ref, raw, reason, now)
        self.engine.store.problem("quarantine", True, now)

    def _record_failure(self, message_ref: MessageRef, error: str, *, counted: bool) -> None:
        """Record that it is no longer in flight and has one try less."""
        if counted:
            self.engine.store.attempt_ended(
                message_ref.folder, message_ref.uidvalidity, [message_ref.uid], passing=False, error=error
            )
        else:
            self.engine.store.count_failure(message_ref, error)


# --- Intake ----------------------------------------------------------------------------------------------------------
# Own mail comes first, since it restores what a restored database lacks; then messages follow by arrival over all
# folders, so that a question comes before its answer. No flag is written, nothing is deleted, and sequence numbers are
# never used. A message during which the process crashes is set aside after five crashes.

# IMAP servers are no older (RFC 1176): an earlier date comes from a wrong clock
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
BATCH = 50
TOGETHER = 20  # messages in one commit, which costs as much as one message
MAX_CRASHES = 5  # crashes with one message alone: a host that fails now and then is no fault of the message
BATCH_BYTES = 8_000_000  # two such batches are in memory at once
TOGETHER_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Messages of one folder, by UID, in groups that are parsed and processed together; `left_out`: requested and not
    received."""

    listing: FolderListing
    groups: Sequence[tuple[Mapping[int, Fetched], Answers]]
    left_out: Sequence[int]


@dataclass(slots=True)
class Intake:
    """`backlog`: messages that arrived this long before the first start are processed too."""

    engine: Engine
    mailbox: Mailbox
    parser_config: ParserConfig
    backlog: InitVar[timedelta]
    parsing: Parser = field(default_factory=InlineParser)
    _folder_scan: FolderScan = field(init=False)
    _mailbox_actions: MailboxActions = field(init=False)
    _quarantine: Quarantine = field(init=False)
    _board: BoardSync = field(init=False)
    _drafts: Drafts = field(init=False)
    _proof: NightlyProof = field(init=False)
    _sent_read: bool = False

    def __post_init__(self, backlog: timedelta) -> None:
        self._folder_scan = FolderScan(engine=self.engine, mailbox=self.mailbox, backlog=backlog)
        self._mailbox_actions = MailboxActions(engine=self.engine, mailbox=self.mailbox)
        self._quarantine = Quarantine(engine=self.engine)
        self._board = BoardSync(engine=self.engine, mailbox=self.mailbox)
        self._drafts = Drafts(engine=self.engine, mailbox=self.mailbox)
        self._proof = NightlyProof(engine=self.engine)

    def sync(self, *, compare: bool) -> int:
        """Read every watched folder to its end and return the number of processed messages. Raises Transient, Fatal.

        `compare`: compare every place with our records (at connect and nightly), not only new UIDs. The error of a
        folder that cannot be opened is raised at the end, after the messages of the others: as FolderUnreadable if it
        is not one of the office's own (INBOX, Sent, Junk), which prove what was sent already. After a start nothing is
        processed until Sent, if it exists, was read once: a restored database then assigns no case number twice.
        """
        begun = self.engine.now()
        listings, troubles = self._look_at_all(compare)
        drafts = self._drafts.note_folder()
        opened = all(watched.role is not Folder.SENT for watched, _ in troubles)
        if not (opened or self._sent_read):
            _raise_worst(troubles)
        processed = self._process(listings)
        self._sent_read |= opened
        self.engine.store.synced(map(_read, listings), begun)
        if not any(_is_the_offices(watched) for watched, _ in troubles):
            self._proof.look(listings, [watched.name for watched, _ in troubles], compared=compare)
        missing = set(self.mailbox.missing())
        self.engine.store.problem(OTHER_INSTANCE, self.engine.store.recall(OTHER_INSTANCE) is not None, begun)
        self.engine.store.problem("sent-folder-missing", "Sent" in missing, begun)
        self.engine.store.problem("folder-missing", bool(missing - {"Sent"}), begun)
        if compare and not self.engine.store.any_failed():
            self.engine.store.problem("quarantine", False, begun)
        self._mailbox_actions.look_at_quota(begun)
        self._board.settle(listings, complete=not troubles, parser_config=self.parser_config)
        self._mailbox_actions.file({listing.watched.role: listing.watched.name for listing in listings})
        self._drafts.write(drafts)
        _raise_worst(troubles)
        self.engine.store.passed(self.engine.now())
        return processed

    def _look_at_all(self, compare: bool) -> tuple[list[FolderListing], list[tuple[WatchedFolder, Transient]]]:
        """Return what is new in each folder, and which of them failed."""
        listings: list[FolderListing] = []
        troubles: list[tuple[WatchedFolder, Transient]] = []
        folders = self._board.with_its_folders(self.mailbox.watched())
        self.engine.store.watching(folders)
        self._folder_scan.begin()
        for watched in folders:
            try:
                listings.append(self._folder_scan.scan(watched, compare))
            except Transient as error:
                if error.at_least:  # do not retry a refused login for every folder
                    raise
                troubles.append((watched, error))
        return listings, troubles

    # --- processing -------------------------------------------------------------------------------

    def _process(self, listings: Sequence[FolderListing]) -> int:
        self.parsing.begin(
            with_lessons(self.engine.store, self.parser_config), sum(len(listing.todo) for listing in listings)
        )
        try:
            processed = 0
            for listing in listings:
                own = sorted(uid for uid in listing.todo if uid in listing.own)
                self._run(listing, own)
                processed += sum(1 for uid in own if uid in listing.own)
            for index, uids in _by_arrival(listings):
                processed += self._run(listings[index], uids)
            return processed
        finally:
            self.parsing.end()

    def _run(self, listing: FolderListing, uids: Sequence[int]) -> int:
        """Process one folder's messages in batches; what was in flight at a crash is processed alone."""
        if not uids:
            return 0
        self.mailbox.open(listing.watched.name)
        suspects = [uid for uid in uids if listing.todo[uid][2] or listing.todo[uid][1]]
        others = [uid for uid in uids if uid not in set(suspects)]
        self._run_pipelined(listing, _batches(listing, others, BATCH, BATCH_BYTES))
        # The messages of the last crash come last, so that they delay no other.
        for uid in sorted(suspects, key=lambda uid: listing.todo[uid][1]):
            self._run_suspect(listing, uid)
        return len(uids)

    def _run_suspect(self, listing: FolderListing, uid: int) -> None:
        message_ref = self._message_ref(listing, uid)
        if listing.todo[uid][1] >= MAX_CRASHES:
            self._quarantine.set_aside(
                message_ref, None, "unreadable: the service crashed while it processed this message"
            )
            return
        self._run_one(listing, uid)

    def _run_one(self, listing: FolderListing, uid: int) -> None:
        batch = self._fetch(listing, [uid], alone=True)
        if batch is not None:
            self._batch(batch, alone=True)

    def _run_pipelined(self, listing: FolderListing, batches: Iterable[Sequence[int]]) -> None:
        """Process each batch after the next one is fetched, so that the next is parsed in the meantime."""
        batch: Batch | None = None
        for uids in chain(batches, [()]):
            following: Batch | None = None
            try:
                following = self._fetch(listing, uids, alone=False) if uids else None
            finally:
                if batch is not None:
                    self._batch(batch, following, alone=False)
            batch = following

    def _release(self, batch: Batch, *, alone: bool) -> None:
        """Release unprocessed batches in one place: what failed is not the fault of their messages, even if the disk
        has no room for a large one. They are processed later in their order."""
        meta = (batch.listing.watched.name, batch.listing.state.uidvalidity)
        uids = [uid for messages, _ in batch.groups for uid in messages]
        self.engine.store.attempt_ended(*meta, [*uids, *batch.left_out], passing=alone, error=None)

    def _fetch(self, listing: FolderListing, uids: Sequence[int], *, alone: bool) -> Batch | None:
        """Return None if one of them is unreadable and was recorded; the others are requested alone later."""
        store, key = self.engine.store, (listing.watched.name, listing.state.uidvalidity)
        self.engine.progress()
        store.attempt(*key, uids, alone=alone)
        try:
            messages = self.mailbox.fetch(uids)
        except UnreadableMessage as error:
            message_ref = self._message_ref(listing, error.uid)
            self._quarantine.unreadable(message_ref, tries=listing.todo[error.uid][1] + 1, counted=alone)
            return None
        except Transient:
            store.attempt_ended(*key, uids, passing=alone, error=None)
            raise
        groups: list[tuple[Mapping[int, Fetched], Answers]] = []
        for few in _batches(listing, [uid for uid in uids if uid in messages], TOGETHER, TOGETHER_BYTES):
            asked = [
                RawMessage(
                    raw=messages[uid].raw, skipped=messages[uid].skipped, day=self._day(self._arrival(listing, uid))
                )
                for uid in few
            ]
            groups.append(({uid: messages[uid] for uid in few}, self.parsing.ask(asked)))
        return Batch(
            listing=listing,
            groups=groups,
            left_out=[uid for uid in uids if uid not in messages],
        )

    def _batch(self, batch: Batch, following: Batch | None = None, *, alone: bool) -> None:
        try:
            for messages, answers in batch.groups:
                self.engine.progress()
                self._messages(batch.listing, messages, answers, alone=alone)
            if batch.left_out:
                self._left_out(batch.listing, batch.left_out, alone=alone)
        except Transient:
            self._release(batch, alone=alone)
            if following is not None:
                self._release(following, alone=alone)
            raise

    def _left_out(self, listing: FolderListing, uids: Sequence[int], *, alone: bool) -> None:
        """Handle expunged or moved messages: in their new folder they are new. Those still listed are requested
        alone."""
        key = (listing.watched.name, listing.state.uidvalidity)
        present = self.mailbox.uids()
        self.engine.store.attempt_ended(*key, uids, passing=False, error=None)
        for uid in uids:
            if uid not in present:
                self.engine.store.end(self._message_ref(listing, uid), Outcome.GONE)
            elif not alone:
                self._run_one(listing, uid)

    def _messages(
        self, listing: FolderListing, messages: Mapping[int, Fetched], answers: Answers, *, alone: bool
    ) -> None:
        """Parse without the store's lock, then process in one commit; undo only a message that fails."""
        arrivals: dict[int, Lookup] = {}
        for at, (uid, message) in enumerate(messages.items()):
            with self._failure(listing, uid, message, alone):
                received_at = self._arrival(listing, uid)
                role = listing.watched.role
                arrived = Arrived(message=answers(at), received_at=received_at, folder=role)
                arrivals[uid] = look_up(self.engine.policy, arrived)
        self._put_back(listing, arrivals, alone=alone)
        with self.engine.store.together():
            for uid, lookup in arrivals.items():
                raw = messages[uid].raw if messages[uid].complete else None
                with self._failure(listing, uid, messages[uid], alone):
                    self.engine.perform(lookup, raw=raw, message_ref=self._message_ref(listing, uid))

    def _put_back(self, listing: FolderListing, arrivals: dict[int, Lookup], *, alone: bool) -> None:
        """Put back mail that only claims to be ours until our own mail has restored the records: a restored database
        would assign it the number of another citizen's case."""
        claims = [uid for uid, lookup in arrivals.items() if uid in listing.own and lookup.signature is None]
        for uid in claims:
            del arrivals[uid]
        listing.own.difference_update(claims)
        meta = (listing.watched.name, listing.state.uidvalidity)
        if claims:
            self.engine.store.attempt_ended(*meta, claims, passing=alone, error=None)

    def _failure(self, listing: FolderListing, uid: int, message: Fetched, alone: bool) -> AbstractContextManager[None]:
        message_ref = self._message_ref(listing, uid)
        return self._quarantine.guard(message_ref, message.raw, tries=listing.todo[uid][1] + 1, counted=alone)

    def _message_ref(self, listing: FolderListing, uid: int) -> MessageRef:
        return MessageRef(folder=listing.watched.name, uidvalidity=listing.state.uidvalidity, uid=uid)

    def _arrival(self, listing: FolderListing, uid: int) -> datetime:
        """Return the arrival; a client may copy a message with any date, and a future one would delay its due day."""
        now, internal_date = self.engine.now(), listing.todo[uid][0].internal_date
        return internal_date if EARLIEST <= internal_date <= now + CLOCKS_DIFFER else now

    def _day(self, moment: datetime) -> str:
        return moment.astimezone(self.engine.policy.office.timezone).date().isoformat()


def _by_arrival(listings: Sequence[FolderListing]) -> Iterator[tuple[int, list[int]]]:
    """(index into `listings`, UIDs): unsigned messages of all folders in order of arrival, grouped by folder."""
    order = sorted(
        (meta.internal_date, index, uid)
        for index, listing in enumerate(listings)
        for uid, (meta, *_) in listing.todo.items()
        if uid not in listing.own
    )
    for index, group in groupby(order, key=lambda item: item[1]):
        yield index, [uid for *_, uid in group]


def _read(listing: FolderListing) -> FolderRead:
    state = listing.state
    return FolderRead(
        name=listing.watched.name, uidvalidity=state.uidvalidity, uidnext=state.uidnext, compared=listing.compared
    )


def _raise_worst(troubles: Sequence[tuple[WatchedFolder, Transient]]) -> None:
    for watched, error in troubles:
        if _is_the_offices(watched):
            raise error
    for _, error in troubles:
        raise FolderUnreadable(str(error))


def _is_the_offices(watched: WatchedFolder) -> bool:
    """Whether it is INBOX, Sent or Junk, which prove what was sent already."""
    return watched.role not in (Folder.OTHER, Folder.BOARD)


def _batches(listing: FolderListing, uids: Sequence[int], most: int, most_bytes: int) -> Iterator[list[int]]:
    return batched(uids, lambda uid: listing.todo[uid][0].size, most, most_bytes)
