"""Check the board: folders and cases agree, an agent's move is carried out or refused, and oacmail moves nothing twice.

Where a message belongs comes from the table of docs/interfaces.md section 6, written down here again; the names of the
folders come from the configuration. The checks follow what the mailbox reports as moved, so a step without a move
costs nothing. Towns without a board are not checked.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from oacmail.core.model import BoardFolder
from testbed.sim.expected_due import InvariantBroken, require
from testbed.sim.ground_truth import PersonsMove
from testbed.sim.town import SimulatedTown, board_folder, short

_BY_STATUS: Mapping[str, BoardFolder] = {
    "open": BoardFolder.OPEN,
    "derived": BoardFolder.DERIVED,
    "waiting": BoardFolder.WAITING,
    "answered": BoardFolder.ANSWERED,
    "closed": BoardFolder.CLOSED,
}
_NO_REQUEST = (BoardFolder.AUTOMATIC, BoardFolder.REVIEW)
_OF_OUTCOME: Mapping[str, BoardFolder] = {
    "automatic": BoardFolder.AUTOMATIC,
    "staff": BoardFolder.AUTOMATIC,
    "spam": BoardFolder.REVIEW,
    "quarantined": BoardFolder.REVIEW,
}


@dataclass(slots=True)
class BoardChecks:
    """`_put`: the folder into which oacmail put each message last, unless a person has touched it since."""

    town: SimulatedTown
    _put: dict[str, str] = field(default_factory=dict)

    def begin_again(self) -> None:
        """The database was restored: it knows neither what it has moved since the backup nor what people moved."""
        self._put.clear()
        self.town.truth.moves.clear()

    def follow(self) -> None:
        """Take note of what was moved since the last step."""
        mailbox = self.town.mailbox
        for name in mailbox.touched:
            self._put.pop(name, None)
        twice = []
        for name, folder in mailbox.moved:
            twice += [name] if self._put.get(name) == folder else []
            self._put[name] = folder
        mailbox.touched.clear()
        mailbox.moved.clear()
        require(
            not twice,
            "oacmail moves a message once for each change",
            lambda: f"{short(twice[0])} to {self._put[twice[0]]} again",
        )

    def at_rest(self, moves: int) -> None:
        """`moves`: the number of moves before the last pass, which had nothing to do."""
        more = self.town.mailbox.moves - moves
        require(not more, "the board comes to rest", lambda: f"{more} moves after nothing has happened")

    def agree(self) -> None:
        """Compare the folders with the cases, and see what became of people's moves."""
        if self.town.policy.board is None:
            return
        places = self._places()
        rows = self.town.database.standing()
        moves = self.town.truth.moves
        for row in rows:
            name = row["message_id"]
            lies, belongs = places.get(name, set()), self._belongs(row)
            move = moves.pop(name, None)
            if not lies or not belongs or row["word"]:  # many moves at once wait for the operator
                continue
            if not lies & belongs:
                seen = f"{short(name)} of {row['number']}, {row['status']}: lies in {lies}, belongs in {belongs}"
                raise InvariantBroken("folders and cases agree", seen)
            if move is None or row["case_id"] is None or len(lies) > 1 or self._after_a_restore(move):
                continue  # of two copies, one is no order
            if not self._is_so(move.folder, belongs):
                self._carried_out(row["case_id"], move)

    def _is_so(self, folder: str, belongs: set[str]) -> bool:
        """INBOX is the folder of what is nobody's."""
        return folder in belongs or (folder == "INBOX" and self._names(BoardFolder.OPEN) == belongs)

    def _after_a_restore(self, move: PersonsMove) -> bool:
        """The restored server gives out UIDs again: what was in that place before cannot be told from what is moved
        there now."""
        restored = self.town.mailbox_restored_at
        return restored is not None and move.at - restored < timedelta(days=1)

    def _places(self) -> Mapping[str, set[str]]:
        """Message-ID -> the folders of the board, and INBOX, in which it lies."""
        found: dict[str, set[str]] = {}
        for folder in ("INBOX", *self.town.board_folders):
            for message in self.town.mailbox.folders[folder].messages.values():
                if not message.bad:
                    found.setdefault(message.message_id, set()).add(folder)
        return found

    def _belongs(self, row: sqlite3.Row) -> set[str]:
        status = row["status"]
        if status is None:
            return self._without_a_case(row["outcome"], row["waits"])
        if status == "open" and row["assignee"]:
            return {board_folder(self.town.policy, BoardFolder.ASSIGNED, row["assignee"])}
        if status == "closed" and row["close_reason"] == "spam":
            return self._names(BoardFolder.CLOSED, *_NO_REQUEST)
        return self._names(_BY_STATUS[status])

    def _without_a_case(self, outcome: str, waits: int | None) -> set[str]:
        """`waits`: it is on the review list (1), or was (0); None = never."""
        if waits:
            return self._names(BoardFolder.REVIEW)
        folder = _OF_OUTCOME.get(outcome)
        if folder is BoardFolder.REVIEW and waits == 0:
            folder = BoardFolder.AUTOMATIC
        return self._names(folder) if folder else set()

    def _names(self, *folders: BoardFolder) -> set[str]:
        return {board_folder(self.town.policy, folder) for folder in folders}

    def _carried_out(self, case: int | None, move: PersonsMove) -> None:
        """The case is elsewhere now: then something has happened to it since, or the move was refused. A clock that was
        behind gives events earlier times."""
        since = self.town.earliest_shown(move.at)
        require(
            case is None or self.town.database.happened_since(case, since),
            "an agent's move is carried out or refused",
            lambda: f"{short(move.message)} was put into {move.folder} at {move.at:%a %H:%M}, and nothing followed",
        )
