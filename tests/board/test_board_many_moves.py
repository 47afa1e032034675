"""Many moves in one pass are more likely a mistake than orders: they wait for a word of a person."""

from pathlib import Path

import pytest

from oacmail.store import board
from testbed.mailbox import SimulatedMailbox
from tests.board.test_board import MINE, OPEN, lies, quiet
from tests.world import World


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
