"""Derived cases that are not solved yet: nudges to the technical services, updates to the citizen (R31).

Both are sent only while the office is open, the case is still derived and nobody has said that it is solved
(core/escalation/outcome.py). An answer to the citizen ends neither. After days of absence one of each is sent, and the
next is counted from it. It never decides what is second level.
"""

from collections.abc import Sequence
from datetime import datetime

from oacmail.core import calendar
from oacmail.core.cases.citizen_mail import progress
from oacmail.core.cases.recipient import can_be_told
from oacmail.core.effects import DeadlineReached, Effect, Send, StartDeadline
from oacmail.core.model import Status
from oacmail.core.outbox import case_card
from oacmail.core.outbox.case_card import Facts
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, Deadline

Reached = tuple[CaseView, Deadline]


def nudges(policy: Policy, reached: Sequence[Reached], now: datetime) -> list[Effect]:
    """To the services that have the case: one mail for each case, or a list if there are many."""
    if not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = [_fired(deadline, now) for _, deadline in reached]
    groups: dict[tuple[str, ...], list[Reached]] = {}
    for case, deadline in reached:
        if is_unsolved(case):
            effects.append(_next_nudge(policy, case, deadline, now))
            groups.setdefault(policy.people.services(case.cause), []).append((case, deadline))
    for people, theirs in groups.items():
        effects += _told(policy, people, theirs, now)
    return effects


def is_unsolved(case: CaseView) -> bool:
    """Whether the services have the case and nobody has said that it is solved."""
    return case.status is Status.DERIVED and case.solved_at is None


def _next_nudge(policy: Policy, case: CaseView, deadline: Deadline, now: datetime) -> StartDeadline:
    due = calendar.opening_days_after(now, policy.escalation.nudge_days, policy)
    return StartDeadline(
        started_by=deadline.started_by, kind="nudge", case=case.number, started_at=deadline.started_at, due_at=due,
        level=deadline.level + 1,
    )  # fmt: skip


def _told(policy: Policy, people: tuple[str, ...], reached: Sequence[Reached], now: datetime) -> list[Send]:
    if len(reached) > policy.deadlines.digest_above:
        return list(_nudge(policy, people, reached, now))
    return [send for one in reached for send in _nudge(policy, people, (one,), now)]


def _nudge(policy: Policy, people: tuple[str, ...], reached: Sequence[Reached], now: datetime) -> tuple[Send, ...]:
    first_case, first = reached[0]
    return notices(
        policy,
        people,
        key=f"nudge:{first.started_by}:{first.level}",
        kind=MailKind.NUDGE,
        now=now,
        case=first_case.number if len(reached) == 1 else None,
        facts={"cases": tuple(_row(case, deadline) for case, deadline in reached)},
    )


def _row(case: CaseView, deadline: Deadline) -> Facts:
    due_at = case_card.due_at(case)
    return {
        **case_card.card(case, due_at),
        **case_card.derived(case),
        "derived_at": deadline.started_at,
        "expected_on": case.expected_on,
    }


def updates(policy: Policy, reached: Sequence[Reached], now: datetime) -> list[Effect]:
    """The updates that the derivation notice has promised to the citizen."""
    if not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = []
    for case, deadline in reached:
        effects.append(_fired(deadline, now))
        if is_unsolved(case) and can_be_told(policy, case):
            effects += progress(policy, case, key=deadline.started_by, level=deadline.level, now=now)
    return effects


def _fired(deadline: Deadline, now: datetime) -> DeadlineReached:
    return DeadlineReached(started_by=deadline.started_by, kind=deadline.kind, level=deadline.level, at=now)
