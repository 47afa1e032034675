"""What a delivery attempt means for a mail and its case. A failure is temporary unless it is proven permanent.

A mail that is refused for its size or content is sent again without its original, in the same tick. Staff are informed
of a refusal unless the relay refuses everybody. core/outbox/uncertain.py decides about a delivery that may have
happened.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from oacmail.core.cases import answers, relayed_answers
from oacmail.core.effects import AuditEvent, Decision, DeliveryResult, Effect, SendWithoutOriginal, UpdateOutbox
from oacmail.core.outbox.relay_health import refuses_everybody
from oacmail.core.outbox.staff_notices import undelivered_notices
from oacmail.core.outbox.states import applies
from oacmail.core.outgoing import MailEvent
from oacmail.core.policy import Policy
from oacmail.core.view import OutgoingView, View

BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
TRIES = 12  # before a mail is given up: after an outage longer than `give_up_days` the first "try later" is no reason
REFUSED_CONTENT = frozenset({552, 554})


def on_delivery_result(policy: Policy, view: View, result: DeliveryResult, now: datetime) -> Decision:
    mail = next(mail for mail in view.mails if mail.key == result.key)
    event, follows = _FOLLOWS[result.state]
    if not applies(event, mail.state):
        return Decision(effects=(), because=(f"mail-{result.state}: too late, it is {mail.state}",))
    effects = follows(policy, view, mail, result, now)
    return Decision(effects=tuple(effects), because=(f"mail-{result.state}",))


def _sent(policy: Policy, view: View, mail: OutgoingView, result: DeliveryResult, now: datetime) -> list[Effect]:
    taken = UpdateOutbox(key=mail.key, event=MailEvent.TAKEN, sent_at=now, copy_expected=result.copy_expected, error="")
    return [taken, *relayed_answers.count_as_answer(policy, view, mail, now)]


def _uncertain(policy: Policy, view: View, mail: OutgoingView, result: DeliveryResult, now: datetime) -> list[Effect]:
    if mail.copied:  # its copy was quicker than the relay's answer
        return _sent(policy, view, mail, replace(result, copy_expected=True), now)
    return [
        UpdateOutbox(key=mail.key, event=MailEvent.NO_ANSWER, copy_expected=result.copy_expected, error=result.error),
        AuditEvent(kind="uncertain", case=mail.case, data={"mail": mail.kind}),
    ]


def _later(policy: Policy, view: View, mail: OutgoingView, result: DeliveryResult, now: datetime) -> list[Effect]:
    old = mail.queued_at is not None and now - mail.queued_at > timedelta(days=policy.sending.give_up_days)
    if old and mail.attempts >= TRIES and not result.limited:
        return _give_up(policy, view, mail, result, now)
    wait = BACKOFF[min(mail.attempts, len(BACKOFF)) - 1] if mail.attempts else BACKOFF[0]
    return [UpdateOutbox(key=mail.key, event=MailEvent.PUT_OFF, next_at=now + wait, refused_at=now, error=result.error)]


def _everybody(policy: Policy, view: View, mail: OutgoingView) -> bool:
    return refuses_everybody(policy, (mail.recipient, *(other.recipient for other in view.refusals)))


def _relay_at_fault(
    policy: Policy, view: View, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    """No mail is at fault: this one is deferred as for a busy server, and those given up before are queued again."""
    again = [
        UpdateOutbox(key=other.key, event=MailEvent.RELAY_AT_FAULT, next_at=now + BACKOFF[0])
        for other in view.refusals
        if other.final
    ]
    return [
        *_later(policy, view, mail, result, now),
        *again,
        AuditEvent(kind="relay-refuses", data={"code": result.code}),
    ]


def _refused(policy: Policy, view: View, mail: OutgoingView, result: DeliveryResult, now: datetime) -> list[Effect]:
    if mail.bare and (result.code in REFUSED_CONTENT or result.status.startswith("5.7.")):
        return [
            UpdateOutbox(key=mail.key, event=MailEvent.REFUSED, error=result.error),
            SendWithoutOriginal(key=mail.key, next_at=now),
            AuditEvent(kind="sent-without-original", case=mail.case, data={"code": result.code}),
        ]
    if not view.taken_since and _everybody(policy, view, mail):
        return _relay_at_fault(policy, view, mail, result, now)
    return _give_up(policy, view, mail, result, now)


def _give_up(policy: Policy, view: View, mail: OutgoingView, result: DeliveryResult, now: datetime) -> list[Effect]:
    effects: list[Effect] = [
        UpdateOutbox(key=mail.key, event=MailEvent.REFUSED, refused_at=now, error=result.error),
        AuditEvent(kind="undelivered", case=mail.case, data={"mail": mail.kind, "code": result.code}),
        *answers.notice_undelivered(policy, view, mail, at=now),
        *relayed_answers.owed_again(policy, view, mail, at=now),
    ]
    return [
        *effects,
        *undelivered_notices(policy, mail, key=f"bounced:{mail.key}", now=now, received_at=now, code=result.code),
    ]


_Follows = Callable[[Policy, View, OutgoingView, DeliveryResult, datetime], list[Effect]]
_FOLLOWS: Mapping[str, tuple[MailEvent, _Follows]] = {
    "sent": (MailEvent.TAKEN, _sent),
    "uncertain": (MailEvent.NO_ANSWER, _uncertain),
    "later": (MailEvent.PUT_OFF, _later),
    "refused": (MailEvent.REFUSED, _refused),
}
