"""The indicators I1 to I14 of a month once more, by the formulas of docs/requirements.md section 5 alone.

It shares the database with the report and nothing else: it imports nothing of the product.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.engine.recomputed_rows import (
    CALLED,
    NO_REQUEST,
    ON_PAPER,
    SLOTS,
    Asked,
    RecomputedRows,
    at_hour,
    moment,
    whole,
)

Breaches = Sequence[tuple[str, str, float | None]]
_CAME = "SELECT fingerprint, received_at FROM messages WHERE role = 'citizen'"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputedFigure:
    """`n`: None where the report names none. `measures`: (value, n) by key; `tables`: without rows of 0."""

    value: float | None
    n: int | None = None
    measures: Mapping[str, tuple[float | None, int | None]] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    breaches: Breaches = field(default_factory=list)


class RecomputedMonth(RecomputedRows):
    """An indicator a method."""

    def i1(self) -> RecomputedFigure:
        missed = [one for one in self.due if not one.in_time]
        breaches = [self.cause(one) for one in missed]
        good = len(self.due) - len(missed)
        evening = sum(one.in_the_evening for one in missed)
        return RecomputedFigure(
            value=percent(good, len(self.due)),
            n=len(self.due),
            measures={"in_time_count": (good, None), "late_same_day": (evening, None)},
            tables={"causes": Counter(cause for _, cause, _ in breaches)},
            breaches=breaches,
        )

    def i2(self) -> RecomputedFigure:
        first: dict[str, Asked] = {}
        for one in sorted(self.asked, key=lambda one: one.due):
            if one.due < self.end and one.answered is None:
                first.setdefault(one.case, one)
        return RecomputedFigure(value=len(first), breaches=[self.cause(one) for one in first.values()])

    def i3(self) -> RecomputedFigure:
        counted = [one for one in self.arrived if self.works(one.at.date()) and one.at.hour < 20]
        same = [one for one in counted if one.answered and one.answered.date() == one.at.date()]
        return RecomputedFigure(value=percent(len(same), len(counted)), n=len(counted))

    def i4(self) -> RecomputedFigure:
        due = [one for one in self.due if one.by_person]
        hours = sorted(self.hours(one.at, one.answered) for one in due if one.answered)
        n = len(hours)
        return RecomputedFigure(
            value=statistics.median(hours) if hours else None,
            n=n,
            measures={
                "mean": (statistics.fmean(hours) if hours else None, n),
                "p90": (hours[-(-9 * n // 10) - 1] if hours else None, n),
                "not_answered": (len(due) - n, None),
            },
        )

    def i5(self) -> RecomputedFigure:
        return RecomputedFigure(
            value=len(self.opened),
            measures={"further": (len(self.arrived) - len(self.opened), None)},
            tables={
                "channels": Counter(map(channel, self.opened)),
                "topics": Counter(case["topic"] for case in self.opened),
            },
        )

    def i6(self) -> RecomputedFigure:
        last = {row["number"]: row for row in self.events("closed")}
        closed = [
            number
            for number, row in last.items()
            if self.holds(row["at"]) and row.get("reason") not in NO_REQUEST and number not in self.into
        ]
        first = [number for number in closed if self.cases[number]["level"] == "first" and not self.handed(number)]
        once = [number for number in closed if self._contacts(number) <= 1]
        n = len(closed)
        return RecomputedFigure(value=percent(len(first), n), n=n, measures={"one_contact": (percent(len(once), n), n)})

    def _contacts(self, number: str) -> int:
        """That a case was closed as answered is no answer."""
        answers = [row for row in self.events("answered", case=number) if row["by"] != "answered"]
        notices = [row for row in self.handed(number) if row["why"] == "ordered"]
        return len(answers) + len(notices)

    def i7(self) -> RecomputedFigure:
        handed = {number: self.handed(number) for number in self.cases}
        found = [self.cases[number] for number, rows in handed.items() if rows and self.holds(rows[0]["at"])]
        n = len(self.opened)
        empty = {"cause": "unknown"}
        tables = {"derived_causes": "cause", "operators": "operator", "platforms": "platform"}
        return RecomputedFigure(
            value=len(found),
            measures={"derived_share": (percent(len(found), n), n)},
            tables={
                key: Counter(case[column] or empty.get(column, "") for case in found) for key, column in tables.items()
            },
        )

    def i8(self) -> RecomputedFigure:
        days, breaches, waiting = [], [], 0
        for number in self.cases:
            for begun, told in self._derivations(number):
                if told is not None and not self.holds(told):
                    continue
                last = told or self.end - timedelta(days=1)  # the last day of the month is over at its end
                taken = self.working_days(begun.date(), last.date())
                if told is not None:
                    days.append(taken)
                if taken > 5:
                    breaches.append((number, "slow" if told else "not_over", float(taken - 5)))
                    waiting += told is None
        return RecomputedFigure(
            value=statistics.fmean(days) if days else None,
            n=len(days),
            measures={"still_open": (waiting, None)},
            breaches=breaches,
        )

    def _derivations(self, case: str) -> Iterable[tuple[datetime, datetime | None]]:
        """(begun, told): the story of a case from event to event. It ends when the person is told of the solution."""
        begun, solved = None, False
        kinds = ("escalated", "solved", "answered", "not-theirs", "corrected", "closed", "erased")
        story = self.events(*kinds, case=case)
        for row in sorted(story, key=lambda row: (row["told"], row["id"])):
            kind, told = row["kind"], None
            if kind == "escalated":
                begun = begun or (row["at"] if row["why"] in ("second-level", "ordered") else None)
            elif begun is None:
                continue
            elif kind == "solved":
                solved = True
            elif kind == "answered":
                told = row["told"] if solved else None
            elif kind == "closed" and row.get("reason") not in NO_REQUEST:
                told = row["at"]
            elif kind != "corrected" or row.get("level", "second") != "second":
                begun = None
            if told is not None and begun is not None:
                yield begun, told
                begun, solved = None, False
        if begun is not None:
            yield begun, None

    def i9(self) -> RecomputedFigure:
        found = [case["number"] for case in self.opened if case["level"] == "out_of_scope"]
        pointed = {row["number"]: row["body"] for row in self.events("referred")}
        bodies = Counter(pointed.get(number, "no_pointer") for number in found)
        return RecomputedFigure(value=len(found), tables={"pointers": bodies})

    def i10(self) -> RecomputedFigure:
        """One call for each case: that which was made, else the last."""
        calls: dict[str, Asked] = {}
        for one in sorted(self.due, key=lambda one: (one.due, one.at)):
            if one.is_call and not (one.case in calls and self._called(calls[one.case])):
                calls[one.case] = one
        outcomes = {case: self._call(one) for case, one in calls.items()}
        counts = Counter(what if what in ("called", "not_located") else "failed" for what in outcomes.values())
        breaches: Breaches = [
            (case, what, self.hours(calls[case].due, self._called(calls[case])[0][0]) if what == "call_late" else None)
            for case, what in outcomes.items()
            if what not in ("called", "not_located")
        ]
        return RecomputedFigure(
            value=percent(counts["called"] + counts["not_located"], len(calls)),
            n=len(calls),
            measures={"not_located": (counts["not_located"], None)},
            tables={"calls": counts},
            breaches=breaches,
        )

    def _called(self, one: Asked) -> list[tuple[datetime, str]]:
        case = self.lasting(one.case)
        rows = self.events("answered", case=case)
        return sorted((row["told"], row["by"]) for row in rows if row["by"] in CALLED and row["told"] >= one.at)

    def _call(self, one: Asked) -> str:
        begins, ends = SLOTS[one.slot]
        made = self._called(one)
        if not made:
            return "answered_by_mail" if one.answered else "call_not_made"
        for at, how in made:
            if at <= one.due and begins <= at.hour < ends:
                return "called" if how == "call" else "not_located"
        return "call_late" if made[0][0] > one.due else "call_outside_slot"

    def i11(self) -> RecomputedFigure:
        rows = self.rows(
            """SELECT c.number, v.score, v.signed, v.at FROM votes v JOIN cases c ON c.id = v.case_id
            ORDER BY v.at, v.id"""
        )
        rows = [row for row in rows if self.holds(moment(row["at"]))]
        marks = {row["number"]: row["score"] for row in rows if row["signed"]}
        unsigned = {row["number"] for row in rows if not row["signed"]} - marks.keys()
        sent = self.rows("SELECT sent_at FROM outbox WHERE kind = 'survey' AND state = 'sent'")
        surveys = sum(self.holds(moment(row["sent_at"])) for row in sent)
        n, mean = len(marks), statistics.fmean(marks.values()) if marks else None
        low = n >= 5 and mean is not None and mean < 4
        return RecomputedFigure(
            value=mean,
            n=n,
            measures={
                "four_or_more": (percent(sum(mark >= 4 for mark in marks.values()), n), n),
                "response_rate": (percent(n, surveys), surveys),
                "unsigned": (len(unsigned), None),
            },
            tables={"marks": Counter(map(str, marks.values()))},
            breaches=[(case, "low_mean", None) for case, mark in marks.items() if low and mark < 4],
        )

    def i12(self) -> RecomputedFigure:
        """A complaint or suggestion is a message; its answer is that of the request which it is or joined."""
        came = {row["fingerprint"]: moment(row["received_at"]) for row in self.rows(_CAME)}
        found: dict[tuple[str, datetime], tuple[datetime, Asked, str]] = {}
        for row in self.events("opinion"):
            case = self.cases[row["number"]]
            at = came.get(row["fingerprint"], case["opened_at"])
            if row["intent"] not in ("complaint", "suggestion") or (
                at <= case["opened_at"] and case["intent"] != row["intent"]
            ):
                continue  # the opening message is by now what the case is
            of = {row["number"], self.lasting(row["number"])}
            owed = [one for one in self.asked if one.case in of and one.at <= at]
            owed = [one for one in owed if one.answered is None or one.answered >= whole(at)]
            if owed:
                found[row["number"], at] = (at, min(owed, key=lambda one: one.at), row["intent"])
        ending = [(self._ten_days(at), one) for at, one, _ in found.values() if self.holds(self._ten_days(at))]
        missed = [one for limit, one in ending if one.answered is None or one.answered > limit]
        received = [intent for at, _, intent in found.values() if self.holds(at)]
        return RecomputedFigure(
            value=percent(len(ending) - len(missed), len(ending)),
            n=len(ending),
            measures={"opinions": (len(received), None)},
            tables={"kinds": Counter(received)},
            breaches=[(one.case, "opinion_late" if one.answered else "opinion_unanswered", None) for one in missed],
        )

    def _ten_days(self, at: datetime) -> datetime:
        return at_hour(self.working_day(at.date(), 10), 20)

    def i13(self) -> RecomputedFigure:
        """Answers: agents' letters in Sent, and what was relayed for them once it had left."""
        asked = [one.lang for one in self.arrived if one.source == "person" and one.lang]
        seen = self.rows("SELECT received_at AS at, lang FROM messages WHERE role = 'agent' AND outcome = 'case'")
        relayed = self.rows(
            """SELECT o.sent_at AS at, m.lang FROM outbox o JOIN messages m ON o.key = 'relayed:' || m.fingerprint
            WHERE o.state = 'sent'"""
        )
        answers = [row["lang"] for row in (*seen, *relayed) if self.holds(moment(row["at"]))]
        return RecomputedFigure(
            value=len(asked),
            measures={"answers_by_mail": (len(answers), None)},
            tables={"requests": Counter(map(language, asked)), "answers": Counter(map(language, answers))},
        )

    def i14(self) -> RecomputedFigure:
        acks = self.rows(
            """SELECT m.received_at, o.sent_at, o.state FROM outbox o
            JOIN messages m ON o.key = 'ack:' || m.fingerprint WHERE o.kind = 'ack' AND o.state <> 'dropped'"""
        )
        owed = [row for row in acks if self.holds(moment(row["received_at"]))]
        quick = [row for row in owed if self._is_quick(row)]
        within = [row for row in self.log if self.holds(row["at"])]
        returned = {(row["number"], row["message"]) for row in within if row["kind"] == "answer-undelivered"}
        corrected = {row["number"] for row in within if row["kind"] == "corrected"}
        reviews = self.rows(
            """SELECT r.done_at FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint
            WHERE r.reason = 'suspected-spam' AND r.done_at IS NOT NULL AND m.case_id IS NOT NULL"""
        )
        rescued = sum(self.holds(moment(row["done_at"])) for row in reviews)
        return RecomputedFigure(
            value=percent(len(quick), len(owed)),
            n=len(owed),
            measures={
                "returned_answers": (len(returned), None),
                "corrected_cases": (len(corrected), None),
                "rescued": (rescued, None),
            },
        )

    def _is_quick(self, ack: Mapping[str, str]) -> bool:
        if ack["state"] != "sent":
            return False
        came, left = moment(ack["received_at"]), moment(ack["sent_at"])
        return left - came <= timedelta(minutes=5) and left < self.end


def percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def language(lang: str) -> str:
    return lang if lang in ("ca", "es", "en", "fr") else "other"


def channel(case: Mapping[str, str]) -> str:
    return case["rule"] if case["rule"] in ON_PAPER else "callback" if case["intent"] == "callback" else "mail"
