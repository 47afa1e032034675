"""I6, I7 and I8: where cases were solved, what the technical services got, and how long it took them (R11-R13, R22).

The event log is the source, since it keeps what a case no longer shows: a case that is opened again loses its time of
closing. A derivation ends when the person knows the outcome, or when the case comes back unsolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.core.model import Level
from oacmail.core.report.cohorts import HANDED_OVER, Cohorts, moment
from oacmail.core.report.figures import Breach, FigureTable, Indicator, Measure
from oacmail.core.report.rows import CaseRow, EventRow
from oacmail.core.report.statistics import mean, share, working_days
from oacmail.core.report.volumes import counted

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
    answers = sorted(moment(event) for event in of.story_of(case, "answered"))
    solved = [moment(event) for event in of.story_of(case, "solved")]
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
