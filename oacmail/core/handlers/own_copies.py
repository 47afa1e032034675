"""What follows when a copy of our own mail arrives: it proves the sending (docs/subjects.md, "Uncertain deliveries").

A message is ours if its signature matches recipient and Date and no text was added. An addition is a person's message
or goes to review, except a footer that the relay adds to all copies. The first copy proves that its outbox row was
sent, a second is a duplicate. A copy that the database does not know shows that the database was restored; one that
another process sent in the meantime shows that two daemons serve one mailbox. A message that only claims to be ours
goes to review.
"""

import re
from hashlib import sha256

from msgspec.structs import replace

from oacmail.core import kinds, outbox, relayed
from oacmail.core.effects import (
    AuditEvent,
    Decision,
    Effect,
    FileMessage,
    ImportSent,
    RecordMessage,
    Remember,
    RequestReview,
    UpdateOutbox,
)
from oacmail.core.kinds import MailEvent, MailKind
from oacmail.core.lookup import Lookup, files
from oacmail.core.model import Auto, Dmarc, Folder, Kind, Message, Outcome, Role
from oacmail.core.policy import Policy
from oacmail.core.stored_values import ADDED, OTHER_INSTANCE
from oacmail.core.tokens import MOST_SIGNATURES, TRIAL, Signature, claimed_key_and_message, is_foreign
from oacmail.core.view import CopyView, OutgoingView, View

GROWTH = 20  # characters by which mail of early versions, of whose text the signature holds no hash, may have grown
BANNER = 2  # copies to others, in which the same was added
WITH_AN_ADDITION = "our-mail-with-an-addition"
FOREIGN = "signed-by-another-installation"


def added(lookup: Lookup, mail: OutgoingView | None) -> str:
    """The text that was added to our mail, without spaces; '' = none."""
    if lookup.signature is not None and lookup.signature.text:
        return lookup.added
    message = lookup.message
    grown = mail is not None and mail.length and len(message.text) > mail.length + GROWTH
    return message.text if grown else files(message)


def learned(more: str, recipient: str = "") -> str:
    """The stored name of an addition and recipient; without `recipient`, its prefix. Digits count alike."""
    return f"{ADDED}{_hash(re.sub('[0-9]+', '#', more))}:{_hash(recipient) if recipient else ''}"


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def is_message(policy: Policy, mail: OutgoingView | None) -> bool:
    """Whether a mail of ours with an unknown addition is a person's message on top of it: if no copy is expected any
    more, the mail came back from its recipient. Otherwise it may be our copy with a footer of the relay."""
    return mail is not None and (mail.copied or not policy.sending.self_copy)


def with_an_addition(lookup: Lookup, signed: Signature, mail: OutgoingView | None, more: str) -> Decision:
    """The signature proves the sending. An agent reviews the addition until copies to other recipients have it too."""
    effects: tuple[Effect, ...] = (
        *_settled(lookup, signed, mail),
        Remember(name=learned(more, _recipient(lookup.message)), value="1"),
        RequestReview(reason=WITH_AN_ADDITION),
    )
    return Decision(record=_record(signed, Outcome.QUARANTINED), effects=effects, because=(WITH_AN_ADDITION,))


def on_own_copy(policy: Policy, view: View, lookup: Lookup, signed: Signature) -> Decision:
    """The first one, one more, one of a mail that the database has lost, or of a second daemon."""
    mail = next((mail for mail in view.mails if mail.key == signed.key), None)
    if signed.run != view.copy.run and not signed.key.startswith(TRIAL) and _is_of_this_run(view.copy, lookup):
        # The recipient has this mail, so ours of the same key is not sent. The case number is the other daemon's.
        if mail is None:
            return _other_instance(signed.run, replace(_import(lookup, signed), case="", message="", refs=()))
        seen = UpdateOutbox(key=mail.key, event=MailEvent.COPY_SEEN, sent_at=lookup.received_at)
        return _other_instance(signed.run, *(() if mail.copied else (seen,)))
    # A mail to ourselves that the provider has put into Sent comes back as well, and is filed like a first copy.
    back = mail is not None and policy.office.is_own(mail.recipient) and lookup.folder is Folder.INTAKE
    if mail is not None and mail.copied and not back:
        return Decision(record=_record(signed, Outcome.DUPLICATE), because=("our-mail-again",))
    settled = _settled(lookup, signed, mail)
    filed = (FileMessage(folder=Folder.SENT),) if lookup.folder is Folder.INTAKE else ()
    because = "our-mail-copy" if mail is not None else "our-mail-unknown: database restored"
    return Decision(record=_record(signed, Outcome.OURS), effects=(*settled, *filed), because=(because,))


def with_answer(policy: Policy, view: View, lookup: Lookup, mail: OutgoingView | None, decision: Decision) -> Decision:
    """The copy of a relayed answer shows that the relay took it, perhaps before the relay's answer was read; a canary
    that it has come back."""
    answered = (
        relayed.count_as_answer(policy, view.cases, mail, lookup.received_at)
        if mail is not None and _is_first(decision)
        else ()
    )
    back = outbox.canary_came_back(lookup.folder, lookup.signature) if lookup.signature is not None else ()
    return decision.plus(*answered, *back)


def shows_its_way(policy: Policy, lookup: Lookup, decision: Decision) -> bool:
    """Whether the fields on top of a mail of ours are those of its way: it is the first copy where copies come, or a
    test mail, which no citizen has. On top of any other, whoever got the mail may have written them."""
    if lookup.signature is None:
        return False
    tests = kinds.of_key(lookup.signature.key) is MailKind.PROBE
    return tests or (bool(policy.sending.self_copy) and _is_first(decision))


def _is_first(decision: Decision) -> bool:
    return any(isinstance(effect, UpdateOutbox) and effect.event is MailEvent.COPY_SEEN for effect in decision.effects)


def _record(signed: Signature, outcome: Outcome) -> RecordMessage:
    return RecordMessage(
        role=Role.OURS, outcome=outcome, kind=Kind.AUTO_REPLY, case=signed.case or None, rule="our-mail"
    )


def _settled(lookup: Lookup, signed: Signature, mail: OutgoingView | None) -> tuple[Effect, ...]:
    """It was sent; `mail`: as the database knows it, None = it does not, and learns of it."""
    if mail is None:
        imported = AuditEvent(kind="imported", case=signed.case or None, data={"mail": kinds.of_key(signed.key)})
        return (_import(lookup, signed), imported)
    message_id = lookup.message.message_id
    rewritten = message_id if message_id and message_id != mail.message_id else None
    return (UpdateOutbox(key=mail.key, event=MailEvent.COPY_SEEN, alias=rewritten, sent_at=lookup.received_at),)


def _import(lookup: Lookup, signed: Signature) -> ImportSent:
    return ImportSent(
        key=signed.key,
        kind=kinds.of_key(signed.key),
        case=signed.case,
        message=signed.message,
        refs=lookup.message.refs,
        message_id=lookup.message.message_id,
        recipient=_recipient(lookup.message),
        sent_at=lookup.received_at,
    )


def _recipient(message: Message) -> str:
    return message.to[0] if message.to else ""


def _is_of_this_run(copy: CopyView, lookup: Lookup) -> bool:
    """Whether it was sent and arrived since this process began. Mail of an earlier process is older, even if the
    database was restored or the clock set back: then both times would have to be wrong."""
    since, sent_at = copy.run_since, lookup.message.sent_at
    return since is not None and sent_at is not None and min(sent_at, lookup.received_at) > since


def signed_by_another(policy: Policy, view: View, lookup: Lookup) -> Decision | None:
    """A mail in Sent, from our address, signed with a secret that is not ours. If it was sent before this process
    began, its secret is no longer configured. A newer one is a second daemon's if its sender reads this mailbox;
    otherwise a person or a rule has put it there, and it goes to review."""
    message = lookup.message
    if message.auth.into_folder:  # anybody writes there by plus-address where the server allows it
        return None
    ours = policy.office.is_own(message.sender) and message.auto is not Auto.NONE
    raw = next((raw for raw in message.signatures[:MOST_SIGNATURES] if is_foreign(policy, raw)), None)
    if not ours or raw is None:
        return None
    if _is_of_this_run(view.copy, lookup):
        # Who writes about a message that we have too reads this mailbox, unless our exchanger reports the mail as
        # forged. The signature itself proves nothing: anybody can write one under another key.
        name, about = claimed_key_and_message(raw)
        known = any(other.fingerprint == about for other in (*view.named, *view.recent))
        if known and message.auth.dmarc is not Dmarc.FAIL:
            return _other_instance(name)
        record = RecordMessage(role=Role.OURS, outcome=Outcome.QUARANTINED, kind=Kind.AUTO_REPLY, rule=FOREIGN)
        return Decision(record=record, effects=(RequestReview(reason=FOREIGN),), because=(FOREIGN,))
    record = RecordMessage(
        role=Role.OURS, outcome=Outcome.OURS, kind=Kind.AUTO_REPLY, rule="our-mail-of-another-secret"
    )
    return Decision(record=record, because=("our-mail-of-another-secret",))


def _other_instance(name: str, *settled: Effect) -> Decision:
    """Sending stops until the next start (engine/delivery.py)."""
    record = RecordMessage(role=Role.OURS, outcome=Outcome.OURS, kind=Kind.AUTO_REPLY, rule=OTHER_INSTANCE)
    event = AuditEvent(kind=OTHER_INSTANCE, data={"instance": name})
    effects = (*settled, Remember(name=OTHER_INSTANCE, value=name or "early"), event)
    return Decision(record=record, effects=effects, because=(OTHER_INSTANCE,))


def claims_to_be_ours() -> Decision:
    """From our own address, outside Sent, unsigned: never acknowledged, never ignored, never an answer."""
    rule = "from-our-address-unsigned"
    record = RecordMessage(role=Role.OURS, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule=rule)
    return Decision(record=record, effects=(RequestReview(reason=rule),), because=(rule,))
