"""A case whose day has come: overdue (R31), due soon, waiting for its citizen, closed in silence, or a *problema
complex* (R12), and who is told.

Nothing about an answer fires before every watched folder was read after the due time, since the answer may be in Sent
unread, or half an hour has passed without. It computes no day (core/calendar.py).
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final

from msgspec import Struct

from oacmail.core import answers, calendar, notices, survey
from oacmail.core.effects import AuditEvent, DeadlineReached, Effect, EndDeadlines, Quoted, StartDeadline, UpdateCase
from oacmail.core.kinds import MailKind
from oacmail.core.model import CloseReason, Status
from oacmail.core.policy import Policy
from oacmail.core.rights import RIGHTS
from oacmail.core.view import UNREAD_PATIENCE, CaseMessage, CaseView, Deadline, DueView, Reached

# --- Overdue ---------------------------------------------------------------------------------------------------------
# Level 0 is the response deadline; each level above is told to people: 1 to the supervisor, 2 and higher also to the
# operator, in one mail for each case or as one list (R31). While the mailbox cannot be read, a response deadline waits
# until half an hour after its mail was due.


class OverdueCase(Struct, frozen=True, kw_only=True):
    """A case whose response deadline `started_by` was due at `due_at` and has reached this level."""

    case: CaseView
    started_by: str
    due_at: datetime
    level: int


def overdue(policy: Policy, due: DueView, now: datetime) -> list[Effect]:
    """The levels that end and start of each case that was not answered in time, and who is told."""
    effects: list[Effect] = []
    late: list[OverdueCase] = []
    unread: tuple[str, ...] = () if due.synced_at is not None else due.unread
    for case, deadline in due.ready("answer", now):
        read = due.read_since(deadline.due_at)
        told_at = calendar.escalation_at(deadline.due_at, 1, policy)
        if not (read or deadline.level) and now - told_at < UNREAD_PATIENCE:
            continue
        unread = unread if read else due.unread
        # The response deadline of which this one may be a later level, and the highest level whose time has come:
        # levels that were missed never start.
        same = (other for other in case.running("answer") if other.started_by == deadline.started_by)
        due_at = next((other for other in same if other.level == 0), deadline).due_at
        levels = range(1, policy.deadlines.max_levels + 1)
        level = max((deadline.level, *(n for n in levels if calendar.escalation_at(due_at, n, policy) <= now)))
        ended = DeadlineReached(started_by=deadline.started_by, kind="answer", level=deadline.level, at=now)
        if deadline.level == 0:
            effects += [
                ended,
                AuditEvent(kind="overdue", case=case.number, data={"due_at": deadline.due_at.isoformat()}),
            ]
        if level and calendar.in_hours(now, policy):
            late.append(OverdueCase(case=case, started_by=deadline.started_by, due_at=due_at, level=level))
            effects += [ended] if deadline.level else []
            level, earliest = level + 1, calendar.next_opening_after(now, policy)  # the next one: not before that day
        elif deadline.level == 0:
            level, earliest = 1, due_at
        else:
            continue
        if level <= policy.deadlines.max_levels:
            effects.append(
                StartDeadline(
                    started_by=deadline.started_by,
                    kind="answer",
                    case=case.number,
                    started_at=deadline.started_at,
                    due_at=max(calendar.escalation_at(due_at, level, policy), earliest),
                    level=level,
                )
            )
    return [*effects, *escalate(policy, late, unread=unread, away=due.away, now=now)]


def escalate(
    policy: Policy, late: Sequence[OverdueCase], *, unread: tuple[str, ...], away: frozenset[str], now: datetime
) -> list[Effect]:
    """One mail for each case, or one list of many. `unread`: folders that could not be read in time; the mail names
    them, since the answer may be there. `away`: staff who are out of office."""
    # Of several deadlines of a merged case the highest level counts, then the oldest.
    first: dict[str, OverdueCase] = {}
    for item in sorted(late, key=lambda item: (-item.level, item.due_at)):
        first.setdefault(item.case.number, item)
    late = [item for item in late if first[item.case.number] is item]
    effects: list[Effect] = [
        AuditEvent(kind="escalated", case=item.case.number, data={"level": item.level, "why": "overdue"})
        for item in late
    ]
    if len(late) > policy.deadlines.digest_above:
        level, day = max(item.level for item in late), calendar.local_day(now, policy)
        cards = tuple(_card(item) for item in sorted(late, key=lambda item: (item.due_at, item.case.number)))
        return [
            *effects,
            *notices.notify(
                policy,
                _recipients(policy, level, away),
                key=f"overdue-list:{day}:{min(item.started_by for item in late)[:16]}:{level}",
                kind=MailKind.OVERDUE_DIGEST,
                now=now,
                facts={"cases": cards, "unread": unread},
            ),
        ]
    for item in late:
        effects += notices.notify(
            policy,
            _recipients(policy, item.level, away),
            key=f"overdue:{item.started_by}:{item.level}",
            kind=MailKind.OVERDUE,
            now=now,
            case=item.case.number,
            facts={**_card(item), "unread": unread},
            # The message that started the deadline, or the case's first if an event did.
            attach=item.case.first_message if ":" in item.started_by else item.started_by,
        )
    return effects


def _recipients(policy: Policy, level: int, away: frozenset[str]) -> tuple[str, ...]:
    """All agents too if one of those is out of office."""
    people = (*policy.people.supervisor, *(policy.people.operator if level > 1 else ()))
    return people if away.isdisjoint(people) else (*people, *policy.people.agents)


def _card(item: OverdueCase) -> dict[str, object]:
    """`level`: that of the escalation; `answered_at`: when the case was last answered, before it waited again or, with
    `not_to_all`, while this person already waited."""
    case = item.case
    before = [deadline for deadline in case.running("answer") if deadline.started_by == item.started_by]
    not_to_all = case.answered_at is not None and any(one.started_at <= case.answered_at for one in before)
    return {
        **notices.case_card(case, item.due_at),
        "level": item.level,
        "answered_at": case.answered_at,
        "wrote_again": case.messages.asked_since > 0,
        "not_to_all": not_to_all,
    }


# --- Due soon --------------------------------------------------------------------------------------------------------


def reminders(policy: Policy, due: DueView, now: datetime) -> list[Effect]:
    """One list for each agent of all cases that are due soon, and one of those that are urgent: the person has named
    their own date (R32)."""
    due_soon = due.ready("remind", now)
    if not due_soon or not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = [
        DeadlineReached(started_by=deadline.started_by, kind="remind", level=deadline.level, at=now)
        for _, deadline in due_soon
    ]
    in_time = [(case, deadline) for case, deadline in due_soon if _still_in_time(policy, case, deadline, now)]
    for urgent, name in ((True, "urgent"), (False, "remind")):
        some = {
            case.number: (case, deadline) for case, deadline in in_time if (deadline.level == answers.TERM) is urgent
        }
        groups: dict[tuple[str, ...], list[Reached]] = {}
        for case, deadline in some.values():
            groups.setdefault(notices.assigned(policy, case.assignee, due.away), []).append((case, deadline))
        for people, theirs in groups.items():
            first = theirs[0][1]
            effects += notices.notify(
                policy,
                people,
                key=f"{name}:{first.due_at.astimezone(policy.office.timezone):%Y-%m-%dT%H%M}:{first.started_by[:16]}",
                kind=MailKind.REMIND,
                now=now,
                facts={"cases": tuple(notices.waiting_row(case, now) for case, _ in theirs), "urgent": urgent},
            )
    return effects


def _still_in_time(policy: Policy, case: CaseView, deadline: Deadline, now: datetime) -> bool:
    """Whether an answer can still be in time: for the person's own term, or by the due time."""
    if deadline.level == answers.TERM:
        passed = case.term.ends_on is None or case.term.ends_on < calendar.local_day(now, policy)
        return not passed and bool(case.promised())
    return any(other.started_by == deadline.started_by and other.due_at > now for other in case.running("answer"))


# --- Waiting ---------------------------------------------------------------------------------------------------------
# A case waits until the day that an agent has named. Waiting stops no deadline for an answer, and ends when the
# citizen writes (core/handlers/from_citizen.py). On the day the agent is reminded, and from then on the case closes in
# silence as an answered one does.

WAIT: Final = "wait"


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


def waiting(policy: Policy, due: DueView, now: datetime) -> list[Effect]:
    """The reminders of cases whose day has come."""
    if not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = []
    for case, deadline in due.ready(WAIT, now):
        effects.append(DeadlineReached(started_by=deadline.started_by, kind=WAIT, level=deadline.level, at=now))
        if case.status is Status.CLOSED:
            continue
        effects += notices.notify(
            policy,
            notices.assigned(policy, case.assignee, due.away),
            key=f"{WAIT}:{deadline.started_by}",
            kind=MailKind.WAIT,
            now=now,
            case=case.number,
            facts=notices.case_card(case, notices.due_at(case)),
        )
        if case.answered_at is not None:
            effects += answers.silent_close(policy, case, at=now, key=deadline.started_by)
    return effects


# --- Closed in silence -----------------------------------------------------------------------------------------------


def closings(policy: Policy, due: DueView, now: datetime) -> list[Effect]:
    """What was answered, and nobody has written about since, is closed in silence."""
    effects: list[Effect] = []
    for case, deadline in due.ready("close", now):
        effects.append(DeadlineReached(started_by=deadline.started_by, kind="close", level=deadline.level, at=now))
        if case.status in (Status.ANSWERED, Status.WAITING) and not case.running("answer") and not case.running(RIGHTS):
            effects += [
                UpdateCase(
                    case=case.number,
                    columns={"status": Status.CLOSED, "closed_at": now, "close_reason": CloseReason.ANSWERED},
                ),
                EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("remind", "nudge", "update")),
                *survey.start_survey(policy, case, reason=CloseReason.ANSWERED, silent=True, now=now),
                AuditEvent(kind="closed", case=case.number, data={"by": "silence"}),
            ]
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
    # Who answers what the office has asked does not come back.
    if MailKind.COMPLEX in case.sent.kinds or case.status in (Status.DERIVED, Status.WAITING):
        return ()
    if not _is_complex(policy, case, at):
        return ()
    people, by_itself = policy.people, policy.escalation.auto_complex
    recipients = (*people.technical, *people.supervisor) if by_itself else notices.assigned(policy, case.assignee, away)
    return (
        AuditEvent(kind="escalated", case=case.number, data={"why": "complex"}),
        *notices.notify(
            policy,
            recipients,
            key=f"complex:{case.number}",
            kind=MailKind.COMPLEX,
            now=now,
            case=case.number,
            facts=notices.case_card(case, notices.due_at(case, due_at)),
            # The new message and those before it, each under its time, with the office's name if an agent wrote it.
            conversation=tuple(
                Quoted(
                    message=said.message,
                    heading=f"[{said.at.astimezone(policy.office.timezone):%d/%m/%Y %H:%M}"
                    f"{f' · {policy.office.name}' if said.by_office else ''}]",
                )
                for said in (CaseMessage(message=message, at=at, by_office=False), *case.messages.latest)
            ),
        ),
    )


def _is_complex(policy: Policy, case: CaseView, at: datetime) -> bool:
    if case.answered_at is None:
        return False
    day = calendar.working_day_after(case.answered_at, policy.escalation.complex_days, policy)
    return case.messages.asked_since + 1 >= policy.escalation.complex_messages or calendar.local_day(at, policy) >= day
