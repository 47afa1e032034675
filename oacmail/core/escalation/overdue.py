"""Who is told of an overdue case, in one mail for each case or as one list (R31).

It never decides *whether* a case is overdue. Level 1 goes to the supervisor, level 2 and higher also to the operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from oacmail.core.effects import AuditEvent, Effect, Send
from oacmail.core.outbox.case_card import card
from oacmail.core.outbox.staff_notices import notices, with_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueCase:
    """A case whose response deadline `started_by` was due at `due_at` and has reached this level."""

    case: CaseView
    started_by: str
    due_at: datetime
    level: int


def escalate(
    policy: Policy, late: Sequence[OverdueCase], *, unread: tuple[str, ...], away: frozenset[str], now: datetime
) -> list[Effect]:
    """`unread`: folders that could not be read in time; the mail names them, since the answer may be there. `away`:
    staff who are out of office."""
    late = _one_a_case(late)
    effects: list[Effect] = [
        AuditEvent(kind="escalated", case=item.case.number, data={"level": item.level, "why": "overdue"})
        for item in late
    ]
    if len(late) > policy.deadlines.digest_above:
        return [*effects, *_as_list(policy, late, unread, away, now)]
    for item in late:
        effects += _one(policy, item, unread, away, now)
    return effects


def _one_a_case(late: Sequence[OverdueCase]) -> list[OverdueCase]:
    """One item for each case. Of several deadlines of a merged case the highest level counts, then the oldest."""
    first: dict[str, OverdueCase] = {}
    for item in sorted(late, key=lambda item: (-item.level, item.due_at)):
        first.setdefault(item.case.number, item)
    return [item for item in late if first[item.case.number] is item]


def _message(item: OverdueCase) -> str:
    """The message to attach: the one that started the deadline, or the case's first if an event did."""
    return item.case.first_message if ":" in item.started_by else item.started_by


def _recipients(policy: Policy, level: int, away: frozenset[str]) -> tuple[str, ...]:
    people = policy.people.supervisor
    return with_agents(policy, (*people, *policy.people.operator) if level > 1 else people, away)


def _card(item: OverdueCase) -> dict[str, object]:
    """`level`: that of the escalation; `answered_at`: when the case was last answered, before it waited again."""
    case = item.case
    again = {"answered_at": case.answered_at, "wrote_again": case.asked_since > 0}
    return {**card(case, item.due_at), "level": item.level, **again}


def _one(
    policy: Policy, item: OverdueCase, unread: tuple[str, ...], away: frozenset[str], now: datetime
) -> tuple[Send, ...]:
    return notices(
        policy,
        _recipients(policy, item.level, away),
        key=f"overdue:{item.started_by}:{item.level}",
        kind=MailKind.OVERDUE,
        now=now,
        case=item.case.number,
        facts={**_card(item), "unread": unread},
        attach=_message(item),
    )


def _as_list(
    policy: Policy, late: Sequence[OverdueCase], unread: tuple[str, ...], away: frozenset[str], now: datetime
) -> tuple[Send, ...]:
    level = max(item.level for item in late)
    first = min(item.started_by for item in late)
    cards = tuple(_card(item) for item in sorted(late, key=lambda item: (item.due_at, item.case.number)))
    return notices(
        policy,
        _recipients(policy, level, away),
        key=f"overdue-list:{now.astimezone(policy.office.timezone).date()}:{first[:16]}:{level}",
        kind=MailKind.OVERDUE_DIGEST,
        now=now,
        facts={"cases": cards, "unread": unread},
    )
