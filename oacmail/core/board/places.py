"""In which folder of the board a message belongs, and what the folders are called.

Values only: it never asks where a message lies. A folder's name on the server is made of the configured names and the
server's separator; a part of a name that holds the separator gets another character for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oacmail.core.model import BoardFolder, BoardPlace, Outcome, Status
from oacmail.core.policy import Board

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides where a message belongs. `status`: of its case, None = it has none. `board_folder`: where a person
    has put a case that was no request. `in_review`: it waits for a person; `reviewed`: a person has looked at it."""

    outcome: Outcome
    status: Status | None = None
    assignee: str | None = None
    close_reason: str | None = None
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
    status: Status, assignee: str | None, close_reason: str | None, board_folder: str | None
) -> BoardPlace:
    """A case that was no request stays in the folder into which a person has put it."""
    if status is Status.OPEN and assignee:
        return BoardPlace(BoardFolder.ASSIGNED, assignee)
    if status is Status.CLOSED and close_reason == "spam" and board_folder in NO_REQUEST:
        return BoardPlace(BoardFolder(board_folder))
    return BoardPlace(_BY_STATUS[status])


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardNames:
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
