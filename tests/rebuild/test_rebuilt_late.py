"""What a rebuild knows of hours in which INBOX was not read: the server was away, or the folder could not be opened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.board.test_board import ANSWERED, MINE
from tests.orders.test_orders import reply
from tests.rebuild.rebuilding import difference, lose, rebuild, taken
from tests.services.test_second_level import FAULT
from tests.world import AGENT, ANNA, PERE, World, local

TOWN = Callable[..., World]


@contextmanager
def _unreadable(world: World, *folders: str, until: str) -> Iterator[None]:
    world.mailbox.refused = set(folders)
    yield
    world.live(until)
    world.mailbox.refused = set()
    world.turn()


def _goes_on(world: World) -> None:
    """A sign of life an hour later."""
    world.clock.forward(hours=1)
    world.citizen_asks("nou@example.cat", "Targeta", "Com puc renovar la targeta de la biblioteca?")


def _standing(world: World) -> list[tuple[object, ...]]:
    return [tuple(case[key] for key in ("number", "citizen", "status", "due_at")) for case in world.cases()]


def _rebuilt(world: World) -> None:
    before, numbers = _standing(world), taken(world)["cases"]
    lose(world)
    rebuild(world, since=local("2026-11-25 08:00"))
    assert _standing(world) == before
    assert difference({"cases": numbers}, {"cases": taken(world)["cases"]}) == []


def test_what_was_first_seen_days_later_is_not_passed_on(world: World) -> None:
    with _unreadable(world, "INBOX", "Sent", until="2026-11-30 09:00"):
        question = world.citizen_writes(ANNA, *FAULT)
        world.clock.forward(minutes=50)
        world.agent_answers(question)
        world.advance("2026-11-28 10:00")
        world.citizen_writes(PERE, "Beca", "On es demana la beca?")
    assert [(case["citizen"], case["status"]) for case in world.cases()] == [(ANNA, "answered"), (PERE, "open")]
    _goes_on(world)
    _rebuilt(world)


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_answer_that_was_read_before_a_second_question_does_not_hide_it(world: World, goes_on: bool) -> None:
    answer = world.agent_replies(world.citizen_asks(ANNA, "Beca", "On es demana la beca?"))
    world.clock.forward(minutes=10)
    with _unreadable(world, "INBOX", until="2026-11-25 16:00"):
        second = world.citizen_writes(ANNA, "", "I per al meu fill, on es demana?", answers=answer)
        world.clock.forward(minutes=10)
        world.citizen_writes(ANNA, "", "I quan s'acaba el termini?", answers=answer)
        world.clock.forward(minutes=10)
        world.agent_replies(second)
    assert world.case()["status"] == "open"
    if goes_on:
        _goes_on(world)
    _rebuilt(world)


def test_an_order_that_was_read_late_is_due_when_it_was(town: TOWN) -> None:
    world = town(people={"technical": ["tecnics@town.example"]})
    world.citizen_asks(ANNA, *FAULT)
    world.clock.forward(minutes=10)
    world.obey("escalate", "OAC-2026-000001")
    world.advance("2026-11-25 17:00")
    with _unreadable(world, "INBOX", "Sent", until="2026-11-26 17:00"):
        world.citizen_writes(PERE, "Beca", "On es demana la beca?")
        world.clock.forward(minutes=10)
        reply(world, world.received(AGENT)[0], "#nonostre", sender=AGENT)
    assert world.case("OAC-2026-000001")["status"] == "open"
    _goes_on(world)
    _rebuilt(world)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_move_on_the_board_counts_from_when_the_service_saw_it(town: TOWN, goes_on: bool) -> None:
    world = town(board={"enabled": True})
    world.agent_replies(world.citizen_asks(ANNA))
    world.sync()
    world.advance("2026-11-25 17:00")
    with _unreadable(world, "INBOX", until="2026-11-26 17:00"):
        world.citizen_writes(PERE, "Beca", "On es demana la beca?")
        world.clock.forward(minutes=10)
        (uid,) = world.mailbox.folders[ANSWERED].messages
        world.mailbox.move(ANSWERED, uid, MINE)
        world.turn()
    world.sync()
    assert (world.cases()[0]["status"], world.cases()[0]["due_at"][:10]) == ("open", "2026-11-27")
    if goes_on:
        _goes_on(world)
    _rebuilt(world)


def test_a_message_that_lies_apart_from_its_case_moves_no_case(town: TOWN) -> None:
    """Nothing tells that Sent was read while INBOX was not: the rebuild takes thanks for those of another case."""
    world = town(board={"enabled": True})
    first = world.citizen_writes(ANNA, "Beca", "On es demana la beca?")
    second = world.citizen_asks(ANNA, "Padró", "Com es demana el volant d'empadronament?")
    world.agent_replies(first)
    world.sync()
    world.clock.forward(minutes=10)
    with _unreadable(world, "INBOX", until="2026-11-25 16:00"):
        world.citizen_writes(PERE, "Targeta", "Com puc renovar la targeta?")
        world.citizen_writes(ANNA, "Gràcies", "Moltes gràcies, ja està resolt!")
        world.clock.forward(minutes=10)
        world.agent_replies(second)
    world.sync()
    answered = world.mailbox.folders[ANSWERED].messages
    thanks = next(uid for uid, message in answered.items() if b"resolt" in message.raw)
    world.mailbox.move(ANSWERED, thanks, MINE)
    world.sync()
    world.sync()
    assert [case["status"] for case in world.cases()] == ["answered", "open", "open"]
    _goes_on(world)
    _rebuilt(world)


def test_an_acknowledgement_that_the_limits_hold_back_does_not_tell_that_sent_was_read(town: TOWN) -> None:
    """Pere gets one for the first of his messages alone: Anna's fault was passed on."""
    world = town(people={"technical": ["tecnics@town.example"]}, ack={"per_address_hour": 1})
    answers = {}
    for person in (ANNA, PERE):
        answers[person] = world.agent_replies(world.citizen_asks(person, "Beca", "On es demana la beca?"))
        world.clock.forward(minutes=10)
    with _unreadable(world, "INBOX", "Sent", until="2026-11-26 10:00"):
        fault = world.citizen_writes(ANNA, "Re: Beca", FAULT[1], answers=answers[ANNA])
        world.citizen_writes(PERE, "Padró", "Com puc empadronar-me?")
        world.clock.forward(minutes=10)
        again = world.citizen_writes(PERE, "Re: Beca", "I per al meu fill, on es demana?", answers=answers[PERE])
        world.clock.forward(minutes=10)
        world.agent_answers(fault)
        world.agent_answers(again)
    assert [case["status"] for case in world.cases()] == ["derived", "answered", "open"]
    _rebuilt(world)


def test_a_clock_that_was_ahead_makes_no_message_come_after_its_own_acknowledgement(world: World) -> None:
    world.citizen_writes(ANNA, *FAULT)
    world.clock.forward(minutes=45)
    world.clock.skew = timedelta(hours=7)
    world.turn()
    world.clock.skew = timedelta(0)
    world.turn()
    before = [(case["citizen"], case["number"], case["status"], case["topic"]) for case in world.cases()]
    world.clock.forward(hours=8)
    _goes_on(world)
    lose(world)
    report = rebuild(world, since=local("2026-11-25 08:00"))
    assert report.gone == 0
    after = [(case["citizen"], case["number"], case["status"], case["topic"]) for case in world.cases()]
    assert after[:1] == before
