"""A colleague's forward into the mailbox opens the case of the person who wrote the message (docs/pains.md, row 24).

The colleague is proven; the writer inside is not. A whole attached message is acknowledged as a message of an
unverified writer is, within the same limits; of a forward as text the acknowledgement waits until the colleague
confirms the address. Without one clear address the colleague is asked, and no case is opened. The colleague never
becomes the citizen.
"""

import re
from dataclasses import replace
from datetime import datetime

from oacmail.core import acknowledgement
from oacmail.core.effects import (
    AuditEvent,
    Decision,
    Effect,
    Reconsider,
    RecordMessage,
    Remember,
    RequestReview,
    ReviewDone,
    Send,
)
from oacmail.core.handlers.from_citizen import on_citizen_message
from oacmail.core.kinds import TO_CITIZENS, MailKind
from oacmail.core.lookup import Lookup
from oacmail.core.model import Auto, Kind, Outcome, Role
from oacmail.core.notices import notify
from oacmail.core.order_words import folded, read_orders
from oacmail.core.orders.mail import key_of_reply, transcript
from oacmail.core.policy import Policy
from oacmail.core.stored_values import FORWARDED_BY
from oacmail.core.view import CaseView, OutgoingView, View

WAITS = "forwarded-unconfirmed"  # on the review list: the case is open, its person was not told
UNSURE = "forwarded-by-whom"  # on the review list: no case yet
_YES = frozenset(
    ("si", "d'acord", "correcte", "ok", "vale", "confirmo", "endavant", "es correcte", "es correcta", "de acuerdo")
) | {"correcto", "es correcto", "adelante", "confirmado", "yes", "correct", "confirmed", "it is correct", "right"}
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}")


def is_forward(view: View, lookup: Lookup) -> bool:
    """Whether it brings a message of somebody outside, and is about no case by its own references."""
    message = lookup.message
    known = any(earlier.message_id in message.refs for earlier in view.named)
    ours = any(mail.message_id in message.refs for mail in view.mails)
    return lookup.forwarded is not None and not known and not ours and not read_orders(message.text)


def on_forward(policy: Policy, view: View, lookup: Lookup, role: Role, now: datetime) -> Decision:
    forwarded = lookup.forwarded
    assert forwarded is not None
    inner = forwarded.message
    if inner is not None and inner.message_id:
        case = next((known.case for known in view.named if known.message_id == inner.message_id and known.case), None)
        if case is not None:  # the person wrote to the office too
            record = RecordMessage(role=role, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=case, rule="known-message")
            return Decision(effects=(record,), because=("forward-of-a-known-message",))
    if inner is None or forwarded.doubt or policy.office.is_own(inner.sender) or inner.sender in policy.people.staff:
        return _ask(policy, lookup, role, forwarded.doubt or "none", now)
    if inner.auto is not Auto.NONE:
        record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule="forwarded-robot")
        return Decision(effects=(record, RequestReview(reason="staff-without-case")), because=("forwarded-robot",))
    opened = on_citizen_message(policy, view, lookup, now)
    effects = tuple(
        replace(effect, written=inner) if isinstance(effect, RecordMessage) else effect for effect in opened.effects
    )
    event = AuditEvent(kind="forwarded", case=_number(effects), data={"by": lookup.message.sender.partition("@")[0]})
    review = (ReviewDone(fingerprint=inner.fingerprint),) if view.known is not None else ()
    if forwarded.whole or forwarded.confirmed:
        return replace(opened, effects=(*effects, event, *review), because=("forwarded", *opened.because))
    kept = tuple(effect for effect in effects if not (isinstance(effect, Send) and effect.kind in TO_CITIZENS))
    asks = _confirm(policy, lookup, inner.sender, _number(effects), now) if len(kept) < len(effects) else ()
    return replace(opened, effects=(*kept, event, *review, *asks), because=("forwarded-as-text", *opened.because))


def _number(effects: tuple[Effect, ...]) -> str | None:
    return next((effect.case for effect in effects if isinstance(effect, RecordMessage)), None)


def _confirm(policy: Policy, lookup: Lookup, address: str, case: str | None, now: datetime) -> tuple[Effect, ...]:
    facts = {"doubt": "", "address": address, "received_at": lookup.received_at}
    return (RequestReview(reason=WAITS), *_question(policy, lookup, case, facts, now))


def _ask(policy: Policy, lookup: Lookup, role: Role, doubt: str, now: datetime) -> Decision:
    record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule=UNSURE)
    asks = _question(policy, lookup, None, {"doubt": doubt, "received_at": lookup.received_at}, now)
    return Decision(effects=(record, RequestReview(reason=UNSURE), *asks), because=(UNSURE, doubt))


def _question(
    policy: Policy, lookup: Lookup, case: str | None, facts: dict[str, object], now: datetime
) -> tuple[Send, ...]:
    """To the colleague alone, as an answer to the forward."""
    message = lookup.message
    key = f"{MailKind.FORWARDED}:{message.fingerprint}"
    refs = (*message.refs, message.message_id) if message.message_id else ()
    sends = notify(policy, (message.sender,), key=key, kind=MailKind.FORWARDED, now=now, case=case, facts=facts)
    return tuple(replace(send, automatic="auto-replied", in_reply_to=message.message_id, refs=refs) for send in sends)


# --- the colleague's reply --------------------------------------------------------------------------------


def question(view: View) -> OutgoingView | None:
    """The question of ours to which the message replies."""
    return next((mail for mail in reversed(view.mails) if mail.kind is MailKind.FORWARDED), None)


def on_reply(policy: Policy, view: View, lookup: Lookup, asked: OutgoingView, now: datetime) -> Decision | None:
    """What the first line of a reply to the question says; None = it gives orders."""
    line = next((line.strip() for line in lookup.message.typed.splitlines() if line.strip()), "")
    if read_orders(line):
        return None
    fingerprint = asked.key.split(":")[1]
    case = view.cases.get(asked.case or "")
    if case is None:
        effects, reason = _with_address(policy, fingerprint, line)
        verb = "person_is"
    else:
        effects, reason = _confirmed(policy, case, fingerprint, line, now)
        verb = "acknowledge"
    key = key_of_reply(lookup, fingerprint, line)
    row = {"verb": verb, "detail": "", "done": not reason, "reason": reason}
    told = transcript(policy, lookup, asked.case, now, key=key, rows=[row])
    record = RecordMessage(role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=asked.case, rule="confirms")
    return Decision(effects=(record, *effects, *told), because=("confirms-a-forward", *([reason] if reason else ())))


def _with_address(policy: Policy, fingerprint: str, line: str) -> tuple[tuple[Effect, ...], str]:
    found = _ADDRESS.findall(line.lower())
    if len(found) != 1:
        return (), "no-address"
    if policy.office.is_own(found[0]) or found[0] in policy.people.staff:
        return (), "is-ours"
    named = Remember(name=FORWARDED_BY + fingerprint, value=found[0])
    return (named, Reconsider(fingerprint=fingerprint)), ""


def _confirmed(
    policy: Policy, case: CaseView, fingerprint: str, line: str, now: datetime
) -> tuple[tuple[Effect, ...], str]:
    if folded(line).strip(" .!,;#") not in _YES:
        return (), "not-confirmed"
    done = ReviewDone(fingerprint=fingerprint)
    if case.answered_at is not None or MailKind.ACK in case.sent.kinds:
        return (done,), ""
    return (done, acknowledgement.of_confirmed_case(policy, case, now)), ""
