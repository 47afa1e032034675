"""What is due now: answers, reminders, nudges and updates, silent closings, the digest, waiting mail, alerts.

Level-triggered: a tick after three days down does once what the missed ones would have done. Nothing about a
case's answer fires before every watched folder was read after its due moment, since the answer may lie in Sent
unread; and nothing reaches staff outside service hours. A clock set back finds nothing due and loses nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from oacmail.core import calendar
from oacmail.core.cases.answers import SAME_DAY
from oacmail.core.cases.data_rights import RIGHTS
from oacmail.core.cases.data_rights import remind as remind_rights
from oacmail.core.effects import Arm, Change, Decision, Disarm, Effect, Fire, Mark, Note, Remember
from oacmail.core.escalation.digest import digest, line
from oacmail.core.escalation.follow_up import nudges, updates
from oacmail.core.escalation.overdue import Late, escalate
from oacmail.core.model import Status
from oacmail.core.outbox.deferred import release_held
from oacmail.core.outbox.notice_limits import LIST, list_notices
from oacmail.core.outbox.staff_notices import notices, to_agents
from oacmail.core.outbox.uncertain import settle_doubts
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, Hour, Running

UNREAD_PATIENCE = timedelta(minutes=30)
ALERT_AFTER = timedelta(minutes=5)
NOTICES = (
    "overdue", "overdue_digest", "remind", "digest", "bounced", "remark", "secret", "complex", "second_level", "nudge",
    "pointers", "rights_due", LIST,
)  # fmt: skip
OF_THE_DAY = ("remind", "digest")


def on_clock(policy: Policy, hour: Hour, now: datetime) -> Decision:
    effects: list[Effect] = [
        *_overdue(policy, hour, now),
        *_reminders(policy, hour, now),
        *nudges(policy, _ringing(hour, "nudge", now), now),
        *updates(policy, _ringing(hour, "update", now), now),
        *_closings(hour, now),
        *remind_rights(policy, hour, now),
        *release_held(policy, hour, now),
        *list_notices(policy, hour, now),
        *settle_doubts(policy, hour, now),
        *digest(policy, hour, now),
        *_alerts(policy, hour, now),
        *_overnight(policy, hour, now),
        *_stranded(policy, hour, now),
    ]
    return Decision(effects=tuple(effects), because=())


def _read_since(hour: Hour, due_at: datetime) -> bool:
    """Every watched folder was read after `due_at`: no answer given in time lies there unread."""
    return hour.synced_at is not None and hour.synced_at >= due_at


def _ringing(hour: Hour, kind: str, now: datetime) -> list[tuple[CaseView, Running]]:
    """The clocks of this kind that rang, once the mailbox was read since; or it cannot be, and we have waited."""
    return [
        (case, clock)
        for case, clock in hour.rung
        if clock.kind == kind and (_read_since(hour, clock.due_at) or now - clock.due_at >= UNREAD_PATIENCE)
    ]


# --- answers ------------------------------------------------------------------------------------------


def _overdue(policy: Policy, hour: Hour, now: datetime) -> list[Effect]:
    ready = [(case, clock) for case, clock in _ringing(hour, "answer", now) if _may_fire(policy, hour, clock, now)]
    effects: list[Effect] = []
    late: list[Late] = []
    for case, clock in ready:
        base = _base(case, clock)
        level = _level_reached(policy, base, clock.level, now)
        if clock.level == 0:
            effects += [
                Fire(armed_by=clock.armed_by, kind="answer", level=0, at=now),
                Note(kind="overdue", case=case.number, data={"due_at": clock.due_at.isoformat()}),
            ]
        if level and calendar.in_hours(now, policy):
            late.append(Late(case=case, armed_by=clock.armed_by, due_at=base.due_at, level=level))
            effects += _level_done(policy, case, clock, base, level, now)
        elif clock.level == 0:
            effects.append(_arm(policy, case, clock, 1, calendar.escalation_at(base.due_at, 1, policy)))
    return [*effects, *escalate(policy, late, unread=_unread(hour, ready), now=now)]


def _may_fire(policy: Policy, hour: Hour, clock: Running, now: datetime) -> bool:
    """What cannot be read holds a response clock back until half an hour after its mail should have gone."""
    if _read_since(hour, clock.due_at) or clock.level:
        return True
    return now - calendar.escalation_at(clock.due_at, 1, policy) >= UNREAD_PATIENCE


def _base(case: CaseView, clock: Running) -> Running:
    """The response clock itself, of which `clock` may be a later level."""
    same = (run for run in case.running("answer") if run.armed_by == clock.armed_by and run.level == 0)
    return next(same, clock)


def _level_reached(policy: Policy, base: Running, at_least: int, now: datetime) -> int:
    """The highest level whose hour has come; 0 = none yet."""
    levels = range(1, policy.deadlines.max_levels + 1)
    reached = [level for level in levels if calendar.escalation_at(base.due_at, level, policy) <= now]
    return max((*reached, at_least))


def _level_done(
    policy: Policy, case: CaseView, clock: Running, base: Running, level: int, now: datetime
) -> list[Effect]:
    """The rung level ends, those it overtook are never armed, the next comes at the earliest next working day."""
    effects: list[Effect] = []
    if clock.level:
        effects.append(Fire(armed_by=clock.armed_by, kind="answer", level=clock.level, at=now))
    if level < policy.deadlines.max_levels:
        due_at = max(calendar.escalation_at(base.due_at, level + 1, policy), calendar.next_opening_after(now, policy))
        effects.append(_arm(policy, case, clock, level + 1, due_at))
    return effects


def _arm(policy: Policy, case: CaseView, clock: Running, level: int, due_at: datetime) -> Arm:
    return Arm(
        armed_by=clock.armed_by, kind="answer", case=case.number, armed_at=clock.armed_at, due_at=due_at, level=level
    )


def _unread(hour: Hour, ready: Sequence[tuple[CaseView, Running]]) -> tuple[str, ...]:
    behind = hour.synced_at is None or any(hour.synced_at < clock.due_at for _, clock in ready)
    return hour.unread if behind else ()


# --- reminders, closings ------------------------------------------------------------------------------


def _reminders(policy: Policy, hour: Hour, now: datetime) -> list[Effect]:
    ringing = _ringing(hour, "remind", now)
    if not ringing or not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = [
        Fire(armed_by=clock.armed_by, kind="remind", level=clock.level, at=now) for _, clock in ringing
    ]
    open_ = [(case, clock) for case, clock in ringing if _still_in_time(case, clock, now)]
    for urgent in (True, False):
        some = [(case, clock) for case, clock in open_ if (clock.level == SAME_DAY) is urgent]
        effects += _reminder(policy, some, now, urgent=urgent) if some else ()
    return effects


def _reminder(
    policy: Policy, rung: Sequence[tuple[CaseView, Running]], now: datetime, *, urgent: bool
) -> tuple[Effect, ...]:
    """One list of all that end now. `urgent`: for a term of the person's own, not for ours (R32)."""
    name = "urgent" if urgent else "remind"
    key = f"{name}:{now.astimezone(policy.office.timezone).date()}:{rung[0][1].armed_by[:16]}"
    facts = {"cases": tuple(line(case, now) for case, _ in rung), "urgent": urgent}
    return to_agents(policy, key=key, template="remind", now=now, facts=facts)


def _still_in_time(case: CaseView, clock: Running, now: datetime) -> bool:
    return any(run.armed_by == clock.armed_by and run.due_at > now for run in case.running("answer"))


def _closings(hour: Hour, now: datetime) -> list[Effect]:
    effects: list[Effect] = []
    for case, clock in _ringing(hour, "close", now):
        effects.append(Fire(armed_by=clock.armed_by, kind="close", level=clock.level, at=now))
        if case.status is Status.ANSWERED and not case.running("answer") and not case.running(RIGHTS):
            effects += [
                Change(
                    case=case.number,
                    columns={"status": Status.CLOSED, "closed_at": now, "close_reason": "answered"},
                ),
                Disarm(case=case.number, how="void", at=now, kinds=("remind", "nudge", "update")),
                Note(kind="closed", case=case.number, data={"by": "silence"}),
            ]
    return effects


# --- the house ----------------------------------------------------------------------------------------


def _overnight(policy: Policy, hour: Hour, now: datetime) -> list[Effect]:
    """What the relay did not take in time waits for the morning, or is stale by then."""
    return [
        Mark(key=key, state="dropped", if_in=("queued",))
        if kind in OF_THE_DAY
        else Mark(key=key, state="queued", if_in=("queued",), next_at=calendar.next_opening(now, policy))
        for key, kind in hour.overnight
    ]


def _stranded(policy: Policy, hour: Hour, now: datetime) -> list[Effect]:
    """What a clock that was ahead has put off: no retry is further away than the longest wait, no notice further than
    the next opening."""
    opening = now if calendar.in_hours(now, policy) else calendar.next_opening(now, policy)
    return [
        Mark(key=key, state="queued", if_in=("queued",), next_at=opening if kind in NOTICES else now)
        for key, kind, next_at in hour.far_off
        if kind not in NOTICES or next_at > opening
    ]


def _alerts(policy: Policy, hour: Hour, now: datetime) -> list[Effect]:
    """One mail to the operator for each outage, by the second route that still works, at any hour."""
    effects: list[Effect] = []
    for code in hour.alerts:
        since = hour.problems[code]
        key = f"alert:{code}:{since.strftime('%Y%m%dT%H%M%SZ')}"
        if key in hour.alerted or timedelta(0) <= now - since < ALERT_AFTER:
            continue
        cause = hour.causes.get(code)
        facts = {"code": code, "since": since, "lines": (cause,) if cause else ()}
        effects += notices(policy, policy.people.operator, key=key, template="alert", now=now, facts=facts)
        effects.append(Remember(name=key, value=now.isoformat()))
    return effects
