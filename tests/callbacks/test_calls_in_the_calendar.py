"""The notice of an agreed call carries it as a calendar shows it (RFC 5545, 5546), and so do its changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from icalendar import Calendar, Event

from oacmail.privacy.erasure import forget
from oacmail.workdays import SHIPPED
from testbed.people import PAU
from tests.callbacks.test_callbacks import SUBJECT, _asks_for_a_call
from tests.world import AGENT, ANNA, OFFICE, World, text_of

TOWN = Callable[..., World]
MONDAY_AFTERNOON = ("2026-11-30T13:00Z", "2026-11-30T19:00Z")
TUESDAY_MORNING = ("2026-12-01T07:00Z", "2026-12-01T13:00Z")
TUESDAY_AFTERNOON = ("2026-12-01T13:00Z", "2026-12-01T19:00Z")


def _parts(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.walk() if part.get_content_type() == "text/calendar"]


def _event(mail: EmailMessage) -> tuple[str, Event]:
    """The method of the calendar in the mail, and its event."""
    (part,) = _parts(mail)
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert b"\n" not in data.replace(b"\r\n", b"")
    calendar = Calendar.from_ical(data.decode())
    assert part.get_param("method") == calendar["METHOD"]
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), cast(Event, event)


def _shown(mail: EmailMessage) -> tuple[str, str, int, tuple[str, str]]:
    """Method, status, sequence, and begin and end in UTC."""
    method, event = _event(mail)
    moments = [cast(datetime, event.decoded(name)) for name in ("DTSTART", "DTEND")]
    assert all(moment.tzinfo is UTC or moment.utcoffset() == UTC.utcoffset(None) for moment in moments)
    begins, ends = (f"{moment:%Y-%m-%dT%H:%M}Z" for moment in moments)
    return method, str(event["STATUS"]), int(event.decoded("SEQUENCE")), (begins, ends)


def _assigned(world: World) -> EmailMessage:
    world.obey("assign", world.case()["number"], name="agent")
    return world.received(AGENT, "call")[-1]


def test_our_copy_of_the_acknowledgement_of_a_call_is_known_as_ours(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    (ack,) = world.received(ANNA)
    assert _parts(ack)
    assert world.reviews() == []
    assert world.mail()["copied_at"]


def test_the_acknowledgement_of_a_call_carries_the_slot_the_end_of_the_number_and_the_case(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    (ack,) = world.received(ANNA)
    event = _event(ack)[1]
    assert _shown(ack) == ("PUBLISH", "CONFIRMED", 0, TUESDAY_MORNING)
    assert str(event["SUMMARY"]) == "Trucada de OAC 360"
    assert str(event["DESCRIPTION"]).startswith(f"Cas {world.case()['number']}. Us trucarem al telèfon acabat en 678.")
    assert str(event["UID"]) == f"{world.case()['number']}.call@{OFFICE.partition('@')[2]}"
    assert str(event["ORGANIZER"]) == f"mailto:{OFFICE}"
    assert "ATTENDEE" not in event
    assert str(event["TRANSP"]) == "TRANSPARENT"


def test_it_stands_beside_the_text_as_a_file_since_exchange_shows_a_published_alternative_as_raw_lines(
    town: TOWN,
) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world)
    (ack,) = world.received(ANNA)
    assert ack.get_content_type() == "multipart/mixed"
    body, calendar = ack.iter_parts()
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    assert calendar.get_filename() == "call.ics"
    assert calendar.get_content_disposition() == "attachment"


def test_nothing_that_the_person_wrote_stands_in_the_calendar(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " entre les 10 i les 12")
    data = str(_parts(world.received(ANNA)[0])[0].get_payload(decode=True))
    assert all(word not in data for word in ("612 345", "612345", "Anna", ANNA, "instància", SUBJECT))
    assert "10–12 h" in str(_event(world.received(ANNA)[0])[1]["DESCRIPTION"])


def test_a_mail_that_agrees_on_no_call_has_no_calendar(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    world.citizen_asks(ANNA)
    _asks_for_a_call(world, number="")
    assert [_parts(mail) for mail in world.received(ANNA)] == [[], []]


def test_who_moves_the_call_is_told_and_the_same_event_moves(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    first, told = world.received(ANNA)[0], _assigned(world)
    world.citizen_asks(ANNA, "", "Millor a la tarda, si pot ser. Gràcies!", answers=first)
    again, moved = world.received(ANNA)[-1], world.received(AGENT, "call")[-1]
    for before, after in ((first, again), (told, moved)):
        assert _shown(before) == ("PUBLISH", "CONFIRMED", 0, TUESDAY_MORNING)
        assert _shown(after) == ("PUBLISH", "CONFIRMED", 1, TUESDAY_AFTERNOON)
        assert _event(after)[1]["UID"] == _event(before)[1]["UID"]
        assert _event(after)[1].decoded("DTSTAMP") >= _event(before)[1].decoded("DTSTAMP")
    assert "678" not in str(_parts(moved)[0].get_payload(decode=True))
    assert world.kinds(ANNA) == ["ack", "ack"]


@pytest.mark.parametrize(
    ("reply", "moved_to"),
    [
        ("Millor a la tarda.", TUESDAY_AFTERNOON),
        ("Millor avui a la tarda.", MONDAY_AFTERNOON),
        ("Millor demà a la tarda.", TUESDAY_AFTERNOON),
        ("Millor dimecres a la tarda.", TUESDAY_AFTERNOON),  # after the day on which an answer is due
        ("Truqueu-me a la tarda al 611 223 344.", TUESDAY_AFTERNOON),
    ],
)
def test_a_reply_keeps_the_day_that_was_agreed_unless_it_names_one(
    town: TOWN, reply: str, moved_to: tuple[str, str]
) -> None:
    world = town(now="2026-11-30 08:50")
    _asks_for_a_call(world, " demà al matí")
    first = world.received(ANNA)[0]
    assert _shown(first)[3] == TUESDAY_MORNING
    world.citizen_asks(ANNA, "", reply, answers=first)
    assert _shown(world.received(ANNA)[-1])[3] == moved_to


def test_the_day_that_was_kept_stands_when_the_call_is_told_in_another_language(town: TOWN) -> None:
    world = town(now="2026-11-30 08:50")
    _asks_for_a_call(world, " demà al matí")
    world.citizen_asks(ANNA, "", "Millor a la tarda.", answers=world.received(ANNA)[0])
    world.citizen_asks(ANNA, "", "castellano", answers=world.received(ANNA)[-1])
    assert _shown(world.received(ANNA)[-1]) == ("PUBLISH", "CONFIRMED", 1, TUESDAY_AFTERNOON)


def test_the_agent_hears_of_a_call_put_off_by_a_late_number_and_not_that_another_time_was_asked_for(
    town: TOWN,
) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    _assigned(world)
    world.advance("2026-12-01 15:00")
    world.citizen_asks(ANNA, "", "Perdoneu, truqueu-me al 611 223 344.", answers=world.received(ANNA)[0])
    told = world.received(AGENT, "call")[-1]
    assert "és ara dimecres 2 de desembre" in text_of(told)
    assert "demanat" not in text_of(told)
    assert "fitxer adjunt" in text_of(told)


@pytest.mark.parametrize("order", ["", "escalate"])
def test_the_agent_is_pointed_to_no_file_where_the_year_has_no_calendar(town: TOWN, tmp_path: Path, order: str) -> None:
    holidays = tmp_path / "festius.toml"
    holidays.write_text(SHIPPED.read_text("utf-8").partition("[2027]")[0], "utf-8")
    world = town(now="2027-03-10 13:50", office={"holidays": str(holidays)})
    _asks_for_a_call(world, " al matí")
    world.obey("assign", world.case()["number"], name="agent")
    if order:
        world.obey(order, world.case()["number"])
    else:
        world.citizen_asks(ANNA, "", "Millor a la tarda.", answers=world.received(ANNA)[0])
    told = world.received(AGENT, "call")[-1]
    assert _parts(told) == []
    assert "adjunt" not in text_of(told)
    assert ("cancel·lada" if order else "ha canviat d'hora") in f"{told['Subject']} {text_of(told)}"


def test_the_hours_that_the_person_names_later_are_told_and_change_the_event(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    world.citizen_asks(ANNA, "", "Entre les 10 i les 12, si pot ser.", answers=world.received(ANNA)[0])
    assert _shown(world.received(ANNA)[-1]) == ("PUBLISH", "CONFIRMED", 1, TUESDAY_MORNING)
    assert "10–12 h" in str(_event(world.received(ANNA)[-1])[1]["DESCRIPTION"])


def test_the_same_call_told_again_is_the_same_event(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    world.citizen_asks(ANNA, "", "castellano", answers=world.received(ANNA)[0])
    again = world.received(ANNA)[-1]
    assert _shown(again) == ("PUBLISH", "CONFIRMED", 0, TUESDAY_MORNING)
    assert str(_event(again)[1]["SUMMARY"]) == "Llamada de OAC 360"


def test_another_number_moves_nothing_and_is_told_to_nobody(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    world.citizen_asks(ANNA, "", "Perdoneu, truqueu-me millor al 611 223 344.", answers=world.received(ANNA)[0])
    assert world.kinds(ANNA) == ["ack"]


def test_a_call_that_nobody_makes_any_more_is_cancelled_for_the_person_and_the_agent(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    first = world.received(ANNA)[0]
    _assigned(world)
    world.obey("escalate", world.case()["number"])
    passed_on, called_off = world.received(ANNA, "passed_on")[-1], world.received(AGENT, "call")[-1]
    for mail in (passed_on, called_off):
        assert _shown(mail) == ("CANCEL", "CANCELLED", 1, TUESDAY_MORNING)
        assert _event(mail)[1]["UID"] == _event(first)[1]["UID"]
        assert str(_event(mail)[1]["SUMMARY"]).startswith("Cancel·lada: ")


def test_a_call_over_the_change_to_summer_time_stands_at_the_hour_of_the_office(town: TOWN) -> None:
    world = town(now="2026-03-27 21:00")
    _asks_for_a_call(world)
    assert _shown(world.received(ANNA)[0])[3] == ("2026-03-30T06:00Z", "2026-03-30T18:00Z")


def test_who_takes_the_case_by_an_order_has_its_call(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    world.staff_says(AGENT, world.case()["number"], "MEU")
    assert world.case()["assignee"] == "agent"
    world.staff_says(AGENT, world.case()["number"], "NOTA: la truco demà")
    (told,) = world.received(AGENT, "call")
    assert _shown(told) == ("PUBLISH", "CONFIRMED", 0, TUESDAY_MORNING)
    assert "que porteu, està acordada per a dimarts 1 de desembre" in text_of(told)
    assert "el vostre calendari l'apunta" in text_of(told)


@pytest.mark.parametrize(("hour", "carries"), [("2026-11-30 14:00", 1), ("2026-12-01 14:30", 0)])
def test_an_agent_gets_the_call_with_the_case_until_its_slot_is_over(town: TOWN, hour: str, carries: int) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    world.advance(hour)
    world.obey("assign", world.case()["number"], name="agent")
    assert len(world.received(AGENT, "call")) == carries
    for told in world.received(AGENT, "call"):
        assert str(_event(told)[1]["SUMMARY"]) == f"Trucada: cas {world.case()['number']}"


def _two_agents(town: TOWN) -> tuple[World, EmailMessage, EmailMessage]:
    """A call that one of two agents has; the request, and the mail by which the agent has it."""
    world = town(now="2026-11-30 13:50", people={"agents": [AGENT, PAU]})
    return world, _asks_for_a_call(world, " al matí"), _assigned(world)


@pytest.mark.parametrize("by", ["admin", "mail", "other"])
def test_a_call_leaves_the_calendar_of_the_agent_who_had_the_case_and_no_other(town: TOWN, by: str) -> None:
    world, _, had = _two_agents(town)
    number = world.case()["number"]
    if by == "admin":
        world.obey("assign", number, name="pau")
    else:
        world.staff_says(AGENT if by == "mail" else PAU, number, "ASSIGNA: pau" if by == "mail" else "MEU")
    told = world.received(AGENT, "call")[-1]
    assert _shown(told) == ("CANCEL", "CANCELLED", 1, TUESDAY_MORNING)
    assert _event(told)[1]["UID"] == _event(had)[1]["UID"]
    assert "Ja no porteu el cas" in text_of(told)
    assert "ara el porta pau" in text_of(told)
    (has,) = world.received(PAU, "call")
    assert _shown(has) == ("PUBLISH", "CONFIRMED", 1, TUESDAY_MORNING)
    assert world.kinds(ANNA) == ["ack"]


def test_a_case_that_returns_to_an_agent_brings_its_call_back_into_their_calendar(town: TOWN) -> None:
    world, *_ = _two_agents(town)
    for name in ("pau", "agent", ""):
        world.clock.forward(seconds=1)
        world.obey("assign", world.case()["number"], name=name)
    seen = [_shown(mail)[:3] for mail in world.received(AGENT) if _parts(mail)]
    published = ("PUBLISH", "CONFIRMED")
    assert seen == [(*published, 0), ("CANCEL", "CANCELLED", 1), (*published, 2), ("CANCEL", "CANCELLED", 3)]
    assert [_shown(mail)[2] for mail in world.received(PAU) if _parts(mail)] == [1, 2]


def test_a_case_assigned_to_the_agent_who_has_it_changes_no_calendar(town: TOWN) -> None:
    world, *_ = _two_agents(town)
    world.obey("assign", world.case()["number"], name=AGENT)
    assert len(world.received(AGENT, "call")) == 1


@pytest.mark.parametrize("answer", ["mail", "call"])
def test_an_answer_takes_the_call_that_it_settles_out_of_the_agents_calendar(town: TOWN, answer: str) -> None:
    world, asked, had = _two_agents(town)
    ack = world.received(ANNA)[0]
    assert "Si abans us responem per correu, potser ja no us trucarem." in str(_event(ack)[1]["DESCRIPTION"])
    if answer == "mail":
        world.agent_replies(asked)
    else:
        world.obey("log-call", world.case()["number"])
    told = world.received(AGENT, "call")[-1]
    assert _shown(told) == ("CANCEL", "CANCELLED", 1, TUESDAY_MORNING)
    assert _event(told)[1]["UID"] == _event(had)[1]["UID"]
    assert "ja no consta pendent" in text_of(told)
    assert world.kinds(ANNA) == ["ack"]


def _merge(world: World) -> None:
    world.citizen_asks(ANNA, "Una altra cosa", "Com demano un volant de padró?")
    first, second = (case["number"] for case in world.cases())
    world.obey("merge", first, into=second)


def _erase(world: World) -> None:
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    world.turn()


def _number(world: World) -> str:
    return str(world.cases()[0]["number"])


def _close(reason: str) -> Callable[[World], object]:
    return lambda world: world.obey("close", _number(world), reason=reason)


ENDS: Mapping[str, Callable[[World], object]] = {
    **{f"closed as {reason}": _close(reason) for reason in ("spam", "duplicate", "contact", "answered")},
    "closed by an order": lambda world: world.staff_says(AGENT, _number(world), "TANCA BROSSA"),
    "merged": _merge,
    "intent corrected": lambda world: world.obey("set", _number(world), intent="question"),
    "passed on": lambda world: world.obey("escalate", _number(world)),
    "called": lambda world: world.obey("log-call", _number(world)),
    "assigned to nobody": lambda world: world.obey("assign", _number(world), name=""),
    "erased": _erase,
}


@pytest.mark.parametrize("end", ENDS)
def test_a_call_leaves_the_agents_calendar_however_its_case_ends(town: TOWN, end: str) -> None:
    world, _, had = _two_agents(town)
    ENDS[end](world)
    world.turn()
    shown = [_shown(mail) for mail in world.received(AGENT, "call")]
    assert shown == [_shown(had), ("CANCEL", "CANCELLED", 1, TUESDAY_MORNING)]
    assert "Trucada cancel·lada" in str(world.received(AGENT, "call")[-1]["Subject"])
    assert world.received(PAU, "call") == []


def test_who_has_the_case_that_goes_on_has_the_call_of_the_one_that_was_merged_into_it(town: TOWN) -> None:
    world, *_ = _two_agents(town)
    world.citizen_asks(ANNA, "Una altra cosa", "Com demano un volant de padró?")
    first, second = (case["number"] for case in world.cases())
    world.obey("assign", second, name="pau")
    world.obey("merge", first, into=second)
    assert [_shown(mail)[0] for mail in world.received(AGENT, "call")] == ["PUBLISH", "CANCEL"]
    (has,) = world.received(PAU, "call")
    assert _shown(has) == ("PUBLISH", "CONFIRMED", 0, TUESDAY_MORNING)
    assert second in text_of(has)


def test_a_call_that_is_asked_for_anew_is_in_the_calendar_of_who_has_the_case(town: TOWN) -> None:
    world, asked, _ = _two_agents(town)
    world.agent_replies(asked)
    world.clock.forward(seconds=60)
    world.citizen_asks(ANNA, "", "No me'n surto. Em podeu trucar al 612 345 678 a la tarda?", answers=asked)
    assert _shown(world.received(ANNA)[-1])[0] == "PUBLISH"
    shown = [_shown(mail) for mail in world.received(AGENT, "call")]
    assert shown[-1] == ("PUBLISH", "CONFIRMED", 2, _shown(world.received(ANNA)[-1])[3])
    assert [method for method, *_ in shown] == ["PUBLISH", "CANCEL", "PUBLISH"]


def test_a_question_after_the_answer_brings_no_call_back(town: TOWN) -> None:
    world, asked, _ = _two_agents(town)
    world.agent_replies(asked)
    world.clock.forward(seconds=60)
    world.citizen_asks(ANNA, "", "Gràcies. I com pago la taxa de la instància?", answers=asked)
    assert world.case()["status"] == "open"
    assert [_shown(mail)[0] for mail in world.received(AGENT, "call")] == ["PUBLISH", "CANCEL"]


def test_an_answer_at_night_takes_the_call_of_the_morning_out_of_the_calendar_at_the_opening(town: TOWN) -> None:
    world, asked, _ = _two_agents(town)
    world.advance("2026-11-30 21:00")
    world.agent_replies(asked)
    assert len(world.received(AGENT, "call")) == 1
    world.advance("2026-12-01 08:00")
    world.turn()
    assert _shown(world.received(AGENT, "call")[-1]) == ("CANCEL", "CANCELLED", 1, TUESDAY_MORNING)


def test_an_answer_in_the_slot_of_the_call_leaves_the_calendar_alone(town: TOWN) -> None:
    world, *_ = _two_agents(town)
    world.advance("2026-12-01 09:00")
    world.obey("log-call", world.case()["number"])
    assert len(world.received(AGENT, "call")) == 1


def test_a_mail_of_ours_that_calls_the_call_off_does_so_once(town: TOWN) -> None:
    world, *_ = _two_agents(town)
    world.advance("2026-12-01 09:00")
    for _ in range(2):
        world.obey("log-call", world.case()["number"], outcome="not-reached")
    assert world.kinds(ANNA) == ["ack", "not_reached"]
    told = "SELECT count(*) AS told FROM events WHERE kind = 'call-told' AND json_extract(data, '$.agent') = ''"
    assert world.rows(told) == [{"told": 2}]
