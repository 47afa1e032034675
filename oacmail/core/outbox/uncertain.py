"""Uncertain deliveries: mail that the relay received without answering. Send it again, drop it, or hold it?

The rules: docs/design.md, "Uncertain deliveries"; the rule of each kind: core/outbox/kinds.py. A missing copy alone
proves nothing: a relay that filters for eight seconds delivers after the connection has ended. A mail counts as not
sent only if mails sent well after it have their copies and it has none. If that cannot be known, the mail is sent again
where twice is less harm than never; otherwise it is held and the operator is told.
"""

from datetime import datetime, timedelta

from oacmail.core.effects import AuditEvent, Effect, Send, UpdateOutbox
from oacmail.core.outbox.kinds import KINDS, IfUncertain
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailEvent, MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import TickView, UncertainDelivery

PATH_MEMORY = timedelta(days=7)
PATH_BROKEN = timedelta(hours=4)
BEFORE_DUE = timedelta(hours=1)
NO_COPY = {IfUncertain.RESEND_ALWAYS: timedelta(hours=1), IfUncertain.RESEND: timedelta(minutes=15)}
OVERTAKERS = 2
OUT_OF_DATE = "out-of-date"  # the reason of an uncertain mail that is not sent again: it is no longer true


def settle_uncertain(policy: Policy, tick: TickView, now: datetime) -> list[Effect]:
    effects: list[Effect] = []
    for delivery in tick.uncertain:
        effects += _settle(policy, delivery, now)
    return effects


def _settle(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    if not delivery.copy_expected:
        return _without_copy(policy, delivery, now)
    patience = timedelta(seconds=policy.sending.uncertain_seconds)
    age = now - delivery.data_at
    read_since = delivery.synced_at is not None and delivery.synced_at >= delivery.data_at + patience
    if delivery.path_proven_at is None:
        return _without_copy(policy, delivery, now) if read_since else []
    if now - delivery.path_proven_at <= PATH_MEMORY and delivery.overtaken >= OVERTAKERS:
        return _not_sent(policy, delivery, now, "overtaken") if read_since else []
    if read_since and (age >= PATH_BROKEN or _pressing(delivery, now)):
        return _broken_path(policy, delivery, now)
    return _probes(policy, delivery, now) if age >= probe_after(policy) and not delivery.probed else []


def _pressing(delivery: UncertainDelivery, now: datetime) -> bool:
    return delivery.due_at is not None and now >= delivery.due_at - BEFORE_DUE


def probe_after(policy: Policy) -> timedelta:
    """Return how much later than the uncertain one a mail must be sent for its copy to count as evidence."""
    return timedelta(seconds=min(60, policy.sending.uncertain_seconds))


def _probes(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    """Send two mails to ourselves if there is no traffic, once for each uncertain delivery, by their keys."""
    return [
        Send(
            key=f"{probe_key(delivery.key, delivery.tries)}{turn}",
            kind=MailKind.PROBE,
            lang=policy.office.languages[0],
            recipient=policy.office.address,
            release=now,
        )
        for turn in range(OVERTAKERS)
    ]


def probe_key(key: str, tries: int) -> str:
    """Return the beginning of the keys of the probes for this uncertain delivery."""
    return f"probe:{key}:{tries}:"


def _without_copy(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    rule = KINDS[delivery.kind].if_uncertain
    if rule is IfUncertain.DROP:
        return _drop(delivery)
    if rule is IfUncertain.HOLD:
        return _hold(policy, delivery, now, "no-copy-to-wait-for")
    return _not_sent(policy, delivery, now, "no-copy-to-wait-for") if now - delivery.data_at >= NO_COPY[rule] else []


def _broken_path(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    settle = _not_sent if _always_resent(delivery) else _hold
    return settle(policy, delivery, now, "self-copies-do-not-arrive")


def _always_resent(delivery: UncertainDelivery) -> bool:
    return KINDS[delivery.kind].if_uncertain is IfUncertain.RESEND_ALWAYS


def _not_sent(policy: Policy, delivery: UncertainDelivery, now: datetime, why: str) -> list[Effect]:
    """Send the same bytes once more; a second time the mail is held. What is no longer true is dropped, and after an
    answer no acknowledgement is needed."""
    if delivery.out_of_date:
        return _drop(delivery, OUT_OF_DATE)
    if delivery.tries > 1:
        return _hold(policy, delivery, now, why)
    if _always_resent(delivery) and delivery.due_at is None:
        return _drop(delivery, why)
    return [
        UpdateOutbox(key=delivery.key, event=MailEvent.RESENT, next_at=now),
        AuditEvent(kind="sent-again", data={"mail": delivery.kind, "why": why}),
    ]


def _drop(delivery: UncertainDelivery, why: str | None = None) -> list[Effect]:
    return [UpdateOutbox(key=delivery.key, event=MailEvent.DROPPED, error=why)]


def _hold(policy: Policy, delivery: UncertainDelivery, now: datetime, why: str) -> list[Effect]:
    if delivery.out_of_date:
        return _drop(delivery, OUT_OF_DATE)
    facts = {"code": "held", "since": delivery.data_at, "lines": (why,)}
    return [
        UpdateOutbox(key=delivery.key, event=MailEvent.HELD, error=why),
        AuditEvent(kind="held", data={"mail": delivery.kind, "why": why}),
        *notices(policy, policy.people.operator, key=f"held:{delivery.key}", kind=MailKind.ALERT, now=now, facts=facts),
    ]
