"""The checks of the simulation report nothing where the service is right: each test plays what once deceived them."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from oacmail import config as settings
from oacmail.core.model import BoardFolder
from testbed.people import REGULARS
from testbed.sim.faults import FAULTS
from testbed.sim.ground_truth import PersonsMove
from testbed.sim.invariants import InvariantChecker
from testbed.sim.plan import SimulatedAction, make_plan
from testbed.sim.run import ACTIONS
from testbed.sim.town import SimulatedTown, board_folder


@pytest.fixture
def town(tmp_path: Path) -> Iterator[SimulatedTown]:
    """A town with a board, in which nothing has happened yet."""
    plan = make_plan(4, 14, settings.builtin().office.timezone)
    town = SimulatedTown(settings.builtin(), plan, tmp_path / "state", lambda *line: None)
    town.turn()
    yield town
    town.stop()


def _does(town: SimulatedTown, who: str, what: str, number: int, rng: Random) -> str:
    """An hour later."""
    town.clock.forward(minutes=60)
    return {**ACTIONS, **FAULTS}[what](town, SimulatedAction(town.clock.true(), number, who, what), rng)


def test_a_move_is_seen_to_be_refused_while_the_clock_is_behind(town: SimulatedTown) -> None:
    assert _does(town, REGULARS[0].address, "writes", 1, Random(1))
    town.turn()
    assert _does(town, "fault", "the clock jumps", 2, Random(2))
    assert town.clock.skew < timedelta(hours=-1)
    opened, closed = (board_folder(town.policy, place) for place in (BoardFolder.OPEN, BoardFolder.CLOSED))
    ((uid, message),) = town.mailbox.folders[opened].messages.items()
    town.mailbox.move(opened, uid, closed)
    town.truth.moves[message.message_id] = PersonsMove(message.message_id, closed, town.clock.true())
    town.turn()
    assert not town.mailbox.folders[closed].messages
    while town.active_faults:
        assert town.step()
    InvariantChecker(town).board_checks.agree()
    assert not town.truth.moves


def test_an_answer_that_nobody_had_read_when_its_reader_was_forgotten_is_an_answer(town: SimulatedTown) -> None:
    who = Random(1).choice(REGULARS).address
    assert _does(town, who, "writes", 1, Random(1))
    town.turn()
    town.mailbox.away = True
    assert _does(town, who, "writes", 2, Random(1))
    answered = [_does(town, "the desk", "answers", 3 + turn, Random(1)) for turn in range(2)]
    assert who in "".join(answered)
    assert _does(town, "the desk", "is forgotten", 5, Random(1)).startswith(who)
    town.mailbox.away = False
    town.turn()
    rows = town.store.con.execute(
        "SELECT met_at FROM deadlines WHERE kind = 'answer' AND withdrawn_at IS NULL"
    ).fetchall()
    assert [row["met_at"] for row in rows if row["met_at"]]
    InvariantChecker(town).deadline_checks.agree()


def test_a_request_whose_case_was_taken_back_is_counted_as_the_report_counts_it(town: SimulatedTown) -> None:
    assert _does(town, REGULARS[0].address, "writes", 1, Random(1))
    town.turn()
    checks = InvariantChecker(town).report_checks
    for folder in (BoardFolder.REVIEW, BoardFolder.OPEN):
        town.clock.forward(minutes=60)
        ((source, uid),) = [
            (name, uid)
            for name in town.board_folders
            for uid, message in town.mailbox.folders[name].messages.items()
            if message.message_id in town.truth.written
        ]
        town.mailbox.move(source, uid, board_folder(town.policy, folder))
        town.turn()
    (withdrawn,) = town.store.con.execute(
        "SELECT count(*) FROM deadlines WHERE kind = 'answer' AND level = 0 AND withdrawn_at IS NOT NULL"
    ).fetchone()
    assert withdrawn == 1
    while not town.database.reports():
        town.clock.forward(hours=12)
        town.turn()
    checks.published()


def test_who_asks_for_a_call_in_the_same_words_again_is_called_by_the_same_hour(town: SimulatedTown) -> None:
    who = REGULARS[0].address
    assert _does(town, who, "wants a call", 1, Random(5))
    town.turn()
    assert _does(town, "agent", "telephones", 2, Random(1))
    town.turn()
    assert _does(town, who, "writes the same again", 3, Random(1))
    town.turn()
    rows = town.store.con.execute("SELECT met_at IS NULL AS runs FROM deadlines WHERE kind = 'answer' AND level = 0")
    assert sorted(row["runs"] for row in rows) == [0, 1]
    assert [row["slot"] for row in town.store.con.execute("SELECT slot FROM cases")] == ["morning"]
    InvariantChecker(town).deadline_checks.agree()


def test_who_is_told_at_midnight_is_told_the_working_day_after_the_one_that_begins(town: SimulatedTown) -> None:
    checker = InvariantChecker(town)
    town.mailbox.away = True
    assert _does(town, REGULARS[0].address, "writes", 1, Random(1))
    due = checker.expected.due(town.clock.true())
    midnight = datetime.combine(due.astimezone(town.zone).date() + timedelta(days=1), time.min, town.zone)
    assert checker.expected.workdays.is_working_day(midnight.date())
    town.clock.forward(minutes=(midnight - town.clock.true()) / timedelta(minutes=1))
    town.mailbox.away = False
    town.turn()
    assert town.relay.inboxes[REGULARS[0].address].last("ack")
    checker.told_checks.after_a_step()


def test_what_lay_in_junk_when_its_copy_was_answered_waits_for_an_answer_of_its_own(town: SimulatedTown) -> None:
    who = REGULARS[0].address
    assert _does(town, who, "lands in the junk folder", 1, Random(1))
    town.turn()
    town.clock.forward(hours=12)
    town.turn()
    assert _does(town, who, "writes the same again", 2, Random(1))
    town.turn()
    assert _does(town, "the desk", "answers", 3, Random(1))
    town.turn()
    assert _does(town, "the desk", "brings in from the junk folder", 4, Random(1))
    town.turn()
    rows = town.store.con.execute("SELECT met_at IS NULL AS runs FROM deadlines WHERE kind = 'answer' AND level = 0")
    assert sorted(row["runs"] for row in rows) == [0, 1]
    InvariantChecker(town).deadline_checks.agree()
