"""The daily summary (R31; template J): when it is due, and its numbers and lines.

It contains numbers and case numbers only: no name, address, phone number or subject (LOPDGDD DA 7). It never decides
what is overdue or unhealthy.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from oacmail.core import calendar
from oacmail.core.cases.citizen_mail import is_told
from oacmail.core.effects import Effect, Remember
from oacmail.core.model import Intent, Level, Status
from oacmail.core.outbox import case_card
from oacmail.core.outbox.notice_limits import LISTED
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, ReviewEntry, TickView

LAST_DIGEST = "digest"
SUSPECTED = "suspected-spam"


def digest_due(policy: Policy, last: date | None, now: datetime) -> bool:
    """Whether today's digest is still to be sent: on working days, from `digest.at`, in service hours."""
    local = now.astimezone(policy.office.timezone)
    done = last is not None and last >= local.date()
    return bool(
        policy.digest.to
        and not done
        and local.time() >= policy.digest.at
        and policy.workdays.is_working_day(local.date())
        and calendar.in_hours(now, policy)
    )


def digest(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    if not tick.digest_due:
        return []
    today = now.astimezone(policy.office.timezone).date()
    facts = _facts(policy, tick, now)
    sends = notices(policy, policy.digest.to, key=f"digest:{today}", kind=MailKind.DIGEST, now=now, facts=facts)
    return [*sends, Remember(name=LAST_DIGEST, value=today.isoformat())]


def line(case: CaseView, now: datetime) -> dict[str, object]:
    """A case in a list of cases that wait for an answer."""
    due = case_card.due_at(case)
    return {**case_card.card(case, due), "overdue": due is not None and due <= now}


def _facts(policy: Policy, tick: TickView, now: datetime) -> dict[str, object]:
    zone = policy.office.timezone
    today = now.astimezone(zone).date()
    waiting = ((due, case) for case in tick.live if (due := case_card.due_at(case)))
    # R32, R18: top of the queue
    unanswered = sorted(waiting, key=lambda pair: (not (pair[1].urgent or case_card.is_delayed(pair[1])), pair[0]))
    return {
        "date": today,
        "unanswered": tuple(line(case, now) for _, case in unanswered[:LISTED]),
        "more": len(unanswered[LISTED:]),
        "due_today": sum(1 for due, _ in unanswered if due > now and due.astimezone(zone).date() == today),
        "overdue": sum(1 for due, _ in unanswered if due <= now),
        **_derived([case for case in tick.live if case.status is Status.DERIVED], today, policy),
        "suggested": tuple(case.number for _, case in unanswered if _is_suggested(case))[:LISTED],
        **_calls(case for _, case in unanswered),
        **_to_review(tick.waiting),
        "problems": tuple(tick.problems),
    }


def _to_review(waiting: Sequence[ReviewEntry]) -> dict[str, object]:
    """The review list; suspected spam is a separate list, since a person's message may be in it (R14)."""
    spam = [item for item in waiting if item.reason == SUSPECTED]
    rest = [item for item in waiting if item.reason != SUSPECTED]
    return {
        "spam": len(spam),
        "suspects": _lines(spam),
        "more_suspects": len(spam[:-LISTED]),
        "review": _lines(rest),
        "more_review": len(rest[:-LISTED]),
    }


def _lines(items: Sequence[ReviewEntry]) -> tuple[dict[str, object], ...]:
    """One line each of the newest."""
    return tuple(
        {"ref": item.ref, "reason": item.reason, "since": item.since, "case": item.case} for item in items[-LISTED:]
    )


def _calls(unanswered: Iterable[CaseView]) -> dict[str, int]:
    """Calls to make, by the slot that was asked for; without a slot, the afternoon (R27)."""
    calls = [case.slot for case in unanswered if case.intent == Intent.CALLBACK]
    morning = calls.count("morning")
    return {"calls_morning": morning, "calls_afternoon": len(calls) - morning}


def _derived(cases: Sequence[CaseView], today: date, policy: Policy) -> dict[str, object]:
    """Cases with the technical services, and what the desk must do: inform the person, write again today."""
    zone = policy.office.timezone
    rows = [_derived_line(case, policy) for case in cases]
    updates = ((case.number, clock.due_at) for case in cases for clock in case.running("update"))
    return {
        "derived": len(cases),
        "derived_cases": tuple(rows[:LISTED]),
        "more_derived": len(rows[LISTED:]),
        "untold": not all(row["told"] for row in rows),
        "updates_today": tuple(number for number, due in updates if due.astimezone(zone).date() <= today),
    }


def _derived_line(case: CaseView, policy: Policy) -> dict[str, object]:
    update = next((clock.due_at for clock in case.running("update")), None)
    return {
        **case_card.card(case, case_card.due_at(case)),
        **case_card.derived(case),
        "derived_at": next((clock.started_at for clock in case.running("nudge")), None),
        "told": is_told(case),
        "update_on": update.astimezone(policy.office.timezone).date() if update else None,
    }


def _is_suggested(case: CaseView) -> bool:
    """Whether it was classified as second level and no agent has set the level."""
    return case.level == Level.SECOND and case.status is not Status.DERIVED and not case.level_by_hand
