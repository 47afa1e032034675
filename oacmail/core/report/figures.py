"""The figures of a report as values, the rows and months they come from, and what all indicators share (R29).

What belongs to a month is known at its end: the figures of a month that is over stay the same whenever they are
computed. Nothing here is worded or rounded, and no row has an address, a name, a subject or a text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from types import MappingProxyType
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar
from oacmail.core.effects import CorrectFigure
from oacmail.core.model import CloseReason
from oacmail.core.policy import Policy

# --- Rows ------------------------------------------------------------------------------------------------------------
# What the store reads: every case on which something of the month depends, with all of its events, also earlier and
# later ones. The indicators choose by their own cohort (R29). Times are aware.

Channel = Literal["mail", "callback", "telephone", "visit"]
Source = Literal["message", "contact", "returned", "reopened", "outcome"]
ASKED: tuple[Source, ...] = ("message", "contact")
"""What a person asked, by mail, by telephone or at the desk."""
PROMISED: tuple[Source, ...] = (*ASKED, "returned")
"""What is promised to a person by the next working day: also the answer that came back (R14)."""


NO_DATA: Mapping[str, object] = MappingProxyType({})


class RequestRow(NamedTuple):
    """A response deadline. `source`: what started it: a person's message, a call or visit (`contact`), an answer that
    came back (`returned`), an agent who took the case up again (`reopened`), or the outcome that is owed of a derived
    case (R13). `lang`: the language of the message, '' = not known. `answered_at`: when it was met. `opens`: the number
    of the case that it opened, which may have been merged since; '' = none."""

    case: str
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    withdrawn_at: datetime | None = None
    source: Source = "message"
    lang: str = ""
    opens: str = ""


class CaseRow(NamedTuple):
    """A case as it stands now. `slot`: of a call that was asked for, None = none was."""

    number: str
    opened_at: datetime
    status: str
    topic: str
    level: str
    intent: str
    channel: Channel
    slot: Literal["morning", "afternoon", "any"] | None = None
    operator: str = ""
    platform: str = ""
    cause: str = ""
    close_reason: CloseReason | None = None


class EventRow(NamedTuple):
    """A line of the event log. `message`: the fingerprint of the message that caused it, '' = none; `arrived_at`: when
    that message came, if a citizen wrote it; None = somebody's order, or the program itself."""

    case: str
    at: datetime
    kind: str
    message: str = ""
    data: Mapping[str, object] = NO_DATA
    arrived_at: datetime | None = None

    def text(self, name: str) -> str:
        value = self.data.get(name)
        return value if isinstance(value, str) else ""


class AnswerLang(Struct, frozen=True, kw_only=True):
    """An agent's answer by mail: when, and in which language."""

    at: datetime
    lang: str


class AckRow(Struct, frozen=True, kw_only=True):
    """An acknowledgement. `asked_at`: the arrival of its message; `sent_at`: None = not sent."""

    asked_at: datetime
    sent_at: datetime | None = None


class VoteRow(Struct, frozen=True, kw_only=True):
    """A person's mark for a case, 1 to 5. `at`: when it came; `signed`: it came from who was
    asked (core/survey.py); other marks are counted apart."""

    case: str
    at: datetime
    score: int
    signed: bool = True


class MonthRows(Struct, frozen=True, kw_only=True):
    """All rows of one month. `surveys`: how many surveys were sent in it; `rescued`: suspected spam that became a
    case in it."""

    cases: Mapping[str, CaseRow]
    requests: tuple[RequestRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    answers: tuple[AnswerLang, ...] = ()
    acks: tuple[AckRow, ...] = ()
    votes: tuple[VoteRow, ...] = ()
    surveys: int = 0
    rescued: int = 0


# --- Figures ---------------------------------------------------------------------------------------------------------
# Keys are stable names; what they are called stands in templates/catalogue.toml. A share is in percent, a time
# in service hours, and every value is unrounded.

Unit = Literal["percent", "count", "hours", "days", "points"]
Value = float | int | None


class Measure(Struct, frozen=True, kw_only=True):
    """One figure. `value`: None = there is nothing to compute it from. `n`: how many it is computed from, None = it is
    a number itself. `target` and `at_least`: what it should reach (True) or not exceed (False); None = no target.
    `enough`: n is large enough to judge (R30). `part`: it is a part of a table of the same indicator.
    `low`, `high`: in the published form, the bounds of a value that would tell a small number."""

    key: str
    value: Value
    unit: Unit
    n: int | None = None
    target: float | None = None
    at_least: bool = True
    enough: bool = True
    part: bool = False
    low: Value = None
    high: Value = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached, compared unrounded; None if there is none, if there is nothing to judge, or if
        the bounds do not tell."""
        if self.target is None or not self.enough:
            return None
        if self.value is not None:
            return self._reached(self.value)
        if self.low is None or self.high is None:
            return None
        ends = {self._reached(self.low), self._reached(self.high)}
        return ends.pop() if len(ends) == 1 else None

    def _reached(self, value: float) -> bool:
        assert self.target is not None
        return value >= self.target if self.at_least else value <= self.target

    @property
    def difference(self) -> Value:
        """Value less target."""
        return None if self.value is None or self.target is None or not self.enough else self.value - self.target


def percent(key: str, part: int, whole: int, target: float | None = None) -> Measure:
    """The share of a part; it should reach its target."""
    return Measure(key=key, value=share(part, whole), unit="percent", n=whole, target=target)


def figure(key: str, value: int, *, most: int | None = None, part: bool = False) -> Measure:
    """A count, which should not exceed `most`."""
    return Measure(key=key, value=value, unit="count", target=most, at_least=most is None, part=part)


class Count(Struct, frozen=True, kw_only=True):
    """A cell. `key`: of its row; `before`, `year_before`: the same a month and a year earlier, None = not known."""

    key: str
    count: int
    before: int | None = None
    year_before: int | None = None


class FigureTable(Struct, frozen=True, kw_only=True):
    """Counts whose sum is a whole. `words`: how its row keys are worded (a group of labels, '' = by themselves).
    `uncounted`: in the published form, its rows are named and their counts are not told."""

    key: str
    rows: tuple[Count, ...]
    words: str = ""
    uncounted: bool = False

    @property
    def total(self) -> int:
        return sum(row.count for row in self.rows)


class Breach(Struct, frozen=True, kw_only=True):
    """A case that missed the target, and why (a label of the group "cause_of_breach"). `hours`: service hours, or
    working days for I8, by which it was late; None = not known or not over."""

    case: str
    cause: str
    late: float | None = None


class Indicator(Struct, frozen=True, kw_only=True):
    """`main` is the result; `id` as in docs/requirements.md section 5."""

    id: str
    main: Measure
    measures: tuple[Measure, ...] = ()
    tables: tuple[FigureTable, ...] = ()
    breaches: tuple[Breach, ...] = ()

    def measure(self, key: str) -> Measure:
        """Raises KeyError."""
        for one in (self.main, *self.measures):
            if one.key == key:
                return one
        raise KeyError(key)


class MonthFigures(Struct, frozen=True, kw_only=True):
    """The indicators of one month, by their ids in order."""

    month: str
    indicators: Mapping[str, Indicator]


class TrendPoint(Struct, frozen=True, kw_only=True):
    """The main figures of one month: indicator id -> measure; none = it was not measured. `published`: they are
    frozen."""

    month: str
    measures: Mapping[str, Measure]
    published: bool = False


class MonthlyReport(Struct, frozen=True, kw_only=True):
    """A report. `month`: 2026-11; or 2026, then its figures are those of the year's months together, and `trend` has
    all twelve. `final`: it is over and the first working day after it has come. `published_at`: when its figures were
    frozen, None = they are computed now. `grouped`: the published form, without small numbers."""

    month: str
    office: str
    generated_at: datetime
    final: bool
    figures: MonthFigures
    trend: tuple[TrendPoint, ...] = ()
    corrections: tuple[CorrectFigure, ...] = ()
    published_at: datetime | None = None
    grouped: bool = False

    @property
    def of_year(self) -> bool:
        return "-" not in self.month

    @property
    def last_month(self) -> "Month":
        return Month(int(self.month), YEAR) if self.of_year else Month.parse(self.month)


# --- Statistics ------------------------------------------------------------------------------------------------------
# Shares, means and percentiles, and hours of service between two moments.

HUNDRED = 100.0


def share(part: int, whole: int) -> float | None:
    """In percent; None of nothing."""
    return HUNDRED * part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """The middle value; of an even number the mean of the two in the middle."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that at least so many percent do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(1, ceil(len(values) * percent / HUNDRED)) - 1]


def service_hours(begins: datetime, ends: datetime, policy: Policy) -> float:
    """Hours of service between two moments: those of opening, on working days. 0 if nothing lies between them."""
    day, last = calendar.local_day(begins, policy), calendar.local_day(ends, policy)
    total = timedelta()
    while day <= last:
        if policy.workdays.is_working_day(day):
            opens, closes = calendar.opening_of(day, policy), calendar.closing_of(day, policy)
            total += max(min(ends, closes) - max(begins, opens), timedelta())
        day += timedelta(days=1)
    return total / timedelta(hours=1)


def working_days(begins: datetime, ends: datetime, policy: Policy) -> int:
    """Working days after the local day of `begins`, up to the local day of `ends` (Llei 39/2015, art. 30.2, 30.3)."""
    day, last = calendar.local_day(begins, policy), calendar.local_day(ends, policy)
    days: Iterable[int] = range(1, (last - day).days + 1)
    return sum(policy.workdays.is_working_day(day + timedelta(days=n)) for n in days)


# --- Small numbers ---------------------------------------------------------------------------------------------------
# The published form of a report: no number from 1 to 4, and none that somebody can find by subtracting (LOPDGDD DA 7).
#
# - A count from 1 to 4 is replaced by its bounds, 1 and 4. A 0 stays.
# - Rows of a table with such counts are one row. If it is still small, or only one row went into it, the next larger
#   row joins it, so that the sum of the table tells none. A table whose sum is small is left out; so are platforms,
#   which lie within their operator, and the marks, if one is rare: the mean tells the rest.
# - A share whose part or rest is from 1 to 4 is replaced by its bounds; one of fewer than 5 is left out, and so is a
#   mean. Of times and of the response rate the n is left out: less that of I1 it would be the number of unanswered
#   ones. A response rate whose part or rest is from 1 to 4 is left out too: the n of the marks would tell it.
# - Measures that are a part of a table, comparisons with other months, further questions, case numbers, corrections
#   and how often a cause occurs are left out: each would tell a small number by subtraction.
#
# It computes nothing else: what is not small is as in the full report.

FEWEST = 5
GROUPED = "grouped"
_LEFT_OUT = ("platforms", "causes", "calls", "before", "year_before", "further", "not_answered")
_WITHOUT_N = ("median", "mean", "p90", "response_rate")
_ALL_OR_NONE = ("marks",)


def grouped(report: MonthlyReport) -> MonthlyReport:
    """The same report in its published form."""
    indicators: dict[str, Indicator] = {}
    for name, one in report.figures.indicators.items():
        # The causes of the breaches by name alone.
        causes = sorted({breach.cause for breach in one.breaches}) if name != "I11" else []
        named = tuple(Count(key=cause, count=0) for cause in causes)
        tables = [FigureTable(key="causes", rows=named, words="cause_of_breach", uncounted=True)] if named else []
        for table in one.tables:
            if table.key in _LEFT_OUT or table.total < FEWEST:
                continue
            if table.key not in _ALL_OR_NONE:
                tables.append(replace(table, rows=_joined(table.rows)))
            elif not any(is_small(row.count) for row in table.rows):
                tables.append(table)
        measures = (measure for measure in one.measures if measure.key not in _LEFT_OUT and not measure.part)
        indicators[name] = replace(
            one,
            main=_measure(one.main),
            measures=tuple(map(_measure, measures)),
            tables=tuple(tables),
            breaches=(),
        )
    trend = tuple(
        replace(point, measures={name: _measure(one) for name, one in point.measures.items()}) for point in report.trend
    )
    return replace(
        report,
        grouped=True,
        figures=MonthFigures(month=report.month, indicators=indicators),
        trend=trend,
        corrections=(),
    )


def is_small(value: float | None) -> bool:
    return value is not None and 0 < value < FEWEST


def _measure(one: Measure) -> Measure:
    if one.unit == "count":
        return replace(one, value=None, low=1, high=FEWEST - 1) if is_small(one.value) else one
    if one.n is None:
        return one
    if one.n < FEWEST:
        return replace(one, value=None, n=None if one.n else 0, enough=one.enough and not one.n)
    if one.key in _WITHOUT_N:
        return replace(one, n=None, value=None if any(map(is_small, _parts(one))) else one.value)
    if parts := _parts(one):
        part, rest = parts
        if is_small(part):
            return replace(one, value=None, low=HUNDRED / one.n, high=HUNDRED * (FEWEST - 1) / one.n)
        if is_small(rest):
            low = HUNDRED * (one.n - FEWEST + 1) / one.n
            return replace(one, value=None, low=low, high=HUNDRED * (one.n - 1) / one.n)
    return one


def _parts(one: Measure) -> tuple[int, ...]:
    """Of a share: how many it counts, and the rest."""
    if one.unit != "percent" or one.value is None or one.n is None:
        return ()
    part = round(one.value * one.n / HUNDRED)
    return part, one.n - part


def _joined(rows: Sequence[Count]) -> tuple[Count, ...]:
    """Rows of 0 stay; the small ones are one row, with the next larger ones until it tells none of them."""
    joined = [row for row in rows if is_small(row.count)]
    if not joined:
        return tuple(_alone(row) for row in rows)
    for row in sorted((row for row in rows if row.count >= FEWEST), key=lambda row: row.count):
        if len(joined) > 1 and sum(row.count for row in joined) >= FEWEST:
            break
        joined.append(row)
    total = sum(row.count for row in joined)
    kept = tuple(_alone(row) for row in rows if row not in joined)
    return (*kept, Count(key=GROUPED, count=total))


def _alone(row: Count) -> Count:
    return replace(row, before=None, year_before=None)


# --- Months ----------------------------------------------------------------------------------------------------------
# A calendar month of the office, its bounds and its neighbours (R29).

_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
YEAR = 12


class Month(Struct, frozen=True, order=True):
    """`number` from 1 to 12. Months are ordered by time."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `2026-11`. Raises ValueError."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no month: write it like 2026-11")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> "Month":
        """The month of the local day of this moment."""
        local = moment.astimezone(zone)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def plus(self, months: int) -> "Month":
        """So many months later; earlier if negative."""
        year, number = divmod(self.year * YEAR + self.number - 1 + months, YEAR)
        return Month(year, number + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        """Local midnight of its first day, in UTC."""
        return datetime.combine(self.first_day, time.min, zone).astimezone(UTC)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Local midnight after its last day, in UTC: the first moment that is not of this month."""
        return self.plus(1).begins(zone)

    def holds(self, moment: datetime, zone: ZoneInfo) -> bool:
        return Month.of(moment, zone) == self

    def twelve(self) -> tuple["Month", ...]:
        """The twelve months that end with this one, oldest first."""
        return tuple(self.plus(back) for back in range(1 - YEAR, 1))


# --- Requests --------------------------------------------------------------------------------------------------------
# Which requests count, and what was known of them at a moment: the report's at the end of its month, the digest's at
# midnight (R29). Both count the same, so that the digests of a month add up to its report.


def known_at(rows: Sequence[RequestRow], moment: datetime) -> list[RequestRow]:
    """The requests as they stood at this moment, without those that were withdrawn: closed as spam or duplicate.

    One whose case was taken back before then had been one all along: it is answered when the case is.
    """
    found: list[RequestRow] = []
    taken_back: dict[str, list[RequestRow]] = {}  # case -> what started when an agent took it up again, latest first
    for row in sorted(rows, key=lambda row: row.asked_at, reverse=True):
        if row.asked_at >= moment:
            continue
        now = row._replace(answered_at=_before(moment, row.answered_at), withdrawn_at=_before(moment, row.withdrawn_at))
        again = taken_back.setdefault(row.case, [])
        later = [request for request in again if now.withdrawn_at is not None and request.asked_at >= now.withdrawn_at]
        if later:
            now = now._replace(answered_at=later[-1].answered_at, withdrawn_at=later[-1].withdrawn_at)
        if now.source == "reopened":
            again.append(now)
        if now.withdrawn_at is None:
            found.append(now)
    return found[::-1]


def _before(moment: datetime, at: datetime | None) -> datetime | None:
    return at if at is not None and at < moment else None


class RequestCounts(NamedTuple):
    """Requests of a span of time: how many arrived in it, how many were answered in it, and how many of these in
    time."""

    arrived: int
    answered: int
    in_time: int


def request_counts(rows: Sequence[RequestRow], since: datetime, until: datetime) -> RequestCounts:
    """As known at the end of the span."""
    known = known_at(rows, until)
    answered = [
        (request, at)
        for request in known
        if request.source in PROMISED and (at := request.answered_at) is not None and at >= since
    ]
    return RequestCounts(
        arrived=sum(request.source in ASKED and request.asked_at >= since for request in known),
        answered=len(answered),
        in_time=sum(at <= request.due_at for request, at in answered),
    )


# --- Cohorts ---------------------------------------------------------------------------------------------------------
# Requests that arrived or were due in a month, and what was known of them when it ended (R29).

HANDED_OVER = ("second-level", "ordered")
"""Why a case is escalated to the technical services; other escalations stay with the desk."""
NOTICE, CALL, NOT_LOCATED = "notice", "call", "not-located"
MERGED = "merged"
BY_CALL = (CALL, NOT_LOCATED)


class Cohorts:
    """The rows of one month, in the order in which the indicators need them."""

    def __init__(self, *, policy: Policy, month: Month, rows: MonthRows) -> None:
        self.policy, self.month, self.rows = policy, month, rows
        zone = policy.office.timezone
        self.begins, self.ends = month.begins(zone), month.ends(zone)
        self._events: dict[str, dict[str, list[EventRow]]] = {}  # by kind, then by case
        for event in rows.events:
            if moment_of(event) < self.ends:
                self._events.setdefault(event.kind, {}).setdefault(event.case, []).append(event)
        self._hows = dict(_hows(self.every("escalated"), self.every("answered")))
        merged = {event.text("from"): event for event in rows.events if event.kind == MERGED}
        later = {number for number, event in merged.items() if event.at >= self.ends}
        apart = [
            request._replace(case=request.opens) if request.opens in later else request for request in rows.requests
        ]
        self.requests = known_at(apart, self.ends)  # as they stood at the end of the month
        # number -> the case that it was merged into, and number -> what was merged into it
        self._merged = {number: event.case for number, event in merged.items() if number not in later}
        self._parts: dict[str, list[str]] = {}
        for number in self._merged:
            self._parts.setdefault(self.lasting(number), []).append(number)

    # --- requests ---------------------------------------------------------------------------------

    def due(self) -> list[RequestRow]:
        """What was promised for a moment of this month."""
        return [request for request in self.requests if request.source in PROMISED and self.holds(request.due_at)]

    def arrived(self) -> list[RequestRow]:
        """What a person asked in this month."""
        return [request for request in self.requests if request.source in ASKED and self.holds(request.asked_at)]

    def open_at_the_end(self) -> list[RequestRow]:
        """What was due and still unanswered when the month ended, also of earlier months, the oldest first."""
        late = [request for request in self.requests if request.due_at < self.ends and request.answered_at is None]
        return sorted(late, key=lambda request: (request.due_at, request.case))

    def in_time(self, request: RequestRow) -> bool:
        at = request.answered_at
        return at is not None and at <= request.due_at

    def late_same_day(self, request: RequestRow) -> bool:
        """It was answered after closing time of the due day (R19)."""
        at = request.answered_at
        return at is not None and calendar.is_late_same_day(request.due_at, at, self.policy)

    def how(self, request: RequestRow) -> str:
        """How it was answered: as the event log says, `notice` for that of derivation, '' = not known."""
        return self._hows.get((request.case, request.answered_at), "") if request.answered_at else ""

    # --- cases ------------------------------------------------------------------------------------

    def holds(self, moment: datetime) -> bool:
        return self.begins <= moment < self.ends

    def case(self, number: str) -> CaseRow | None:
        return self.rows.cases.get(number)

    def opened(self) -> list[CaseRow]:
        """The cases that the requests of this month opened, without those that were merged."""
        return [case for request in self.arrived() if (case := self.opened_by(request)) is not None]

    def opened_by(self, request: RequestRow) -> CaseRow | None:
        """The case of its own that this request opened; None = it was asked on another one."""
        return None if self.is_merged(request.opens) else self.case(request.opens)

    def lasting(self, number: str) -> str:
        """The case that goes on: the number itself, or that of the case that it was merged into."""
        seen = {number}
        while (into := self._merged.get(number)) is not None and into not in seen:
            seen.add(into)
            number = into
        return number

    def is_merged(self, number: str) -> bool:
        return number in self._merged

    def story_of(self, case: str, kind: str) -> Sequence[EventRow]:
        """The events of the case and of those that were merged into it; of a merged case none, they are the other's."""
        if self.is_merged(case):
            return ()
        parts = self._parts.get(case)
        if not parts:
            return self.events_of(case, kind)
        return sorted(
            (event for part in (case, *parts) for event in self.events_of(part, kind)), key=lambda event: event.at
        )

    def events_of(self, case: str, kind: str) -> Sequence[EventRow]:
        """In the order in which they were noted, up to the end of the month."""
        return self._events.get(kind, {}).get(case, ())

    def every(self, kind: str) -> list[EventRow]:
        """Case by case, up to the end of the month."""
        return [event for events in self._events.get(kind, {}).values() for event in events]

    def in_month(self, kind: str) -> list[EventRow]:
        return [event for event in self.every(kind) if self.holds(event.at)]


def moment_of(event: EventRow) -> datetime:
    """When it took place; it may have been noted later."""
    at = event.text("at")
    return datetime.fromisoformat(at) if at else event.at


def _hows(escalated: Sequence[EventRow], answered: Sequence[EventRow]) -> Iterator[tuple[tuple[str, datetime], str]]:
    """(case, moment) -> how. The relay's clock may be seconds off the event's, since rows hold whole seconds."""
    for event in escalated:
        if event.text("why") == "ordered":
            yield (event.case, event.at), NOTICE
    for event in answered:
        at = moment_of(event)
        yield (event.case, at - timedelta(microseconds=at.microsecond)), event.text("by")
