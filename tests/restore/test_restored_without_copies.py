"""Yesterday's database where no self-copies tell what has left since: what may be sent twice waits for a person."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oacmail.core.acknowledgement import RESTORED
from oacmail.core.effects import OutboxCommand
from oacmail.core.errors import ConfigError, StateError
from oacmail.store import admin, ledger
from oacmail.store.connection import FILE
from testbed.relay import no_reply
from tests.world import ANNA, PERE, World

TOWN = Callable[..., World]


@pytest.fixture
def quiet(town: TOWN) -> World:
    return town(smtp={"self_copy": False})


def _backup(world: World) -> Path:
    path = world.root / "backup"
    admin.backup(world.config.office.state, path, (), world.clock.now())
    return path


def _restore(world: World, path: Path) -> int:
    """As `oacmail restore` does."""
    world.stop()
    admin.restore(world.config.office.state, path, world.clock.now(), world.policy.secrets)
    world.start()
    return admin.hold_acks(world.store.con, RESTORED)


def _states(world: World) -> dict[str, str]:
    return {mail["recipient"]: mail["state"] for mail in world.mails("ack")}


def test_an_acknowledgement_that_the_database_has_forgotten_is_held_and_the_case_keeps_its_deadline(
    quiet: World,
) -> None:
    backup = _backup(quiet)
    quiet.citizen_asks(ANNA)
    due = quiet.case()["due_at"]
    quiet.clock.forward(minutes=10)
    assert _restore(quiet, backup) == 0
    quiet.clock.forward(minutes=1)
    quiet.citizen_asks(PERE, "Beca", "On es demana la beca?")
    assert _states(quiet) == {ANNA: "held", PERE: "sent"}
    assert [len(quiet.received(who)) for who in (ANNA, PERE)] == [1, 1]
    assert next(case for case in quiet.cases() if case["citizen"] == ANNA)["due_at"] == due
    assert quiet.mails("ack")[0]["last_error"] == "database-restored"


def test_one_that_waited_in_the_backup_or_was_in_doubt_there_is_held(quiet: World) -> None:
    quiet.relay.when(no_reply(lost=False), to=ANNA, times=1)
    quiet.citizen_asks(ANNA)
    quiet.citizen_writes(PERE, "Beca", "On es demana la beca?")
    quiet.sync()
    backup = _backup(quiet)
    quiet.turn()
    assert _restore(quiet, backup) == 2
    quiet.clock.forward(hours=3)
    quiet.turn()
    assert _states(quiet) == {ANNA: "held", PERE: "held"}
    assert [len(quiet.received(who)) for who in (ANNA, PERE)] == [1, 1]


def test_a_held_one_leaves_when_a_person_says_so(quiet: World) -> None:
    backup = _backup(quiet)
    quiet.citizen_writes(ANNA)
    quiet.clock.forward(minutes=10)
    _restore(quiet, backup)
    quiet.turn()
    assert quiet.received(ANNA) == []
    quiet.engine.perform(OutboxCommand(verb="retry", key=quiet.mail()["key"], by="admin"))
    quiet.turn()
    assert quiet.kinds(ANNA) == ["ack"]


# A restore that cannot end, for a full disk or a kill, leaves the database as it was: nothing begins from nothing.


def test_a_restore_that_fails_half_way_leaves_the_database_in_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.citizen_asks(ANNA)
    backup = _backup(world)
    world.citizen_asks(PERE)
    world.stop()

    def full(*_: object) -> None:
        raise StateError("database: database or disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(ledger, "update", full)
        with pytest.raises(StateError):
            admin.restore(world.config.office.state, backup, world.clock.now(), world.policy.secrets)
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
    admin.restore(state, backup, world.clock.now(), world.policy.secrets)
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
    admin.restore(state, backup, world.clock.now(), world.policy.secrets)
    world.start()
    assert len(world.rows("SELECT * FROM cases")) == 1
