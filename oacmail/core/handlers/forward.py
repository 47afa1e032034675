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
from oacmail.core.view import OutgoingView, View

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
        doubt = forwarded.doubt or "none"
        record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule=UNSURE)
        asks = _question(policy, lookup, None, now, doubt=doubt)
        return Decision(effects=(record, RequestReview(reason=UNSURE), *asks), because=(UNSURE, doubt))
    if inner.auto is not Auto.NONE:
        record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule="forwarded-robot")
        return Decision(effects=(record, RequestReview(reason="staff-without-case")), because=("forwarded-robot",))
    opened = on_citizen_message(policy, view, lookup, now)
    effects = tuple(
        replace(effect, written=inner) if isinstance(effect, RecordMessage) else effect for effect in opened.effects
    )
    number = next((effect.case for effect in effects if isinstance(effect, RecordMessage)), None)
    event = AuditEvent(kind="forwarded", case=number, data={"by": lookup.message.sender.partition("@")[0]})
    review = (ReviewDone(fingerprint=inner.fingerprint),) if view.known is not None else ()
    if forwarded.whole or forwarded.confirmed:
        return replace(opened, effects=(*effects, event, *review), because=("forwarded", *opened.because))
    # Of a forward as text nothing goes to the person before the colleague has confirmed the address.
    kept = tuple(effect for effect in effects if not (isinstance(effect, Send) and effect.kind in TO_CITIZENS))
    asks = _question(policy, lookup, number, now, doubt="", address=inner.sender) if len(kept) < len(effects) else ()
    waits: tuple[Effect, ...] = (RequestReview(reason=WAITS), *asks) if asks else ()
    return replace(opened, effects=(*kept, event, *review, *waits), because=("forwarded-as-text", *opened.because))


def _question(policy: Policy, lookup: Lookup, case: str | None, now: datetime, **facts: object) -> tuple[Send, ...]:
    """To the colleague alone, as an answer to the forward."""
    message = lookup.message
    return notify(
        policy,
        (message.sender,),
        key=f"{MailKind.FORWARDED}:{message.fingerprint}",
        kind=MailKind.FORWARDED,
        now=now,
        case=case,
        facts={**facts, "received_at": lookup.received_at},
        answers=message,
    )


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
    effects: tuple[Effect, ...] = ()
    reason = ""
    if case is None:  # it names the address of the person
        verb, found = "person_is", _ADDRESS.findall(line.lower())
        if len(found) != 1:
            reason = "no-address"
        elif policy.office.is_own(found[0]) or found[0] in policy.people.staff:
            reason = "is-ours"
        else:
            named = Remember(name=FORWARDED_BY + fingerprint, value=found[0])
            effects = (named, Reconsider(fingerprint=fingerprint))
    else:  # it confirms the address to which the acknowledgement goes
        verb = "acknowledge"
        if folded(line).strip(" .!,;#") not in _YES:
            reason = "not-confirmed"
        else:
            acknowledged = case.answered_at is not None or MailKind.ACK in case.sent.kinds
            ack = () if acknowledged else (acknowledgement.of_confirmed_case(policy, case, now),)
            effects = (ReviewDone(fingerprint=fingerprint), *ack)
    row = {"verb": verb, "detail": "", "done": not reason, "reason": reason}
    key = key_of_reply(lookup, fingerprint, line)
    record = RecordMessage(role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=asked.case, rule="confirms")
    effects = (record, *effects, *transcript(policy, lookup, asked.case, now, key=key, rows=[row]))
    return Decision(effects=effects, because=("confirms-a-forward", *filter(None, (reason,))))
