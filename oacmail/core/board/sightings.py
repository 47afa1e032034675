"""What has happened to one message of the board, from the places in which it lies now and the one in which it was last.

A person's move is a new place while the old one is gone. A second copy beside the old one moves nothing: everybody who
can send mail can make one. A second label of the very same message is a move (Gmail). A move of our own is recognised
by its target. This module never says what a move means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from oacmail.core.model import MessageRef

PASSES = 2
"""So many passes see a new copy beside the old one before it is only a copy: the folders are read one after the other,
and a move may fall between two of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPlace:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
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


@dataclass(frozen=True, slots=True)
class Judgement:
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
