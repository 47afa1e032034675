"""Two answers to one person within minutes: both agents are told, before they answer again.

Each answer counts as any other; this module only tells the agents, once a day and case. All agents are told, because an
answer in the shared mailbox does not say which of them wrote it.
"""

from datetime import datetime, timedelta

from oacmail.core.effects import Send
from oacmail.core.outbox.staff_notices import to_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView

WITHIN = timedelta(minutes=15)


def warn(policy: Policy, case: CaseView, *, at: datetime, now: datetime) -> tuple[Send, ...]:
    """`at`: when the answer that has just been read was written; `case` as it stood before."""
    before = case.latest[0] if case.latest else None
    if before is None or not before.by_office or abs(at - before.at) > WITHIN:
        return ()
    day = now.astimezone(policy.office.timezone).date()
    facts = {"first_at": min(before.at, at), "second_at": max(before.at, at)}
    key = f"{MailKind.ANSWERED_TWICE}:{case.number}:{day}"
    return to_agents(policy, key=key, kind=MailKind.ANSWERED_TWICE, now=now, case=case.number, facts=facts)
