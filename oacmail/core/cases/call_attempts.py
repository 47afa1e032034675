"""What calls in vain come to: two in the slot, and a mail that says how to reach us, are an answer (R27).

Decides what counts: a call outside the slot is noted and counts for nothing. The person who is called is told by
template M; nobody is called by this program.
"""

from datetime import datetime

from oacmail.core import calendar
from oacmail.core.cases import answers, citizen_mail
from oacmail.core.cases.call_backs import SHOWN
from oacmail.core.effects import AuditEvent, Effect
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView

NOT_REACHED = "not_reached"  # the mail's kind


def in_vain(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime) -> tuple[Effect, ...]:
    """An agent called at `at` and reached nobody. `key` names the order."""
    counts = _in_slot(case, at, policy)
    note = AuditEvent(kind="call-not-reached", case=case.number, data={"at": at.isoformat(), "in_slot": int(counts)})
    calls = _calls(case) + 1
    if not counts or calls < policy.call_attempts or not citizen_mail.may_be_told(policy, case):
        return (note,)
    facts: dict[str, object] = {"calls": calls, "phone3": (case.phone or "")[-SHOWN:]}
    return (
        note,
        citizen_mail.notice(policy, case, NOT_REACHED, key=f"{NOT_REACHED}:{key}", facts=facts, now=now),
        *answers.answered(policy, case, at=at, key=key, how="not-located"),
    )


def _in_slot(case: CaseView, at: datetime, policy: Policy) -> bool:
    if case.slot is None or not case.running("answer"):
        return False
    begins, ends = calendar.SLOTS[case.slot]
    return begins <= at.astimezone(policy.office.timezone).time() < ends


def _calls(case: CaseView) -> int:
    """Since the person who waits now has asked."""
    asked = min((clock.started_at for clock in case.running("answer")), default=None)
    return sum(asked is not None and call >= asked for call in case.calls_in_vain)
