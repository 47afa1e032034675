"""What an agent's orders do: each is the admin's command of the same meaning; the transcript says what was done.

Orders come from a proven agent, on top of a reply to a mail of ours to staff, and never in a mail that goes to anybody
outside the office (docs/interfaces.md section 7). What is unknown or does not fit the case changes nothing. The text
of the message goes nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from oacmail.core.effects import (
    AdminCommand,
    Decision,
    Effect,
    EndDeadlines,
    RecordMessage,
    Send,
    StartDeadline,
    UpdateCase,
)
from oacmail.core.errors import Refused
from oacmail.core.handlers.admin_command import on_admin_command
from oacmail.core.lookup import Lookup
from oacmail.core.model import Kind, Level, Outcome, Role
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing.orders import Order, Verb, folded, read_orders
from oacmail.core.view import CaseView, Deadline, View

FRESH = timedelta(days=1)
"""How old the Date of an order may be on arrival: a signed mail that is sent again later orders nothing."""
TOPICS: Mapping[str, str] = {
    "certificat": "certificate", "certificado": "certificate", "instancia": "application", "solicitud": "application",
    "subvencio": "grant", "subvencion": "grant", "ajut": "grant", "beca": "grant", "licitacio": "procurement",
    "licitacion": "procurement", "notificacio": "notification", "notificacion": "notification",
    "inscripcio": "enrolment", "inscripcion": "enrolment", "carpeta": "folder", "padro": "folder", "padron": "folder",
    "pagament": "payment", "pago": "payment", "tribut": "payment", "cita": "appointment", "altres": "other",
    "otros": "other",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Given:
    """An order in its place: who gave it, about which case, as it stands after the orders above it."""

    policy: Policy
    agent: str
    case: CaseView
    argument: str


def answers_a_notice(policy: Policy, view: View) -> bool:
    """Whether the message replies to a mail of ours to staff, or bears a case token."""
    return bool(view.tokened) or any(mail.recipient in policy.people.staff for mail in view.mails)


def on_order_mail(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """Carry out the orders on top of it, one after the other; () of orders: say that nothing was done."""
    case = _case(view)
    orders = read_orders(lookup.message.text)  # not `fresh`, which of a bare forward is the text of somebody else
    rows: list[dict[str, object]] = []
    effects: list[Effect] = []
    for order in orders:
        done, reason = _carry_out(policy, view, lookup, case, order, now)
        case = after(case, done) if case else None
        effects += done
        rows.append({"verb": order.verb, "detail": _detail(order), "done": not reason, "reason": reason})
    number = case.number if case else None
    record = RecordMessage(
        role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=number, rule="orders" if orders else "no-order"
    )
    told = transcript(policy, lookup, number, now, key=_key(policy, lookup, number, now, orders), rows=rows)
    return Decision(effects=(record, *effects, *told), because=(record.rule, *(order.verb for order in orders)))


def transcript(
    policy: Policy, lookup: Lookup, number: str | None, now: datetime, *, key: str, rows: list[dict[str, object]]
) -> tuple[Send, ...]:
    """The answer to the agent's mail, in its thread."""
    message, facts = lookup.message, {"orders": tuple(rows)}
    sends = notices(policy, (message.sender,), key=key, kind=MailKind.TRANSCRIPT, now=now, case=number, facts=facts)
    return tuple(
        replace(
            send,
            automatic="auto-replied",
            in_reply_to=message.message_id,
            refs=(*message.refs, message.message_id) if message.message_id else (),
        )
        for send in sends
    )


def _case(view: View) -> CaseView | None:
    """The case of the mail that it replies to, else of its token."""
    numbers = [mail.case for mail in reversed(view.mails) if mail.case] + list(view.tokened)
    return next((view.cases[number] for number in numbers if number in view.cases), None)


def _key(policy: Policy, lookup: Lookup, number: str | None, now: datetime, orders: tuple[Order, ...]) -> str:
    """One transcript for each message with orders; for text without, one a day, case and writer."""
    if orders:
        return f"transcript:{lookup.message.fingerprint[:16]}"
    writer = sha256(lookup.message.sender.encode()).hexdigest()[:8]
    return f"transcript:{number or 'none'}:{writer}:{now.astimezone(policy.office.timezone).date()}"


def _detail(order: Order) -> str:
    """What the transcript repeats of an order; a note stays on the case alone."""
    return "" if order.verb in (Verb.NOTE, Verb.SECOND_LEVEL) else order.argument


def _carry_out(
    policy: Policy, view: View, lookup: Lookup, case: CaseView | None, order: Order, now: datetime
) -> tuple[tuple[Effect, ...], str]:
    """(effects, why it was refused); one of the two is empty."""
    sent_at = lookup.message.sent_at
    if order.verb is Verb.HELP:
        return (), ""
    if order.verb is Verb.UNKNOWN:
        return (), "unknown"
    if case is None:
        return (), "no-case"
    if sent_at is None or abs(lookup.received_at - sent_at) > FRESH:
        return (), "too-old"
    try:
        verb, words = _COMMANDS[order.verb](_Given(policy, lookup.message.sender, case, order.argument))
        command = AdminCommand(verb=verb, case=case.number, by=lookup.message.sender.partition("@")[0], words=words)
        decided = on_admin_command(policy, replace(view, cases={**view.cases, case.number: case}), command, now)
    except Refused as refused:
        return (), refused.reason
    return decided.effects, ""


_Command = tuple[str, dict[str, str]]


def _assign(given: _Given) -> _Command:
    """To the agent of this address, or of this name before the @."""
    wanted = given.argument.lower().strip()
    agents = given.policy.people.agents
    found = [address for address in agents if wanted in (address, address.partition("@")[0])]
    if len(found) != 1:
        raise Refused("there is no agent of this name", "no-such-agent")
    return "assign", {"name": found[0].partition("@")[0]}


def _close(given: _Given) -> _Command:
    reason = _REASONS.get(folded(given.argument))
    if reason is None:
        raise Refused("there is no such reason", "no-such-value")
    if reason == "answered" and (given.case.running("answer") or given.case.answered_at is None):
        raise Refused("the person waits for an answer", "waits")
    return "close", {"reason": reason}


_REASONS: Mapping[str, str] = {
    "": "answered", "duplicate": "duplicate", "duplicat": "duplicate", "duplicado": "duplicate", "spam": "spam",
    "brossa": "spam", "thanks": "thanks", "gracies": "thanks", "gracias": "thanks",
}  # fmt: skip


def _topic(given: _Given) -> _Command:
    wanted = folded(given.argument)
    return "set", {"topic": TOPICS.get(wanted, wanted)}


def _note(given: _Given) -> _Command:
    if not given.argument:
        raise Refused("the note is empty", "empty")
    return "note", {"text": given.argument}


_COMMANDS: Mapping[Verb, Callable[[_Given], _Command]] = {
    Verb.ASSIGN: _assign,
    Verb.MINE: lambda given: ("assign", {"name": given.agent.partition("@")[0]}),
    Verb.CLOSE: _close,
    Verb.SPAM: lambda _: ("close", {"reason": "spam"}),
    Verb.REOPEN: lambda _: ("reopen", {}),
    Verb.SECOND_LEVEL: lambda given: ("escalate", {"why": given.argument}),
    Verb.FIRST_LEVEL: lambda _: ("set", {"level": Level.FIRST}),
    Verb.NOTE: _note,
    Verb.TOPIC: _topic,
    Verb.CALLED: lambda _: ("log-call", {"outcome": "reached"}),
    Verb.NOT_REACHED: lambda _: ("log-call", {"outcome": "no-answer"}),
    Verb.LANGUAGE: lambda given: ("set", {"language": given.argument.lower().strip()}),
}


def after(case: CaseView, effects: tuple[Effect, ...]) -> CaseView:
    """The case as the next command finds it."""
    for effect in effects:
        match effect:
            case UpdateCase(columns=columns):
                known = {name: value for name, value in columns.items() if name in _FIELDS}
                case = replace(case, **known)  # type: ignore[arg-type]
            case EndDeadlines():
                left = tuple(clock for clock in case.clocks if not _ends(effect, clock))
                case = replace(case, clocks=left)
            case StartDeadline():
                started = Deadline(
                    started_by=effect.started_by,
                    kind=effect.kind,
                    level=effect.level,
                    started_at=effect.started_at,
                    due_at=effect.due_at,
                )
                case = replace(case, clocks=(*case.clocks, started))
    return case


_FIELDS = frozenset(
    {"status", "topic", "level", "intent", "lang", "assignee", "answered_at", "closed_at", "cause", "close_reason"}
)


def _ends(effect: EndDeadlines, clock: Deadline) -> bool:
    named = not effect.started_by or clock.started_by in effect.started_by
    return named and clock.kind in effect.kinds and clock.started_at <= effect.at
