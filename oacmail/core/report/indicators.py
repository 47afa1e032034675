"""The indicators of a month (docs/requirements.md section 5, docs/indicators.md), and the table that lists them.

An answer is the first one of a person (R16), a logged contact, or the derivation notice (R22). Without one, a
request has failed; it has no time of response.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar
from oacmail.core.model import COUNTED_LANGUAGES, NO_REQUESTS, Level, Topic
from oacmail.core.policy import Policy
from oacmail.core.report.figures import (
    ASKED,
    BY_CALL,
    HANDED_OVER,
    NOT_LOCATED,
    NOTICE,
    Breach,
    Cohorts,
    Count,
    EventRow,
    FigureTable,
    Indicator,
    Measure,
    Month,
    MonthFigures,
    MonthRows,
    RequestRow,
    VoteRow,
    figure,
    mean,
    median,
    moment_of,
    percent,
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
    failed = [request for request in due if not of.in_time(request)]
    breaches = tuple(
        _breach(of, request) for request in sorted(failed, key=lambda request: (request.due_at, request.case))
    )
    in_time = len(due) - len(failed)
    of_cause = Counter(breach.cause for breach in breaches)
    causes = tuple(Count(key=cause, count=of_cause[cause]) for cause in _CAUSES if of_cause[cause])
    return Indicator(
        id="I1",
        main=percent("in_time", in_time, len(due), 100.0),
        measures=(
            figure("in_time_count", in_time, part=True),
            figure("late_same_day", sum(map(of.late_same_day, failed)), part=True),
        ),
        tables=(FigureTable(key="causes", rows=causes, words="cause_of_breach"),),
        breaches=breaches,
    )


def unanswered(of: Cohorts) -> Indicator:
    """I2. One for each case, whatever it waits for."""
    open_ = {request.case: request for request in reversed(of.open_at_the_end())}
    breaches = tuple(
        _breach(of, request) for request in sorted(open_.values(), key=lambda request: (request.due_at, request.case))
    )
    return Indicator(
        id="I2",
        main=figure("unanswered", len(breaches), most=0),
        breaches=breaches,
    )


def same_day(of: Cohorts) -> Indicator:
    """I3. Of what arrived on a working day before closing time."""
    zone, closes = of.policy.office.timezone, of.policy.office.closes
    n = same = 0
    for request in of.arrived():
        local, at = request.asked_at.astimezone(zone), request.answered_at
        if of.policy.workdays.is_working_day(local.date()) and local.time() < closes:
            n += 1
            same += at is not None and calendar.local_day(at, of.policy) == local.date()
    return Indicator(id="I3", main=percent("same_day", same, n, SAME_DAY_TARGET))


def response_time(of: Cohorts) -> Indicator:
    """I4. Service hours from arrival to the first answer, of what a person asked."""
    due = [request for request in of.due() if request.source in ASKED]
    hours = [
        service_hours(request.asked_at, at, of.policy) for request in due if (at := request.answered_at) is not None
    ]
    n = len(hours)
    return Indicator(
        id="I4",
        main=Measure(key="median", value=median(hours), unit="hours", n=n, target=MEDIAN_TARGET, at_least=False),
        measures=(
            Measure(key="mean", value=mean(hours), unit="hours", n=n),
            Measure(key="p90", value=percentile(hours, MOST_TAKE), unit="hours", n=n),
            figure("not_answered", len(due) - n),
        ),
    )


def _breach(of: Cohorts, request: RequestRow) -> Breach:
    """Why it was not answered, or not in time, and by how much it was late."""
    at, returned = request.answered_at, request.source == "returned"
    if at is None:
        if returned:
            cause = "returned_unanswered"
        elif is_derived(of, request.case):
            cause = "outcome_untold" if request.source == "outcome" else "derived_untold"
        else:
            cause = "call_not_made" if is_call(of, request) else "unanswered"
        return Breach(case=request.case, cause=cause)
    if of.late_same_day(request):
        return Breach(case=request.case, cause="late_same_day")
    how = of.how(request)
    if returned:
        cause = "returned_late"
    elif how == NOTICE:
        cause = "derived_late"
    else:
        cause = "call_late" if how in BY_CALL and is_call(of, request) else "late"
    return Breach(case=request.case, cause=cause, late=service_hours(request.due_at, at, of.policy))


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
_A_MOMENT = timedelta.resolution
"""The month ends at midnight: the last day that is over is the one before."""


def solved_where(of: Cohorts) -> Indicator:
    """I6. Of the cases whose last closing of the month was no spam and no double, and that were not merged."""
    n = first = once = 0
    for number, case in of.rows.cases.items():
        ended = of.events_of(number, "closed")
        if of.is_merged(number) or not ended or not of.holds(ended[-1].at):
            continue
        if ended[-1].text("reason") in NO_REQUESTS:
            continue
        # Answers of people, and the notice that a case was passed on; that a case was closed as answered is none.
        handed = handed_over(of, number)
        contacts = sum(event.text("by") != "answered" for event in of.story_of(number, "answered"))
        contacts += sum(event.text("why") == "ordered" for event in handed)
        n, first, once = n + 1, first + (case.level == "first" and not handed), once + (contacts <= 1)
    return Indicator(
        id="I6",
        main=percent("first_level", first, n, FIRST_LEVEL_TARGET),
        measures=(percent("one_contact", once, n, ONE_CONTACT_TARGET),),
    )


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
        main=figure("derived", len(found)),
        measures=(percent("derived_share", len(found), opened),),
        tables=(
            FigureTable(key="derived_causes", rows=counted(case.cause or "unknown" for case in found), words="cause"),
            FigureTable(key="operators", rows=counted(case.operator for case in found), words="operator"),
            FigureTable(key="platforms", rows=counted(case.platform for case in found)),
        ),
    )


class Derivation(Struct, frozen=True, kw_only=True):
    """`told_at`: when the person got the outcome, None = not yet."""

    case: str
    begun_at: datetime
    told_at: datetime | None = None


def derivations(of: Cohorts, case: str) -> list[Derivation]:
    """Those of a case up to the end of the month; one that came back unsolved is none."""
    handed = handed_over(of, case)
    if not handed:
        return []
    # The person knows the outcome by the first answer after somebody has said that it is solved, or by the closing of
    # the case as a request.
    answers = sorted(moment_of(event) for event in of.story_of(case, "answered"))
    solved = [moment_of(event) for event in of.story_of(case, "solved")]
    told = {at for said in solved if (at := next((at for at in answers if at >= said), None)) is not None}
    told |= {event.at for event in of.story_of(case, "closed") if event.text("reason") not in NO_REQUESTS}
    changes = [(event.at, "begun") for event in handed] + [(at, "returned") for at in came_back(of, case)]
    found: list[Derivation] = []
    begun: datetime | None = None
    for at, what in sorted([*changes, *((at, "told") for at in told if at < of.ends)]):
        if what == "begun":
            begun = begun or at
        elif begun is not None and at >= begun:
            if what == "told":
                found.append(Derivation(case=case, begun_at=begun, told_at=at))
            begun = None
    return [*found, *([Derivation(case=case, begun_at=begun)] if begun is not None else [])]


def came_back(of: Cohorts, case: str) -> list[datetime]:
    """When the case left the technical services without an outcome: it is not theirs, is not of the second level, is no
    request of its own, or its person was forgotten."""
    corrected = (event for event in of.story_of(case, "corrected") if event.text("level") not in ("", Level.SECOND))
    dropped = (event for event in of.story_of(case, "closed") if event.text("reason") in NO_REQUESTS)
    ended = (*of.story_of(case, "not-theirs"), *of.story_of(case, "erased"))
    return [event.at for event in (*ended, *corrected, *dropped)]


def time_to_solve(of: Cohorts) -> Indicator:
    """I8. What was told in the month; what is still open for longer is listed too."""
    every = [derivation for number in of.rows.cases for derivation in derivations(of, number)]
    told = [(derivation, at) for derivation in every if (at := derivation.told_at) is not None and of.holds(at)]
    days = [working_days(derivation.begun_at, at, of.policy) for derivation, at in told]
    slow = [
        Breach(case=derivation.case, cause="slow", late=taken - MOST_DAYS)
        for (derivation, _), taken in zip(told, days, strict=True)
        if taken > MOST_DAYS
    ]
    waiting = [
        (derivation, working_days(derivation.begun_at, of.ends - _A_MOMENT, of.policy))
        for derivation in every
        if derivation.told_at is None
    ]
    open_ = [
        Breach(case=derivation.case, cause="not_over", late=taken - MOST_DAYS)
        for derivation, taken in waiting
        if taken > MOST_DAYS
    ]
    return Indicator(
        id="I8",
        main=Measure(key="days", value=mean(days), unit="days", n=len(days), target=MOST_DAYS, at_least=False),
        measures=(figure("still_open", len(open_), most=0),),
        breaches=tuple(sorted([*slow, *open_], key=lambda breach: breach.case)),
    )


# --- Volumes ---------------------------------------------------------------------------------------------------------
# I5, I9 and I13, by the month of arrival.

CHANNELS = ("mail", "callback", "telephone", "visit")
NO_POINTER = "no_pointer"


def volumes(of: Cohorts) -> Indicator:
    """I5. Cases opened in the month, and what was asked besides: on cases that existed, or that were merged."""
    opened = of.opened()
    return Indicator(
        id="I5",
        main=figure("cases", len(opened)),
        measures=(figure("further", len(of.arrived()) - len(opened)),),
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
        main=figure("out_of_scope", len(found)),
        tables=(FigureTable(key="pointers", rows=counted(bodies)),),
    )


def languages(of: Cohorts) -> Indicator:
    """I13. Of messages alone: nobody notes in which language a call was made."""
    asked = [request.lang for request in of.arrived() if request.lang]
    answers = [answer.lang for answer in of.rows.answers if of.holds(answer.at)]
    return Indicator(
        id="I13",
        main=figure("requests_by_mail", len(asked)),
        measures=(figure("answers_by_mail", len(answers)),),
        tables=(
            FigureTable(key="requests", rows=counted(map(_language, asked), COUNTED_LANGUAGES), words="in_language"),
            FigureTable(key="answers", rows=counted(map(_language, answers), COUNTED_LANGUAGES), words="in_language"),
        ),
    )


def _language(lang: str) -> str:
    return lang if lang in COUNTED_LANGUAGES else "other"


def counted(keys: Iterable[str], order: Sequence[str] = ()) -> tuple[Count, ...]:
    """A row for each key of `order`, also where it is 0; keys beyond it follow, the most frequent first."""
    found = Counter(keys)
    rest = sorted((key for key in found if key not in order), key=lambda key: (-found[key], key))
    return tuple(Count(key=key, count=found[key]) for key in (*order, *rest))


# --- Calls -----------------------------------------------------------------------------------------------------------

FEWEST_MARKS, MARK_TARGET, GOOD_MARK = 5, 4.0, 4
"""With fewer marks nothing is judged (R30)."""
OPINIONS = ("complaint", "suggestion")
OPINION_DAYS = 10
MARKS = ("1", "2", "3", "4", "5")


def calls(of: Cohorts) -> Indicator:
    """I10. Of what was asked for by mail; a mail before or after the call changes nothing. A person who could not be
    reached in the slot and got a mail counts as called, and is shown apart (R27)."""
    due = _calls_due(of)
    outcomes = [(request, _outcome(of, request)) for request in due]
    called = sum(what == "called" for _, what in outcomes)
    not_located = sum(what == "not_located" for _, what in outcomes)
    failed = [(request, what) for request, what in outcomes if what not in ("called", "not_located")]
    made = called + not_located
    return Indicator(
        id="I10",
        main=percent("called", made, len(due), 100.0),
        measures=(figure("not_located", not_located, part=True),),
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
            Breach(
                case=request.case,
                cause=what,
                late=service_hours(request.due_at, _calls_made(of, request)[0][0], of.policy)
                if what == "call_late"
                else None,
            )
            for request, what in sorted(failed, key=lambda pair: pair[0].case)
        ),
    )


def _calls_due(of: Cohorts) -> list[RequestRow]:
    """One for each case: the request for which a call was made, else the last one."""
    found: dict[str, RequestRow] = {}
    for request in sorted(of.due(), key=lambda request: (request.due_at, request.asked_at)):
        if is_call(of, request) and not (request.case in found and _calls_made(of, found[request.case])):
            found[request.case] = request
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
    case, zone = of.case(request.case), of.policy.office.timezone
    begins, ends = calendar.SLOTS[(case and case.slot) or "any"]
    in_time = ((at.astimezone(zone).time(), how) for at, how in made if at <= request.due_at)
    good = next((how for clock, how in in_time if begins <= clock < ends), None)
    if good:
        return "not_located" if good == NOT_LOCATED else "called"
    return "call_late" if made[0][0] > request.due_at else "call_outside_slot"


# --- Satisfaction ----------------------------------------------------------------------------------------------------


def satisfaction(of: Cohorts) -> Indicator:
    """I11. Marks that came in the month, the last of each case. The mean is compared unrounded with 4."""
    votes = [vote for vote in of.rows.votes if of.holds(vote.at)]
    signed = list(_last_of_each([vote for vote in votes if vote.signed]).values())
    marks = [vote.score for vote in signed]
    n, enough, surveys = len(marks), len(marks) >= FEWEST_MARKS, of.rows.surveys
    average = mean(marks)
    low = enough and average is not None and average < MARK_TARGET
    return Indicator(
        id="I11",
        main=Measure(key="satisfaction", value=average, unit="points", n=n, target=MARK_TARGET, enough=enough),
        measures=(
            percent("four_or_more", sum(mark >= GOOD_MARK for mark in marks), n),
            Measure(key="response_rate", value=share(n, surveys) if surveys else None, unit="percent", n=surveys),
            figure("unsigned", len(_last_of_each([vote for vote in votes if not vote.signed]))),
        ),
        tables=(FigureTable(key="marks", rows=counted(map(str, marks), MARKS)),),
        breaches=tuple(Breach(case=vote.case, cause="low_mean") for vote in signed if low and vote.score < MARK_TARGET),
    )


def _last_of_each(votes: list[VoteRow]) -> dict[str, VoteRow]:
    return {vote.case: vote for vote in sorted(votes, key=lambda vote: vote.at)}


# --- Complaints and suggestions --------------------------------------------------------------------------------------


class Opinion(Struct, frozen=True, kw_only=True):
    """A message that complains or suggests. `answered_at`: as known when the month ended."""

    case: str
    intent: str
    at: datetime
    answered_at: datetime | None


def opinions(of: Cohorts) -> Indicator:
    """I12. Messages, counted by arrival; judged in the month in which ten working days end."""
    every = _opinions(of)
    received = [opinion.intent for opinion in every if of.holds(opinion.at)]
    ending = [opinion for opinion in every if of.holds(_limit(of, opinion.at))]
    failed = [
        opinion for opinion in ending if opinion.answered_at is None or opinion.answered_at > _limit(of, opinion.at)
    ]
    return Indicator(
        id="I12",
        main=percent("in_ten_days", len(ending) - len(failed), len(ending), 100.0),
        measures=(figure("opinions", len(received)),),
        tables=(FigureTable(key="kinds", rows=counted(received, OPINIONS), words="intent"),),
        breaches=tuple(
            Breach(case=opinion.case, cause="opinion_late" if opinion.answered_at else "opinion_unanswered")
            for opinion in sorted(failed, key=lambda opinion: (opinion.case, opinion.at))
        ),
    )


def _opinions(of: Cohorts) -> list[Opinion]:
    """Each message that was a complaint or a suggestion, and the opening message of each case that an agent made one.

    It is answered with the deadline that ran when it came, or that it started. Without one it is none: an agent has
    closed the case as spam or duplicate. Of a merged case what waited is now the other case's."""
    requests: dict[str, list[RequestRow]] = {}
    for request in of.requests:
        requests.setdefault(request.case, []).append(request)
    found: dict[tuple[str, datetime], Opinion] = {}
    for event in of.every("opinion"):
        case, intent = of.case(event.case), event.text("intent")
        if case is None or intent not in OPINIONS:
            continue
        at = event.arrived_at or case.opened_at
        if at <= case.opened_at and case.intent != intent:
            continue  # an agent has corrected it: the intent of the case is that of its first message
        of_case = {event.case, of.lasting(event.case)}
        waited = [
            request
            for number in of_case
            for request in requests.get(number, ())
            if request.asked_at <= at
            and (request.answered_at is None or request.answered_at >= at)  # something was owed then
        ]
        if waited:
            first = min(waited, key=lambda request: request.asked_at)
            found[event.case, at] = Opinion(case=first.case, intent=intent, at=at, answered_at=first.answered_at)
    return list(found.values())


def _limit(of: Cohorts, at: datetime) -> datetime:
    return calendar.closing_of(calendar.working_day_after(at, OPINION_DAYS, of.policy), of.policy)


# --- Quality ---------------------------------------------------------------------------------------------------------
# I14: what the program itself owes.

WITHIN = timedelta(minutes=5)
ACK_TARGET = 99.0


def quality(of: Cohorts) -> Indicator:
    """I14. Of the messages that arrived in the month; the other figures by the moment of the event."""
    acks = [ack for ack in of.rows.acks if of.holds(ack.asked_at)]
    sent = ((ack.asked_at, ack.sent_at) for ack in acks if ack.sent_at is not None and ack.sent_at < of.ends)
    quick = sum(at - asked_at <= WITHIN for asked_at, at in sent)
    returned = {(event.case, event.text("message") or event.message) for event in of.in_month("answer-undelivered")}
    corrected = {event.case for event in of.in_month("corrected")}
    return Indicator(
        id="I14",
        main=percent("acknowledged", quick, len(acks), ACK_TARGET),
        measures=(
            figure("returned_answers", len(returned), most=0),
            figure("corrected_cases", len(corrected), most=0),
            figure("rescued", of.rows.rescued, most=0),
        ),
    )


# --- Table -----------------------------------------------------------------------------------------------------------
# The one place from which every form of the report has its figures.

RECLASSIFIED, NOTED_LATE = "reclassified", "noted_late"
"""Why a published figure may change: an agent has corrected a case, or has logged or sent what counts for the month."""

INDICATORS: Mapping[str, tuple[Callable[[Cohorts], Indicator], tuple[str, ...]]] = {
    "I1": (answered_in_time, (NOTED_LATE,)),
    "I2": (unanswered, (NOTED_LATE,)),
    "I3": (same_day, (NOTED_LATE,)),
    "I4": (response_time, (NOTED_LATE,)),
    "I5": (volumes, (RECLASSIFIED,)),
    "I6": (solved_where, (RECLASSIFIED,)),
    "I7": (derived, (RECLASSIFIED,)),
    "I8": (time_to_solve, (NOTED_LATE,)),
    "I9": (out_of_scope, (RECLASSIFIED,)),
    "I10": (calls, (NOTED_LATE,)),
    "I11": (satisfaction, ()),
    "I12": (opinions, (RECLASSIFIED, NOTED_LATE)),
    "I13": (languages, ()),
    "I14": (quality, ()),
}
"""Of each its function, and what may change it after its month is published, the likeliest first."""


def month_figures(policy: Policy, month: Month, rows: MonthRows) -> MonthFigures:
    """The indicators in their order. The policy's calendar covers every year (wiring.deadline_calendar)."""
    cohorts = Cohorts(policy=policy, month=month, rows=rows)
    return MonthFigures(month=str(month), indicators={name: make(cohorts) for name, (make, _) in INDICATORS.items()})


def with_variations(
    figures: MonthFigures, before: MonthFigures | None, year_before: MonthFigures | None
) -> MonthFigures:
    """I5 with the same counts of the month before and of the same month a year earlier, None = not known."""
    volume = figures.indicators["I5"]
    changes = (_change("before", volume, before), _change("year_before", volume, year_before))
    tables: list[FigureTable] = []
    for table in volume.tables:
        then, long_ago = _counts(table.key, before), _counts(table.key, year_before)
        rows = (
            replace(
                row,
                before=then.get(row.key, 0) if then else None,
                year_before=long_ago.get(row.key, 0) if long_ago else None,
            )
            for row in table.rows
        )
        tables.append(replace(table, rows=tuple(rows)))
    made = replace(volume, measures=(*volume.measures, *changes), tables=tuple(tables))
    return replace(figures, indicators={**figures.indicators, "I5": made})


# --- Year ------------------------------------------------------------------------------------------------------------
# What the months of a year are together, from their figures alone.

_AT_THE_END = ("unanswered", "still_open")
"""What stands at the end of a month: that of the last one, and no sum."""
_OF_A_MONTH = ("median", "mean", "p90", "not_answered", "response_rate", "before", "year_before")
"""What cannot be had from the figures of months: of the result nothing is left but its name and target."""


def year_figures(year: str, months: Sequence[MonthFigures]) -> MonthFigures:
    """The indicators of these months together, the oldest first; none of no month. Counts are added; a share is that of
    the sums, and a mean that of all values, so that a month counts by its size."""
    found: dict[str, Indicator] = {}
    for name in INDICATORS:
        those = [month.indicators[name] for month in months if name in month.indicators]
        if not those:
            continue
        measures: dict[str, list[Measure]] = {}
        cells: dict[str, Counter[str]] = {}
        for one in those:
            for measure in one.measures:
                measures.setdefault(measure.key, []).append(measure)
            for table in one.tables:
                cells.setdefault(table.key, Counter()).update({row.key: row.count for row in table.rows})
        words = {table.key: table.words for one in those for table in one.tables}
        found[name] = Indicator(
            id=name,
            main=_together([one.main for one in those]),
            measures=tuple(_together(same) for key, same in measures.items() if key not in _OF_A_MONTH),
            tables=tuple(
                FigureTable(key=key, words=words[key], rows=tuple(Count(key=row, count=n) for row, n in sums.items()))
                for key, sums in cells.items()
            ),
        )
    return MonthFigures(month=year, indicators=found)


def _together(those: Sequence[Measure]) -> Measure:
    """The same measure of several months as one."""
    last = those[-1]
    if last.key in _AT_THE_END:
        return last
    if last.key in _OF_A_MONTH:
        return replace(last, value=None, n=None)
    if last.unit == "count":
        return replace(last, value=sum(one.value or 0 for one in those))
    n = sum(one.n or 0 for one in those)
    # Value times n is a count, a sum of marks or of days: whole again, so that a mean of exactly 4 is 4.
    total = sum(round(one.value * one.n) for one in those if one.value is not None and one.n)
    return replace(last, value=total / n if n else None, n=n, enough=last.unit != "points" or n >= FEWEST_MARKS)


def _change(key: str, volume: Indicator, other: MonthFigures | None) -> Measure:
    now, then = volume.main.value, other.indicators["I5"].main.value if other else None
    return Measure(key=key, value=None if now is None or then is None else now - then, unit="count")


def _counts(key: str, figures: MonthFigures | None) -> dict[str, int] | None:
    tables = figures.indicators["I5"].tables if figures else ()
    return next(({row.key: row.count for row in table.rows} for table in tables if table.key == key), None)
