"""An item that raises is deferred by an hour and delays no other deadline; `status` and the operator show it."""

from collections.abc import Callable
from typing import Any

import pytest

from oacmail.cli.status import health
from oacmail.core import deadlines
from oacmail.words.labels import label
from testbed.relay import no_reply
from tests.world import ANNA, MARTA, OPERATOR, PERE, SUPERVISOR, World, text_of

TOWN = Callable[..., World]


def _two_late_cases(world: World) -> tuple[str, str]:
    for sender in (ANNA, PERE):
        world.citizen_writes(sender)
    world.turn()
    first, second = (case["number"] for case in world.cases())
    return first, second


def _report(world: World) -> dict[str, Any]:
    return health(world.config, world.clock.now())


def _told_of(world: World, number: str) -> int:
    return sum(number in subject for subject in world.subjects(SUPERVISOR))


def _problem(world: World) -> str:
    return next((one["text"] for one in _report(world)["problems"] if one["code"] == "tick-failed"), "")


def _alerts(world: World) -> list[str]:
    """Those about ticks. The copy of a mail about a case that cannot be read is set aside, which has its own."""
    name = label("problem", "tick-failed", "ca", "")
    return [text_of(mail) for mail in world.received(OPERATOR) if name in str(mail["Subject"])]


def _damage(world: World, number: str) -> None:
    """No program wrote this: a hand did, or a bad sector."""
    world.store.con.execute("UPDATE cases SET opened_at = 'yesterday' WHERE number = ?", (number,))


def _repair(world: World, number: str) -> None:
    world.store.con.execute("UPDATE cases SET opened_at = '2026-11-25T08:00:00Z' WHERE number = ?", (number,))


def test_a_case_whose_escalation_raises_stops_no_other_and_is_shown_with_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = _two_late_cases(world)
    card = deadlines._card

    def planted(item: deadlines.OverdueCase) -> dict[str, object]:
        if item.case.number == bad:
            raise LookupError(item.case.citizen)
        return card(item)

    with monkeypatch.context() as fault:
        fault.setattr(deadlines, "_card", planted)
        world.live("2026-11-27 08:00")
        assert (_told_of(world, good), _told_of(world, bad)) == (1, 0)
        world.live("2026-11-27 08:50", minutes=1)
        assert bad in _problem(world)
        assert "LookupError" in _problem(world)
        assert ANNA not in _problem(world)
        assert not _report(world)["ok"]
        (alert,) = _alerts(world)
        assert bad in alert
    world.live("2026-11-27 09:05", minutes=1)
    assert (_told_of(world, good), _told_of(world, bad)) == (1, 1)
    assert _problem(world) == ""
    assert len(_alerts(world)) == 1


def test_a_case_whose_row_cannot_be_read_stops_no_other(world: World) -> None:
    bad, good = _two_late_cases(world)
    _damage(world, bad)
    world.advance("2026-11-27 08:00")
    world.live("2026-11-27 12:00", minutes=20)
    assert (_told_of(world, good), _told_of(world, bad)) == (1, 0)
    assert bad in _problem(world)
    assert len(_alerts(world)) == 1
    _repair(world, bad)
    world.live("2026-11-27 13:30", minutes=20)
    assert _told_of(world, bad) == 1
    assert _problem(world) == ""


def test_what_still_works_keeps_its_list(town: TOWN) -> None:
    """Six late cases and a bad one: the supervisor gets one list of six, not six mails."""
    world = town(ack={"per_address_hour": 0, "per_domain_hour": 0})
    for name in "abcdefg":
        world.citizen_writes(f"{name}@example.org", subject=f"Tràmit {name}")
    world.turn()
    bad, *good = (case["number"] for case in world.cases())
    _damage(world, bad)
    world.live("2026-11-27 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue_digest"]
    assert all(number in text_of(world.received(SUPERVISOR)[0]) for number in good)


def test_a_failed_case_that_is_answered_is_no_problem_any_more(world: World) -> None:
    message = world.citizen_asks(ANNA)
    number = world.case()["number"]
    _damage(world, number)
    world.turn_at("2026-11-27 08:05")
    assert number in _problem(world)
    _repair(world, number)
    world.agent_replies(message)
    assert _problem(world) == ""


@pytest.mark.parametrize("number", [1, 2])
def test_the_digest_fails_alone(town: TOWN, number: int) -> None:
    """A live case that cannot be read spoils the digest that lists it; the case that is late is escalated all the
    same."""
    world = town(digest={"to": [SUPERVISOR]})
    cases = _two_late_cases(world)
    bad, good = cases[number - 1], cases[2 - number]
    _damage(world, bad)
    world.live("2026-11-27 08:00", minutes=60)
    assert _told_of(world, good) == 1
    assert "digest" in _problem(world)
    _repair(world, bad)
    world.live("2026-11-27 10:30")
    assert world.kinds(SUPERVISOR).count("digest") == 2  # Thursday's, when no deadline had rung, and Friday's
    assert _problem(world) == ""


def test_an_uncertain_delivery_that_cannot_be_read_holds_back_no_other(world: World) -> None:
    world.citizen_asks(MARTA)
    world.relay.when(no_reply(lost=True))
    for sender in (ANNA, PERE):
        world.citizen_asks(sender)
    bad, good = (mail for mail in world.mails("ack") if mail["state"] == "uncertain")
    world.relay.recover()
    world.store.con.execute("UPDATE outbox SET data_at = 'then' WHERE id = ?", (bad["id"],))
    world.live("2026-11-25 10:30", minutes=5)
    assert world.kinds(good["recipient"]) == ["ack"]
    assert world.kinds(bad["recipient"]) == []
    assert "uncertain" in _problem(world)


def test_a_deferred_acknowledgement_that_cannot_be_read_holds_back_no_other(town: TOWN) -> None:
    world = town(ack={"unverified_per_hour": 1})
    for sender in (MARTA, ANNA, PERE):
        world.citizen_asks(sender, dmarc="")
    bad, good = (mail for mail in world.mails("ack") if mail["state"] == "queued")
    world.store.con.execute("UPDATE outbox SET created_at = 'then' WHERE id = ?", (bad["id"],))
    world.live("2026-11-25 12:30", minutes=10)
    assert world.kinds(good["recipient"]) == ["ack"]
    assert bad["key"].partition(":")[0] in _problem(world)


def test_a_clock_that_no_tick_looks_at_is_a_problem(world: World) -> None:
    world.citizen_asks(ANNA)
    assert _report(world)["ok"]
    world.clock.forward(minutes=4)
    world.sync()
    assert _report(world)["ok"]
    world.clock.forward(minutes=2)
    world.sync()
    report = _report(world)
    assert not report["ok"]
    assert any(problem["code"] == "not-ticking" for problem in report["problems"])
    world.turn()
    assert _report(world)["ok"]
