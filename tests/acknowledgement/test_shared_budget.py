"""Several towns behind one relay count their mail together (`smtp.shared_budget`)."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import World

TOWN = Callable[..., World]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "relay"
    path.touch()
    return path


@pytest.fixture
def towns(town: TOWN, ledger: Path) -> tuple[World, World]:
    """Two towns with one budget of eight mails a minute, each with eight acknowledgements to send."""
    made = tuple(town(smtp={"per_minute": 8, "shared_budget": str(ledger)}) for _ in range(2))
    for world in made:
        for letter in "abcdefgh":
            world.citizen_writes(f"{letter}@poble-{letter}.example", f"Tràmit {letter}")
        world.sync()
    return made[0], made[1]


def _send(*towns: World, rounds: int = 8) -> list[int]:
    """What each relay has after the towns sent in turn, as often as they could in a second."""
    for _ in range(rounds):
        for world in towns:
            world.delivery.drain()
    return [len(world.relay.accepted) for world in towns]


def _later(towns: tuple[World, World], **units: float) -> None:
    for world in towns:
        world.clock.forward(**units)


def test_towns_with_one_budget_send_no_more_than_it_allows_and_share_it(towns: tuple[World, World]) -> None:
    first, second = _send(*towns)
    assert first + second == 8
    assert min(first, second) >= 2
    _later(towns, seconds=59)
    assert sum(_send(*towns)) == 8
    _later(towns, seconds=2)
    assert sum(_send(*towns)) == 16
    assert _send(*towns) == _send(*towns) == [len(world.mails("ack")) for world in towns]


def test_a_town_alone_may_use_all_of_it(towns: tuple[World, World]) -> None:
    assert _send(towns[0]) == [8]
    assert _send(towns[1]) == [0]


def test_a_town_without_the_file_counts_for_itself(town: TOWN, towns: tuple[World, World]) -> None:
    alone = town(smtp={"per_minute": 8})
    alone.citizen_writes("anna@example.org")
    alone.sync()
    assert _send(towns[0]) == [8]
    assert _send(alone) == [1]


def _gone(ledger: Path) -> None:
    ledger.unlink()


def _a_folder(ledger: Path) -> None:
    ledger.unlink()
    ledger.mkdir()


def _held_by_another(ledger: Path) -> None:
    fcntl.flock(os.open(ledger, os.O_RDWR), fcntl.LOCK_EX)  # until the end of the tests


@pytest.mark.parametrize("fault", [_gone, _a_folder, _held_by_another])
def test_a_file_that_cannot_be_used_delays_mail_for_a_minute_and_stops_none(
    towns: tuple[World, World], ledger: Path, fault: Callable[[Path], None]
) -> None:
    world = towns[0]
    fault(ledger)
    assert _send(world) == [0]
    assert "shared-budget" not in world.problems()
    world.clock.forward(seconds=61)
    assert _send(world) == [8]
    assert "shared-budget" in world.problems()


def test_the_problem_ends_when_the_file_is_back(towns: tuple[World, World], ledger: Path) -> None:
    world = towns[0]
    ledger.unlink()
    _send(world, rounds=1)
    world.clock.forward(seconds=61)
    _send(world, rounds=1)
    ledger.touch()
    world.clock.forward(seconds=61)
    _send(world, rounds=1)
    assert "shared-budget" not in world.problems()


@pytest.mark.parametrize(
    "left",
    [
        b"17642",  # killed while writing
        b"\x00\xff\n\n-1\nnan\ninf\n1e999\nword\n",
        b"9999999999.0\n" * 50,  # the clock was ahead, and was set back
    ],
)
def test_what_a_kill_or_a_wrong_clock_leaves_in_the_file_blocks_nothing(
    towns: tuple[World, World], ledger: Path, left: bytes
) -> None:
    ledger.write_bytes(left)
    assert _send(towns[0]) == [8]
    assert _send(towns[1]) == [0], "what was sent is in the file"


def test_a_kill_between_the_budget_and_the_relay_costs_its_share_of_one_minute_and_no_mail(
    towns: tuple[World, World],
) -> None:
    world = towns[0]
    world.kill("before RCPT", world.drain)
    world.sync()
    assert _send(world) == [6], "the two of the killed turn stay counted"
    world.clock.forward(seconds=61)
    assert _send(world) == [8]
