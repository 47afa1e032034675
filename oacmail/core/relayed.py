"""Answers through the answer address of a case: who is offered it, what is relayed, and when it counts as an answer.

Only what a proven agent wrote to this address alone is relayed, if it is certain that nothing internal is in it.
This module never carries an order out and relays nothing automatic.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec.structs import replace

from oacmail.core import answers, cases, sender, tokens
from oacmail.core.effects import AuditEvent, Decision, Effect, OpenCase, RecordMessage, Send, UpdateCase
from oacmail.core.kinds import KINDS, Audience, MailKind, MailState
from oacmail.core.lookup import Lookup, reads_automatic
from oacmail.core.model import Kind, Outcome, Role, Rung, Status
from oacmail.core.notices import listed_buttons, notify
from oacmail.core.order_words import names_order
from oacmail.core.orders.buttons import ANSWERS_ANOTHER, answers_another
from oacmail.core.policy import Policy
from oacmail.core.view import CaseColumns, Cases, CaseView, OutgoingView, View

# --- What an answer does to its case ---------------------------------------------------------------------------------
# A relayed answer counts once the relay has accepted it, and meets what was asked before the agent wrote it. If it
# comes back, the answer is owed again (R14).


def count_as_answer(policy: Policy, cases: Cases, mail: OutgoingView, at: datetime) -> tuple[Effect, ...]:
    """What follows when it is known that the mail left, at `at`; () for any other mail, and for what was known."""
    case = _case(cases, mail)
    if case is None or mail.state is MailState.SENT:
        return ()
    # It counts when it left; but it answers nothing that the person wrote after the agent did, and does not tell them
    # that it is solved if that was said later.
    written, solved_at = _written(mail, at), case.services.solved_at
    later = [asked.at for asked in case.messages.asked] + ([solved_at] if solved_at else [])
    counts_at = written if any(moment > written for moment in later) else at
    return answers.answered(
        policy, case, at=counts_at, key=mail.key, how="relayed", recipients=frozenset((mail.recipient,))
    )


def owed_again(policy: Policy, cases: Cases, mail: OutgoingView, *, at: datetime) -> tuple[Effect, ...]:
    """The person does not have it: unless a later answer reached them, the case waits for one again."""
    case = _case(cases, mail)
    if case is None:
        return ()
    event = AuditEvent(kind="answer-undelivered", case=case.number, data={"message": mail.key[:16]})
    written = _written(mail, at)
    if case.promised() or any(said.by_office and said.at > written for said in case.messages.latest):
        return (event,)
    first = case.answered_at is not None and case.answered_at >= written
    untold = case.services.told_at is not None and case.services.told_at >= written
    columns: CaseColumns = {
        "status": answers.owed_as(case, written),
        "answered_at": None if first else case.answered_at,
        "told_at": None if untold else case.services.told_at,
    }
    return (
        event,
        *(answers.no_news_promised(case, at) if untold else ()),
        *answers.opened_again(case, columns),
        *answers.owed(policy, case, key=f"undelivered:{mail.key}", at=at),
    )


def _case(cases: Cases, mail: OutgoingView) -> CaseView | None:
    return cases.get(mail.case or "") if mail.kind is MailKind.RELAYED else None


def _written(mail: OutgoingView, at: datetime) -> datetime:
    return mail.written_at or mail.queued_at or at


# --- Links to the answer address -------------------------------------------------------------------------------------
# Which cases a mail to staff offers to answer by a new mail: the one that it is about, some lists each of their first
# cases; never one that is closed, whose answers come back, or whose person has no address, as after a telephone call.

_LISTS = (MailKind.OVERDUE_DIGEST, MailKind.NOTICE_LIST)


def asked_links(policy: Policy, send: Send) -> tuple[str, ...]:
    """The cases in question; () where no server can prove who writes."""
    rules = KINDS[send.kind]
    if rules.audience is Audience.CITIZEN or not policy.provable or not policy.office.plus_addressing:
        return ()
    if send.case and rules.about_case:
        return (send.case,)
    return listed_buttons(send.facts) if send.kind in _LISTS else ()


def offer_links(
    policy: Policy, send: Send, citizens: Mapping[str, tuple[str, Status]], effects: Iterable[Effect]
) -> Send:
    """The mail with its links: the one of its case as the fact `offer`, those of a list among its buttons. `citizens`:
    case to the address of its person and its status, before the effects that are written with the mail."""
    standing = dict(citizens)
    for effect in effects:
        match effect:
            case OpenCase():
                standing[effect.number] = (effect.citizen, Status.OPEN)
            case UpdateCase(columns={"status": status}) if effect.case in standing:
                standing[effect.case] = (standing[effect.case][0], status)
    links = {
        case: f"mailto:{tokens.answer_address(policy, case)}?subject={quote(case)}"
        for case in asked_links(policy, send)
        if case in standing
        and standing[case][1] is not Status.CLOSED
        and cases.can_be_reached(policy, standing[case][0])
    }
    if send.case:
        return replace(send, facts={**send.facts, "offer": links.get(send.case, "")})
    given = send.facts.get("buttons", ())
    assert isinstance(given, tuple)
    more = tuple({"verb": "write", "case": case, "url": url} for case, url in links.items())
    return replace(send, facts={**send.facts, "buttons": (*given, *more)}) if more else send


# --- Relaying --------------------------------------------------------------------------------------------------------
# An agent's mail to a case's answer address goes to the person under the office's name, or back with a reason. The
# address is not that of our notices: a plain reply to a notice reaches no citizen.

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
    message, key = lookup.message, f"{MailKind.RELAYED}:{lookup.message.fingerprint}"
    if reason or case is None or view.thread is None:
        # The writer hears that nothing went out, and why; of mail from the shared mailbox, the agents do.
        mails = notify(
            policy,
            policy.people.agents if policy.office.is_own(message.sender) else (message.sender,),
            key=f"{MailKind.NOT_RELAYED}:{message.fingerprint[:16]}",
            kind=MailKind.NOT_RELAYED,
            now=now,
            case=number,
            facts={"reason": reason},
            answers=message,
        )
        event = AuditEvent(kind="not-relayed", case=number, data={"why": reason})
        return Decision(record=record, effects=(event, *mails), because=(rule, reason))
    event = AuditEvent(kind="relayed", case=number, data={"by": message.sender.partition("@")[0]})
    send = Send(
        key=key,
        kind=MailKind.RELAYED,
        lang="",
        recipient=case.citizen,
        case=case.number,
        token=tokens.case_token(policy, case.number),
        facts={"subject": view.thread.subject},
        in_reply_to=view.thread.message_ids[-1] if view.thread.message_ids else "",
        refs=view.thread.message_ids,
        automatic="",
        release=now,
    )
    effects: tuple[Effect, ...] = (event, send)
    left = next((mail for mail in view.mails if mail.key == key), None)
    if left is not None and left.state is MailState.SENT:
        # After a restore its copy was read before the agent's mail: it has left and counts.
        asked = replace(left, state=MailState.UNCERTAIN, written_at=lookup.received_at, case=case.number)
        effects += count_as_answer(policy, view.cases, asked, lookup.received_at)
    return Decision(record=record, effects=effects, because=(rule,))


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
    if not cases.can_be_told(policy, case):
        return "no-address"
    # Whether anybody else gets it: a colleague who replies to all would write to the person. A blind copy, which
    # clients send of every mail, keeps no answer from anybody.
    if len(lookup.answer_for) > 1 or not all(map(policy.office.is_own, (*message.to, *message.cc))):
        return "others"
    if message.sent_at is None or abs(lookup.received_at - message.sent_at) > FRESH:
        return "too-old"
    if names_order(message.text) or (answer is not None and names_order(answer.text)):
        return "orders"
    if message.rung is not Rung.FULL or answer is None:
        return "unreadable"
    if not all(file.read for file in message.attachments):
        return "too-large"
    return answer.reason or ("internal" if sender.has_internal_text(answer.text, view.thread.internal) else "")
