"""The town's calendar file, against what official lists and workalendar say of three years."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from workalendar.europe import Catalonia

from oacmail.core.errors import ConfigError
from oacmail.workdays import SHIPPED, EveryDay, OfficeCalendar

CALENDAR = OfficeCalendar.read()
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
