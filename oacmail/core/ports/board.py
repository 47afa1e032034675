"""The port of what the board remembers: where each message lies, and where it was last put.

Each method is one transaction, or part of a `turn` or of `together` (core/ports/store.py).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from oacmail.core.board import CurrentPlace, LastSeen, Standing
from oacmail.core.model import MessageRef, Outcome, Role

Word = Literal["waits", "carry out", "undo"]
"""What a person said of a move that is one of many: nothing yet, yes, no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """A message that may have been moved. `outcome`, `role` None: it could not be read and has no record. `places`: all
    that exist now, oldest first, their `means` and `deleted` unknown."""

    message: str
    case: str | None
    outcome: Outcome | None
    role: Role | None
    last: LastSeen
    word: Word | None
    places: tuple[CurrentPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A message that lies where it was last put. `due_at`: of its case's earliest running response deadline;
    `flagged`: as we left it; `target`: the folder to which a move of ours is under way."""

    message: str
    ref: MessageRef
    standing: Standing
    due_at: datetime | None
    flagged: bool
    target: str | None


class BoardStore(Protocol):
    def board_places(self) -> Mapping[tuple[str, int], set[int]]:
        """(folder, UIDVALIDITY) -> UIDs that are recorded as lying there."""
        ...

    def board_seen(self, folder: str, uidvalidity: int, new: Collection[int], gone: Collection[int]) -> set[int]:
        """These lie there now and these no longer. Returns those of `new` that are no messages of the board."""
        ...

    def board_folders(self, names: Collection[str]) -> None:
        """Only these folders exist: what lay in others lies there no longer."""
        ...

    def board_begin(self) -> None:
        """A message that is new on the board was put where it was first seen: that orders nothing."""
        ...

    def board_unsettled(self) -> Sequence[Unsettled]: ...
    def board_placed(self, since: datetime | None) -> Sequence[Placed]:
        """Those that may have to be moved or flagged: without those that were at rest before `since`; None = all."""
        ...

    def board_case(self, message: str) -> str | None: ...
    def board_accept(self, message: str, at: CurrentPlace) -> None:
        """It counts as put there from now on, with no move under way."""
        ...

    def board_arrived(self, moved: Sequence[tuple[str, MessageRef, MessageRef]], now: datetime) -> None:
        """Our move has put (message, from, to) there, by COPYUID: they are not read again."""
        ...

    def board_target(self, messages: Iterable[str], target: str) -> None:
        """We are about to move these."""
        ...

    def board_settled(self, message: str) -> None:
        """Nothing more is to be found out about it."""
        ...

    def board_missing(self, message: str, passes: int) -> None: ...
    def board_word(self, messages: Iterable[str], word: Word | None) -> None: ...
    def board_waits(self) -> int:
        """How many messages wait for a word."""
        ...

    def board_flagged(self, messages: Iterable[str], *, on: bool) -> None: ...
    def board_passed(self) -> None:
        """A pass over all folders has ended: each new place is one pass older, unless its message waits for a word."""
        ...
