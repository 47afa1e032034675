"""The survey after a case is closed: who is asked, and when (R30; docs/requirements.md section 6, G and H).

It leaves at the first opening after the close, once a case, and never to an address that was asked within
`survey.per_address_days` or whose complaint is still in course. There is no reminder. A case that is open again by then
gets none. It never decides what a reply means (core/cases/votes.py).
"""

from collections.abc import Sequence
from datetime import date, datetime

from oacmail.core import calendar
from oacmail.core.cases.citizen_mail import notice
from oacmail.core.cases.recipient import can_be_told
from oacmail.core.effects import AuditEvent, DeadlineReached, Effect, StartDeadline
from oacmail.core.model import Intent, Status
from oacmail.core.outbox.vote_links import links
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, Deadline

SURVEY = "survey"  # the kind of deadline
SILENCE = "silence"
ASKED_AFTER = ("answered", "contact", "thanks")
"""Why a case is closed whose citizen is asked; spam and duplicates are no service."""
NOT_ASKED = (Intent.COMPLAINT, Intent.DATA_RIGHTS)
"""Who complains, or exercises a right, has not asked for help that could be rated."""


def after(policy: Policy, case: CaseView, *, reason: str, now: datetime) -> tuple[Effect, ...]:
    """The moment at which the citizen of a case that is closed now is asked. `reason`: why it is closed, or
    `SILENCE`."""
    if not policy.survey.enabled or reason not in (*ASKED_AFTER, SILENCE):
        return ()
    return (
        StartDeadline(
            started_by=f"{reason}:{case.number}:{now.isoformat()}",
            kind=SURVEY,
            case=case.number,
            started_at=now,
            due_at=calendar.next_opening_after(now, policy),
        ),
    )


def surveys(
    policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], spared: frozenset[str], now: datetime
) -> list[Effect]:
    """The surveys that are due. `spared`: addresses that are not asked now."""
    if not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = []
    asked = set(spared)
    for case, deadline in reached:
        effects.append(DeadlineReached(started_by=deadline.started_by, kind=SURVEY, level=deadline.level, at=now))
        if _may_ask(policy, case, deadline, now) and case.citizen not in asked:
            asked.add(case.citizen)
            effects += _ask(policy, case, deadline, now)
    return effects


def _may_ask(policy: Policy, case: CaseView, deadline: Deadline, now: datetime) -> bool:
    """Whether it is still the close after which the survey was to be sent, and the case is one of those whose citizens
    are asked. Who can no longer reply on the case is asked nothing."""
    last = _reply_until(policy, case)
    return (
        policy.survey.enabled
        and case.status is Status.CLOSED
        and case.closed_at == deadline.started_at
        and case.close_reason in ASKED_AFTER
        and case.answered_at is not None
        and case.intent not in NOT_ASKED
        and case.surveyed_at is None
        and can_be_told(policy, case)
        and (last is None or now.astimezone(policy.office.timezone).date() <= last)
    )


def _reply_until(policy: Policy, case: CaseView) -> date | None:
    """The last local day on which a reply opens the case again (R23); None = any day."""
    if case.closed_at is None or not policy.deadlines.reopen_days:
        return None
    closed = case.closed_at.astimezone(policy.office.timezone).date()
    return calendar.add_working_days(closed, policy.deadlines.reopen_days, policy.workdays)


def _ask(policy: Policy, case: CaseView, deadline: Deadline, now: datetime) -> tuple[Effect, ...]:
    facts: dict[str, object] = {
        "silent": deadline.started_by.startswith(f"{SILENCE}:"),
        "reopen_on": _reply_until(policy, case),
        "votes": links(policy, case.number),
    }
    key = f"{MailKind.SURVEY}:{case.number}:{deadline.started_at.astimezone(policy.office.timezone).date()}"
    return (
        notice(policy, case, MailKind.SURVEY, key=key, facts=facts, now=now),
        AuditEvent(kind="survey", case=case.number),
    )
