"""The deadline calendar: the worked examples of the domain, and properties that hold for any moment."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from workalendar.europe import Catalonia

from oacmail import wiring
from oacmail.core.calendar import (
    add_working_days,
    answer_due,
    callback_due,
    callback_offer,
    clock_start,
    due_day,
    escalation_at,
    explain,
    in_hours,
    next_opening,
    next_opening_after,
    next_working_day,
    service_hours_before,
)
from oacmail.core.days_named import day_named
from oacmail.core.errors import ConfigError
from oacmail.core.model import Slot
from oacmail.core.order_words import folded
from oacmail.core.policy import Deadlines, Office, People, Policy
from oacmail.host import SystemClock
from oacmail.workdays import SHIPPED, EveryDay, OfficeCalendar
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, SUPERVISOR, World, text_of

MADRID = ZoneInfo("Europe/Madrid")
CALENDAR = OfficeCalendar.read()
POLICY = Policy(
    office=Office(address="oac360@castellbisbal.example", name="OAC 360"),
    people=People(supervisor=("cap@castellbisbal.example",), operator=("sistemes@castellbisbal.example",)),
    workdays=CALENDAR,
    secrets=(b"secret",),
    instance="test",
)
ALL_DAY = replace(
    POLICY,
    workdays=EveryDay(),
    office=replace(POLICY.office, opens=time(0), closes=time.max),
    deadlines=replace(POLICY.deadlines, day_end=time.max),
)


def with_deadlines(**changes: object) -> Policy:
    return replace(POLICY, deadlines=replace(Deadlines(), **changes))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


WORKED = [
    ("2026-11-25T09:00", "2026-11-26", "plain"),
    ("2026-11-27T19:59", "2026-11-30", "Friday before closing"),
    ("2026-11-27T20:01", "2026-11-30", "Friday after closing"),
    ("2026-11-28T11:00", "2026-11-30", "Saturday"),
    ("2026-11-29T23:59", "2026-11-30", "Sunday"),
    ("2026-11-27T23:30+00:00", "2026-11-30", "Friday in UTC, Saturday here"),
    ("2026-11-30T00:01", "2026-12-01", "a new day"),
    ("2026-01-21T10:00", "2026-01-23", "the eve of Sant Vicenç"),
    ("2026-01-22T10:00", "2026-01-23", "Sant Vicenç, a local holiday"),
    ("2026-08-19T12:00", "2026-08-21", "Festa Major, a local holiday"),
    ("2026-04-02T18:00", "2026-04-07", "Good Friday to Easter Monday"),
    ("2026-10-09T12:00", "2026-10-13", "12 October on a Monday"),
    ("2025-12-24T12:00", "2025-12-29", "Christmas 2025"),
    ("2026-12-24T12:00", "2026-12-28", "Christmas 2026"),
    ("2025-12-31T23:30", "2026-01-02", "year end 2025"),
    ("2026-12-31T23:30", "2027-01-04", "year end 2026"),
    ("2027-12-03T12:00", "2027-12-07", "6 December"),
    ("2027-12-07T12:00", "2027-12-09", "8 December"),
    ("2026-10-25T00:30+00:00", "2026-10-26", "02:30 for the first time"),
    ("2026-10-25T01:30+00:00", "2026-10-26", "02:30 for the second time"),
    ("2026-03-29T01:30+00:00", "2026-03-30", "after the hour that spring skips"),
    ("2026-03-29T02:30", "2026-03-30", "the hour that spring skips"),
    ("2027-03-28T01:30+00:00", "2027-03-30", "spring on Easter Sunday"),
    ("2027-10-31T00:30+00:00", "2027-11-02", "autumn, first time, before Tots Sants"),
    ("2027-10-31T01:30+00:00", "2027-11-02", "autumn, second time, before Tots Sants"),
]


@pytest.mark.parametrize(("arrival", "due", "why"), WORKED, ids=[why for *_, why in WORKED])
def test_the_worked_deadlines_of_the_domain(arrival: str, due: str, why: str) -> None:
    assert answer_due(datetime.fromisoformat(arrival), POLICY) == local(f"{due}T20:00")


@pytest.mark.parametrize(
    ("arrival", "due"),
    [
        ("2026-04-02T18:00+02:00", "2026-04-07T20:00+02:00"),
        ("2026-10-25T00:30+00:00", "2026-10-26T19:00+00:00"),
        ("2026-10-25T01:30+00:00", "2026-10-26T19:00+00:00"),
        ("2026-03-29T01:30+00:00", "2026-03-30T18:00+00:00"),
        ("2027-03-28T01:30+00:00", "2027-03-30T18:00+00:00"),
        ("2027-10-31T00:30+00:00", "2027-11-02T19:00+00:00"),
        ("2027-10-31T01:30+00:00", "2027-11-02T19:00+00:00"),
    ],
)
def test_a_deadline_is_stored_in_utc_with_the_offset_of_its_own_day(arrival: str, due: str) -> None:
    answer = answer_due(datetime.fromisoformat(arrival), POLICY)
    assert answer == utc(due)
    assert answer.tzinfo is UTC


@pytest.mark.parametrize(
    ("slot", "offer", "due"),
    [
        ("morning", ("2026-12-01T08:00", "2026-12-01T14:00"), "2026-12-01T14:00"),
        ("afternoon", ("2026-11-30T14:00", "2026-11-30T20:00"), "2026-12-01T20:00"),
        ("any", ("2026-11-30T14:00", "2026-11-30T20:00"), "2026-12-01T20:00"),
    ],
)
def test_a_call_wished_on_monday_at_ten_to_two(slot: Slot, offer: tuple[str, str], due: str) -> None:
    written = local("2026-11-30T13:50")
    assert callback_offer(written, slot, POLICY) == tuple(map(local, offer))
    assert callback_due(written, slot, POLICY) == local(due)


def test_a_year_without_a_calendar_is_never_guessed() -> None:
    with pytest.raises(LookupError, match="2028"):
        answer_due(local("2027-12-31T10:00"), POLICY)


@pytest.mark.parametrize(
    ("arrival", "due"),
    [
        ("2026-11-28T11:00", "2026-12-01"),  # Saturday counts as Monday
        ("2026-11-27T20:00", "2026-12-01"),  # after closing counts as Monday
        ("2026-11-27T19:59", "2026-11-30"),
        ("2026-11-27T07:00", "2026-11-30"),  # before opening is the same day
    ],
)
def test_deemed_next_open_counts_from_the_next_opening(arrival: str, due: str) -> None:
    policy = with_deadlines(non_working_arrival="deemed_next_open")
    assert due_day(local(arrival), policy) == date.fromisoformat(due)


def test_a_day_that_ends_at_24_ends_at_midnight() -> None:
    assert answer_due(local("2026-11-25T09:00"), with_deadlines(day_end=time.max)) == local("2026-11-27T00:00")


def test_without_a_calendar_every_day_is_worked() -> None:
    saturday = local("2026-12-26T03:00")
    assert answer_due(saturday, ALL_DAY) == local("2026-12-28T00:00")
    assert in_hours(saturday, ALL_DAY)
    assert in_hours(local("2026-12-26T23:59:59.999999"), ALL_DAY)


def test_three_business_days_are_counted_over_a_weekend() -> None:
    assert answer_due(local("2026-11-26T09:00"), with_deadlines(business_days=3)) == local("2026-12-01T20:00")


@pytest.mark.parametrize(
    ("sent", "start"),
    [
        ("2026-11-27T23:50", "2026-11-27T23:50"),  # plausible
        ("2026-11-30T23:00", "2026-11-28T00:10"),  # in the future
        ("2026-11-22T23:00", "2026-11-28T00:10"),  # no relay tries so long
    ],
)
def test_the_date_field_counts_only_if_plausible(sent: str, start: str) -> None:
    received = local("2026-11-28T00:10")
    assert clock_start(received, local(sent), with_deadlines(clock="sent_if_plausible")) == local(start)


def test_by_default_only_our_own_receipt_counts() -> None:
    received = local("2026-11-28T00:10")
    assert clock_start(received, local("2026-11-27T23:50"), POLICY) == received
    assert clock_start(received, None, with_deadlines(clock="sent_if_plausible")) == received


@pytest.mark.parametrize(
    ("now", "is_open", "opening"),
    [
        ("2026-11-27T07:59", False, "2026-11-27T08:00"),
        ("2026-11-27T08:00", True, "2026-11-27T08:00"),
        ("2026-11-27T19:59", True, "2026-11-30T08:00"),
        ("2026-11-27T20:00", False, "2026-11-30T08:00"),
        ("2026-11-28T12:00", False, "2026-11-30T08:00"),
        ("2026-04-03T12:00", False, "2026-04-07T08:00"),
        ("2026-01-22T12:00", False, "2026-01-23T08:00"),
    ],
)
def test_the_office_is_open_from_eight_to_eight_on_working_days(now: str, is_open: bool, opening: str) -> None:
    assert in_hours(local(now), POLICY) is is_open
    assert next_opening(local(now), POLICY) == local(opening)


@pytest.mark.parametrize(
    ("now", "opening"),
    [("2026-11-27T07:59", "2026-11-27T08:00"), ("2026-11-27T08:00", "2026-11-30T08:00")],
)
def test_the_opening_after_now_is_never_now(now: str, opening: str) -> None:
    assert next_opening_after(local(now), POLICY) == local(opening)


@pytest.mark.parametrize(
    ("due", "hours", "reminder"),
    [
        ("2026-11-30T20:00", 4, "2026-11-30T16:00"),
        ("2026-11-30T20:00", 12, "2026-11-30T08:00"),
        ("2026-11-30T20:00", 13, "2026-11-27T19:00"),  # over the weekend
        ("2026-11-30T09:00", 4, "2026-11-27T17:00"),
        ("2026-12-01T00:00", 4, "2026-11-30T16:00"),  # a day that ends at 24:00 is worked until 20:00
        ("2026-04-07T10:00", 4, "2026-04-02T18:00"),  # over Easter
        ("2026-10-26T10:00", 4, "2026-10-23T18:00"),  # over the end of summer time
    ],
)
def test_the_reminder_leaves_service_hours_not_hours(due: str, hours: int, reminder: str) -> None:
    assert service_hours_before(local(due), hours, POLICY) == local(reminder)


def test_a_day_of_25_hours_is_25_service_hours_where_the_office_never_closes() -> None:
    assert service_hours_before(local("2026-10-26T00:00"), 25, ALL_DAY) == local("2026-10-25T00:00")


@pytest.mark.parametrize(("level", "at"), [(1, "2026-11-27T08:00"), (2, "2026-11-30T08:00"), (3, "2026-12-01T08:00")])
def test_nobody_is_notified_of_an_overdue_case_at_night_or_on_a_sunday(level: int, at: str) -> None:
    assert escalation_at(local("2026-11-26T20:00"), level, POLICY) == local(at)


def test_where_the_office_never_closes_the_first_level_is_due_at_once() -> None:
    due = answer_due(local("2026-11-25T09:00"), ALL_DAY)
    assert escalation_at(due, 1, ALL_DAY) == due


def test_explain_names_every_day_on_the_way() -> None:
    assert explain(utc("2026-04-02T16:00+00:00"), POLICY) == (
        "received Thursday 2026-04-02 18:00 Europe/Madrid",
        "Friday 2026-04-03: holiday, Divendres Sant (catalonia)",
        "Saturday 2026-04-04: Saturday",
        "Sunday 2026-04-05: Sunday",
        "Monday 2026-04-06: holiday, Dilluns de Pasqua Florida (catalonia)",
        "Tuesday 2026-04-07: working day 1 of 1",
        "answer by Tuesday 2026-04-07 20:00 Europe/Madrid",
    )


def test_explain_says_when_an_arrival_is_moved() -> None:
    lines = explain(local("2026-11-28T11:00"), with_deadlines(non_working_arrival="deemed_next_open"))
    assert lines == (
        "received Saturday 2026-11-28 11:00 Europe/Madrid",
        "outside opening hours: counted as received on Monday 2026-11-30",
        "Tuesday 2026-12-01: working day 1 of 1",
        "answer by Tuesday 2026-12-01 20:00 Europe/Madrid",
    )


class Weekdays:
    """A calendar that cannot say why."""

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5


def test_explain_does_without_reasons() -> None:
    assert "Sunday 2026-11-29: closed" in explain(local("2026-11-28T11:00"), replace(POLICY, workdays=Weekdays()))


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 10), timezones=st.just(UTC))
POLICIES = st.builds(
    with_deadlines,
    business_days=st.integers(1, 4),
    day_end=st.sampled_from([time(14), time(20), time.max]),
    non_working_arrival=st.sampled_from(["literal", "deemed_next_open"]),
)


@given(MOMENTS, POLICIES)
def test_an_answer_is_always_due_later_and_on_a_working_day(received: datetime, policy: Policy) -> None:
    assert answer_due(received, policy) > received
    assert CALENDAR.is_working_day(due_day(received, policy))


@given(MOMENTS, MOMENTS, POLICIES)
def test_who_writes_earlier_is_never_promised_later(one: datetime, other: datetime, policy: Policy) -> None:
    first, second = sorted((one, other))
    assert answer_due(first, policy) <= answer_due(second, policy)


@given(MOMENTS, st.integers(1, 4))
def test_no_more_working_days_are_taken_than_promised(received: datetime, days: int) -> None:
    policy = with_deadlines(business_days=days)
    arrived = received.astimezone(MADRID).date()
    between = ((arrived + timedelta(days=n)) for n in range(1, (due_day(received, policy) - arrived).days + 1))
    assert sum(map(CALENDAR.is_working_day, between)) == days


@given(MOMENTS, st.integers(1, 30))
def test_a_reminder_comes_before_and_never_while_the_office_is_closed(received: datetime, hours: int) -> None:
    due = answer_due(received, POLICY)
    reminder = service_hours_before(due, min(hours, 12), POLICY)
    assert reminder < due
    assert in_hours(reminder, POLICY)


@given(MOMENTS, st.integers(1, 3))
def test_every_escalation_is_at_an_opening_after_the_deadline(received: datetime, level: int) -> None:
    due = answer_due(received, POLICY)
    at = escalation_at(due, level, POLICY)
    assert at > due
    assert at == next_opening(at, POLICY)


def test_zero_working_days_later_is_the_day_itself() -> None:
    sunday = date(2026, 11, 29)
    assert add_working_days(sunday, 0, CALENDAR) == sunday
    assert next_working_day(sunday, CALENDAR) == date(2026, 11, 30)


# The town's calendar file, against what official lists and workalendar say of three years.

LOCAL = {date(year, month, day) for year in (2025, 2026, 2027) for month, day in ((1, 22), (8, 20))}
EVERY_DAY = [date(2025, 1, 1) + timedelta(days=n) for n in range(1095)]


def test_workalendar_agrees_on_every_day_of_three_years_but_the_local_feasts() -> None:
    theirs = Catalonia()
    differing = {day for day in EVERY_DAY if CALENDAR.is_working_day(day) != theirs.is_working_day(day)}
    assert differing == LOCAL


@pytest.mark.parametrize(
    ("year", "lost_on_a_sunday"),
    [(2025, ["2025-10-12"]), (2026, ["2026-11-01", "2026-12-06"]), (2027, ["2027-08-15", "2027-12-26"])],
)
def test_the_cross_check_finds_local_feasts_and_sundays_and_nothing_else(
    year: int, lost_on_a_sunday: list[str]
) -> None:
    differences = CALENDAR.cross_check(year)
    assert {d.day for d in differences if d.ours} == {day for day in LOCAL if day.year == year}
    assert [d.day.isoformat() for d in differences if not d.ours] == lost_on_a_sunday
    assert all(difference.expected for difference in differences)


def test_the_cross_check_finds_a_forgotten_and_an_invented_holiday(tmp_path: Path) -> None:
    wrong = tmp_path / "holidays.toml"
    wrong.write_text(SHIPPED.read_text("utf-8").replace("2026-12-08", "2026-12-09"), "utf-8")
    surprises = [str(d) for d in OfficeCalendar.read(wrong).cross_check(2026) if not d.expected]
    assert surprises == [
        "2026-12-08: a holiday for workalendar only",
        "2026-12-09: la Immaculada (catalonia), a holiday in our file only",
    ]


@pytest.mark.parametrize(("year", "days"), [(2025, 13), (2026, 12), (2027, 12)])
def test_each_year_has_the_official_number_of_days_and_two_local_ones(year: int, days: int) -> None:
    scopes = [holiday.scope for holiday in CALENDAR.years[year].holidays]
    assert (scopes.count("catalonia"), scopes.count("local")) == (days, 2)


def test_no_shipped_holiday_is_a_sunday_and_each_year_names_its_sources() -> None:
    for year in CALENDAR.years.values():
        assert all(holiday.day.weekday() != 6 for holiday in year.holidays)
        assert all(year.sources[holiday.scope] for holiday in year.holidays)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 11, 30), ""),
        (date(2026, 11, 28), "Saturday"),
        (date(2026, 1, 22), "holiday, Sant Vicenç (local)"),
        (date(2026, 12, 31), "the office is closed (office.closures)"),
        (date(2027, 1, 6), "holiday, Reis (catalonia, provisional)"),
    ],
)
def test_a_closed_day_has_a_reason(day: date, reason: str) -> None:
    calendar = OfficeCalendar.read(closures=[date(2026, 12, 31)])
    assert calendar.reason(day) == reason
    assert calendar.is_working_day(day) is (reason == "")


def test_a_year_that_is_not_in_the_file_is_refused() -> None:
    for ask in (CALENDAR.is_working_day, CALENDAR.reason):
        with pytest.raises(LookupError, match="no calendar for 2028"):
            ask(date(2028, 1, 3))


@pytest.mark.parametrize(
    ("today", "warnings"),
    [
        (date(2026, 10, 31), ()),
        (date(2026, 11, 1), ("calendar_provisional:2027",)),
        (date(2027, 2, 1), ("calendar_provisional:2027",)),
        (date(2027, 11, 1), ("calendar_missing:2028", "calendar_provisional:2027")),
        (date(2025, 12, 31), ()),
    ],
)
def test_from_november_people_are_warned_of_next_year(today: date, warnings: tuple[str, ...]) -> None:
    assert CALENDAR.horizon(today) == warnings


def test_calendar_none_works_every_day_of_every_year() -> None:
    calendar = EveryDay()
    assert all(map(calendar.is_working_day, EVERY_DAY))
    assert calendar.reason(date(2099, 1, 1)) == ""
    assert calendar.horizon(date(2026, 12, 1)) == ()


ENTRY = '{ date = 2026-01-01, scope = "local", ca = "A", es = "B", en = "C" }'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[2026", "is not TOML"),
        ("[soon]\n", "soon: is not a year"),
        (f"[2026]\nprovisional = 1\nsources = {{}}\nholidays = [{ENTRY}]", "2026.provisional: must be true or false"),
        (f"[2026]\nprovisional = true\nholidays = [{ENTRY}]", "2026.sources: is missing"),
        ("[2026]\nprovisional = true\nsources = {}", "2026.holidays: is missing"),
        (f"[2027]\nprovisional = true\nsources = {{}}\nholidays = [{ENTRY}]", "2027.holidays, entry 1"),
        ("[2027]\nprovisional = true\nsources = {}\nholidays = [3]", "2027.holidays, entry 1"),
    ],
)
def test_a_broken_file_is_reported_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "holidays.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        OfficeCalendar.read(path)
    assert all(finding.startswith(str(path)) for finding in caught.value.findings)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        OfficeCalendar.read(tmp_path / "nowhere.toml")


# The one real clock.


def test_now_is_aware_in_utc_and_now() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


# Days as people name them, counted from Wednesday 25 November 2026 in the town's calendar.

WEDNESDAY = date(2026, 11, 25)


class _Weekdays:
    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5


WORKDAYS = _Weekdays()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("dijous", "2026-11-26"),
        ("el dijous vinent", "2026-11-26"),
        ("dimecres", "2026-12-02"),
        ("demà", "2026-11-26"),
        ("mañana por la mañana", "2026-11-26"),
        ("demà passat", "2026-11-27"),
        ("pasado mañana", "2026-11-27"),
        ("avui mateix", "2026-11-25"),
        ("la setmana vinent", "2026-12-04"),
        ("dilluns de la setmana vinent", "2026-11-30"),
        ("next week", "2026-12-04"),
        ("aquesta setmana", "2026-11-27"),
        ("3 de desembre", "2026-12-03"),
        ("l'1 d'abril", None),
        ("3/12", "2026-12-03"),
        ("3/12/26", "2026-12-03"),
        ("03.12.2026", "2026-12-03"),
        ("pel 3.12", "2026-12-03"),
        ("2026-12-03", "2026-12-03"),
        ("dijous 3 de desembre", "2026-12-03"),
        ("jueves, 3/12", "2026-12-03"),
        ("divendres 3 de desembre", None),
        ("dia 3", "2026-12-03"),
        ("December 3rd", "2026-12-03"),
        ("3 December", "2026-12-03"),
        ("d'aquí a 3 dies", "2026-11-28"),
        ("en dos días", "2026-11-27"),
        ("in two weeks", "2026-12-09"),
        ("5 dies hàbils", "2026-12-02"),
        ("a final de mes", "2026-11-30"),
        ("7 de gener", "2027-01-07"),
        ("24/11", None),
        ("24/11/2026", None),
        ("30/2", None),
        ("31 de gener de 2027", None),
        ("a les 12.30 h", None),
        ("la versió 2.1", None),
        ("esta mañana", None),
        ("dijous o divendres", None),
        ("24/7", None),
        ("aviat", None),
    ],
)
def test_the_day_that_is_named(text: str, day: str | None) -> None:
    assert day_named(folded(text), WEDNESDAY, WORKDAYS) == (date.fromisoformat(day) if day else None)


def test_on_a_saturday_this_week_is_over() -> None:
    assert day_named("aquesta setmana", date(2026, 11, 28), WORKDAYS) is None


# The calendar in daily use: the digest of the morning, and a year without holidays in the file.

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
