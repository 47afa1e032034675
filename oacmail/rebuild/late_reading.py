"""When the service could not read INBOX: it stood still, the server was away, or the folder could not be opened.

An acknowledgement is signed with the arrival of its message and dated when the message was read; where its copy arrived
before that Date, the clock was ahead, and the copy says when. Where all messages of some hours were read together at
the end, so were the others of these hours, and requests from before them that were not acknowledged: what they caused
counts from that moment. A request that got an answer and no acknowledgement, though it was not too old for one, tells
that Sent was read in the meantime. Nothing is played here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from oacmail.core.effects import Arrived
from oacmail.core.lookup import Lookup, look_up
from oacmail.core.model import Folder, Kind, Role
from oacmail.core.policy import Policy
from oacmail.core.ports import Mailbox
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.rebuild.contents import Found, batches, fetched
from oacmail.rebuild.proofs import Proof, Proofs

LATE = timedelta(minutes=30)  # a message that is read later than that after its arrival had to wait
TOGETHER = timedelta(minutes=15)  # in which the messages that have waited are read
RECENT = timedelta(days=30)  # in which a question is answered, or its case is closed
NEAR = 20  # acknowledged messages among which the last one that was read at once is looked for
_WAITS = (Folder.INTAKE, Folder.BOARD)  # on the board lies what was moved there from INBOX
_READ = (*_WAITS, Folder.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReading:
    """INBOX was not read between these moments. `sent_read`: Sent was; `silent`: the service gave no sign of life."""

    begins: datetime
    ends: datetime
    silent: bool
    sent_read: bool = False

    def covers(self, found: Found) -> bool:
        waits = found.role in _WAITS or (found.role is Folder.SENT and not self.sent_read)
        return waits and not found.own and self.begins <= found.at < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReadings:
    """In order of time."""

    all: tuple[LateReading, ...] = ()

    def in_order(self, messages: Iterable[Found]) -> list[Found]:
        """The messages in the order in which they were read."""
        read = (replace(one, read_at=self._read_at(one)) for one in messages)
        return sorted(read, key=lambda one: one.order)

    def _read_at(self, found: Found) -> datetime:
        late_reading = self._at(found.at)
        return late_reading.ends if late_reading is not None and late_reading.covers(found) else found.at

    def moves_read_at(self, moment: datetime) -> datetime:
        """When the service saw what a person had moved on the board then: it judges moves once every folder is read."""
        late_reading = self._at(moment)
        return max(moment, late_reading.ends) if late_reading is not None else moment

    def silence_at(self, moment: datetime) -> LateReading | None:
        """The hours without a sign of life around that moment; None = the service lived."""
        late_reading = self._at(moment)
        return late_reading if late_reading is not None and late_reading.silent and moment < late_reading.ends else None

    def _at(self, moment: datetime) -> LateReading | None:
        """The last one that had begun."""
        index = bisect_right(self.all, moment, key=lambda one: one.begins)
        return self.all[index - 1] if index else None


@dataclass(slots=True, kw_only=True)
class LateReadingFinder:
    """Finds the hours in which INBOX was not read. `messages`: all, by arrival."""

    policy: Policy
    parser_config: ParserConfig
    mailbox: Mailbox
    messages: Sequence[Found]
    proofs: Proofs
    _acks: Mapping[str, Proof] = field(init=False)

    def __post_init__(self) -> None:
        self._acks = self.proofs.acks()

    def find(self) -> LateReadings:
        """Also read the messages of these hours. Raises Transient."""
        acks = [(proof.received_at, proof.at) for proof in self._acks.values() if proof.received_at]
        return LateReadings(all=tuple(self._found(sorted(acks))))

    def _found(self, acks: Sequence[tuple[datetime, datetime]]) -> Iterator[LateReading]:
        """`acks`: when each acknowledged message arrived and was read, by arrival."""
        alive = sorted(proof.at for proof in self.proofs.of_the_service)
        for begins, ends in _groups(acks):
            first, last = (bisect_left(acks, (moment,)) for moment in (begins, ends - TOGETHER))
            if any(abs(read - ends) > TOGETHER for _, read in acks[first:last]):
                continue
            silent = bisect_right(alive, begins) == bisect_left(alive, ends - TOGETHER)
            read_before = [read for _, read in acks[max(first - NEAR, 0) : first] if read <= begins]
            before = max(read_before) if read_before else self.messages[0].at if not first else begins
            yield self._with_requests(LateReading(begins=begins, ends=ends, silent=silent), before)

    def _with_requests(self, late_reading: LateReading, before: datetime) -> LateReading:
        """`before`: when INBOX was certainly read last. A request without an acknowledgement that has waited so long
        that it gets none, or was answered meanwhile, waited for the same moment."""
        read = list(self._read(before, late_reading.ends, _READ))
        answered = {
            one.message.refs[-1]: one.received_at for one in read if one.folder is Folder.SENT and one.message.refs
        }
        hours = self.policy.budgets.max_age_hours
        youngest = late_reading.ends - timedelta(hours=hours) if hours else before
        first: dict[str, Lookup] = {}
        for one in filter(self._is_unacknowledged, read):
            first.setdefault(one.author, one)
        old = [one.received_at for one in first.values() if one.received_at < youngest]
        early = [
            one.received_at
            for one in first.values()
            if youngest <= one.received_at < answered.get(one.message.message_id, before)
            and self._was_answered_before(one)
            and not self._was_acknowledged_with(one, late_reading)
        ]
        begins = min((late_reading.begins, *old, *early))
        return replace(late_reading, begins=begins, sent_read=bool(early))

    def _is_unacknowledged(self, lookup: Lookup) -> bool:
        """Whether it is a request that we did not acknowledge."""
        request = lookup.sender.role is Role.CITIZEN and lookup.reading.kind is Kind.REQUEST
        return request and lookup.folder is not Folder.SENT and lookup.message.fingerprint not in self._acks

    def _was_acknowledged_with(self, lookup: Lookup, late_reading: LateReading) -> bool:
        """Whether the author was acknowledged for an earlier message of these hours: the limits of acknowledgements may
        have held back the one of this message."""
        return any(
            proof.recipient == lookup.author
            and proof.received_at is not None
            and late_reading.begins <= proof.received_at < lookup.received_at
            for proof in self._acks.values()
        )

    def _was_answered_before(self, lookup: Lookup) -> bool:
        """Whether the desk had answered what the author was acknowledged for last on this case: then the message, read
        before its own answer, had been acknowledged."""
        refs, before = set(lookup.message.refs), lookup.received_at
        own = [(proof.received_at, proof) for proof in self._acks.values() if proof.recipient == lookup.author]
        cases = {*lookup.tokened, *(proof.case for _, proof in own if not refs.isdisjoint(proof.refs[-1:]))}
        lately = [(at, proof) for at, proof in own if at and before - RECENT < at < before]
        about = [(at, proof.refs[-1]) for at, proof in lately if proof.case in cases and proof.refs]
        if not about:
            return False
        at, message_id = max(about)
        return any(message_id in one.message.refs for one in self._read(at, before, (Folder.SENT,)))

    def _read(self, begins: datetime, ends: datetime, roles: Collection[Folder]) -> Iterator[Lookup]:
        first, last = (bisect_left(self.messages, moment, key=lambda one: one.at) for moment in (begins, ends))
        wanted = [one for one in self.messages[first:last] if one.role in roles and not one.own]
        for batch in batches(wanted):
            got = fetched(self.mailbox, batch)
            for one in (one for one in batch if one.ref in got):
                message = parse(got[one.ref].raw, self.parser_config, skipped=got[one.ref].skipped)
                yield look_up(self.policy, Arrived(message=message, received_at=one.at, folder=one.role))


def _groups(acks: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """(arrival of the first, when the first was read) of the messages that were read late and together: none is played
    after its own acknowledgement."""
    groups: list[list[tuple[datetime, datetime]]] = []
    for arrived, read in acks:
        if read - arrived <= LATE:
            continue
        if groups and abs(read - groups[-1][-1][1]) <= TOGETHER:
            groups[-1].append((arrived, read))
        else:
            groups.append([(arrived, read)])
    return ((group[0][0], min(read for _, read in group)) for group in groups)
