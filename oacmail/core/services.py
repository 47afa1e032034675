"""A case at the technical services: it is handed over, followed up, solved or taken back, or it is out of scope.

No derived case is forgotten: what ends the reminders starts a deadline for an answer to the person (R13). It never
decides what is second level (core/classification.py).
"""

from collections.abc import Iterable
from datetime import date, datetime, time

from msgspec import Struct
from msgspec.structs import asdict, replace

from oacmail.core import acknowledgement, answers, calendar, incidents, notices
from oacmail.core.answers import draft, draft_row
from oacmail.core.cases import (
    CitizenRequest,
    can_be_told,
    has_notice,
    last_notice,
    passed_on,
    progress,
    said_by_hand,
    update_by,
)
from oacmail.core.effects import AuditEvent, DeadlineReached, Effect, EndDeadlines, StartDeadline, UpdateCase
from oacmail.core.errors import Refused
from oacmail.core.kinds import CancelledBy, MailKind
from oacmail.core.model import Level, Status
from oacmail.core.notices import Facts, notify, notify_agents
from oacmail.core.order_words import folded
from oacmail.core.policy import Policy
from oacmail.core.services_reply import ServicesReply, Statement
from oacmail.core.view import CaseColumns, CaseView, CommandView, Deadline, DueView, Reached

# --- Second level ----------------------------------------------------------------------------------------------------
# The services get the card and the message once for each case (R11-R13). Automatically only status and level change:
# the citizen's deadline runs until an agent has answered or sent the derivation notice (R22). Uncertain cases, and
# messages that get no automatic acknowledgement, are left to agents.

DERIVED, PROPOSED = MailKind.DERIVED, MailKind.SECOND_LEVEL
ANEW: CaseColumns = {"solved_at": None, "told_at": None, "expected_on": None}
"""What nobody has said yet when a case goes to the services, or leaves them."""
_DECIDED = "level:second: "  # prefix of the classifier's reasons (core/classification.py)


class Card(Struct, frozen=True, kw_only=True):
    """What the services are told of a case. `words`: those that decided; `why`: what an agent has seen. `message`: the
    fingerprint of the one that goes along. `affected`: how many people the failure of this platform affects today, 0 =
    no platform is known."""

    case: str
    message: str
    opened_at: datetime
    due_at: datetime | None
    topic: str
    operator: str
    platform: str
    cause: str
    urgent: bool
    ends_on: date | None
    ends_hour: time | None
    words: tuple[str, ...] = ()
    why: str = ""
    affected: int = 0

    def facts(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if name not in ("case", "message")}


BRIEF = 6
"""Words: so few are no ground to derive a case by itself, nor to change the level of one that is open."""

# --- by a message ----------------------------------------------------------------------------------------


def by_message(request: CitizenRequest, number: str, case: CaseView | None = None) -> tuple[Effect, ...]:
    """What follows from this message on case `number`, which it opens if there is no `case` yet; () = nothing. The
    services get the case if it is sure, else an agent decides."""
    if case is not None and case.status is Status.DERIVED:
        return () if acknowledgement.why_not(request) else _date_named(request, case)
    policy, reading, key, now = request.policy, request.reading, request.message.fingerprint, request.now
    # Whether it was derived before, or an agent has set the level.
    settled = case is not None and (DERIVED in case.sent.kinds or case.services.level_by_hand)
    if reading.level is not Level.SECOND or settled:
        return ()
    brief = len(request.message.fresh.split()) <= BRIEF
    if (brief and case is not None) or acknowledgement.why_not(request):
        return ()
    # A restored database may have forgotten that the services know this message.
    moments = (request.view.writer.restored_at, request.view.writer.key_lost_at)
    forgotten = not request.forced and any(moment is not None and request.received_at <= moment for moment in moments)
    rules, sure = policy.escalation, reading.confidence["level"]
    derives = not (brief or forgotten) and rules.auto_second_level and rules.threshold <= sure and rules.threshold < 1
    if not derives and case is not None and PROPOSED in case.sent.kinds:
        return ()  # once a case; the digest has all

    ends_on = request.ends_on(case.term.ends_on if case else None)
    # The words that decided, without sums and without features that only the model can read.
    why = (reason.removeprefix(_DECIDED) for reason in reading.because if reason.startswith(_DECIDED))
    card = Card(
        case=number,
        message=key,
        opened_at=case.opened_at if case else request.received_at,
        due_at=notices.due_at(case, request.due_at) if case else request.due_at,
        topic=case.topic if case else str(reading.topic),
        operator=reading.operator,
        platform=reading.platform,
        cause=reading.cause,
        urgent=request.is_urgent(ends_on),
        ends_on=ends_on,
        ends_hour=request.ends_hour(ends_on, case),
        words=tuple(word for word in why if word[:1].isalnum() and not word.startswith("level:")),
        affected=_affected(request.view, reading.operator, incidents.platform(reading), request.author),
    )
    columns: CaseColumns = {
        "level": Level.SECOND,
        "operator": reading.operator,
        "platform": reading.platform,
        "cause": reading.cause,
    }
    # The agents are told, since only an agent informs the citizen.
    facts = {**card.facts(), "derived": derives}
    mails = notify_agents(policy, key=f"{PROPOSED}:{key}", kind=PROPOSED, now=now, case=number, facts=facts)
    if not derives:
        suggested = AuditEvent(kind="suggested", case=number, data={"level": "second", "sure": sure})
        return (*([UpdateCase(case=number, columns=columns)] if case else []), *mails, suggested)
    return (
        UpdateCase(case=number, columns={"status": Status.DERIVED, **columns, **ANEW}),
        *_to_services(policy, card, key=key, now=now),
        *_first_nudge(policy, number, key=key, now=now),
        *mails,
        AuditEvent(kind="escalated", case=number, data={"why": "second-level", "cause": reading.cause, "sure": sure}),
    )


def _date_named(request: CitizenRequest, case: CaseView) -> tuple[Effect, ...]:
    """The services are told at once of a day that is named on their case (R32)."""
    if (term := request.other_term(case)) is None:
        return ()
    (ends_on, ends_hour), key = term, request.message.fingerprint
    card = replace(
        _kept_card(request.view, case, case.services.cause, ""),
        message=key,
        urgent=request.is_urgent(ends_on),
        ends_on=ends_on,
        ends_hour=ends_hour,
    )
    return (
        *_to_services(request.policy, card, key=f"term:{key}", now=request.now),
        AuditEvent(kind="escalated", case=case.number, data={"why": "term"}),
    )


def _affected(view: CommandView, operator: str, platform: str, citizen: str) -> int:
    """How many people the failure affects today, with the citizen of this case."""
    return len(view.affected.get((operator, platform), frozenset()) | {citizen}) if platform else 0


# --- by an agent's order --------------------------------------------------------------------------------


def by_order(
    policy: Policy, view: CommandView, case: CaseView, *, cause: str, why: str, key: str, now: datetime
) -> tuple[Effect, ...]:
    """Derive the case if it is not with the services, or is said to be solved and is not, and tell the citizen, which
    meets the deadline (R22). A cause or observation that the agent adds goes to the services in any case. `cause`: the
    one that the agent has chosen, '' = none; the citizen is told no other."""
    known = case.status is Status.DERIVED and DERIVED in case.sent.kinds and case.services.solved_at is None
    chosen, cause = cause, cause or case.services.cause
    columns: CaseColumns = {
        "status": Status.DERIVED,
        "level": Level.SECOND,
        "cause": cause,
        "operator": case.services.operator or "town",
        "touched_at": now,
    }
    effects: list[Effect] = [UpdateCase(case=case.number, columns=columns if known else {**columns, **ANEW})]
    if not known or why or cause != case.services.cause:
        effects += _to_services(policy, _kept_card(view, case, cause, why), key=key, now=now)
    if not known:
        effects += answers.out_of_date(case, CancelledBy.UNSOLVED)
        effects += _first_nudge(policy, case.number, key=key, now=now)
    if can_be_told(policy, case):  # the notice meets the deadlines that an answer would meet (core/answers.py)
        effects += [
            EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("update",)),
            *passed_on(policy, case, key=key, cause=chosen, now=now),
            *answers.met(case, case.not_reached(frozenset()), at=now, kinds=("answer", "remind")),
            *answers.out_of_date(case, CancelledBy.DERIVATION_NOTICE),
        ]
    return (*effects, AuditEvent(kind="escalated", case=case.number, data={"why": "ordered", "cause": cause}))


def _kept_card(view: CommandView, case: CaseView, cause: str, why: str) -> Card:
    return Card(
        case=case.number,
        message=case.first_message,
        opened_at=case.opened_at,
        due_at=notices.due_at(case),
        topic=case.topic,
        operator=case.services.operator or "town",
        platform=case.services.platform,
        cause=cause,
        urgent=case.term.near,
        ends_on=case.term.ends_on,
        ends_hour=case.term.ends_hour,
        why=why,
        affected=_affected(
            view, case.services.operator, case.services.platform if cause == "platform" else "", case.citizen
        ),
    )


# --- the services ---------------------------------------------------------------------------------------


def _to_services(policy: Policy, card: Card, *, key: str, now: datetime) -> tuple[Effect, ...]:
    return notify(
        policy,
        policy.people.services(card.cause),
        key=f"{DERIVED}:{key}",
        kind=DERIVED,
        now=now,
        case=card.case,
        facts=card.facts(),
        attach=card.message,
    )


def _first_nudge(policy: Policy, number: str, *, key: str, now: datetime) -> tuple[Effect, ...]:
    due = calendar.opening_days_after(now, policy.escalation.nudge_days, policy)
    return (
        EndDeadlines(case=number, how="withdrawn", at=now, kinds=("nudge",)),
        StartDeadline(started_by=key, kind="nudge", case=number, started_at=now, due_at=due),
    )


# --- Outcome ---------------------------------------------------------------------------------------------------------
# What the services or an agent say of a derived case: solved, expected on a day, not theirs, or taken back. Nothing
# here writes to a citizen.


def by_statement(
    policy: Policy, case: CaseView, reply: ServicesReply, *, at: datetime, key: str, now: datetime, folder: str
) -> tuple[Effect, ...]:
    """What follows from what the services say; () = nothing certain. `folder`: of drafts."""
    match reply.said:
        case Statement.SOLVED:
            drafts = answers.draft_of_solution(policy, case, folder=folder, key=key)
            return (*solved(policy, case, at=at, key=key, now=now, by="services"), *drafts)
        case Statement.EXPECTED:
            assert reply.day is not None
            return expected(policy, case, reply.day, at=at, key=key, now=now, by="services")
        case Statement.NOT_OURS:
            return not_theirs(policy, case, at=at, key=key, now=now, by="services")
        case Statement.UNREAD:
            return ()


def solved(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime, by: str) -> tuple[Effect, ...]:
    """Somebody says at `at` that the derived case is solved. `key` names the message or command, `by` who says so.

    The deadline starts beside one that runs: an answer written before `at` meets that one and tells no outcome.
    """
    return (
        UpdateCase(case=case.number, columns={"solved_at": at, "touched_at": at}),
        *_follow_up_ends(case, now),
        *answers.owed(policy, case, key=f"solved:{key}", at=at, due_at=_owed_by(policy, case, at)),
        AuditEvent(kind="solved", case=case.number, data={"by": by, "at": at.isoformat()}),
    )


def expected(
    policy: Policy, case: CaseView, day: date, *, at: datetime, key: str, now: datetime, by: str
) -> tuple[Effect, ...]:
    """They expect to solve it by `day`: the next reminder comes at the opening of the working day after it.

    News that a notice has promised to the citizen are kept on their day, and say what is expected; the next are
    promised past it (core/cases.py). Where no notice has promised a day, the first news wait as well.
    """
    after = calendar.opening_of(calendar.next_working_day(day, policy.workdays), policy)
    since = min((deadline.started_at for deadline in case.running("nudge")), default=at)
    news: tuple[Effect, ...] = ()
    updates = case.running("update")
    if updates and not has_notice(case):
        due = max(calendar.local_day(moment, policy) for moment in (after, *(update.due_at for update in updates)))
        news = (
            EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("update",)),
            update_by(policy, case, key=f"expected:{key}", level=0, day=due, at=at),
        )
    return (
        UpdateCase(case=case.number, columns={"expected_on": day, "touched_at": at}),
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("nudge",)),
        StartDeadline(
            started_by=f"expected:{key}", kind="nudge", case=case.number, started_at=since, due_at=after, level=0
        ),
        *news,
        AuditEvent(kind="expected", case=case.number, data={"by": by, "on": day.isoformat()}),
    )


def not_theirs(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime, by: str) -> tuple[Effect, ...]:
    """It is not for the services: the desk has it again, with a deadline."""
    event = AuditEvent(kind="not-theirs", case=case.number, data={"by": by})
    return (*taken_back(policy, case, told_at=None, at=at, key=f"not-theirs:{key}", now=now), event)


def owed(effects: tuple[Effect, ...]) -> datetime | None:
    """When the citizen must hear of it, if these effects start a deadline for that."""
    return next(
        (effect.due_at for effect in effects if isinstance(effect, StartDeadline) and effect.kind == "answer"), None
    )


def taken_back(
    policy: Policy, case: CaseView, *, told_at: datetime | None, at: datetime, key: str, now: datetime
) -> tuple[Effect, ...]:
    """The case leaves the services unsolved and is the desk's again.

    It is open with a deadline. Without one it counts as answered only if an agent has written to the citizen since the
    services have it, at `told_at`, and no notice has promised the outcome.
    """
    status = Status.OPEN
    more: Iterable[Effect] = ()
    if not case.promised() and told_at is not None and not has_notice(case):
        status, more = Status.ANSWERED, answers.silent_close(policy, case, at=told_at, key=key)
    elif not case.promised():
        more = answers.owed(policy, case, key=key, at=at, due_at=_owed_by(policy, case, at))
    return (
        UpdateCase(case=case.number, columns={"status": status, "touched_at": at, **ANEW}),
        *_follow_up_ends(case, now),
        *answers.out_of_date(case, CancelledBy.UNSOLVED),
        *more,
    )


def drafted(
    policy: Policy, case: CaseView, *, folder: str, agents: Iterable[str], key: str, now: datetime
) -> tuple[Effect, ...]:
    """The draft for the citizen of a case that leaves the services unsolved; () for one who had not heard of them."""
    if heard(case) not in ("both", "person"):
        return ()
    return answers.draft(policy, case, folder=folder, agents=agents, key=key, now=now, taken_back=True)


def heard(case: CaseView) -> str:
    """Who has heard that the services have the case, which now leaves them unsolved: both | person | services |
    nobody."""
    person = MailKind.PASSED_ON in case.sent.left or case.services.told_at is not None
    services = MailKind.DERIVED in case.sent.left
    return "both" if person and services else "person" if person else "services" if services else "nobody"


def corrected(policy: Policy, case: CaseView, level: str, *, key: str, now: datetime) -> tuple[Effect, ...]:
    """What follows when an agent corrects the level of the case: not the second level, so not the services' case."""
    if case.status is not Status.DERIVED or not level or level == Level.SECOND:
        return ()
    return taken_back(policy, case, told_at=case.services.told_at, at=now, key=key, now=now)


def _follow_up_ends(case: CaseView, now: datetime) -> tuple[Effect, ...]:
    return (
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=answers.FOLLOW_UP),
        *answers.out_of_date(case, CancelledBy.SOLVED),
    )


def _owed_by(policy: Policy, case: CaseView, at: datetime) -> datetime:
    """The next working day, or the day on which the citizen was promised news, whichever is earlier (R31)."""
    days = (calendar.local_day(deadline.due_at, policy) for deadline in case.running("update"))
    promised = (calendar.closing_of(day, policy) for day in days)
    return min((calendar.answer_due(at, policy), *(due for due in promised if due > at)))


# --- Follow up -------------------------------------------------------------------------------------------------------
# Nudges to the services and updates to the citizen (R31), only while the office is open, the case is still derived and
# nobody has said that it is solved. An answer to the citizen ends neither. After days of absence one of each is sent,
# and the next is counted from it.


def follow_up(policy: Policy, due: DueView, now: datetime) -> list[Effect]:
    """What time causes of a case that the services have: their reminders, one mail for each case or a list if there are
    many, and the news that its citizen was promised."""
    if not calendar.in_hours(now, policy):
        return []
    nudged, updated = due.ready("nudge", now), due.ready("update", now)
    effects: list[Effect] = [
        DeadlineReached(started_by=one.started_by, kind=one.kind, level=one.level, at=now)
        for _, one in (*nudged, *updated)
    ]
    groups: dict[tuple[str, ...], list[Reached]] = {}
    for case, deadline in nudged:
        if is_unsolved(case):
            again = StartDeadline(
                started_by=deadline.started_by,
                kind="nudge",
                case=case.number,
                started_at=deadline.started_at,
                due_at=calendar.opening_days_after(now, policy.escalation.nudge_days, policy),
                level=deadline.level + 1,
            )
            effects.append(again)
            groups.setdefault(policy.people.services(case.services.cause), []).append((case, deadline))
    for people, theirs in groups.items():
        as_list = len(theirs) > policy.deadlines.digest_above
        for some in [theirs] if as_list else [[one] for one in theirs]:
            first_case, first = some[0]
            effects += notify(
                policy,
                people,
                key=f"nudge:{first.started_by}:{first.level}",
                kind=MailKind.NUDGE,
                now=now,
                case=first_case.number if len(some) == 1 else None,
                facts={"cases": tuple(_row(case, deadline) for case, deadline in some)},
            )
    for case, deadline in updated:
        if is_unsolved(case) and can_be_told(policy, case):
            effects += progress(policy, case, key=deadline.started_by, level=deadline.level, now=now)
    return effects


def is_unsolved(case: CaseView) -> bool:
    """Whether the services have the case and nobody has said that it is solved."""
    return case.status is Status.DERIVED and case.services.solved_at is None


def _row(case: CaseView, deadline: Deadline) -> Facts:
    return {
        **notices.case_card(case, notices.due_at(case)),
        **notices.derived_facts(case),
        "derived_at": deadline.started_at,
        "expected_on": case.services.expected_on,
    }


# --- Referral --------------------------------------------------------------------------------------------------------
# A matter of another body is a person's word to say (R3, R9): the order names the body, one of `[[pointer]]`, and the
# mail that tells the citizen (template D) answers the question (R14, R16). Without a body, or an address to write to,
# only the level changes and the agent gets the table in a draft.


def refer(
    policy: Policy, case: CaseView, *, body: str, folder: str, agent: str, key: str, now: datetime
) -> tuple[Effect, ...]:
    """Out of scope, with or without the other `body` as the agent has written it. `folder`, `agent`: for a draft
    (core/answers.py); `key` names the order. Raises Refused."""
    if case.status is Status.CLOSED:
        raise Refused("the case is closed: reopen it first", "closed")
    if case.status is Status.DERIVED:
        raise Refused("the technical services have the case: take it back first (level 1)", "derived-already")
    # The row whose name this is, or else the only one that contains it.
    wanted = folded(body).strip(" .:")
    exact = [pointer for pointer in policy.pointers if folded(pointer.body) == wanted]
    rows = exact or [pointer for pointer in policy.pointers if wanted in folded(pointer.body)]
    if body and len(rows) != 1:
        raise Refused("no row of [[pointer]] has this name", "no-such-pointer")
    pointer = rows[0] if body else None
    level = (
        UpdateCase(case=case.number, columns={"level": Level.OUT_OF_SCOPE, "touched_at": now}),
        *said_by_hand(case, {"level": Level.OUT_OF_SCOPE}),
    )
    if pointer is None or not can_be_told(policy, case):
        return (*level, *draft(policy, case, folder=folder, agents=(agent,), key=key, now=now, out_of_scope=True))
    facts: dict[str, object] = {"pointer": draft_row(pointer)}
    return (
        *level,
        *last_notice(policy, case, MailKind.REFERRED, key=f"{MailKind.REFERRED}:{key}", facts=facts, now=now),
        *answers.answered(policy, case, at=now, key=key, how=answers.REFERRAL, recipients=frozenset()),
        AuditEvent(kind="referred", case=case.number, data={"body": pointer.body}),
    )
