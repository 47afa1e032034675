"""The board when the server or its folders change in ways that nobody ordered, and when it is switched on and off."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from oacmail.store import board
from oacmail.store.store import SqliteStore
from testbed.mailbox import SimulatedMailbox
from tests.board.test_board import ANSWERED, CLOSED, DERIVED, MINE, OPEN, lies, move, quiet
from tests.work import instructions
from tests.world import AGENT, ANNA, OFFICE, PERE, World


def test_a_folder_that_cannot_be_made_is_a_problem_and_nothing_else_stops(tmp_path: Path) -> None:
    mailbox = SimulatedMailbox()
    mailbox.refused.add(OPEN)
    world = World(tmp_path, mailbox=mailbox, board={"enabled": True})
    world.citizen_asks(ANNA)
    assert (lies(world), world.problems(), world.kinds(ANNA)) == ({"INBOX": 1}, {"board"}, ["ack"])
    mailbox.refused.clear()
    quiet(world)
    assert (lies(world), world.problems()) == ({OPEN: 1}, set())


def test_a_folder_that_takes_no_message_holds_up_no_other(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.mailbox.unwritable.add(OPEN)
    world.citizen_writes(ANNA)
    world.agent_replies(world.citizen_writes(PERE))
    quiet(world)
    assert (lies(world), world.problems()) == ({"INBOX": 1, ANSWERED: 1}, {"board"})
    world.mailbox.unwritable.clear()
    quiet(world)
    assert (lies(world), world.problems()) == ({OPEN: 1, ANSWERED: 1}, set())


def test_a_folder_that_takes_no_flag_holds_up_no_other(tmp_path: Path) -> None:
    world = World(tmp_path, now="2026-11-25 09:00", board={"enabled": True})
    for who in (ANNA, PERE):
        world.citizen_writes(who)
    world.turn()
    world.order("assign", "OAC-2026-000002", name="agent")
    quiet(world)
    world.mailbox.unwritable.add(OPEN)
    world.advance("2026-11-26 09:00")
    quiet(world)
    flagged = {name: [one.flagged for one in world.mailbox.folders[name].messages.values()] for name in (OPEN, MINE)}
    assert (flagged, world.problems()) == ({OPEN: [False], MINE: [True]}, {"board"})


def test_a_folder_that_was_deleted_with_its_messages_holds_up_no_other(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.citizen_asks(ANNA)
    del world.mailbox.folders[OPEN]
    world.agent_replies(world.citizen_writes(PERE))
    quiet(world)
    assert (lies(world), world.problems()) == ({ANSWERED: 1}, set())
    assert world.reviews() == ["deleted-from-the-mailbox"]


def test_in_shadow_nothing_is_made_and_nothing_moved(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.engine.policy = replace(world.engine.policy, shadow=True)
    world.citizen_asks(ANNA)
    assert (lies(world), world.mailbox.moves) == ({"INBOX": 1}, 0)


def test_a_new_uidvalidity_is_no_move_by_a_person(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.citizen_asks(ANNA)
    world.mailbox.renew(OPEN)
    quiet(world)
    assert (lies(world), world.events("moved"), world.reviews(), len(world.cases())) == ({OPEN: 1}, [], [], 1)


def test_a_mailbox_restored_from_yesterday_orders_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    question = world.citizen_asks(ANNA)
    yesterday = world.mailbox.snapshot()
    world.agent_replies(question)
    move(world, ANSWERED, CLOSED)
    world.mailbox.restore(yesterday)
    world.compare = True
    quiet(world)
    assert world.case()["status"] == "closed"
    assert lies(world) == {CLOSED: 1}


def test_the_board_is_switched_on_and_off_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA)
    world.restart(board={"enabled": True})
    quiet(world)
    assert (lies(world), world.events("moved")) == ({OPEN: 1}, [])
    world.restart(board={"enabled": False})
    world.citizen_asks(PERE, "Padró", "Com demano un volant?")
    assert lies(world) == {OPEN: 1, "INBOX": 1}
    assert world.rows("SELECT * FROM sightings WHERE outcome IS NULL") == []


def test_a_message_that_comes_back_from_the_bin_is_known_again(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.citizen_asks(ANNA)
    (uid,) = world.mailbox.folders[OPEN].messages
    binned = world.mailbox.folders[OPEN].messages.pop(uid)
    quiet(world)
    assert world.reviews() == ["deleted-from-the-mailbox"]
    world.mailbox.folders[MINE].add(binned)
    quiet(world)
    assert (world.case()["assignee"], lies(world), len(world.cases())) == ("agent", {MINE: 1}, 1)


def test_a_message_in_a_folder_of_peoples_own_stays_there(tmp_path: Path) -> None:
    world = World(tmp_path, mailbox=SimulatedMailbox("INBOX", "Sent", "Junk", "Arxiu"), board={"enabled": True})
    question = world.citizen_asks(ANNA)
    move(world, OPEN, "Arxiu")
    world.agent_answers(question)
    quiet(world)
    assert (world.case()["status"], world.reviews(), lies(world)) == ("answered", [], {"Arxiu": 1})
    move(world, "Arxiu", CLOSED)
    assert (world.case()["status"], lies(world)) == ("closed", {CLOSED: 1})


def test_an_answer_that_was_read_before_its_question_counts_although_the_board_has_moved_it(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    question = world.message(ANNA, "Padró", "Bon dia, com demano el volant?")
    answer = world.message(AGENT, "", "Bon dia, a la seu.", to=ANNA, answers=question)
    answer["Cc"] = OFFICE
    world.deliver(answer, verdict="dmarc=pass header.from=town.example")
    quiet(world)
    assert world.reviews() == ["staff-without-case"]
    world.deliver(question, verdict="dmarc=pass header.from=example.org")
    quiet(world)
    assert (world.case()["status"], world.reviews()) == ("answered", [])
    assert lies(world) == {ANSWERED: 2}


def test_a_message_that_the_restored_mailbox_has_lost_moves_no_other_that_has_its_uid_now(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.turn()
    yesterday = world.mailbox.snapshot()
    world.citizen_asks(ANNA)
    lost = world.case()["number"]
    (uid,) = world.mailbox.folders[OPEN].messages
    world.mailbox.restore(yesterday)
    world.clock.forward(hours=1)
    world.citizen_writes(PERE, "Padró")
    quiet(world)
    assert list(world.mailbox.folders[OPEN].messages) == [uid]
    world.order("assign", lost, name="agent")
    quiet(world)
    assert lies(world) == {OPEN: 1}


def test_a_drag_is_noticed_where_the_restored_folder_gives_its_uids_again(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.citizen_writes(ANNA)
    world.citizen_asks(PERE, "Padró", "Com demano un volant?")
    yesterday = world.mailbox.snapshot()
    world.mailbox.move(OPEN, min(world.mailbox.folders[OPEN].messages), MINE)
    quiet(world)
    (uid,) = world.mailbox.folders[MINE].messages
    move(world, MINE, DERIVED)
    world.mailbox.restore(yesterday)
    quiet(world)
    assert lies(world) == {OPEN: 1, DERIVED: 1}
    move(world, OPEN, MINE)
    assert list(world.mailbox.folders[MINE].messages) == [uid]
    assert sorted((case["status"], case["assignee"] or "") for case in world.cases()) == [
        ("derived", "agent"),
        ("open", "agent"),
    ]


def test_another_root_of_the_board_takes_the_messages_along_and_asks_nobody(tmp_path: Path) -> None:
    world = World(tmp_path, board={"enabled": True})
    world.citizen_asks(ANNA)
    world.restart(board={"root": "Oficina"})
    quiet(world)
    assert lies(world) == {OPEN.replace("OAC360", "Oficina"): 1}
    assert (world.reviews(), world.events("moved"), world.problems()) == ([], [], set())


# Many moves in one pass are more likely a mistake than orders: they wait for a word of a person.


@pytest.fixture
def world(tmp_path: Path, mailbox: SimulatedMailbox) -> World:
    return World(tmp_path, mailbox=mailbox, board={"enabled": True})


def _twenty_one(world: World) -> None:
    for number in range(21):
        world.citizen_writes(f"persona{number}@example.org", f"Pregunta {number}", f"Com faig el tràmit {number}?")
    world.turn()
    for uid in sorted(world.mailbox.folders[OPEN].messages):
        world.mailbox.move(OPEN, uid, MINE)
    quiet(world)


def test_more_than_twenty_moves_wait_for_a_word_and_are_carried_out(world: World) -> None:
    _twenty_one(world)
    assert {case["assignee"] for case in world.cases()} == {None}
    assert (lies(world), world.problems()) == ({MINE: 21}, {"board-moves"})
    assert board.say(world.store.con, "carry out") == 21
    quiet(world)
    assert {case["assignee"] for case in world.cases()} == {"agent"}
    assert world.problems() == set()


def test_more_than_twenty_moves_are_undone_by_a_word(world: World) -> None:
    _twenty_one(world)
    assert board.say(world.store.con, "undo") == 21
    quiet(world)
    assert {case["assignee"] for case in world.cases()} == {None}
    assert (lies(world), world.problems()) == ({OPEN: 21}, set())


# What a pass over the board reads: messages of live cases, whatever lies in the folder of closed ones.

LONG_AGO, NOW = "2026-05-04T08:00:00Z", "2026-11-25T08:00:00Z"
SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)
CLOSED_CASES = 3_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path)) as opened:
        opened.con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
        yield opened


def _case(store: SqliteStore, at: int, *, closed_at: str | None = None, flagged: bool = False) -> None:
    status, name = "closed" if closed_at else "open", f"m{at}"
    opened = closed_at or NOW
    store.con.execute(
        """INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
        subject_key, opened_at, touched_at, closed_at) VALUES(?, ?, ?, 1, ?, 'request', 'other', 'first', 'question',
        'ca', 'Padró', 'padro', ?, ?, ?)""",
        (at, f"OAC-2026-{at:06}", name, status, opened, opened, closed_at),
    )
    store.con.execute(
        """INSERT INTO messages(fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
        subject, subject_key, received_at, lang, fresh, body_hash, rung, folder)
        VALUES(?, ?, ?, 1, 'citizen', 'case', 'request', '', '[]', 'Padró', 'padro', ?, 'ca', '', '', '', 'F')""",
        (name, f"<{at}@example.org>", at, opened),
    )
    store.con.execute("INSERT INTO board_places VALUES('F', 1, ?, ?, ?, 2)", (at, name, opened))
    store.con.execute(
        """INSERT INTO board_messages(fingerprint, folder, uidvalidity, uid, internal_date, flagged, unsettled)
        VALUES(?, 'F', 1, ?, ?, ?, 0)""",
        (name, at, opened, flagged),
    )


def _instructions(store: SqliteStore) -> int:
    """Thousands of SQLite's instructions of one look at what may have to be moved."""
    return instructions(store.con, lambda: store.board_placed(SINCE))


def test_a_pass_looks_at_live_lately_closed_and_flagged_messages_and_at_all_when_asked(store: SqliteStore) -> None:
    _case(store, 1)
    _case(store, 2, closed_at=NOW)
    _case(store, 3, closed_at=LONG_AGO)
    _case(store, 4, closed_at=LONG_AGO, flagged=True)

    assert {one.message for one in store.board_placed(SINCE)} == {"m1", "m2", "m4"}
    assert {one.message for one in store.board_placed(None)} == {"m1", "m2", "m3", "m4"}


def test_a_pass_costs_the_same_however_many_cases_are_closed(store: SqliteStore) -> None:
    for at in range(1, 101):
        _case(store, at)
    before = _instructions(store)
    for at in range(101, 101 + CLOSED_CASES):
        _case(store, at, closed_at=LONG_AGO)

    assert before > 0
    assert _instructions(store) <= before + 1
