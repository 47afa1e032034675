"""The figures of a month counted by hand from what came and what was done, by docs/indicators.md alone.

It imports nothing of the product, reads no database, and knows no deadline: a `Fact` is what a person at the desk could
write down on paper when it happens.
"""

import statistics
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
HOLIDAYS = {
    date(2026, month, day)
    for month, day in (
        (1, 1), (1, 6), (1, 22), (4, 3), (4, 6), (5, 1), (6, 24), (8, 20), (9, 11), (10, 12), (12, 8), (12, 25),
    )
}  # fmt: skip
HOURS = {"morning": (8, 14), "afternoon": (14, 20), "any": (8, 20)}
OPINIONS = ("complaint", "suggestion")
ASIDE = ("spam", "duplicate")
MADE = object()
Missed = tuple[str, str, float | None]
"""Case, cause, and how late: in service hours, or in working days of a derived case."""


class Fact(NamedTuple):
    """`at`: when it took place; `noted`: when the desk learned of it. `case`: a name of the test's own; `what`: ask,
    contact, answer, bounce, close, back, passed, solved, returned, changed, merged, vote, survey."""

    at: datetime
    noted: datetime
    case: str
    what: str
    data: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class PaperRequest:
    """Something that is owed to a person. `kind`: ask, contact, bounce, outcome, back."""

    case: str
    kind: str
    at: datetime
    due: datetime
    opens: str = ""  # the name of its case
    slot: str = ""
    lang: str = ""
    quick: bool | None = None  # whether its acknowledgement left in time; None = none is owed
    answered: datetime | None = None
    how: str = ""
    aside: bool = False

    @property
    def asked(self) -> bool:
        return self.kind in ("ask", "contact")

    @property
    def in_time(self) -> bool:
        return self.answered is not None and self.answered <= self.due

    @property
    def in_the_evening(self) -> bool:
        """Late, on the day on which the desk closes at the moment when it was due."""
        late = self.answered is not None and not self.in_time and self.due.hour == 20
        return late and self.answered is not None and self.answered.date() == self.due.date()


@dataclass(slots=True, kw_only=True)
class PaperCase:
    """`class_`: topic, level and intent as they are when the month is counted."""

    name: str
    channel: str
    class_: Mapping[str, str]
    waiting: list[PaperRequest] = field(default_factory=list)
    aside: list[PaperRequest] = field(default_factory=list)
    answers: list[tuple[datetime, str]] = field(default_factory=list)
    closings: list[tuple[datetime, str]] = field(default_factory=list)
    passed: list[datetime] = field(default_factory=list)
    stay: datetime | None = None
    body: str = "no_pointer"
    solved: bool = False
    merged: bool = False


class Paper:
    """`counted(year, month)` goes through the facts up to the end of the month, and adds up."""

    def __init__(self, facts: Iterable[Fact], classes: Mapping[str, Mapping[str, str]]) -> None:
        self.facts: list[Fact] = []
        for fact in facts:
            insort(self.facts, fact, key=lambda one: (one.at, one.noted))
        self.classes = classes

    def counted(self, year: int, number: int) -> dict[str, dict[str, Any]]:
        end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=MADRID)
        month = PaperMonth(self.classes, datetime(year, number, 1, tzinfo=MADRID), end)
        month.hears(self.facts)
        return {f"I{n}": getattr(month, f"i{n}")() for n in range(1, 15)}

    def summed(self, day: date) -> tuple[int, int, int]:
        """What the summary of this day says: received, answered, in time, since the last working day began."""
        since = day - timedelta(days=1)
        while not works(since):
            since -= timedelta(days=1)
        span = PaperMonth(self.classes, at_hour(since, 0), at_hour(day, 0))
        span.hears(fact for fact in self.facts if fact.noted < at_hour(day, 8))
        answered = [one for one in span.promised if one.answered and span.holds(one.answered)]
        return len(span.arrived), len(answered), sum(one.in_time for one in answered)


class PaperMonth:
    """One month while its facts are gone through."""

    def __init__(self, classes: Mapping[str, Mapping[str, str]], begin: datetime, end: datetime) -> None:
        self.classes, self.begin, self.end = classes, begin, end
        self.cases: dict[str, PaperCase] = {}
        self.requests: list[PaperRequest] = []
        self.opinions: list[tuple[str, datetime, PaperRequest]] = []
        self.stays: list[tuple[str, datetime, datetime]] = []
        self.votes: dict[str, int] = {}
        self.strangers: set[str] = set()
        self.surveys = self.bounces = 0
        self.changed: set[str] = set()
        self.answer_langs: Counter[str] = Counter()

    def hears(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            if fact.at < self.end:
                getattr(self, f"_{fact.what}")(fact, **fact.data)

    def holds(self, at: datetime) -> bool:
        return self.begin <= at < self.end

    # --- what happened ------------------------------------------------------------------------------------

    def _lasting(self, name: str) -> PaperCase:
        return self.cases[self.classes[name].get("into", name)] if self.cases[name].merged else self.cases[name]

    def _ask(self, fact: Fact, *, channel: str = "mail", slot: str = "", lang: str, intent: str, quick: bool) -> None:
        opens = fact.case not in self.cases
        if opens:
            new = PaperCase(name=fact.case, channel=channel, class_=self.classes[fact.case])
            self.cases[fact.case] = new
            if new.class_.get("fault"):
                self._passed(fact)
        case = self._lasting(fact.case)
        if not case.waiting:
            due = at_hour(working_day(fact.at.date(), 1), HOURS[slot or "any"][1])
            case.waiting.append(
                PaperRequest(
                    case=case.name,
                    kind="ask",
                    at=fact.at,
                    due=due,
                    opens=fact.case if opens else "",
                    slot=slot,
                    lang=lang,
                    quick=quick,
                )
            )
            self.requests.append(case.waiting[-1])
        intent = self.classes[fact.case]["intent"] if opens else intent
        if intent in OPINIONS:
            self.opinions.append((intent, fact.at, case.waiting[0]))

    def _contact(self, fact: Fact, *, channel: str) -> None:
        case = PaperCase(name=fact.case, channel=channel, class_=self.classes[fact.case])
        self.cases[fact.case] = case
        due = at_hour(working_day(fact.at.date(), 1), 20)
        case.waiting.append(PaperRequest(case=case.name, kind="contact", at=fact.at, due=due, opens=fact.case))
        self.requests.append(case.waiting[-1])

    def _answer(self, fact: Fact, *, how: str, lang: str = "", body: str = "") -> None:
        case = self._lasting(fact.case)
        case.body = body or case.body
        if lang and self.holds(fact.at):
            self.answer_langs[lang] += 1
        for one in case.waiting:
            one.answered, one.how = fact.at, how
        case.waiting.clear()
        case.answers.append((fact.at, how))
        if case.solved and case.stay:
            self._stay_told(case, fact.at)

    def _stay_told(self, case: PaperCase, at: datetime) -> None:
        assert case.stay is not None
        self.stays.append((case.name, case.stay, at))
        case.stay, case.solved = None, False

    def _bounce(self, fact: Fact) -> None:
        case = self._lasting(fact.case)
        self.bounces += self.holds(fact.at)
        if not case.waiting:
            self._owed(case, "bounce", fact.at)

    def _owed(self, case: PaperCase, kind: str, at: datetime) -> None:
        due = at_hour(working_day(at.date(), 1), 20)
        case.waiting.append(PaperRequest(case=case.name, kind=kind, at=at, due=due))
        self.requests.append(case.waiting[-1])

    def _close(self, fact: Fact, *, reason: str) -> None:
        case = self._lasting(fact.case)
        case.closings.append((fact.at, reason))
        if reason in ASIDE:
            for one in case.waiting:
                one.aside = True
            case.aside += case.waiting
            case.waiting.clear()
            case.stay, case.solved = None, False
        elif case.stay:
            self._stay_told(case, fact.at)

    def _back(self, fact: Fact) -> None:
        case = self._lasting(fact.case)
        if case.waiting:
            return
        for one in case.aside:
            one.aside = False
        case.waiting, case.aside = case.aside, []
        self._owed(case, "back", fact.at)

    def _passed(self, fact: Fact) -> None:
        case = self._lasting(fact.case)
        case.passed.append(fact.at)
        case.stay = case.stay or fact.at

    def _solved(self, fact: Fact) -> None:
        case = self._lasting(fact.case)
        case.solved = True
        self._owed(case, "outcome", fact.at)

    def _returned(self, fact: Fact) -> None:
        case = self._lasting(fact.case)
        case.stay, case.solved = None, False
        if not case.waiting:
            self._owed(case, "back", fact.at)

    def _changed(self, fact: Fact) -> None:
        if self.holds(fact.at):
            self.changed.add(fact.case)

    def _merged(self, fact: Fact) -> None:
        case, into = self.cases[fact.case], self.cases[self.classes[fact.case]["into"]]
        case.merged = True
        for one in case.waiting:
            one.case = into.name
        into.waiting = sorted([*into.waiting, *case.waiting], key=lambda one: one.at)
        into.answers += case.answers

    def _vote(self, fact: Fact, *, mark: int, signed: bool) -> None:
        if not self.holds(fact.at):
            return
        if signed:
            self.votes[fact.case] = mark
        else:
            self.strangers.add(fact.case)

    def _survey(self, fact: Fact) -> None:
        self.surveys += self.holds(fact.at)

    # --- what it adds up to -------------------------------------------------------------------------------

    @property
    def promised(self) -> list[PaperRequest]:
        return [one for one in self.requests if one.kind in ("ask", "contact", "bounce") and not one.aside]

    @property
    def due(self) -> list[PaperRequest]:
        return [one for one in self.promised if self.holds(one.due)]

    @property
    def arrived(self) -> list[PaperRequest]:
        return [one for one in self.requests if one.asked and not one.aside and self.holds(one.at)]

    @property
    def opened(self) -> list[PaperCase]:
        return [case for one in self.arrived if one.opens and not (case := self.cases[one.opens]).merged]

    def i1(self) -> dict[str, Any]:
        missed = [one for one in self.due if not one.in_time]
        evening = sum(one.in_the_evening for one in missed)
        n, good = len(self.due), len(self.due) - len(missed)
        causes = [self._cause(one) for one in missed]
        return {**figure(share(good, n), n, in_time_count=good, late_same_day=evening), "causes": causes}

    def i2(self) -> dict[str, Any]:
        first: dict[str, PaperRequest] = {}
        for one in sorted(self.requests, key=lambda one: one.due):
            if one.due < self.end and not one.answered and not one.aside:
                first.setdefault(one.case, one)
        return {**figure(len(first)), "causes": [self._cause(one) for one in first.values()]}

    def _cause(self, one: PaperRequest) -> Missed:
        if one.answered is None:
            if one.kind == "bounce":
                return one.case, "returned_unanswered", None
            if self.cases[one.case].stay:
                return one.case, "outcome_untold" if one.kind == "outcome" else "derived_untold", None
            return one.case, "call_not_made" if one.slot else "unanswered", None
        if one.in_the_evening:
            return one.case, "late_same_day", None
        what = "returned_late" if one.kind == "bounce" else "derived_late" if one.how == "notice" else "late"
        called = one.slot and one.how in ("call", "not_located")
        return one.case, "call_late" if called else what, service_hours(one.due, one.answered)

    def i3(self) -> dict[str, Any]:
        counted = [one for one in self.arrived if works(one.at.date()) and one.at.hour < 20]
        same = [one for one in counted if one.answered and one.answered.date() == one.at.date()]
        return figure(share(len(same), len(counted)), len(counted))

    def i4(self) -> dict[str, Any]:
        due = [one for one in self.due if one.asked]
        taken = sorted(service_hours(one.at, one.answered) for one in due if one.answered)
        n = len(taken)
        p90 = next((one for place, one in enumerate(taken, 1) if 10 * place >= 9 * n), None)
        mean = statistics.fmean(taken) if taken else None
        return figure(statistics.median(taken) if taken else None, n, mean=mean, p90=p90, not_answered=len(due) - n)

    def i5(self) -> dict[str, Any]:
        channels = Counter(case.channel for case in self.opened)
        topics = Counter(case.class_["topic"] for case in self.opened)
        return {
            **figure(len(self.opened), further=len(self.arrived) - len(self.opened)),
            "tables": {"channels": channels, "topics": topics},
        }

    def i6(self) -> dict[str, Any]:
        closed = [
            case
            for case in self.cases.values()
            if not case.merged
            and case.closings
            and self.holds(case.closings[-1][0])
            and case.closings[-1][1] not in ASIDE
        ]
        n = len(closed)
        first = sum(case.class_["level"] == "first" and not case.passed for case in closed)
        return figure(share(first, n), n, one_contact=share(sum(len(case.answers) <= 1 for case in closed), n))

    def i7(self) -> dict[str, Any]:
        found = [case for case in self.cases.values() if case.passed and self.holds(min(case.passed))]
        return figure(len(found), derived_share=share(len(found), len(self.opened)))

    def i8(self) -> dict[str, Any]:
        days = [(case, days_between(begun, told)) for case, begun, told in self.stays if self.holds(told)]
        last = self.end - timedelta(days=1)
        waiting = [(case.name, days_between(case.stay, last)) for case in self.cases.values() if case.stay]
        open_: list[Missed] = [(case, "not_over", taken - 5) for case, taken in waiting if taken > 5]
        slow: list[Missed] = [(case, "slow", taken - 5) for case, taken in days if taken > 5]
        mean = statistics.fmean(taken for _, taken in days) if days else None
        return {**figure(mean, len(days), still_open=len(open_)), "causes": [*slow, *open_]}

    def i9(self) -> dict[str, Any]:
        found = [case for case in self.opened if case.class_["level"] == "out_of_scope"]
        bodies = Counter(case.body for case in found)
        return {**figure(len(found)), "tables": {"pointers": bodies}}

    def i10(self) -> dict[str, Any]:
        outcomes = {one.case: self._call(one) for one in self.due if one.slot}
        counts = Counter(what if late is MADE else "failed" for what, late in outcomes.values())
        missed = [(case, what, late) for case, (what, late) in outcomes.items() if late is not MADE]
        made = counts["called"] + counts["not_located"]
        return {
            **figure(share(made, len(outcomes)), len(outcomes), not_located=counts["not_located"]),
            "tables": {"calls": counts},
            "causes": missed,
        }

    def _call(self, one: PaperRequest) -> tuple[str, Any]:
        """What became of it, and how late it was; MADE: as agreed."""
        begins, ends = HOURS[one.slot]
        made = [
            (at, how) for at, how in self.cases[one.case].answers if how in ("call", "not_located") and at >= one.at
        ]
        for at, how in made:
            if at <= one.due and begins <= at.hour < ends:
                return "called" if how == "call" else how, MADE
        if made:
            late = made[0][0] > one.due
            return ("call_late", service_hours(one.due, made[0][0])) if late else ("call_outside_slot", None)
        return "answered_by_mail" if one.answered else "call_not_made", None

    def i11(self) -> dict[str, Any]:
        marks = list(self.votes.values())
        n = len(marks)
        return {
            **figure(
                statistics.fmean(marks) if marks else None,
                n,
                four_or_more=share(sum(mark >= 4 for mark in marks), n),
                response_rate=share(n, self.surveys),
                unsigned=len(self.strangers - self.votes.keys()),
            ),
            "tables": {"marks": Counter(map(str, marks))},
            "causes": [(case, "low_mean", None) for case, mark in self.votes.items() if self._is_low(marks, mark)],
        }

    def _is_low(self, marks: list[int], mark: int) -> bool:
        return len(marks) >= 5 and statistics.fmean(marks) < 4 and mark < 4

    def i12(self) -> dict[str, Any]:
        counted = [(intent, at, one) for intent, at, one in self.opinions if not one.aside]
        received = Counter(intent for intent, at, _ in counted if self.holds(at))
        ending = [(at, one) for _, at, one in counted if self.holds(at_hour(working_day(at.date(), 10), 20))]
        missed = [
            (one.case, "opinion_late" if one.answered else "opinion_unanswered", None)
            for at, one in ending
            if one.answered is None or one.answered > at_hour(working_day(at.date(), 10), 20)
        ]
        n = len(ending)
        return {
            **figure(share(n - len(missed), n), n, opinions=sum(received.values())),
            "tables": {"kinds": received},
            "causes": missed,
        }

    def i13(self) -> dict[str, Any]:
        asked = Counter(one.lang for one in self.arrived if one.lang)
        return {
            **figure(sum(asked.values()), answers_by_mail=sum(self.answer_langs.values())),
            "tables": {"requests": asked, "answers": self.answer_langs},
        }

    def i14(self) -> dict[str, Any]:
        owed = [one.quick for one in self.requests if one.quick is not None and self.holds(one.at)]
        return figure(
            share(sum(owed), len(owed)), len(owed), returned_answers=self.bounces, corrected_cases=len(self.changed)
        )


def figure(value: float | None, n: int | None = None, **measures: float | None) -> dict[str, Any]:
    return {"value": value, "n": n, "measures": measures}


def share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def working_day(after: date, n: int) -> date:
    while n:
        after += timedelta(days=1)
        n -= works(after)
    return after


def days_between(begun: datetime, until: datetime) -> int:
    return sum(works(day) for day in days(begun.date() + timedelta(days=1), until.date()))


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def at_hour(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), MADRID)


def service_hours(start: datetime, end: datetime) -> float:
    spans = ((at_hour(day, 8), at_hour(day, 20)) for day in days(start.date(), end.date()) if works(day))
    seconds = (
        (min(end, closes).astimezone(UTC) - max(start, opens).astimezone(UTC)).total_seconds()
        for opens, closes in spans
    )
    return sum(max(0.0, one) for one in seconds) / 3600
