"""An answer that the office has not seen: an agent wrote from an address of their own, without the office in copy.

The person's reply shows it: it answers a message that we do not know, and quotes an agent or goes to one. The agent is
told once. No deadline is met by it: a quote is typed by whoever sends it and says nothing about what was answered.
"""

from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind

AGENTS_MOST = 3


def tell(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """Tell the agents whom the person's message answers; () = it answers what the office knows, or nobody of ours."""
    policy, message, view = request.policy, request.message, request.view
    known = {earlier.message_id for earlier in view.named} | {mail.message_id for mail in view.mails}
    if not message.refs or message.refs[-1] in known:
        return ()
    desk = {*policy.people.agents, *policy.people.supervisor, *policy.people.operator} - {request.author}
    agents = [one for one in dict.fromkeys((*message.quotes_from, *message.to, *message.cc)) if one in desk][
        :AGENTS_MOST
    ]
    told = notices(
        policy,
        agents,
        key=f"{MailKind.UNSEEN_ANSWER}:{number}",
        kind=MailKind.UNSEEN_ANSWER,
        now=request.now,
        case=number,
        facts={"received_at": request.received_at},
    )
    return (AuditEvent(kind="answer-unseen", case=number), *told) if told else ()
