"""Second level: what goes to the technical services automatically, what is proposed, what an agent orders (R11-R13).

The services get the card and the message once for each case; the event log says whether a message or an agent caused
it. Automatically only status and level change: the citizen's deadline keeps running until an agent has answered or has
sent the derivation notice (R22). Uncertain cases are left to agents. A message that gets no automatic acknowledgement
is not derived automatically either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from oacmail.core import calendar
from oacmail.core.cases import acknowledgement, answers
from oacmail.core.cases.citizen_mail import passed_on
from oacmail.core.cases.recipient import can_be_told
from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import AuditEvent, CaseColumns, Effect, EndDeadlines, StartDeadline, UpdateCase
from oacmail.core.escalation import incidents
from oacmail.core.model import Classification, Level, Status
from oacmail.core.outbox import case_card
from oacmail.core.outbox.kinds import CancelledBy
from oacmail.core.outbox.staff_notices import notices, to_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, View

DERIVED, PROPOSED = MailKind.DERIVED, MailKind.SECOND_LEVEL
ANEW: CaseColumns = {"solved_at": None, "told_at": None, "expected_on": None}
"""What nobody has said yet when a case goes to the services, or leaves them."""
_DECIDED = "level:second: "  # prefix of the classifier's reasons (core/routing/classification.py)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
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

    def facts(self) -> Mapping[str, object]:
        named = ("opened_at", "due_at", "topic", "operator", "platform", "cause", "urgent", "ends_on", "words", "why")
        return {name: getattr(self, name) for name in (*named, "ends_hour", "affected")}


BRIEF = 6
"""Words: so few are no ground to derive a case by itself, nor to change the level of one that is open."""

# --- by a message ----------------------------------------------------------------------------------------


def by_message(request: CitizenRequest, number: str, case: CaseView | None = None) -> tuple[Effect, ...]:
    """What follows from this message on case `number`, which it opens if there is no `case` yet; () = nothing."""
    if acknowledgement.why_not(request):
        return ()
    if case is not None and case.status is Status.DERIVED:
        return _date_named(request, case)
    brief = len(request.message.fresh.split()) <= BRIEF
    if request.reading.level is not Level.SECOND or _is_settled(case) or (brief and case is not None):
        return ()
    rules = request.policy.escalation
    sure = (
        not brief
        and rules.auto_second_level
        and rules.threshold <= request.reading.confidence["level"]
        and rules.threshold < 1
    )
    return (_derive if sure and not _before_a_restore(request) else _propose)(request, number, case)


def _before_a_restore(request: CitizenRequest) -> bool:
    """Whether a restored database may have forgotten that the services know this message."""
    moments = (request.view.restored_at, request.view.key_lost_at)
    return not request.forced and any(moment is not None and request.received_at <= moment for moment in moments)


def _is_settled(case: CaseView | None) -> bool:
    """Whether it was derived before, or an agent has set the level."""
    return case is not None and (DERIVED in case.told or case.level_by_hand)


def _date_named(request: CitizenRequest, case: CaseView) -> tuple[Effect, ...]:
    """The services are told at once of a day, the first or a sooner one, that is named on their case (R32)."""
    ends_on = request.ends_on(case.ends_on)
    ends_hour = request.ends_hour(ends_on, case)
    if ends_on is None or (ends_on, ends_hour) == (case.ends_on, case.ends_hour):
        return ()
    key = request.message.fingerprint
    card = replace(
        _kept_card(request.view, case, case.cause, ""),
        message=key,
        urgent=request.is_urgent(ends_on),
        ends_on=ends_on,
        ends_hour=ends_hour,
    )
    return (
        *_to_services(request.policy, card, key=f"term:{key}", now=request.now),
        AuditEvent(kind="escalated", case=case.number, data={"why": "term"}),
    )


def _derive(request: CitizenRequest, number: str, case: CaseView | None) -> tuple[Effect, ...]:
    reading, key = request.reading, request.message.fingerprint
    columns: CaseColumns = {"status": Status.DERIVED, "level": Level.SECOND, **_of(reading), **ANEW}
    sure = reading.confidence["level"]
    card = _read_card(request, number, case)
    return (
        UpdateCase(case=number, columns=columns),
        *_to_services(request.policy, card, key=key, now=request.now),
        *_first_nudge(request.policy, number, key=key, now=request.now),
        *_to_agents(request, card, derived=True),
        AuditEvent(kind="escalated", case=number, data={"why": "second-level", "cause": reading.cause, "sure": sure}),
    )


def _propose(request: CitizenRequest, number: str, case: CaseView | None) -> tuple[Effect, ...]:
    """Once a case. The digest has all."""
    if case is not None and PROPOSED in case.told:
        return ()
    return (
        *(
            (UpdateCase(case=number, columns={"level": Level.SECOND, **_of(request.reading)}),)
            if case is not None
            else ()
        ),
        *_to_agents(request, _read_card(request, number, case), derived=False),
        AuditEvent(
            kind="suggested", case=number, data={"level": "second", "sure": request.reading.confidence["level"]}
        ),
    )


def _of(reading: Classification) -> CaseColumns:
    return {"operator": reading.operator, "platform": reading.platform, "cause": reading.cause}


def _read_card(request: CitizenRequest, number: str, case: CaseView | None) -> Card:
    reading, ends_on = request.reading, request.ends_on(case.ends_on if case else None)
    return Card(
        case=number,
        message=request.message.fingerprint,
        opened_at=case.opened_at if case else request.received_at,
        due_at=case_card.due_at(case, request.due_at) if case else request.due_at,
        topic=case.topic if case else str(reading.topic),
        operator=reading.operator,
        platform=reading.platform,
        cause=reading.cause,
        urgent=request.is_urgent(ends_on),
        ends_on=ends_on,
        ends_hour=request.ends_hour(ends_on, case),
        words=_words(reading),
        affected=_affected(request.view, reading.operator, incidents.platform(reading), request.author),
    )


def _affected(view: View, operator: str, platform: str, citizen: str) -> int:
    """How many people the failure affects today, with the citizen of this case."""
    return len(view.affected.get((operator, platform), frozenset()) | {citizen}) if platform else 0


def _words(reading: Classification) -> tuple[str, ...]:
    """The words that decided for second level, without sums and without features that only the model can read."""
    found = (why.removeprefix(_DECIDED) for why in reading.because if why.startswith(_DECIDED))
    return tuple(word for word in found if word[:1].isalnum() and not word.startswith("level:"))


def _to_agents(request: CitizenRequest, card: Card, *, derived: bool) -> tuple[Effect, ...]:
    """The agents are told, since only an agent informs the citizen."""
    facts = {**card.facts(), "derived": derived}
    return to_agents(
        request.policy,
        key=f"{PROPOSED}:{card.message}",
        kind=PROPOSED,
        now=request.now,
        case=card.case,
        facts=facts,
    )


# --- by an agent's order --------------------------------------------------------------------------------


def by_order(
    policy: Policy, view: View, case: CaseView, *, cause: str, why: str, key: str, now: datetime
) -> tuple[Effect, ...]:
    """Derive the case if it is not with the services, or is said to be solved and is not, and tell the citizen, which
    meets the deadline (R22). A cause or observation that the agent adds goes to the services in any case. `cause`: the
    one that the agent has chosen, '' = none; the citizen is told no other."""
    known = case.status is Status.DERIVED and DERIVED in case.told and case.solved_at is None
    chosen, cause = cause, cause or case.cause
    adds = bool(why) or cause != case.cause
    columns: CaseColumns = {
        "status": Status.DERIVED,
        "level": Level.SECOND,
        "cause": cause,
        "operator": case.operator or "town",
        "touched_at": now,
        **({} if known else ANEW),
    }
    return (
        UpdateCase(case=case.number, columns=columns),
        *(_to_services(policy, _kept_card(view, case, cause, why), key=key, now=now) if adds or not known else ()),
        *(() if known else answers.out_of_date(case, CancelledBy.UNSOLVED)),
        *(() if known else _first_nudge(policy, case.number, key=key, now=now)),
        *(_tell_citizen(policy, case, cause=chosen, key=key, now=now) if can_be_told(policy, case) else ()),
        AuditEvent(kind="escalated", case=case.number, data={"why": "ordered", "cause": cause}),
    )


def _kept_card(view: View, case: CaseView, cause: str, why: str) -> Card:
    return Card(
        case=case.number,
        message=case.first_message,
        opened_at=case.opened_at,
        due_at=case_card.due_at(case),
        topic=case.topic,
        operator=case.operator or "town",
        platform=case.platform,
        cause=cause,
        urgent=case.urgent,
        ends_on=case.ends_on,
        ends_hour=case.ends_hour,
        why=why,
        affected=_affected(view, case.operator, case.platform if cause == "platform" else "", case.citizen),
    )


def _tell_citizen(policy: Policy, case: CaseView, *, cause: str, key: str, now: datetime) -> tuple[Effect, ...]:
    """It meets the deadlines that an answer would meet (core/cases/answers.py); the case stays with the services."""
    return (
        EndDeadlines(case=case.number, how="void", at=now, kinds=("update",)),
        *passed_on(policy, case, key=key, cause=cause, now=now),
        *answers.met(case, case.not_reached(frozenset()), at=now, kinds=("answer", "remind")),
        *answers.out_of_date(case, CancelledBy.DERIVATION_NOTICE),
    )


# --- the services ---------------------------------------------------------------------------------------


def _to_services(policy: Policy, card: Card, *, key: str, now: datetime) -> tuple[Effect, ...]:
    return notices(
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
        EndDeadlines(case=number, how="void", at=now, kinds=("nudge",)),
        StartDeadline(started_by=key, kind="nudge", case=number, started_at=now, due_at=due),
    )
