"""The folders of the board: which one a message belongs in, what a person's move is, and what the move means.

It never asks the server where a message lies. A move that does not fit the case raises `Refused`. No move
says that a person has an answer; one that passes the case on sends the notice, which meets the deadline (R22).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto

from msgspec import Struct

from oacmail.core.errors import Refused
from oacmail.core.model import BoardFolder, BoardPlace, CloseReason, Kind, Level, MessageRef, Outcome, Role, Status
from oacmail.core.policy import Board
from oacmail.core.view import CaseView

# --- Places ----------------------------------------------------------------------------------------------------------
# In which folder a message belongs, and what the folders are called: the configured names and the server's separator.
# A part of a name that holds the separator gets another character for it.

NAME_MOST = 60  # characters of a folder named after a person
_BY_STATUS: Mapping[Status, BoardFolder] = {
    Status.OPEN: BoardFolder.OPEN,
    Status.DERIVED: BoardFolder.DERIVED,
    Status.WAITING: BoardFolder.WAITING,
    Status.ANSWERED: BoardFolder.ANSWERED,
    Status.CLOSED: BoardFolder.CLOSED,
}
NO_REQUEST = (BoardFolder.AUTOMATIC, BoardFolder.REVIEW)
_AUTOMATIC = (Outcome.AUTOMATIC, Outcome.OURS, Outcome.STAFF)
_REVIEW = (Outcome.SPAM, Outcome.QUARANTINED)


class Standing(Struct, frozen=True, kw_only=True):
    """What decides where a message belongs. `status`: of its case, None = it has none. `board_folder`: where a person
    has put a case that was no request. `in_review`: it waits for a person; `reviewed`: a person has looked at it."""

    outcome: Outcome
    status: Status | None = None
    assignee: str | None = None
    close_reason: CloseReason | None = None
    board_folder: str | None = None
    in_review: bool = False
    reviewed: bool = False


def belongs(standing: Standing) -> BoardPlace | None:
    """The folder of its case's state; without a case by its outcome; None = it stays where it is."""
    if standing.outcome is Outcome.OURS:
        return BoardPlace(BoardFolder.AUTOMATIC)
    if standing.status is not None:
        return place_of_case(standing.status, standing.assignee, standing.close_reason, standing.board_folder)
    if standing.in_review or (standing.outcome in _REVIEW and not standing.reviewed):
        return BoardPlace(BoardFolder.REVIEW)
    return BoardPlace(BoardFolder.AUTOMATIC) if standing.outcome in (*_AUTOMATIC, *_REVIEW) else None


def place_of_case(
    status: Status, assignee: str | None, close_reason: CloseReason | None, board_folder: str | None
) -> BoardPlace:
    """A case that was no request stays in the folder into which a person has put it."""
    if status is Status.OPEN and assignee:
        return BoardPlace(BoardFolder.ASSIGNED, assignee)
    if status is Status.CLOSED and close_reason is CloseReason.SPAM and board_folder in NO_REQUEST:
        return BoardPlace(BoardFolder(board_folder))
    return BoardPlace(_BY_STATUS[status])


class BoardNames(Struct, frozen=True, kw_only=True):
    """The names on the server. `separator`: of its levels, '' = it has none; `prefix`: of all personal folders
    (NAMESPACE, RFC 2342), as "INBOX." """

    board: Board
    separator: str
    prefix: str = ""

    @property
    def root(self) -> str:
        name = self._path(self.board.root)
        return name if name.startswith(self.prefix) else self.prefix + name

    def name(self, place: BoardPlace) -> str:
        """The name of the folder. INTAKE has the name that RFC 9051 section 5.1 gives it."""
        if place.folder is BoardFolder.INTAKE:
            return "INBOX"
        path = self._below(self.root, self._path(self.board.names[place.folder]))
        return self._below(path, self._part(place.agent)) if place.agent else path

    def fixed(self, agents: Iterable[str]) -> dict[str, BoardPlace]:
        """Name -> place of the folders that always exist: one for each state, and one for each of these agents."""
        places = [
            BoardPlace(folder) for folder in BoardFolder if folder not in (BoardFolder.INTAKE, BoardFolder.ASSIGNED)
        ]
        places += [BoardPlace(BoardFolder.ASSIGNED, agent) for agent in agents]
        return {self.name(place): place for place in places}

    def place(self, name: str, agents: Iterable[str]) -> BoardPlace | None:
        """The place of a folder with this name; None = it has no meaning. A folder that somebody has made below the
        assigned ones is that person's."""
        if name.upper() == "INBOX":
            return BoardPlace(BoardFolder.INTAKE)
        known = self.fixed(agents)
        if name in known:
            return known[name]
        if name == self._assigned:
            return BoardPlace(BoardFolder.ASSIGNED)
        above, _, last = name.rpartition(self.separator) if self.separator else ("", "", "")
        return BoardPlace(BoardFolder.ASSIGNED, last) if above == self._assigned else None

    def below(self, names: Iterable[str]) -> set[str]:
        """Those of these folders that are part of the board, whatever they mean."""
        above = self.root + self.separator
        return {name for name in names if name.startswith(above)} if self.separator else set()

    @property
    def _assigned(self) -> str:
        return self._below(self.root, self._path(self.board.names[BoardFolder.ASSIGNED]))

    def _below(self, parent: str, name: str) -> str:
        return f"{parent}{self.separator or '-'}{name}"

    def _path(self, configured: str) -> str:
        return self.separator.join(map(self._part, configured.split("/"))) if self.separator else configured

    def _part(self, name: str) -> str:
        """A single level: without the separator, control characters and what LIST takes for a pattern."""
        plain = "".join(char if char.isprintable() and char not in '%*\\"' else "_" for char in name)
        return (plain.replace(self.separator, "-") if self.separator else plain).strip()[:NAME_MOST] or "-"


def agents_of(addresses: Iterable[str]) -> tuple[str, ...]:
    """The names by which cases are assigned to agents: what stands before the @."""
    return tuple(dict.fromkeys(address.partition("@")[0] for address in addresses))


# --- Meaning ---------------------------------------------------------------------------------------------------------
# The commands of `oacmail case` that a move means (core/orders/commands.py). The message of a refused move goes back.

Command = tuple[str, dict[str, str]]
"""A verb of `oacmail case` and its options."""
OPENS = (BoardFolder.INTAKE, BoardFolder.OPEN, BoardFolder.ASSIGNED, BoardFolder.DERIVED, BoardFolder.WAITING)
"""The folders into which a message without a case is put because it is a request after all."""
PERHAPS_REQUESTS = (Outcome.AUTOMATIC, Outcome.SPAM, Outcome.QUARANTINED)


def makes_a_request(to: BoardPlace, outcome: Outcome | None, role: Role | None) -> bool:
    """Whether a person who puts a message without a case there says that it is a request after all."""
    return to.folder in OPENS and outcome in PERHAPS_REQUESTS and role is not Role.OURS


def commands(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    """What the move into `to` orders about the case, in this order; () = it is so already. Raises Refused."""
    if to == place_of_case(case.status, case.assignee, case.close_reason, case.board_folder):
        return ()
    # The desk's again, and open: what was put aside as no request, or passed on, was judged wrongly.
    closed = case.status is Status.CLOSED
    back: tuple[Command, ...] = (("take-back", {}),) if case.status is not Status.OPEN else ()
    if closed and case.close_reason is CloseReason.SPAM:
        back = (("set", {"kind": Kind.REQUEST}), *back)
    if case.status is Status.DERIVED:
        back = (("set", {"level": Level.FIRST}), *back)
    match to.folder:
        case BoardFolder.INTAKE | BoardFolder.OPEN:
            return (*back, ("assign", {"name": ""})) if case.assignee else back
        case BoardFolder.ASSIGNED:
            if not to.agent:
                raise Refused("this folder belongs to no agent: use the agent's own", "no-such-agent")
            return (*back, ("assign", {"name": to.agent}))
        case BoardFolder.DERIVED:
            return (*(back if closed else ()), ("escalate", {}))
        case BoardFolder.WAITING:
            return (*(back if closed else ()), ("wait", {}))
        case BoardFolder.ANSWERED:
            return (("answered", {}),)
        case BoardFolder.CLOSED if closed:  # out of the folder of what was no request
            return (("set", {"kind": Kind.REQUEST}), ("close", {"reason": CloseReason.THANKS}))
        case BoardFolder.CLOSED:
            return (("close", {"reason": CloseReason.ANSWERED}),)
        case BoardFolder.AUTOMATIC | BoardFolder.REVIEW:
            kind = Kind.SPAM if to.folder is BoardFolder.REVIEW else Kind.BULK
            return (("set", {"kind": kind}), ("close", {"reason": CloseReason.SPAM}))


# --- Sightings -------------------------------------------------------------------------------------------------------
# What has happened to a message, from the places in which it lies now and the one in which it was last. A second copy
# beside the old one moves nothing: everybody who can send mail can make one. A second label of the very same message
# is a move (Gmail). A move of our own is recognised by its target.

PASSES = 2
"""So many passes see a new copy beside the old one before it is only a copy: the folders are read one after the other,
and a move may fall between two of them."""


class CurrentPlace(Struct, frozen=True, kw_only=True):
    """A place in which a message lies now.

    `passes`: how many have seen it there before. `may_order`: its folder is on the board or INBOX, so that a move into
    it is an order, and it is no copy that lay in INBOX before a move of our own. `deleted`: it is flagged
    \\Deleted there. `label`: the server says that it is the very message of the last place, under another label.
    """

    ref: MessageRef
    internal_date: datetime
    passes: int = PASSES
    may_order: bool = True
    deleted: bool = False
    label: bool = False


class LastSeen(Struct, frozen=True, kw_only=True):
    """Where a message was put last. `target`: the folder to which we are moving it; `ours`: we have put it there since
    the last pass; `missing`: for how many passes it has lain nowhere."""

    ref: MessageRef
    internal_date: datetime
    target: str | None = None
    ours: bool = False
    missing: int = 0


class Happened(Enum):
    NOTHING = auto()
    OUR_MOVE = auto()
    MOVED_BY_A_PERSON = auto()
    ELSEWHERE = auto()  # it lies in another place, and nobody's wish is known
    MISSING = auto()
    DELETED = auto()


class Judgement(Struct, frozen=True):
    """`at`: where it counts as lying from now on; None = where it was. `leftover`: our own copy, to be removed."""

    happened: Happened
    at: CurrentPlace | None = None
    leftover: MessageRef | None = None


def judge(last: LastSeen, places: Sequence[CurrentPlace]) -> Judgement:
    """`places`: all that exist now, oldest first."""
    old = next((place for place in places if place.ref == last.ref), None)
    stays = old is not None and not old.deleted
    fresh = [place for place in places if place.passes < PASSES and place.ref != last.ref]
    arrived = [place for place in fresh if place.ref.folder == last.target]
    if arrived:
        return Judgement(Happened.OUR_MOVE, arrived[-1], last.ref if stays else None)
    moved = [
        place
        for place in fresh
        if place.may_order and place.ref.folder != last.ref.folder and place.internal_date == last.internal_date
    ]
    labelled = bool(moved) and moved[-1].label and old is not None and old.passes > 0  # not by a filter on arrival
    if moved and (not stays or last.ours or labelled):
        return Judgement(Happened.MOVED_BY_A_PERSON, moved[-1], last.ref if stays else None)
    if old is not None:
        return Judgement(Happened.NOTHING)
    if places:
        here = [place for place in places if place.ref.folder == last.ref.folder]
        return Judgement(Happened.ELSEWHERE, (here or list(places))[-1])
    if last.missing >= PASSES:
        return Judgement(Happened.NOTHING)  # it was noticed
    return Judgement(Happened.DELETED if last.missing else Happened.MISSING)
