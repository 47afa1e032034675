"""The rows of a month for figures that are computed a second time: dates, requests, answers and stories of cases.

It imports nothing of the product. When a request was answered is taken from the event log, when it arrived from its
message, when it was due from the calendar; the deadlines tell only what was asked and what an agent withdrew. It is for
towns in which each case is one person's.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
CALLED, ON_PAPER = ("call", "not-located"), ("telephone", "visit")
SLOTS = {"morning": (8, 14), "afternoon": (14, 20), "any": (8, 20)}
NO_REQUEST = ("spam", "duplicate")


@dataclass(slots=True, kw_only=True)
class Asked:
    """What is owed to a person. `how`: of the answer; `source`: person, contact, returned, outcome or other."""

    case: str
    source: str
    opens: bool
    at: datetime
    due: datetime
    is_call: bool
    slot: str
    lang: str
    answered: datetime | None = None
    how: str = ""

    @property
    def by_person(self) -> bool:
        return self.source in ("person", "contact")

    @property
    def in_time(self) -> bool:
        return self.answered is not None and self.answered <= self.due

    @property
    def in_the_evening(self) -> bool:
        late = self.answered is not None and not self.in_time and self.due.hour == 20
        return late and self.answered is not None and self.answered.date() == self.due.date()


@dataclass
class RecomputedRows:
    """`closed`: holidays of the months around it."""

    con: sqlite3.Connection
    year: int
    number: int
    closed: frozenset[date]

    # --- dates ------------------------------------------------------------------------------------------

    @cached_property
    def begin(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=MADRID)

    @cached_property
    def end(self) -> datetime:
        return datetime(self.year + self.number // 12, self.number % 12 + 1, 1, tzinfo=MADRID)

    def holds(self, at: datetime) -> bool:
        return self.begin <= at < self.end

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed

    def working_days(self, after: date, until: date) -> int:
        days = (after + timedelta(days=n + 1) for n in range((until - after).days))
        return sum(map(self.works, days))

    def working_day(self, after: date, n: int) -> date:
        while n:
            after += timedelta(days=1)
            n -= self.works(after)
        return after

    def hours(self, start: datetime, end: datetime) -> float:
        """Service hours: of each working day the part between 8 and 20 that the span covers."""
        total, day = 0.0, start.date()
        while day <= end.date():
            if self.works(day):
                opens, closes = at_hour(day, 8), at_hour(day, 20)
                total += max(0.0, (utc(min(end, closes)) - utc(max(start, opens))).total_seconds()) / 3600
            day += timedelta(days=1)
        return total

    # --- rows -------------------------------------------------------------------------------------------

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        done = self.con.execute(query, values)
        names = [column[0] for column in done.description]
        return [dict(zip(names, row, strict=True)) for row in done]

    @cached_property
    def cases(self) -> dict[str, dict[str, Any]]:
        rows = self.rows(
            """SELECT c.*, coalesce(m.rule, '') AS rule FROM cases c LEFT JOIN messages m ON m.fingerprint = c.opened_by
            ORDER BY c.id"""
        )
        return {row["number"]: {**row, "opened_at": moment(row["opened_at"])} for row in rows}

    @cached_property
    def opened(self) -> list[dict[str, Any]]:
        return [
            case
            for case in self.cases.values()
            if self.holds(case["opened_at"]) and case["close_reason"] not in NO_REQUEST
        ]

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        """Events up to the month's end: `at` is when it was noted, `told` when it took place."""
        rows = self.rows(
            "SELECT e.id, e.at, e.kind, e.fingerprint, e.data, c.number FROM events e JOIN cases c ON c.id = e.case_id"
        )
        found = []
        for row in sorted(rows, key=lambda row: row["id"]):
            data = json.loads(row.pop("data"))
            at = moment(row["at"])
            found.append({**data, **row, "at": at, "told": moment(data["at"]) if "at" in data else at})
        return [row for row in found if row["at"] < self.end]

    @cached_property
    def into(self) -> dict[str, str]:
        return {row["from"]: row["number"] for row in self.log if row["kind"] == "merged"}

    def lasting(self, number: str) -> str:
        """The case that a merged one became."""
        while number in self.into:
            number = self.into[number]
        return number

    def events(self, *kinds: str, case: str = "") -> list[dict[str, Any]]:
        """In order; those of a merged case belong to the story of the other."""
        found = [row for row in self.log if row["kind"] in kinds]
        return [row for row in found if not case or self.lasting(row["number"]) == case]

    def handed(self, case: str) -> list[dict[str, Any]]:
        return [row for row in self.events("escalated", case=case) if row["why"] in ("second-level", "ordered")]

    @cached_property
    def read(self) -> dict[str, datetime]:
        """When a message was read that opened a case, or asked anew: after a failure hours after it came."""
        return {row["fingerprint"]: row["at"] for row in self.events("opened", "asked-anew") if row["fingerprint"]}

    @cached_property
    def notices(self) -> set[tuple[str, datetime]]:
        """Case and moment of each notice that the case was passed on; some people cannot be told."""
        rows = self.rows(
            """SELECT c.number, o.created_at FROM outbox o JOIN cases c ON c.id = o.case_id
            WHERE o.kind = 'passed_on'"""
        )
        return {(row["number"], whole(moment(row["created_at"]))) for row in rows}

    @cached_property
    def said(self) -> dict[str, list[tuple[datetime, str]]]:
        """Answers by case in their order: of people, logged contacts, and notices of derivation (R22)."""
        found: dict[str, list[tuple[datetime, str]]] = {}
        for row in self.log:
            if row["kind"] == "answered":
                found.setdefault(row["number"], []).append((whole(row["told"]), row["by"]))
            elif row["kind"] == "escalated" and (self.lasting(row["number"]), whole(row["at"])) in self.notices:
                found.setdefault(row["number"], []).append((whole(row["at"]), "notice"))
        return {case: sorted(moments) for case, moments in found.items()}

    # --- requests ---------------------------------------------------------------------------------------

    @cached_property
    def asked(self) -> list[Asked]:
        rows = self.rows(
            """SELECT d.armed_by, d.armed_at, d.due_at, d.void_at, c.number, c.opened_by, c.intent, c.slot,
              m.received_at, m.rule, m.lang FROM deadlines d JOIN cases c ON c.id = d.case_id
            LEFT JOIN messages m ON m.fingerprint = d.armed_by WHERE d.kind = 'answer' AND d.level = 0"""
        )
        return [self._asked(row) for row in rows if not (row["void_at"] and moment(row["void_at"]) < self.end)]

    def _asked(self, row: dict[str, Any]) -> Asked:
        begins = row["armed_by"].partition(":")[0] if ":" in row["armed_by"] else ""
        source = {"": "person", "undelivered": "returned", "solved": "outcome", "order": "person"}.get(begins, "other")
        if row["rule"] in ON_PAPER:
            source = "contact"
        at = moment(row["received_at"] or row["armed_at"])
        by_hand = self.cases[row["number"]]["rule"] in ON_PAPER
        slot = row["slot"] if row["intent"] == "callback" and row["slot"] else ""
        day = self.working_day(at.date(), 1)
        agreed = SLOTS[slot][1] if slot and source in ("person", "contact") else 20
        due = at_hour(day, agreed) if moment(row["due_at"]).hour == agreed else at_hour(day, 20)
        if source in ("outcome", "other"):  # by the day on which the person was promised news, where that is earlier
            due = moment(row["due_at"])
        one = Asked(
            case=row["number"],
            source=source,
            opens=row["armed_by"] == row["opened_by"],
            at=at,
            due=due,
            is_call=bool(slot) and source == "person" and not by_hand and due.hour == SLOTS[slot][1],
            slot=slot,
            lang=row["lang"] or "",
        )
        read = self.read.get(row["armed_by"], at)  # a notice of before answers nothing that was not read yet
        said = self.said.get(one.case, ())
        first = next((said for said in said if said[0] >= whole(read if said[1] == "notice" else at)), None)
        if first and first[0] < self.end:
            one.answered, one.how = first
        return one

    @cached_property
    def due(self) -> list[Asked]:
        return [one for one in self.asked if self.holds(one.due) and (one.by_person or one.source == "returned")]

    @cached_property
    def arrived(self) -> list[Asked]:
        return [one for one in self.asked if self.holds(one.at) and one.by_person]

    def with_the_services(self, case: str) -> bool:
        """Whether it is there when the month ends."""
        there = False
        for row in self.events("escalated", "not-theirs", "corrected", "closed", "erased", case=case):
            if row["kind"] == "escalated":
                there = there or row["why"] in ("second-level", "ordered")
            elif row["kind"] != "corrected" or row.get("level", "second") != "second":
                there = False
        return there

    def cause(self, one: Asked) -> tuple[str, str, float | None]:
        """Why it was missed, and by how many service hours."""
        if one.answered is None:
            if one.source == "returned":
                return one.case, "returned_unanswered", None
            if self.with_the_services(one.case):
                return one.case, "outcome_untold" if one.source == "outcome" else "derived_untold", None
            return one.case, "call_not_made" if one.is_call else "unanswered", None
        if one.in_the_evening:
            return one.case, "late_same_day", None
        late = self.hours(one.due, one.answered)
        if one.source == "returned":
            return one.case, "returned_late", late
        if one.how == "notice":
            return one.case, "derived_late", late
        return one.case, "call_late" if one.is_call and one.how in CALLED else "late", late


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(MADRID)


def whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def at_hour(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), MADRID)
