"""The monthly figures of a small town whose mail, calls and answers were all played (R29; I1, I2, I4, I5)."""

from collections.abc import Callable
from typing import Any

from oacmail import reporting
from oacmail.core.report.months import Month
from oacmail.mail.outgoing.report_json import as_row
from tests.engine.world import ANNA, MARTA, PERE, World, local

TOWN = Callable[..., World]


def report(world: World, month: str) -> dict[str, Any]:
    """The row of `report --json`."""
    made = reporting.make(world.store.con, world.policy, Month.parse(month), world.clock.now())
    return as_row(made, "ca")


def indicator(world: World, month: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report(world, month)["indicators"] if one["id"] == name)
    return found


def breaches(world: World, month: str, name: str) -> list[tuple[str, str]]:
    return [(one["case"][-3:], one["cause"]) for one in indicator(world, month, name)["breaches"]]


def test_an_answer_in_time_one_late_and_none_at_all(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00")
    asked = [world.citizen_writes(who) for who in (ANNA, PERE, MARTA)]
    world.turn()
    world.advance("2026-11-25 16:00")
    world.agent_answers(asked[0])
    world.turn()
    world.advance("2026-11-26 11:00")
    world.agent_answers(asked[1])
    world.turn()
    world.live("2026-12-01 09:00", minutes=600)
    first = indicator(world, "2026-11", "I1")
    assert (first["n"], round(first["result"], 2), first["target"], first["met"]) == (3, 33.33, 100.0, False)
    assert breaches(world, "2026-11", "I1") == [("002", "late"), ("003", "unanswered")]
    assert breaches(world, "2026-11", "I2") == [("003", "unanswered")]
    times = indicator(world, "2026-11", "I4")
    assert times["n"] == 2
    assert times["result"] == (18 + 25) / 2
    assert report(world, "2026-11")["final"] is True


def test_a_request_counts_in_the_month_of_its_due_day(town: TOWN) -> None:
    world = town(now="2026-11-30 21:00")  # a Monday evening: due on Tuesday, 1 December
    world.citizen_writes(ANNA)
    world.turn()
    assert indicator(world, "2026-11", "I1")["n"] == 0
    assert indicator(world, "2026-12", "I1")["n"] == 1
    assert report(world, "2026-11")["final"] is False
    world.clock.set(local("2026-12-01 08:00"))
    assert report(world, "2026-11")["final"] is True
