"""What belongs to a month: requests that arrived or were due in it, and what was known of them when it ended (R29).

The end of the month is the cut-off: what was answered or withdrawn later had not been when it ended. So the figures of
a month that is over stay the same whenever they are computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oacmail.core import calendar
from oacmail.core.policy import Policy
from oacmail.core.report.months import Month
from oacmail.core.report.requests import known_at
from oacmail.core.report.rows import ASKED, PROMISED, CaseRow, EventRow, MonthRows, RequestRow

HANDED_OVER = ("second-level", "ordered")
"""Why a case is escalated to the technical services; other escalations stay with the desk."""
NOTICE, CALL, NOT_LOCATED = "notice", "call", "not-located"
MERGED = "merged"
BY_CALL = (CALL, NOT_LOCATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts:
    """The rows of one month, in the order in which the indicators need them."""

    policy: Policy
    month: Month
    rows: MonthRows
    begins: datetime = field(init=False)
    ends: datetime = field(init=False)
    _events: Mapping[str, Mapping[str, Sequence[EventRow]]] = field(init=False)  # by kind, then by case
    _hows: Mapping[tuple[str, datetime], str] = field(init=False)
    requests: Sequence[RequestRow] = field(init=False)  # as they stood at the end of the month
    _merged: Mapping[str, str] = field(init=False)  # number -> the case that it was merged into
    _parts: Mapping[str, Sequence[str]] = field(init=False)  # number -> what was merged into it

    def __post_init__(self) -> None:
        zone = self.policy.office.timezone
        ends = self.month.ends(zone)
        found: dict[str, dict[str, list[EventRow]]] = {}
        for event in self.rows.events:
            if moment(event) < ends:
                found.setdefault(event.kind, {}).setdefault(event.case, []).append(event)
        object.__setattr__(self, "begins", self.month.begins(zone))
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "_events", found)
        object.__setattr__(self, "_hows", dict(_hows(self.every("escalated"), self.every("answered"))))
        merged = {one.text("from"): one for one in self.rows.events if one.kind == MERGED}
        later = {number for number, one in merged.items() if one.at >= ends}
        apart = [one._replace(case=one.opens) if one.opens in later else one for one in self.rows.requests]
        object.__setattr__(self, "requests", known_at(apart, ends))
        object.__setattr__(self, "_merged", {number: one.case for number, one in merged.items() if number not in later})
        parts: dict[str, list[str]] = {}
        for number in self._merged:
            parts.setdefault(self.lasting(number), []).append(number)
        object.__setattr__(self, "_parts", parts)

    # --- requests ---------------------------------------------------------------------------------

    def due(self) -> list[RequestRow]:
        """What was promised for a moment of this month."""
        return [one for one in self.requests if one.source in PROMISED and self.holds(one.due_at)]

    def arrived(self) -> list[RequestRow]:
        """What a person asked in this month."""
        return [one for one in self.requests if one.source in ASKED and self.holds(one.asked_at)]

    def open_at_the_end(self) -> list[RequestRow]:
        """What was due and still unanswered when the month ended, also of earlier months, the oldest first."""
        late = [one for one in self.requests if one.due_at < self.ends and one.answered_at is None]
        return sorted(late, key=lambda one: (one.due_at, one.case))

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
        return [case for one in self.arrived() if (case := self.opened_by(one)) is not None]

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
        return sorted((one for part in (case, *parts) for one in self.events_of(part, kind)), key=lambda one: one.at)

    def events_of(self, case: str, kind: str) -> Sequence[EventRow]:
        """In the order in which they were noted, up to the end of the month."""
        return self._events.get(kind, {}).get(case, ())

    def every(self, kind: str) -> list[EventRow]:
        """Case by case, up to the end of the month."""
        return [event for events in self._events.get(kind, {}).values() for event in events]

    def in_month(self, kind: str) -> list[EventRow]:
        return [event for event in self.every(kind) if self.holds(event.at)]


def moment(event: EventRow) -> datetime:
    """When it took place; it may have been noted later."""
    at = event.text("at")
    return datetime.fromisoformat(at) if at else event.at


def _hows(escalated: Sequence[EventRow], answered: Sequence[EventRow]) -> Iterator[tuple[tuple[str, datetime], str]]:
    """(case, moment) -> how. The relay's clock may be seconds off the event's, since rows hold whole seconds."""
    for event in escalated:
        if event.text("why") == "ordered":
            yield (event.case, event.at), NOTICE
    for event in answered:
        at = moment(event)
        yield (event.case, at - timedelta(microseconds=at.microsecond)), event.text("by")
