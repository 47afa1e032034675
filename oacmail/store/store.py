"""`SqliteStore`: one connection to the database, the lock of the state directory, and the transactions of the engine.

A thin face over the modules beside it; it adds transactions and the naming of faults, and no rule.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import IO

from oacmail.core.effects import (
    AdminCommand,
    Arrived,
    BoardDeletion,
    BoardMove,
    Decision,
    DeliveryResult,
    OutboxCommand,
    ReportReady,
    Tick,
    TickItem,
)
from oacmail.core.errors import Transient
from oacmail.core.lookup import LookedUp, Lookup
from oacmail.core.model import MessageRef, Status
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.ports.renderer import FrozenMail
from oacmail.core.ports.store import Claimed, Correction
from oacmail.core.stored_values import LAST_TICK, OTHER_INSTANCE, PASSES, RUN, RUN_READ, End
from oacmail.core.view import Noticed, TickView, View
from oacmail.store import cases, connection, load_message, load_tick, outbox, remembered, reports, writing
from oacmail.store.apply import WRITERS
from oacmail.store.board import BoardRows
from oacmail.store.connection import (
    EXPECTED,
    FILE,
    at,
    connect,
    lock,
    migrate,
    moment,
    named_faults,
    refuse_half_restored,
    refuse_newer,
    schema,
    stamp,
    transaction,
)
from oacmail.store.drafts import DraftRows
from oacmail.store.folder_rows import FolderRows
from oacmail.store.reconciliation import ReconciliationRows


class SqliteTurn:
    """Inside one transaction."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con

    def view(self, policy: Policy, inp: LookedUp, now: datetime) -> View | TickView:
        match inp:
            case Lookup():
                return load_message.message_view(self._con, policy, inp, now)
            case Tick():
                return load_tick.tick_view(self._con, policy, now, inp.only)
            case AdminCommand() | BoardMove() | BoardDeletion():
                return load_message.command_view(self._con, policy, inp, now)
            case OutboxCommand():
                return load_message.mail_view(self._con, inp.key)
            case DeliveryResult():
                return load_message.delivery_view(self._con, policy, inp, now)
            case ReportReady():
                return View()

    def noticed(self, now: datetime) -> list[Noticed]:
        return load_tick.noticed(self._con, now)

    def message(self, fingerprint: str) -> tuple[str, bytes | None] | None:
        row = self._con.execute(
            """SELECT m.fresh, o.bytes FROM messages m LEFT JOIN originals o ON o.sha256 = m.original
            WHERE m.fingerprint = ?""",
            (fingerprint,),
        ).fetchone()
        return (row["fresh"], row["bytes"]) if row else None

    def arrival(self, fingerprint: str) -> tuple[bytes, datetime] | None:
        row = self._con.execute(
            """SELECT o.bytes, m.received_at FROM messages m JOIN originals o ON o.sha256 = m.original
            WHERE m.fingerprint = ?""",
            (fingerprint,),
        ).fetchone()
        return (bytes(row["bytes"]), at(row["received_at"])) if row else None

    def citizens(self, cases: Sequence[str]) -> dict[str, tuple[str, Status]]:
        query = """SELECT c.number, p.address, c.status FROM cases c JOIN people p ON p.id = c.citizen_id
            WHERE c.number = ?"""
        rows = (row for case in cases for row in self._con.execute(query, (case,)))
        return {row["number"]: (row["address"], Status(row["status"])) for row in rows}

    def continued(self, case: str) -> tuple[tuple[str, ...], str]:
        return cases.continued(self._con, case)

    def apply(
        self,
        decision: Decision,
        *,
        now: datetime,
        mails: Mapping[str, FrozenMail],
        arrived: Arrived | None = None,
        raw: bytes | None = None,
        message_ref: MessageRef | None = None,
        shadow: bool = False,
    ) -> None:
        """Write every effect. Raises KeyError for a Send without its rendered mail: a bug of the engine."""
        context = writing.WriteContext(
            now=now,
            arrived=arrived,
            raw=raw,
            message_ref=message_ref,
            mails=mails,
            because=decision.because,
            shadow=shadow,
        )
        for effect in decision.effects:
            WRITERS[type(effect)](self._con, effect, context)


def _up_to_date(con: sqlite3.Connection) -> None:
    refuse_newer(con)
    _, pending = schema(con)
    if pending:
        raise Transient("state: the database is older than this program: run oacmail migrate, or start the service")


class SqliteStore(FolderRows, BoardRows, DraftRows, ReconciliationRows):
    """Opens, locks and migrates the state directory. `close` gives the lock back.

    With `beside` the daemon may run: the lock is left to it, and a schema that is behind is Transient.
    """

    def __init__(self, state: Path, *, beside: bool = False) -> None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock: IO[str] | None = None if beside else lock(state)
        self._one_at_a_time = RLock()
        try:
            refuse_half_restored(state)
            self.con = connect(state / FILE)
            if beside:
                _up_to_date(self.con)
            else:
                connection.keep_copy(self.con, state)
                migrate(self.con)
                (state / EXPECTED).unlink(missing_ok=True)
        except BaseException:
            self._unlock()
            raise

    def close(self) -> None:
        with self._one_at_a_time:  # a turn of another thread ends first
            self.con.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _write(self) -> Iterator[None]:
        """Allow one thread at a time: another thread's statement would join its transaction."""
        with self._one_at_a_time, transaction(self.con):
            yield

    @contextmanager
    def _read(self) -> Iterator[None]:
        with self._one_at_a_time, named_faults():
            yield

    @contextmanager
    def turn(self) -> Iterator[SqliteTurn]:
        with self._write():
            yield SqliteTurn(self.con)

    @contextmanager
    def together(self) -> Iterator[None]:
        with self._write():
            yield

    # --- outbox -----------------------------------------------------------------------------------

    def begin(self, run: str, now: datetime) -> None:
        with self._write():
            outbox.recover(self.con)
            writing.end_values(self.con, End.START)
            remembered.set_problem(self.con, OTHER_INSTANCE, False, now, "")
            last = moment(self.con.execute("SELECT max(created_at) FROM outbox").fetchone()[0])
            writing.remember(self.con, RUN, run, max(now, last or now))

    def signed_with(self, names: Iterable[str], now: datetime) -> None:
        with self._write():
            remembered.signed_with(self.con, names, now)

    def number_given(self, number: str, now: datetime) -> bool:
        with self._write():
            return writing.raise_serial(self.con, number, now)

    def recover(self) -> None:
        with self._write():
            outbox.recover(self.con)

    def claim(
        self,
        now: datetime,
        most: int,
        staff: frozenset[str] | None,
        waits: Sequence[MailKind] = (),
        kinds: Sequence[MailKind] = (),
    ) -> list[Claimed]:
        with self._write():
            return outbox.claim(self.con, now, most, staff, waits, kinds)

    def unclaim(self, keys: list[str], now: datetime) -> None:
        with self._write():
            outbox.unclaim(self.con, keys, now)

    def sending(self, key: str, now: datetime, *, copy_expected: bool) -> bool:
        with self._write():
            return outbox.sending(self.con, key, now, copy_expected=copy_expected)

    def next_due(self) -> datetime | None:
        with self._read():
            return moment(outbox.next_due(self.con))

    def refused(self, policy: Policy, now: datetime) -> list[str]:
        with self._read():
            return [refusal.recipient for refusal in load_message.refusals(self.con, policy, now)]

    def without_copy_since(self, staff: frozenset[str]) -> datetime | None:
        with self._read():
            return moment(outbox.without_copy_since(self.con, staff))

    def read_at(self) -> datetime | None:
        with self._read():
            return load_tick.synced_at(self.con)

    def handed_over_since(self, now: datetime, seconds: int) -> int:
        with self._read():
            return outbox.handed_over_since(self.con, now, seconds)

    # --- the service itself -----------------------------------------------------------------------

    def problem(self, code: str, present: bool, now: datetime, why: str = "") -> None:
        if not present and not self._is_recorded(code):
            return
        with self._write():
            remembered.set_problem(self.con, code, present, now, why)

    def _is_recorded(self, code: str) -> bool:
        """Most checks find that nothing was wrong before either: that needs no transaction."""
        with self._read():
            return remembered.is_recorded(self.con, code)

    def refuse_newer(self) -> None:
        with self._read():
            refuse_newer(self.con)

    def problems(self) -> dict[str, datetime]:
        """Return the recorded problems and since when they exist."""
        with self._read():
            return remembered.problems(self.con)

    def passed(self, now: datetime) -> None:
        with self._write():
            self.con.execute(
                """INSERT INTO kv(key, value, at) VALUES(?, '1', ?) ON CONFLICT(key)
                DO UPDATE SET value = CAST(value AS INTEGER) + 1, at = excluded.at""",
                (PASSES, stamp(now)),
            )
            writing.remember(self.con, RUN_READ, "yes", now)

    def tidy(self, now: datetime) -> None:
        with self._write():
            writing.tidy(self.con, now)

    # --- ticks ------------------------------------------------------------------------------------

    def tick_items(self, policy: Policy, now: datetime) -> list[TickItem]:
        with self._read():
            put_off = remembered.put_off_item(self.con, now)
            return [item for item in load_tick.items(self.con, policy, now) if item.name not in put_off]

    def tick_failed(self, item: TickItem, error: str, *, until: datetime, now: datetime) -> None:
        with self._write():
            remembered.add_tick_failure(self.con, item, error, until=until, now=now)
            remembered.set_problem(self.con, remembered.TICK_CODE, True, now)

    def is_put_off(self, item: TickItem, now: datetime) -> bool:
        with self._read():
            return item.name in remembered.put_off_item(self.con, now)

    def tick_completed(self, policy: Policy, now: datetime) -> None:
        with self._write():
            if remembered.any_tick_failure(self.con):
                due = {item.name for item in load_tick.items(self.con, policy, now)}
                remembered.clear_tick_failures(self.con, due, now)
                self._judge_ticks(now)
            writing.remember(self.con, LAST_TICK, now.isoformat(), now)

    def succeeded(self, item: TickItem, now: datetime) -> None:
        with self._write():
            if remembered.any_tick_failure(self.con):
                remembered.remove_tick_failure(self.con, [item.name])
                self._judge_ticks(now)

    def _judge_ticks(self, now: datetime) -> None:
        remembered.set_problem(self.con, remembered.TICK_CODE, remembered.any_tick_failure(self.con), now)

    def remember(self, name: str, value: str, now: datetime) -> None:
        with self._write():
            writing.remember(self.con, name, value, now)

    def recall(self, name: str) -> str | None:
        with self._read():
            return remembered.value(self.con, name)

    def known_at(self, name: str) -> datetime | None:
        with self._read():
            return remembered.written_at(self.con, name)

    def corrections(self) -> list[Correction]:
        with self._read():
            return reports.corrected_examples(self.con)

    def written(self) -> list[tuple[str, str]]:
        with self._read():
            return reports.written(self.con)
