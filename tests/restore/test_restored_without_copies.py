"""Yesterday's database where no self-copies tell what has left since: what may be sent twice waits for a person."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oacmail.core.acknowledgement import RESTORED
from oacmail.core.effects import OutboxCommand
from oacmail.store import admin
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
    admin.restore(world.config.office.state, path, world.clock.now())
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
