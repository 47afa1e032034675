"""Two agents who answer the same person within minutes are both told; a second question in between is no reason."""

from collections.abc import Callable

import pytest

from tests.orders.test_orders import reply
from tests.world import AGENT, ANNA, SUPERVISOR, World, text_of

COLLEAGUE = "pere@town.example"
TOWN = Callable[..., World]


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people={"agents": [AGENT, COLLEAGUE]})


def test_both_are_told_once_with_the_two_hours(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.advance("2026-11-25 10:00")
    world.agent_replies(asked, "Ho heu de fer amb l'idCAT.")
    world.advance("2026-11-25 10:04")
    world.agent_replies(asked, "No cal cap certificat.")
    world.advance("2026-11-25 10:06")
    world.agent_replies(asked, "Perdoneu, sí que cal.")
    assert world.kinds(AGENT) == world.kinds(COLLEAGUE) == ["answered_twice"]
    assert "a les 10 h i a les 10.04 h" in text_of(world.received(AGENT)[0])
    assert "certificat" not in text_of(world.received(AGENT)[0])
    assert world.kinds(ANNA) == ["ack"]


def test_an_answer_later_is_an_ordinary_one(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked, "Ho heu de fer amb l'idCAT.")
    world.advance("2026-11-25 09:20")
    world.agent_replies(asked, "Un detall més: el codi arriba per SMS.")
    assert world.kinds(AGENT) == []


def test_two_answers_to_two_questions_are_right(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked, "Ho heu de fer amb l'idCAT.")
    world.advance("2026-11-25 09:05")
    again = world.citizen_asks(ANNA, "Re: consulta", "I on el demano?", answers=asked)
    world.advance("2026-11-25 09:08")
    world.agent_replies(again, "A la web de l'AOC.")
    assert world.kinds(AGENT) == []


def test_an_order_before_the_answer_is_no_answer(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.turn_at("2026-11-26 20:05")
    world.turn_at("2026-11-27 08:00")
    reply(world, world.received(SUPERVISOR)[0], "#nota he trucat abans")
    world.turn()
    assert [
        row["verb"]
        for row in world.rows("SELECT json_extract(data, '$.verb') AS verb FROM events WHERE kind = 'ordered'")
    ] == ["note"]
    world.agent_replies(asked)
    assert "answered_twice" not in world.kinds(AGENT)
