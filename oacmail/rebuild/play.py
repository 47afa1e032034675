"""A mailbox without a copy of the ledger that fits: its messages are played through the engine, on a virtual clock.

They come in the order of their arrival, and deadlines fire at their moments, as far as our own mail shows that the
service lived. The signed copies of our own mail are the only proofs: which number a citizen was told, and which mail
left when. Mail to citizens leaves only where its copy is found; mail to staff has no copy and counts as sent. Nothing
is handed to a relay, and no message, folder or flag is changed. What only the lost database knew is not guessed.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import kinds
from oacmail.core.effects import Arrived, Decision, Effect, Reconsider, RequestReview, UpdateOutbox
from oacmail.core.errors import Fatal, Transient
from oacmail.core.kinds import MailEvent, MailKind
from oacmail.core.lookup import Lookup, look_up
from oacmail.core.model import MACHINES, Folder, Kind, Message, MessageRef, Outcome, Role
from oacmail.core.policy import Policy
from oacmail.core.ports import Fetched, Mailbox, Outgoing
from oacmail.core.sender import claimed_number, own_signature
from oacmail.core.tokens import TRIAL, claimed_key_and_message, is_foreign
from oacmail.engine.delivery import Delivery
from oacmail.engine.engine import Engine, Ticks
from oacmail.mail.parse import Parser, parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.rebuild.contents import FolderContents, Found, fetched, read
from oacmail.replay import VirtualClock
from oacmail.store import rebuilt
from oacmail.store.rebuilt import NOT_FOUND, Unproven
from oacmail.store.store import SqliteStore

log = logging.getLogger(__name__)
HOUR = timedelta(hours=1)
_NO_REQUEST = (*MACHINES, Kind.SPAM, Kind.THANKS)
_HELD = (MailKind.ACK, MailKind.RELAYED)  # a person hears that nothing shows whether these have left

# --- Proofs ----------------------------------------------------------------------------------------------------------


class Proof(Struct, frozen=True, kw_only=True):
    """A copy of our own mail. `case`: the number that it names, '' = none; `message`: the fingerprint of the message
    that it answers, '' = none, which came at `received_at`; `refs`: the Message-IDs that it names. `at`: when it left:
    its Date, which the signature covers, or the arrival of the copy if the clock was ahead."""

    key: str
    case: str
    message: str
    recipient: str
    refs: tuple[str, ...]
    received_at: datetime | None
    at: datetime

    @property
    def is_acknowledgement(self) -> bool:
        return kinds.of_key(self.key) is MailKind.ACK and bool(self.case and self.message)


class Proofs(Struct, frozen=True, kw_only=True):
    """One of each mail, the earliest. `foreign`: how many mails bear a signature that looks like ours under another
    key; `claimed`: fingerprint of a message -> the number that the acknowledgements among these have told for it."""

    proven: tuple[Proof, ...]
    foreign: int
    claimed: Mapping[str, str]

    @property
    def of_the_service(self) -> tuple[Proof, ...]:
        """Without trials, which `oacmail check` sends without a daemon."""
        return tuple(proof for proof in self.proven if not proof.key.startswith(TRIAL))

    @property
    def first(self) -> datetime | None:
        """When the first message arrived that we have answered."""
        return min((proof.received_at or proof.at for proof in self.of_the_service), default=None)

    @property
    def last(self) -> datetime | None:
        """The last sign of life of the service."""
        return max((proof.at for proof in self.of_the_service), default=None)

    @property
    def cases(self) -> frozenset[str]:
        """The numbers that were told."""
        return frozenset((*(proof.case for proof in self.proven if proof.case), *self.claimed.values()))


def proofs(policy: Policy, copies: Iterable[tuple[Found, bytes]]) -> Proofs:
    """`copies`: messages with a field X-Oacmail, and their bytes, of which only the head is read. Whoever has written
    such a field without the key proves nothing; but in Sent, under our own address, it tells a number best."""
    proven: dict[str, Proof] = {}
    claimed: dict[str, str] = {}
    foreign = 0
    for found, raw in copies:
        head, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        message = parse(head + b"\n\n")
        signed = own_signature(policy, message)
        if signed is None or not _is_of_a_mail(signed.key):
            other = next((one for one in message.signatures if is_foreign(policy, one)), "")
            if found.role is Folder.SENT and other:
                foreign += 1
                _, about = claimed_key_and_message(other)
                number = claimed_number(policy, message)
                if number and f"k=ack:{about};" in other:
                    claimed.setdefault(about, number)
            continue
        proof = Proof(
            key=signed.key,
            case=signed.case,
            message=signed.message,
            recipient=message.to[0],
            refs=message.refs,
            received_at=signed.received_at,
            at=min(message.sent_at or found.at, found.at),
        )
        if signed.key not in proven or proof.at < proven[signed.key].at:
            proven[signed.key] = proof
    return Proofs(proven=tuple(proven.values()), foreign=foreign, claimed=claimed)


def _is_of_a_mail(key: str) -> bool:
    try:
        kinds.of_key(key)
    except ValueError:
        return False
    return True


# --- Play ------------------------------------------------------------------------------------------------------------


class Nowhere:
    """Port `Transport`: it takes mail to staff and sends none."""

    def send(self, _mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        before_data(False)
        return False

    def close(self) -> None:
        """Do nothing: there is no connection."""


class Play(Struct, dict=True):
    """`lived_until`: the last moment at which the service certainly lived; no deadline is played after it. `publish`
    publishes the report of a month that is over. `on_progress` gets the number of played messages."""

    engine: Engine
    store: SqliteStore
    clock: VirtualClock
    mailbox: Mailbox
    parsing: Parser
    parser_config: ParserConfig
    folders: Sequence[FolderContents]
    proofs: Proofs
    lived_until: datetime
    publish: Callable[[], None]
    on_progress: Callable[[int], None]
    _queued: bool = False

    def __post_init__(self) -> None:
        self.engine.on_mail = self._on_mail

    @cached_property
    def _acks(self) -> Mapping[str, Proof]:
        return {proof.message: proof for proof in self.proofs.proven if proof.is_acknowledgement}

    @cached_property
    def _delivery(self) -> Delivery:
        return Delivery(engine=self.engine, transport=Nowhere(), per_minute=0)

    def _on_mail(self) -> None:
        self._queued = True

    def run(self, messages: Sequence[Found]) -> None:
        """Raises Transient: the mailbox cannot be read now."""
        zone = self.engine.policy.office.timezone
        ahead = read(self.mailbox, messages, self.parsing, self.parser_config, zone)
        for played, (found, message, parsed) in enumerate(ahead, 1):
            self._pass_time(found.at)
            if message is None:
                self.store.end(found.ref, Outcome.GONE)
            else:
                self._guarded(found, message, parsed)
            if self._queued and self.clock.now() <= self.lived_until:
                self._drain()
            self.on_progress(played)
        self._pass_time(self.lived_until)

    # --- one message ------------------------------------------------------------------------------

    def _guarded(self, found: Found, message: Fetched, parsed: Callable[[], Message]) -> None:
        """A message that raises is left to the service, which tries it again and sets it aside."""
        try:
            self._work(found, message, parsed())
        except (Transient, Fatal):
            raise
        except Exception:
            log.error("rebuild.message-failed", {"folder": found.ref.folder, "uid": found.ref.uid}, exc_info=True)

    def _work(self, found: Found, raw: Fetched, message: Message) -> None:
        # What was acknowledged came into INBOX, wherever a person has moved it, and was treated as a request.
        acked = message.fingerprint in self._acks
        role = Folder.INTAKE if acked and found.role in (Folder.SENT, Folder.JUNK) else found.role
        arrived = Arrived(message=message, received_at=found.at, folder=role)
        lookup = look_up(self.engine.policy, arrived)
        no_request = lookup.sender.role is Role.ROBOT or lookup.reading.kind in _NO_REQUEST
        if acked and lookup.signature is None and no_request:
            lookup = look_up(self.engine.policy, replace(arrived, forced=True))
        self._perform(lookup, raw, found.ref)

    def _perform(self, lookup: Lookup, message: Fetched, ref: MessageRef) -> None:
        raw = message.raw if message.complete else None
        for effect in self.engine.perform(lookup, raw=raw, message_ref=ref).effects:
            if isinstance(effect, Reconsider):
                self._again(effect.fingerprint)

    def _again(self, fingerprint: str) -> None:
        """Decide a message of the desk again that was played before the message which it answers."""
        roles = {box.watched.name: box.watched.role for box in self.folders}
        for ref in rebuilt.to_decide_again(self.store.con, fingerprint):
            at = self.store.known(ref.folder, ref.uidvalidity, [ref.uid])[ref.uid].internal_date
            found = Found(ref=ref, role=roles[ref.folder], at=at, size=0, own=False)
            message = fetched(self.mailbox, [found]).get(ref)
            if message is not None:
                self._work(found, message, parse(message.raw, self.parser_config, skipped=message.skipped))

    # --- time -------------------------------------------------------------------------------------

    def _pass_time(self, until: datetime) -> None:
        """Play each moment before `until` at which something is due, and each hour, while the service lived."""
        end = min(until, self.lived_until)
        while (moment := self._next()) <= end:
            self.clock.moment = moment
            self.store.synced((box.read(compared=False) for box in self.folders), moment)
            Ticks(engine=self.engine).tick()
            policy = self.engine.policy
            if moment.astimezone(policy.office.timezone).hour == policy.digest.at.hour:
                self.publish()
            self._drain()
        self.clock.moment = max(self.clock.moment, until)

    def _next(self) -> datetime:
        now = self.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0) + HOUR
        due = rebuilt.next_wake(self.store.con, now)
        return min(hour, due) if due is not None else hour

    def _drain(self) -> None:
        self._queued = False
        while self._delivery.drain():
            pass


# --- Mail without a copy ---------------------------------------------------------------------------------------------
# While the service lived, mail to a citizen without a copy either never left or nothing proves that it did: an
# acknowledgement and an agent's answer are held until a person has decided, any other mail is dropped, since its moment
# is over. What was queued after the last sign of life cannot have left; the service sends it, unless it is too old.


class UnprovenMails(Struct, frozen=True, kw_only=True):
    held: tuple[Unproven, ...]
    dropped: tuple[Unproven, ...]
    waiting: tuple[Unproven, ...]


def settle_unproven(store: SqliteStore, policy: Policy, *, lived_until: datetime, now: datetime) -> UnprovenMails:
    unproven = rebuilt.unproven(store.con, policy.people.staff)
    most = timedelta(hours=policy.budgets.max_age_hours) or timedelta.max
    waiting = [mail for mail in unproven if mail.queued_at > lived_until and now - mail.queued_at <= most]
    rest = [mail for mail in unproven if mail not in waiting]
    held = [mail for mail in rest if mail.kind in _HELD]
    dropped = [mail for mail in rest if mail.kind not in _HELD]
    with store.turn() as turn:
        turn.apply(Decision(effects=tuple(_settled(held, dropped)), because=()), now=now, mails={})
    return UnprovenMails(held=tuple(held), dropped=tuple(dropped), waiting=tuple(waiting))


def _settled(held: Iterable[Unproven], dropped: Iterable[Unproven]) -> Iterator[Effect]:
    for mail in held:
        yield UpdateOutbox(key=mail.key, event=MailEvent.HELD, error=NOT_FOUND)
        yield RequestReview(reason=NOT_FOUND, message=mail.key.partition(":")[2])
    for mail in dropped:
        yield UpdateOutbox(key=mail.key, event=MailEvent.DROPPED)
