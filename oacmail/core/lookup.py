"""What each handler needs of a message: who wrote it, whether we signed it, which cases it names, what it asks for.

`look_up` computes these once from the message and the policy; the store loads by them and `decide` decides by them.
It never asks the store, and never says what happens to the message.
"""

from collections.abc import Iterable
from datetime import date, datetime
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar, order_words, tokens
from oacmail.core.classification import classify
from oacmail.core.effects import (
    AdminCommand,
    Arrived,
    BoardDeletion,
    BoardMove,
    DeliveryResult,
    Input,
    OutboxCommand,
    ReportReady,
    Tick,
)
from oacmail.core.model import MACHINES, AnswerText, Auto, Classification, Folder, Forwarded, Message
from oacmail.core.order_words import Pressed
from oacmail.core.policy import Policy
from oacmail.core.sender import Sender, author_of, is_own_note, own_signature, sender_of
from oacmail.core.tokens import Signature, VoteToken

WRITERS_MOST = 20
_SURE = 0.95


class Lookup(Struct, frozen=True, kw_only=True):
    """An arrived message and what follows from it and `policy` alone.

    `signature`: the valid X-Oacmail field, None = the message is not ours. `added`: what a signed message has beside
    our text, without spaces; '' = nothing, or unsigned, or signed by an early version, which kept no hash.
    `written`: the message that a person wrote; differs from `message` only if it stands on top of ours. `author`: the
    address of its author, '' = nobody is named. `sender`: the role of its From. `reading`: its classification.
    `tokened`: case numbers of its valid tokens. `ordered`: cases that the orders of proven staff name, `entries`: what
    may be references of the review list there; `pressed`: tokens of buttons, `voted`: valid ones of surveys, whoever
    sent them. `writers`: whose earlier messages it may continue: the author's; for staff and Sent those of the
    recipients; of a mail that is wholly ours nobody's. `addressed`: the recipients of a new mail of the desk, which
    names no earlier one; `numbers`: the case numbers typed in its subject.
    `marked`: the Message-IDs of our mails to whose envelope senders it came; only valid marks name any.
    `answer_for`: the cases to whose answer address staff or the office have written it; `answer`: what of it the person
    gets, None = not read. `forwarded`: the message of somebody else that it brings. `own_note`: the shared mailbox
    wrote it to itself.
    """

    policy: Policy
    arrived: Arrived
    signature: Signature | None
    added: str
    written: Message
    author: str
    sender: Sender
    reading: Classification
    tokened: tuple[str, ...]
    ordered: tuple[str, ...]
    entries: tuple[str, ...]
    writers: tuple[str, ...]
    addressed: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    answer_for: tuple[str, ...] = ()
    pressed: tuple[Pressed, ...] = ()
    voted: tuple[VoteToken, ...] = ()
    answer: AnswerText | None = None
    forwarded: Forwarded | None = None
    own_note: bool = False

    @property
    def may_forward(self) -> bool:
        """Whether it may bring the message of somebody else: proven staff wrote it to the office alone."""
        inside = not self.outsiders and not self.answer_for
        return self.sender.proven and self.folder is not Folder.SENT and inside

    @property
    def may_answer(self) -> bool:
        """Whether it may be an answer: the office or proven staff wrote it, and somebody outside gets it."""
        by_desk = self.folder is Folder.SENT or self.sender.proven
        return bool(self.outsiders) and self.signature is None and by_desk

    @property
    def outsiders(self) -> frozenset[str]:
        """Its recipients without the office, under a plus-address too, and its staff."""
        outside = frozenset(self.arrived.recipients) - self.policy.people.staff
        return frozenset(address for address in outside if not self.policy.office.is_own(address))

    @property
    def refs(self) -> tuple[str, ...]:
        """The Message-IDs that it names, as references or by the address that it came to, and those that a forwarded
        message names and bears."""
        inner = self.forwarded.message if self.forwarded else None
        more = (*inner.refs, inner.message_id) if inner is not None else ()
        return tuple(dict.fromkeys((*self.message.refs, *self.marked, *filter(None, more))))

    @property
    def returned(self) -> tuple[str, ...]:
        """The Message-IDs of the mails that a delivery report is about: what it returns, or where it came to. A server
        that returns nothing, or gave the mail another id, is understood by the second."""
        status = self.message.delivery_status
        return tuple(dict.fromkeys((*status.about, *self.marked))) if status else ()

    @property
    def message(self) -> Message:
        return self.arrived.message

    @property
    def received_at(self) -> datetime:
        return self.arrived.received_at

    @property
    def folder(self) -> Folder:
        return self.arrived.folder

    @property
    def forced(self) -> bool:
        return self.arrived.forced


LookedUp = Lookup | Tick | DeliveryResult | AdminCommand | OutboxCommand | BoardMove | BoardDeletion | ReportReady
"""An `Input` whose message, if it has one, is looked up."""


def looked_up(policy: Policy, inp: Input | LookedUp) -> LookedUp:
    """`inp` with its message looked up under this policy: again only if it was looked up under another."""
    match inp:
        case Arrived():
            return look_up(policy, inp)
        case Lookup() if inp.policy is not policy:
            return look_up(policy, inp.arrived)
        case _:
            return inp


def look_up(policy: Policy, arrived: Arrived) -> Lookup:
    message = arrived.message
    signature = own_signature(policy, message)
    added = ""
    if signature is not None and signature.text:
        added = tokens.added_text(message.text + files(message), signature.text)
    on_top = signature is not None and bool(added or not signature.text)
    written = _written_on_top(policy, message) if on_top else message
    author, sender = author_of(policy, written), sender_of(policy, message)
    of_the_desk = _is_of_the_desk(policy, arrived)
    ours = signature is not None and not on_top and not arrived.forced
    writers = () if ours else _writers(policy, arrived, author)
    # The cases of the answer addresses that it goes to. In a stranger's or a citizen's mail they mean nothing.
    read = (tokens.read_answer_address(policy, address) for address in arrived.recipients if of_the_desk)
    answer_for = tuple(dict.fromkeys(case for case in read if case))
    own_note = signature is None and is_own_note(policy, arrived)
    may_order = sender.proven or own_note
    new = of_the_desk and not message.refs and message.auto is Auto.NONE
    typed_on = calendar.local_day(arrived.received_at, policy) if new else None
    ordered, entries = order_words.named(policy, message.typed, arrived.received_at) if may_order else ((), ())
    return Lookup(
        policy=policy,
        arrived=arrived,
        signature=signature,
        added=added,
        written=written,
        author=author,
        sender=sender,
        reading=_reading(policy, written, calendar.written_on(arrived.received_at, written.sent_at, policy)),
        tokened=(*(case for case in (tokens.read_token(policy, text) for text in message.tokens) if case), *answer_for),
        ordered=ordered,
        entries=entries,
        writers=writers,
        addressed=tuple(address for address in writers if address != message.sender) if new else (),
        numbers=order_words.numbers_in_text(policy, message.subject, typed_on.year) if typed_on else (),
        marked=tuple(name for mark in message.marks for name in tokens.read_return_mark(policy, mark)),
        answer_for=answer_for,
        pressed=tuple(
            one
            for text in message.order_tokens
            if (one := order_words.read_order_token(policy, text, message.sender, arrived.received_at))
        ),
        voted=tuple(vote for text in message.vote_tokens if (vote := tokens.read_vote_token(policy, text))),
        own_note=own_note,
    )


def with_forwarded(lookup: Lookup, forwarded: Forwarded) -> Lookup:
    """The lookup of a colleague's forward: its author is the person whose message it brings."""
    inner = forwarded.message
    if inner is None:
        return replace(lookup, forwarded=forwarded)
    policy = lookup.policy
    inner_day = calendar.local_day(inner.sent_at or lookup.received_at, policy)
    return replace(
        lookup,
        forwarded=forwarded,
        written=inner,
        author=inner.sender,
        reading=_reading(policy, inner, inner_day),
        writers=(inner.sender,),
    )


def _reading(policy: Policy, message: Message, written_on: date) -> Classification:
    return classify(message, policy.form_senders, policy.tax_operator, written_on=written_on)


def files(message: Message) -> str:
    """The names and types of its attachments. Our signature covers those of a relayed answer, of a call for calendars
    and of a report; mail with originals does not come back whole."""
    return named((file.name, file.mime) for file in message.attachments)


def named(attachments: Iterable[tuple[str, str]]) -> str:
    """Each name and type, as a signature covers them beside the text."""
    return "".join(f"[{name} {mime}]" for name, mime in attachments)


def _written_on_top(policy: Policy, message: Message) -> Message:
    """The citizen's message that our mail has grown into: what tells a machine is ours, and often its From too."""
    writer = message.to[0] if message.sender in policy.office.own and message.to else message.sender
    name = message.name if writer == message.sender else ""
    scores = {field: of for field, of in message.features.scores.items() if field != "kind"}
    features = replace(message.features, scores=MappingProxyType(scores))
    return replace(
        message, auto=Auto.NONE, reasons=(), delivery_status=None, sender=writer, name=name, features=features
    )


def _is_of_the_desk(policy: Policy, arrived: Arrived) -> bool:
    return arrived.folder is Folder.SENT or arrived.message.sender in policy.people.staff


def _writers(policy: Policy, arrived: Arrived, author: str) -> tuple[str, ...]:
    message = arrived.message
    staff = message.sender in policy.people.staff
    if not _is_of_the_desk(policy, arrived):
        return (author,)
    office = policy.office.own | policy.people.staff
    outside = [address for address in arrived.recipients if address not in office]
    return tuple(dict.fromkeys((*([message.sender] if staff else []), *outside[:WRITERS_MOST])))


def reads_automatic(lookup: Lookup) -> bool:
    """Whether the words or the subject of a staff mail say that a program wrote it, though no header field does. An
    answer that is taken for an out-of-office leaves its citizen without one: no score alone makes one of it."""
    found, reading = lookup.message.features, lookup.reading
    sure = reading.kind in MACHINES and reading.confidence["kind"] >= _SURE
    return bool(found.marked_as) or (sure and found.names_absence)
