"""Worlds with settings of the test. At the end of each, the event log and the stored values are searched for what
they must not hold."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed.mailbox import SimulatedMailbox
from tests.engine.events import indiscretions
from tests.engine.stored import unlisted, unrecorded
from tests.engine.world import World


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes towns: `world = town(now="2026-11-25 09:00", deadline={…})`."""
    made: list[World] = []

    def make(**settings: object) -> World:
        made.append(World(tmp_path / f"town{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for world in made:
        world.stop()
    assert [line for world in made for line in indiscretions(world)] == []
    assert [key for world in made for key in unlisted(world)] == []
    assert [row for world in made for row in unrecorded(world)] == []


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    """Wednesday 25 November 2026, nine in the morning."""
    return town()


@pytest.fixture
def mailbox() -> SimulatedMailbox:
    """tests/adapters/test_board.py runs the tests of the board on real servers."""
    return SimulatedMailbox()
