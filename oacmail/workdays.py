"""The town's calendar: Monday to Friday, except the holidays of a dated TOML file and the office's closing days.

It covers only the years in the file and raises LookupError for any other (docs/requirements.md section 2); only
deadlines, which must continue, get an estimate from `FallbackCalendar`. workalendar never decides a working day: it
lacks local holidays and lists holidays lost on a Sunday. It is only a second opinion for `check`, and is imported only
there.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from oacmail.core.errors import ConfigError

SHIPPED = Path(__file__).with_name("holidays") / "castellbisbal.toml"
_WEEKEND = {5: "Saturday", 6: "Sunday"}
_NAMES = ("ca", "es", "en")
_WARNING_MONTH = 11  # next year's lists are published by December; November leaves time to ask


class Holiday(Struct, frozen=True, kw_only=True):
    """One day of the file. `names` by language; `scope`: catalonia, or local to the town."""

    day: date
    scope: Literal["catalonia", "local"]
    names: Mapping[str, str]


class Year(Struct, frozen=True, kw_only=True):
    """One year of the file. `sources` by scope; `provisional`: not yet confirmed by an official act."""

    holidays: tuple[Holiday, ...]
    sources: Mapping[str, str]
    provisional: bool


class Difference(Struct, frozen=True, kw_only=True):
    """A day that only we or only workalendar call a holiday: `ours` is None if it is only theirs."""

    day: date
    ours: Holiday | None

    @property
    def expected(self) -> bool:
        """True for local holidays, which workalendar lacks, and for Sundays, which make no difference."""
        return self.day.weekday() in _WEEKEND if self.ours is None else self.ours.scope == "local"

    def __str__(self) -> str:
        if self.ours is None:
            return f"{self.day}: a holiday for workalendar only"
        return f"{self.day}: {self.ours.names['ca']} ({self.ours.scope}), a holiday in our file only"


class EveryDay:
    """Calendar "none": every day is a working day, in every year."""

    def is_working_day(self, day: date) -> bool:  # noqa: ARG002
        return True

    def reason(self, day: date) -> str:  # noqa: ARG002
        return ""

    def horizon(self, today: date) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def covers_until(self, today: date) -> date | None:  # noqa: ARG002
        return None


class OfficeCalendar:
    """The town's working days. `closures` are further days on which the office is closed."""

    def __init__(self, years: Mapping[int, Year], closures: Iterable[date] = ()) -> None:
        self.years = years
        self.closures = frozenset(closures)
        self._holidays = {holiday.day: holiday for year in years.values() for holiday in year.holidays}

    @classmethod
    def read(cls, path: Path = SHIPPED, closures: Iterable[date] = ()) -> "OfficeCalendar":
        """Read a holiday file. Raises ConfigError with everything that is wrong in it."""
        try:
            table = _table(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError((f"{path}: cannot be read ({error.strerror}): name an existing file",)) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError((f"{path}: is not TOML ({error}): fix that line",)) from error
        findings = tuple(f"{path}: {finding}" for name, body in table.items() for finding in _findings(name, body))
        if findings:
            raise ConfigError(findings)
        return cls({int(name): _year(body) for name, body in table.items()}, closures)

    def is_working_day(self, day: date) -> bool:
        """True if the office works on this day. Raises LookupError for a year that is not in the file."""
        self._known(day)
        return day.weekday() not in _WEEKEND and day not in self._holidays and day not in self.closures

    def reason(self, day: date) -> str:
        """Return why it does not work, in short English with the Catalan name of the holiday; '' for a working day."""
        self._known(day)
        if day in self._holidays:
            holiday = self._holidays[day]
            delivery = ", provisional" if self.years[day.year].provisional else ""
            return f"holiday, {holiday.names['ca']} ({holiday.scope}{delivery})"
        if day in self.closures:
            return "the office is closed (office.closures)"
        return _WEEKEND.get(day.weekday(), "")

    def horizon(self, today: date) -> tuple[str, ...]:
        """Return the warnings, as `calendar_missing:YEAR` or `calendar_provisional:YEAR`.

        This year always, next year from 1 November (docs/requirements.md section 2).
        """
        wanted = (today.year, today.year + 1) if today.month >= _WARNING_MONTH else (today.year,)
        missing = tuple(f"calendar_missing:{year}" for year in wanted if year not in self.years)
        doubtful = (
            f"calendar_provisional:{year}" for year in wanted if year in self.years and self.years[year].provisional
        )
        return (*missing, *doubtful)

    def covers_until(self, today: date) -> date | None:
        """Return the last day of the years in the file that follow one another from this one on."""
        year = today.year
        while year in self.years:
            year += 1
        return date(year - 1, 12, 31)

    def cross_check(self, year: int) -> tuple[Difference, ...]:
        """Return every day on which our list and workalendar's Catalonia differ, in order. Raises LookupError."""
        from workalendar.europe import Catalonia

        theirs = {day for day, _ in Catalonia().holidays(year)}
        ours = {holiday.day: holiday for holiday in self.years[year].holidays}
        return tuple(Difference(day=day, ours=ours.get(day)) for day in sorted(theirs ^ ours.keys()))

    def _known(self, day: date) -> None:
        if day.year not in self.years:
            raise LookupError(f"no calendar for {day.year}: add the year to the holiday file (office.holidays)")


class FallbackCalendar:
    """The same calendar for deadlines, which must continue if a year is missing: there Monday to Friday are working
    days, except closing days. Never promise such an estimated day to anybody; `horizon` reports the missing year."""

    def __init__(self, strict: OfficeCalendar) -> None:
        self._strict = strict

    def is_working_day(self, day: date) -> bool:
        """Never raises."""
        try:
            return self._strict.is_working_day(day)
        except LookupError:
            return day.weekday() not in _WEEKEND and day not in self._strict.closures


@lru_cache(maxsize=4)
def _table(text: str) -> Mapping[str, Any]:
    """Parse the text of a file: each start reads it for deadlines and again for what is promised."""
    return tomllib.loads(text)


def _findings(name: str, body: object) -> Iterable[str]:
    """Yield what is wrong with one year's table, as lines that follow the file's name."""
    if not (name.isdecimal() and len(name) == 4 and isinstance(body, dict)):
        yield f"{name}: is not a year: write [2026] and its holidays below"
        return
    if not isinstance(body.get("provisional"), bool):
        yield f"{name}.provisional: must be true or false: say whether the list is official"
    if not isinstance(body.get("sources"), dict):
        yield f"{name}.sources: is missing: name the official act by scope"
    rows = body.get("holidays")
    if not (isinstance(rows, list) and rows):
        yield f"{name}.holidays: is missing: list the days"
        return
    for number, row in enumerate(rows, 1):
        day, scope = (row.get("date"), row.get("scope")) if isinstance(row, dict) else (None, None)
        in_year = type(day) is date and day.year == int(name) and scope in {"catalonia", "local"}
        if not (in_year and all(isinstance(row.get(lang), str) and row[lang] for lang in _NAMES)):
            yield f"{name}.holidays, entry {number}: needs a date of {name}, scope catalonia or local, and ca, es, en"


def _year(body: Mapping[str, object]) -> Year:
    rows = body["holidays"]
    sources = body["sources"]
    assert isinstance(rows, list)  # checked by _findings
    assert isinstance(sources, dict)
    holidays = (Holiday(day=row["date"], scope=row["scope"], names={n: row[n] for n in _NAMES}) for row in rows)
    return Year(holidays=tuple(holidays), sources=sources, provisional=bool(body["provisional"]))


def of_office(calendar: str, holidays: Path | None, closures: Iterable[date]) -> OfficeCalendar | EveryDay:
    """Return the calendar that [office] names. Raises ConfigError for a holiday file that cannot be read."""
    return EveryDay() if calendar == "none" else OfficeCalendar.read(holidays or SHIPPED, closures)
