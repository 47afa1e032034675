"""The order of a rebuild: read the ledger's copy; take its rows, and the words of the mailbox; if there is no copy that
fits, play the mailbox instead; put the file in place.

The new database is made in a folder of its own beside the lost one and renamed when it is complete: a kill leaves
nothing half. It never replaces a database that holds a case. A restored one goes on from the ledger in one transaction.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex

from msgspec import Struct, field
from msgspec.structs import replace

from oacmail import durable, reporting
from oacmail.batches import batched
from oacmail.charts import Drawn
from oacmail.core.acknowledgement import RESTORED
from oacmail.core.errors import Fatal, Refused, Transient
from oacmail.core.policy import CanaryRules, Policy
from oacmail.core.ports import Clock, Mailbox
from oacmail.core.stored_values import LEDGER_COPIED, LEDGER_LINE, RESERVED, RESTORED_AT
from oacmail.core.tokens import name_of_key
from oacmail.engine.engine import Engine
from oacmail.engine.ledger import Pieces
from oacmail.engine.ledger import read as read_pieces
from oacmail.mail.parse import Parser
from oacmail.mail.parser_config import ParserConfig
from oacmail.rebuild.contents import BATCH, BATCH_BYTES, FolderContents, Found, fetched, in_order, look_at
from oacmail.rebuild.play import Play, Proofs, proofs, settle_unproven
from oacmail.rebuild.summary import FromLedger, RebuildSummary
from oacmail.rebuild.words import fill_in
from oacmail.replay import VirtualClock
from oacmail.store import admin, connection, ledger, outbox, rebuilt, remembered
from oacmail.store.rebuilt import LedgerRows
from oacmail.store.store import SqliteStore
from oacmail.words.report_forms import report_page

FOLDER = "rebuilding"  # in the state directory, until the new database is complete
_REMEDY = "if it is lost for good, move it out of the way and run oacmail rebuild again"


class Rebuild(Struct):
    """`engine` makes an engine on a new store with a virtual clock. `since`: when the service was first started, for a
    mailbox without a ledger; None = the first message that our own mail answers. `now`: the real time. `ledger`: the
    folder that has its copy; '' = none. `backlog`: messages that arrived this long before a folder was first read were
    taken in too. `on_progress`: what, how many, of how many."""

    state: Path
    mailbox: Mailbox
    policy: Policy
    engine: Callable[[SqliteStore, Clock], Engine]
    parser_config: ParserConfig
    now: datetime
    since: datetime | None = None
    parsing: Parser = field(default_factory=Parser)
    ledger: str = ""
    backlog: timedelta = timedelta(0)
    on_progress: Callable[[str, int, int], None] = lambda *_: None

    def run(self, *, dry_run: bool) -> RebuildSummary:
        """Raises Refused (there is a database with cases; nothing tells when the service began), Transient (the daemon
        runs; a folder cannot be read)."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(connection.lock(self.state)):
            refuse_if_used(self.state)
            with _scratch(self.state) as folder:
                with closing(SqliteStore(folder)) as store:
                    store.con.execute("PRAGMA synchronous=OFF")  # the file is flushed before it is renamed
                    summary = self._from_ledger(store)
                if not dry_run:
                    _put_in_place(folder, self.state)
        return summary

    def go_on(self, store: SqliteStore, last: int) -> FromLedger:
        """Bring a restored database, whose store records nothing yet and whose ledger had `last` as its last entry, to
        what the ledger in the mailbox knows. If it knows nothing of use, the database's past is another one from here
        on, and its copy replaces what lies there. Raises Transient."""
        pieces = read_pieces(self.mailbox, self.ledger, self.policy.secrets)
        try:
            with store.together():
                taken = self._taken(store, pieces, last)
        except sqlite3.IntegrityError:  # the rows of the two do not go together
            taken = FromLedger(why="another")
        if taken.why:
            store.record(self.policy.secrets)
            with store.together():
                store.remember(LEDGER_LINE, token_hex(8), self.now)
                store.remember(LEDGER_COPIED, "", self.now)
        return taken

    # --- with the ledger --------------------------------------------------------------------------

    def _from_ledger(self, store: SqliteStore) -> RebuildSummary:
        pieces = read_pieces(self.mailbox, self.ledger, self.policy.secrets)
        with store.together():
            taken = self._taken(store, pieces)
        if taken.why:
            return self._played(store, taken)
        numbers = rebuilt.numbers(store.con)
        return RebuildSummary(
            since=min(row.started_at for row in store.folders().values()),
            lived_until=taken.until or self.now,
            past=rebuilt.past(store.con),
            messages=taken.filled,
            unread=rebuilt.unread(store.con),
            cases=rebuilt.cases(store.con),
            proven=len(numbers),
            left=rebuilt.sent(store.con),
            ledger=taken,
        )

    def _taken(self, store: SqliteStore, pieces: Pieces, last: int = 0) -> FromLedger:
        """Write the rows of the copy and the words of the mailbox into the database; the ledger goes on after them."""
        con, policy = store.con, self.policy
        copied = ledger.joined(con, pieces.bodies, policy.secrets)
        if copied is None:
            return FromLedger(why="torn" if pieces.bodies else "none", refused=dict(pieces.refused))
        rows = LedgerRows(con, copied, policy)
        until, refused = connection.at(copied.at), dict(pieces.refused)
        if why := rows.unfit(last):
            return FromLedger(why=why, until=until, lost=copied.lost, refused=refused)
        rows.write()
        folders = look_at(self.mailbox, policy)
        filled = fill_in(
            store,
            rows,
            folders,
            mailbox=self.mailbox,
            parsing=self.parsing,
            parser_config=self.parser_config,
            policy=policy,
            backlog=self.backlog,
            now=self.now,
            on_progress=lambda done, of: self.on_progress("messages", done, of),
        )
        untold = rows.finish(self.now)
        if not policy.sending.self_copy:  # what was on its way in the copy may have left since
            admin.hold_acks(con, RESTORED)
        store.synced((box.read(compared=True) for box in folders), self.now)
        store.remember(RESTORED_AT, connection.stamp(self.now), self.now)
        rebuilt.note(con, self.now)
        ledger.begin(con, policy.secrets, after=(copied.until, copied.chained))
        return FromLedger(
            until=until,
            lost=copied.lost,
            refused=refused,
            filled=filled,
            nameless=untold.nameless,
            wordless=untold.wordless,
            unsent=untold.unsent,
        )

    # --- without a ledger -------------------------------------------------------------------------

    def _played(self, store: SqliteStore, taken: FromLedger) -> RebuildSummary:
        clock = VirtualClock(self.now)
        engine = self.engine(store, clock)
        engine.policy = replace(engine.policy, canary=CanaryRules())  # canaries of the past are found as copies
        folders = look_at(self.mailbox, engine.policy)
        every = in_order(one for box in folders for one in box.found(self.now))
        proven = proofs(engine.policy, self._copies(every))
        since = self._since(proven)
        lived_until = min(proven.last or self.now, self.now)
        messages = [one for one in every if one.at >= since]
        self._record(store, folders, proven, since)
        clock.moment = since
        play = Play(
            engine=engine,
            store=store,
            clock=clock,
            mailbox=self.mailbox,
            parsing=self.parsing,
            parser_config=self.parser_config,
            folders=folders,
            proofs=proven,
            publish=lambda: _publish(store, engine),
            lived_until=lived_until,
            on_progress=lambda done: self.on_progress("messages", done, len(messages)),
        )
        play.run(messages)
        clock.moment = self.now
        judged = settle_unproven(store, engine.policy, lived_until=lived_until, now=self.now)
        with store.together():
            # The folders count as read when they were looked at: what has arrived since is new to the service.
            store.synced((box.read(compared=True) for box in folders), self.now)
            rebuilt.end_play(store.con, self.now)
        numbers = rebuilt.numbers(store.con)
        return RebuildSummary(
            since=since,
            lived_until=lived_until,
            past=len(every) - len(messages),
            messages=len(messages),
            unread=rebuilt.unread(store.con),
            cases=rebuilt.cases(store.con),
            proven=sum(number in proven.cases for number in numbers),
            by_order=tuple(number for number in numbers if number not in proven.cases),
            without_message=tuple(sorted(proven.cases.difference(numbers))),
            left=len(proven.of_the_service),
            held=judged.held,
            dropped=len(judged.dropped),
            waiting=len(judged.waiting),
            foreign=proven.foreign,
            ledger=taken,
        )

    def _copies(self, messages: Sequence[Found]) -> Iterator[tuple[Found, bytes]]:
        own = [one for one in messages if one.own]
        done = 0
        for batch in batched(own, lambda one: one.size, BATCH, BATCH_BYTES):
            got = fetched(self.mailbox, batch)
            yield from ((one, got[one.ref].raw) for one in batch if one.ref in got)
            done += len(batch)
            self.on_progress("our own mail", done, len(own))

    def _since(self, proven: Proofs) -> datetime:
        found = self.since or proven.first
        if found is not None:
            return found
        others = f"{proven.foreign} are signed with another key" if proven.foreign else "there is none of ours"
        raise Refused(
            f"no mail in the mailbox is signed with this token key ({others}): put the key back; if it is lost, or "
            "smtp.self_copy was off, say when the service was first started: --since DATE"
        )

    def _record(self, store: SqliteStore, folders: Sequence[FolderContents], proven: Proofs, since: datetime) -> None:
        """Every place, and the numbers that were told: no other case gets one of them. Nothing is played yet."""
        with store.together():
            store.signed_with(map(name_of_key, self.policy.secrets), since)
            for box in folders:
                store.begin_folder(box.watched, box.state.uidvalidity, box.state.uidnext, since)
                past = {meta.uid for meta in box.metas if meta.internal_date < since}
                store.sight(box.watched.name, box.state.uidvalidity, box.metas, past, self.now)
            for about, number in proven.claimed.items():
                store.remember(RESERVED + about, number, self.now)
                store.number_given(number, self.now)
            # A notice names the message that opened the case; an acknowledgement may name a whole thread.
            for proof in sorted(proven.of_the_service, key=lambda proof: proof.is_acknowledgement):
                if proof.is_acknowledgement:
                    store.remember(RESERVED + proof.message, proof.case, self.now)
                if proof.case:
                    store.number_given(proof.case, self.now)
                    outbox.reserve_thread(store.con, proof.recipient, proof.refs, proof.case, self.now)


def _publish(store: SqliteStore, engine: Engine) -> None:
    """The months that are over count as reported, without pictures: their mails are not sent."""
    now = engine.now()
    while month := reporting.next_month(store.con, engine.policy, now, None):
        made = reporting.to_publish(store.con, engine.policy, month, now)
        engine.perform(reporting.ready(made, engine.policy, report_page, lambda _: Drawn({})))


def refuse_if_used(state: Path) -> None:
    """Raises Refused if the state directory has a database that holds cases or mails, or that cannot be read."""
    try:
        _, used = remembered.compare_keys(state)
    except (Fatal, Transient) as error:
        raise Refused(f"there is a database, which cannot be read ({error}): {_REMEDY}") from error
    if used:
        raise Refused(
            f"there is a database with cases in {state}: to return to a backup, use oacmail restore; {_REMEDY}"
        )


@contextmanager
def _scratch(state: Path) -> Iterator[Path]:
    """An empty folder in the state directory, without what a killed rebuild has left there."""
    folder = state / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(folder: Path, state: Path) -> None:
    """Flush the new database, put an empty one aside, and give it the name of the lost one."""
    new = folder / connection.FILE
    with new.open("rb") as file:
        os.fsync(file.fileno())
    durable.sync_names(folder)
    admin.set_aside(state)
    durable.replace(new, state / connection.FILE)
