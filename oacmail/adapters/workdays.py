"""The town's calendar: Monday to Friday, less the holidays of a dated TOML file, less the closing days of the office.

It knows only the years that stand in the file; for any other it raises LookupError rather than guess
(docs/requirements.md section 2); only clocks, which must run on, get a guess by `FallbackCalendar`. workalendar is
never asked which day is worked: it lacks local feasts and lists holidays lost on a Sunday, so it serves `check` alone,
as a second opinion, and is imported only there.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from oacmail.core.errors import ConfigError

SHIPPED = Path(__file__).with_name("holidays") / "castellbisbal.toml"
_WEEKEND = {5: "Saturday", 6: "Sunday"}
_NAMES = ("ca", "es", "en")
_WARNING_MONTH = 11  # next year's lists are out in December at the latest; November leaves time to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """One day of the file. `names` by language; `scope`: catalonia, or local to the town."""

    day: date
    scope: Literal["catalonia", "local"]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One year of the file. `sources` by scope; `provisional`: not confirmed by an official act yet."""

    holidays: tuple[Holiday, ...]
    sources: Mapping[str, str]
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A day that we or workalendar alone call a holiday: `ours` is None where it is theirs."""

    day: date
    ours: Holiday | None

    @property
    def expected(self) -> bool:
        """Local feasts, which workalendar lacks, and Sundays, which change nothing."""
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


class OfficeCalendar:
    """The town's working days. `closures`: further days on which the office is shut."""

    def __init__(self, years: Mapping[int, Year], closures: Iterable[date] = ()) -> None:
        self.years = years
        self.closures = frozenset(closures)
        self._holidays = {holiday.day: holiday for year in years.values() for holiday in year.holidays}

    @classmethod
    def read(cls, path: Path = SHIPPED, closures: Iterable[date] = ()) -> "OfficeCalendar":
        """From a holiday file. Raises ConfigError with all that is wrong in it."""
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError((f"{path}: cannot be read ({error.strerror}): name an existing file",)) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError((f"{path}: is not TOML ({error}): mend the line named",)) from error
        findings = tuple(f"{path}: {finding}" for name, body in table.items() for finding in _findings(name, body))
        if findings:
            raise ConfigError(findings)
        return cls({int(name): _year(body) for name, body in table.items()}, closures)

    def is_working_day(self, day: date) -> bool:
        """Whether the office works on this day. Raises LookupError for a year that does not stand in the file."""
        self._known(day)
        return day.weekday() not in _WEEKEND and day not in self._holidays and day not in self.closures

    def reason(self, day: date) -> str:
        """Why it does not, in short English with the Catalan name of the feast; '' for a working day."""
        self._known(day)
        if day in self._holidays:
            holiday = self._holidays[day]
            delivery = ", provisional" if self.years[day.year].provisional else ""
            return f"holiday, {holiday.names['ca']} ({holiday.scope}{delivery})"
        if day in self.closures:
            return "the office is closed (office.closures)"
        return _WEEKEND.get(day.weekday(), "")

    def provisional(self, year: int) -> bool:
        """Whether this year's list is not official yet. Raises LookupError."""
        return self.years[year].provisional

    def horizon(self, today: date) -> tuple[str, ...]:
        """What people must be warned of, as `calendar_missing:YEAR` or `calendar_provisional:YEAR`.

        This year always, next year from 1 November (docs/requirements.md section 2).
        """
        wanted = (today.year, today.year + 1) if today.month >= _WARNING_MONTH else (today.year,)
        missing = tuple(f"calendar_missing:{year}" for year in wanted if year not in self.years)
        doubtful = (f"calendar_provisional:{year}" for year in wanted if year in self.years and self.provisional(year))
        return (*missing, *doubtful)

    def cross_check(self, year: int) -> tuple[Difference, ...]:
        """Every day on which our list and workalendar's Catalonia differ, in order. Raises LookupError."""
        from workalendar.europe import Catalonia

        theirs = {day for day, _ in Catalonia().holidays(year)}
        ours = {holiday.day: holiday for holiday in self.years[year].holidays}
        return tuple(Difference(day=day, ours=ours.get(day)) for day in sorted(theirs ^ ours.keys()))

    def _known(self, day: date) -> None:
        if day.year not in self.years:
            raise LookupError(f"no calendar for {day.year}: add the year to the holiday file (office.holidays)")


class FallbackCalendar:
    """The same calendar for clocks, which must run on when the admin forgot a year: there Monday to Friday are worked,
    less the closing days. No day so reckoned may be promised to anybody; `horizon` says that the year is missing."""

    def __init__(self, strict: OfficeCalendar) -> None:
        self._strict = strict

    def is_working_day(self, day: date) -> bool:
        """Never raises."""
        try:
            return self._strict.is_working_day(day)
        except LookupError:
            return day.weekday() not in _WEEKEND and day not in self._strict.closures


def _findings(name: str, body: object) -> Iterable[str]:
    """What is wrong with one year's table, in lines to be read after the file's name."""
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
        if not _is_holiday(row, int(name)):
            yield f"{name}.holidays, entry {number}: needs a date of {name}, scope catalonia or local, and ca, es, en"


def _is_holiday(row: object, year: int) -> bool:
    if not isinstance(row, dict):
        return False
    day = row.get("date")
    named = all(isinstance(row.get(lang), str) and row[lang] for lang in _NAMES)
    return type(day) is date and day.year == year and row.get("scope") in {"catalonia", "local"} and named


def _year(body: Mapping[str, object]) -> Year:
    rows = body["holidays"]
    sources = body["sources"]
    assert isinstance(rows, list)  # _findings has looked
    assert isinstance(sources, dict)
    holidays = (Holiday(day=row["date"], scope=row["scope"], names={n: row[n] for n in _NAMES}) for row in rows)
    return Year(holidays=tuple(holidays), sources=sources, provisional=bool(body["provisional"]))
