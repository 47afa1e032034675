"""The town simulation itself: a seed is a town, and over short spans of it every invariant holds."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import structlog
from click.testing import CliRunner

from oacmail import config as settings
from oacmail.cli import oacmail
from oacmail.sim.faults import MISFORTUNES
from oacmail.sim.people import DEEDS
from oacmail.sim.plan import planned
from oacmail.sim.run import SimulationResult, played, simulated
from oacmail.sim.town import SimulatedTown


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of log lines tell nothing here."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def _run(days: int, seed: int) -> SimulationResult:
    return simulated(settings.builtin(), days, seed, lambda day, outcome: None)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fourteen_days_of_a_town_break_no_invariant(seed: int) -> None:
    outcome = _run(14, seed)
    assert outcome.broken == ()
    assert outcome.messages > 40
    assert outcome.acks > 20
    assert outcome.escalations > 0
    assert outcome.misfortunes > 5


def test_the_same_seed_has_the_same_digest_and_another_seed_another() -> None:
    first, again, other = _run(4, 7), _run(4, 7), _run(4, 8)
    assert first.digest == again.digest
    assert first.story == again.story
    assert first.digest != other.digest


def test_whatever_a_plan_may_hold_somebody_can_do() -> None:
    zone = settings.builtin().office.timezone
    asked = {deed.what for seed in range(40) for deed in planned(seed, 90, zone).deeds}
    assert asked == {*DEEDS, *MISFORTUNES}


def test_a_deed_left_out_of_a_plan_changes_no_other() -> None:
    config = settings.builtin()
    plan = planned(11, 3, config.office.timezone)
    writes = [deed for deed in plan.deeds if deed.what == "writes"]
    shorter = type(plan)(plan.seed, plan.begins, plan.days, tuple(writes[1:]))
    alone = type(plan)(plan.seed, plan.begins, plan.days, tuple(writes))
    whole, less = played(config, alone).story, played(config, shorter).story
    assert [line for line in whole if line[1:3] == (writes[1].who, "writes")][-1] in less
    assert len(less) == len(whole) - 1


def test_a_town_whose_clock_was_ahead_is_well_when_it_has_passed_the_moment_that_it_showed(tmp_path: Path) -> None:
    plan = planned(4, 14, settings.builtin().office.timezone)
    town = SimulatedTown(settings.builtin(), plan, tmp_path / "state", lambda *line: None)
    town.sync()
    MISFORTUNES["the clock jumps"](town, plan.deeds[0], Random(5))
    shown = town.clock.skew
    assert shown > timedelta(0)
    assert town.step()
    assert town.clock.now() == town.clock.true()
    assert town.well_since == town.clock.true() + shown
    town.stop()


def test_the_verb_runs_without_a_configuration_and_prints_lines_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OACMAIL_CONFIG", raising=False)
    result = CliRunner().invoke(oacmail, ["simulate", "--days", "2", "--seed", "5", "--json"])
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [list(row) for row in rows[:-1]] == [["day", "messages", "acks", "escalations", "misfortunes"]] * 2
    assert list(rows[-1]) == ["seed", "days", "messages", "cases", "acks", "escalations", "digest", "broken"]
    assert (rows[-1]["seed"], rows[-1]["days"], rows[-1]["broken"]) == (5, 2, [])
