"""I10 to I12 and I14: agreed calls, satisfaction, complaints (R26-R28, R30), and what the program itself owes: quick
acknowledgements, no answer that comes back, no request taken for spam.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.core import calendar
from oacmail.core.report.figures import (
    BY_CALL,
    NOT_LOCATED,
    AckRow,
    Breach,
    Cohorts,
    Count,
    FigureTable,
    Indicator,
    Measure,
    RequestRow,
    VoteRow,
    mean,
    moment_of,
    service_hours,
    share,
)
from oacmail.core.report.solving import counted, is_call

FEWEST_MARKS, MARK_TARGET, GOOD_MARK = 5, 4.0, 4
"""With fewer marks nothing is judged (R30)."""
OPINIONS = ("complaint", "suggestion")
OPINION_DAYS = 10
MARKS = ("1", "2", "3", "4", "5")


# --- calls ------------------------------------------------------------------------------------------------


def calls(of: Cohorts) -> Indicator:
    """I10. Of what was asked for by mail; a mail before or after the call changes nothing. A person who could not be
    reached in the slot and got a mail counts as called, and is shown apart (R27)."""
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
    """One for each case: the request for which a call was made, else the last one."""
    found: dict[str, RequestRow] = {}
    for one in sorted(of.due(), key=lambda one: (one.due_at, one.asked_at)):
        if is_call(of, one) and not (one.case in found and _calls_made(of, found[one.case])):
            found[one.case] = one
    return list(found.values())


def _calls_made(of: Cohorts, request: RequestRow) -> list[tuple[datetime, str]]:
    """(when, how) of the calls since the request, until the month ended; those in vain once a mail has said so."""
    events = of.story_of(of.lasting(request.case), "answered")
    made = [(moment_of(event), event.text("by")) for event in events if event.text("by") in BY_CALL]
    return sorted((at, how) for at, how in made if at >= request.asked_at)


def _outcome(of: Cohorts, request: RequestRow) -> str:
    """Of the first call in the slot and in time, else of the first one."""
    made = _calls_made(of, request)
    if not made:
        return "answered_by_mail" if request.answered_at else "call_not_made"
    good = next((how for at, how in made if at <= request.due_at and _in_slot(of, request, at)), None)
    if good:
        return "not_located" if good == NOT_LOCATED else "called"
    return "call_late" if made[0][0] > request.due_at else "call_outside_slot"


def _in_slot(of: Cohorts, request: RequestRow, at: datetime) -> bool:
    case = of.case(request.case)
    if case is None or case.slot is None:
        return False
    begins, ends = calendar.SLOTS[case.slot]
    return begins <= at.astimezone(of.policy.office.timezone).time() < ends


def _late(of: Cohorts, request: RequestRow) -> float:
    return service_hours(request.due_at, _calls_made(of, request)[0][0], of.policy)


# --- satisfaction -----------------------------------------------------------------------------------------


def satisfaction(of: Cohorts) -> Indicator:
    """I11. Marks that came in the month, the last of each case. The mean is compared unrounded with 4."""
    votes = [vote for vote in of.rows.votes if of.holds(vote.at)]
    signed = list(_last_of_each([vote for vote in votes if vote.signed]).values())
    marks = [one.score for one in signed]
    n, enough, surveys = len(marks), len(marks) >= FEWEST_MARKS, of.rows.surveys
    average = mean(marks)
    low = enough and average is not None and average < MARK_TARGET
    return Indicator(
        id="I11",
        main=Measure(key="satisfaction", value=average, unit="points", n=n, target=MARK_TARGET, enough=enough),
        measures=(
            Measure(key="four_or_more", value=share(sum(mark >= GOOD_MARK for mark in marks), n), unit="percent", n=n),
            Measure(key="response_rate", value=share(n, surveys) if surveys else None, unit="percent", n=surveys),
            Measure(
                key="unsigned", value=len(_last_of_each([vote for vote in votes if not vote.signed])), unit="count"
            ),
        ),
        tables=(FigureTable(key="marks", rows=counted(map(str, marks), MARKS)),),
        breaches=tuple(Breach(case=one.case, cause="low_mean") for one in signed if low and one.score < MARK_TARGET),
    )


def _last_of_each(votes: list[VoteRow]) -> dict[str, VoteRow]:
    return {vote.case: vote for vote in sorted(votes, key=lambda one: one.at)}


# --- complaints and suggestions ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A message that complains or suggests. `answered_at`: as known when the month ended."""

    case: str
    intent: str
    at: datetime
    answered_at: datetime | None


def opinions(of: Cohorts) -> Indicator:
    """I12. Messages, counted by arrival; judged in the month in which ten working days end."""
    every = _opinions(of)
    received = [one.intent for one in every if of.holds(one.at)]
    ending = [one for one in every if of.holds(_limit(of, one.at))]
    failed = [one for one in ending if one.answered_at is None or one.answered_at > _limit(of, one.at)]
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
            Breach(case=one.case, cause="opinion_late" if one.answered_at else "opinion_unanswered")
            for one in sorted(failed, key=lambda one: (one.case, one.at))
        ),
    )


def _opinions(of: Cohorts) -> list[Opinion]:
    """Each message that was a complaint or a suggestion, and the opening message of each case that an agent made one.

    It is answered with the deadline that ran when it came, or that it started. Without one it is none: an agent has
    closed the case as spam or duplicate. Of a merged case what waited is now the other case's."""
    requests: dict[str, list[RequestRow]] = {}
    for one in of.requests:
        requests.setdefault(one.case, []).append(one)
    found: dict[tuple[str, datetime], Opinion] = {}
    for event in of.every("opinion"):
        case, intent = of.case(event.case), event.text("intent")
        if case is None or intent not in OPINIONS:
            continue
        at = event.arrived_at or case.opened_at
        if at <= case.opened_at and case.intent != intent:
            continue  # an agent has corrected it: the intent of the case is that of its first message
        of_case = {event.case, of.lasting(event.case)}
        waited = [one for number in of_case for one in requests.get(number, ()) if _waits(one, at)]
        if waited:
            first = min(waited, key=lambda one: one.asked_at)
            found[event.case, at] = Opinion(case=first.case, intent=intent, at=at, answered_at=first.answered_at)
    return list(found.values())


def _waits(request: RequestRow, at: datetime) -> bool:
    """Whether something was owed then."""
    return request.asked_at <= at and (request.answered_at is None or request.answered_at >= at)


def _limit(of: Cohorts, at: datetime) -> datetime:
    zone = of.policy.office.timezone
    day = calendar.add_working_days(at.astimezone(zone).date(), OPINION_DAYS, of.policy.workdays)
    return calendar.closing_of(day, of.policy)


# --- Quality ---------------------------------------------------------------------------------------------------------
# I14: what the program itself owes.

WITHIN = timedelta(minutes=5)
ACK_TARGET = 99.0


def quality(of: Cohorts) -> Indicator:
    """I14. Of the messages that arrived in the month; the other figures by the moment of the event."""
    acks = [one for one in of.rows.acks if of.holds(one.asked_at)]
    quick = sum(_quick(of, one) for one in acks)
    returned = {(one.case, one.text("message") or one.message) for one in of.in_month("answer-undelivered")}
    corrected = {one.case for one in of.in_month("corrected")}
    return Indicator(
        id="I14",
        main=Measure(key="acknowledged", value=share(quick, len(acks)), unit="percent", n=len(acks), target=ACK_TARGET),
        measures=(
            _none_wanted("returned_answers", len(returned)),
            _none_wanted("corrected_cases", len(corrected)),
            _none_wanted("rescued", of.rows.rescued),
        ),
    )


def _quick(of: Cohorts, ack: AckRow) -> bool:
    return ack.sent_at is not None and ack.sent_at < of.ends and ack.sent_at - ack.asked_at <= WITHIN


def _none_wanted(key: str, value: int) -> Measure:
    return Measure(key=key, value=value, unit="count", target=0, at_least=False)
