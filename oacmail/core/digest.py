"""The daily summary (R31; template J): when it is due, and its lines in the order in which a person works them.

Each case that waits for an answer stands in one list: overdue, urgent, due today, rights, or the rest; a request of
rights with a question beside it that is due sooner in two. Calls and derived cases are listed besides. A line has the
case's short number, which an agent writes in a reply, and no name, address, phone number or subject (LOPDGDD DA 7).
Only of a message that was set aside unread it shows the first words, masked, since nothing else tells whether a person
waits. It never decides what is overdue or unhealthy.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from oacmail.core import calendar, notices
from oacmail.core.cases import is_told
from oacmail.core.effects import Effect, Remember
from oacmail.core.model import Intent, Level, Status
from oacmail.core.notices import Facts, notify
from oacmail.core.outbox import MOST_LISTED
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.reconciliation import Discrepancy
from oacmail.core.review import SHORT_REF, ReviewEntry
from oacmail.core.rights import RIGHTS
from oacmail.core.stored_values import LAST_DIGEST
from oacmail.core.view import CaseView, DigestView

_NUMBER = re.compile(r"\S{1,20}-\d{4}-\d{6}", re.ASCII)
Waiting = tuple[datetime, CaseView]


def digest_due(policy: Policy, last: date | None, now: datetime) -> bool:
    """Whether today's digest is still to be sent: on working days, from `digest.at`, in service hours. A `last` of a
    clock that was ahead is no digest of today."""
    local = now.astimezone(policy.office.timezone)
    done = last == local.date()
    return bool(
        policy.digest.to
        and not done
        and local.time() >= policy.digest.at
        and policy.workdays.is_working_day(local.date())
        and calendar.in_hours(now, policy)
    )


def digest(policy: Policy, view: DigestView, now: datetime) -> list[Effect]:
    today = now.astimezone(policy.office.timezone).date()
    facts = _facts(policy, view, now)
    sends = notify(policy, policy.digest.to, key=f"digest:{today}", kind=MailKind.DIGEST, now=now, facts=facts)
    return [*sends, Remember(name=LAST_DIGEST, value=today.isoformat())]


def _facts(policy: Policy, view: DigestView, now: datetime) -> Facts:
    today = now.astimezone(policy.office.timezone).date()
    waiting = [(due, case) for case in view.live if (due := notices.due_at(case))]
    waiting.sort(key=lambda pair: (not _is_first(pair[1]), pair[0]))
    return {
        "date": today,
        "waiting": len(waiting),
        **_by_urgency(policy, [pair for pair in waiting if not _is_of_rights(*pair)], now),
        **_rights(view.live, today, policy),
        **_calls([case for _, case in waiting], today),
        **_derived([case for case in view.live if case.status is Status.DERIVED], today, policy),
        "suggested": tuple(_short(case, today) for _, case in waiting if _is_proposed(case))[:MOST_LISTED],
        "incidents": tuple(
            {
                "case": notices.short_number(incident.first, today.year),
                "platform": incident.platform,
                "count": incident.cases,
            }
            for incident in view.incidents
        ),
        **_to_review(view.to_review, today),
        "load": _load([case for _, case in waiting]),
        **_figures(view),
        **_proof(view, today),
        **_purged(view, now),
        "problems": view.problems,
    }


def _is_of_rights(due: datetime, case: CaseView) -> bool:
    """Whether what is due first is the answer to the request of rights, not that to a question beside it."""
    return any(one.level == 0 and one.due_at <= due for one in case.running(RIGHTS))


def _is_first(case: CaseView) -> bool:
    """Whether it comes before others of its list: its term is near (R32), or it was long in transit (R18)."""
    return case.urgent or notices.is_delayed(case)


def _short(case: CaseView, today: date) -> str:
    return notices.short_number(case.number, today.year)


def _by_urgency(policy: Policy, waiting: Sequence[Waiting], now: datetime) -> Facts:
    """The four lists with their numbers; what is longer than a person can work is counted."""
    zone = policy.office.timezone
    today = now.astimezone(zone).date()
    lists: dict[str, list[Facts]] = {"overdue": [], "urgent": [], "due_today": [], "rest": []}
    for due, case in waiting:
        lists[_list_of(due, case, now, today, policy)].append(
            {**notices.waiting_row(case, now), "short": _short(case, today)}
        )
    numbers = {name: len(rows) for name, rows in lists.items()}
    rows = {f"{name}_cases": tuple(rows[:MOST_LISTED]) for name, rows in lists.items()}
    return {**numbers, **rows, **{f"more_{name}": len(rows[MOST_LISTED:]) for name, rows in lists.items()}}


def _list_of(due: datetime, case: CaseView, now: datetime, today: date, policy: Policy) -> str:
    if due <= now:
        return "overdue"
    if case.urgent:  # R32: the person's own date comes first
        return "urgent"
    return "due_today" if due.astimezone(policy.office.timezone).date() == today else "rest"


def _rights(cases: Sequence[CaseView], today: date, policy: Policy) -> Facts:
    """The requests of data-protection rights that no agent has closed, by the end of their month."""
    zone = policy.office.timezone
    ends = sorted(
        (min(one.due_at for one in case.running(RIGHTS) if one.level == 0), case.number, case)
        for case in cases
        if any(one.level == 0 for one in case.running(RIGHTS))
    )
    rows = [
        {
            **notices.case_card(case, at),
            "short": _short(case, today),
            "month_ends": at.astimezone(zone).date(),
            "ended": at.astimezone(zone).date() < today,
        }
        for at, _, case in ends
    ]
    return {"rights": len(rows), "rights_cases": tuple(rows[:MOST_LISTED]), "more_rights": len(rows[MOST_LISTED:])}


def _calls(cases: Sequence[CaseView], today: date) -> Facts:
    """Calls to make, by the slot that was asked for, with the hours that were named; without a slot, the afternoon
    (R27)."""
    calls = [case for case in cases if case.intent == Intent.CALLBACK]
    lines = [({"short": _short(case, today), "call_hours": case.call_hours}, case.slot) for case in calls]
    morning = tuple(line for line, slot in lines if slot == "morning")
    afternoon = tuple(line for line, slot in lines if slot != "morning")
    return {"calls": len(calls), "calls_morning": morning[:MOST_LISTED], "calls_afternoon": afternoon[:MOST_LISTED]}


def _derived(cases: Sequence[CaseView], today: date, policy: Policy) -> Facts:
    """Cases with the technical services, oldest first, and what the desk must do: inform the person, write today."""
    zone = policy.office.timezone
    rows = sorted((_derived_line(case, today, policy) for case in cases), key=lambda row: str(row["derived_at"] or ""))
    updates = ((case, deadline.due_at) for case in cases for deadline in case.running("update"))
    return {
        "derived": len(cases),
        "derived_cases": tuple(rows[:MOST_LISTED]),
        "more_derived": len(rows[MOST_LISTED:]),
        "untold": tuple(_short(case, today) for case in cases if not is_told(case))[:MOST_LISTED],
        "updates_today": tuple(_short(case, today) for case, due in updates if due.astimezone(zone).date() <= today),
    }


def _derived_line(case: CaseView, today: date, policy: Policy) -> Facts:
    update = next((deadline.due_at for deadline in case.running("update")), None)
    return {
        **notices.case_card(case, notices.due_at(case)),
        **notices.derived_facts(case),
        "short": _short(case, today),
        "derived_at": next((deadline.started_at for deadline in case.running("nudge")), None),
        "told": is_told(case),
        "update_on": update.astimezone(policy.office.timezone).date() if update else None,
    }


def _is_proposed(case: CaseView) -> bool:
    """Whether it was classified as second level and no agent has set the level."""
    return case.level == Level.SECOND and case.status is not Status.DERIVED and not case.level_by_hand


def _to_review(waiting: Sequence[ReviewEntry], today: date) -> Facts:
    """The review list; what was set aside unread is a separate list, since a person may wait there (R14)."""
    aside = [item for item in waiting if item.set_aside]
    rest = [item for item in waiting if not item.set_aside]
    return {
        "aside": len(aside),
        "set_aside": _entries(aside, today),
        "more_set_aside": len(aside[:-MOST_LISTED]),
        "review": _entries(rest, today),
        "more_review": len(rest[:-MOST_LISTED]),
    }


def _entries(items: Sequence[ReviewEntry], today: date) -> tuple[Facts, ...]:
    """One line each of the newest."""
    return tuple(
        {
            "ref": item.ref if ":" in item.ref else item.ref[:SHORT_REF],
            "reason": item.reason,
            "since": item.since,
            "short": notices.short_number(item.case, today.year) if item.case else "",
            "opening": item.opening if item.set_aside else "",
        }
        for item in items[-MOST_LISTED:]
    )


def _load(cases: Sequence[CaseView]) -> tuple[Facts, ...]:
    """How many cases each agent has that wait for an answer; those of nobody last."""
    counted = Counter(case.assignee or "" for case in cases)
    return tuple(
        {"agent": agent, "count": counted[agent]} for agent in sorted(counted, key=lambda name: (not name, name))
    )


def _figures(view: DigestView) -> Facts:
    known = view.figures
    return {
        "since": known.since,
        "arrived": known.arrived,
        "answered": known.answered,
        "in_time": known.in_time,
        "junk": known.junk,
    }


def _proof(view: DigestView, today: date) -> Facts:
    """What the last nightly proof compared and found, and how a person finds it. The first night proves nothing yet."""
    last = view.reconciled
    if last is None or not (last.compared or last.found):
        return {}
    rows = tuple(_discrepancy(one, today) for one in last.found)
    return {
        "proved_at": last.at,
        "unaccounted": last.unaccounted,
        "proved_cases": last.compared.get("cases", 0),
        "proved_messages": last.compared.get("messages", 0),
        "proved_mails": last.compared.get("outbox", 0),
        "discrepancies": rows[:MOST_LISTED],
        "more_discrepancies": len(rows[MOST_LISTED:]),
    }


def _purged(view: DigestView, now: datetime) -> Facts:
    """What the last nightly purge has removed, if it was since yesterday and removed anything."""
    last = view.purged
    if last is None or now - last.at >= timedelta(days=1) or not (last.cases or last.copies):
        return {}
    return {"purged_at": last.at, "purged_cases": last.cases, "purged_copies": last.copies}


def _discrepancy(one: Discrepancy, today: date) -> Facts:
    is_case = _NUMBER.fullmatch(one.where) is not None
    where = notices.short_number(one.where, today.year) if is_case else one.where
    return {"what": one.what, "where": where, "since": one.at, "detail": one.detail}
