"""The board's tables: what a move means for each state of a case, and what has happened to a message."""

from datetime import UTC, datetime

import pytest

from oacmail.core.board import BoardNames, CurrentPlace, Happened, LastSeen, commands, judge
from oacmail.core.errors import Refused
from oacmail.core.model import BoardFolder, BoardPlace, CloseReason, MessageRef, Status
from oacmail.core.policy import Board
from oacmail.words.labels import folder_names
from tests.cases.builders import case, deadline

F = BoardFolder
AT, LATER = datetime(2026, 11, 25, 9, tzinfo=UTC), datetime(2026, 11, 25, 10, tzinfo=UTC)
ASKED = deadline("answer")
STATES = {
    "open": case(status=Status.OPEN, deadlines=(ASKED,)),
    "anna's": case(status=Status.OPEN, deadlines=(ASKED,), assignee="anna"),
    "derived": case(status=Status.DERIVED, deadlines=(ASKED,)),
    "waiting": case(status=Status.WAITING, deadlines=(ASKED,)),
    "answered": case(status=Status.ANSWERED, answered_at=AT, deadlines=()),
    "closed": case(status=Status.CLOSED, answered_at=AT, close_reason=CloseReason.ANSWERED, deadlines=()),
    "spam": case(status=Status.CLOSED, close_reason=CloseReason.SPAM, board_folder="review", deadlines=()),
}
ANNA = BoardPlace(F.ASSIGNED, "anna")


@pytest.mark.parametrize(
    ("state", "to", "verbs"),
    [
        ("open", BoardPlace(F.OPEN), []),
        ("open", ANNA, ["assign"]),
        ("open", BoardPlace(F.DERIVED), ["escalate"]),
        ("open", BoardPlace(F.WAITING), ["wait"]),
        ("open", BoardPlace(F.ANSWERED), ["answered"]),
        ("open", BoardPlace(F.CLOSED), ["close"]),
        ("open", BoardPlace(F.REVIEW), ["set", "close"]),
        ("open", BoardPlace(F.AUTOMATIC), ["set", "close"]),
        ("open", BoardPlace(F.ASSIGNED), "no-such-agent"),
        ("anna's", BoardPlace(F.INTAKE), ["assign"]),
        ("anna's", ANNA, []),
        ("derived", BoardPlace(F.OPEN), ["set", "take-back"]),
        ("derived", ANNA, ["set", "take-back", "assign"]),
        ("waiting", BoardPlace(F.OPEN), ["take-back"]),
        ("answered", BoardPlace(F.CLOSED), ["close"]),
        ("answered", BoardPlace(F.OPEN), ["take-back"]),
        ("closed", BoardPlace(F.ANSWERED), ["answered"]),
        ("closed", BoardPlace(F.DERIVED), ["take-back", "escalate"]),
        ("closed", BoardPlace(F.WAITING), ["take-back", "wait"]),
        ("spam", BoardPlace(F.REVIEW), []),
        ("spam", BoardPlace(F.OPEN), ["set", "take-back"]),
    ],
)
def test_what_a_move_means(state: str, to: BoardPlace, verbs: list[str] | str) -> None:
    if isinstance(verbs, str):
        with pytest.raises(Refused) as refused:
            commands(STATES[state], to)
        assert refused.value.reason == verbs
    else:
        assert [verb for verb, _ in commands(STATES[state], to)] == verbs


def _current_place(
    folder: str, *, passes: int = 2, at: datetime = AT, deleted: bool = False, may_order: bool = True
) -> CurrentPlace:
    ref = MessageRef(folder=folder, uidvalidity=1, uid=1)
    return CurrentPlace(ref=ref, internal_date=at, passes=passes, deleted=deleted, may_order=may_order)


def _last(*, target: str | None = None, ours: bool = False, missing: int = 0) -> LastSeen:
    ref = MessageRef(folder="A", uidvalidity=1, uid=1)
    return LastSeen(ref=ref, internal_date=AT, target=target, ours=ours, missing=missing)


@pytest.mark.parametrize(
    ("last", "places", "happened"),
    [
        (_last(), [_current_place("A")], Happened.NOTHING),
        (_last(), [_current_place("B", passes=0)], Happened.MOVED_BY_A_PERSON),
        (_last(), [_current_place("B", passes=1)], Happened.MOVED_BY_A_PERSON),
        (_last(), [_current_place("A"), _current_place("B", passes=0)], Happened.NOTHING),
        (_last(), [_current_place("A", deleted=True), _current_place("B", passes=0)], Happened.MOVED_BY_A_PERSON),
        (_last(ours=True), [_current_place("A"), _current_place("B", passes=0)], Happened.MOVED_BY_A_PERSON),
        (_last(target="B"), [_current_place("B", passes=0)], Happened.OUR_MOVE),
        (_last(target="B"), [_current_place("C", passes=0)], Happened.MOVED_BY_A_PERSON),
        (_last(target="B"), [_current_place("A")], Happened.NOTHING),
        (_last(), [_current_place("B", passes=2)], Happened.ELSEWHERE),
        (_last(), [_current_place("B", passes=0, at=LATER)], Happened.ELSEWHERE),
        (_last(), [_current_place("B", passes=0, may_order=False)], Happened.ELSEWHERE),
        (_last(), [], Happened.MISSING),
        (_last(missing=1), [], Happened.DELETED),
        (_last(missing=2), [], Happened.NOTHING),
    ],
)
def test_what_has_happened_to_a_message(last: LastSeen, places: list[CurrentPlace], happened: Happened) -> None:
    assert judge(last, places).happened is happened


def test_our_own_copy_is_the_only_one_that_is_removed() -> None:
    raced = judge(_last(ours=True), [_current_place("A"), _current_place("B", passes=0)])
    assert raced.leftover == MessageRef(folder="A", uidvalidity=1, uid=1)
    assert judge(_last(), [_current_place("B", passes=0)]).leftover is None


@pytest.mark.parametrize(("separator", "prefix"), [("/", ""), (".", "INBOX."), ("", "")])
def test_a_name_leads_back_to_its_place(separator: str, prefix: str) -> None:
    names = BoardNames(board=Board(root="OAC360", names=folder_names("ca")), separator=separator, prefix=prefix)
    agents = ("anna.puig", "pere")
    for name, place in names.fixed(agents).items():
        assert names.place(name, agents) == place
        assert not separator or name.count(separator) <= 3
    assert names.place("inbox", agents) == BoardPlace(F.INTAKE)
    assert names.place("Sent", agents) is None


def test_a_name_cannot_hold_what_a_server_takes_for_something_else() -> None:
    names = BoardNames(board=Board(root="OAC360", names=folder_names("ca")), separator="/")
    odd = names.name(BoardPlace(F.ASSIGNED, 'a/b*%"\r\n' + "x" * 100))
    assert odd.rpartition("/")[0] == "OAC360/2 En curs"
    assert odd.isprintable()
    assert len(odd.rpartition("/")[2]) <= 60
