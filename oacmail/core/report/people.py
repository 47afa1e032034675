"""I10, I11 and I12: agreed calls, satisfaction, complaints and suggestions (R26-R28, R30)."""

from datetime import datetime

from oacmail.core import calendar
from oacmail.core.report.cohorts import BY_CALL, CALL, NOT_LOCATED, Cohorts
from oacmail.core.report.compliance import is_call
from oacmail.core.report.figures import Breach, Count, FigureTable, Indicator, Measure
from oacmail.core.report.rows import ASKED, RequestRow, VoteRow
from oacmail.core.report.statistics import mean, service_hours, share
from oacmail.core.report.volumes import counted

FEWEST_MARKS, MARK_TARGET, GOOD_MARK = 5, 4.0, 4
"""With fewer marks nothing is judged (R30)."""
OPINIONS = ("complaint", "suggestion")
OPINION_DAYS = 10
MARKS = ("1", "2", "3", "4", "5")


# --- calls ------------------------------------------------------------------------------------------------


def calls(of: Cohorts) -> Indicator:
    """I10. A person who could not be reached in the slot and got a mail counts as called, and is shown apart (R27)."""
    due = _calls_due(of)
    outcomes = [(one, _outcome(of, one)) for one in due]
    called = sum(what == "called" for _, what in outcomes)
    not_located = sum(what == "not_located" for _, what in outcomes)
    failed = [(one, what) for one, what in outcomes if what not in ("called", "not_located")]
    made = called + not_located
    return Indicator(
        id="I10",
        main=Measure(key="called", value=share(made, len(due)), unit="percent", n=len(due), target=100.0),
        measures=(Measure(key="not_located", value=not_located, unit="count", part=True),),
        tables=(
            FigureTable(
                key="calls",
                rows=(
                    Count(key="called", count=called),
                    Count(key="not_located", count=not_located),
                    Count(key="failed", count=len(failed)),
                ),
            ),
        ),
        breaches=tuple(
            Breach(case=one.case, cause=what, late=_late(of, one) if what == "call_late" else None)
            for one, what in sorted(failed, key=lambda pair: pair[0].case)
        ),
    )


def _calls_due(of: Cohorts) -> list[RequestRow]:
    """One for each case: the request that a call answered, else the last one."""
    found: dict[str, RequestRow] = {}
    for one in of.due():
        if one.source not in ASKED or not is_call(of, one):
            continue
        known = found.get(one.case)
        if known is None or of.how(known) not in BY_CALL:
            found[one.case] = one
    return list(found.values())


def _outcome(of: Cohorts, request: RequestRow) -> str:
    at = of.answered_at(request)
    if at is None:
        return "call_not_made"
    how = of.how(request)
    if how not in BY_CALL:
        return "answered_by_mail"
    if at > request.due_at:
        return "call_late"
    if how == NOT_LOCATED:
        return "not_located"
    return "called" if how == CALL and _in_slot(of, request, at) else "call_outside_slot"


def _in_slot(of: Cohorts, request: RequestRow, at: datetime) -> bool:
    case = of.case(request.case)
    if case is None or case.slot is None:
        return False
    begins, ends = calendar.SLOTS[case.slot]
    return begins <= at.astimezone(of.policy.office.timezone).time() < ends


def _late(of: Cohorts, request: RequestRow) -> float | None:
    at = of.answered_at(request)
    return service_hours(request.due_at, at, of.policy) if at else None


# --- satisfaction -----------------------------------------------------------------------------------------


def satisfaction(of: Cohorts) -> Indicator:
    """I11. Marks that came in the month, the last of each case. The mean is compared unrounded with 4."""
    votes = [one for one in of.rows.votes if of.holds(one.at)]
    signed = list(_last_of_each([one for one in votes if one.signed]).values())
    marks = [one.score for one in signed]
    n, enough, surveys = len(marks), len(marks) >= FEWEST_MARKS, of.rows.surveys
    average = mean(marks)
    low = enough and average is not None and average < MARK_TARGET
    return Indicator(
        id="I11",
        main=Measure(key="satisfaction", value=average, unit="points", n=n, target=MARK_TARGET, enough=enough),
        measures=(
            Measure(key="four_or_more", value=share(sum(one >= GOOD_MARK for one in marks), n), unit="percent", n=n),
            Measure(key="response_rate", value=share(n, surveys) if surveys else None, unit="percent", n=surveys),
            Measure(key="unsigned", value=len(_last_of_each([one for one in votes if not one.signed])), unit="count"),
        ),
        tables=(FigureTable(key="marks", rows=counted(map(str, marks), MARKS)),),
        breaches=tuple(Breach(case=one.case, cause="low_mean") for one in signed if low and one.score < MARK_TARGET),
    )


def _last_of_each(votes: list[VoteRow]) -> dict[str, VoteRow]:
    return {one.case: one for one in sorted(votes, key=lambda one: one.at)}


# --- complaints and suggestions ---------------------------------------------------------------------------


def opinions(of: Cohorts) -> Indicator:
    """I12. Counted by arrival; judged in the month in which ten working days end."""
    every = [(one, intent) for one, intent in _opinions(of)]
    received = [intent for one, intent in every if of.holds(one.asked_at)]
    ending = [one for one, _ in every if of.holds(_limit(of, one))]
    failed = [one for one in ending if (at := of.answered_at(one)) is None or at > _limit(of, one)]
    return Indicator(
        id="I12",
        main=Measure(
            key="in_ten_days",
            value=share(len(ending) - len(failed), len(ending)),
            unit="percent",
            n=len(ending),
            target=100.0,
        ),
        measures=(Measure(key="opinions", value=len(received), unit="count"),),
        tables=(FigureTable(key="kinds", rows=counted(received, OPINIONS), words="intent"),),
        breaches=tuple(
            Breach(case=one.case, cause="opinion_late" if of.answered_at(one) else "opinion_unanswered")
            for one in sorted(failed, key=lambda one: one.case)
        ),
    )


def _opinions(of: Cohorts) -> list[tuple[RequestRow, str]]:
    """The request of each message that was a complaint or a suggestion, and of each case that an agent made one.

    Without a deadline of its own the message is answered with the request that ran when it came. Of a merged case the
    request that waited is now the other case's."""
    requests: dict[str, list[RequestRow]] = {}
    for one in sorted(of.rows.requests, key=lambda one: one.asked_at):
        if one.source in ASKED and not of.is_withdrawn(one):
            requests.setdefault(one.case, []).append(one)
    found: dict[tuple[str, datetime], tuple[RequestRow, str]] = {}
    for event in of.every("opinion"):
        intent = event.text("intent")
        of_case = {event.case, of.lasting(event.case)}
        asked = [one for case in of_case for one in requests.get(case, ()) if one.asked_at <= event.at]
        last = max(asked, key=lambda one: one.asked_at, default=None)
        if intent in OPINIONS and last is not None and _still_is(of, event.case, last, intent):
            found[last.case, last.asked_at] = (last, intent)
    return list(found.values())


def _still_is(of: Cohorts, number: str, request: RequestRow, intent: str) -> bool:
    """Whether no agent has corrected it: the intent of the case is that of its first message."""
    case = of.case(number)
    return case is None or request.asked_at > case.opened_at or case.intent == intent


def _limit(of: Cohorts, request: RequestRow) -> datetime:
    zone = of.policy.office.timezone
    day = calendar.add_working_days(request.asked_at.astimezone(zone).date(), OPINION_DAYS, of.policy.workdays)
    return calendar.closing_of(day, of.policy)
