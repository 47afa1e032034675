"""A problem that is checked again and again is recorded and logged at its two ends only."""

from typing import Any

from structlog.testing import capture_logs

from oacmail.engine.watch import ProblemFlag
from tests.world import World


def _run(world: World, *checks: bool) -> list[Any]:
    flag = ProblemFlag(world.store, "disk-full")
    with capture_logs() as logged:
        for unhealthy in checks:
            flag.set(unhealthy, world.clock.now())
    return [(line["event"], line["problem"]) for line in logged]


def test_a_problem_is_logged_when_it_begins_and_when_it_ends(world: World) -> None:
    assert _run(world, False, True, True) == [("problem.degraded", "disk-full")]
    assert world.problems() == {"disk-full"}
    assert _run(world, True, False, False) == [("problem.degraded", "disk-full"), ("problem.recovered", "disk-full")]
    assert world.problems() == set()


def test_the_first_check_ends_what_an_earlier_process_has_recorded_and_logs_nothing(world: World) -> None:
    world.store.problem("disk-full", True, world.clock.now())
    assert _run(world, False) == []
    assert world.problems() == set()
