"""What an attempt to deliver one mail means for it and its case. Temporary unless proven permanent.

A mail refused for its size or content that carries an original goes again without it, in the same tick. A refusal
is told to staff; a delivery that may have happened is left to `doubts`.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from oacmail.core.effects import Bare, Decision, Effect, Mark, Note, Settled
from oacmail.core.notices import undelivered
from oacmail.core.policy import Policy
from oacmail.core.view import MailView, View

BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
REFUSED_CONTENT = frozenset({552, 554})


def on_settled(policy: Policy, view: View, inp: Settled, now: datetime) -> Decision:
    mail = next(mail for mail in view.mails if mail.key == inp.key)
    effects = {"sent": _sent, "uncertain": _uncertain, "later": _later, "refused": _refused}[inp.state](
        policy, mail, inp, now
    )
    return Decision(effects=tuple(effects), because=(f"mail-{inp.state}",))


def _sent(policy: Policy, mail: MailView, inp: Settled, now: datetime) -> list[Effect]:
    return [Mark(key=mail.key, state="sent", sent_at=now, copy_expected=inp.copy_expected, error="")]


def _uncertain(policy: Policy, mail: MailView, inp: Settled, now: datetime) -> list[Effect]:
    if mail.copied:  # its copy was quicker than the relay's answer
        return _sent(policy, mail, replace(inp, copy_expected=True), now)
    return [
        Mark(key=mail.key, state="uncertain", copy_expected=inp.copy_expected, error=inp.error),
        Note(kind="uncertain", case=mail.case, data={"mail": mail.kind}),
    ]


def _later(policy: Policy, mail: MailView, inp: Settled, now: datetime) -> list[Effect]:
    if mail.queued_at is not None and now - mail.queued_at > timedelta(days=policy.sending.give_up_days):
        return _give_up(policy, mail, inp, now)
    wait = BACKOFF[min(mail.attempts, len(BACKOFF)) - 1] if mail.attempts else BACKOFF[0]
    return [Mark(key=mail.key, state="queued", next_at=now + wait, error=inp.error)]


def _refused(policy: Policy, mail: MailView, inp: Settled, now: datetime) -> list[Effect]:
    if mail.bare and (inp.code in REFUSED_CONTENT or inp.status.startswith("5.7.")):
        return [
            Mark(key=mail.key, state="failed", error=inp.error),
            Bare(key=mail.key, next_at=now),
            Note(kind="sent-without-original", case=mail.case, data={"code": inp.code}),
        ]
    return _give_up(policy, mail, inp, now)


def _give_up(policy: Policy, mail: MailView, inp: Settled, now: datetime) -> list[Effect]:
    effects: list[Effect] = [
        Mark(key=mail.key, state="failed", error=inp.error),
        Note(kind="undelivered", case=mail.case, data={"mail": mail.kind, "code": inp.code}),
    ]
    return [*effects, *undelivered(policy, mail, key=f"bounced:{mail.key}", now=now, received_at=now, code=inp.code)]
