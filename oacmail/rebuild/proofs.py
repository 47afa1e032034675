"""What the copies of our own mails prove: which mail left when, and which number a citizen was told.

Only a field X-Oacmail that the token key verifies for recipient and Date is a proof; whoever wrote another one proves
nothing. This module never decides what follows from a proof, and reads header fields only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from oacmail.core import kinds
from oacmail.core.kinds import MailKind
from oacmail.core.model import Folder, Message
from oacmail.core.policy import Policy
from oacmail.core.sender import own_signature
from oacmail.core.tokens import TRIAL, is_foreign
from oacmail.mail.parse import parse
from oacmail.rebuild.contents import Found
from oacmail.store.rebuilt_numbers import GivenNumber

ACK = "ack:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A copy of our own mail. `case`: the number that it names, '' = none; `message`: the fingerprint of the message
    that it answers, '' = none; `received_at`, `due_at`: of that message, as the signature says; `sent_at`: its
    Date, which the signature covers; `left_at`: when the copy arrived. `refs`: the Message-IDs that it names."""

    key: str
    case: str
    message: str
    recipient: str
    refs: tuple[str, ...]
    received_at: datetime | None
    due_at: datetime | None
    sent_at: datetime
    left_at: datetime

    @property
    def at(self) -> datetime:
        """When it left: the Date that the service signed, since people can send a copy again, or the arrival of the
        copy, if the clock was ahead."""
        return min(self.sent_at, self.left_at)

    @property
    def is_acknowledgement(self) -> bool:
        return self.key.startswith(ACK) and bool(self.case and self.message)

    @property
    def is_trial(self) -> bool:
        """Whether `oacmail check` or a probe of the relay sent it: it is about no case, and no daemon need have run."""
        return self.key.startswith(TRIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighestNumber:
    """The highest serial of a year that our own mails tell, and when the message arrived that got it; if none tells
    that, when it was told."""

    serial: int
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """`foreign`: how many mails bear a signature that looks like ours under another key. `acks`: fingerprint of the
    acknowledged message to the proof."""

    proven: tuple[Proof, ...]
    foreign: int

    @property
    def of_the_service(self) -> tuple[Proof, ...]:
        return tuple(proof for proof in self.proven if not proof.is_trial)

    @property
    def first(self) -> datetime | None:
        """When the first message arrived that we have answered."""
        return min((proof.received_at or proof.left_at for proof in self.of_the_service), default=None)

    @property
    def last(self) -> datetime | None:
        """The last sign of life of the service."""
        return max((proof.at for proof in self.of_the_service), default=None)

    def told(self) -> Mapping[str, GivenNumber]:
        """Each number of a case, by the first mail that names it."""
        return {
            proof.case: GivenNumber(told_at=proof.at, told_to=proof.recipient, arrived_at=proof.received_at)
            for proof in sorted(self.proven, key=attrgetter("at"), reverse=True)
            if proof.case
        }

    def highest(self) -> Mapping[str, HighestNumber]:
        """The highest number of each year. The numbers below it were given to messages that were read before."""
        found: dict[str, HighestNumber] = {}
        for number, given in self.told().items():
            _, year, serial = number.rsplit("-", 2)
            if year not in found or int(serial) > found[year].serial:
                found[year] = HighestNumber(serial=int(serial), arrived_at=given.arrived_at or given.told_at)
        return found

    def acks(self) -> Mapping[str, Proof]:
        return {proof.message: proof for proof in self.proven if proof.is_acknowledgement}


def read(policy: Policy, copies: Iterable[tuple[Found, bytes]]) -> Proofs:
    """`copies`: messages with a field X-Oacmail, and their bytes."""
    proven: list[Proof] = []
    foreign = 0
    for found, raw in copies:
        message = parse(_head(raw))
        proof = _proof(policy, found, message)
        if proof is not None:
            proven.append(proof)
        elif found.role is Folder.SENT:
            foreign += any(is_foreign(policy, one) for one in message.signatures)
    return Proofs(proven=tuple(_first_of_each(proven)), foreign=foreign)


def _head(raw: bytes) -> bytes:
    head, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    return head + b"\n\n"


def _proof(policy: Policy, found: Found, message: Message) -> Proof | None:
    signed = own_signature(policy, message)
    if signed is None or not _is_known(signed.key):
        return None
    return Proof(
        key=signed.key,
        case=signed.case,
        message=signed.message,
        recipient=message.to[0],
        refs=message.refs,
        received_at=signed.received_at,
        due_at=signed.due_at,
        sent_at=message.sent_at or found.at,
        left_at=found.at,
    )


def _is_known(key: str) -> bool:
    try:
        return isinstance(kinds.of_key(key), MailKind)
    except ValueError:
        return False


def _first_of_each(proven: Iterable[Proof]) -> Iterator[Proof]:
    """A later copy of the same mail is a duplicate, or a citizen's redirection of it."""
    seen: set[str] = set()
    for proof in sorted(proven, key=lambda proof: proof.left_at):
        if proof.key not in seen:
            seen.add(proof.key)
            yield proof
