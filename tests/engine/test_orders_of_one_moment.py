"""Orders and moves that name one case several times in one moment count one by one: no second one bears the key of the
first."""

from collections.abc import Callable

import pytest

from tests.engine.test_board import DERIVED, MINE, OPEN, quiet
from tests.engine.world import AGENT, ANNA, PASS, World

TECHNICAL = "tecnics@town.example"
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
    message = world.citizen_writes(ANNA, *FAULT)
    world.turn()
    world.agent_answers(message, "Ho mirem.")
    world.turn()
    notice = world.received(AGENT)[-1]
    orders = world.message(AGENT, "", "#deriva\n#nivell1\n#deriva", answers=notice)
    world.deliver(orders, verdict=PASS)
    world.turn()
    assert world.case()["status"] == "derived"
    assert _running(world).count("nudge") == _running(world).count("update") == 1
    assert world.kinds(ANNA)[-1] == "passed_on"


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
