"""What the technical services say at night: the agents hear of it in the morning, if it is still so then."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.services.test_services_reply import FAULT, _reply, _told
from tests.world import AGENT, ANNA, FORMS, TECHNICAL, World

TOWN = Callable[..., World]


@pytest.fixture
def world(town: TOWN) -> World:
    return town(now="2026-11-25 19:00", people={"technical": [TECHNICAL], "forms": [FORMS]})


def _derived(world: World, text: str = FAULT[1]) -> EmailMessage:
    """Derived by itself; the derivation mail."""
    world.citizen_asks(ANNA, FAULT[0], text)
    return world.received(TECHNICAL)[-1]


def _said_at_night(world: World, notice: EmailMessage, text: str) -> None:
    world.advance("2026-11-25 22:30")
    _reply(world, notice, text)


@pytest.mark.parametrize(("text", "kind"), [("3", "services"), ("1", "solved")])
def test_what_the_services_say_at_night_stops_the_notice_of_the_derivation(world: World, text: str, kind: str) -> None:
    """It would say in the morning that they have the case."""
    world.advance("2026-11-25 22:00")
    _said_at_night(world, _derived(world), text)
    world.live("2026-11-26 09:00")
    assert "second_level" not in world.kinds(AGENT)
    assert kind in world.kinds(AGENT)


@pytest.mark.parametrize(
    ("order", "options"),
    [
        ("escalate", {"why": "Encara dona error 500"}),
        ("not-theirs", {}),
        ("set", {"level": "first"}),
        ("close", {"reason": "duplicate"}),
    ],
)
def test_what_is_not_solved_after_all_stops_the_notice_of_the_morning(
    world: World, order: str, options: dict[str, str]
) -> None:
    """It would say to the agents that the case is solved, and to tell the person so."""
    _said_at_night(world, _derived(world), "1")
    world.order(order, world.case()["number"], **options)
    world.live("2026-11-26 09:00")
    assert "solved" not in world.kinds(AGENT)


def test_a_solved_case_that_joins_an_unsolved_one_stops_the_notice_of_the_morning(world: World) -> None:
    _derived(world)
    second = _derived(world, FAULT[1] + " I avui també.")
    assert second["X-Oacmail-Case"] == "OAC-2026-000002"
    _said_at_night(world, second, "1")
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    world.live("2026-11-26 09:00")
    assert "solved" not in world.kinds(AGENT)


def test_the_notice_of_the_morning_says_solved_while_it_is_so(world: World) -> None:
    _said_at_night(world, _derived(world), "1")
    assert "solved" not in world.kinds(AGENT)
    world.live("2026-11-26 09:00")
    assert "cal dir-ho a la persona" in str(_told(world)[0]["Subject"])
