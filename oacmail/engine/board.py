"""The board between the mailbox and the engine: which messages people have moved, and where ours go.

After each pass it finds out what has happened to the messages (core/board.py), hands people's moves to the
engine, and then moves each message that lies elsewhere than it should, once. It never deletes people's mail, never
reads a flag but \\Deleted, and holds no rule about cases. Without a board it does nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

import structlog

from oacmail.core import calendar
from oacmail.core.board import OPENS, PASSES, BoardNames, CurrentPlace, Happened, Judgement, agents_of, belongs, judge
from oacmail.core.effects import Arrived, BoardDeletion, BoardMove
from oacmail.core.errors import StateError, Transient
from oacmail.core.model import BoardPlace, Folder, MessageRef, Outcome, Role
from oacmail.core.ports.mailbox import FolderListing, Mailbox, WatchedFolder
from oacmail.core.stored_values import BOARD_ROOTS
from oacmail.engine.engine import Engine
from oacmail.engine.learning import with_lessons
from oacmail.engine.watch import ProblemFlag
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.store.board import Placed, Unsettled

log = structlog.get_logger()
MOVES_MOST = 20  # people's moves in WITHIN that are carried out without a word
WITHIN = timedelta(minutes=1)
TROUBLES_MOST = 3  # folders that cannot be written, in one pass
AT_REST = timedelta(days=2)  # after that a closed case is looked at only when all folders are compared, each night
TRACKED = (Folder.INTAKE, Folder.BOARD, Folder.OTHER)
PERHAPS_REQUESTS = (Outcome.AUTOMATIC, Outcome.SPAM, Outcome.QUARANTINED)
"""What is a request after all if a person puts it among the open cases."""


@dataclass(slots=True)
class BoardSync:
    engine: Engine
    mailbox: Mailbox
    _names: BoardNames | None = None
    _places: dict[str, BoardPlace | None] = field(default_factory=dict)  # of this pass, by the name of the folder
    _existing: set[str] = field(default_factory=set)
    _roles: dict[str, Folder] = field(default_factory=dict)
    _ignored: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    _recent: list[datetime] = field(default_factory=list)
    _unplaced: ProblemFlag = field(init=False)
    _many: ProblemFlag = field(init=False)

    def __post_init__(self) -> None:
        self._unplaced = ProblemFlag(self.engine.store, "board", begins="board.unplaced")
        self._many = ProblemFlag(self.engine.store, "board-moves", begins="board.moves-wait")

    # --- folders ----------------------------------------------------------------------------------

    def with_its_folders(self, watched: Sequence[WatchedFolder]) -> Sequence[WatchedFolder]:
        """Make the board's folders if they do not exist, and return them after those to watch. Raises Transient."""
        board = self.engine.policy.board
        if board is None or self.engine.policy.shadow:
            self._names = None
            return watched
        tree = self.mailbox.tree()
        names = self._names = BoardNames(board=board, separator=tree.separator, prefix=tree.prefix)
        self._places.clear()
        fixed = names.fixed(self._agents)
        self._existing = set(tree.names)
        for name in sorted(fixed.keys() - tree.names):
            self._ensure_folder(name)
        mine = (self._existing & fixed.keys()) | names.below(self._existing) | self._left_behind(names)
        others = [folder for folder in watched if folder.name not in mine]
        found = [*others, *(WatchedFolder(name=name, role=Folder.BOARD) for name in sorted(mine))]
        self._roles = {folder.name: folder.role for folder in found}
        return found

    def _left_behind(self, names: BoardNames) -> set[str]:
        """The folders below an earlier `board.root` in which messages still lie: they are moved over."""
        store = self.engine.store
        roots = (store.recall(BOARD_ROOTS) or "").splitlines()
        if names.root not in roots:
            store.remember(BOARD_ROOTS, "\n".join([*roots, names.root]), self.engine.now())
        earlier = tuple(f"{root}{names.separator}" for root in roots if root != names.root)
        if not (earlier and names.separator):
            return set()
        return {folder for folder, _ in store.board_places() if folder.startswith(earlier)} & self._existing

    @property
    def _agents(self) -> tuple[str, ...]:
        return agents_of(self.engine.policy.people.agents)

    def _ensure_folder(self, name: str) -> bool:
        if name not in self._existing and self.mailbox.create(name):
            self._existing.add(name)
        return name in self._existing

    # --- a pass -----------------------------------------------------------------------------------

    def settle(self, listings: Sequence[FolderListing], *, complete: bool, parser_config: ParserConfig) -> None:
        """`complete`: every folder was read; else nothing is known of what is not there. Raises StateError."""
        names = self._names
        if names is None:
            self._unplaced.set(False, self.engine.now())
            self._many.set(False, self.engine.now())
            return
        error = ""
        try:
            self._record(listings)
            if complete:
                self._judge_all(listings, parser_config)
                every = any(listing.compared for listing in listings)
                error = self._place_all(names, None if every else self.engine.now() - AT_REST)
                self.engine.store.board_passed()
        except StateError:
            raise
        except Transient as trouble:
            error = str(trouble) or type(trouble).__name__
        self._unplaced.set(bool(error), self.engine.now(), error)
        self._many.set(bool(self.engine.store.board_waits()), self.engine.now())

    def _record(self, listings: Sequence[FolderListing]) -> None:
        store = self.engine.store
        with store.together():
            known = store.board_places()
            store.board_folders([listing.watched.name for listing in listings])
            for listing in listings:
                if listing.watched.role in TRACKED:
                    self._record_one(listing, known)
            store.board_begin()

    def _record_one(self, listing: FolderListing, places: Mapping[tuple[str, int], set[int]]) -> None:
        key = (listing.watched.name, listing.state.uidvalidity)
        ignored = self._ignored.setdefault(key, set())
        known = places.get(key, set())
        listing.renewed |= bool(listing.replaced & (known | ignored))  # they lay here at the last pass
        new = listing.present if listing.renewed else listing.present - known - ignored
        ignored &= listing.present
        gone = known - listing.present
        renumbered = any(folder == key[0] and epoch != key[1] for folder, epoch in places)
        if new or gone or renumbered:
            ignored |= self.engine.store.board_seen(*key, new, gone)

    # --- what people have done --------------------------------------------------------------------

    def _judge_all(self, listings: Sequence[FolderListing], parser_config: ParserConfig) -> None:
        renewed = {listing.watched.name for listing in listings if listing.renewed}
        moved: list[tuple[Unsettled, Judgement]] = []
        for one in self.engine.store.board_unsettled():
            judgement = judge(one.last, self._current_places(one, renewed))
            if judgement.happened is Happened.MOVED_BY_A_PERSON and one.word != "undo":
                moved.append((one, judgement))
            else:
                self._without_order(one, judgement)
        if self._may_be_carried_out(moved):
            for one, judgement in moved:
                self._guarded(one, judgement, parser_config)
        else:
            self.engine.store.board_word([one.message for one, _ in moved if one.word is None], "waits")

    def _current_places(self, one: Unsettled, renewed: set[str]) -> list[CurrentPlace]:
        """The places with what the store does not know. Nothing was put into a renewed folder by a person, and a copy
        that lay in INBOX before our own move is no order."""
        several = len({place.ref for place in one.places}) > 1
        there = one.last.ref.folder in self._roles and any(place.ref == one.last.ref for place in one.places)
        flagged = self.mailbox.deleted(one.last.ref.folder) if several and there else set()
        number = self._number(one.last.ref) if several and there else ""
        return [
            replace(
                place,
                may_order=self._roles.get(place.ref.folder) in (Folder.INTAKE, Folder.BOARD)
                and self._place(place.ref.folder) is not None
                and place.ref.folder not in renewed
                and not (one.last.ours and place.passes and self._roles[place.ref.folder] is Folder.INTAKE),
                deleted=place.ref == one.last.ref and place.ref.uid in flagged,
                label=bool(number) and place.passes < PASSES and self._number(place.ref) == number,
            )
            for place in one.places
        ]

    def _number(self, ref: MessageRef) -> str:
        return self.mailbox.number(ref.folder, ref.uid) if ref.folder in self._roles else ""

    def _place(self, folder: str) -> BoardPlace | None:
        assert self._names is not None
        if folder not in self._places:
            self._places[folder] = self._names.place(folder, self._agents)
        return self._places[folder]

    def _without_order(self, one: Unsettled, judgement: Judgement) -> None:
        store = self.engine.store
        match judgement.happened:
            case Happened.NOTHING:
                if one.word is not None:  # it was put back
                    store.board_word([one.message], None)
                if one.last.target is None and not one.last.ours and all(lies.passes >= PASSES for lies in one.places):
                    store.board_settled(one.message)
            case Happened.MISSING:
                store.board_missing(one.message, 1)
            case Happened.DELETED:
                with store.together():
                    self.engine.perform(BoardDeletion(message=one.message, case=one.case))
                    store.board_missing(one.message, PASSES)
            case _:
                self._accept(one, judgement)

    def _accept(self, one: Unsettled, judgement: Judgement) -> None:
        assert judgement.at is not None
        self.engine.store.board_accept(one.message, judgement.at)
        if judgement.leftover is not None:
            self.mailbox.open(judgement.leftover.folder)
            self.mailbox.remove(judgement.leftover.folder, judgement.leftover.uid)

    def _may_be_carried_out(self, moved: Sequence[tuple[Unsettled, Judgement]]) -> bool:
        """Whether the moves that nobody has spoken of yet are few."""
        now = self.engine.now()
        fresh = [one for one, _ in moved if one.word is None]
        self._recent = [at for at in self._recent if now - WITHIN < at <= now]
        waits = any(one.word == "waits" for one, _ in moved)
        if waits or len(fresh) + len(self._recent) > MOVES_MOST:
            return not (fresh or waits)
        self._recent += [now] * len(fresh)
        return True

    def _guarded(self, one: Unsettled, judgement: Judgement, parser_config: ParserConfig) -> None:
        """A move that raises is undone, and stops no other."""
        try:
            self._carry_out(one, judgement, parser_config)
        except Transient:
            raise
        except Exception:  # a bug: the message goes back, and the daemon goes on
            log.error("board.move-failed", message=one.message[:16], exc_info=True)
            self._accept(one, judgement)

    def _carry_out(self, one: Unsettled, judgement: Judgement, parser_config: ParserConfig) -> None:
        assert judgement.at is not None
        to = self._place(judgement.at.ref.folder)
        assert to is not None
        case = one.case
        if case is None and to.folder in OPENS and one.outcome in PERHAPS_REQUESTS and one.role is not Role.OURS:
            case = self._open_case(one, judgement.at, parser_config)
        with self.engine.store.together():
            self.engine.perform(BoardMove(message=one.message, case=case, to=to))
            self._accept(one, replace(judgement, leftover=None))
        if judgement.leftover is not None:
            self._accept(one, judgement)

    def _open_case(self, one: Unsettled, at: CurrentPlace, parser_config: ParserConfig) -> str | None:
        """The number of the case that the message opens or joins, now that a person says that it is a request."""
        self.mailbox.open(at.ref.folder)
        fetched = self.mailbox.fetch([at.ref.uid]).get(at.ref.uid)
        if fetched is None:
            raise Transient("the message was moved again")
        day = at.internal_date.astimezone(self.engine.policy.office.timezone).date().isoformat()
        config = with_lessons(self.engine.store, parser_config)
        message = parse(fetched.raw, config, skipped=fetched.skipped, day=day)
        if message.fingerprint == one.message:
            arrived = Arrived(message=message, received_at=at.internal_date, folder=Folder.BOARD, forced=True)
            self.engine.perform(arrived, raw=fetched.raw if fetched.complete else None)
        return self.engine.store.board_case(one.message)

    # --- where it belongs -------------------------------------------------------------------------

    def _place_all(self, names: BoardNames, since: datetime | None) -> str:
        """Move and flag what is not as it should be. Returns why something is not, '' = all is."""
        if not self.mailbox.can_move():
            return "the server has neither MOVE nor UIDPLUS"
        placed = self.engine.store.board_placed(since)
        misplaced: list[tuple[str, str, Placed]] = []
        named: dict[BoardPlace, str] = {}
        for one in placed:
            place = belongs(one.standing)
            name = (named.get(place) or named.setdefault(place, names.name(place))) if place else one.ref.folder
            if name != one.ref.folder and self._roles.get(one.ref.folder) in (Folder.INTAKE, Folder.BOARD):
                misplaced.append((one.ref.folder, name, one))
        troubles: list[str] = []
        for (folder, name), some in _grouped(misplaced):
            if self._ensure_folder(name):
                self.mailbox.open(folder)  # a server out of reach ends the pass here
                self._tolerate(troubles, partial(self._move, folder, name, some))
            else:
                troubles.append("a folder cannot be made")
        self._flag_all(placed, {one.message for *_, one in misplaced}, troubles)
        return ", ".join(dict.fromkeys(troubles))

    def _tolerate(self, troubles: list[str], work: Callable[[], None]) -> None:
        """A folder that cannot be written holds up no other. After TROUBLES_MOST of them the server is at fault, and is
        not asked again in this pass."""
        try:
            work()
        except StateError:
            raise
        except Transient as trouble:
            troubles.append(str(trouble) or type(trouble).__name__)
            if trouble.at_least or len(troubles) > TROUBLES_MOST:
                raise

    def _move(self, folder: str, target: str, some: Sequence[Placed]) -> None:
        """The target is recorded before the move: after a crash the message is known to be there by us."""
        store = self.engine.store
        store.board_target([one.message for one in some], target)
        by_uid = {one.ref.uid: one for one in some}
        moved = self.mailbox.move_messages(folder, by_uid, target)
        arrived = [
            (by_uid[uid].message, by_uid[uid].ref, MessageRef(folder=target, uidvalidity=epoch, uid=new))
            for uid, (epoch, new) in moved.items()
            if uid in by_uid
        ]
        store.board_arrived(arrived, self.engine.now())
        log.info("board.moved", count=len(some))

    def _flag_all(self, placed: Iterable[Placed], on_their_way: set[str], troubles: list[str]) -> None:
        """\\Flagged = due today or late. People's own flags are left alone until that changes."""
        policy, now = self.engine.policy, self.engine.now()
        moments = {one.due_at for one in placed if one.due_at is not None}  # few: what arrives on a day is due together
        urgent = {moment for moment in moments if calendar.is_due_today(moment, now, policy)}
        changed = [
            (one.ref.folder, "due" if one.due_at in urgent else "", one)
            for one in placed
            if (one.due_at in urgent) is not one.flagged and one.message not in on_their_way
        ]
        for (folder, word), some in _grouped(changed):
            self.mailbox.open(folder)
            self._tolerate(troubles, partial(self._flag, folder, some, bool(word)))

    def _flag(self, folder: str, some: Sequence[Placed], on: bool) -> None:
        self.mailbox.flag(folder, [one.ref.uid for one in some], on=on)
        self.engine.store.board_flagged([one.message for one in some], on=on)


def _grouped(items: Iterable[tuple[str, str, Placed]]) -> Iterable[tuple[tuple[str, str], list[Placed]]]:
    ordered = sorted(items, key=lambda item: item[:2])
    for key, group in groupby(ordered, key=lambda item: item[:2]):
        yield key, [one for *_, one in group]
