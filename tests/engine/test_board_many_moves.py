"""Many moves in one pass are more likely a mistake than orders: they wait for a word of a person."""

from pathlib import Path

import pytest

from oacmail.adapters.store import board
from oacmail.sim.mailbox import SimulatedMailbox
from tests.engine.test_board import DERIVED, MINE, OPEN, lies, quiet
from tests.engine.world import ANNA, World


@pytest.fixture
def world(tmp_path: Path, mailbox: SimulatedMailbox) -> World:
    return World(tmp_path, mailbox=mailbox, board={"enabled": True})


def test_moves_of_one_case_in_one_moment_count_one_by_one(world: World) -> None:
    """To the services, back to an agent, to the services again: somebody is reminded, and the person hears of it."""
    first = world.citizen_writes(ANNA)
    for text in ("I on he de signar?", "I quan obriu?"):
        world.clock.forward(minutes=5)
        world.citizen_writes(ANNA, "", text, answers=first)
    world.turn()
    in_turn = world.rows("SELECT uid FROM sightings WHERE folder = ? ORDER BY fingerprint", OPEN)  # as they are read
    for row, folder in zip(in_turn, (DERIVED, MINE, DERIVED), strict=True):
        world.mailbox.move(OPEN, row["uid"], folder)
    quiet(world)
    world.turn()
    assert world.case()["status"] == "derived"
    running = world.rows("SELECT kind FROM deadlines WHERE void_at IS NULL AND met_at IS NULL AND fired_at IS NULL")
    assert sorted(row["kind"] for row in running) == ["nudge", "update"]
    assert world.kinds(ANNA) == ["ack", "passed_on"]


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
