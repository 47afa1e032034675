"""The database is lost while people work on the board: the folders tell what they have said of the cases."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from oacmail.core.effects import Arrived
from oacmail.core.model import Folder
from oacmail.mail.parse import parse
from testbed.messages import as_bytes
from tests.board.test_board import ANSWERED, AUTOMATIC, CLOSED, MINE, OPEN, REVIEW, WAITING, lies, move
from tests.rebuild.rebuilding import difference, lose, rebuild, taken
from tests.world import AGENT, ANNA, MARTA, OFFICE, PERE, World


@pytest.fixture
def board(tmp_path: Path) -> World:
    return World(tmp_path, board={"enabled": True})


def _states(world: World) -> list[tuple[object, ...]]:
    rows = world.rows("SELECT number, status, assignee, close_reason FROM cases ORDER BY number")
    return [tuple(row.values()) for row in rows]


def _goes_on(world: World) -> None:
    world.clock.forward(hours=1)
    world.citizen_asks("nou@example.cat", "Targeta", "Com puc renovar la targeta?")
    world.sync()


def _lost(world: World) -> tuple[list[tuple[object, ...]], dict[str, int], int]:
    """A later letter, whose acknowledgement is the last sign of life; then the database is lost."""
    _goes_on(world)
    states, places = _states(world), lies(world)
    lose(world)
    report = rebuild(world)
    return states, places, len(report.moved)


@pytest.mark.parametrize("target", [MINE, WAITING, REVIEW, AUTOMATIC])
def test_a_case_that_a_person_has_moved_is_what_its_folder_says(board: World, target: str) -> None:
    board.citizen_asks(ANNA)
    board.sync()
    move(board, OPEN, target)
    states, places, moved = _lost(board)
    assert _states(board) == states
    assert moved == 1
    board.turn()
    board.turn()
    assert (_states(board), lies(board)) == (states, places)
    assert set(board.kinds(AGENT)) <= {"assigned"}, "who has the case may hear it twice"


def test_an_answered_case_that_a_person_has_closed_is_closed(board: World) -> None:
    board.agent_replies(board.citizen_asks(ANNA))
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
    board.agent_answers(board.citizen_asks(ANNA))
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
    board.citizen_asks(ANNA)
    board.sync()
    board.clock.forward(hours=1)
    (uid,) = board.mailbox.folders[OPEN].messages
    board.mailbox.copy(OPEN, uid, CLOSED)
    board.live("2026-11-25 13:00")
    states, _, moved = _lost(board)
    assert (_states(board), moved) == (states, 0)


def test_a_machines_mail_that_a_person_has_put_among_the_open_ones_is_a_request(board: World) -> None:
    board.robot_says(PERE, "Sóc fora de l'oficina")
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
    board.citizen_asks(MARTA, "Beca", "On es demana la beca?")
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
    message = board.citizen_asks(ANNA)
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


def _stays_open(world: World, *, listed: bool = True) -> None:
    """Nothing but the folder says that the first case was answered: it is listed, and owed."""
    lose(world)
    report = rebuild(world)
    assert {row[1] for row in _states(world)} == {"open"}
    assert ("OAC-2026-000001" in report.owed) == listed


@pytest.mark.parametrize("order", [("log-call", {}), ("close", {"reason": "contact"})])
def test_a_case_that_a_call_has_answered_is_listed_and_owed(board: World, order: tuple[str, dict[str, str]]) -> None:
    verb, words = order
    board.citizen_asks(ANNA)
    board.clock.forward(minutes=20)
    board.obey(verb, board.cases()[0]["number"], **words)
    board.sync()
    assert sum(lies(board).get(folder, 0) for folder in (ANSWERED, CLOSED)) == 1
    _goes_on(board)
    _stays_open(board)


def _waits(board: World) -> int:
    """Anna's case waits, and another letter is acknowledged an hour later; return the UID of her message."""
    board.citizen_asks(ANNA)
    board.sync()
    (uid,) = board.mailbox.folders[OPEN].messages
    _goes_on(board)
    return uid


@pytest.mark.parametrize("savedate", [True, False])
@pytest.mark.parametrize("target", [ANSWERED, CLOSED])
def test_a_move_that_nobody_could_put_back_hides_no_owed_answer(board: World, target: str, savedate: bool) -> None:
    if not savedate:
        board.mailbox.clock = None
    uid = _waits(board)
    board.stop()
    board.clock.forward(hours=2)
    board.mailbox.move(OPEN, uid, target)
    board.clock.forward(hours=1)
    _stays_open(board)


@pytest.mark.parametrize("savedate", [True, False])
@pytest.mark.parametrize("target", [CLOSED, AUTOMATIC, REVIEW])
def test_moves_that_wait_for_a_word_hide_no_owed_answer(board: World, target: str, savedate: bool) -> None:
    """So many at once may be a mistake: the service leaves them where they are (engine/board.py)."""
    if not savedate:
        board.mailbox.clock = None
    for n in range(22):
        board.citizen_writes(f"veina{n}@example.cat", f"Beca {n}", f"On es demana la beca número {n}?")
    board.turn()
    board.sync()
    board.clock.forward(hours=1)
    move(board, OPEN, target)
    board.sync()
    assert lies(board) == {target: 22}
    _goes_on(board)
    _stays_open(board)


@pytest.mark.parametrize("fault", ["unreadable", "unwritable"])
def test_a_move_that_the_service_could_not_put_back_hides_no_owed_answer(board: World, fault: str) -> None:
    """The board stands still while one folder cannot be read; a full folder takes no message back."""
    uid = _waits(board)
    if fault == "unreadable":
        board.mailbox.refused = {"Sent"}
    else:
        board.mailbox.unwritable = {OPEN}
    board.mailbox.move(OPEN, uid, ANSWERED)
    board.sync()
    board.sync()
    _goes_on(board)
    assert lies(board)[ANSWERED] == 1
    board.mailbox.refused = set()
    _stays_open(board)


def _two_answered(board: World) -> list[int]:
    """The UIDs of Anna's two messages, both answered."""
    message = board.citizen_asks(ANNA)
    board.citizen_asks(ANNA, "", "I quan s'acaba el termini?", answers=message)
    board.agent_replies(message)
    board.sync()
    assert lies(board) == {ANSWERED: 2}
    board.clock.forward(hours=1)
    return sorted(board.mailbox.folders[ANSWERED].messages)


def test_a_reopening_counts_although_an_agent_has_filed_the_first_message_elsewhere(board: World) -> None:
    board.mailbox.create_folder("Arxiu")
    first, last = _two_answered(board)
    board.mailbox.move(ANSWERED, first, "Arxiu")
    board.sync()
    board.sync()
    board.clock.forward(hours=1)
    board.mailbox.move(ANSWERED, last, MINE)
    board.sync()
    board.sync()
    states, _, _ = _lost(board)
    assert _states(board) == states
    assert states[0][1] == "open"


def test_a_reopening_counts_although_a_message_was_moved_after_the_service_died(board: World) -> None:
    first, _ = _two_answered(board)
    board.mailbox.move(ANSWERED, first, MINE)
    board.sync()
    board.sync()
    _goes_on(board)
    board.stop()
    board.clock.forward(hours=1)
    board.mailbox.move(MINE, max(board.mailbox.folders[MINE].messages), ANSWERED)
    _stays_open(board, listed=False)


def _reported(board: World) -> EmailMessage:
    """Anna's question, whose answer came back; the report was read first and lies among the automatic mails."""
    message = board.citizen_asks(ANNA)
    board.sync()
    board.clock.forward(hours=1)
    answered_at = board.clock.now()
    answer = board.message(OFFICE, "", "Ho heu de fer així.", to=ANNA, answers=message)
    board.clock.forward(hours=1)
    board.report_on(answer)
    board.clock.forward(minutes=1)
    board.turn()
    board.sync()
    board.mailbox.append("Sent", as_bytes(answer), answered_at, seen=True)
    board.turn()
    board.sync()
    assert lies(board) == {OPEN: 1, AUTOMATIC: 1}
    return message


def test_a_report_that_the_service_has_filed_is_no_persons_move(board: World) -> None:
    _reported(board)
    states, _, moved = _lost(board)
    assert (_states(board), moved) == (states, 0)
    assert states[0][1] == "open"


def test_a_report_that_is_left_alone_of_a_case_does_not_close_it(board: World) -> None:
    _reported(board)
    (uid,) = board.mailbox.folders[OPEN].messages
    board.mailbox.expunge(OPEN, uid)
    _goes_on(board)
    _stays_open(board)


def test_a_reopening_counts_although_a_report_lies_among_the_automatic_mails(board: World) -> None:
    message = _reported(board)
    board.clock.forward(hours=1)
    board.agent_replies(message)
    board.sync()
    board.clock.forward(hours=1)
    (uid,) = board.mailbox.folders[ANSWERED].messages
    board.mailbox.move(ANSWERED, uid, MINE)
    board.sync()
    board.sync()
    _goes_on(board)
    _stays_open(board, listed=False)


@pytest.mark.parametrize("full", [True, False])
def test_a_case_that_was_opened_by_shell_is_not_put_aside_again(board: World, full: bool) -> None:
    """The service had filed the message before, and could not move it since: a folder is full, or it died."""
    board.robot_writes(PERE, "Sóc fora de l'oficina")
    received = board.clock.now()
    board.clock.forward(minutes=1)
    board.turn()
    board.sync()
    assert lies(board) == {AUTOMATIC: 1}
    board.clock.forward(hours=2)
    (message,) = board.mailbox.folders[AUTOMATIC].messages.values()
    board.mailbox.unwritable = {OPEN} if full else set()
    read = parse(message.raw, board.engine.parser_config(), day="2026-11-25")
    board.engine.perform(
        Arrived(message=read, received_at=received, folder=Folder.INTAKE, forced=True), raw=message.raw
    )
    board.tick()
    board.drain()
    if full:
        board.sync()
        _goes_on(board)
    _stays_open(board, listed=full)


@pytest.mark.parametrize("savedate", [True, False])
def test_a_copy_among_the_automatic_mails_closes_nothing(board: World, savedate: bool) -> None:
    """The message itself lies in a folder whose name comes later."""
    if not savedate:
        board.mailbox.clock = None
    board.mailbox.create_folder("Zona")
    board.citizen_asks(ANNA)
    board.sync()
    move(board, OPEN, "Zona")
    board.clock.forward(hours=1)
    (uid,) = board.mailbox.folders["Zona"].messages
    board.mailbox.copy("Zona", uid, AUTOMATIC)
    for _ in range(4):
        board.sync()
    _goes_on(board)
    _stays_open(board)
