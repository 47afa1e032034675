"""An agent's mail to a case's answer address: it goes to the person under the office's name, or back with a reason.

The address is not that of our notices: a plain reply to a notice reaches no citizen. What a proven agent wrote to this
address alone is relayed, if it is certain that nothing internal is in it. This module never carries an order out and
relays nothing automatic.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from oacmail.core.cases import recipient, relayed_answers
from oacmail.core.effects import AuditEvent, Decision, Effect, RecordMessage, ReviewDone, Send
from oacmail.core.handlers.order_buttons import ANSWERS_ANOTHER, answers_another
from oacmail.core.lookup import Lookup, reads_automatic
from oacmail.core.model import Kind, Outcome, Role, Rung, Status
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind, MailState
from oacmail.core.policy import Policy
from oacmail.core.routing import internal_text, signature
from oacmail.core.routing.orders import names_order
from oacmail.core.view import CaseView, View

FRESH = timedelta(days=1)
"""How old the Date may be on arrival, as for orders: a signed mail that is sent again later relays nothing."""
RULES = ("relayed", "not-relayed")  # of the agent's messages; their texts are the agent's, not internal


def on_relayed_answer(policy: Policy, view: View, lookup: Lookup, role: Role, now: datetime) -> Decision:
    """What a proven writer of the desk sends to the answer address of `lookup.answer_for`."""
    case = view.cases.get(lookup.answer_for[0])
    number = case.number if case else None
    reason = _why_not(policy, view, lookup, case)
    rule = RULES[bool(reason)]
    record = RecordMessage(role=role, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=number, rule=rule)
    review = (ReviewDone(fingerprint=lookup.message.fingerprint),) if view.known is not None else ()
    if reason or case is None:
        told = _told(policy, lookup, number, reason, now)
        event = AuditEvent(kind="not-relayed", case=number, data={"why": reason})
        return Decision(effects=(record, *review, event, *told), because=(rule, reason))
    event = AuditEvent(kind="relayed", case=number, data={"by": lookup.message.sender.partition("@")[0]})
    send = _answer(policy, view, lookup, case, now)
    return Decision(effects=(record, *review, event, send, *_left_before(policy, view, lookup, send)), because=(rule,))


def _why_not(policy: Policy, view: View, lookup: Lookup, case: CaseView | None) -> str:
    """The first reason; '' = it may go."""
    message, answer = lookup.message, lookup.answer
    if reads_automatic(lookup):
        return "automatic"
    if case is None or view.thread is None:
        return "no-case"
    if case.status is Status.CLOSED:
        return "closed"
    if answers_another(view, lookup):
        return ANSWERS_ANOTHER
    if not recipient.can_be_told(policy, case):
        return "no-address"
    if len(lookup.answer_for) > 1 or _others(policy, lookup):
        return "others"
    if message.sent_at is None or abs(lookup.received_at - message.sent_at) > FRESH:
        return "too-old"
    if names_order(message.text) or (answer is not None and names_order(answer.text)):
        return "orders"
    if message.rung is not Rung.FULL or answer is None:
        return "unreadable"
    if any(not file.sha256 for file in message.attachments):
        return "too-large"
    return answer.reason or ("internal" if internal_text.found(answer.text, view.thread.internal) else "")


def _others(policy: Policy, lookup: Lookup) -> bool:
    """Whether anybody else gets it: a colleague who replies to all would write to the person. A blind copy, which
    clients send of every mail, keeps no answer from her."""
    message = lookup.message
    return any(not policy.office.is_own(address) for address in (*message.to, *message.cc))


def _answer(policy: Policy, view: View, lookup: Lookup, case: CaseView, now: datetime) -> Send:
    assert view.thread is not None
    return Send(
        key=f"{MailKind.RELAYED}:{lookup.message.fingerprint}",
        kind=MailKind.RELAYED,
        lang="",
        recipient=case.citizen,
        case=case.number,
        token=signature.token(policy, case.number),
        facts={"subject": view.thread.subject},
        in_reply_to=view.thread.message_ids[-1] if view.thread.message_ids else "",
        refs=view.thread.message_ids,
        automatic="",
        release=now,
    )


def _left_before(policy: Policy, view: View, lookup: Lookup, send: Send) -> tuple[Effect, ...]:
    """After a restore its copy was read before the agent's mail: it has left and counts."""
    left = next((mail for mail in view.mails if mail.key == send.key), None)
    if left is None or left.state is not MailState.SENT:
        return ()
    asked = replace(left, state=MailState.UNCERTAIN, written_at=lookup.received_at, case=send.case)
    return relayed_answers.count_as_answer(policy, view, asked, lookup.received_at)


def _told(policy: Policy, lookup: Lookup, number: str | None, reason: str, now: datetime) -> tuple[Send, ...]:
    """The writer hears that nothing went out, and why; of mail from the shared mailbox, the agents do."""
    message = lookup.message
    writers = policy.people.agents if policy.office.is_own(message.sender) else (message.sender,)
    sends = notices(
        policy,
        writers,
        key=f"{MailKind.NOT_RELAYED}:{message.fingerprint[:16]}",
        kind=MailKind.NOT_RELAYED,
        now=now,
        case=number,
        facts={"reason": reason},
    )
    refs = (*message.refs, message.message_id) if message.message_id else ()
    return tuple(replace(send, automatic="auto-replied", in_reply_to=message.message_id, refs=refs) for send in sends)
