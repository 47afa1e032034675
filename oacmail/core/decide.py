"""Which handler decides on an input: an arrived message by its origin, a delivery result, a command; and what is due at
a tick.

Pure: the same policy, view, input and time always give the same decision. It also decides when a message
that we know is decided again, and whether our own mail that comes back with an addition is a copy or a person's
message. What follows for a case or a mail is decided by what it calls.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from oacmail.core import callbacks, deadlines, outbox, rights, services, survey
from oacmail.core.cases import CORRECTED
from oacmail.core.digest import digest
from oacmail.core.effects import (
    AdminCommand,
    AuditEvent,
    BoardDeletion,
    BoardMove,
    Decision,
    DeliveryResult,
    Effect,
    OutboxCommand,
    RecordMessage,
    ReportReady,
    ReviewDone,
    Tick,
)
from oacmail.core.handlers import from_citizen, own_copies
from oacmail.core.handlers.from_board import on_board_deletion, on_board_move
from oacmail.core.handlers.from_machine import on_automatic_mail, proofs
from oacmail.core.handlers.from_staff import in_sent_folder, on_staff_message
from oacmail.core.lookup import LookedUp, Lookup
from oacmail.core.model import Auto, Folder, Kind, Outcome, Role
from oacmail.core.orders import buttons
from oacmail.core.orders.commands import on_admin_command
from oacmail.core.orders.mail import on_order_mail, on_own_note
from oacmail.core.policy import Policy
from oacmail.core.report.publication import on_report_ready
from oacmail.core.review import IN_JUNK
from oacmail.core.tokens import Signature
from oacmail.core.view import AnyView, CommandView, DeliveryView, MessageView, Noticed, TickView, View


def decide(policy: Policy, view: AnyView, inp: LookedUp, now: datetime) -> Decision:
    """`view`: of the input's kind; `now` is aware. Raises only on a bug: the engine rolls back, counts the failure and
    sets the message aside."""
    match inp, view:
        case Lookup(), View():
            return _arrived(policy, view, inp, now)
        case Tick(), TickView():
            return on_tick(policy, view, now)
        case DeliveryResult(), DeliveryView():
            return outbox.on_delivery_result(policy, view, inp, now)
        case OutboxCommand(), DeliveryView():
            return outbox.on_outbox_command(policy, view, inp, now)
        case AdminCommand(), CommandView():
            return on_admin_command(policy, view, inp, now)
        case BoardMove(), CommandView():
            return on_board_move(policy, view, inp, now)
        case BoardDeletion(), CommandView():
            return on_board_deletion(policy, view, inp, now)
        case ReportReady(), _:
            return on_report_ready(policy, inp, now)
    raise TypeError(f"{type(inp).__name__} is not decided with a {type(view).__name__}")


def may_exceed(inp: LookedUp, decision: Decision) -> bool:
    """Return whether the decision sends notices that a limit may defer; what staff order or write has
    none."""
    by_staff = isinstance(inp, Lookup) and (inp.forced or inp.sender.proven or inp.own_note)
    return isinstance(inp, (DeliveryResult, Lookup)) and not by_staff and bool(outbox.limited_kinds(decision))


def within_limits(policy: Policy, noticed: Sequence[Noticed], inp: LookedUp, decision: Decision) -> Decision:
    """Return the decision with its notices above a limit deferred. `noticed`: those of the last hour."""
    return outbox.with_limits(policy, noticed, inp.author if isinstance(inp, Lookup) else "", decision)


def on_tick(policy: Policy, tick: TickView, now: datetime) -> Decision:
    """What is due now. Level-triggered: one tick after three days of absence does once what the missed ticks would have
    done. No notice reaches staff outside service hours. After the clock was set back, nothing is due and nothing is
    lost."""
    due = tick.due
    effects: list[Effect] = [
        *deadlines.overdue(policy, due, now),
        *deadlines.reminders(policy, due, now),
        *services.follow_up(policy, due, now),
        *deadlines.waiting(policy, due, now),
        *deadlines.closings(policy, due, now),
        *callbacks.in_calendars(policy, tick.calls, now),
        *survey.surveys(policy, due.ready(survey.SURVEY, now), due.spared, now),
        *rights.remind(policy, due, now),
        *outbox.release_deferred(policy, tick.deferred, tick.alerted, now),
        *outbox.list_notices(policy, tick.notices, tick.alerted, now),
        *outbox.settle_uncertain(policy, tick.uncertain, now),
        *(digest(policy, tick.digest, now) if tick.digest else ()),
        *outbox.alerts(policy, tick.problems, tick.alerted, now),
        *outbox.send_canary(policy, tick.canary, now),
        *outbox.overnight(policy, tick.overnight, now),
        *outbox.deferred_too_long(policy, tick.far_off, now),
    ]
    return Decision(effects=tuple(effects), because=())


def _arrived(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """By origin, in this order: an agent's order, our own signature, a message that we know, the folder, the sender."""
    signature, known, in_sent = lookup.signature, view.known, lookup.folder is Folder.SENT
    if lookup.forced:
        # A person says that the message is a request: an example to learn from.
        opened = from_citizen.on_citizen_message(policy, view, lookup, now)
        new = opened.case is not None and opened.case not in view.cases
        learnt = (AuditEvent(kind=CORRECTED, case=opened.case, data={"kind": Kind.REQUEST}),) if new else ()
        return opened.plus(ReviewDone(fingerprint=lookup.message.fingerprint), *learnt)
    if lookup.arrived.orders is not None:
        return on_order_mail(policy, view, lookup, now)
    if signature is not None and (copy := _own_copy(policy, view, lookup, signature)):
        return copy
    if in_sent and signature is None and (other := own_copies.signed_by_another(policy, view, lookup)):
        return other
    if known is not None and not _decides_again(known, view, lookup):
        record = RecordMessage(role=known.role, outcome=Outcome.DUPLICATE, kind=Kind.REQUEST, case=known.case)
        again = Decision(record=record, because=("same-message-again",))
        return from_citizen.genuine_copy(policy, view, lookup, now) or again
    if lookup.folder is Folder.JUNK:
        return from_citizen.on_junk(policy, view, lookup, now)
    sender = lookup.sender
    if in_sent:
        decision = in_sent_folder(policy, view, lookup, now)
    elif signature is not None:  # a person's message on top of our mail
        decision = from_citizen.on_citizen_message(policy, view, lookup, now)
    elif sender.role is Role.ROBOT:
        decision = on_automatic_mail(policy, view, lookup, now)
    elif sender.role is Role.OURS:
        own_note = lookup.own_note and not lookup.answer_for
        ordered = on_own_note(policy, view, lookup, now) if own_note else None
        decision = ordered or own_copies.claims_to_be_ours()
    elif sender.role is Role.CITIZEN:
        replied = from_citizen.third_person_replied(policy, view, lookup, now)
        decision = replied or from_citizen.on_own_message(policy, view, lookup, now)
    else:
        decision = on_staff_message(policy, view, lookup, sender, now)
    # What the message proves, and tokens that counted for nothing.
    pressed = lookup.pressed and not decision.counted
    tokens = buttons.record_refused(policy, view, lookup, now) if pressed else ()
    if known is not None:  # before a review that the decision itself requests
        decision = replace(decision, effects=(ReviewDone(fingerprint=known.fingerprint), *decision.effects))
    return decision.plus(*proofs(policy, view, lookup), *tokens, *survey.refuse_vote(lookup, decision))


def _own_copy(policy: Policy, view: View, lookup: Lookup, signature: Signature) -> Decision | None:
    """None = a person's message on top of our mail. In Sent nobody but the office writes."""
    mail = next((mail for mail in view.mails if mail.key == signature.key), None)
    more = own_copies.added(lookup, mail)
    if not more or lookup.folder is Folder.SENT or view.copy.added_before >= own_copies.BANNER:
        copy = own_copies.on_own_copy(policy, view, lookup, signature)
    elif own_copies.is_message(policy, mail):
        return None
    else:
        copy = own_copies.with_an_addition(lookup, signature, mail, more)
    return own_copies.with_answer(policy, view, lookup, mail, copy)


def _decides_again(known: MessageView, view: View, lookup: Lookup) -> bool:
    """Whether a known message is decided again: whenever this copy proves more of its author than the one that was
    decided, never when it proves less. The mark of a list or of a program, a proof, and the folder belong to a copy.

    Of copies that prove the same: in Sent, an answer whose other copy reached INBOX first, but no order of the mailbox
    to itself that was carried out; on the board, a forward whose writer an agent has named and an answer that was read
    before its question; anywhere else, a quarantined message, since `quarantine retry` asks for it, and what a person
    has taken out of Junk."""
    proves, proved = _standing(view, lookup), _standing_of(known)
    if known.erased or proves < proved:
        return False
    if known.rule == IN_JUNK and lookup.folder is not Folder.JUNK:
        return True
    waits, in_sent = known.outcome is Outcome.QUARANTINED, lookup.folder is Folder.SENT
    if in_sent and (known.role is Role.CITIZEN or (lookup.own_note and known.role is Role.AGENT)):
        return False
    match lookup.folder:
        case _ if proves > proved:
            return True
        case Folder.JUNK:
            return False
        case Folder.BOARD:  # there by our move or a person's, which is judged by itself
            named = lookup.forwarded is not None and lookup.forwarded.confirmed
            overtook = known.role is Role.AGENT and known.case is None and any(earlier.case for earlier in view.named)
            return (named or overtook) and waits
        case Folder.SENT:
            return waits or (known.outcome is Outcome.STAFF and not lookup.message.auth.from_outside)
        case _:
            return waits


_MACHINE, _JUNK, _UNPROVEN, _PERSON = range(4)
"""What a copy proves of its author: nobody wrote it to us; perhaps a person; staff without a proof, or somebody for
whom a machine writes; a person, or the office itself."""
_LESS = {
    "in-sent-but-came-by-smtp": _MACHINE,
    "automatic-in-sent": _MACHINE,
    IN_JUNK: _JUNK,
    **dict.fromkeys(("agent-unproven", "technical-unproven", "form-of-an-unknown-sender"), _UNPROVEN),
}
"""By the rule of a message, which is that of its sender (core/sender.py) where that decides."""


def _standing(view: View, lookup: Lookup) -> int:
    """What this copy proves."""
    sender, by_machine = lookup.sender, lookup.message.auto is not Auto.NONE
    match lookup.folder:
        case Folder.JUNK:
            return _JUNK if from_citizen.reads_as_a_persons(view, lookup) else _MACHINE
        case Folder.SENT:
            return _MACHINE if lookup.message.auth.from_outside or by_machine else _PERSON
        case _ if lookup.signature is not None or lookup.own_note:
            return _PERSON
        case _:
            return _MACHINE if sender.role in (Role.ROBOT, Role.OURS) else _LESS.get(sender.rule, _PERSON)


def _standing_of(known: MessageView) -> int:
    """What the copy proved by which it was decided."""
    if known.role in (Role.ROBOT, Role.OURS):
        return _MACHINE
    return _LESS.get(known.rule.partition(":")[0], _PERSON)
