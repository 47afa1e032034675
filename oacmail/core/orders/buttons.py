"""What the button of a notice orders, for an agent, for an entry of the review list, for the technical services.

A button's token is good once, for one order and one address. Its mail must be proven like any other.
"""

from datetime import datetime

from msgspec.structs import replace

from oacmail.core import calendar
from oacmail.core.effects import AuditEvent, Effect, Remember
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import Lookup
from oacmail.core.model import Order, Role
from oacmail.core.notices import notify
from oacmail.core.order_words import Pressed, read_orders
from oacmail.core.policy import Policy
from oacmail.core.stored_values import USED_TOKEN
from oacmail.core.view import View

# --- Order buttons ---------------------------------------------------------------------------------------------------
# The mail's own first lines may only say more about the same order. A token that is forged, used, too old, another
# agent's or at odds with its mail orders nothing, nor does any line beside it; it is recorded, and the proven agent is
# told.

FORGED = "forged-staff"  # the alert's name
ANSWERS_ANOTHER = "answers-another"  # why a button or an answer is refused


def orders_of(view: View, lookup: Lookup, current: str | None) -> tuple[tuple[Order, str], ...]:
    """(order, why it is refused) of the pressed buttons, and of the lines on top. `current`: the case that the mail
    itself is about. If one is refused, they all are."""
    lines, buttons = read_orders(lookup.message.typed), lookup.pressed
    reasons = (why_refused(view, lookup, button, lines, current) for button in buttons)
    if why := next(filter(None, reasons), ""):
        named = ((button.verb, "" if button.problem == "forged" else button.case) for button in buttons)
        return tuple((Order(verb, case=case), why) for verb, case in named)
    first, *others = buttons
    return (
        *((replace(line, case=line.case or first.case), "") for line in lines or (Order(first.verb),)),
        *((Order(other.verb, case=other.case), "") for other in others),
    )


def answers_another(view: View, lookup: Lookup) -> bool:
    """Whether it replies to a mail that is none of ours to staff. Then the Reply-To of that mail, and not its reader,
    has chosen our address: a stranger's may be that of a button or of an answer to a citizen."""
    parent, staff = lookup.message.refs[-1:], lookup.policy.people.staff
    return bool(parent) and not any(
        parent[0] in (mail.message_id, mail.alias) and mail.recipient in staff for mail in view.mails
    )


def why_refused(view: View, lookup: Lookup, pressed: Pressed, lines: tuple[Order, ...], current: str | None) -> str:
    """Why the button orders nothing, '' = it does. `lines`: the orders that stand in its mail; `current`: as above."""
    if pressed.problem:
        return pressed.problem
    if pressed.token in view.orders.used_tokens:
        return "used-already"
    if answers_another(view, lookup):
        return ANSWERS_ANOTHER
    about = view.cases.get(pressed.case)
    if current not in (None, pressed.case, about.number if about else ""):
        return "other-case"
    if lines and pressed.verb not in {line.verb for line in lines}:
        return "other-order"
    return ""


def mark_used(lookup: Lookup, now: datetime) -> tuple[Effect, ...]:
    """The tokens of this mail are good no more."""
    return tuple(Remember(name=USED_TOKEN + pressed.token, value=now.isoformat()) for pressed in lookup.pressed)


def record_refused(policy: Policy, view: View, lookup: Lookup, now: datetime) -> tuple[Effect, ...]:
    """What is left of tokens in a mail that gives no orders: a line of the event log each, and the operator's alert."""
    if lookup.own_note or (lookup.sender.proven and lookup.sender.role is Role.AGENT):
        return ()  # core/orders/mail.py
    return refuse_button(policy, view, lookup, now, why="unproven")


def refuse_button(policy: Policy, view: View, lookup: Lookup, now: datetime, *, why: str) -> tuple[Effect, ...]:
    """`why`: of tokens that have no problem of their own."""
    events = (
        AuditEvent(
            kind="order-refused",
            case=pressed.case if pressed.problem != "forged" and pressed.case in view.cases else None,
            data={"verb": pressed.verb, "why": pressed.problem or why},
        )
        for pressed in lookup.pressed
    )
    return (*events, *forged_tokens(policy, lookup, now))


def forged_tokens(policy: Policy, lookup: Lookup, now: datetime) -> tuple[Effect, ...]:
    return alert_forged(policy, lookup, now) if any(pressed.problem == "forged" for pressed in lookup.pressed) else ()


def alert_forged(policy: Policy, lookup: Lookup, now: datetime) -> tuple[Effect, ...]:
    """The operator is told once a day of mail or tokens that somebody forges in the name of staff."""
    key = f"{MailKind.ALERT}:{FORGED}:{calendar.local_day(now, policy)}"
    facts = {"code": FORGED, "since": lookup.received_at}
    return notify(policy, policy.people.operator, key=key, kind=MailKind.ALERT, now=now, facts=facts)
