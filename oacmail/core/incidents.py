"""When second-level messages about one platform become one incident: one alert with a list, and linked cases.

It counts messages in a period (`escalation.incident_mails`, `incident_minutes`) and tells the technical services and
the supervisor once; a case that follows in the period is linked. Each case keeps its own deadline, derivation and
answer. No citizen is told.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from oacmail.core import acknowledgement
from oacmail.core.cases import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect, UpdateCase
from oacmail.core.kinds import MailKind
from oacmail.core.model import Classification, Level, Status
from oacmail.core.notices import case_row, notify
from oacmail.core.policy import Policy
from oacmail.core.view import SimilarCase

INCIDENT = "incident"
LISTED = 50  # cases of a town that all write at once


def platform(reading: Classification) -> str:
    """The platform that fails: '' where the message is not of second level, names no platform, or blames a document or
    a form. Who names none is taken to write of the town's own, which says too little to count."""
    fails = reading.level is Level.SECOND and reading.cause == "platform"
    return reading.platform if fails else ""


def since(policy: Policy, received_at: datetime) -> datetime:
    """The earliest time of messages that belong together with one received at `received_at`."""
    return received_at - timedelta(minutes=policy.escalation.incident_minutes)


def joined(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The incident that this message on case `number` starts or joins."""
    if not platform(request.reading) or acknowledgement.why_not(request):
        return ()
    others = [case for case in request.view.alike if case.number != number]
    going_on = next((case.incident for case in reversed(others) if case.incident), None)
    if going_on:
        return _linked(going_on, [number])
    if len(others) + 1 < request.policy.escalation.incident_mails:
        return ()
    first, policy, reading = others[0].number if others else number, request.policy, request.reading
    this = SimilarCase(
        number=number,
        incident=first,
        opened_at=request.received_at,
        due_at=request.due_at,
        status=Status.DERIVED,
        topic=str(reading.topic or "other"),
    )
    cases = [*others, this]
    rows = (
        case_row(case.number, opened_at=case.opened_at, due_at=case.due_at, status=str(case.status), topic=case.topic)
        for case in cases[-LISTED:]
    )
    mails = notify(
        policy,
        (*policy.people.technical, *policy.people.supervisor),
        key=f"{MailKind.INCIDENT}:{first}",
        kind=MailKind.INCIDENT,
        now=request.now,
        facts={
            "platform": platform(reading),
            "operator": reading.operator,
            "since": cases[0].opened_at,
            "count": len(cases),
            "cases": tuple(rows),
        },
    )
    return (*_linked(first, [case.number for case in cases]), *mails)


def _linked(first: str, numbers: Sequence[str]) -> tuple[Effect, ...]:
    changes = (UpdateCase(case=number, columns={"incident": first}) for number in numbers)
    notes = (AuditEvent(kind=INCIDENT, case=number, data={"first": first}) for number in numbers)
    return (*changes, *notes)
