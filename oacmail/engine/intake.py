"""One pass over the mailbox: what is new in each folder, in which order and groups messages are processed, what becomes
of one that fails, and what the engine then puts into the mailbox: our own copies and draft answers, each once.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from operator import itemgetter

from msgspec import Struct, field
from msgspec.structs import replace

from oacmail.batches import batched
from oacmail.core import calendar
from oacmail.core.effects import Arrived
from oacmail.core.errors import Fatal, FolderUnreadable, StateError, Transient, UnreadableMessage
from oacmail.core.handlers import own_copies
from oacmail.core.lookup import Lookup, look_up
from oacmail.core.model import Folder, MessageRef, Outcome, domain_of
from oacmail.core.outbox import canary_came_back
from oacmail.core.ports import Fetched, FolderListing, FolderRow, FolderState, Mailbox, MessageMeta, WatchedFolder
from oacmail.core.reconciliation import CODE, Discrepancy, Mismatch, MissingMessage, Reconciliation, from_text, is_due
from oacmail.core.sender import claimed_number, own_signature
from oacmail.core.stored_values import CANARY_BACK, DRAFTS, OTHER_INSTANCE, RECONCILED
from oacmail.engine.board import BoardSync
from oacmail.engine.engine import Engine
from oacmail.engine.learning import with_lessons
from oacmail.engine.ledger import LedgerCopy
from oacmail.engine.watch import ProblemFlag, note_travel, note_verdict
from oacmail.mail.mime.headers import identity
from oacmail.mail.parse import Answers, Parser, RawMessage, parse
from oacmail.store.remembered import LOST
from oacmail.store.seen_messages import UNREADABLE

log = logging.getLogger(__name__)
SIGNATURE_FIELD = "X-Oacmail"
CLOCKS_DIFFER = timedelta(days=1)

# --- Folder scan -----------------------------------------------------------------------------------------------------
# What is new in a folder, by UIDs, sizes and dates. A place is recorded before its message is read. UIDs alone are
# never enough: a mailbox restored from yesterday assigns the same UIDs to other messages under the same UIDVALIDITY.
# No message is read, except our own mail at the first look into a folder, for the case numbers in it.

PORTION = 500  # messages that are identified and recorded together: the next start goes on behind them
TAIL = 20  # a restored mailbox reuses the highest UIDs
TOGETHER_BYTES = 1_000_000


class FolderScan(Struct):
    """`backlog`: messages that arrived this long before the first start are processed too."""

    engine: Engine
    mailbox: Mailbox
    backlog: timedelta
    has_begun: bool = False  # in this pass, with a folder that no pass had seen
    _known: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    _rows: Mapping[str, FolderRow] = field(default_factory=dict)
    _waiting: Set[tuple[str, int]] = frozenset()

    def begin(self) -> None:
        """Load what is known of all folders at once: a pass over many folders in which nothing is new asks little."""
        self._rows, self._waiting = self.engine.store.folders(), self.engine.store.with_unworked()
        self.has_begun = False

    def scan(self, watched: WatchedFolder, compare: bool) -> FolderListing:
        """Open the folder, after `begin`, and record what is new in it. Raises Transient."""
        self.engine.progress()
        store, now = self.engine.store, self.engine.now()
        state = self.mailbox.open(watched.name)
        row = self._rows.get(watched.name)
        if row is None:
            store.begin_folder(watched, state.uidvalidity, state.uidnext, now)
            row, self.has_begun = store.folders()[watched.name], True
        # A folder that is new, renumbered or restored is compared place by place.
        fallen = bool(state.uidnext) and state.uidnext < row.uidnext
        renumbered = state.uidvalidity != row.uidvalidity
        if renumbered:
            log.warning("folder.new-epoch", {"folder": watched.name, "reason": "UIDVALIDITY changed"})
            store.begin_epoch(watched.name, state.uidvalidity)
        compare = compare or not row.read_once or renumbered or fallen
        listing = FolderListing(watched=watched, state=state, compared=compare, renewed=renumbered or fallen)
        new = self._new(listing)
        # What was there before the service is recorded as such, and gets no case.
        baseline = self._baseline(row, state, new, renumbered=renumbered)
        if watched.role is Folder.BOARD and not row.read_once:
            baseline -= store.met_elsewhere([meta for meta in new if meta.uid in baseline])
        if not row.read_once:  # before the places are recorded: if the connection breaks, all are new again
            past = new if watched.role is Folder.SENT else [meta for meta in new if meta.uid in baseline]
            self._continue_numbers(watched, past)
        if new:
            store.sight(*listing.key, new, baseline, now)
        if compare:  # the identity of the baseline recognises it on another server
            for identities in self._identities(store.unidentified(*listing.key)):
                store.identify(*listing.key, identities)
        self._known[listing.key].update(meta.uid for meta in new)
        # What has no outcome yet is to be processed.
        if new or compare or listing.key in self._waiting:
            listing.todo = store.unworked(*listing.key, now)
        if listing.todo:
            listing.own = self.mailbox.bearing(SIGNATURE_FIELD)
        return listing

    def _continue_numbers(self, watched: WatchedFolder, past: Sequence[MessageMeta]) -> None:
        """Never give a number again that our own mail of the past has given: the database was lost, and nobody has
        rebuilt it (docs/loss.md, "A lost database"). In Sent, mail that was signed with a lost key counts too. But
        only our signature proves the loss, which stops the digest, since others can write such a field."""
        engine = self.engine
        bearing = self.mailbox.bearing(SIGNATURE_FIELD) if past else set()
        numbers: list[tuple[str, bool]] = []  # each with whether our signature proves it
        own = (meta for meta in past if meta.uid in bearing)
        for some in batched(own, lambda meta: meta.size, TAIL, TOGETHER_BYTES):
            engine.progress()
            for fetched in self.mailbox.fetch([meta.uid for meta in some]).values():
                message = parse(fetched.raw, engine.parser_config, with_features=False)
                signed = own_signature(engine.policy, message)
                number = signed.case if signed else ""
                if not signed and watched.role is Folder.SENT:
                    number = claimed_number(engine.policy, message)
                if number:
                    numbers.append((number, signed is not None))
        # The highest number of each year, those that are proven first.
        numbers.sort(key=lambda item: (not item[1], item[0].rsplit("-", 2)[1:]))
        highest = {(proven, number.rsplit("-", 2)[1]): number for number, proven in numbers}
        above = [key for key, number in highest.items() if engine.store.number_given(number, engine.now())]
        if any(proven for proven, _ in above):
            engine.store.problem(LOST, True, engine.now())
        if above:
            reason = "our own mail in this folder names cases that the database does not know"
            log.warning("numbers.continued", {"folder": watched.name, "case": highest[above[-1]], "reason": reason})

    def _baseline(
        self, row: FolderRow, state: FolderState, new: Sequence[MessageMeta], *, renumbered: bool
    ) -> set[int]:
        """Return the baseline: what was in the folder at the first scan and is older than the backlog
        (docs/subjects.md, "First start").

        Later arrivals are new, whatever their date: a client or a migration keeps old dates. Only messages known as
        baseline stay baseline: moved, by size and date; copied to another server, which changes both, by identity.
        """
        older = [meta for meta in new if meta.internal_date < row.started_at - self.backlog]
        if row.read_once:
            asked = [meta.uid for meta in (new if renumbered else older)]
            perhaps = {uid: identity for some in self._identities(asked) for uid, identity in some.items()}
            return self.engine.store.of_the_past(older, perhaps)
        first = row.uidnext if row.uidvalidity == state.uidvalidity else 0
        return {meta.uid for meta in older if not first or meta.uid < first}

    def _identities(self, uids: Sequence[int]) -> Iterator[dict[int, str]]:
        """Yield the identities by UID, in portions: a hundred thousand may take longer than the watchdog waits."""
        for start in range(0, len(uids), PORTION):
            heads = self.mailbox.identifying(uids[start : start + PORTION])
            self.engine.progress()
            yield {uid: identity(head) for uid, head in heads.items()}

    def _new(self, listing: FolderListing) -> Sequence[MessageMeta]:
        """Return what is new; note in the listing what is present, and the known UIDs that name other messages."""
        key, store = listing.key, self.engine.store
        if not listing.compared and key in self._known:
            known = self._known[key]
            listing.present = self.mailbox.uids()
            tail = sorted(listing.present & known)[-TAIL:]
            if not (tail and self._replaced(key, self.mailbox.metas(tail))):
                missing = sorted(listing.present - known)
                return self.mailbox.metas(missing) if missing else ()
            log.warning("folder.new-epoch", {"folder": listing.watched.name, "reason": "a uid names another message"})
        # Every place is compared with our records: a reused UID is a new message.
        metas = self.mailbox.metas()
        listing.present = {meta.uid for meta in metas}
        listing.replaced = self._replaced(key, metas)
        if listing.replaced:
            store.forget(*key, listing.replaced)
        store.revive(*key, [meta.uid for meta in metas])
        known = self._known[key] = store.known_uids(*key)
        return [meta for meta in metas if meta.uid not in known]

    def _replaced(self, key: tuple[str, int], metas: Sequence[MessageMeta]) -> set[int]:
        few = [meta.uid for meta in metas] if len(metas) <= TAIL else None
        known = self.engine.store.known(*key, few)
        return {meta.uid for meta in metas if meta.uid in known and known[meta.uid] != meta}


# --- Mailbox actions -------------------------------------------------------------------------------------------------
# What a pass puts into the mailbox. Our own copies are moved to Sent; people's messages stay: what is moved has our
# signature in the folder at that moment. A draft is looked for by its Message-ID before it is appended: what a crash
# left there is not written again. No draft is read, changed or deleted; what an agent sends of one arrives in the
# folder of sent mail like any answer. A failure is logged, delays nothing, and is retried at the next pass.

FULL, ALMOST_FULL = "mailbox-full", 0.95  # the code of the problem, and the share of the quota from which it exists


class MailboxActions:
    def __init__(self, engine: Engine, mailbox: Mailbox) -> None:
        self.engine, self.mailbox = engine, mailbox
        self._unfiled = ProblemFlag(engine.store, "unfiled", begins="message.unfiled")
        self._full = ProblemFlag(engine.store, FULL)
        self._unwritten = ProblemFlag(engine.store, "drafts", begins="draft.unwritten")

    def look_at_quota(self) -> None:
        """Check the quota: a full mailbox accepts neither messages nor copies, and nothing else reports it."""
        self._full.set(self.mailbox.fill() >= ALMOST_FULL, self.engine.now())

    def file(self, names: Mapping[Folder, str]) -> None:
        """`names` are the folders that were read, by role. Own copies are marked as seen there."""
        if self.engine.policy.shadow:
            return
        error = ""
        try:
            self._file(names)
        except Transient as trouble:
            error = str(trouble) or type(trouble).__name__
        self._unfiled.set(bool(error), self.engine.now(), error)

    def _file(self, names: Mapping[Folder, str]) -> None:
        by_folder_and_role = sorted(self.engine.store.to_file(), key=lambda item: (item[0].folder, item[1]))
        for folder, in_folder in groupby(by_folder_and_role, key=lambda item: item[0].folder):
            self.mailbox.open(folder)
            ours = self.mailbox.bearing(SIGNATURE_FIELD)  # people move mail: our UID must not name a citizen's message
            for role, group in groupby(in_folder, key=itemgetter(1)):
                refs = [ref for ref, _ in group]
                target = names.get(Folder(role))
                if target is None:
                    continue
                moved = [ref.uid for ref in refs if ref.uid in ours]
                if moved and target != folder:
                    self.mailbox.file(folder, moved, target, seen=True)
                self.engine.store.filed(refs)

    def note_drafts_folder(self) -> str:
        """Remember the folder of drafts for the decisions of the pass that begins, and return it."""
        store, folder = self.engine.store, self.mailbox.drafts()
        if store.recall(DRAFTS) != folder:
            store.remember(DRAFTS, folder, self.engine.now())
        return folder

    def write_drafts(self, folder: str) -> None:
        """After a second failure in the same pass the server is not asked again. Raises StateError."""
        if self.engine.policy.shadow:
            return
        errors: list[str] = []
        for draft in self.engine.store.drafts():
            try:
                if not draft.overtaken:
                    self._append_draft(folder, draft.message_id, draft.mime)
                self.engine.store.draft_settled(draft.key, self.engine.now())
            except StateError:
                raise
            except Transient as trouble:
                errors.append(str(trouble) or type(trouble).__name__)
                if len(errors) > 1:
                    break
        self._unwritten.set(bool(errors), self.engine.now(), ", ".join(errors))

    def _append_draft(self, folder: str, message_id: str, raw: bytes) -> None:
        if not folder:
            raise Transient("there is no folder of drafts any more")
        self.mailbox.open(folder)
        if not self.mailbox.bearing("Message-ID", message_id):
            self.mailbox.append_draft(folder, raw)


# --- Intake ----------------------------------------------------------------------------------------------------------
# Own mail comes first, since it restores what a restored database lacks; then messages follow by arrival over all
# folders, so that a question comes before its answer. No flag is written, nothing is deleted, and sequence numbers are
# never used.
#
# A bug, or a message that a server cannot deliver, delays one message and never stops the service: each failure uses
# one try, and after the last the message is set aside with its bytes (`quarantine retry`). One that only the server
# could not deliver is retried whenever a folder is compared (at the start, after an outage, every night). A message
# during which the process crashes is set aside after five crashes.

# IMAP servers are no older (RFC 1176): an earlier date comes from a wrong clock
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
BATCH = 50
TOGETHER = 25  # messages in one commit, which costs little more than one message; half of a batch
BATCH_BYTES = 4_000_000  # two such batches are in memory at once
TRIES = 3  # if the fault is ours
MAX_CRASHES = 5  # crashes with one message alone: a host that fails now and then is no fault of the message
# Pauses between the tries of a message that the server does not deliver while it delivers others.
SPACING = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


class Batch(Struct, frozen=True, kw_only=True):
    """Messages of one folder that are fetched together. `uids`: those requested; `messages`: those received, by UID;
    `groups`: the UIDs that are parsed and processed together."""

    listing: FolderListing
    uids: Sequence[int]
    messages: Mapping[int, Fetched]
    groups: Sequence[tuple[Sequence[int], Answers]]


class Intake:
    """`backlog`: messages that arrived this long before the first start are processed too. `ledger_folder`: where the
    copy of the ledger lies; '' = nowhere. `ledger`: that copy."""

    def __init__(
        self,
        engine: Engine,
        mailbox: Mailbox,
        backlog: timedelta,
        parsing: Parser | None = None,
        ledger_folder: str = "",
    ) -> None:
        self.engine, self.mailbox = engine, mailbox
        self.parsing = parsing or Parser()
        self.ledger = LedgerCopy(engine, mailbox, ledger_folder)
        self._folder_scan = FolderScan(engine=engine, mailbox=mailbox, backlog=backlog)
        self._mailbox_actions = MailboxActions(engine, mailbox)
        self._board = BoardSync(engine, mailbox)
        self._sent_read = False

    def sync(self, *, compare: bool) -> int:
        """Read every watched folder to its end and return the number of processed messages. Raises Transient, Fatal;
        ConfigError if the ledger's copy knows more than the database.

        `compare`: compare every place with our records (at connect and nightly), not only new UIDs. The error of a
        folder that cannot be opened is raised at the end, after the messages of the others: as FolderUnreadable if it
        is not one of the office's own (INBOX, Sent, Junk), which prove what was sent already. After a start nothing is
        processed until Sent, if it exists, was read once: a restored database then assigns no case number twice.
        """
        self.ledger.look()
        begun, store = self.engine.now(), self.engine.store
        # Find what is new, folder by folder.
        listings: list[FolderListing] = []
        troubles: list[tuple[WatchedFolder, Transient]] = []
        folders = self._board.with_its_folders(self.mailbox.watched())
        store.watching(folders)
        self._folder_scan.begin()
        for watched in folders:
            try:
                listings.append(self._folder_scan.scan(watched, compare))
            except Transient as error:
                if error.at_least:  # do not retry a refused login for every folder
                    raise
                troubles.append((watched, error))
        drafts = self._mailbox_actions.note_drafts_folder()
        opened = all(watched.role is not Folder.SENT for watched, _ in troubles)
        if not (opened or self._sent_read):
            _raise_worst(troubles)
        # What a rebuild must know before a message is taken in: since when each folder is watched.
        if self._folder_scan.has_begun:
            self.ledger.write(at_once=True)
        # Decide about each message.
        processed = self._process(listings)
        self._sent_read |= opened
        # Record that the folders were read to their end, and what is wrong with the mailbox.
        store.synced(map(FolderListing.read, listings), begun)
        if not any(_is_the_offices(watched) for watched, _ in troubles):
            self._prove(listings, [watched.name for watched, _ in troubles], compared=compare)
        missing = set(self.mailbox.missing())
        store.problem(OTHER_INSTANCE, store.recall(OTHER_INSTANCE) is not None, begun)
        store.problem("sent-folder-missing", "Sent" in missing, begun)
        store.problem("folder-missing", bool(missing - {"Sent"}), begun)
        if compare and not store.any_failed():
            store.problem("quarantine", False, begun)
        self._mailbox_actions.look_at_quota()
        # Change the mailbox as the decisions want it.
        self._board.settle(listings, complete=not troubles)
        self._mailbox_actions.file({listing.watched.role: listing.watched.name for listing in listings})
        self._mailbox_actions.write_drafts(drafts)
        self.ledger.write()
        _raise_worst(troubles)
        store.passed(self.engine.now())
        return processed

    def _process(self, listings: Sequence[FolderListing]) -> int:
        """Process our own mail first, then the messages of all folders in order of arrival, grouped by folder. A
        message that only claims to be ours is put back among the others."""
        config = with_lessons(self.engine.store, self.engine.parser_config)
        self.parsing.begin(config, sum(len(listing.todo) for listing in listings))
        try:
            processed = 0
            for listing in listings:
                own = sorted(uid for uid in listing.todo if uid in listing.own)
                self._run(listing, own)
                processed += sum(1 for uid in own if uid in listing.own)
            by_arrival = sorted(
                (meta.internal_date, index, uid)
                for index, listing in enumerate(listings)
                for uid, (meta, *_) in listing.todo.items()
                if uid not in listing.own
            )
            for index, group in groupby(by_arrival, key=itemgetter(1)):
                uids = [uid for *_, uid in group]
                self._run(listings[index], uids)
                processed += len(uids)
            return processed
        finally:
            self.parsing.end()

    def _run(self, listing: FolderListing, uids: Sequence[int]) -> None:
        """Process messages of one folder, in batches."""
        if not uids:
            return
        self.mailbox.open(listing.watched.name)
        suspects = [uid for uid in uids if listing.todo[uid][2] or listing.todo[uid][1]]
        others = [uid for uid in uids if uid not in set(suspects)]
        # A batch is handled after the next one is fetched, which is parsed in the meantime.
        batch: Batch | None = None
        for some in chain(_batches(listing, others, BATCH, BATCH_BYTES), [()]):
            following: Batch | None = None
            try:
                following = self._fetch(listing, some, alone=False) if some else None
            finally:
                if batch is not None:
                    self._handle(batch, following, alone=False)
            batch = following
        # What was in flight at a crash goes alone, and last, so that it delays no other.
        for uid in sorted(suspects, key=lambda uid: listing.todo[uid][1]):
            if listing.todo[uid][1] >= MAX_CRASHES:
                reason = "unreadable: the service crashed while it processed this message"
                self._set_aside(listing.ref(uid), None, reason)
            else:
                self._run_alone(listing, uid)

    def _run_alone(self, listing: FolderListing, uid: int) -> None:
        batch = self._fetch(listing, [uid], alone=True)
        if batch is not None:
            self._handle(batch, alone=True)

    def _fetch(self, listing: FolderListing, uids: Sequence[int], *, alone: bool) -> Batch | None:
        """Return None if one of them is unreadable and was recorded; the others are requested alone later."""
        store = self.engine.store
        self.engine.progress()
        store.attempt(*listing.key, uids, alone=alone)
        try:
            messages = self.mailbox.fetch(uids)
        except UnreadableMessage as error:
            # A request for it alone has failed, which uses a try, even if it was a batch of one.
            tries = self._count_failure(listing, error.uid, "unreadable", alone=alone)
            log.warning("message.unreadable", {"folder": listing.watched.name, "uid": error.uid, "attempt": tries})
            if tries > len(SPACING):
                self._set_aside(listing.ref(error.uid), None, UNREADABLE)
            else:
                store.put_off(listing.ref(error.uid), self.engine.now() + SPACING[tries - 1])
            return None
        except Transient:
            store.attempt_ended(*listing.key, uids, passing=alone, error=None)
            raise
        groups: list[tuple[Sequence[int], Answers]] = []
        for few in _batches(listing, [uid for uid in uids if uid in messages], TOGETHER, TOGETHER_BYTES):
            wanted = [self._unread(listing, uid, messages[uid], with_features=uid not in listing.own) for uid in few]
            groups.append((few, self.parsing.ask(wanted)))
        return Batch(listing=listing, uids=uids, messages=messages, groups=groups)

    def _unread(self, listing: FolderListing, uid: int, fetched: Fetched, *, with_features: bool) -> RawMessage:
        day = calendar.local_day(self._arrival(listing, uid), self.engine.policy).isoformat()
        return RawMessage(raw=fetched.raw, skipped=fetched.skipped, day=day, with_features=with_features)

    def _handle(self, batch: Batch, following: Batch | None = None, *, alone: bool) -> None:
        """Process what was received. An outage releases it and the batch that follows, in one place: what failed is not
        the fault of their messages, even if the disk has no room for a large one. They are processed later."""
        listing, store = batch.listing, self.engine.store
        try:
            for uids, answers in batch.groups:
                self.engine.progress()
                self._messages(batch, uids, answers, alone=alone)
            # The others are expunged, or moved: in their new folder they are new. Those still listed go alone.
            left_out = [uid for uid in batch.uids if uid not in batch.messages]
            if left_out:
                present = self.mailbox.uids()
                store.attempt_ended(*listing.key, left_out, passing=False, error=None)
                for uid in left_out:
                    if uid not in present:
                        store.end(listing.ref(uid), Outcome.GONE)
                    elif not alone:
                        self._run_alone(listing, uid)
        except Transient:
            for unprocessed in filter(None, (batch, following)):
                store.attempt_ended(*unprocessed.listing.key, unprocessed.uids, passing=alone, error=None)
            raise

    def _messages(self, batch: Batch, uids: Sequence[int], answers: Answers, *, alone: bool) -> None:
        """Parse without the store's lock, then process in one commit; if a message fails, each in its own."""
        listing, store = batch.listing, self.engine.store
        lookups: dict[int, Lookup] = {}
        for at, uid in enumerate(uids):
            with self._guarded(batch, uid, alone=alone):
                received_at = self._arrival(listing, uid)
                arrived = Arrived(message=answers(at), received_at=received_at, folder=listing.watched.role)
                lookup = look_up(self.engine.policy, arrived)
                if lookup.written is not lookup.message:  # words on top of our mail: they may be a person's
                    whole = self._unread(listing, uid, batch.messages[uid], with_features=True)
                    lookup = look_up(self.engine.policy, replace(arrived, message=self.parsing.ask([whole])(0)))
                lookups[uid] = lookup
        # What only claims to be ours waits until our own mail has restored the records: a restored database would
        # assign it the number of another citizen's case.
        claims = [uid for uid, lookup in lookups.items() if uid in listing.own and lookup.signature is None]
        if claims:
            listing.own.difference_update(claims)
            store.attempt_ended(*listing.key, claims, passing=alone, error=None)
        returned = {key: uid for uid, lookup in lookups.items() if (key := self._first_return(lookup))}
        shown: list[bytes] = []

        def perform(uid: int) -> None:
            message, lookup = batch.messages[uid], lookups[uid]
            raw = message.raw if message.complete else None
            decision = self.engine.perform(lookup, raw=raw, message_ref=listing.ref(uid))
            if own_copies.shows_its_way(self.engine.policy, lookup, decision):
                shown.append(message.raw)

        todo = [uid for uid in lookups if uid not in claims]
        try:
            with store.together():
                for uid in todo:
                    perform(uid)
        except (Transient, Fatal):
            raise
        except Exception:  # one of them, which is told and counted when it fails alone
            shown.clear()
            for uid in todo:
                with self._guarded(batch, uid, alone=alone):
                    perform(uid)
        if shown:
            note_travel(store, shown[-1], domain_of(self.engine.policy.office.address), self.engine.now())
        for key, uid in returned.items():
            note_verdict(self.engine, batch.messages[uid].raw, key)

    def _first_return(self, lookup: Lookup) -> str:
        """The key of the canary that is back for the first time, '' = none is."""
        signature = lookup.signature
        if signature is None or not canary_came_back(lookup.folder, signature):
            return ""
        return signature.key if self.engine.store.known_at(CANARY_BACK + signature.key) is None else ""

    # --- failures ---------------------------------------------------------------------------------

    @contextmanager
    def _guarded(self, batch: Batch, uid: int, *, alone: bool) -> Iterator[None]:
        """Treat any exception inside as the message's own fault, unless it is Transient or Fatal."""
        try:
            yield
        except (Transient, Fatal):
            raise
        except Exception as error:
            name, ref = type(error).__name__, batch.listing.ref(uid)
            tries = self._count_failure(batch.listing, uid, name, alone=alone)
            log.error("message.failed", {"folder": ref.folder, "uid": uid, "attempt": tries}, exc_info=True)
            if tries >= TRIES:
                self._set_aside(ref, batch.messages[uid].raw, f"could not be processed: {name}")

    def _count_failure(self, listing: FolderListing, uid: int, error: str, *, alone: bool) -> int:
        """Record that it is no longer in flight; return how many tries it has used. `attempt` has counted the current
        one if the message was requested alone."""
        store = self.engine.store
        if alone:
            store.attempt_ended(*listing.key, [uid], passing=False, error=error)
        else:
            store.count_failure(listing.ref(uid), error)
        return listing.todo[uid][1] + 1

    def _set_aside(self, ref: MessageRef, raw: bytes | None, reason: str) -> None:
        now = self.engine.now()
        self.engine.store.quarantine(ref, raw, reason, now)
        self.engine.store.problem("quarantine", True, now)

    # --- details ----------------------------------------------------------------------------------

    def _arrival(self, listing: FolderListing, uid: int) -> datetime:
        """Return the arrival; a client may copy a message with any date, and a future one would delay its due day."""
        now, internal_date = self.engine.now(), listing.todo[uid][0].internal_date
        return internal_date if EARLIEST <= internal_date <= now + CLOCKS_DIFFER else now

    def _prove(self, listings: Sequence[FolderListing], unread: Sequence[str], *, compared: bool) -> None:
        """Once a night, after a comparison of the whole mailbox, prove that every message, case and mail is accounted
        for. The result is stored with its time; `status` and the digest show it, and the operator is told when
        something is wrong.

        `listings`: what the server has, as this pass has just read it; `unread`: folders that it could not open.
        """
        store, now = self.engine.store, self.engine.now()
        last = from_text(store.recall(RECONCILED))
        if last is None:  # what was there at the first start belongs to no night yet
            store.remember(RECONCILED, Reconciliation(at=now).to_text(), now)
            return
        if not is_due(last, now, self.engine.policy.office.timezone, compared=compared):
            return
        damaged = store.mend_indexes()
        differences, rows = store.rows_as_recorded()
        unexplained, missing = store.discrepancies({listing.key: listing.present for listing in listings}, now)
        read = dict(listing.key for listing in listings)
        gone = [] if unread else self._in_no_folder(missing, read)  # it may be in a folder that could not be opened
        store.named_as_gone(gone, now)
        discrepancies = (
            *damaged,
            *differences,
            *unexplained,
            *(message.discrepancy for message in gone),
            *(Discrepancy(what=Mismatch.FOLDER, where=name) for name in unread),
        )
        store.remember(RECONCILED, Reconciliation(at=now, found=discrepancies, compared=rows).to_text(), now)
        counts = Counter(discrepancy.what for discrepancy in discrepancies)
        text = ", ".join(f"{what} {counts[what]}" for what in sorted(counts))
        store.problem(CODE, bool(discrepancies), now, text)
        log.info("reconciled", {"count": len(discrepancies)})

    def _in_no_folder(self, missing: Sequence[MissingMessage], read: Mapping[str, int]) -> list[MissingMessage]:
        """Return those that no folder has, watched or not: an agent may have moved one to a folder of their own.
        Another message with its Message-ID is not it. `read`: folder -> UIDVALIDITY, of those of this pass."""
        left = list(missing)
        for folder in sorted(self.mailbox.tree().names) if left else ():
            self.engine.progress()
            try:
                self.mailbox.open(folder)
            except Transient:  # of another account, say: nobody moves the office's mail there
                self.mailbox.open("INBOX")  # it is the folder alone: the server can be reached
                continue
            left = [message for message in left if not self._is_here(message, folder, read.get(folder, 0))]
        return left

    def _is_here(self, message: MissingMessage, folder: str, uidvalidity: int) -> bool:
        """Whether the open folder has it. What the database knows there was compared already."""
        names = filter(None, message.message_ids)
        uids = {uid for name in names for uid in self.mailbox.bearing("Message-ID", name)}
        uids -= self.engine.store.identified(folder, uidvalidity, uids) if uids else set()
        if not (uids and message.fingerprint):
            return bool(uids)
        try:
            fetched = self.mailbox.fetch(sorted(uids))
        except UnreadableMessage:  # it may be this one
            return True
        config = self.engine.parser_config
        found = (parse(one.raw, config, with_features=False) for one in fetched.values())
        return any(one.fingerprint == message.fingerprint for one in found)


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
