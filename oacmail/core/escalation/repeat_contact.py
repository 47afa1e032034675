"""When a case becomes a *problema complex* (R12), and who is told.

It counts: the person wrote again and again after the first human answer, or came back days after it. Staff are told
once, in service hours; nothing else about the case changes. A case that nobody has answered is overdue, never complex.
"""

from datetime import datetime

from oacmail.core import calendar
from oacmail.core.effects import AuditEvent, Effect, Quoted
from oacmail.core.model import Status
from oacmail.core.outbox import case_card
from oacmail.core.outbox.staff_notices import assigned, notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseMessage, CaseView


def became_complex(
    policy: Policy, case: CaseView, *, message: str, at: datetime, due_at: datetime, away: frozenset[str], now: datetime
) -> tuple[Effect, ...]:
    """What follows from a citizen's further request on this case, `message`, received at `at`. `away`: staff who are
    out of office."""
    if MailKind.COMPLEX in case.told or case.status is Status.DERIVED or not _is_complex(policy, case, at):
        return ()
    people, by_itself = policy.people, policy.escalation.auto_complex
    told = (*people.technical, *people.supervisor) if by_itself else assigned(policy, case.assignee, away)
    return (
        AuditEvent(kind="escalated", case=case.number, data={"why": "complex"}),
        *notices(
            policy,
            told,
            key=f"complex:{case.number}",
            kind=MailKind.COMPLEX,
            now=now,
            case=case.number,
            facts=case_card.card(case, case_card.due_at(case, due_at)),
            conversation=_conversation(policy, CaseMessage(message=message, at=at, by_office=False), *case.latest),
        ),
    )


def _conversation(policy: Policy, *said: CaseMessage) -> tuple[Quoted, ...]:
    """The new message and those before it, each under its time, with the office's name if an agent wrote it."""
    return tuple(
        Quoted(
            message=one.message,
            heading=f"[{one.at.astimezone(policy.office.timezone):%d/%m/%Y %H:%M}"
            f"{f' · {policy.office.name}' if one.by_office else ''}]",
        )
        for one in said
    )


def _is_complex(policy: Policy, case: CaseView, at: datetime) -> bool:
    if case.answered_at is None:
        return False
    zone, days = policy.office.timezone, policy.escalation.complex_days
    day = calendar.add_working_days(case.answered_at.astimezone(zone).date(), days, policy.workdays)
    return case.asked_since + 1 >= policy.escalation.complex_messages or at.astimezone(zone).date() >= day
