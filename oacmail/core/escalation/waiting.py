"""A case that waits for its citizen: until the day that an agent has named, and who is reminded then.

Waiting stops no deadline for an answer. It ends when the citizen writes (core/handlers/from_citizen.py). On the day the
agent is reminded, and from then on the case closes in silence as an answered one does.
"""

from collections.abc import Sequence
from datetime import date, datetime, time

from oacmail.core import calendar
from oacmail.core.cases import answers
from oacmail.core.effects import DeadlineReached, Effect, EndDeadlines, StartDeadline
from oacmail.core.model import Status
from oacmail.core.outbox import case_card
from oacmail.core.outbox.staff_notices import assigned, notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, Deadline

WAIT = "wait"


def until(policy: Policy, case: CaseView, day: date, key: str, now: datetime) -> tuple[Effect, ...]:
    """The reminder at the first opening on `day` or after it. Until then the case does not close in silence."""
    midnight = datetime.combine(day, time.min, policy.office.timezone)
    return (
        EndDeadlines(case=case.number, how="void", at=now, kinds=(WAIT, "close")),
        StartDeadline(
            started_by=key,
            kind=WAIT,
            case=case.number,
            started_at=now,
            due_at=calendar.next_opening(midnight, policy),
        ),
    )


def reminders(
    policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], away: frozenset[str], now: datetime
) -> list[Effect]:
    """`away`: staff who are out of office."""
    if not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = []
    for case, deadline in reached:
        effects.append(DeadlineReached(started_by=deadline.started_by, kind=WAIT, level=deadline.level, at=now))
        if case.status is Status.CLOSED:
            continue
        effects += notices(
            policy,
            assigned(policy, case.assignee, away),
            key=f"{WAIT}:{deadline.started_by}",
            kind=MailKind.WAIT,
            now=now,
            case=case.number,
            facts=case_card.card(case, case_card.due_at(case)),
        )
        if case.answered_at is not None:
            effects += answers.silent_close(policy, case, at=now, key=deadline.started_by)
    return effects
