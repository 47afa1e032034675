"""The board between the mailbox and the engine: which messages people have moved, and where ours go.

After each pass it finds out what has happened to the messages (core/board.py), hands people's moves to the
engine, and then moves each message that lies elsewhere than it should, once. It never deletes people's mail, never
reads a flag but \\Deleted, and holds no rule about cases. Without a board it does nothing.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from msgspec.structs import replace

from oacmail.core import calendar
from oacmail.core.board import (
    PASSES,
    BoardNames,
    CurrentPlace,
    Happened,
    Judgement,
    agents_of,
    belongs,
    judge,
    makes_a_request,
)
from oacmail.core.effects import Arrived, BoardDeletion, BoardMove
from oacmail.core.errors import StateError, Transient
from oacmail.core.model import BoardPlace, Folder, MessageRef
from oacmail.core.ports import FolderListing, Mailbox, WatchedFolder
from oacmail.core.stored_values import BOARD_ROOTS
from oacmail.engine.engine import Engine
from oacmail.engine.learning import with_lessons
from oacmail.engine.watch import ProblemFlag
from oacmail.mail.parse import parse
from oacmail.store.board import Placed, Unsettled

log = logging.getLogger(__name__)
MOVES_MOST = 20  # people's moves in WITHIN that are carried out without a word
WITHIN = timedelta(minutes=1)
TROUBLES_MOST = 3  # folders that cannot be written, in one pass
AT_REST = timedelta(days=2)  # after that a closed case is looked at only when all folders are compared, each night
TRACKED = (Folder.INTAKE, Folder.BOARD, Folder.OTHER)


class BoardSync:
    def __init__(self, engine: Engine, mailbox: Mailbox) -> None:
        self.engine, self.mailbox = engine, mailbox
        self._names: BoardNames | None = None
        self._places: dict[str, BoardPlace | None] = {}  # of this pass, by the name of the folder
        self._existing: set[str] = set()
        self._roles: dict[str, Folder] = {}
        self._ignored: dict[tuple[str, int], set[int]] = {}
        self._recent: list[datetime] = []
        self._unplaced = ProblemFlag(engine.store, "board", begins="board.unplaced")
        self._many = ProblemFlag(engine.store, "board-moves", begins="board.moves-wait")

    # --- folders ----------------------------------------------------------------------------------

    def with_its_folders(self, watched: Sequence[WatchedFolder]) -> Sequence[WatchedFolder]:
        """Make the board's folders if they do not exist, and return them after those to watch. Raises Transient."""
        policy, store = self.engine.policy, self.engine.store
        if policy.board is None or policy.shadow:
            self._names = None
            return watched
        tree = self.mailbox.tree()
        names = self._names = BoardNames(board=policy.board, separator=tree.separator, prefix=tree.prefix)
        self._places.clear()
        fixed = names.fixed(agents_of(policy.people.agents))
        self._existing = set(tree.names)
        for name in sorted(fixed.keys() - tree.names):
            self._ensure_folder(name)
        # Folders below an earlier `board.root` in which messages still lie: they are moved over.
        roots = (store.recall(BOARD_ROOTS) or "").splitlines()
        if names.root not in roots:
            store.remember(BOARD_ROOTS, "\n".join([*roots, names.root]), self.engine.now())
        earlier = tuple(f"{root}{names.separator}" for root in roots if root != names.root)
        left_behind: set[str] = set()
        if earlier and names.separator:
            left_behind = {folder for folder, _ in store.board_places() if folder.startswith(earlier)}
        mine = (self._existing & (fixed.keys() | left_behind)) | names.below(self._existing)
        others = [folder for folder in watched if folder.name not in mine]
        folders = [*others, *(WatchedFolder(name=name, role=Folder.BOARD) for name in sorted(mine))]
        self._roles = {folder.name: folder.role for folder in folders}
        return folders

    def _ensure_folder(self, name: str) -> bool:
        if name not in self._existing and self.mailbox.create(name):
            self._existing.add(name)
        return name in self._existing

    def _place(self, folder: str) -> BoardPlace | None:
        assert self._names is not None
        if folder not in self._places:
            self._places[folder] = self._names.place(folder, agents_of(self.engine.policy.people.agents))
        return self._places[folder]

    # --- a pass -----------------------------------------------------------------------------------

    def settle(self, listings: Sequence[FolderListing], *, complete: bool) -> None:
        """`complete`: every folder was read; else nothing is known of what is not there. Raises StateError."""
        store = self.engine.store
        if self._names is None:
            self._unplaced.set(False, self.engine.now())
            self._many.set(False, self.engine.now())
            return
        error = ""
        try:
            self._record(listings)
            if complete:
                self._judge_all(listings)
                every = any(listing.compared for listing in listings)
                error = self._place_all(self._names, None if every else self.engine.now() - AT_REST)
                store.board_passed()
        except StateError:
            raise
        except Transient as trouble:
            error = str(trouble) or type(trouble).__name__
        self._unplaced.set(bool(error), self.engine.now(), error)
        self._many.set(bool(store.board_waits()), self.engine.now())

    def _record(self, listings: Sequence[FolderListing]) -> None:
        """Record what lies where now, in one commit."""
        store = self.engine.store
        with store.together():
            places = store.board_places()
            store.board_folders([listing.watched.name for listing in listings])
            for listing in listings:
                if listing.watched.role not in TRACKED:
                    continue
                folder, uidvalidity = listing.key
                ignored = self._ignored.setdefault(listing.key, set())
                known = places.get(listing.key, set())
                listing.renewed |= bool(listing.replaced & (known | ignored))  # they lay here at the last pass
                new = listing.present if listing.renewed else listing.present - known - ignored
                ignored &= listing.present
                gone = known - listing.present
                renumbered = any(name == folder and epoch != uidvalidity for name, epoch in places)
                if new or gone or renumbered:
                    ignored |= store.board_seen(folder, uidvalidity, new, gone)
            store.board_begin()

    # --- what people have done --------------------------------------------------------------------

    def _judge_all(self, listings: Sequence[FolderListing]) -> None:
        """Find out what has happened to each message, and carry out people's moves, unless they are many at once."""
        store, now = self.engine.store, self.engine.now()
        renewed = {listing.watched.name for listing in listings if listing.renewed}
        moved: list[tuple[Unsettled, Judgement]] = []
        for message in store.board_unsettled():
            judgement = judge(message.last, self._current_places(message, renewed))
            if judgement.happened is Happened.MOVED_BY_A_PERSON and message.word != "undo":
                moved.append((message, judgement))
            else:
                self._without_order(message, judgement)
        # Many moves wait for a word (`oacmail board`).
        fresh = [message.message for message, _ in moved if message.word is None]
        waits = any(message.word == "waits" for message, _ in moved)
        self._recent = [at for at in self._recent if now - WITHIN < at <= now]
        if (fresh or waits) and (waits or len(fresh) + len(self._recent) > MOVES_MOST):
            store.board_word(fresh, "waits")
            return
        self._recent += [now] * len(fresh)
        for message, judgement in moved:
            try:
                self._carry_out(message, judgement)
            except Transient:
                raise
            except Exception:  # a bug: the message goes back, and neither the other moves nor the daemon stop
                log.error("board.move-failed", {"message": message.message[:16]}, exc_info=True)
                self._accept(message, judgement)

    def _current_places(self, message: Unsettled, renewed: set[str]) -> list[CurrentPlace]:
        """The places with what the store does not know. Nothing was put into a renewed folder by a person, and a copy
        that lay in INBOX before our own move is no order."""
        last, roles = message.last, self._roles
        several = len({place.ref for place in message.places}) > 1
        there = last.ref.folder in roles and any(place.ref == last.ref for place in message.places)
        flagged = self.mailbox.deleted(last.ref.folder) if several and there else set()
        number = self._number(last.ref) if several and there else ""
        return [
            replace(
                place,
                may_order=roles.get(place.ref.folder) in (Folder.INTAKE, Folder.BOARD)
                and self._place(place.ref.folder) is not None
                and place.ref.folder not in renewed
                and not (last.ours and place.passes and roles[place.ref.folder] is Folder.INTAKE),
                deleted=place.ref == last.ref and place.ref.uid in flagged,
                label=bool(number) and place.passes < PASSES and self._number(place.ref) == number,
            )
            for place in message.places
        ]

    def _number(self, ref: MessageRef) -> str:
        return self.mailbox.number(ref.folder, ref.uid) if ref.folder in self._roles else ""

    def _without_order(self, message: Unsettled, judgement: Judgement) -> None:
        store, last = self.engine.store, message.last
        match judgement.happened:
            case Happened.NOTHING:
                if message.word is not None:  # it was put back
                    store.board_word([message.message], None)
                old = all(place.passes >= PASSES for place in message.places)
                if last.target is None and not last.ours and old:
                    store.board_settled(message.message)
            case Happened.MISSING:
                store.board_missing(message.message, 1)
            case Happened.DELETED:
                with store.together():
                    self.engine.perform(BoardDeletion(message=message.message, case=message.case))
                    store.board_missing(message.message, PASSES)
            case _:
                self._accept(message, judgement)

    def _accept(self, message: Unsettled, judgement: Judgement) -> None:
        """It counts as put where it lies now. A copy of ours that is left elsewhere is removed."""
        assert judgement.at is not None
        self.engine.store.board_accept(message.message, judgement.at)
        if judgement.leftover is not None:
            self.mailbox.open(judgement.leftover.folder)
            self.mailbox.remove(judgement.leftover.folder, judgement.leftover.uid)

    def _carry_out(self, message: Unsettled, judgement: Judgement) -> None:
        """Hand the move to the engine; the same commit records where the message was put."""
        engine, at = self.engine, judgement.at
        assert at is not None
        to = self._place(at.ref.folder)
        assert to is not None
        case = message.case
        if case is None and makes_a_request(to, message.outcome, message.role):
            # It is read again, and opens a case or joins one, now that a person says that it is a request.
            self.mailbox.open(at.ref.folder)
            fetched = self.mailbox.fetch([at.ref.uid]).get(at.ref.uid)
            if fetched is None:
                raise Transient("the message was moved again")
            day = calendar.local_day(at.internal_date, engine.policy).isoformat()
            config = with_lessons(engine.store, engine.parser_config)
            read = parse(fetched.raw, config, skipped=fetched.skipped, day=day)
            if read.fingerprint == message.message:
                arrived = Arrived(message=read, received_at=at.internal_date, folder=Folder.BOARD, forced=True)
                engine.perform(arrived, raw=fetched.raw if fetched.complete else None)
            case = engine.store.board_case(message.message)
        with engine.store.together():
            engine.perform(BoardMove(message=message.message, case=case, to=to))
            self._accept(message, replace(judgement, leftover=None))
        if judgement.leftover is not None:
            self._accept(message, judgement)

    # --- where it belongs -------------------------------------------------------------------------

    def _place_all(self, names: BoardNames, since: datetime | None) -> str:
        """Move and flag what is not as it should be. Returns why something is not, '' = all is."""
        if not self.mailbox.can_move():
            return "the server has neither MOVE nor UIDPLUS"
        policy, now = self.engine.policy, self.engine.now()
        placed = self.engine.store.board_placed(since)
        troubles: list[str] = []
        # Each message goes into the folder of its case.
        misplaced: list[tuple[str, str, Placed]] = []
        named: dict[BoardPlace, str] = {}
        for message in placed:
            place, folder = belongs(message.standing), message.ref.folder
            name = (named.get(place) or named.setdefault(place, names.name(place))) if place else folder
            if name != folder and self._roles.get(folder) in (Folder.INTAKE, Folder.BOARD):
                misplaced.append((folder, name, message))
        for (folder, name), some in _grouped(misplaced):
            if self._ensure_folder(name):
                self.mailbox.open(folder)  # a server out of reach ends the pass here
                self._tolerate(troubles, partial(self._move, folder, name, some))
            else:
                troubles.append("a folder cannot be made")
        # \Flagged = due today or late. People's own flags are left alone until that changes.
        moments = {message.due_at for message in placed if message.due_at is not None}  # few: many are due together
        today = calendar.local_day(now, policy)
        urgent = {moment for moment in moments if calendar.local_day(moment, policy) <= today}
        moving = {message.message for *_, message in misplaced}
        changed = [
            (message.ref.folder, "due" if message.due_at in urgent else "", message)
            for message in placed
            if (message.due_at in urgent) is not message.flagged and message.message not in moving
        ]
        for (folder, word), some in _grouped(changed):
            self.mailbox.open(folder)
            self._tolerate(troubles, partial(self._flag, folder, some, bool(word)))
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
        store.board_target([message.message for message in some], target)
        by_uid = {message.ref.uid: message for message in some}
        moved = self.mailbox.move_messages(folder, by_uid, target)
        arrived = [
            (by_uid[uid].message, by_uid[uid].ref, MessageRef(folder=target, uidvalidity=epoch, uid=new))
            for uid, (epoch, new) in moved.items()
            if uid in by_uid
        ]
        store.board_arrived(arrived, self.engine.now())
        log.info("board.moved", {"count": len(some)})

    def _flag(self, folder: str, some: Sequence[Placed], on: bool) -> None:
        self.mailbox.flag(folder, [message.ref.uid for message in some], on=on)
        self.engine.store.board_flagged([message.message for message in some], on=on)


def _grouped(items: Iterable[tuple[str, str, Placed]]) -> Iterable[tuple[tuple[str, str], list[Placed]]]:
    ordered = sorted(items, key=lambda item: item[:2])
    for key, group in groupby(ordered, key=lambda item: item[:2]):
        yield key, [message for *_, message in group]
