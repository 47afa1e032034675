"""Acknowledgements that wait for room in their budget: which are released now, and which are no longer needed.

Newcomers come first, then each domain in turn, so that a flood uses up its own share only. All domains of which nobody
was ever answered and which are no large provider take one turn together, since a flood can forge ever new ones. None
is dropped but for a case that is answered or closed. This module never writes an acknowledgement.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from oacmail.core.effects import Effect, Remember, UpdateOutbox
from oacmail.core.mailboxes import mailbox
from oacmail.core.outbox.rate_limits import is_public, may_leave, registrable
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailEvent, MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import DeferredAcknowledgement, RateUsage, Released, TickView

ALERT = "alert:ack-budget"
ALERT_EVERY = timedelta(hours=1)
_Share = tuple[str, str]
"""What an acknowledgement uses: `mailbox`, `domain` or `budget`, and its name."""
_Ranked = tuple[tuple[bool, int, datetime], DeferredAcknowledgement]


def release_deferred(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    waiting = [item for item in tick.deferred if not item.answered]
    dropped = [UpdateOutbox(key=item.key, event=MailEvent.DROPPED) for item in tick.deferred if item.answered]
    released = _released(policy, tick, in_turn(tick, waiting))
    leaves = [UpdateOutbox(key=item.key, event=MailEvent.RESCHEDULED, next_at=now) for item in released]
    return [*dropped, *leaves, *_alert(policy, tick, len(waiting) - len(released), now)]


def _alert(policy: Policy, tick: TickView, left: int, now: datetime) -> list[Effect]:
    """Alert the operator once an hour while acknowledgements wait."""
    last = tick.alerted.get(ALERT)
    if not left or (last is not None and timedelta(0) <= now - last < ALERT_EVERY):
        return []
    facts = {"code": f"ack-budget:{left}", "since": min(item.created_at for item in tick.deferred)}
    key = f"{ALERT}:{now.strftime('%Y%m%dT%H%M%SZ')}"
    told = notices(policy, policy.people.operator, key=key, kind=MailKind.ALERT, now=now, facts=facts)
    return [*told, Remember(name=ALERT, value=str(left))]


def in_turn(tick: TickView, items: list[DeferredAcknowledgement]) -> list[DeferredAcknowledgement]:
    """Newcomers first, then all others; of each the line that has had fewest in the day, there the domain that has had
    fewest, with its oldest. A line is a domain, or '': all strangers' domains."""
    lines: dict[str, list[_Ranked]] = {}
    for domain, group in groupby(sorted(items, key=_domain), key=_domain):
        for turn, item in enumerate(sorted(group, key=lambda item: item.created_at)):
            spent = tick.spent[item.recipient]
            known = domain in tick.acquainted or is_public(item.recipient)
            rank = (spent.mailbox.day > 0, spent.domain.day + turn, item.created_at)
            lines.setdefault(domain if known else "", []).append((rank, item))
    ranked: list[_Ranked] = []
    for line, members in lines.items():
        for turn, ((late, of_domain, since), item) in enumerate(sorted(members, key=itemgetter(0))):
            ranked.append(((late, of_domain if line else tick.strangers + turn, since), item))
    return [item for _, item in sorted(ranked, key=itemgetter(0))]


def _domain(item: DeferredAcknowledgement) -> str:
    return registrable(item.recipient)


def _released(policy: Policy, tick: TickView, items: list[DeferredAcknowledgement]) -> list[DeferredAcknowledgement]:
    released: list[DeferredAcknowledgement] = []
    used: Counter[_Share] = Counter()
    for item in items:
        if may_leave(policy, item.budget, item.recipient, _spent(tick.spent[item.recipient], item, used)):
            released.append(item)
            used.update(_uses(item))
    return released


def _uses(item: DeferredAcknowledgement) -> tuple[_Share, ...]:
    of_mailbox = ("mailbox", mailbox(item.recipient))
    if item.budget == "known":
        return (of_mailbox,)
    return of_mailbox, ("domain", _domain(item)), ("budget", item.budget)


def _spent(before: RateUsage, item: DeferredAcknowledgement, used: Counter[_Share]) -> RateUsage:
    """What was spent `before`, and of the shares of `item` by what this tick has released."""
    return RateUsage(
        mailbox=_more(before.mailbox, used["mailbox", mailbox(item.recipient)]),
        domain=_more(before.domain, used["domain", _domain(item)]),
        unverified=_more(before.unverified, used["budget", "unverified"]),
    )


def _more(share: Released, count: int) -> Released:
    return replace(share, hour=share.hour + count, day=share.day + count)
