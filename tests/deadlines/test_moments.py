"""How transit time, the time of an answer and a person's own term change what people see (R18, R19, R32)."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from oacmail.store import command_line
from tests.world import AGENT, ANNA, MADRID, PERE, World, text_of

TOWN = Callable[..., World]


def _arrives_after(world: World, way: timedelta) -> None:
    """Anna's message, received now."""
    mail = world.message(ANNA, "Instància", "Com puc signar la instància?")
    mail.replace_header("Date", format_datetime(world.clock.now() - way))
    world.receive(mail, verdict="dmarc=pass header.from=example.org")


def _listed(world: World) -> list[str]:
    return [row["citizen"] for row in command_line.cases(world.store.con, MADRID, world.clock.now())]


def _why(world: World, number: str) -> list[str]:
    return [line["kind"] for line in command_line.reasons_of_case(world.store.con, MADRID, number) or ()]


def test_a_message_that_was_long_under_way_is_flagged_and_first_while_somebody_waits(town: TOWN) -> None:
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(PERE)
    _arrives_after(world, timedelta(minutes=61))
    _, case = world.cases()
    assert case["delayed"]
    assert "delayed-in-transit" in _why(world, case["number"])
    assert _listed(world) == [ANNA, PERE]
    world.live("2026-11-26 08:00")
    text = text_of(world.received(AGENT, "digest")[-1])
    assert text.index("- 2 · ") < text.index("- 1 · ")
    assert "retardat en trànsit" in text


@pytest.mark.parametrize("way", [timedelta(minutes=60), timedelta(hours=-2), timedelta(days=400)])
def test_an_ordinary_way_and_a_wrong_clock_are_no_delay(world: World, way: timedelta) -> None:
    world.citizen_asks(PERE)
    _arrives_after(world, way)
    assert [case["delayed"] for case in world.cases()] == [False, False]
    assert _listed(world) == [PERE, ANNA]
    assert "delayed-in-transit" not in _why(world, world.cases()[1]["number"])


@pytest.mark.parametrize(
    ("answered", "late", "shown_apart"),
    [
        ("2026-11-26 19:59", False, False),
        ("2026-11-26 20:30", True, True),
        ("2026-11-26 23:59", True, True),
        ("2026-11-27 00:01", True, False),
    ],
)
def test_an_answer_on_the_due_day_after_closing_counts_late_and_is_shown_apart(
    world: World, answered: str, late: bool, shown_apart: bool
) -> None:
    message = world.citizen_asks(ANNA)
    world.advance(answered)
    world.agent_replies(message)
    case = world.case()
    assert (case["answered_at"] > case["due_at"]) is late
    assert case["late_same_day"] is shown_apart
    assert ("answered-late-same-day" in _why(world, case["number"])) is shown_apart


def test_an_answer_of_that_evening_is_not_late_for_a_delayed_message_that_arrives_after_it(town: TOWN) -> None:
    """Her second message counts from its Date, so that it is due before it arrives."""
    world = town(deadline={"clock": "sent_if_plausible"})
    first = world.citizen_asks(ANNA)
    world.agent_replies(first)
    more = world.message(ANNA, "", "I on he de signar el segon full?", answers=first)
    world.mailbox.refused = {"Sent"}
    world.advance("2026-11-26 20:30")
    world.agent_answers(first, "Afegim que també ho podeu fer amb el mòbil.")
    world.advance("2026-11-26 20:40")
    world.receive(more, verdict="dmarc=pass header.from=example.org")
    world.mailbox.refused = set()
    world.turn()
    case = world.case()
    assert (case["status"], case["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    assert not case["late_same_day"]


def test_who_wants_no_reminders_gets_none_of_a_persons_own_term(town: TOWN) -> None:
    world = town(deadline={"remind_hours": 0})
    world.citizen_asks(ANNA, "Instància", "Com puc signar la instància? El termini s'acaba el 4 de desembre.")
    assert world.case()["ends_on"] == "2026-12-04"
    world.live("2026-12-04 10:00", minutes=240)
    assert "remind" not in world.kinds(AGENT)


def test_the_urgent_reminder_names_the_day_on_which_the_persons_own_term_ends(world: World) -> None:
    world.citizen_writes(ANNA, "Instància", "Com puc signar la instància? El termini s'acaba demà!")
    world.live("2026-11-25 16:00", minutes=60)
    (reminder,) = world.received(AGENT)
    assert "Termini de la persona" in text_of(reminder)
    assert "dj. 26/11 |" in text_of(reminder).split("Termini de la persona")[1]
