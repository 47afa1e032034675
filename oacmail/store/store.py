"""`SqliteStore`: one connection to the database, the lock of the state directory, and the transactions of the engine.

The modules beside it have its methods for their tables; none holds a rule.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import IO

from oacmail.core.effects import TickItem
from oacmail.core.policy import Policy
from oacmail.core.stored_values import LAST_TICK, OTHER_INSTANCE, PASSES, RUN, RUN_READ, End
from oacmail.store import connection, ledger, outbox, remembered, reports, seen_messages, views, writing
from oacmail.store.apply import Turn
from oacmail.store.board import BoardRows
from oacmail.store.connection import (
    EXPECTED,
    FILE,
    connect,
    lock,
    moment,
    named_faults,
    reads,
    refuse_another,
    refuse_half_restored,
    refuse_newer,
    stamp,
    writes,
)
from oacmail.store.outbox import OutboxRows
from oacmail.store.reconciliation import ReconciliationRows
from oacmail.store.remembered import RememberedRows
from oacmail.store.reports import Correction
from oacmail.store.seen_messages import FolderRows


class SqliteStore(FolderRows, BoardRows, OutboxRows, ReconciliationRows, RememberedRows):
    """Opens, locks and migrates the state directory. `close` gives the lock back.

    `keys`: with them the ledger goes on after a step of the schema. With `beside` the daemon may run: the lock is left
    to it, and a schema that is behind is Transient. Each method is one transaction, or part of a `turn` or of
    `together`; all raise StateError (locked, disk full) or Fatal (damaged).
    """

    def __init__(self, state: Path, keys: Sequence[bytes] = (), *, beside: bool = False) -> None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock: IO[str] | None = None if beside else lock(state)
        self._one_at_a_time = RLock()
        try:
            refuse_half_restored(state)
            self.file = state / FILE
            self.con = connect(self.file)
            if beside:
                refuse_another(self.con)
            else:
                connection.keep_copy(self.con, state)
                ledger.update(self.con, keys)
                (state / EXPECTED).unlink(missing_ok=True)
        except BaseException:
            self._unlock()
            raise

    def record(self, keys: Sequence[bytes]) -> None:
        """Record in the ledger what this connection changes from now on."""
        self.keys = keys
        with self._one_at_a_time, named_faults():
            ledger.record(self.con, keys, beside=self._lock is None)

    def close(self) -> None:
        with self._one_at_a_time:  # a turn of another thread ends first
            self.con.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        with self._write():
            yield Turn(self.con)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All writes inside, by turns or other methods, share one commit at its end. An exception must leave the block:
        it undoes them all. No other thread writes meanwhile."""
        with self._write():
            yield

    @writes
    def begin(self, run: str, now: datetime) -> None:
        """A process starts under a unique name: `recover`, and forget that another instance was seen."""
        self.recover()
        writing.end_values(self.con, End.START)
        remembered.set_problem(self.con, OTHER_INSTANCE, False, now, "")
        last = moment(self.con.execute("SELECT max(created_at) FROM outbox").fetchone()[0])
        writing.remember(self.con, RUN, run, max(now, last or now))

    @writes
    def number_given(self, number: str, now: datetime) -> bool:
        """A case of a lost database had this number: new ones stand above it. Return whether that is news."""
        return writing.raise_serial(self.con, number, now)

    @reads
    def refused(self, policy: Policy, now: datetime) -> list[str]:
        """Recipients of mails that the relay refused or deferred since it last accepted one."""
        return [refusal.recipient for refusal in outbox.refusals(self.con, policy, now)]

    @reads
    def read_at(self) -> datetime | None:
        """When both INBOX and Sent were last read."""
        return seen_messages.synced_at(self.con)

    @reads
    def refuse_newer(self) -> None:
        refuse_newer(self.con)

    @writes
    def passed(self, now: datetime) -> None:
        """One more pass over all watched folders is complete."""
        self.con.execute(
            """INSERT INTO kv(key, value, at) VALUES(?, '1', ?) ON CONFLICT(key)
            DO UPDATE SET value = CAST(value AS INTEGER) + 1, at = excluded.at""",
            (PASSES, stamp(now)),
        )
        writing.remember(self.con, RUN_READ, "yes", now)

    @writes
    def tidy(self, now: datetime) -> None:
        """Delete stored values that waited for a message that never arrived."""
        writing.tidy(self.con, now)

    @reads
    def empty_cache(self) -> None:
        """Forget the pages that were read; the operating system keeps them."""
        self.con.execute("PRAGMA shrink_memory")

    @reads
    def tick_items(self, policy: Policy, now: datetime) -> list[TickItem]:
        """What a tick would handle now, without deferred items."""
        put_off = remembered.put_off_item(self.con, now)
        return [item for item in views.items(self.con, policy, now) if item.name not in put_off]

    @writes
    def tick_completed(self, policy: Policy, now: datetime) -> None:
        """Forget failures of items that succeeded or are no longer due; remember that a tick has completed."""
        if remembered.any_tick_failure(self.con):
            self.clear_tick_failures({item.name for item in views.items(self.con, policy, now)}, now)
        writing.remember(self.con, LAST_TICK, now.isoformat(), now)

    @reads
    def corrections(self) -> list[Correction]:
        """Agents' corrections of classifications."""
        return reports.corrected_examples(self.con)

    @reads
    def written(self) -> list[tuple[str, str]]:
        """(address, subject and own words) of the latest messages of citizens."""
        return reports.written(self.con)
