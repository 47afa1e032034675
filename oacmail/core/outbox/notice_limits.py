"""Limits for notices to staff: a flood of messages must not bury the agents or delay mail to citizens.

`bounded` decides which notices of one decision are sent as single mails. The others wait (`release` None), and
`list_notices` names their cases in one list for each kind and recipient, once an hour. The case, its deadline and the
message in the mailbox are never changed. Notices that an admin's command, an agent's
order or other proven mail of staff causes are not limited.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, islice

from oacmail.core import calendar
from oacmail.core.effects import Decision, Effect, Quoted, Remember, Send, UpdateOutbox
from oacmail.core.mailboxes import mailbox
from oacmail.core.outbox.case_card import Facts, row
from oacmail.core.outbox.kinds import LIMITED_NOTICES, TO_OTHER_OFFICES
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailEvent, MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import DeferredNotice, Noticed, TickView

BUDGET = "notice"  # in the outbox's column of that name
LISTED = 200  # lines of a list: a longer mail could not be read, and no relay would take it
ORIGINALS = 20  # of a list to an office that cannot open the mailbox
FOLDED = "listed"  # the reason of a dropped notice: a list has named its case
ALERT = "alert:notice-budget"
EVERY = timedelta(hours=1)


def limited(decision: Decision) -> set[MailKind]:
    """Return the kinds of the decision's notices that have a limit."""
    sends = (effect for effect in decision.effects if isinstance(effect, Send))
    return {send.kind for send in sends if send.kind in LIMITED_NOTICES}


def bounded(policy: Policy, noticed: Sequence[Noticed], author: str, decision: Decision) -> Decision:
    """Return the decision with each notice counted and those above a limit deferred. `author`: who wrote the message,
    '' = no message caused the decision."""
    full = {kind for kind in limited(decision) if not _has_room(policy, kind, author, noticed)}
    return replace(decision, effects=tuple(_counted(effect, full) for effect in decision.effects))


def _counted(effect: Effect, full: set[MailKind]) -> Effect:
    if not isinstance(effect, Send) or effect.kind not in LIMITED_NOTICES:
        return effect
    return replace(effect, budget=BUDGET, release=None if effect.kind in full else effect.release)


def _has_room(policy: Policy, kind: MailKind, author: str, before: Sequence[Noticed]) -> bool:
    """Check the limits of an hour: those of the kind, and within it of the mailbox that wrote."""
    same = [one for one in before if one.kind == kind]
    of_author = _count(one for one in same if mailbox(one.author) == mailbox(author))
    limit = policy.budgets.per_address_hour if author else 0
    return _count(same) < policy.deadlines.digest_above and (not limit or of_author < limit)


def _count(some: Iterable[Noticed]) -> int:
    return sum(one.count for one in some)


def list_notices(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    """Send one list of each kind to each recipient and one alert to the operator, in service hours, once an hour."""
    last = tick.alerted.get(ALERT)
    recent = last is not None and timedelta(0) <= now - last < EVERY
    if not tick.deferred_notices or recent or not calendar.in_hours(now, policy):
        return []
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    effects: list[Effect] = []
    for (kind, recipient), group in groupby(sorted(tick.deferred_notices, key=_address), key=_address):
        items = sorted(group, key=lambda item: (item.created_at, item.key))
        effects += _list(policy, kind, recipient, items, now)
        effects += [UpdateOutbox(key=item.key, event=MailEvent.DROPPED, error=FOLDED) for item in items]
    facts = {
        "code": f"notice-budget:{len({(item.kind, item.message) for item in tick.deferred_notices})}",
        "since": min(item.created_at for item in tick.deferred_notices),
        "lines": tuple(f"{kind}: {count}" for kind, count in _counts(tick.deferred_notices)),
    }
    told = notices(policy, policy.people.operator, key=f"{ALERT}:{stamp}", kind=MailKind.ALERT, now=now, facts=facts)
    return [*effects, *told, Remember(name=ALERT, value=stamp)]


def _address(item: DeferredNotice) -> tuple[MailKind, str]:
    return item.kind, item.recipient


def _counts(items: Iterable[DeferredNotice]) -> list[tuple[str, int]]:
    pairs = sorted({(item.kind, item.message) for item in items})
    return [(kind, sum(1 for _ in group)) for kind, group in groupby(pairs, key=lambda pair: pair[0])]


def _list(
    policy: Policy, kind: MailKind, recipient: str, items: list[DeferredNotice], now: datetime
) -> tuple[Send, ...]:
    cases = {item.case: item for item in items if item.case}
    rows = tuple(_row(item) for item in list(cases.values())[:LISTED])
    facts = {"what": kind, "count": len(items), "cases": rows, "more": max(len(cases) - LISTED, 0)}
    key = f"{MailKind.NOTICE_LIST}:{kind}:{now.strftime('%Y%m%dT%H%M%SZ')}"
    originals = _originals(cases) if kind in TO_OTHER_OFFICES else ()
    return notices(
        policy, (recipient,), key=key, kind=MailKind.NOTICE_LIST, now=now, facts=facts, conversation=originals
    )


def _originals(cases: Mapping[str, DeferredNotice]) -> tuple[Quoted, ...]:
    """Return the first message of each case, newest first, for readers who cannot look into the mailbox."""
    newest = reversed([item for item in cases.values() if item.first_message])
    return tuple(Quoted(message=item.first_message, heading=item.case) for item in islice(newest, ORIGINALS))


def _row(item: DeferredNotice) -> Facts:
    return row(item.case, opened_at=item.opened_at, due_at=item.due_at, status=item.status, topic=item.topic)
