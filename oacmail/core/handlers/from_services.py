"""What follows from a reply of the technical services to a mail of ours: to the case and to the agent who has it.

Only a proven reply counts (core/sender.py), and only what it certainly says (core/services_reply.py)
moves the case. The agent always gets the text; it never goes to the citizen, and neither does any mail that a reply
causes: what is solved, an agent tells.
"""

from datetime import datetime

from oacmail.core import answers, calendar, notices, services
from oacmail.core.cases import language_of_case
from oacmail.core.effects import AuditEvent, Decision, Effect, RecordMessage
from oacmail.core.kinds import KINDS, Audience, MailKind
from oacmail.core.lookup import Lookup, reads_automatic
from oacmail.core.model import Kind, Outcome, Role, Verb
from oacmail.core.notices import assigned, notify
from oacmail.core.order_words import read_orders, word_of
from oacmail.core.orders.buttons import mark_used, refuse_button, why_refused
from oacmail.core.orders.mail import FRESH
from oacmail.core.policy import Policy
from oacmail.core.sender import Sender
from oacmail.core.services_reply import BY_ORDER, UNREAD, ServicesReply, Statement, read_services_reply
from oacmail.core.view import View


def is_services_reply(policy: Policy, view: View, lookup: Lookup, writer: Sender) -> bool:
    """Whether a proven writer speaks for the technical services. Who is an agent too does so in a reply to a mail for
    the services that gives no orders."""
    if lookup.message.sender not in (*policy.people.technical, *policy.people.forms):
        return False
    if writer.role is Role.AGENT:
        theirs = any(KINDS[mail.kind].audience is Audience.TECHNICAL for mail in view.mails)
        return theirs and not read_orders(lookup.message.text)
    about_a_case = bool(view.tokened or lookup.pressed)
    return about_a_case or any(mail.recipient in policy.people.staff for mail in view.mails)


def on_services_reply(policy: Policy, view: View, lookup: Lookup, writer: Sender, now: datetime) -> Decision:
    """A button adds its answer if a client has dropped its line. One that is forged, used, too old, somebody else's or
    at odds with its mail says nothing: it is recorded, and the agent who has the case reads the mail."""
    # The case of the mail that it replies to, else of its token, else of the button.
    numbers = [mail.case for mail in reversed(view.mails) if mail.case] + list(view.tokened)
    case = next((view.cases[number] for number in numbers if number in view.cases), None)
    why = (why_refused(view, lookup, pressed, (), case.number if case else None) for pressed in lookup.pressed)
    refused, button = next(filter(None, why), ""), next(iter(lookup.pressed), None)
    says = BY_ORDER.get(button.verb) if button else None
    if button and not refused and (lookup.pressed[1:] or says is None):
        refused = "other-order"
    if button and case is None and button.problem != "forged":
        case = view.cases.get(button.case)
    reply = UNREAD if refused else _read(policy, lookup, button.verb if button else None)
    if button and reply.said not in (Statement.UNREAD, says):
        refused, reply = "other-order", UNREAD

    effects: tuple[Effect, ...] = ()
    if case and services.is_unsolved(case):
        key, at = lookup.message.fingerprint, min(lookup.received_at, now)
        effects = services.by_statement(policy, case, reply, at=at, key=key, now=now, folder=view.drafts)
    number = case.number if case else None
    if button and refused:
        tokens = refuse_button(policy, view, lookup, now, why=refused)
    else:
        tokens = () if reply.said is Statement.UNREAD else mark_used(lookup, now)

    # The agent gets the text. It may be too late for what they say.
    late = case is not None and not effects and reply.said is not Statement.UNREAD
    due_at = services.owed(effects) or (notices.due_at(case) if case else None)
    if case and effects and reply.said is Statement.SOLVED:
        kind = MailKind.SOLVED
        facts = answers.draft_whereabouts(effects, view.drafts)
        if not facts:  # no draft could be written: the mail shows its text
            facts = {"draft": tuple(language_of_case(policy, case).split("+"))}
    else:
        kind = MailKind.SERVICES
        said = reply.said if effects else Statement.UNREAD
        promised = next((deadline.due_at for deadline in case.running("update")), None) if case else None
        facts = {
            "said": "late" if late else said,
            "expected_on": reply.day,
            "update_on": calendar.local_day(promised, policy) if promised else None,
            "refused": refused,
        }
    mails = notify(
        policy,
        assigned(policy, case.assignee if case else None, view.away),
        key=f"{kind}:{f'{button.token}:{refused}' if button and refused else lookup.message.fingerprint}",
        kind=kind,
        now=now,
        case=number,
        facts={**facts, "due_at": due_at},
        attach=lookup.message.fingerprint,
    )
    rule = f"services: {reply.said}"
    record = RecordMessage(role=writer.role, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=number, rule=rule)
    day = reply.day.isoformat() if reply.day else None
    event = AuditEvent(kind="services-said", case=number, data={"said": reply.said, "day": day})
    return Decision(record=record, effects=(*effects, *tokens, event, *mails), because=(rule,), counted=True)


def _read(policy: Policy, lookup: Lookup, verb: Verb | None) -> ServicesReply:
    """`verb`: of the button. A mail that is sent again later says nothing, nor does one that reads as if a program had
    written it: the day in an out-of-office is not that of the solution."""
    message, at = lookup.message, lookup.received_at
    if reads_automatic(lookup) or message.sent_at is None or abs(at - message.sent_at) > FRESH:
        return UNREAD
    text = message.fresh
    if verb and not text.lstrip().startswith("#"):
        text = f"{word_of(verb, 'en').strip()}\n{text}"
    return read_services_reply(text, calendar.local_day(at, policy), policy.workdays)
