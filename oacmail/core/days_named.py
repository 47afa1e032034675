"""Which day a person names in Catalan, Spanish or English: "dijous", "demà", "el 3 de desembre", "next week", "3/12".

It reads folded text (core/order_words.py) and counts from the local day on which it was written. Two different days,
a day in the past and one more than `MOST` days ahead are no day: a wrong date is worse than none.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import chain

from oacmail.core import calendar
from oacmail.core.common_words import MONTHS, NUMBERS, WEEKDAYS
from oacmail.core.model import regex
from oacmail.core.policy import Workdays

MOST = 60
"""Days ahead; a later date is a slip of the pen or another year's."""
_FRIDAY = 4
_SHORT_MONTHS = (
    *("jan", "feb", "mar", "abr apr", "", "jun", "jul", "ago aug"),
    *("set sep sept", "oct", "nov", "des dic dec"),
)
_DAY_OF = {word: number for number, words in enumerate(WEEKDAYS) for word in words.split()}
_MONTH_OF = {
    word: number for table in (MONTHS, _SHORT_MONTHS) for number, words in enumerate(table, 1) for word in words.split()
}
_NUMBER_OF = {"a": 1} | {word: number for number, words in enumerate(NUMBERS[:8]) for word in words.split() if number}


def _one_of(words: Iterator[str] | dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_DAY, _MONTH, _COUNT = _one_of(_DAY_OF), _one_of(_MONTH_OF), rf"\d{{1,2}}|{_one_of(_NUMBER_OF)}"
_NEXT_WEEK = (
    r"(?:la )?(?:setmana (?:vinent|que ve|entrant)|propera setmana|semana que viene|semana proxima|proxima semana"
    r"|next week|following week)"
)
_AHEAD = r"(?:d(?:'|e )aqui(?: a)?|en|dentro de|in|within)"
_Found = Callable[[re.Match[str], date, Workdays], date | None]


def day_named(text: str, today: date, workdays: Workdays) -> date | None:
    """The one day that `text` (folded) names, from `today` on; None = none, several, past or too far ahead."""
    days = days_named(text, today, workdays)
    day = days.pop() if len(days) == 1 else None
    return day if day is not None and today <= day <= today + timedelta(days=MOST) else None


def days_named(text: str, today: date, workdays: Workdays) -> set[date | None]:
    """All days that `text` names; None stands for one that does not exist or that cannot be counted."""
    found: set[date | None] = set()
    for pattern, read in _PATTERNS:
        if days := {read(match, today, workdays) for match in pattern.finditer(text)}:
            found |= days
            text = pattern.sub(" ", text)
    named = {_DAY_OF[match[1]] for match in _WEEKDAY.finditer(text)}
    dated = {day.weekday() for day in found if day is not None}
    return found | {today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1) for weekday in named - dated}


def without_days(text: str) -> str:
    """The rest of the text (folded)."""
    for pattern in chain((pattern for pattern, _ in _PATTERNS), (_WEEKDAY,)):
        text = pattern.sub(" ", text)
    return " ".join(text.split())


def _dated(day: int, month: int, year: int, today: date) -> date | None:
    """`year` 0: the next such day. 26 stands for 2026."""
    years = (year + 2000 if year < 100 else year,) if year else (today.year, today.year + 1)
    for each in years:
        if 1 <= month <= 12 and 1 <= day <= monthrange(each, month)[1] and (year or date(each, month, day) >= today):
            return date(each, month, day)
    return None


def _date(*, day: int, month: int, year: int) -> _Found:
    """Read a date from these groups of a match: the month is a number or a name, and the year may be missing."""

    def read(match: re.Match[str], today: date, _: Workdays) -> date | None:
        named = match[month]
        number = int(named) if named.isdigit() else _MONTH_OF[named]
        return _dated(int(match[day]), number, int(match[year] or 0), today)

    return read


def _day_of_month(match: re.Match[str], today: date, _: Workdays) -> date | None:
    months = (today.month, today.month % 12 + 1)
    days = (_dated(int(match[1]), month, 0, today) for month in months)
    return min((day for day in days if day is not None), default=None)


def _in_next_week(match: re.Match[str], today: date, _: Workdays) -> date:
    monday = today + timedelta(days=7 - today.weekday())
    return monday + timedelta(days=_DAY_OF[match[1]] if match[1] else _FRIDAY)


def _this_week(_: re.Match[str], today: date, __: Workdays) -> date | None:
    left = _FRIDAY - today.weekday()
    return today + timedelta(days=left) if left >= 0 else None


def _count(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBER_OF[text]


def _in_working_days(match: re.Match[str], today: date, workdays: Workdays) -> date | None:
    try:
        return calendar.add_working_days(today, _count(match[1]), workdays)
    except LookupError:
        return None


def _ahead(days: int) -> _Found:
    return lambda _, today, __: today + timedelta(days=days)


def _counted(each: int) -> _Found:
    return lambda match, today, _: today + timedelta(days=each * _count(match[1]))


_DAY_FIRST = _date(day=1, month=2, year=3)
_DEAR = r"(?:\b(?:dia|el|al|del|pel|on|by)\s|^\W*)"
_WEEKDAY = regex(rf"\b({_DAY})\b(?:\s(?:vinent|que ve|que viene|proxim|proximo))?")
_PATTERNS: tuple[tuple[re.Pattern[str], _Found], ...] = tuple(
    (regex(pattern), read)
    for pattern, read in (
        (r"\b(20\d\d)-(\d\d)-(\d\d)\b", _date(day=3, month=2, year=1)),
        (
            r"(?<![\d/.,:-])(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?![\d/:])"
            r"(?! ?(?:h\b|hor|jornada|dies|dias|days))",
            _DAY_FIRST,
        ),
        (r"(?<![\d/.,:-])(\d{1,2})[.-](\d{1,2})[.-](\d{4}|\d{2})(?![\d/:])", _DAY_FIRST),
        (
            _DEAR + r"(\d{1,2})[.-](\d{1,2})()(?![\d/:.-])(?! ?(?:h\b|hor|dies|dias|days))",
            _DAY_FIRST,
        ),
        (
            rf"(?<!\d)(\d{{1,2}})(?:er|r|n|t|e|st|nd|rd|th)?,?\s(?:de\s|d'|of\s)?({_MONTH})\b\.?"
            r"(?:,?\s(?:de\s|del\s)?(20\d\d))?",
            _DAY_FIRST,
        ),
        (rf"\b({_MONTH})\s(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(20\d\d))?", _date(day=2, month=1, year=3)),
        (r"\bdia\s(\d{1,2})\b", _day_of_month),
        (rf"\b(?:({_DAY})\s(?:de\s|of\s)?)?{_NEXT_WEEK}\b", _in_next_week),
        (r"\b(?:aquesta setmana|esta semana|this week)\b", _this_week),
        (r"\b(?:dema passat|pasado manana|(?:the )?day after tomorrow)\b", _ahead(2)),
        (r"\b(?:dema|tomorrow)\b|(?<!la )(?<!esta )\bmanana\b", _ahead(1)),
        (r"\b(?:avui|hoy|today|aquesta tarda|esta tarde|this afternoon)\b", _ahead(0)),
        (
            rf"\b(?:{_AHEAD}\s)?({_COUNT})\s(?:dies|dias|dia|days|day)\s(?:habils|habiles|habil|laborables|feiners)\b"
            rf"|\b(?:{_AHEAD}\s)?(?:{_COUNT})\sworking days?\b",
            lambda match, today, workdays: _in_working_days(match, today, workdays) if match[1] else None,
        ),
        (rf"\b{_AHEAD}\s({_COUNT})\s(?:dies|dias|dia|days|day)\b", _counted(1)),
        (rf"\b{_AHEAD}\s({_COUNT})\s(?:setmanes|setmana|semanas|semana|weeks|week)\b", _counted(7)),
        (
            r"\b(?:finals? de mes|finales de mes|fin de mes|end of (?:the )?month)\b",
            lambda _, today, __: today.replace(day=monthrange(today.year, today.month)[1]),
        ),
    )
)
