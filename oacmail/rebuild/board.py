"""What the folders of the board tell: a person has moved a case whose messages lie elsewhere than its state says.

Where the server tells when a message was put into its folder (RFC 8514, SAVEDATE), the move counts from then, and is
played at its moment: the state that the case had at that moment says who moved the message. Elsewhere it counts from
the last sign of life; what happened to the case in the minutes before, or after it, says more than where the service
had left its messages. A move that the rules refuse changes nothing, although the service puts such a move back: it may
have had no time, or no room. Its case is listed. Messages in INBOX tell nothing: they may not have been moved yet. No
message is moved here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from oacmail.core.board import NO_REQUEST, OPENS, PERHAPS_REQUESTS, BoardNames, agents_of, belongs
from oacmail.core.effects import Arrived, BoardMove
from oacmail.core.handlers.from_board import on_board_move
from oacmail.core.model import BoardFolder, BoardPlace, Folder, MessageRef
from oacmail.core.policy import Policy
from oacmail.core.ports import Mailbox, WatchedFolder
from oacmail.core.view import CommandView
from oacmail.engine import Engine
from oacmail.engine.board import MOVES_MOST, TRACKED, WITHIN
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.rebuild.contents import FolderContents, Found, fetched
from oacmail.rebuild.late_reading import LateReadings
from oacmail.rebuild.proofs import Proof
from oacmail.replay import VirtualClock
from oacmail.store import SqliteStore, rebuilt
from oacmail.store.board import Placed

AT_ONCE = timedelta(seconds=1)
"""A message that lies in a folder so soon after its arrival was delivered there: that orders nothing."""
LAG = timedelta(minutes=10)  # so long after a change the service has certainly moved the messages, if it lived


def names_on(policy: Policy, mailbox: Mailbox) -> BoardNames | None:
    """The names of the board's folders; None = there is no board. No folder is made."""
    if policy.board is None:
        return None
    tree = mailbox.tree()
    return BoardNames(board=policy.board, separator=tree.separator, prefix=tree.prefix)


def with_its_folders(policy: Policy, mailbox: Mailbox, names: BoardNames | None) -> Sequence[WatchedFolder]:
    watched = mailbox.watched()
    if names is None:
        return watched
    fixed = names.fixed(agents_of(policy.people.agents))
    existing = mailbox.tree().names
    mine = (existing & fixed.keys()) | names.below(existing)
    return [
        *(folder for folder in watched if folder.name not in mine),
        *(WatchedFolder(name=name, role=Folder.BOARD) for name in sorted(mine)),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A message that was put into a folder of the board after its arrival, by the service or a person. `at`: when the
    service saw it there."""

    at: datetime
    found: Found
    to: BoardPlace


@dataclass(slots=True)
class PlayedBoard:
    """`acks`: fingerprint of a message -> its acknowledgement. `moved`: numbers of the cases that a folder has changed;
    `unproven`: of those whose folder says what nothing else
    proves, as that a waiting case was answered."""

    engine: Engine
    store: SqliteStore
    clock: VirtualClock
    mailbox: Mailbox
    parser_config: ParserConfig
    names: BoardNames
    folders: Sequence[FolderContents]
    lived_until: datetime
    now: datetime
    late_readings: LateReadings
    acks: Mapping[str, Proof]
    moved: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    _saved: Mapping[str, Mapping[int, datetime]] = field(init=False)
    _puts: list[Put] = field(init=False)
    _dated: frozenset[MessageRef] = field(init=False)

    def __post_init__(self) -> None:
        """Latest first: `due` takes from the end."""
        self._saved = {box.watched.name: box.saved for box in self.folders}
        self._puts = sorted(self._all_puts(), key=lambda put: (put.at, put.found.order), reverse=True)
        self._dated = frozenset(put.found.ref for put in self._puts)

    def _all_puts(self) -> Iterable[Put]:
        for box in self.folders:
            to = self.names.place(box.watched.name, self._agents)
            if to is None or to.folder is BoardFolder.INTAKE:
                continue
            for found in box.found(self.now):
                at = box.saved.get(found.ref.uid)
                if at is not None and found.at + AT_ONCE < at < self.now:
                    yield Put(at=self.late_readings.moves_read_at(at), found=found, to=to)

    def due(self, until: datetime) -> Put | None:
        """The next one before that moment, once."""
        return self._puts.pop() if self._puts and self._puts[-1].at < until else None

    def look_at_rest(self) -> None:
        """Play what the service has seen in the last moment."""
        while self._puts:
            self.look(self._puts.pop())

    def look(self, put: Put) -> None:
        """Play it as a person's move if the case did not belong there at that moment."""
        known = self.store.board_at(put.found.ref)
        if known is None:
            return
        message, standing = known
        case = self.store.board_case(message)
        if case is None and standing.outcome in PERHAPS_REQUESTS and put.to.folder in OPENS:
            self._open([put.found])
        elif case is not None and put.to != belongs(standing) and self._is_about(put, message, case):
            self._move(BoardMove(message=message, case=case, to=put.to))

    def was_read(self, found: Found) -> bool:
        """Whether the service has certainly read this message: it, or a person later, has put it into a folder of the
        board."""
        at = self._saved.get(found.ref.folder, {}).get(found.ref.uid)
        return found.role is Folder.BOARD and at is not None and at <= self._settled

    def _is_about(self, put: Put, message: str, case: str) -> bool:
        """Whether the put says something of this case. Thanks say nothing if the service had put the first message
        elsewhere, since they may have been another case's; only the first message puts a case aside as no request."""
        first = rebuilt.first_message(self.store.con, case)
        if put.to.folder in NO_REQUEST:
            return self._puts_aside(put, message, first)
        if put.found.ref.folder in {ref.folder for ref in first}:
            return True
        puts = [self._saved.get(ref.folder, {}).get(ref.uid) for ref in first]
        apart = any(at is not None and at <= self._settled for at in puts)
        return not (apart and rebuilt.is_thanks(self.store.con, message))

    def _puts_aside(self, put: Put, message: str, first: Sequence[MessageRef]) -> bool:
        """Whether a person has put it there, and the service has followed. It files a message there itself that is
        acknowledged later, and does not follow so many moves at once."""
        saved = self._saved[put.found.ref.folder]
        ack, at = self.acks.get(message), saved[put.found.ref.uid]
        filed_before = ack is not None and at < ack.at
        at_once = sum(abs(one - at) <= WITHIN for one in saved.values())
        return list(first) == [put.found.ref] and not filed_before and at_once <= MOVES_MOST

    def read(self) -> None:
        """Record where each message lies, then what that says of its case. Raises Transient."""
        self._record()
        placed = [(self.store.board_case(one.message) or "", one) for one in self.store.board_placed(None)]
        placed.sort(key=itemgetter(0))
        ours = {case: [one for _, one in some] for case, some in groupby(placed, key=itemgetter(0))}
        self._without_case(ours.pop("", ()))
        aside = {case for case, some in ours.items() if self._is_to_be_put_aside(case, some)}
        many = len(aside) > MOVES_MOST  # perhaps at once: the service would wait for a word
        for case, some in ours.items():
            if many and case in aside:
                self.unproven.append(case)
            else:
                self._case(case, some)

    def _record(self) -> None:
        with self.store.together():
            self.store.board_folders([box.watched.name for box in self.folders])
            for box in self.folders:
                if box.watched.role in TRACKED:
                    self.store.board_seen(box.watched.name, box.state.uidvalidity, {meta.uid for meta in box.metas}, ())
            self.store.board_begin()

    def _case(self, case: str, placed: Sequence[Placed]) -> None:
        to, one = self._common(placed), placed[0]
        if to is None or to == belongs(one.standing) or rebuilt.last_arrival(self.store.con, case) > self._settled:
            return
        may = to.folder not in NO_REQUEST or self._is_to_be_put_aside(case, placed)
        if not (may and self._move(BoardMove(message=one.message, case=case, to=to))):
            self.unproven.append(case)

    def _is_to_be_put_aside(self, case: str, placed: Sequence[Placed]) -> bool:
        """Whether its first message lies in a folder of what is no request. Where SAVEDATE tells when it was put there,
        `look` has decided already."""
        to, ref = self._common(placed), placed[0].ref
        if to is None or to.folder not in NO_REQUEST or to == belongs(placed[0].standing) or ref in self._dated:
            return False
        return [one.folder for one in rebuilt.first_message(self.store.con, case)] == [ref.folder]

    def _common(self, placed: Sequence[Placed]) -> BoardPlace | None:
        """The place in which all of them lie; None = there is none, or it is INBOX."""
        places = {self.names.place(one.ref.folder, self._agents) for one in placed}
        place = places.pop() if len(places) == 1 else None
        return None if place is None or place.folder is BoardFolder.INTAKE else place

    @property
    def _agents(self) -> tuple[str, ...]:
        return agents_of(self.engine.policy.people.agents)

    @property
    def _settled(self) -> datetime:
        """What was put or arrived by then, the service has seen if it lived and could read every folder."""
        return self.lived_until - LAG

    def _move(self, move: BoardMove) -> bool:
        """Return whether the rules allow such a move."""
        with self.store.turn() as turn:
            view = turn.view(self.engine.policy, move, self.engine.now())
        assert isinstance(view, CommandView)
        if on_board_move(self.engine.policy, view, move, self.engine.now()).because == ("refused",):
            return False
        self.engine.perform(move)
        self.moved.append(move.case or "")
        return True

    def _without_case(self, placed: Iterable[Placed]) -> None:
        """What lies in a folder of open cases is a request after all: a person has put it there."""
        refs = {one.ref for one in placed if one.standing.outcome in PERHAPS_REQUESTS and self._opens(one)}
        self._open([one for one in self._messages() if one.ref in refs])

    def _open(self, requests: Sequence[Found]) -> None:
        for ref, message in fetched(self.mailbox, requests).items():
            at = next(one.at for one in requests if one.ref == ref)
            day = at.astimezone(self.engine.policy.office.timezone).date().isoformat()
            read = parse(message.raw, self.parser_config, day=day, skipped=message.skipped)
            arrived = Arrived(message=read, received_at=at, folder=Folder.BOARD, forced=True)
            self.engine.perform(arrived, raw=message.raw if message.complete else None)
            self.moved.append(self.store.board_case(read.fingerprint) or "")

    def _opens(self, placed: Placed) -> bool:
        place = self.names.place(placed.ref.folder, self._agents)
        return place is not None and place.folder in OPENS and place.folder is not BoardFolder.INTAKE

    def _messages(self) -> Iterable[Found]:
        for box in self.folders:
            yield from box.found(self.now)
