"""Which road a request takes beside its answer: a call, the manager's copy, the data protection officer.

Decides from the intent alone what the acknowledgement adds and who else hears of the message (R28;
docs/requirements.md section 4). Nothing here stops or moves the clock of the answer: a complaint or a request of rights
may hold a question too, and keeps its case (no wrong door).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from oacmail.core.cases import call_backs, data_rights
from oacmail.core.cases.data_rights import RequestFacts
from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect
from oacmail.core.model import Intent
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.policy import Policy

OPINION = "opinion"  # the manager's copy


def said(request: CitizenRequest) -> Mapping[str, object]:
    """What the acknowledgement of this message adds: "road", and what is to be said of a call."""
    intent, wish = request.reading.intent or Intent.QUESTION, request.reading.callback
    if intent is not Intent.CALLBACK:
        return {"road": str(intent)}
    return {"road": "callback", **call_backs.offered(request, wish)} if wish else {"road": "no_number"}


def taken(citizen_request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """What this message on case `number` sets in motion."""
    reading = citizen_request.reading
    request = RequestFacts(
        case=number,
        message=citizen_request.message.fingerprint,
        asked_at=citizen_request.asked_at,
        due_at=citizen_request.due_at,
        topic=str(reading.topic or "other"),
    )
    return by_intent(citizen_request.policy, str(reading.intent), request, citizen_request.now)


def by_intent(policy: Policy, intent: str, request: RequestFacts, now: datetime) -> tuple[Effect, ...]:
    """As read, or as a person has said; () where only an answer is asked for."""
    road = _ROADS.get(intent)
    return road(policy, intent, request, now) if road else ()


def _to_the_manager(policy: Policy, intent: str, request: RequestFacts, now: datetime) -> tuple[Effect, ...]:
    return (
        AuditEvent(kind=OPINION, case=request.case, data={"intent": intent}),
        *notices(
            policy,
            policy.people.supervisor,
            key=f"{OPINION}:{request.message}",
            template=OPINION,
            now=now,
            case=request.case,
            facts={**request.facts(), "intent": intent},
            attach=request.message,
        ),
    )


def _to_the_officer(policy: Policy, _: str, request: RequestFacts, now: datetime) -> tuple[Effect, ...]:
    return data_rights.started(policy, request, now)


_Road = Callable[[Policy, str, RequestFacts, datetime], tuple[Effect, ...]]
_ROADS: Mapping[str, _Road] = {
    Intent.COMPLAINT: _to_the_manager,
    Intent.SUGGESTION: _to_the_manager,
    Intent.DATA_RIGHTS: _to_the_officer,
}
