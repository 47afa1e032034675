"""A restore that cannot end, for a full disk or a kill, leaves the database as it was: nothing begins from nothing."""

import sqlite3
from pathlib import Path

import pytest

from oacmail.core.errors import ConfigError, StateError
from oacmail.store import admin
from oacmail.store.connection import FILE
from tests.world import ANNA, PERE, World


def _backup(world: World) -> Path:
    path = world.root / "backup"
    admin.backup(world.config.office.state, path, (), world.clock.now())
    return path


def test_a_restore_that_fails_half_way_leaves_the_database_in_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.citizen_asks(ANNA)
    backup = _backup(world)
    world.citizen_asks(PERE)
    world.stop()

    def full(_: sqlite3.Connection) -> list[str]:
        raise StateError("database: database or disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(admin, "migrate", full)
        with pytest.raises(StateError):
            admin.restore(world.config.office.state, backup, world.clock.now())
    state = world.config.office.state
    assert [file.name for file in state.glob(f"{FILE}*")] == [FILE]
    world.start()
    assert len(world.rows("SELECT * FROM cases")) == 2


def test_what_a_killed_restore_has_left_is_in_nobodys_way(world: World) -> None:
    world.citizen_asks(ANNA)
    backup = _backup(world)
    world.stop()
    state = world.config.office.state
    for log in ("", "-wal", "-shm"):
        (state / f"{FILE}.restoring{log}").write_bytes(b"half a copy")
    admin.restore(state, backup, world.clock.now())
    assert sorted(file.name for file in state.glob(f"{FILE}*")) == [FILE, f"{FILE}.before-restore"]
    world.start()
    assert len(world.rows("SELECT * FROM cases")) == 1


def test_after_a_restore_that_was_killed_between_the_two_databases_no_empty_one_begins(world: World) -> None:
    world.citizen_asks(ANNA)
    backup = _backup(world)
    world.stop()
    state = world.config.office.state
    (state / FILE).rename(state / f"{FILE}.before-restore")
    (state / f"{FILE}.restoring").write_bytes(backup.read_bytes())
    with pytest.raises(ConfigError, match="a restore was killed: run `oacmail restore`"):
        world.start()
    assert not (state / FILE).exists()
    admin.restore(state, backup, world.clock.now())
    world.start()
    assert len(world.rows("SELECT * FROM cases")) == 1
