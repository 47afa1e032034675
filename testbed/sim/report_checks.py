"""Compare each month's report with figures computed here, when it is published (R25, indicators I1 to I4 and I11).

A request is a deadline that a message started; when the message arrived and when it was due come from the ground truth
and the dates of `expected_due`, the votes from the ground truth, but for surveys that a restored database cannot know.
The moment of an answer is the database's, which `deadline_checks` compares with the ground truth. Nothing here calls
the core.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from sqlite3 import Row
from typing import Any

from testbed.database import at, text
from testbed.sim.expected_due import ExpectedDue, require
from testbed.sim.town import SimulatedTown

_NOT_TAKEN_BACK = ("undelivered:", "solved:", "order:")
A_SECOND = 1 / 3600 + 1e-6  # in hours: the database holds whole seconds


@dataclass(frozen=True, slots=True)
class CountedRequest:
    """`asked`: a person has asked it; otherwise an answer came back and is owed again, or it is no promise."""

    case: str
    asked: bool
    promised: bool
    asked_at: datetime
    due_at: datetime
    met_at: datetime | None


@dataclass(slots=True)
class ReportChecks:
    town: SimulatedTown
    expected: ExpectedDue
    _published: set[str] = field(default_factory=set)

    def begin_again(self) -> None:
        self._published = set(self.town.database.reports())

    def published(self) -> None:
        """Compare what was published in this step."""
        for month, figures in self.town.database.reports().items():
            if month not in self._published:
                self._published.add(month)
                self._compare(month, {one["id"]: one["main"] for one in json.loads(figures)})

    def _compare(self, month: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        begins, ends = self._bounds(month)
        requests = self._requests(ends)
        expected = {
            "I1": _in_time([request for request in requests if request.promised and begins <= request.due_at < ends]),
            "I2": (
                len({request.case for request in requests if request.due_at < ends and request.met_at is None}),
                None,
            ),
            "I3": self._same_day(
                [request for request in requests if request.asked and begins <= request.asked_at < ends]
            ),
            "I4": self._time([request for request in requests if request.asked and begins <= request.due_at < ends]),
            "I11": self._satisfaction(begins, ends),
        }
        for name, (value, n) in expected.items():
            shown = figures[name]
            same = shown["value"] == value or _are_close(shown["value"], value, A_SECOND if name == "I4" else 1e-6)
            require(
                same and shown["n"] in (n, None),
                "the figures of a month agree with the ledger",
                lambda name=name, value=value, n=n, shown=shown: (  # type: ignore[misc]
                    f"{month} {name}: {shown['value']} of {shown['n']}, expected {value} of {n}"
                ),
            )

    def _bounds(self, month: str) -> tuple[datetime, datetime]:
        first = date.fromisoformat(f"{month}-01")
        after = (first + timedelta(days=32)).replace(day=1)
        begins, ends = (datetime.combine(day, time.min, self.town.zone).astimezone(UTC) for day in (first, after))
        return begins, ends

    def _requests(self, ends: datetime) -> list[CountedRequest]:
        found = []
        rows = self.town.database.counted_requests(ends)
        for place, row in enumerate(rows):
            last = _standing(rows[place:], text(ends))
            if last is None:
                continue
            written = self.town.truth.written.get(row["message_id"] or "")
            asked_at, due_at = at(row["started_at"]), at(row["due_at"])
            if written is not None:
                asked_at = next((moment for moment in written.at if self.expected.due(moment) == due_at), written.at[0])
                due_at = due_at if due_at in self.expected.dues(written) else self.expected.due(asked_at)
            asked = ":" not in row["started_by"] or row["started_by"] == row["opened_by"]
            met_at = at(last["met_at"]) if last["met_at"] and last["met_at"] < text(ends) else None
            promised = asked or row["started_by"].startswith("undelivered:")
            found.append(CountedRequest(row["number"], asked, promised, asked_at, due_at, met_at))
        return found

    def _same_day(self, arrived: list[CountedRequest]) -> tuple[float | None, int]:
        """Of what came on a working day before closing time."""
        counted = [one for one in arrived if self._is_before_closing(one.asked_at)]
        same = [one for one in counted if one.met_at and self._day(one.met_at) == self._day(one.asked_at)]
        return _share(len(same), len(counted)), len(counted)

    def _time(self, due: list[CountedRequest]) -> tuple[float | None, int]:
        """The median of the service hours from arrival to answer."""
        hours = [self._hours(one.asked_at, one.met_at) for one in due if one.met_at is not None]
        return (statistics.median(hours) if hours else None), len(hours)

    def _hours(self, begins: datetime, ends: datetime) -> float:
        """The part of each working day's opening hours that lies between the two moments."""
        office, day, total = self.town.policy.office, self._day(begins), timedelta()
        while day <= self._day(ends):
            opens, closes = (
                datetime.combine(day, hour, self.town.zone).astimezone(UTC) for hour in (office.opens, office.closes)
            )
            if self.expected.workdays.is_working_day(day):
                total += max(timedelta(), min(ends, closes) - max(begins, opens))
            day += timedelta(days=1)
        return total / timedelta(hours=1)

    def _is_before_closing(self, moment: datetime) -> bool:
        local = moment.astimezone(self.town.zone)
        return self.expected.workdays.is_working_day(local.date()) and local.time() < self.town.policy.office.closes

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.town.zone).date()

    def _satisfaction(self, begins: datetime, ends: datetime) -> tuple[float | None, int]:
        """The last vote of each case, of those that its citizen gave. What the mailbox has lost may have been read; a
        restored database does not know a survey of which no copy was taken."""
        truth, read = self.town.truth, self.town.database.message_ids()
        unread = (truth.lost | self.town.unreadable_ids()) - read
        votes = [vote for vote in truth.votes if vote.own and begins <= vote.at < ends]
        if self.town.restored_at is not None:
            asked = self.town.database.surveyed()
            votes = [vote for vote in votes if vote.case in asked]
        last = {vote.case: vote.score for vote in votes if vote.message not in unread}
        return (sum(last.values()) / len(last) if last else None), len(last)


def _are_close(one: float | None, other: float | None, within: float) -> bool:
    return one is not None and other is not None and abs(one - other) < within


def _standing(rows: Sequence[Row], ends: str) -> Row | None:
    """The deadline that says whether the first of these was answered: its own or, if that was withdrawn, the one that
    started when an agent took the case back. None: the request was withdrawn for good."""
    row, *following = rows
    if row["withdrawn_at"] is None or row["withdrawn_at"] >= ends:
        return row
    for place, later in enumerate(following):
        taken_back = ":" in later["started_by"] and not later["started_by"].startswith(_NOT_TAKEN_BACK)
        if later["number"] == row["number"] and taken_back and later["started_at"] >= row["withdrawn_at"]:
            return _standing(following[place:], ends)
    return None


def _in_time(due: list[CountedRequest]) -> tuple[float | None, int]:
    kept = [one for one in due if one.met_at is not None and one.met_at <= one.due_at]
    return _share(len(kept), len(due)), len(due)


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
