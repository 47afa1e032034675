"""The town simulation: a seed determines a run, and in short runs every invariant holds."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from click.testing import CliRunner

from oacmail import config as settings
from testbed.sim.__main__ import main as simulate
from testbed.sim.faults import FAULTS
from testbed.sim.plan import make_plan
from testbed.sim.run import ACTIONS, SimulationResult, run_plan, simulate_town
from testbed.sim.town import SimulatedTown

RARE = ("wishes a language", "tells of a solution")
"""What happens to nobody in the two weeks of the first town."""
BEFORE = (
    "writes", "reports a fault", "passes it on", "names the number", "the services reply", "the services press a button"
)  # fmt: skip


def _run(days: int, seed: int) -> SimulationResult:
    return simulate_town(settings.builtin(), days, seed, lambda day, outcome: None)


def test_days_of_two_towns_break_no_invariant() -> None:
    outcome, plan = _run(14, 922), make_plan(5, 7, settings.builtin().office.timezone)
    rare = tuple(action for action in plan.actions if action.what in RARE + BEFORE)
    other = run_plan(settings.builtin(), replace(plan, actions=rare))
    assert (outcome.broken, other.broken) == ((), ())
    assert ACTIONS.keys() <= {what for _, _, what, result in outcome.story + other.story if result}
    assert outcome.messages > 40
    assert outcome.acks > 20
    assert outcome.escalations > 0
    assert outcome.faults > 5


def test_the_same_seed_has_the_same_digest_and_another_seed_another() -> None:
    first, again, other = _run(2, 7), _run(2, 7), _run(2, 8)
    assert first.digest == again.digest
    assert first.story == again.story
    assert first.digest != other.digest


def test_every_action_of_a_plan_has_a_handler() -> None:
    zone = settings.builtin().office.timezone
    asked = {action.what for seed in range(40) for action in make_plan(seed, 90, zone).actions}
    assert asked == {*ACTIONS, *FAULTS}


def test_an_action_removed_from_a_plan_changes_no_other() -> None:
    config = settings.builtin()
    plan = make_plan(11, 3, config.office.timezone)
    writes = [action for action in plan.actions if action.what == "writes"]
    shorter = type(plan)(plan.seed, plan.begins, plan.days, tuple(writes[1:]))
    alone = type(plan)(plan.seed, plan.begins, plan.days, tuple(writes))
    whole, less = run_plan(config, alone).story, run_plan(config, shorter).story
    assert [line for line in whole if line[1:3] == (writes[1].who, "writes")][-1] in less
    assert len(less) == len(whole) - 1


def test_a_town_whose_clock_was_ahead_is_healthy_after_the_time_that_it_showed(tmp_path: Path) -> None:
    plan = make_plan(4, 14, settings.builtin().office.timezone)
    town = SimulatedTown(settings.builtin(), plan, tmp_path / "state", lambda *line: None)
    town.sync()
    FAULTS["the clock jumps"](town, plan.actions[0], Random(5))
    shown = town.clock.skew
    assert shown > timedelta(0)
    assert town.step()
    assert town.clock.now() == town.clock.true()
    assert town.healthy_since == town.clock.true() + shown
    town.stop()


def test_an_answer_that_the_server_cannot_give_out_meets_no_deadline() -> None:
    plan = make_plan(117, 90, settings.builtin().office.timezone)
    wanted = ("the mailbox is away for days", "writes", "answers from his own address", "a message cannot be read")
    day = [a for a in plan.actions if f"{a.at:%m-%d}" == "06-17" and a.number < 250 and a.what in wanted]
    assert [action.what for action in day] == list(wanted)
    outcome = run_plan(settings.builtin(), replace(plan, begins=day[0].at, days=2, actions=tuple(day)))
    assert outcome.broken == ()
    assert set(wanted) <= {what for _, _, what, result in outcome.story if result}


def test_the_command_prints_lines_of_json() -> None:
    result = CliRunner().invoke(simulate, ["--days", "2", "--seed", "5", "--json"])
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [list(row) for row in rows[:-1]] == [["day", "messages", "acks", "escalations", "faults"]] * 2
    names = ["seed", "days", "messages", "cases", "acks", "escalations", "named", "digest", "broken"]
    assert list(rows[-1]) == names
    assert (rows[-1]["seed"], rows[-1]["days"], rows[-1]["broken"]) == (5, 2, [])
