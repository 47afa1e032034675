"""Finds what is new in a folder by UIDs, sizes and dates, and proves at night that every message, case and mail is
accounted for.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from oacmail.batches import batched
from oacmail.core.model import Folder
from oacmail.core.ports.mailbox import FolderRow, FolderState, Mailbox, MessageMeta, WatchedFolder
from oacmail.core.reconciliation import CODE, Discrepancy, Mismatch, Reconciliation, from_text, is_due
from oacmail.core.sender import claimed_number, own_signature
from oacmail.core.stored_values import RECONCILED
from oacmail.engine.engine import Engine
from oacmail.mail.mime.headers import identity
from oacmail.mail.parse import parse
from oacmail.store.remembered import LOST

# --- Folder scan -----------------------------------------------------------------------------------------------------
# A place is recorded before its message is read. UIDs alone are never enough: a mailbox restored from yesterday
# assigns the same UIDs to other messages under the same UIDVALIDITY. No message is read, except our own mail at the
# first look into a folder, for the case numbers in it.

log = structlog.get_logger()
TOGETHER_BYTES = 1_000_000
PORTION = 500  # messages that are identified and recorded together: the next start goes on behind them
TAIL = 20  # a restored mailbox reuses the highest UIDs
CLOCKS_DIFFER = timedelta(days=1)
SIGNATURE_FIELD = "X-Oacmail"


@dataclass(slots=True)
class FolderListing:
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


@dataclass(slots=True)
class FolderScan:
    """`backlog`: messages that arrived this long before the first start are processed too."""

    engine: Engine
    mailbox: Mailbox
    backlog: timedelta
    _known: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    _rows: Mapping[str, FolderRow] = field(default_factory=dict)
    _waiting: Set[tuple[str, int]] = frozenset()

    def begin(self) -> None:
        """Load what is known of all folders at once: a pass over many folders in which nothing is new asks little."""
        self._rows, self._waiting = self.engine.store.folders(), self.engine.store.with_unworked()

    def scan(self, watched: WatchedFolder, compare: bool) -> FolderListing:
        """Open the folder, after `begin`, and record what is new in it. Raises Transient."""
        self.engine.progress()
        store, state = self.engine.store, self.mailbox.open(watched.name)
        row = self._rows.get(watched.name) or self._begun(watched, state)
        fallen = bool(state.uidnext) and state.uidnext < row.uidnext
        renumbered = state.uidvalidity != row.uidvalidity
        if renumbered:
            log.warning("folder.new-epoch", folder=watched.name, reason="UIDVALIDITY changed")
            store.begin_epoch(watched.name, state.uidvalidity)
        compare = compare or not row.read_once or renumbered or fallen
        new, present, replaced = self._new(watched, state, compare)
        baseline = self._baseline(row, state, new, renumbered=renumbered)
        if watched.role is Folder.BOARD and not row.read_once:
            baseline -= store.met_elsewhere([meta for meta in new if meta.uid in baseline])
        if not row.read_once:  # before the places are recorded: if the connection breaks, all are new again
            past = new if watched.role is Folder.SENT else [meta for meta in new if meta.uid in baseline]
            self._continue_numbers(watched, past)
        if new:
            store.sight(watched.name, state.uidvalidity, new, baseline, self.engine.now())
        if compare:
            self._identify(watched.name, state.uidvalidity)
        self._known[watched.name, state.uidvalidity].update(meta.uid for meta in new)
        listing = FolderListing(watched=watched, state=state, compared=compare, present=present, replaced=replaced)
        listing.renewed = renumbered or fallen
        if new or compare or (watched.name, state.uidvalidity) in self._waiting:
            listing.todo = store.unworked(watched.name, state.uidvalidity, self.engine.now())
        if listing.todo:
            listing.own = self.mailbox.bearing(SIGNATURE_FIELD)
        return listing

    def _continue_numbers(self, watched: WatchedFolder, past: Sequence[MessageMeta]) -> None:
        """Never give a number again that our own mail of the past has given: the database was lost, and nobody has
        rebuilt it (docs/loss.md, "A lost database"). In Sent, mail that was signed with a lost key counts too. But
        only our signature proves the loss, which stops the digest, since others can write such a field."""
        found = sorted(self._numbers_in(watched, past), key=lambda one: (not one[1], one[0].rsplit("-", 2)[1:]))
        highest = {(signed, number.rsplit("-", 2)[1]): number for number, signed in found}
        now = self.engine.now()
        above = [
            (number, signed) for (signed, _), number in highest.items() if self.engine.store.number_given(number, now)
        ]
        if any(signed for _, signed in above):
            self.engine.store.problem(LOST, True, now)
        if above:
            reason = "our own mail in this folder names cases that the database does not know"
            log.warning("numbers.continued", folder=watched.name, case=above[-1][0], reason=reason)

    def _numbers_in(self, watched: WatchedFolder, past: Sequence[MessageMeta]) -> Iterator[tuple[str, bool]]:
        """Yield each number with whether our signature proves it."""
        bearing = self.mailbox.bearing(SIGNATURE_FIELD) if past else set()
        own = (meta for meta in past if meta.uid in bearing)
        for some in batched(own, lambda meta: meta.size, TAIL, TOGETHER_BYTES):
            self.engine.progress()
            for found in self.mailbox.fetch([meta.uid for meta in some]).values():
                message = parse(found.raw, self.engine.parser_config())
                signed = own_signature(self.engine.policy, message)
                case = signed.case if signed else ""
                if not signed and watched.role is Folder.SENT:
                    case = claimed_number(self.engine.policy, message)
                if case:
                    yield case, signed is not None

    def _begun(self, watched: WatchedFolder, state: FolderState) -> FolderRow:
        self.engine.store.begin_folder(watched, state.uidvalidity, state.uidnext, self.engine.now())
        return self.engine.store.folders()[watched.name]

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
            perhaps = {uid: one for some in self._identities(asked) for uid, one in some.items()}
            return self.engine.store.of_the_past(older, perhaps)
        first = row.uidnext if row.uidvalidity == state.uidvalidity else 0
        return {meta.uid for meta in older if not first or meta.uid < first}

    def _identify(self, folder: str, uidvalidity: int) -> None:
        """Store the identity of baseline messages, to recognise them on another server."""
        for some in self._identities(self.engine.store.unidentified(folder, uidvalidity)):
            self.engine.store.identify(folder, uidvalidity, some)

    def _identities(self, uids: Sequence[int]) -> Iterator[dict[int, str]]:
        """Yield the identities by UID, in portions: a hundred thousand may take longer than the watchdog waits."""
        for start in range(0, len(uids), PORTION):
            heads = self.mailbox.identifying(uids[start : start + PORTION])
            self.engine.progress()
            yield {uid: identity(head) for uid, head in heads.items()}

    def _new(
        self, watched: WatchedFolder, state: FolderState, compare: bool
    ) -> tuple[Sequence[MessageMeta], set[int], set[int]]:
        """Return what is new, all UIDs, and the known UIDs that name other messages."""
        key = (watched.name, state.uidvalidity)
        if compare or key not in self._known:
            return self._compared(watched, state)
        known = self._known[key]
        present = self.mailbox.uids()
        tail = sorted(present & known)[-TAIL:]
        if tail and self._replaced(key, self.mailbox.metas(tail)):
            log.warning("folder.new-epoch", folder=watched.name, reason="a uid names another message")
            return self._compared(watched, state)
        missing = sorted(present - known)
        return self.mailbox.metas(missing) if missing else (), present, set()

    def _compared(self, watched: WatchedFolder, state: FolderState) -> tuple[Sequence[MessageMeta], set[int], set[int]]:
        """Compare every place with our records: a reused UID is a new message."""
        key = (watched.name, state.uidvalidity)
        metas = self.mailbox.metas()
        replaced = self._replaced(key, metas)
        if replaced:
            self.engine.store.forget(*key, replaced)
        self.engine.store.revive(*key, [meta.uid for meta in metas])
        known = self.engine.store.known_uids(*key)
        self._known[key] = known
        return [meta for meta in metas if meta.uid not in known], {meta.uid for meta in metas}, replaced

    def _replaced(self, key: tuple[str, int], metas: Sequence[MessageMeta]) -> set[int]:
        few = [meta.uid for meta in metas] if len(metas) <= TAIL else None
        known = self.engine.store.known(*key, few)
        return {meta.uid for meta in metas if meta.uid in known and known[meta.uid] != meta}


# --- Reconciliation --------------------------------------------------------------------------------------------------
# After a full comparison of the mailbox. The result is stored with its time; `status` and the digest show it, and the
# operator is told when something is wrong.


@dataclass(slots=True)
class NightlyProof:
    engine: Engine

    def look(self, listings: Sequence[FolderListing], unread: Sequence[str], *, compared: bool) -> None:
        """`listings`: what the server has, as this pass has just read it; `unread`: folders that it could not open.
        Raises StateError."""
        store, now = self.engine.store, self.engine.now()
        last = from_text(store.recall(RECONCILED))
        if last is None:  # what was there at the first start belongs to no night yet
            store.remember(RECONCILED, Reconciliation(at=now).to_text(), now)
            return
        if not is_due(last, now, self.engine.policy.office.timezone, compared=compared):
            return
        present = {(one.watched.name, one.state.uidvalidity): one.present for one in listings}
        found = (
            *store.discrepancies(present, now),
            *(Discrepancy(what=Mismatch.FOLDER, where=name) for name in unread),
        )
        store.remember(RECONCILED, Reconciliation(at=now, found=found).to_text(), now)
        counts = Counter(one.what for one in found)
        store.problem(CODE, bool(found), now, ", ".join(f"{what} {counts[what]}" for what in sorted(counts)))
        log.info("reconciled", count=len(found))
