"""What a request causes beside its answer: the supervisor's copy, the data protection officer, addresses of others, and
the agents' notice of a term that ends today.

Decides from the intent, the level and the end of a term who else hears of the message (R10, R28, R32).
Nothing here stops or moves the deadline of the answer: a complaint or a request of rights may hold a question too and
keeps its case, and a question that is not the town's is a person's to refuse.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from oacmail.core import calendar, derivation, rights
from oacmail.core.answers import draft_row
from oacmail.core.cases import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect
from oacmail.core.kinds import MailKind
from oacmail.core.model import Intent, Level
from oacmail.core.notices import due_at as due_at_of
from oacmail.core.notices import notify, notify_agents
from oacmail.core.policy import Policy
from oacmail.core.rights import RequestSummary
from oacmail.core.view import CaseView

OPINION = "opinion"  # the event


def by_message(
    request: CitizenRequest, number: str, case: CaseView | None = None, *, answered: bool = False
) -> tuple[Effect, ...]:
    """What the intent of this message on case `number`, and a term that ends today, cause. `case`: the one that exists
    already; `answered`: the answer to the message was read first, so nothing is urgent."""
    policy, reading, now, topic = request.policy, request.reading, request.now, str(request.reading.topic or "other")
    ends_on, call = reading.ends_on, reading.callback
    urgent = not answered and ends_on is not None and ends_on == calendar.local_day(now, policy)
    if not urgent and str(reading.intent) not in _ACTIONS:
        return ()
    opened_at = case.opened_at if case else request.received_at
    due_at = due_at_of(case, request.due_at) if case else request.due_at
    summary = RequestSummary(
        case=number,
        message=request.message.fingerprint,
        asked_at=request.asked_at,
        opened_at=opened_at,
        due_at=due_at,
        topic=topic,
    )
    caused = by_intent(policy, str(reading.intent), summary, now)
    if not urgent:
        return caused
    # The agents hear at once, at any hour, of a term of the person that ends today: the answer may come too late for
    # it (R32).
    ends_hour = request.ends_hour(ends_on)
    mails = notify_agents(
        policy,
        key=f"{MailKind.TERM}:{number}:{ends_on}:{derivation.hour_text(ends_hour) or ''}",
        kind=MailKind.TERM,
        now=now,
        case=number,
        facts={
            "opened_at": opened_at,
            "due_at": due_at,
            "topic": topic,
            "intent": str(reading.intent or "question"),
            "slot": call.slot if call else None,
            "call_hours": call.hours if call else (),
            "ends_on": ends_on,
            "ends_hour": ends_hour,
        },
    )
    return (*mails, *caused)


def by_intent(policy: Policy, intent: str, request: RequestSummary, now: datetime) -> tuple[Effect, ...]:
    """What this intent causes, as it was read or as a person has said; () where only an answer is asked for."""
    action = _ACTIONS.get(intent)
    return action(policy, intent, request, now) if action else ()


def _to_supervisor(policy: Policy, intent: str, request: RequestSummary, now: datetime) -> tuple[Effect, ...]:
    return (
        AuditEvent(kind=OPINION, case=request.case, data={"intent": intent}),
        *notify(
            policy,
            policy.people.supervisor,
            key=f"{MailKind.OPINION}:{request.message}",
            kind=MailKind.OPINION,
            now=now,
            case=request.case,
            facts={
                **{"opened_at": request.opened_at, "due_at": request.due_at, "topic": request.topic},
                **{"intent": intent, "late": request.due_at is not None and request.due_at <= now},
            },
            attach=request.message,
        ),
    )


_Action = Callable[[Policy, str, RequestSummary, datetime], tuple[Effect, ...]]
_ACTIONS: Mapping[str, _Action] = {
    Intent.COMPLAINT: _to_supervisor,
    Intent.SUGGESTION: _to_supervisor,
    Intent.DATA_RIGHTS: rights.started,
}


def propose_referral(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The `[[pointer]]` table for the agents, where the message reads as out of scope (template D); () where the
    configuration has none. Nothing goes to the citizen."""
    table = request.policy.pointers
    if request.reading.level is not Level.OUT_OF_SCOPE or not table:
        return ()
    facts = {
        "opened_at": request.received_at,
        "due_at": request.due_at,
        "topic": str(request.reading.topic or "other"),
        "pointers": tuple(map(draft_row, table)),
    }
    key = f"{MailKind.POINTERS}:{request.message.fingerprint}"
    return notify_agents(request.policy, key=key, kind=MailKind.POINTERS, now=request.now, case=number, facts=facts)
