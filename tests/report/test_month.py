"""The monthly figures of a small town whose mail, calls and answers were all played (R29; I1, I2, I4, I5)."""

from collections.abc import Callable
from typing import Any

import pytest

from oacmail import reporting
from oacmail.core.report.figures import Month
from oacmail.store.connection import FILE
from oacmail.words.report_forms import as_row
from tests.restore.test_restored import _backup as backup
from tests.restore.test_restored import _restore as restore
from tests.world import ANNA, MARTA, PERE, SUPERVISOR, World, local, text_of

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
    world.agent_replies(asked[0])
    world.advance("2026-11-26 11:00")
    world.agent_replies(asked[1])
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
    world.citizen_asks(ANNA)
    assert indicator(world, "2026-11", "I1")["n"] == 0
    assert indicator(world, "2026-12", "I1")["n"] == 1
    assert report(world, "2026-11")["final"] is False
    world.clock.set(local("2026-12-01 08:00"))
    assert report(world, "2026-11")["final"] is True


# --- published, once ---------------------------------------------------------------------------------------

COUNCIL = "regidoria@council.example"


def sent(world: World) -> list[str]:
    return [str(mail["Subject"]) for mail in world.received(COUNCIL) if mail["X-Oacmail-Kind"] == "report"]


def test_the_report_leaves_on_the_first_working_day_at_eight_and_once(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00", report={"to": [COUNCIL]})
    world.agent_answers(world.citizen_asks(ANNA))
    world.live("2026-12-01 07:59", minutes=300)
    assert sent(world) == []
    world.live("2026-12-01 08:00")
    world.live("2026-12-03 12:00")
    assert sent(world) == ["OAC 360 · Informe, novembre de 2026: 100 % en termini"]
    assert report(world, "2026-11")["published_at"] == "2026-12-01T07:00:00+00:00"


def test_a_kill_at_any_moment_makes_no_second_report(town: TOWN) -> None:
    for point in ("before commit", "after commit", "before the hand-over", "before RCPT", "after the last byte"):
        world = town(now="2026-11-30 10:00", report={"to": [COUNCIL]})
        world.advance("2026-12-01 08:00")
        world.kill_if_reached(point, world.turn)
        world.live("2026-12-01 12:00")
        assert len(sent(world)) == 1, point
        world.stop()


def test_a_report_waits_until_the_mailbox_was_read(town: TOWN) -> None:
    world = town(now="2026-11-30 10:00", report={"to": [COUNCIL]})
    world.mailbox.away = True
    world.live("2026-12-01 12:00")
    assert world.rows("SELECT * FROM reports") == []
    world.mailbox.away = False
    world.turn()
    assert len(sent(world)) == 1


def test_nobody_gets_a_report_and_the_month_is_frozen_all_the_same(town: TOWN) -> None:
    world = town(now="2026-11-30 10:00")
    world.live("2026-12-01 08:00")
    assert [row["month"] for row in world.rows("SELECT month FROM reports")] == ["2026-11"]
    assert world.mails("report") == []


def test_what_is_known_later_is_a_correction_and_changes_no_published_figure(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00", report={"to": [COUNCIL]})
    world.citizen_asks(ANNA)
    world.live("2026-12-01 08:00", minutes=300)
    assert indicator(world, "2026-11", "I1")["result"] == 0
    number = world.case()["number"]
    world.advance("2026-12-02 10:00")
    at = local("2026-11-25 11:00").isoformat()
    world.order("log-call", number, at=at)  # the call was made in time and noted a week later
    made = report(world, "2026-11")
    assert indicator(world, "2026-11", "I1")["result"] == 0
    found = {(one["id"], one["key"]): (one["old"], one["new"], one["why"]) for one in made["corrections"]}
    assert found["I1", "in_time"] == (0, 100, "noted_late")
    assert found["I2", "unanswered"] == (1, 0, "noted_late")
    world.live("2027-01-04 08:00", minutes=600)
    assert "Correccions" in text_of(world.received(COUNCIL)[-1])
    later = report(world, "2026-12")
    assert ("2026-11", "I1", "in_time") in {(one["month"], one["id"], one["key"]) for one in later["corrections"]}
    assert {one["at"] for one in report(world, "2026-11")["corrections"]} == {"2027-01-04T07:00:00+00:00"}


def test_a_database_restored_from_before_the_publication_sends_no_second_report(town: TOWN) -> None:
    world = town(now="2026-11-30 10:00", report={"to": [SUPERVISOR, COUNCIL]})
    world.turn()
    older = backup(world)
    world.live("2026-12-03 12:00")
    restore(world, older)
    world.tick()  # reading a large mailbox takes longer than the first tick
    world.drain()
    world.live("2026-12-04 12:00")
    assert (world.kinds(SUPERVISOR).count("report"), len(sent(world))) == (1, 1)
    assert [row["month"] for row in world.rows("SELECT month FROM reports")] == ["2026-11"]


def test_a_mailbox_that_cannot_be_read_delays_a_report_by_a_day(town: TOWN) -> None:
    world = town(now="2026-11-30 10:00", report={"to": [SUPERVISOR]})
    world.mailbox.away = True
    world.live("2026-12-02 07:59", minutes=600)
    assert world.mails("report") == []
    world.live("2026-12-02 08:01")
    assert world.kinds(SUPERVISOR).count("report") == 1


def test_a_report_is_computed_by_a_process_of_its_own_and_by_the_daemon_if_that_fails(
    town: TOWN, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = town(now="2026-11-24 10:00")
    world.citizen_asks(ANNA)
    world.advance("2026-12-01 09:00")
    asked = (world.config.office.state / FILE, world.policy, Month.parse("2026-11"), world.clock.now())
    elsewhere = reporting.elsewhere(*asked)
    monkeypatch.setattr(reporting, "_WORDS", ("/no/such/program",))
    assert elsewhere == reporting.elsewhere(*asked) == reporting.here(*asked)
    assert elsewhere.figures.indicators["I1"].main.n == 1
