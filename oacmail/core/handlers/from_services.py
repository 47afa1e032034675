"""What follows from a reply of the technical services to a mail of ours: to the case and to the agent who has it.

Only a proven reply counts (core/sender.py), and only what it certainly says (core/services_reply.py)
moves the case. The agent always gets the text; it never goes to the citizen, and neither does any mail that a reply
causes: what is solved, an agent tells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from oacmail.core import answers, notices, services
from oacmail.core.cases import language_of_case
from oacmail.core.effects import AuditEvent, Decision, Effect, RecordMessage
from oacmail.core.kinds import KINDS, Audience
from oacmail.core.lookup import Lookup, reads_automatic
from oacmail.core.model import Kind, Outcome, Role
from oacmail.core.notices import assigned, notify
from oacmail.core.order_words import read_orders
from oacmail.core.orders.buttons import Press, orders_of_press, press_key, read_press
from oacmail.core.orders.mail import FRESH
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.sender import Sender
from oacmail.core.services import is_unsolved
from oacmail.core.services_reply import UNREAD, ServicesReply, Statement, read_services_reply
from oacmail.core.view import CaseView, View

SAID = "services-said"  # the event's name


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
    case = _case(view)
    pressed = read_press(view, lookup, case)
    case = view.cases.get(pressed.case) if pressed and case is None else case
    reply = UNREAD if pressed and pressed.refused else _read(policy, lookup, pressed)
    if pressed and reply.said not in (Statement.UNREAD, pressed.says):
        pressed, reply = replace(pressed, refused="other-order"), UNREAD
    effects = _follows(policy, view, case, reply, lookup, now)
    said = reply.said if effects else Statement.UNREAD if case is None or reply.said is Statement.UNREAD else None
    number = case.number if case else None
    rule = f"services: {reply.said}"
    record = RecordMessage(role=writer.role, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=number, rule=rule)
    day = reply.day.isoformat() if reply.day else None
    event = AuditEvent(kind=SAID, case=number, data={"said": reply.said, "day": day})
    kind = MailKind.SOLVED if said is Statement.SOLVED else MailKind.SERVICES
    told = notify(
        policy,
        assigned(policy, case.assignee if case else None, view.away),
        key=f"{kind}:{press_key(pressed) or lookup.message.fingerprint}",
        kind=kind,
        now=now,
        case=number,
        facts=(
            _facts_of_a_solution(policy, view, case, effects)
            if case and kind is MailKind.SOLVED
            else {**_facts(policy, case, reply, said, effects), "refused": pressed.refused if pressed else ""}
        ),
        attach=lookup.message.fingerprint,
    )
    buttons = orders_of_press(policy, view, lookup, pressed, now, spent=reply.said is not Statement.UNREAD)
    return Decision(effects=(record, *effects, *buttons, event, *told), because=(rule,))


def _case(view: View) -> CaseView | None:
    """The case of the mail that it replies to, else of its token."""
    numbers = [mail.case for mail in reversed(view.mails) if mail.case] + list(view.tokened)
    return next((view.cases[number] for number in numbers if number in view.cases), None)


def _read(policy: Policy, lookup: Lookup, pressed: Press | None) -> ServicesReply:
    """A mail that is sent again later says nothing, nor does one that reads as if a program had written it: the day in
    an out-of-office is not that of the solution."""
    message, at = lookup.message, lookup.received_at
    if reads_automatic(lookup):
        return UNREAD
    if message.sent_at is None or abs(at - message.sent_at) > FRESH:
        return UNREAD
    text = pressed.text(message.fresh) if pressed else message.fresh
    return read_services_reply(text, at.astimezone(policy.office.timezone).date(), policy.workdays)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    policy: Policy
    case: CaseView
    reply: ServicesReply
    key: str
    at: datetime
    now: datetime
    drafts: str


def _follows(
    policy: Policy, view: View, case: CaseView | None, reply: ServicesReply, lookup: Lookup, now: datetime
) -> tuple[Effect, ...]:
    """() = nothing: it is not certain, or the services do not have the case any more."""
    if case is None or not is_unsolved(case) or reply.said not in _FOLLOWS:
        return ()
    key, at = lookup.message.fingerprint, min(lookup.received_at, now)
    return _FOLLOWS[reply.said](
        _Told(policy=policy, case=case, reply=reply, key=key, at=at, now=now, drafts=view.drafts)
    )


def _solved(told: _Told) -> tuple[Effect, ...]:
    return (
        *services.solved(told.policy, told.case, at=told.at, key=told.key, now=told.now, by="services"),
        *answers.draft_of_solution(told.policy, told.case, folder=told.drafts, key=told.key),
    )


def _expected(told: _Told) -> tuple[Effect, ...]:
    assert told.reply.day is not None
    return services.expected(
        told.policy, told.case, told.reply.day, at=told.at, key=told.key, now=told.now, by="services"
    )


def _not_theirs(told: _Told) -> tuple[Effect, ...]:
    return services.not_theirs(told.policy, told.case, at=told.at, key=told.key, now=told.now, by="services")


_FOLLOWS: Mapping[Statement, Callable[[_Told], tuple[Effect, ...]]] = {
    Statement.SOLVED: _solved,
    Statement.EXPECTED: _expected,
    Statement.NOT_OURS: _not_theirs,
}


def _facts(
    policy: Policy, case: CaseView | None, reply: ServicesReply, said: Statement | None, effects: tuple[Effect, ...]
) -> dict[str, object]:
    """`said` None: it is too late for what they say."""
    promised = next((deadline.due_at for deadline in case.running("update")), None) if case else None
    return {
        "said": said or "late",
        "expected_on": reply.day,
        "due_at": _due_at(case, effects),
        "update_on": promised.astimezone(policy.office.timezone).date() if promised else None,
    }


def _facts_of_a_solution(policy: Policy, view: View, case: CaseView, effects: tuple[Effect, ...]) -> dict[str, object]:
    """The mail shows the text of the draft where no draft could be written."""
    drafted = answers.draft_whereabouts(effects, view.drafts)
    shown = {} if drafted else {"draft": tuple(language_of_case(policy, case).split("+"))}
    return {**drafted, **shown, "due_at": _due_at(case, effects)}


def _due_at(case: CaseView | None, effects: tuple[Effect, ...]) -> datetime | None:
    return services.owed(effects) or (notices.due_at(case) if case else None)
