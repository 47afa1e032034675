"""I1 to I9 and I13: answered in time, solved where, how many, by which channel, about what, in which language
(R11-R22, R29).

An answer is the first one of a person (R16), a logged contact, or the derivation notice (R22). Without one, a
request has failed; it has no time of response.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.core import calendar
from oacmail.core.model import Level, Topic
from oacmail.core.report.figures import (
    ASKED,
    BY_CALL,
    HANDED_OVER,
    NOTICE,
    Breach,
    CaseRow,
    Cohorts,
    Count,
    EventRow,
    FigureTable,
    Indicator,
    Measure,
    RequestRow,
    mean,
    median,
    moment_of,
    percentile,
    service_hours,
    share,
    working_days,
)

# --- Compliance ------------------------------------------------------------------------------------------------------
# I1 to I4. I1, I2 and I4 count what was due in the month, I3 what arrived in it (R15-R22).

ALARM = 95.0
"""Below this share of answers in time the report opens with it."""
SAME_DAY_TARGET, MEDIAN_TARGET, MOST_TAKE = 60.0, 4.0, 90
_CAUSES = (
    "late_same_day", "late", "derived_late", "call_late", "returned_late",
    "unanswered", "derived_untold", "call_not_made", "returned_unanswered",
)  # fmt: skip


def answered_in_time(of: Cohorts) -> Indicator:
    """I1. Every request due in the month counts; the unanswered ones fail."""
    due = of.due()
    failed = [one for one in due if not of.in_time(one)]
    breaches = tuple(_breach(of, one) for one in sorted(failed, key=lambda one: (one.due_at, one.case)))
    in_time = len(due) - len(failed)
    return Indicator(
        id="I1",
        main=Measure(key="in_time", value=share(in_time, len(due)), unit="percent", n=len(due), target=100.0),
        measures=(
            Measure(key="in_time_count", value=in_time, unit="count", part=True),
            Measure(key="late_same_day", value=sum(map(of.late_same_day, failed)), unit="count", part=True),
        ),
        tables=(FigureTable(key="causes", rows=_by_cause(breaches), words="cause_of_breach"),),
        breaches=breaches,
    )


def _by_cause(breaches: tuple[Breach, ...]) -> tuple[Count, ...]:
    counted = {cause: sum(breach.cause == cause for breach in breaches) for cause in _CAUSES}
    return tuple(Count(key=cause, count=count) for cause, count in counted.items() if count)


def unanswered(of: Cohorts) -> Indicator:
    """I2. One for each case, whatever it waits for."""
    open_ = {one.case: one for one in reversed(of.open_at_the_end())}
    breaches = tuple(_breach(of, one) for one in sorted(open_.values(), key=lambda one: (one.due_at, one.case)))
    return Indicator(
        id="I2",
        main=Measure(key="unanswered", value=len(breaches), unit="count", target=0, at_least=False),
        breaches=breaches,
    )


def same_day(of: Cohorts) -> Indicator:
    """I3. Of what arrived on a working day before closing time."""
    zone, closes = of.policy.office.timezone, of.policy.office.closes
    counted = []
    for one in of.arrived():
        local = one.asked_at.astimezone(zone)
        if of.policy.workdays.is_working_day(local.date()) and local.time() < closes:
            counted.append(one)
    same = sum(_on_the_day(of, one) for one in counted)
    value = share(same, len(counted))
    main = Measure(key="same_day", value=value, unit="percent", n=len(counted), target=SAME_DAY_TARGET)
    return Indicator(id="I3", main=main)


def _on_the_day(of: Cohorts, request: RequestRow) -> bool:
    zone, at = of.policy.office.timezone, request.answered_at
    return at is not None and at.astimezone(zone).date() == request.asked_at.astimezone(zone).date()


def response_time(of: Cohorts) -> Indicator:
    """I4. Service hours from arrival to the first answer, of what a person asked."""
    due = [one for one in of.due() if one.source in ASKED]
    hours = [service_hours(one.asked_at, at, of.policy) for one in due if (at := one.answered_at) is not None]
    n = len(hours)
    return Indicator(
        id="I4",
        main=Measure(key="median", value=median(hours), unit="hours", n=n, target=MEDIAN_TARGET, at_least=False),
        measures=(
            Measure(key="mean", value=mean(hours), unit="hours", n=n),
            Measure(key="p90", value=percentile(hours, MOST_TAKE), unit="hours", n=n),
            Measure(key="not_answered", value=len(due) - n, unit="count"),
        ),
    )


def _breach(of: Cohorts, request: RequestRow) -> Breach:
    at = request.answered_at
    if at is None:
        return Breach(case=request.case, cause=_why_unanswered(of, request))
    late = None if of.late_same_day(request) else service_hours(request.due_at, at, of.policy)
    return Breach(case=request.case, cause=_why_late(of, request), late=late)


def _why_unanswered(of: Cohorts, request: RequestRow) -> str:
    if request.source == "returned":
        return "returned_unanswered"
    if is_derived(of, request.case):
        return "outcome_untold" if request.source == "outcome" else "derived_untold"
    return "call_not_made" if is_call(of, request) else "unanswered"


def _why_late(of: Cohorts, request: RequestRow) -> str:
    if of.late_same_day(request):
        return "late_same_day"
    if request.source == "returned":
        return "returned_late"
    how = of.how(request)
    if how == NOTICE:
        return "derived_late"
    return "call_late" if how in BY_CALL and is_call(of, request) else "late"


def is_call(of: Cohorts, request: RequestRow) -> bool:
    """Whether the person waits for a call that was asked for by mail: its slot ends when the answer is due (R27)."""
    case = of.case(request.case)
    if case is None or case.slot is None or case.channel != "callback" or request.source != "message":
        return False
    return request.due_at.astimezone(of.policy.office.timezone).time() == calendar.SLOTS[case.slot][1]


def is_derived(of: Cohorts, case: str) -> bool:
    """Whether the technical services had it when the month ended."""
    handed = [event.at for event in handed_over(of, case)]
    ended = [*came_back(of, case), *(event.at for event in of.story_of(case, "closed"))]
    return bool(handed) and (not ended or max(ended) < max(handed))


# --- Solving ---------------------------------------------------------------------------------------------------------
# I6, I7 and I8, from the event log: a case that is opened again loses its time of closing. A derivation ends when the
# person knows the outcome, or when the case comes back unsolved.

FIRST_LEVEL_TARGET, ONE_CONTACT_TARGET, MOST_DAYS = 80.0, 60.0, 5
_NO_REQUEST = ("spam", "duplicate")
_A_MOMENT = timedelta.resolution
"""The month ends at midnight: the last day that is over is the one before."""


def solved_where(of: Cohorts) -> Indicator:
    """I6. Of the cases whose last closing of the month was no spam and no double, and that were not merged."""
    closed = [case for case in of.rows.cases.values() if _closed(of, case)]
    first = sum(case.level == "first" and not handed_over(of, case.number) for case in closed)
    once = sum(_contacts(of, case.number) <= 1 for case in closed)
    n = len(closed)
    return Indicator(
        id="I6",
        main=Measure(key="first_level", value=share(first, n), unit="percent", n=n, target=FIRST_LEVEL_TARGET),
        measures=(Measure(key="one_contact", value=share(once, n), unit="percent", n=n, target=ONE_CONTACT_TARGET),),
    )


def _closed(of: Cohorts, case: CaseRow) -> bool:
    ended = of.events_of(case.number, "closed")
    if of.is_merged(case.number):
        return False
    return bool(ended) and of.holds(ended[-1].at) and (ended[-1].text("reason") or "answered") not in _NO_REQUEST


def _contacts(of: Cohorts, case: str) -> int:
    """Answers of people, and the notice that a case was passed on; that a case was closed as answered is none."""
    answers = [event for event in of.story_of(case, "answered") if event.text("by") != "answered"]
    notices = [event for event in handed_over(of, case) if event.text("why") == "ordered"]
    return len(answers) + len(notices)


def handed_over(of: Cohorts, case: str) -> list[EventRow]:
    """When the case went to the technical services, by itself or by an agent's order."""
    return [event for event in of.story_of(case, "escalated") if event.text("why") in HANDED_OVER]


def derived(of: Cohorts) -> Indicator:
    """I7. Each case once, in the month in which the technical services first got it. A cause is one that was read or
    that an agent chose."""
    firsts = ((case, handed_over(of, number)) for number, case in of.rows.cases.items())
    found = [case for case, handed in firsts if handed and of.holds(handed[0].at)]
    opened = len(of.opened())
    return Indicator(
        id="I7",
        main=Measure(key="derived", value=len(found), unit="count"),
        measures=(Measure(key="derived_share", value=share(len(found), opened), unit="percent", n=opened),),
        tables=(
            FigureTable(key="derived_causes", rows=counted(case.cause or "unknown" for case in found), words="cause"),
            FigureTable(key="operators", rows=counted(case.operator for case in found), words="operator"),
            FigureTable(key="platforms", rows=counted(case.platform for case in found)),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """`told_at`: when the person got the outcome, None = not yet."""

    case: str
    begun_at: datetime
    told_at: datetime | None = None


def derivations(of: Cohorts, case: str) -> list[Derivation]:
    """Those of a case up to the end of the month; one that came back unsolved is none."""
    if not handed_over(of, case):
        return []
    told = _outcomes(of, case)
    found: list[Derivation] = []
    begun: datetime | None = None
    for at, what in sorted([*_changes(of, case), *((at, "told") for at in told)]):
        if what == "begun":
            begun = begun or at
        elif begun is not None and at >= begun:
            if what == "told":
                found.append(Derivation(case=case, begun_at=begun, told_at=at))
            begun = None
    return [*found, *([Derivation(case=case, begun_at=begun)] if begun is not None else [])]


def _changes(of: Cohorts, case: str) -> Sequence[tuple[datetime, str]]:
    begun = [(event.at, "begun") for event in handed_over(of, case)]
    return [*begun, *((at, "returned") for at in came_back(of, case))]


def came_back(of: Cohorts, case: str) -> list[datetime]:
    """When the case left the technical services without an outcome: it is not theirs, is not of the second level, is no
    request of its own, or its person was forgotten."""
    corrected = (event for event in of.story_of(case, "corrected") if event.text("level") not in ("", Level.SECOND))
    dropped = (event for event in of.story_of(case, "closed") if event.text("reason") in _NO_REQUEST)
    ended = (*of.story_of(case, "not-theirs"), *of.story_of(case, "erased"))
    return [event.at for event in (*ended, *corrected, *dropped)]


def _outcomes(of: Cohorts, case: str) -> list[datetime]:
    """The first answer after somebody has said that it is solved, or the closing of the case as a request."""
    answers = sorted(moment_of(event) for event in of.story_of(case, "answered"))
    solved = [moment_of(event) for event in of.story_of(case, "solved")]
    told = [next((at for at in answers if at >= said), None) for said in solved]
    closed = [event.at for event in of.story_of(case, "closed") if event.text("reason") not in _NO_REQUEST]
    return sorted({at for at in (*told, *closed) if at is not None and at < of.ends})


def time_to_solve(of: Cohorts) -> Indicator:
    """I8. What was told in the month; what is still open for longer is listed too."""
    every = [one for number in of.rows.cases for one in derivations(of, number)]
    told = [(one, at) for one in every if (at := one.told_at) is not None and of.holds(at)]
    days = [working_days(one.begun_at, at, of.policy) for one, at in told]
    slow = [
        Breach(case=one.case, cause="slow", late=taken - MOST_DAYS)
        for (one, _), taken in zip(told, days, strict=True)
        if taken > MOST_DAYS
    ]
    waiting = [
        (one, working_days(one.begun_at, of.ends - _A_MOMENT, of.policy)) for one in every if one.told_at is None
    ]
    open_ = [
        Breach(case=one.case, cause="not_over", late=taken - MOST_DAYS) for one, taken in waiting if taken > MOST_DAYS
    ]
    return Indicator(
        id="I8",
        main=Measure(key="days", value=mean(days), unit="days", n=len(days), target=MOST_DAYS, at_least=False),
        measures=(Measure(key="still_open", value=len(open_), unit="count", target=0, at_least=False),),
        breaches=tuple(sorted([*slow, *open_], key=lambda one: one.case)),
    )


# --- Volumes ---------------------------------------------------------------------------------------------------------
# I5, I9 and I13, by the month of arrival.

CHANNELS = ("mail", "callback", "telephone", "visit")
LANGUAGES = ("ca", "es", "en", "fr", "other")
NO_POINTER = "no_pointer"


def volumes(of: Cohorts) -> Indicator:
    """I5. Cases opened in the month, and what was asked besides: on cases that existed, or that were merged."""
    opened = of.opened()
    return Indicator(
        id="I5",
        main=Measure(key="cases", value=len(opened), unit="count"),
        measures=(Measure(key="further", value=len(of.arrived()) - len(opened), unit="count"),),
        tables=(
            FigureTable(key="channels", rows=counted((case.channel for case in opened), CHANNELS)),
            FigureTable(key="topics", rows=counted((case.topic for case in opened), tuple(Topic)), words="topic"),
        ),
    )


def out_of_scope(of: Cohorts) -> Indicator:
    """I9. By the body that the person was pointed to."""
    found = [case for case in of.opened() if case.level == "out_of_scope"]
    bodies = []
    for case in found:
        referred = [event.text("body") for event in of.events_of(case.number, "referred")]
        bodies.append(referred[-1] if referred else NO_POINTER)
    return Indicator(
        id="I9",
        main=Measure(key="out_of_scope", value=len(found), unit="count"),
        tables=(FigureTable(key="pointers", rows=counted(bodies)),),
    )


def languages(of: Cohorts) -> Indicator:
    """I13. Of messages alone: nobody notes in which language a call was made."""
    asked = [one.lang for one in of.arrived() if one.lang]
    answers = [answer.lang for answer in of.rows.answers if of.holds(answer.at)]
    return Indicator(
        id="I13",
        main=Measure(key="requests_by_mail", value=len(asked), unit="count"),
        measures=(Measure(key="answers_by_mail", value=len(answers), unit="count"),),
        tables=(
            FigureTable(key="requests", rows=counted(map(_language, asked), LANGUAGES), words="in_language"),
            FigureTable(key="answers", rows=counted(map(_language, answers), LANGUAGES), words="in_language"),
        ),
    )


def _language(lang: str) -> str:
    return lang if lang in LANGUAGES else "other"


def counted(keys: Iterable[str], order: Sequence[str] = ()) -> tuple[Count, ...]:
    """A row for each key of `order`, also where it is 0; keys beyond it follow, the most frequent first."""
    found = Counter(keys)
    rest = sorted((key for key in found if key not in order), key=lambda key: (-found[key], key))
    return tuple(Count(key=key, count=found[key]) for key in (*order, *rest))
