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
from oacmail.core.kinds import MailKind
from oacmail.core.model import Intent, Level, Status, regex
from oacmail.core.notices import Facts
from oacmail.core.outbox import MOST_LISTED
from oacmail.core.policy import Policy
from oacmail.core.reconciliation import is_since_last_night
from oacmail.core.review import SHORT_REF, ReviewEntry
from oacmail.core.rights import RIGHTS
from oacmail.core.stored_values import LAST_DIGEST
from oacmail.core.view import CaseView, DigestView

_NUMBER = regex(r"\S{1,20}-\d{4}-\d{6}", re.ASCII)


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
    """The summary of today, and that it was sent."""
    today = calendar.local_day(now, policy)
    waiting = [(due, case) for case in view.live if (due := notices.due_at(case))]
    # First what has a term that is near (R32), or was long in transit (R18); then by the time at which it is due.
    waiting.sort(key=lambda pair: (not (pair[1].term.near or notices.is_delayed(pair[1])), pair[0]))
    cases = [case for _, case in waiting]
    lists: dict[str, list[Facts]] = {"overdue": [], "urgent": [], "due_today": [], "rest": []}
    for due, case in waiting:
        if any(month.level == 0 and month.due_at <= due for month in case.running(RIGHTS)):
            continue  # the answer to the request of rights, not that to a question beside it: listed below
        if due <= now:
            name = "overdue"
        elif case.term.near:  # R32: the person's own date comes first
            name = "urgent"
        else:
            name = "due_today" if calendar.local_day(due, policy) == today else "rest"
        lists[name].append({**notices.waiting_row(case, now), "short": _short(case, today)})
    # Calls by the slot that was asked for; without one, the afternoon (R27).
    calls = [case for case in cases if case.intent == Intent.CALLBACK]
    by_slot = {
        slot: tuple(
            {"short": _short(case, today), "call_hours": case.call.call_hours}
            for case in calls
            if (case.call.slot == "morning") is (slot == "calls_morning")
        )[:MOST_LISTED]
        for slot in ("calls_morning", "calls_afternoon")
    }
    # Classified as second level, and no agent has set the level.
    proposed = [
        case
        for case in cases
        if case.level == Level.SECOND and case.status is not Status.DERIVED and not case.services.level_by_hand
    ]
    load, known = Counter(case.assignee or "" for case in cases), view.figures
    facts: Facts = {
        "date": today,
        "waiting": len(waiting),
        **{name: value for listed, rows in lists.items() for name, value in _listed(listed, rows).items()},
        **_rights(view.live, today, policy),
        "calls": len(calls),
        **by_slot,
        **_derived([case for case in view.live if case.status is Status.DERIVED], today, policy),
        "suggested": tuple(_short(case, today) for case in proposed)[:MOST_LISTED],
        "incidents": tuple(
            {
                "case": notices.short_number(incident.first, today.year),
                "platform": incident.platform,
                "count": incident.cases,
            }
            for incident in view.incidents
        ),
        # What was set aside unread is a list of its own, since a person may wait there (R14).
        **_to_review("aside", "set_aside", [item for item in view.to_review if item.set_aside], today),
        **_to_review("", "review", [item for item in view.to_review if not item.set_aside], today),
        "unreached": len(view.unreached),
        "unreached_cases": tuple(notices.short_number(case, today.year) for case in view.unreached)[:MOST_LISTED],
        # How many cases each agent has that wait for an answer; those of nobody last.
        "load": tuple(
            {"agent": agent, "count": load[agent]} for agent in sorted(load, key=lambda name: (not name, name))
        ),
        "since": known.since,
        "arrived": known.arrived,
        "answered": known.answered,
        "in_time": known.in_time,
        "junk": known.junk,
        "unseen": tuple(notices.short_number(number, today.year) for number in view.unseen),
        **_nightly(policy, view, today, now),
        "problems": view.problems,
    }
    sends = notices.notify(policy, policy.digest.to, key=f"digest:{today}", kind=MailKind.DIGEST, now=now, facts=facts)
    return [*sends, Remember(name=LAST_DIGEST, value=today.isoformat())]


def _short(case: CaseView, today: date) -> str:
    return notices.short_number(case.number, today.year)


def _listed(name: str, rows: Sequence[Facts]) -> Facts:
    """A list and its number; what is longer than a person can work is counted."""
    return {name: len(rows), f"{name}_cases": tuple(rows[:MOST_LISTED]), f"more_{name}": len(rows[MOST_LISTED:])}


def _rights(cases: Sequence[CaseView], today: date, policy: Policy) -> Facts:
    """The requests of data-protection rights that no agent has closed, by the end of their month."""
    months = ((case, [month.due_at for month in case.running(RIGHTS) if month.level == 0]) for case in cases)
    ends = sorted((min(moments), case.number, case) for case, moments in months if moments)
    rows = [
        {
            **notices.case_card(case, at),
            "short": _short(case, today),
            "month_ends": calendar.local_day(at, policy),
            "ended": calendar.local_day(at, policy) < today,
        }
        for at, _, case in ends
    ]
    return _listed("rights", rows)


def _derived(cases: Sequence[CaseView], today: date, policy: Policy) -> Facts:
    """Cases with the technical services, oldest first, and what the desk must do: inform the person, write today."""
    rows: list[Facts] = []
    for case in cases:
        update = next((deadline.due_at for deadline in case.running("update")), None)
        rows.append(
            {
                **notices.case_card(case, notices.due_at(case)),
                **notices.derived_facts(case),
                "short": _short(case, today),
                "derived_at": next((deadline.started_at for deadline in case.running("nudge")), None),
                "told": is_told(case),
                "update_on": calendar.local_day(update, policy) if update else None,
            }
        )
    rows.sort(key=lambda row: str(row["derived_at"] or ""))
    updates = ((case, deadline.due_at) for case in cases for deadline in case.running("update"))
    return {
        **_listed("derived", rows),
        "untold": tuple(_short(case, today) for case in cases if not is_told(case))[:MOST_LISTED],
        "updates_today": tuple(
            _short(case, today) for case, due in updates if calendar.local_day(due, policy) <= today
        ),
    }


def _to_review(count: str, name: str, items: Sequence[ReviewEntry], today: date) -> Facts:
    """One line each of the newest; `count`: the fact that tells how many there are, '' = none does."""
    rows = tuple(
        {
            "ref": item.ref if ":" in item.ref else item.ref[:SHORT_REF],
            "reason": item.reason,
            "since": item.since,
            "short": notices.short_number(item.case, today.year) if item.case else "",
            "opening": item.opening if item.set_aside else "",
        }
        for item in items[-MOST_LISTED:]
    )
    return {**({count: len(items)} if count else {}), name: rows, f"more_{name}": len(items[:-MOST_LISTED])}


def _nightly(policy: Policy, view: DigestView, today: date, now: datetime) -> Facts:
    """What the last nightly proof compared and found, and how a person finds it: the first night proves nothing yet.
    Of a partial proof no figure says that so much was proven. `proof_missed`: last night's was not made to its end.
    What the last purge has removed, if it was since yesterday and removed anything."""
    facts: Facts = {}
    proof, purge = view.reconciled, view.purged
    if proof is not None and (proof.compared or proof.found):
        rows = [
            {
                "what": one.what,
                "where": notices.short_number(one.where, today.year) if _NUMBER.fullmatch(one.where) else one.where,
                "since": one.at,
                "detail": one.detail,
            }
            for one in proof.found
        ]
        compared = {} if proof.is_partial else proof.compared
        facts |= {
            "proved_at": proof.at,
            "proof_missed": not is_since_last_night(proof.at, now, policy.office.timezone),
            "proof_partial": proof.is_partial,
            "unaccounted": proof.unaccounted,
            "proved_cases": compared.get("cases", 0),
            "proved_messages": compared.get("messages", 0),
            "proved_mails": compared.get("outbox", 0),
            "discrepancies": tuple(rows[:MOST_LISTED]),
            "more_discrepancies": len(rows[MOST_LISTED:]),
        }
    if purge is not None and now - purge.at < timedelta(days=1) and (purge.cases or purge.copies):
        facts |= {"purged_at": purge.at, "purged_cases": purge.cases, "purged_copies": purge.copies}
    return facts
