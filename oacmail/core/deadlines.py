"""A case whose day has come: overdue (R31), waiting for its citizen, or a *problema complex* (R12), and who is told.

It never decides *whether* a case is overdue: the store knows the deadlines, core/calendar.py the days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from oacmail.core import answers, calendar, notices
from oacmail.core.effects import AuditEvent, DeadlineReached, Effect, EndDeadlines, Quoted, Send, StartDeadline
from oacmail.core.model import Status
from oacmail.core.notices import assigned, case_card, notify, with_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseMessage, CaseView, Deadline

# --- Overdue ---------------------------------------------------------------------------------------------------------
# Who is told of an overdue case, in one mail for each case or as one list (R31): of level 1 the supervisor, of level 2
# and higher also the operator.


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
    return {**case_card(case, item.due_at), "level": item.level, **again}


def _one(
    policy: Policy, item: OverdueCase, unread: tuple[str, ...], away: frozenset[str], now: datetime
) -> tuple[Send, ...]:
    return notify(
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
    return notify(
        policy,
        _recipients(policy, level, away),
        key=f"overdue-list:{now.astimezone(policy.office.timezone).date()}:{first[:16]}:{level}",
        kind=MailKind.OVERDUE_DIGEST,
        now=now,
        facts={"cases": cards, "unread": unread},
    )


# --- Waiting ---------------------------------------------------------------------------------------------------------
# A case waits until the day that an agent has named. Waiting stops no deadline for an answer, and ends when the
# citizen writes (core/handlers/from_citizen.py). On the day the agent is reminded, and from then on the case closes in
# silence as an answered one does.

WAIT = "wait"


def waits_until(policy: Policy, case: CaseView, day: date, key: str, now: datetime) -> tuple[Effect, ...]:
    """The reminder at the first opening on `day` or after it. Until then the case does not close in silence."""
    midnight = datetime.combine(day, time.min, policy.office.timezone)
    return (
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=(WAIT, "close")),
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
        effects += notify(
            policy,
            assigned(policy, case.assignee, away),
            key=f"{WAIT}:{deadline.started_by}",
            kind=MailKind.WAIT,
            now=now,
            case=case.number,
            facts=notices.case_card(case, notices.due_at(case)),
        )
        if case.answered_at is not None:
            effects += answers.silent_close(policy, case, at=now, key=deadline.started_by)
    return effects


# --- Repeat contact --------------------------------------------------------------------------------------------------
# A *problema complex* (R12): the person wrote again and again after the first human answer, or came back days after
# it. Staff are told once, in service hours; nothing else about the case changes. A case that nobody has answered is
# overdue, never complex.


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
        *notify(
            policy,
            told,
            key=f"complex:{case.number}",
            kind=MailKind.COMPLEX,
            now=now,
            case=case.number,
            facts=notices.case_card(case, notices.due_at(case, due_at)),
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
