"""Simulated towns lose their database on the last day; it is made anew, and each difference gets the name of its class.

python -m tests.sim.rebuilding --towns 5 --days 90        # the first five seeds, without faults
python -m tests.sim.rebuilding --towns 5 --days 90 --faults
python -m tests.sim.rebuilding --towns 5 --days 90 --faults --ledger   # the mailbox has a copy of the ledger
"""

import argparse
import logging
import re
import sqlite3
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from oacmail import config as settings
from oacmail import wiring
from oacmail.config import Config
from oacmail.core.model import Kind, Outcome, Role
from oacmail.engine import Engine
from oacmail.rebuild.build import Rebuild
from oacmail.rebuild.judge import NOT_FOUND
from oacmail.rebuild.summary import RebuildSummary
from oacmail.store.connection import FILE
from testbed.sim.faults import FAULTS
from testbed.sim.plan import Plan, SimulatedAction, make_plan
from testbed.sim.run import ACTIONS
from testbed.sim.town import SimulatedTown
from tests.rebuilt_tables import Rows, tables

UNEXPLAINED = "unexplained"
LOSE_MAIL = ("the mailbox is restored", "the database is restored", "is forgotten")
"""After these the lost database knew more than the mailbox, or less."""
_Standing = tuple[str, str, str]  # status, citizen, due moment of the earliest running promise
LATE = timedelta(days=4)  # the longest stop of a simulated service
_COLUMNS = {
    "cases": (
        "number", "status", "kind", "topic", "level", "intent", "lang", "phone", "slot", "subject", "opened_at",
        "answered_at", "closed_at", "close_reason", "operator", "cause", "ends_on", "parent", "assignee",
        "citizen",
    ),
    "deadlines": ("key", "case", "started_at", "due_at", "met_at", "fired", "void"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTown:
    """What a town knew before its database was lost, and after it was made anew. `ordered`: cases about which an order
    was given by shell; `gone`: messages that lie in no folder that is read, by fingerprint, and their cases; `moved`:
    cases whose messages a person moved on the board; `crossed`: cases whose answers in Sent were read before a message
    in INBOX that had arrived before them; `staff`: who gets notices; `board`: folders show the states."""

    before: Rows
    after: Rows
    report: RebuildSummary
    ordered: frozenset[str]
    gone: frozenset[str]
    moved: frozenset[str]
    crossed: frozenset[str]
    staff: frozenset[str]
    board: bool

    def elsewhere(self) -> frozenset[str]:
        """Cases of the messages that are on another case than before."""
        before, after = self.before["messages"], self.after["messages"]
        pairs = ((before[key][1], after[key][1]) for key in before.keys() & after.keys())
        return frozenset(case for was, now in pairs if was != now for case in (was, now) if case)


def lost_and_rebuilt(config: Config, plan: Plan) -> LostTown:
    with tempfile.TemporaryDirectory(prefix="oacmail-lost-") as scratch:
        town = SimulatedTown(config, plan, Path(scratch) / "state", lambda *_: None)
        _live(town)
        town.intake.copy_ledger(at_once=True)
        before = tables(town.store.con)
        ordered = _with_event(town, "answered", "call") | _with_event(town, "ordered", "admin")
        gone, moved, crossed = _gone(town), _with_event(town, "moved"), crossed_cases(town.store.con)
        policy, renderer = town.engine.policy, town.engine.renderer
        town.stop()
        for path in town.config.office.state.glob(FILE + "*"):
            path.unlink()
        report = Rebuild(
            state=town.config.office.state,
            mailbox=town.mailbox,
            engine=lambda store, clock: Engine(policy=policy, store=store, renderer=renderer, clock=clock),
            parser_config=wiring.parser_config(town.config),
            now=town.clock.now(),
            since=plan.begins,
            ledger=config.imap.ledger or "",
        ).run(dry_run=False)
        town.start()
        town.turn()
        after = tables(town.store.con)
        town.stop()
    return LostTown(
        before=before, after=after, report=report, ordered=ordered, gone=gone, moved=moved, crossed=crossed,
        staff=policy.people.staff, board=policy.board is not None,
    )  # fmt: skip


def _with_event(town: SimulatedTown, kind: str, by: str | None = None) -> frozenset[str]:
    """Numbers of the cases that have this event; `by`: what caused it."""
    rows = town.store.con.execute(
        """SELECT DISTINCT c.number FROM events e JOIN cases c ON c.id = e.case_id
        WHERE e.kind = ?1 AND (?2 IS NULL OR json_extract(e.data, '$.by') = ?2)""",
        (kind, by),
    )
    return frozenset(row[0] for row in rows)


def crossed_cases(con: sqlite3.Connection) -> frozenset[str]:
    rows = con.execute(
        """WITH seen AS (SELECT m.case_id, m.role, m.received_at, min(s.first_seen) AS at
          FROM messages m JOIN sightings s ON s.fingerprint = m.fingerprint WHERE m.role IN ('citizen', 'agent')
          GROUP BY m.fingerprint)
        SELECT DISTINCT c.number FROM seen q JOIN seen a ON a.case_id = q.case_id JOIN cases c ON c.id = q.case_id
        WHERE q.role = 'citizen' AND a.role = 'agent' AND q.received_at < a.received_at AND q.at > a.at"""
    )
    return frozenset(row[0] for row in rows)


def _gone(town: SimulatedTown) -> frozenset[str]:
    """Also messages of which only a copy that arrived later lies there, as when the first was moved to Junk."""
    here: dict[str, datetime] = {}
    for name in ("INBOX", "Sent", *town.board_folders):
        for one in town.mailbox.folders[name].messages.values():
            here[one.message_id] = min(one.internal_date, here.get(one.message_id, one.internal_date))
    rows = town.store.con.execute(
        """SELECT c.number, m.fingerprint, m.message_id, m.role, m.received_at
        FROM messages m LEFT JOIN cases c ON c.id = m.case_id"""
    ).fetchall()
    return frozenset(
        name
        for number, fingerprint, message_id, role, at in rows
        for name in (number, fingerprint)
        if name and (message_id not in here or (role == "citizen" and here[message_id] > datetime.fromisoformat(at)))
    )


def _live(town: SimulatedTown) -> None:
    town.sync()
    town.hours()
    for action in town.plan.actions:
        town.later(action.at, action.who, action.what, partial(_done, town, action))
    while town.step():
        pass
    town.kill_at, town.mailbox.away, town.mailbox.refused = "", False, set()
    town.relay.recover()
    if town.down:
        town.down = False
        town.start()
    town.turn()


def _done(town: SimulatedTown, action: SimulatedAction) -> str:
    return {**ACTIONS, **FAULTS}[action.what](town, action, action.rng(town.plan.seed))


def without(plan: Plan, *names: str) -> Plan:
    return replace(plan, actions=tuple(one for one in plan.actions if one.what not in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltRow:
    table: str
    key: str
    case: str
    was: tuple[Any, ...] | None
    now: tuple[Any, ...] | None
    why: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of those that differ; () = the row is on one side only."""
        if self.was is None or self.now is None:
            return ()
        names = _COLUMNS.get(self.table, tuple(str(at) for at in range(len(self.was))))
        return tuple(name for name, one, other in zip(names, self.was, self.now, strict=True) if one != other)


def differences(lost: LostTown) -> list[RebuiltRow]:
    return [
        _difference(lost, name, key, rows.get(key), lost.after[name].get(key))
        for name, rows in lost.before.items()
        for key in sorted({*rows, *lost.after[name]})
        if rows.get(key) != lost.after[name].get(key)
    ]


def _difference(lost: LostTown, table: str, key: str, was: Any, now: Any) -> RebuiltRow:
    row = was or now
    case = str(row[0] if table == "cases" else row[1] if table in ("deadlines", "messages", "outbox") else "")
    found = RebuiltRow(table=table, key=key, case=case, was=was, now=now, why="")
    return replace(found, why=_why(lost, found))


def _why(lost: LostTown, found: RebuiltRow) -> str:
    """The first class that applies; `UNEXPLAINED` = none."""
    if _is_the_moment_of_a_tick(found):
        return "the moment of a tick"
    cases = _with_parents(lost, found.case)
    if cases & lost.ordered:
        return "an order by shell"
    if cases & lost.gone or found.key in lost.gone:
        return "a message is gone"
    if cases & lost.moved:
        return "a move on the board"
    if cases & lost.crossed:
        return "an answer was read before its question"
    if cases & set(lost.report.owed):
        return "nothing proves the answer"
    row = found.was or found.now or ()
    if {found.case, *(one for one in (found.was or ())[:2] + (found.now or ())[:2])} & set(lost.report.by_order):
        return "no mail tells the number"
    if (found.table == "outbox" and row[3] in lost.staff) or _answers_a_list(found):
        return "a notice to staff"  # because its case differs, and a list names several cases
    if found.now is None and found.table == "outbox" and row[-2] == "dropped":
        return "a mail that was dropped before it left"
    if found.now is not None and found.table == "outbox" and found.now[-2] in ("held", "dropped"):
        return "no copy proves the mail"
    if found.now is not None and found.table == "reviews" and found.now[1] == NOT_FOUND:
        return "no copy proves the mail"
    if found.now is None and found.table == "outbox" and row[-2] == "failed":
        return "a mail that was refused"
    if _is_the_moment_of_a_pass(found):
        return "the moment at which the mailbox was read"
    if _is_about_another_case(found):
        return "what had been read before it"
    if found.table in ("people", "reviews", "serials") or found.case in lost.elsewhere():
        return "follows from another difference"
    return UNEXPLAINED


def _with_parents(lost: LostTown, case: str) -> set[str]:
    """The case, and those that it follows: whether one is opened depends on how its parent stood."""
    cases: set[str] = set()
    while case and case not in cases:
        cases.add(case)
        row = lost.after["cases"].get(case) or lost.before["cases"].get(case)
        case = str(row[18] or "") if row else ""
    return cases


def _is_the_moment_of_a_tick(found: RebuiltRow) -> bool:
    """It came before or after, as the service happened to tick or to stand still: so did a reminder that crossed the
    answer."""
    if found.was is None or found.now is None:
        return False
    if ":remind:" in found.key and set(found.columns) <= {"met_at", "fired", "void"}:
        return True
    if set(found.columns) - {"closed_at", "started_at"}:
        return False
    moments = [
        (datetime.fromisoformat(one), datetime.fromisoformat(other))
        for one, other in zip(found.was, found.now, strict=True)
        if one != other and one and other
    ]
    return bool(moments) and all(abs(one - other) <= LATE for one, other in moments)


def _is_the_moment_of_a_pass(found: RebuiltRow) -> bool:
    """The service read the message hours after it arrived: follow-up counts from then, and an answer in time may have
    been seen late, after another one that met the deadline. The promise itself (answer, level 0) counts from the
    arrival in any case."""
    if found.table == "cases":
        return found.columns == ("answered_at",) and None not in ((found.was or ())[11], (found.now or ())[11])
    if found.table != "deadlines":
        return False
    if not re.fullmatch(r"[0-9a-f]{64}:answer:0", found.key):
        return True
    if found.was is None or found.now is None:  # it was answered before it was read, or the other way round
        return (found.was or found.now or ())[4] is not None
    met = None not in (found.was[4], found.now[4])
    return set() != set(found.columns) <= ({"fired", "met_at"} if met else {"fired"})


def _answers_a_list(found: RebuiltRow) -> bool:
    """An agent's reply without orders to a list, of which only the lost database knew that it had left before."""
    if found.table != "messages" or found.was is None or found.now is None or found.was[2] != Role.AGENT:
        return False
    return {found.was[3], found.now[3]} == {Outcome.STAFF, Outcome.QUARANTINED}


def _is_about_another_case(found: RebuiltRow) -> bool:
    """Thanks, reports and replies of machines name no case, or one of several: what had been read before says which."""
    if found.table != "messages" or found.was is None or found.now is None:
        return False
    return found.was[4] in (Kind.THANKS, Kind.BOUNCE, Kind.AUTO_REPLY) and set(found.columns) <= {"1", "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCases:
    """`wrong`: number, then status, citizen and due moment before and after, of cases that differ in what the mailbox
    can tell; `others`: the same of the other cases, with the class of what it cannot tell; `more`: live cases that only
    the new database has."""

    count: int
    wrong: tuple[str, ...]
    others: tuple[str, ...]
    more: tuple[str, ...]


def live_cases(lost: LostTown) -> LiveCases:
    before, after = _standing(lost.before), _standing(lost.after)
    live = {number: row for number, row in before.items() if row[0] != "closed"}
    off = {
        number: f"{number}: {row} -> {after.get(number)}" for number, row in live.items() if after.get(number) != row
    }
    excuses = {number: _excuse(lost, number, live[number], after.get(number)) for number in off}
    return LiveCases(
        count=len(live),
        wrong=tuple(line for number, line in off.items() if not excuses[number]),
        others=tuple(f"{line} ({excuses[number]})" for number, line in off.items() if excuses[number]),
        more=tuple(f"{number}: {row}" for number, row in after.items() if number not in before and row[0] != "closed"),
    )


def _excuse(lost: LostTown, case: str, was: _Standing, now: _Standing | None) -> str:
    """'' = none."""
    another = now is None or now[1] != was[1]
    told = lost.board and now is not None and now[0] != was[0]  # by the folder of its messages, which is listed
    classes = (
        ("an order by shell", lost.ordered),
        ("a message is gone", lost.gone),
        ("a move on the board", () if told else lost.moved),
        ("an answer was read before its question", lost.crossed),
        ("nothing proves the answer", lost.report.owed),
        ("no mail tells the number", lost.report.by_order if another else ()),
    )
    return next((name for name, cases in classes if case in cases), "")


def _standing(rows: Rows) -> dict[str, _Standing]:
    due: dict[str, str] = {}
    for key, (_, number, _, due_at, met_at, _, void) in rows["deadlines"].items():
        if key.endswith(":answer:0") and met_at is None and not void:
            due[number] = min(due.get(number, due_at), due_at)
    return {number: (row[1], row[-1], due.get(number, "")) for number, row in rows["cases"].items()}


def with_ledger(config: Config) -> Config:
    return config.model_copy(update={"imap": config.imap.model_copy(update={"ledger": "oacmail"})})


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--towns", type=int, default=5)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--days", type=int, default=90)
    options.add_argument("--faults", action="store_true")
    options.add_argument("--ledger", action="store_true")
    options.add_argument("--show", type=int, default=0)
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    config = with_ledger(settings.builtin()) if given.ledger else settings.builtin()
    classes: Counter[tuple[str, str]] = Counter()
    for seed in range(given.first, given.first + given.towns):
        plan = make_plan(seed, given.days, config.office.timezone)
        lost = lost_and_rebuilt(config, without(plan, *LOSE_MAIL, *(() if given.faults else FAULTS)))
        found, live = differences(lost), live_cases(lost)
        classes.update((one.table, one.why) for one in found)
        unproven = len(lost.report.by_order)
        print(f"seed {seed}: {lost.report.messages} messages, {len(lost.before['cases'])} cases, ", end="")
        print(f"{unproven} numbers by order; of {live.count} live ones {len(live.wrong)} wrong, ", end="")
        print(
            f"{len(live.others)} differ by what the mailbox cannot tell, {len(live.more)} more than there were",
            flush=True,
        )
        for line in (*live.wrong, *live.others, *live.more)[: given.show]:
            print(f"    {line}")
        for one in [one for one in found if one.why == UNEXPLAINED][: given.show]:
            print(f"    {one.table} {one.key[:70]} {one.columns}\n      {one.was}\n      {one.now}")
    for (table, why), count in sorted(classes.items(), key=lambda item: (item[0][1], item[0][0])):
        print(f"| {why} | {table} | {count} |")


if __name__ == "__main__":
    main()
