"""What is due now: overdue answers, reminders, nudges, updates, closings, the digest, deferred mail, alerts.

Level-triggered: one tick after three days of absence does once what the missed ticks would have done. Nothing about an
answer fires before every watched folder was read after the due time, since the answer may be in Sent unread. No notice
reaches staff outside service hours. After the clock was set back, nothing is due and nothing is lost.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from oacmail.core import calendar, deadlines, survey
from oacmail.core.answers import TERM
from oacmail.core.deadlines import OverdueCase, escalate
from oacmail.core.digest import digest, line
from oacmail.core.effects import (
    AuditEvent,
    DeadlineReached,
    Decision,
    Effect,
    EndDeadlines,
    Remember,
    StartDeadline,
    UpdateCase,
    UpdateOutbox,
)
from oacmail.core.kinds import IN_SERVICE_HOURS, OF_THE_DAY
from oacmail.core.model import Status
from oacmail.core.notices import assigned, notify
from oacmail.core.outbox import list_notices, release_deferred, send_canary, settle_uncertain
from oacmail.core.outgoing import MailEvent, MailKind
from oacmail.core.policy import Policy
from oacmail.core.rights import RIGHTS
from oacmail.core.rights import remind as remind_rights
from oacmail.core.services import nudges, updates
from oacmail.core.stored_values import ALERT
from oacmail.core.view import CaseView, Deadline, TickView

UNREAD_PATIENCE = timedelta(minutes=30)
ALERT_AFTER = timedelta(minutes=5)


def on_tick(policy: Policy, tick: TickView, now: datetime) -> Decision:
    effects: list[Effect] = [
        *_overdue(policy, tick, now),
        *_reminders(policy, tick, now),
        *nudges(policy, _reached(tick, "nudge", now), now),
        *updates(policy, _reached(tick, "update", now), now),
        *deadlines.reminders(policy, _reached(tick, deadlines.WAIT, now), tick.away, now),
        *_closings(policy, tick, now),
        *survey.surveys(policy, _reached(tick, survey.SURVEY, now), tick.spared, now),
        *remind_rights(policy, tick, now),
        *release_deferred(policy, tick, now),
        *list_notices(policy, tick, now),
        *settle_uncertain(policy, tick, now),
        *digest(policy, tick, now),
        *_alerts(policy, tick, now),
        *send_canary(policy, tick, now),
        *_overnight(policy, tick, now),
        *_deferred_too_long(policy, tick, now),
    ]
    return Decision(effects=tuple(effects), because=())


def _read_since(tick: TickView, due_at: datetime) -> bool:
    """Whether every watched folder was read after `due_at`, so that no answer in time is unread."""
    return tick.synced_at is not None and tick.synced_at >= due_at


def _reached(tick: TickView, kind: str, now: datetime) -> list[tuple[CaseView, Deadline]]:
    """(case, deadline) of this kind, if the mailbox was read since it was due or half an hour has passed."""
    return [
        (case, deadline)
        for case, deadline in tick.reached
        if deadline.kind == kind and (_read_since(tick, deadline.due_at) or now - deadline.due_at >= UNREAD_PATIENCE)
    ]


# --- answers ------------------------------------------------------------------------------------------


def _overdue(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    ready = [
        (case, deadline) for case, deadline in _reached(tick, "answer", now) if _may_fire(policy, tick, deadline, now)
    ]
    effects: list[Effect] = []
    late: list[OverdueCase] = []
    for case, deadline in ready:
        base = _base(case, deadline)
        level = _level_reached(policy, base, deadline.level, now)
        if deadline.level == 0:
            effects += [
                DeadlineReached(started_by=deadline.started_by, kind="answer", level=0, at=now),
                AuditEvent(kind="overdue", case=case.number, data={"due_at": deadline.due_at.isoformat()}),
            ]
        if level and calendar.in_hours(now, policy):
            late.append(OverdueCase(case=case, started_by=deadline.started_by, due_at=base.due_at, level=level))
            effects += _level_done(policy, case, deadline, base, level, now)
        elif deadline.level == 0:
            effects.append(_start_level(policy, case, deadline, 1, calendar.escalation_at(base.due_at, 1, policy)))
    return [*effects, *escalate(policy, late, unread=_unread(tick, ready), away=tick.away, now=now)]


def _may_fire(policy: Policy, tick: TickView, deadline: Deadline, now: datetime) -> bool:
    """While the mailbox cannot be read, a response deadline waits until half an hour after its mail was due."""
    if _read_since(tick, deadline.due_at) or deadline.level:
        return True
    return now - calendar.escalation_at(deadline.due_at, 1, policy) >= UNREAD_PATIENCE


def _base(case: CaseView, deadline: Deadline) -> Deadline:
    """The response deadline (level 0) of which `deadline` may be a later level."""
    same = (other for other in case.running("answer") if other.started_by == deadline.started_by and other.level == 0)
    return next(same, deadline)


def _level_reached(policy: Policy, base: Deadline, at_least: int, now: datetime) -> int:
    """The highest level whose time has come; 0 = none."""
    levels = range(1, policy.deadlines.max_levels + 1)
    reached = [level for level in levels if calendar.escalation_at(base.due_at, level, policy) <= now]
    return max((*reached, at_least))


def _level_done(
    policy: Policy, case: CaseView, deadline: Deadline, base: Deadline, level: int, now: datetime
) -> list[Effect]:
    """This level ends, skipped levels never start, and the next one starts on the next working day at the earliest."""
    effects: list[Effect] = []
    if deadline.level:
        effects.append(DeadlineReached(started_by=deadline.started_by, kind="answer", level=deadline.level, at=now))
    if level < policy.deadlines.max_levels:
        due_at = max(calendar.escalation_at(base.due_at, level + 1, policy), calendar.next_opening_after(now, policy))
        effects.append(_start_level(policy, case, deadline, level + 1, due_at))
    return effects


def _start_level(policy: Policy, case: CaseView, deadline: Deadline, level: int, due_at: datetime) -> StartDeadline:
    return StartDeadline(
        started_by=deadline.started_by,
        kind="answer",
        case=case.number,
        started_at=deadline.started_at,
        due_at=due_at,
        level=level,
    )


def _unread(tick: TickView, ready: Sequence[tuple[CaseView, Deadline]]) -> tuple[str, ...]:
    behind = tick.synced_at is None or any(tick.synced_at < deadline.due_at for _, deadline in ready)
    return tick.unread if behind else ()


# --- reminders, closings ------------------------------------------------------------------------------


def _reminders(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    reached = _reached(tick, "remind", now)
    if not reached or not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = [
        DeadlineReached(started_by=deadline.started_by, kind="remind", level=deadline.level, at=now)
        for _, deadline in reached
    ]
    open_ = [(case, deadline) for case, deadline in reached if _still_in_time(policy, case, deadline, now)]
    for urgent in (True, False):
        some = {case.number: (case, deadline) for case, deadline in open_ if (deadline.level == TERM) is urgent}
        for people, theirs in _by_assignee(policy, list(some.values()), tick.away).items():
            effects += _reminder(policy, people, theirs, now, urgent=urgent)
    return effects


def _by_assignee(
    policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], away: frozenset[str]
) -> dict[tuple[str, ...], list[tuple[CaseView, Deadline]]]:
    groups: dict[tuple[str, ...], list[tuple[CaseView, Deadline]]] = {}
    for case, deadline in reached:
        groups.setdefault(assigned(policy, case.assignee, away), []).append((case, deadline))
    return groups


def _reminder(
    policy: Policy,
    people: tuple[str, ...],
    reached: Sequence[tuple[CaseView, Deadline]],
    now: datetime,
    *,
    urgent: bool,
) -> tuple[Effect, ...]:
    """One list of all cases that are due soon. `urgent`: by a date that the person named (R32)."""
    name = "urgent" if urgent else "remind"
    first = reached[0][1]
    key = f"{name}:{first.due_at.astimezone(policy.office.timezone):%Y-%m-%dT%H%M}:{first.started_by[:16]}"
    facts = {"cases": tuple(line(case, now) for case, _ in reached), "urgent": urgent}
    return notify(policy, people, key=key, kind=MailKind.REMIND, now=now, facts=facts)


def _still_in_time(policy: Policy, case: CaseView, deadline: Deadline, now: datetime) -> bool:
    """Whether an answer can still be in time: for the person's own term, or by the due time."""
    if deadline.level == TERM:
        passed = case.ends_on is None or case.ends_on < calendar.local_day(now, policy)
        return not passed and bool(case.promised())
    return any(other.started_by == deadline.started_by and other.due_at > now for other in case.running("answer"))


def _closings(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    effects: list[Effect] = []
    for case, deadline in _reached(tick, "close", now):
        effects.append(DeadlineReached(started_by=deadline.started_by, kind="close", level=deadline.level, at=now))
        if case.status in (Status.ANSWERED, Status.WAITING) and not case.running("answer") and not case.running(RIGHTS):
            effects += [
                UpdateCase(
                    case=case.number,
                    columns={"status": Status.CLOSED, "closed_at": now, "close_reason": "answered"},
                ),
                EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("remind", "nudge", "update")),
                *survey.start_survey(policy, case, reason=survey.SILENCE, now=now),
                AuditEvent(kind="closed", case=case.number, data={"by": "silence"}),
            ]
    return effects


# --- the service --------------------------------------------------------------------------------------


def _overnight(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    """Notices that the relay did not accept in time wait for the morning; those of the day are dropped."""
    return [
        UpdateOutbox(key=key, event=MailEvent.DROPPED)
        if kind in OF_THE_DAY
        else UpdateOutbox(key=key, event=MailEvent.RESCHEDULED, next_at=calendar.next_opening(now, policy))
        for key, kind in tick.overnight
    ]


def _deferred_too_long(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    """Mail that a clock ahead of time has deferred: no retry waits longer than the longest wait, no notice longer than
    until the next opening."""
    opening = now if calendar.in_hours(now, policy) else calendar.next_opening(now, policy)
    return [
        UpdateOutbox(key=key, event=MailEvent.RESCHEDULED, next_at=opening if kind in IN_SERVICE_HOURS else now)
        for key, kind, next_at in tick.far_off
        if kind not in IN_SERVICE_HOURS or next_at > opening
    ]


def _alerts(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    """One mail to the operator for each problem, at any hour."""
    effects: list[Effect] = []
    for code in tick.alerts:
        since = tick.problems[code]
        key = f"{ALERT}{code}:{since.strftime('%Y%m%dT%H%M%SZ')}"
        if key in tick.alerted or timedelta(0) <= now - since < ALERT_AFTER:
            continue
        cause = tick.causes.get(code)
        facts = {"code": code, "since": since, "lines": (cause,) if cause else ()}
        effects += notify(policy, policy.people.operator, key=key, kind=MailKind.ALERT, now=now, facts=facts)
        effects.append(Remember(name=key, value=now.isoformat()))
    return effects
