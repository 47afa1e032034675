"""The whole brain: one input, what may be known of it, and the moment, in; a decision out.

Pure: the same values give the same decision, for ever. Who wrote a message is settled first (our own signature,
the folder, the robot marks, staff, then citizens); each kind of writer has a module of its own.
"""

from datetime import datetime
from typing import assert_never

from oacmail.core.effects import (
    AdminCommand,
    Decision,
    DeliveryResult,
    Effect,
    OutboxCommand,
    RecordMessage,
    ReviewDone,
    Tick,
)
from oacmail.core.handlers import own_copies
from oacmail.core.handlers.admin_command import on_admin_command
from oacmail.core.handlers.automatic_mail import on_automatic_mail, proofs
from oacmail.core.handlers.delivery_result import on_delivery_result
from oacmail.core.handlers.from_citizen import from_citizen
from oacmail.core.handlers.from_staff import from_staff, in_sent_folder
from oacmail.core.handlers.outbox_command import on_outbox_command
from oacmail.core.handlers.tick import on_tick
from oacmail.core.lookup import LookedUp, Lookup
from oacmail.core.model import Auto, Folder, Kind, Outcome, Role
from oacmail.core.outbox.notice_limits import bounded
from oacmail.core.policy import Policy
from oacmail.core.routing.signature import Signature
from oacmail.core.view import OutgoingView, TickView, View


def decide(policy: Policy, view: View | TickView, inp: LookedUp, now: datetime) -> Decision:
    """`now` is aware. Raises only on a bug of ours; the shell rolls back, counts, and quarantines the message."""
    match inp:
        case Lookup():
            assert isinstance(view, View)
            decision = _arrived(policy, view, inp, now)
            return decision if inp.forced else bounded(policy, view.noticed, inp.author, decision)
        case Tick():
            assert isinstance(view, TickView)
            return on_tick(policy, view, now)
        case DeliveryResult():
            assert isinstance(view, View)
            return bounded(policy, view.noticed, "", on_delivery_result(policy, view, inp, now))
        case AdminCommand():
            assert isinstance(view, View)
            return on_admin_command(policy, view, inp, now)
        case OutboxCommand():
            assert isinstance(view, View)
            return on_outbox_command(policy, view, inp, now)
        case _:
            assert_never(inp)


def _arrived(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    if lookup.forced:
        opened = from_citizen(policy, view, lookup, now)
        return _with(opened, [ReviewDone(fingerprint=lookup.message.fingerprint)])
    mark = lookup.signature
    if mark is not None and (ours := _ours(policy, view, lookup, mark)):
        return ours
    if lookup.folder is Folder.SENT and mark is None and (other := own_copies.signed_by_another(policy, view, lookup)):
        return other
    if view.known is not None and not _decided_again(view, lookup):
        return _again(view)
    if lookup.folder is Folder.JUNK:
        return _ignored_in_junk()
    return _with(_by_folder(policy, view, lookup, now, grown=mark is not None), proofs(view, lookup.received_at))


def _by_folder(policy: Policy, view: View, lookup: Lookup, now: datetime, *, grown: bool) -> Decision:
    if lookup.folder is Folder.SENT:
        return in_sent_folder(policy, view, lookup, now)
    if grown:
        return from_citizen(policy, view, lookup, now)
    return _by_writer(policy, view, lookup, now)


def _ours(policy: Policy, view: View, lookup: Lookup, mark: Signature) -> Decision | None:
    """None = somebody's message on top of our mail. In Sent nobody writes but the house."""
    mail = _mail(view, mark.key)
    more = own_copies.added(lookup, mail)
    if not more or lookup.folder is Folder.SENT or view.added_before >= own_copies.BANNER:
        return own_copies.on_own_copy(policy, view, lookup, mark)
    return None if own_copies.is_message(policy, mail) else own_copies.with_an_addition(lookup, mark, mail, more)


def _mail(view: View, key: str) -> OutgoingView | None:
    return next((mail for mail in view.mails if mail.key == key), None)


def _decided_again(view: View, lookup: Lookup) -> bool:
    """An answer whose other copy reached INBOX first: the one in Sent decides. So does INBOX over Junk. What waits for
    a person is looked at anew, for so a person may have asked (`quarantine retry`)."""
    known = view.known
    assert known is not None
    match lookup.folder:
        case Folder.JUNK:
            return False
        case Folder.SENT:
            remark = known.outcome is Outcome.STAFF and not lookup.message.auth.from_outside
            return known.role is not Role.CITIZEN and (remark or known.outcome is Outcome.QUARANTINED)
        case _:
            met_in_junk = lookup.folder is Folder.INTAKE and known.outcome is Outcome.AUTOMATIC
            return known.outcome is Outcome.QUARANTINED or (met_in_junk and lookup.message.auto is Auto.NONE)


def _again(view: View) -> Decision:
    assert view.known is not None
    attach = RecordMessage(role=view.known.role, outcome=Outcome.DUPLICATE, kind=Kind.REQUEST, case=view.known.case)
    return Decision(effects=(attach,), because=("same-message-again",))


def _ignored_in_junk() -> Decision:
    """In Junk only signed mail of ours is read: what people's filters put there is theirs."""
    attach = RecordMessage(role=Role.ROBOT, outcome=Outcome.AUTOMATIC, kind=Kind.SPAM, rule="in-junk")
    return Decision(effects=(attach,), because=("in-junk",))


def _by_writer(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    who = lookup.sender
    match who.role:
        case Role.ROBOT:
            return on_automatic_mail(policy, view, lookup, now)
        case Role.OURS:
            return own_copies.claims_to_be_ours()
        case Role.AGENT | Role.TECHNICAL:
            return from_staff(policy, view, lookup, who, now)
        case Role.CITIZEN:
            return from_citizen(policy, view, lookup, now)
        case _:
            assert_never(who.role)


def _with(decision: Decision, more: list[Effect]) -> Decision:
    return Decision(effects=(*decision.effects, *more), because=decision.because) if more else decision
