"""The rows of a month for figures that are computed a second time: dates, requests, answers and stories of cases.

It imports nothing of the product. When a request was answered is taken from the event log, when it arrived from its
message, when it was due from the calendar; the deadlines tell only what was asked and what was withdrawn. To whom an
answer went stands in its original. It is for towns in which each case is one person's, and its guests'.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.utils import getaddresses
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
CALLED, ON_PAPER = ("call", "not-located"), ("telephone", "visit")
SLOTS = {"morning": (8, 14), "afternoon": (14, 20), "any": (8, 20)}
NO_REQUEST = ("spam", "duplicate")


class Said(NamedTuple):
    """An answer. `noted`: its place in the event log; `to`: the guests to whom alone it went."""

    at: datetime
    noted: int
    how: str
    to: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Asked:
    """What is owed to a person. `how`: of the answer; `source`: person, contact, returned, outcome or other; `opens`:
    the number of the case that it opened."""

    case: str
    source: str
    opens: str
    at: datetime
    due: datetime
    is_call: bool
    slot: str
    lang: str
    void: datetime | None = None
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
    def read(self) -> dict[str, int]:
        """Where the log notes that a message was read that opened a case or asked anew, or that an answer came back."""
        found = {row["fingerprint"]: row["id"] for row in self.events("opened", "asked-anew") if row["fingerprint"]}
        for row in self.events("undelivered", "answer-undelivered"):
            found.setdefault(f"undelivered:{row['number']}:{row['at']}", row["id"])
        return found

    @cached_property
    def notices(self) -> set[tuple[str, datetime]]:
        """Case and moment of each notice that the case was passed on; some people cannot be told."""
        rows = self.rows(
            """SELECT c.number, o.created_at FROM outbox o JOIN cases c ON c.id = o.case_id
            WHERE o.kind = 'passed_on'"""
        )
        return {(row["number"], whole(moment(row["created_at"]))) for row in rows}

    @cached_property
    def said(self) -> dict[str, list[Said]]:
        """Answers by case in their order: of people, logged contacts, and notices of derivation (R22)."""
        found: dict[str, list[Said]] = {}
        for row in self.log:
            if row["kind"] == "answered":
                told = Said(whole(row["told"]), row["id"], row["by"], self._guests_alone(row))
                found.setdefault(row["number"], []).append(told)
            elif row["kind"] == "escalated" and (self.lasting(row["number"]), whole(row["at"])) in self.notices:
                found.setdefault(row["number"], []).append(Said(whole(row["at"]), row["id"], "notice"))
        return {case: sorted(moments) for case, moments in found.items()}

    def _guests_alone(self, row: dict[str, Any]) -> frozenset[str]:
        """The guests of the case to whom an answer by mail went, if it went to nobody else of the case."""
        guests = self.guests.get(row["number"])
        if not guests or not row["fingerprint"]:
            return frozenset()
        sent = self.rows(
            """SELECT o.bytes FROM messages m JOIN originals o ON o.sha256 = m.original
            WHERE m.fingerprint = ?""",
            row["fingerprint"],
        )
        to = {address for one in sent for address in recipients(one["bytes"])}
        return frozenset(to & guests) if to <= guests | self.office else frozenset()

    @cached_property
    def guests(self) -> dict[str, set[str]]:
        """By case; who wrote as a guest of it and is not its person."""
        rows = self.rows(
            """SELECT c.number, p.address FROM messages m JOIN cases c ON c.id = m.case_id
            JOIN people p ON p.id = m.author_id WHERE m.guest AND m.author_id <> c.citizen_id"""
        )
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row["number"], set()).add(row["address"])
        return found

    @cached_property
    def office(self) -> set[str]:
        """Who wrote for the desk."""
        rows = self.rows(
            "SELECT DISTINCT p.address FROM messages m JOIN people p ON p.id = m.author_id WHERE m.role = 'agent'"
        )
        return {row["address"] for row in rows}

    # --- requests ---------------------------------------------------------------------------------------

    @cached_property
    def asked(self) -> list[Asked]:
        """Without what was withdrawn, unless an agent has taken its case back: then it is answered when that is."""
        rows = self.rows(
            """SELECT d.started_by, d.started_at, d.due_at, d.withdrawn_at, c.number, c.intent, c.slot,
              m.received_at, m.rule, m.lang, p.address FROM deadlines d JOIN cases c ON c.id = d.case_id
            LEFT JOIN messages m ON m.fingerprint = d.started_by LEFT JOIN people p ON p.id = m.author_id
            WHERE d.kind = 'answer' AND d.level = 0"""
        )
        every = sorted((self._asked(row) for row in rows), key=lambda one: one.at, reverse=True)
        for one in every:
            again = (back for back in every[::-1] if back.source == "other" and back.case == one.case)
            back = next((back for back in again if one.void and one.void <= back.at < self.end), None)
            if back:
                one.void, one.answered, one.how = back.void, back.answered, back.how
        return [one for one in every if one.void is None and one.at < self.end]

    def _asked(self, row: dict[str, Any]) -> Asked:
        begins = row["started_by"].partition(":")[0] if ":" in row["started_by"] else ""
        source = {"": "person", "undelivered": "returned", "solved": "outcome", "order": "person"}.get(begins, "other")
        if row["rule"] in ON_PAPER:
            source = "contact"
        at = moment(row["received_at"] or row["started_at"])
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
            opens=self._opens(row["number"], row["started_by"]),
            at=at,
            due=due,
            is_call=bool(slot) and source == "person" and not by_hand and due.hour == SLOTS[slot][1],
            slot=slot,
            lang=row["lang"] or "",
        )
        void = moment(row["withdrawn_at"]) if row["withdrawn_at"] else None
        one.void = void if void and void < self.end else None
        key = f"undelivered:{one.case}:{at}" if source == "returned" else row["started_by"]
        read = self.read.get(key, 0)  # what was noted before a message was read that asks is no answer to it
        for said in self.said.get(one.case, ()):
            if said.at >= whole(at) and said.noted > read and (not said.to or row["address"] in said.to):
                one.answered, one.how = said.at, said.how
                break
        return one

    def _opens(self, case: str, started_by: str) -> str:
        """A message that was split off opens the case on which it is owed, also one that had opened another."""
        if started_by.startswith("order:") or f"{case} {started_by}" in self._openers:
            return case
        return self._openers.get(started_by, "")

    @cached_property
    def _openers(self) -> dict[str, str]:
        return {case["opened_by"]: number for number, case in self.cases.items()}

    @cached_property
    def due(self) -> list[Asked]:
        return [one for one in self.asked if self.holds(one.due) and (one.by_person or one.source == "returned")]

    @cached_property
    def arrived(self) -> list[Asked]:
        return [one for one in self.asked if self.holds(one.at) and one.by_person]

    @cached_property
    def opened(self) -> list[dict[str, Any]]:
        """The cases of their own that the requests of the month opened."""
        return [self.cases[one.opens] for one in self.arrived if one.opens and one.opens not in self.into]

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


def recipients(original: bytes) -> set[str]:
    mail = message_from_bytes(original)
    named = (str(value) for name in ("To", "Cc", "Bcc") for value in mail.get_all(name, ()))
    return {address.lower() for _, address in getaddresses(list(named))}
