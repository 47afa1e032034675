"""A message that gives a password, a code or a certificate away: both sides are warned (R34).

Decides who hears of it: the agents by a notice of their own, the writer by the acknowledgement or, where none goes, by
a mail that says only this, once a case and day. What was given away stands in neither (mail/understanding/secrets.py
finds it).
"""

from oacmail.core.cases import acknowledgement
from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect, Send
from oacmail.core.outbox import rate_limits
from oacmail.core.outbox.staff_notices import to_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.routing import signature


def on_case(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The agents are warned of a message on this case that gives a secret away."""
    if not request.message.secrets:
        return ()
    key, facts = f"secret:{request.message.fingerprint}", {"received_at": request.received_at}
    return (
        AuditEvent(kind="secret", case=number, data={"kinds": " ".join(request.message.secrets)}),
        *to_agents(request.policy, key=key, kind=MailKind.SECRET, now=request.now, case=number, facts=facts),
    )


def warn(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The writer is warned, of a message that is not acknowledged; within the budgets of acknowledgements."""
    policy, message = request.policy, request.message
    if not message.secrets or acknowledgement.why_not(request):
        return ()
    kind = rate_limits.budget_class(message, request.view.person)
    room = rate_limits.has_room(policy, kind, request.author, request.view.spent)
    day = request.now.astimezone(policy.office.timezone).date()
    send = Send(
        key=f"{MailKind.WARNED}:{number}:{day}",
        kind=MailKind.WARNED,
        lang=acknowledgement.language(request),
        recipient=request.author,
        case=number,
        token=signature.token(policy, number),
        in_reply_to=message.message_id,
        refs=(*message.refs, message.message_id) if message.message_id else message.refs,
        automatic="auto-replied",
        budget=kind,
        release=request.now if room else None,
    )
    return (send,)
