"""The database is lost while people work on the board: the folders tell what they have said of the cases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import compose
from tests.engine.compose import OFFICE
from tests.engine.rebuilding import difference, lose, rebuild, taken
from tests.engine.test_board import ANSWERED, AUTOMATIC, CLOSED, DERIVED, MINE, OPEN, REVIEW, WAITING, lies, move
from tests.engine.test_second_level import FAULT
from tests.engine.world import AGENT, ANNA, MARTA, PERE, World

TOWN = Callable[..., World]


@pytest.fixture
def board(tmp_path: Path) -> World:
    return World(tmp_path, board={"enabled": True})


def _states(world: World) -> list[tuple[object, ...]]:
    rows = world.rows("SELECT number, status, assignee, close_reason FROM cases ORDER BY number")
    return [tuple(row.values()) for row in rows]


def _lost(world: World) -> tuple[list[tuple[object, ...]], dict[str, int], int]:
    """A later letter, whose acknowledgement is the last sign of life; then the database is lost."""
    world.clock.forward(hours=1)
    world.citizen_writes("nou@example.cat", "Targeta", "Com puc renovar la targeta?")
    world.turn()
    world.sync()
    states, places = _states(world), lies(world)
    lose(world)
    report = rebuild(world)
    return states, places, len(report.moved)


@pytest.mark.parametrize("target", [MINE, WAITING, REVIEW, AUTOMATIC])
def test_a_case_that_a_person_has_moved_is_what_its_folder_says(board: World, target: str) -> None:
    board.citizen_writes(ANNA)
    board.turn()
    board.sync()
    move(board, OPEN, target)
    states, places, moved = _lost(board)
    assert _states(board) == states
    assert moved == 1
    board.turn()
    board.turn()
    assert (_states(board), lies(board), board.received(AGENT)) == (states, places, [])


def test_an_answered_case_that_a_person_has_closed_is_closed(board: World) -> None:
    message = board.citizen_writes(ANNA)
    board.turn()
    board.agent_answers(message)
    board.turn()
    board.sync()
    move(board, ANSWERED, CLOSED)
    states, places, _ = _lost(board)
    assert states[0][1:] == ("closed", None, "answered")
    assert _states(board) == states
    board.turn()
    assert lies(board) == places


def _reopened(board: World) -> tuple[str, str]:
    """A week after a person has put an answered case among the open ones, the database is lost: its due moment before
    and after."""
    message = board.citizen_writes(ANNA)
    board.turn()
    board.agent_answers(message)
    board.live("2026-11-26 10:00")
    board.sync()
    move(board, ANSWERED, OPEN)
    board.live("2026-12-04 10:00")
    due = board.cases()[0]["due_at"]
    _lost(board)
    assert _states(board)[0][1] == "open"
    return due, board.cases()[0]["due_at"]


def test_a_case_that_was_put_among_the_open_ones_is_due_when_it_was(board: World) -> None:
    assert _reopened(board) == ("2026-11-27T20:00:00+01:00", "2026-11-27T20:00:00+01:00")


def test_where_no_server_tells_when_it_was_put_there_it_is_due_from_the_last_sign_of_life(board: World) -> None:
    board.mailbox.clock = None
    assert _reopened(board) == ("2026-11-27T20:00:00+01:00", "2026-12-07T20:00:00+01:00")


def test_a_second_copy_in_another_folder_moves_nothing(board: World) -> None:
    board.citizen_writes(ANNA)
    board.turn()
    board.sync()
    board.clock.forward(hours=1)
    (uid,) = board.mailbox.folders[OPEN].messages
    board.mailbox.copy(OPEN, uid, CLOSED)
    board.live("2026-11-25 13:00")
    states, _, moved = _lost(board)
    assert (_states(board), moved) == (states, 0)


def test_a_machines_mail_that_a_person_has_put_among_the_open_ones_is_a_request(board: World) -> None:
    board.robot_writes(PERE, "Sóc fora de l'oficina")
    board.turn()
    board.sync()
    move(board, AUTOMATIC, OPEN)
    board.turn()
    states, places, _ = _lost(board)
    assert _states(board) == states
    board.turn()
    board.turn()
    assert lies(board) == places
    assert len(board.received(PERE)) == 1


def test_where_nobody_has_moved_anything_the_board_stays_as_it_is(board: World) -> None:
    message = board.citizen_writes(ANNA)
    board.citizen_writes(MARTA, "Beca", "On es demana la beca?")
    board.turn()
    board.clock.forward(minutes=30)
    board.agent_answers(message)
    board.live("2026-11-25 11:00")
    before, moves = taken(board), board.mailbox.moves
    lose(board)
    assert rebuild(board).moved == ()
    assert difference(before, taken(board)) == []
    board.turn()
    board.turn()
    assert board.mailbox.moves == moves


def test_what_happened_after_the_last_sign_of_life_says_more_than_the_folder(board: World) -> None:
    """The service has died before it could move the answered message."""
    message = board.citizen_writes(ANNA)
    board.turn()
    board.sync()
    board.stop()
    board.clock.forward(hours=1)
    board.agent_answers(message)
    board.start()
    lose(board)
    assert rebuild(board).moved == ()
    board.turn()
    board.turn()
    assert [status for _, status, *_ in _states(board)] == ["answered"]
    assert lies(board) == {ANSWERED: 1}


def test_a_report_that_the_service_has_filed_is_no_persons_move(board: World) -> None:
    """It was read before the answer that it is about, had no case then, and lies among the automatic mails."""
    message = board.citizen_writes(ANNA)
    board.turn()
    board.sync()
    board.clock.forward(hours=1)
    answered_at = board.clock.now()
    answer = compose.message(board.clock, OFFICE, "", "Ho heu de fer així.", to=ANNA, answers=message)
    board.clock.forward(hours=1)
    board.report_on(answer)
    board.clock.forward(minutes=1)
    board.turn()
    board.sync()
    board.mailbox.append("Sent", compose.as_bytes(answer), answered_at, seen=True)
    board.turn()
    board.sync()
    assert lies(board) == {OPEN: 1, AUTOMATIC: 1}
    states, _, moved = _lost(board)
    assert (_states(board), moved) == (states, 0)
    assert states[0][1] == "open"


def test_a_case_that_was_answered_by_telephone_is_what_its_folder_says(board: World) -> None:
    """No person can have put it there: the service puts such a move back."""
    board.citizen_writes(ANNA)
    board.turn()
    board.clock.forward(minutes=20)
    board.order("log-call", board.cases()[0]["number"])
    board.turn()
    board.sync()
    assert lies(board) == {ANSWERED: 1}
    states, places, moved = _lost(board)
    assert states[0][1] == "answered"
    assert (_states(board), moved) == (states, 1)
    board.turn()
    board.turn()
    assert lies(board) == places


@pytest.mark.parametrize("reason", ["contact", "duplicate"])
def test_a_case_that_was_closed_by_shell_is_what_its_folder_says(board: World, reason: str) -> None:
    board.citizen_writes(ANNA)
    board.turn()
    board.clock.forward(minutes=20)
    board.order("close", board.cases()[0]["number"], reason=reason)
    board.turn()
    board.sync()
    assert lies(board) == {CLOSED: 1}
    states, _, _ = _lost(board)
    assert [row[1] for row in _states(board)] == [row[1] for row in states] == ["closed", "open"]


def test_a_case_that_was_taken_back_before_it_was_answered_is_not_with_the_services(town: TOWN) -> None:
    board = town(board={"enabled": True}, people={"technical": ["tecnics@town.example"]})
    fault = board.citizen_writes(ANNA, *FAULT)
    board.turn()
    board.sync()
    move(board, DERIVED, MINE)
    board.clock.forward(hours=1)
    board.agent_answers(fault)
    board.clock.forward(minutes=1)
    board.turn()
    board.sync()
    assert lies(board) == {ANSWERED: 1}
    states, places, _ = _lost(board)
    assert [row[1] for row in _states(board)] == [row[1] for row in states] == ["answered", "open"]
    board.turn()
    board.turn()
    assert lies(board) == places


def test_where_the_service_has_died_a_folder_hides_no_owed_answer(board: World) -> None:
    """Nobody has put the person's move back: the case still waits."""
    board.citizen_writes(ANNA)
    board.turn()
    board.sync()
    board.stop()
    board.clock.forward(minutes=5)
    (uid,) = board.mailbox.folders[OPEN].messages
    board.mailbox.move(OPEN, uid, ANSWERED)
    lose(board)
    assert rebuild(board).moved == ()
    assert [row[1] for row in _states(board)] == ["open"]
