"""A message that contains a password, a code or a certificate: agents and author are warned (R34).

The agents get a notice. The author reads it in the acknowledgement or, without one, in a mail that says only this, once
a case and day. Neither repeats the secret (mail/understanding/secrets.py finds it).
"""

from oacmail.core.cases import acknowledgement
from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect, Send
from oacmail.core.outbox import rate_limits
from oacmail.core.outbox.rate_limits import Room
from oacmail.core.outbox.staff_notices import to_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.routing import signature


def on_case(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The notice to the agents about a message on this case that contains a secret."""
    if not request.message.secrets:
        return ()
    key, facts = f"secret:{request.message.fingerprint}", {"received_at": request.received_at}
    return (
        AuditEvent(kind="secret", case=number, data={"kinds": " ".join(request.message.secrets)}),
        *to_agents(request.policy, key=key, kind=MailKind.SECRET, now=request.now, case=number, facts=facts),
    )


def warn(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The warning to the author of a message without acknowledgement, within the acknowledgement budgets."""
    policy, message = request.policy, request.message
    if not message.secrets or acknowledgement.why_not(request):
        return ()
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
        budget=rate_limits.budget_class(message, request.view.person),
        release=request.now if acknowledgement.room(request) is Room.NOW else None,
    )
    return (send,)
