"""Play the messages of the mailbox through the engine, in the order of their arrival, on a virtual clock.

Time passes between them: deadlines fire at their moments, as far as the mailbox shows that the service lived. Mail to
citizens leaves only where its copy is found; mail to staff has no copy and counts as sent. Nothing is ever handed to a
relay, and no message, folder or flag is changed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from oacmail.core.effects import AdminCommand, Arrived, Reconsider, Send
from oacmail.core.errors import Fatal, Refused, Transient
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import Lookup, look_up
from oacmail.core.model import MACHINES, Folder, Kind, Message, MessageRef, Outcome, Role
from oacmail.core.ports import Fetched, Mailbox, Outgoing
from oacmail.core.view import View
from oacmail.engine import Delivery, Engine, Ticks
from oacmail.mail.parse import Parser, RawMessage
from oacmail.mail.parser_config import ParserConfig
from oacmail.rebuild import reopened, told
from oacmail.rebuild.board import PlayedBoard
from oacmail.rebuild.contents import FolderContents, Found, batches, fetched
from oacmail.rebuild.judge import answer_not_found
from oacmail.rebuild.late_reading import LateReadings
from oacmail.rebuild.proofs import HighestNumber, Proof, Proofs
from oacmail.rebuild.told import Orders
from oacmail.replay import VirtualClock
from oacmail.store import SqliteStore, rebuilt

log = structlog.get_logger()
HOUR = timedelta(hours=1)
_NO_REQUEST = (*MACHINES, Kind.SPAM, Kind.THANKS)
_Batch = tuple[Sequence[Found], Mapping[MessageRef, Fetched], Mapping[MessageRef, Callable[[], Message]]]
"""Messages, the bytes of those that exist, and how to get each of these parsed."""


class Nowhere:
    """Port `Transport`: it takes mail to staff and sends none."""

    def send(self, _mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        before_data(False)
        return False

    def close(self) -> None:
        """Do nothing: there is no connection."""


@dataclass(slots=True)
class Play:
    """`lived_until`: the last moment at which the service certainly lived; no deadline is played after it. `gone`: how
    many messages came back from their acknowledgements; `ordered`: how many orders from the mails that they caused, and
    from messages that found their case open; `owed`: numbers of cases of which no copy proves an agent's answer.
    `publish` publishes the report of a month that is over. `on_progress` gets the number of played messages. `board`
    knows when messages were put into the folders of the board; None = there is none. `late_readings`: when the service
    did not look at its deadlines either."""

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
    board: PlayedBoard | None
    late_readings: LateReadings
    gone: int = 0
    ordered: int = 0
    owed: list[str] = field(default_factory=list)
    _acks: Mapping[str, Proof] = field(init=False)
    _of_key: Mapping[str, Proof] = field(init=False)
    _highest: Mapping[str, HighestNumber] = field(init=False)
    _orders: Orders = field(init=False)
    _delivery: Delivery = field(init=False)
    _copies_expected: bool = field(init=False)
    _queued: bool = False

    def __post_init__(self) -> None:
        self._acks = self.proofs.acks()
        self._highest = self.proofs.highest()
        self._of_key = {proof.key: proof for proof in self.proofs.of_the_service}
        self._copies_expected = self.engine.policy.sending.self_copy != "no"
        self._orders = Orders(self.proofs.of_the_service)
        self._delivery = Delivery(
            engine=self.engine, transport=Nowhere(), envelope=lambda _: "", per_minute=0, citizens_may=False
        )
        self.engine.on_mail = self._on_mail

    def _on_mail(self) -> None:
        self._queued = True

    def run(self, messages: Sequence[Found]) -> None:
        """Raises Transient: the mailbox cannot be read now."""
        played = 0
        self.parsing.begin(self.parser_config, len(messages))
        try:
            for batch, got, read in self._ahead(messages):
                for one in batch:
                    self._play(one, got.get(one.ref), read)
                played += len(batch)
                self.on_progress(played)
        finally:
            self.parsing.end()
        self._pass_time(self.lived_until)
        if self.board is not None:
            self._pass_moves(self.board.now)
            self.board.look_at_rest()

    def _ahead(self, messages: Sequence[Found]) -> Iterator[_Batch]:
        """Each batch after the next one is fetched, so that a second process parses that one in the meantime."""
        before: _Batch | None = None
        for batch in batches(messages):
            got = fetched(self.mailbox, batch)
            asked = [one for one in batch if one.ref in got]
            answers = self.parsing.ask([self._raw(one, got[one.ref]) for one in asked])
            read = {one.ref: partial(answers, at) for at, one in enumerate(asked)}
            if before is not None:
                yield before
            before = batch, got, read
        if before is not None:
            yield before

    def _play(self, found: Found, message: Fetched | None, read: Mapping[MessageRef, Callable[[], Message]]) -> None:
        self._pass_time(found.read_at)
        if message is None:
            self.store.end(found.ref, Outcome.GONE)
            return
        self._guarded(found, message, read[found.ref])
        if self._queued and self.clock.now() <= self.lived_until:
            self._drain()

    def _raw(self, found: Found, message: Fetched) -> RawMessage:
        day = found.at.astimezone(self.engine.policy.office.timezone).date().isoformat()
        return RawMessage(raw=message.raw, skipped=message.skipped, day=day)

    # --- one message ------------------------------------------------------------------------------

    def _guarded(self, found: Found, message: Fetched, read: Callable[[], Message]) -> None:
        """A message that raises is left to the service, which tries it again and sets it aside."""
        try:
            self._work(found, message, read)
        except (Transient, Fatal):
            raise
        except Exception:
            log.error("rebuild.message-failed", folder=found.ref.folder, uid=found.ref.uid, exc_info=True)

    def _work(self, found: Found, message: Fetched, read: Callable[[], Message]) -> None:
        arrived = self._arrived(found, read())
        lookup = look_up(self.engine.policy, arrived)
        if self._was_treated_as_a_request(lookup):
            lookup = look_up(self.engine.policy, replace(arrived, forced=True))
        if lookup.signature is not None:
            self._before_a_copy(lookup, lookup.signature.key)
        elif lookup.sender.proven or lookup.own_note:  # an order counts from the moment that our mail about it names
            self.clock.moment = max(self.clock.moment, self._orders.soon_after(found.read_at))
        if self.board is not None and self.board.was_read(found):
            self._open_its_case(lookup)
        self._perform(lookup, message, found.ref)

    def _arrived(self, found: Found, message: Message) -> Arrived:
        """What was acknowledged and lies in Sent or Junk came into INBOX: a person has moved it since."""
        misfiled = found.role in (Folder.SENT, Folder.JUNK) and message.fingerprint in self._acks
        return Arrived(message=message, received_at=found.at, folder=Folder.INTAKE if misfiled else found.role)

    def _before_a_copy(self, lookup: Lookup, key: str) -> None:
        """What only this copy tells (told.py). A copy that was redirected to us, or repeated, tells nothing new."""
        proof = self._of_key.get(key)
        if proof is None or rebuilt.is_queued(self.store.con, key):
            return
        if told.bring_back(self.store, self.engine.policy, proof, lookup.arrived, self.clock.now()):
            self.gone += 1
        elif order := told.ordered(key):
            rebuilt.adopt(self.store.con, order.prefix, key, lookup.message.message_id)

    def _was_treated_as_a_request(self, lookup: Lookup) -> bool:
        """Whether it was acknowledged although its words or fields look like no request: a person has said so."""
        message = lookup.message
        if lookup.signature is not None or lookup.folder is Folder.SENT or message.fingerprint not in self._acks:
            return False
        return lookup.sender.role is Role.ROBOT or lookup.reading.kind in _NO_REQUEST

    def _open_its_case(self, lookup: Lookup) -> None:
        """Open the case that the message joined, if it got no number for one of its own (reopened.py)."""
        now, policy = self.clock.now(), self.engine.policy
        highest = self._highest.get(str(lookup.received_at.astimezone(policy.office.timezone).year))
        told = lookup.message.fingerprint in self._acks or not self._copies_expected
        if highest is None or told or lookup.sender.role is not Role.CITIZEN or now >= highest.arrived_at:
            return
        with self.store.turn() as turn:
            view = turn.view(policy, lookup, now)
        assert isinstance(view, View)
        for command in reopened.orders(policy, view, lookup, now, highest=highest.serial):
            self._give(command)

    def _perform(self, lookup: Lookup, message: Fetched, ref: MessageRef) -> None:
        raw = message.raw if message.complete else None
        decision = self.engine.perform(lookup, raw=raw, message_ref=ref)
        for effect in decision.effects:
            if isinstance(effect, Reconsider):
                self._again(effect.fingerprint)
            if isinstance(effect, Send) and effect.kind is MailKind.RELAYED:
                self._drop_if_unproven(effect.key)

    def _drop_if_unproven(self, key: str) -> None:
        """An agent's answer. The relay replies at once: what it took has left a copy."""
        now = self.clock.now()
        if key in self._of_key or not self._copies_expected or now > self.lived_until:
            return
        case = answer_not_found(self.store, self.engine.policy, key, now)
        if case is not None:
            self.owed.append(case)

    def _again(self, fingerprint: str) -> None:
        """Decide a message of the desk again that was played before the message which it answers."""
        roles = {box.watched.name: box.watched.role for box in self.folders}
        for ref in rebuilt.to_decide_again(self.store.con, fingerprint):
            at = self.store.known(ref.folder, ref.uidvalidity, [ref.uid])[ref.uid].internal_date
            found = Found(ref=ref, role=roles[ref.folder], at=at, read_at=at, size=0, own=False)
            message = fetched(self.mailbox, [found]).get(ref)
            if message is not None:
                read = self._raw(found, message).read(self.parser_config)
                arrived = Arrived(message=read, received_at=at, folder=found.role)
                self._perform(look_up(self.engine.policy, arrived), message, ref)

    # --- time -------------------------------------------------------------------------------------

    def _pass_time(self, until: datetime) -> None:
        """Play each moment before `until` at which something is due, was ordered or was moved, and each hour, while the
        service lived."""
        while order := self._orders.due(until):
            self._pass_moves(order.at)
            self._order_again(order)
        self._pass_moves(until)

    def _pass_moves(self, until: datetime) -> None:
        while self.board is not None and (put := self.board.due(until)):
            self._let_pass(put.at)
            self.board.look(put)
        self._let_pass(until)

    def _order_again(self, order: told.Ordered) -> None:
        """Unless a message has given the order already."""
        lost = rebuilt.status(self.store.con, order.command.case) is None
        if lost or rebuilt.begins(self.store.con, order.prefix):
            return
        self._give(order.command)

    def _give(self, command: AdminCommand) -> None:
        try:
            self.engine.perform(command)
            self.ordered += 1
        except Refused:
            log.info("rebuild.order-refused", case=command.case, kind=command.verb)

    def _let_pass(self, until: datetime) -> None:
        end = min(until, self.lived_until)
        while (moment := self._next()) <= end:
            if silence := self.late_readings.silence_at(moment):
                self.clock.moment = min(silence.ends, until)
                continue
            self.clock.moment = moment
            self._read_so_far()
            Ticks(engine=self.engine).tick()
            self._publish()
            self._drain()
        self.clock.moment = max(self.clock.moment, until)

    def _publish(self) -> None:
        """At the hour of the digest, as the service does."""
        policy, now = self.engine.policy, self.clock.now()
        if now.astimezone(policy.office.timezone).hour == policy.digest.at.hour:
            self.publish()

    def _next(self) -> datetime:
        now = self.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0) + HOUR
        due = rebuilt.next_wake(self.store.con, now)
        return min(hour, due) if due is not None else hour

    def _read_so_far(self) -> None:
        self.store.synced((box.read(compared=False) for box in self.folders), self.clock.now())

    def _drain(self) -> None:
        self._queued = False
        while self._delivery.drain():
            pass
