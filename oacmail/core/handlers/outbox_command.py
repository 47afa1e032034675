"""What an admin orders for one mail of the outbox: `oacmail outbox retry` and `outbox drop`.

An order that the mail's state does not allow raises `Refused` and changes nothing. Every order is in the event log of
the mail's case.
"""

from datetime import datetime

from oacmail.core.effects import AuditEvent, Decision, OutboxCommand, UpdateOutbox
from oacmail.core.errors import Refused
from oacmail.core.outbox.states import applies
from oacmail.core.outgoing import MailEvent
from oacmail.core.policy import Policy
from oacmail.core.view import OutgoingView, View


def on_outbox_command(policy: Policy, view: View, command: OutboxCommand, now: datetime) -> Decision:
    """:raises Refused: there is no such mail, its state does not allow the order, or its bytes are not kept."""
    if not view.mails:
        raise Refused(f"no mail {command.key}: see `oacmail outbox list --all`")
    mail = view.mails[0]
    effects = (_effect(mail, command, now), _event(mail, command))
    return Decision(effects=effects, because=(f"ordered: outbox {command.verb}",))


def _effect(mail: OutgoingView, command: OutboxCommand, now: datetime) -> UpdateOutbox:
    event = MailEvent.RETRIED_BY_HAND if command.verb == "retry" else MailEvent.DROPPED_BY_HAND
    if not applies(event, mail.state):
        raise Refused(
            f"the mail is {mail.state}: outbox {command.verb} is for mail that waits, failed, or is held or uncertain"
        )
    if command.verb == "drop":
        return UpdateOutbox(key=mail.key, event=event)
    if not mail.kept:
        raise Refused("the mail left before the database was restored, and its bytes are not kept: write to the person")
    return UpdateOutbox(key=mail.key, event=event, next_at=now)


def _event(mail: OutgoingView, command: OutboxCommand) -> AuditEvent:
    return AuditEvent(
        kind="ordered", case=mail.case, data={"verb": f"outbox {command.verb}", "mail": mail.kind, "by": command.by}
    )
