"""Orders and moves that name one case several times in one moment count one by one: no second one bears the key of the
first."""

from collections.abc import Callable

import pytest

from tests.board.test_board import DERIVED, MINE, OPEN, quiet
from tests.world import AGENT, ANNA, PASS, TECHNICAL, World, text_of

FAULT = ("Error 500 a la seu", "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància.")


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    return town(people={"technical": [TECHNICAL]}, board={"enabled": True})


def _running(world: World) -> list[str]:
    """The kinds of the deadlines that nothing has ended."""
    rows = world.rows("SELECT kind FROM deadlines WHERE withdrawn_at IS NULL AND met_at IS NULL AND fired_at IS NULL")
    return sorted(row["kind"] for row in rows)


def test_orders_of_one_mail_count_one_by_one(world: World) -> None:
    """Derived, taken back and derived again: the services are reminded, and the person hears of it."""
    world.agent_replies(world.citizen_asks(ANNA, *FAULT), "Ho mirem.")
    notice = world.received(AGENT)[-1]
    world.receive(world.message(AGENT, "", "#deriva\n#nivell1\n#deriva", answers=notice), verdict=PASS)
    assert world.case()["status"] == "derived"
    assert _running(world).count("nudge") == _running(world).count("update") == 1
    assert world.kinds(ANNA)[-1] == "passed_on"


def test_a_question_keeps_its_own_day_where_the_order_before_it_was_read_late(world: World) -> None:
    """The order's promise begins when it is read, on Thursday; she wrote on Wednesday."""
    world.agent_replies(world.citizen_asks(ANNA, *FAULT), "Ho mirem.")
    notice = world.received(AGENT)[-1]
    world.receive(world.message(AGENT, "", "#deriva", answers=notice), verdict=PASS)
    world.mailbox.away = True
    world.receive(world.message(AGENT, "", "#nivell1", answers=notice), verdict=PASS)
    world.clock.forward(minutes=5)
    world.citizen_asks(ANNA, "", "I mentrestant com presento la instància?", answers=world.received(ANNA)[0])
    world.advance("2026-11-26 10:00")
    world.mailbox.away = False
    world.turn()
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert "dijous 26 de novembre" in text_of(world.received(ANNA)[-1])


def test_moves_of_one_case_in_one_moment_count_one_by_one(world: World) -> None:
    """To the services, back to an agent, to the services again: somebody is reminded, and the person hears of it."""
    first = world.citizen_writes(ANNA)
    for text in ("I on he de signar?", "I quan obriu?"):
        world.clock.forward(minutes=5)
        world.citizen_writes(ANNA, "", text, answers=first)
    world.turn()
    in_turn = world.rows("SELECT uid FROM sightings WHERE folder = ? ORDER BY fingerprint", OPEN)  # as they are read
    for row, folder in zip(in_turn, (DERIVED, MINE, DERIVED), strict=True):
        world.mailbox.move(OPEN, row["uid"], folder)
    quiet(world)
    world.turn()
    assert world.case()["status"] == "derived"
    assert _running(world) == ["nudge", "update"]
    assert world.kinds(ANNA) == ["ack", "passed_on"]


def test_an_order_finds_what_the_order_above_it_has_sent(world: World) -> None:
    """The person is told once that the case was passed on, also if two lines of one mail say so."""
    world.agent_replies(world.citizen_asks(ANNA, *FAULT), "Ho mirem.")
    world.receive(world.message(AGENT, "", "#deriva\n#deriva", answers=world.received(AGENT)[-1]), verdict=PASS)
    assert world.kinds(ANNA).count("passed_on") == 1
    assert "el cas ja és a nivell 2" in text_of(world.received(AGENT)[-1])


def test_orders_of_one_mail_are_all_written_or_none(world: World) -> None:
    """A fault at the second undoes the first; when the mail is tried again, both count once."""
    world.citizen_asks(ANNA, *FAULT)
    fault = "BEFORE INSERT ON events WHEN NEW.kind = 'note' BEGIN SELECT RAISE(ABORT, 'planted'); END"
    world.store.con.execute(f"CREATE TEMP TRIGGER planted {fault}")
    world.receive(world.message(AGENT, "", "#meu\n#nota Ha trucat.", answers=world.received(AGENT)[-1]), verdict=PASS)
    assert world.case()["assignee"] is None
    assert "transcript" not in world.kinds(AGENT)
    world.store.con.execute("DROP TRIGGER planted")
    world.turn()
    assert world.case()["assignee"] == "agent"
    assert world.notes() == ["Ha trucat."]
    assert world.kinds(AGENT).count("transcript") == 1
