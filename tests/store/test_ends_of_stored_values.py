"""A stored value ends when the list says so, and no other ends with it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from oacmail.core.stored_values import FAMILIES, End
from oacmail.store import rebuilt, rebuilt_numbers
from oacmail.store.writing import WAITS_AT_MOST
from tests.store.stored import unlisted
from tests.world import World


def _tidied(world: World) -> None:
    world.store.tidy(world.clock.now() + WAITS_AT_MOST + timedelta(seconds=1))


def _started(world: World) -> None:
    world.store.begin("1f2e3d4c", world.clock.now())


def _rebuilt(world: World) -> None:
    rebuilt.begin(world.store.con)
    rebuilt.finish(world.store.con, world.clock.now())


def _numbered(world: World) -> None:
    rebuilt_numbers.raise_above_given(world.store.con, world.clock.now())


@pytest.mark.parametrize(
    ("end", "happens"),
    [(End.WAITED, _tidied), (End.START, _started), (End.PROBLEM, _rebuilt), (End.REBUILT, _numbered)],
)
def test_what_ends_so_ends_and_nothing_else_does(world: World, end: End, happens: Callable[[World], None]) -> None:
    keys = {f"{name}OAC-2026-000009" if name.endswith(":") else name: family for name, family in FAMILIES.items()}
    for key in keys:
        world.store.remember(key, "1", world.clock.now())
    happens(world)
    left = {row["key"] for row in world.rows("SELECT key FROM kv")}
    assert keys.keys() - left == {key for key, family in keys.items() if family.ends is end}


def test_what_is_tidied_has_waited_sixty_days(world: World) -> None:
    world.store.remember("reserved:5f1e", "OAC-2026-000009", world.clock.now())
    world.store.tidy(world.clock.now() + WAITS_AT_MOST)
    assert world.store.recall("reserved:5f1e") == "OAC-2026-000009"


def test_a_key_that_is_not_listed_would_be_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store.remember("last-mood", "good", world.clock.now())
    world.stop()
    assert unlisted(world) == ["last-mood"]
