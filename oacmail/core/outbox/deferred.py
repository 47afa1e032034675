"""Acknowledgements that wait for room in their budget: which are released now, and which are no longer needed.

Known and authenticated people come first, then each domain in turn, so that a flood uses up its own share only. This
module never writes an acknowledgement.
"""

from datetime import datetime, timedelta
from itertools import groupby

from oacmail.core.effects import Effect, Remember, RequestReview, UpdateOutbox
from oacmail.core.outbox.rate_limits import has_room, registrable
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailEvent, MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import DeferredAcknowledgement, RateUsage, TickView

ALERT = "alert:ack-budget"
ALERT_EVERY = timedelta(hours=1)
_ORDER = {"known": 0, "verified": 1, "unverified": 2}


def release_deferred(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    zone = policy.office.timezone
    today = now.astimezone(zone).date()
    stale: list[DeferredAcknowledgement] = []
    waiting: list[DeferredAcknowledgement] = []
    for item in tick.deferred:
        too_late = item.answered or item.created_at.astimezone(zone).date() < today
        (stale if too_late else waiting).append(item)
    effects: list[Effect] = [UpdateOutbox(key=item.key, event=MailEvent.DROPPED) for item in stale]
    effects += [RequestReview(reason="over-budget", message=_message(item)) for item in stale if _unanswered_ack(item)]
    released = _release(policy, tick, in_turn(waiting), now)
    return [*effects, *released, *_alert(policy, tick, len(waiting) - len(released), now)]


def _unanswered_ack(item: DeferredAcknowledgement) -> bool:
    """The person gets no mail at all. The agents know of a warning that is dropped."""
    return not item.answered and item.key.startswith("ack:")


def _message(item: DeferredAcknowledgement) -> str:
    """Return the fingerprint of the message, from the key of its acknowledgement."""
    return item.key.partition(":")[2]


def _alert(policy: Policy, tick: TickView, left: int, now: datetime) -> list[Effect]:
    """Alert the operator once an hour while acknowledgements wait."""
    last = tick.alerted.get(ALERT)
    if not left or (last is not None and timedelta(0) <= now - last < ALERT_EVERY):
        return []
    facts = {"code": f"ack-budget:{left}", "since": min(item.created_at for item in tick.deferred)}
    key = f"{ALERT}:{now.strftime('%Y%m%dT%H%M%SZ')}"
    told = notices(policy, policy.people.operator, key=key, kind=MailKind.ALERT, now=now, facts=facts)
    return [*told, Remember(name=ALERT, value=str(left))]


def in_turn(items: list[DeferredAcknowledgement]) -> list[DeferredAcknowledgement]:
    """Sort by class; inside a class the domains take turns, each with its oldest first."""
    ranked: list[tuple[int, int, datetime, DeferredAcknowledgement]] = []
    for _, group in groupby(sorted(items, key=_share), key=_share):
        for turn, item in enumerate(sorted(group, key=lambda item: item.created_at)):
            ranked.append((_ORDER.get(item.budget, 3), turn, item.created_at, item))
    return [item for *_, item in sorted(ranked, key=lambda row: row[:3])]


def _share(item: DeferredAcknowledgement) -> tuple[str, str]:
    return item.budget, registrable(item.recipient)


def _release(policy: Policy, tick: TickView, items: list[DeferredAcknowledgement], now: datetime) -> list[Effect]:
    effects: list[Effect] = []
    released: list[DeferredAcknowledgement] = []
    for item in items:
        if has_room(policy, item.budget, item.recipient, _spent(tick, item, released)):
            released.append(item)
            effects.append(UpdateOutbox(key=item.key, event=MailEvent.RESCHEDULED, next_at=now))
    return effects


def _spent(tick: TickView, item: DeferredAcknowledgement, released: list[DeferredAcknowledgement]) -> RateUsage:
    """Return the usage including what this tick has released."""
    base = tick.spent[item.recipient]
    domain = registrable(item.recipient)
    same_address = sum(1 for other in released if other.recipient == item.recipient)
    capped = [other for other in released if other.budget != "known"]
    neighbours = [other for other in capped if registrable(other.recipient) == domain]
    return RateUsage(
        address_hour=base.address_hour + same_address,
        address_day=base.address_day + same_address,
        domain_hour=base.domain_hour + len(neighbours),
        domain_day={
            **base.domain_day,
            item.budget: base.domain_day.get(item.budget, 0) + sum(other.budget == item.budget for other in neighbours),
        },
        unverified_hour=base.unverified_hour + sum(1 for other in released if other.budget == "unverified"),
        hour=base.hour + len(capped),
    )
