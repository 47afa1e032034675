"""I1 to I4: answered in time, unanswered at the end of the month, on the same day, and how long it took (R15-R22).

I1, I2 and I4 count what was due in the month, I3 what arrived in it. An answer is the first one of a person (R16), a
logged contact, or the derivation notice (R22). Without one, a request has failed; it has no time of response.
"""

from oacmail.core import calendar
from oacmail.core.report.cohorts import BY_CALL, NOTICE, Cohorts
from oacmail.core.report.figures import Breach, Count, FigureTable, Indicator, Measure
from oacmail.core.report.rows import ASKED, RequestRow
from oacmail.core.report.solving import came_back, handed_over
from oacmail.core.report.statistics import mean, median, percentile, service_hours, share

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
    counted = {cause: sum(one.cause == cause for one in breaches) for cause in _CAUSES}
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
