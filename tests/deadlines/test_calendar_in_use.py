"""The calendar in daily use: the digest of the morning, and a year without holidays in the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oacmail import wiring
from oacmail.workdays import SHIPPED
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, SUPERVISOR, World, text_of

TOWN = Callable[..., World]
DIGEST = {"digest": {"to": [AGENT]}, "deadline": {"remind_hours": 0}}


def test_the_digest_goes_once_at_eight_on_working_days(town: TOWN) -> None:
    world = town(**DIGEST)
    world.citizen_writes(ANNA)
    world.live("2026-11-26 07:59", minutes=30)
    assert world.kinds(AGENT) == ["digest"], "the one of the day on which it was started"
    world.live("2026-11-26 08:00")
    assert world.kinds(AGENT) == ["digest"] * 2
    assert "- 1 · certificat" in text_of(world.received(AGENT)[1])
    world.live("2026-11-27 20:00")
    assert len(world.received(AGENT)) == 3
    world.live("2026-11-30 07:59", minutes=120)
    assert len(world.received(AGENT)) == 3, "none on Saturday and Sunday"
    world.live("2026-11-30 12:00")
    assert len(world.received(AGENT)) == 4


def test_a_late_start_still_sends_the_digest_of_the_day(town: TOWN) -> None:
    world = town(now="2026-11-25 07:00", **DIGEST)
    world.turn_at("2026-11-25 19:45")
    world.turn()
    assert world.kinds(AGENT) == ["digest"]


@pytest.mark.parametrize("moment", ["2026-12-08 09:00", "2026-11-28 09:00", "2026-11-25 20:00", "2026-11-25 07:59"])
def test_no_digest_on_a_holiday_or_outside_hours(town: TOWN, moment: str) -> None:
    world = town(now=moment, **DIGEST)
    world.turn()
    assert world.kinds(AGENT) == []


def test_the_digest_is_of_numbers_not_of_people(town: TOWN) -> None:
    world = town(now="2026-11-25 07:00", **DIGEST)
    world.citizen_writes(f"Anna Puig <{ANNA}>", "El meu embargament", "Em podeu trucar al 600 111 222?")
    world.live("2026-11-25 08:00")
    digest = world.received(AGENT)[0]
    html = text_of(digest, "html")
    text = "\n".join((str(digest["Subject"]), text_of(digest), html))
    assert "tarda: 1" in text
    assert not any(word in text for word in ("Puig", ANNA, "embargament", "600"))


def test_the_digest_lists_what_is_late_and_what_waits_for_a_person(town: TOWN) -> None:
    world = town(**DIGEST)
    world.citizen_writes(ANNA)
    world.citizen_writes("fals@example.org", dmarc="fail")
    world.live("2026-11-27 08:00", minutes=30)
    mail = world.received(AGENT)[-1]
    assert "2 vençuts" in str(mail["Subject"])
    assert "DMARC" in text_of(mail)


def test_the_digest_counts_the_calls_to_be_made_by_their_slot(town: TOWN) -> None:
    world = town(now="2026-11-25 07:00", **DIGEST)
    world.citizen_writes(ANNA, "Truqueu-me", "Em podeu trucar al 600 111 222? Al matí, si us plau.")
    world.citizen_writes(PERE, "Truqueu-me", "Em podeu trucar al 600 111 333 a la tarda?")
    world.citizen_writes(MARTA, "Truqueu-me", "Truqueu-me al 600 111 444, a qualsevol hora.")
    answered = world.citizen_asks("joan@example.org", "Truqueu-me", "Em podeu trucar al 600 111 555 al matí?")
    world.agent_answers(answered)
    world.live("2026-11-25 08:00")
    assert "- matí: 1\n- tarda: 2, 3\n" in text_of(world.received(AGENT)[-1])


def test_a_case_that_was_answered_no_longer_waits_for_a_person(world: World) -> None:
    message = world.citizen_asks(ANNA, dmarc="fail")
    assert world.reviews() == ["dmarc-fail"]
    world.agent_replies(message)
    assert world.reviews() == []


# --- a year without a calendar ------------------------------------------------------------------------


@pytest.fixture
def forgotten(town: TOWN, tmp_path: Path) -> Callable[[str], World]:
    """A town whose holiday file ends with 2026."""
    text = SHIPPED.read_text("utf-8")
    file = tmp_path / "festius.toml"
    file.write_text(text[: text.index("[2027]")], "utf-8")
    return lambda now: town(now=now, office={"holidays": str(file)}, digest={"to": [AGENT]})


def test_a_message_becomes_a_case_in_a_year_without_calendar(forgotten: Callable[[str], World]) -> None:
    world = forgotten("2027-03-10 10:00")
    world.citizen_asks(ANNA)
    assert world.case()["due_at"] == "2027-03-11T20:00:00+01:00"
    assert "el següent dia hàbil" in text_of(world.received(ANNA)[0])
    assert "11 de març" not in text_of(world.received(ANNA)[0])


def test_no_day_is_promised_that_lies_in_a_year_without_calendar(forgotten: Callable[[str], World]) -> None:
    world = forgotten("2026-12-30 21:00")
    world.restart(deadline={"business_days": 2})
    world.citizen_asks(ANNA)
    assert world.case()["due_at"] == "2027-01-01T20:00:00+01:00"
    assert "gener" not in text_of(world.received(ANNA)[0])


def test_its_deadlines_run_on_from_monday_to_friday(forgotten: Callable[[str], World]) -> None:
    world = forgotten("2027-03-12 10:00")
    world.citizen_writes(ANNA)
    world.live("2027-03-16 09:00", minutes=120)
    assert world.kinds(SUPERVISOR) == ["overdue"]
    assert world.kinds(AGENT).count("digest") == 3, "Friday, Monday, Tuesday"


# --- looking ahead ------------------------------------------------------------------------------------


def test_from_november_the_operator_hears_once_that_next_years_list_is_not_official(town: TOWN) -> None:
    world = town(now="2026-10-31 09:00", digest={"to": [AGENT]})
    wiring.check_calendar(world.config, world.engine)
    world.live("2026-11-01 09:00")
    assert world.received(OPERATOR) == []
    for day in (2, 3):
        wiring.check_calendar(world.config, world.engine)
        world.live(f"2026-11-0{day} 09:00")
    (mail,) = world.received(OPERATOR)
    assert "El calendari de festius de 2027 és provisional" in str(mail["Subject"])
    assert "2027 és provisional" in text_of(world.received(AGENT)[-1])


def test_a_list_that_was_entered_is_no_problem_any_more(town: TOWN, tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8")
    file = tmp_path / "festius.toml"
    file.write_text(text[: text.index("[2027]")], "utf-8")
    world = town(now="2027-01-11 09:00", office={"holidays": str(file)})
    wiring.check_calendar(world.config, world.engine)
    assert world.problems() == {"calendar_missing:2027"}
    file.write_text(text.replace("provisional = true", "provisional = false"), "utf-8")
    wiring.check_calendar(world.config, world.engine)
    assert world.problems() == set()
