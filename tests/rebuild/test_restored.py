"""A backup is restored, and goes on from the copy of the ledger in the mailbox."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from oacmail.store import admin
from oacmail.store.remembered import LOST
from testbed.database import differences, recorded
from testbed.relay import deferred
from tests.rebuild.rebuilding import FOLDER, backup, restore
from tests.world import ANNA, MARTA, PERE, World

TOWN = Callable[..., World]


@pytest.fixture
def world(town: TOWN) -> World:
    return town(imap={"ledger": FOLDER})


def copy_ledger(world: World) -> None:
    for _ in range(2):  # what is decided in the first turn leaves after it was copied
        world.clock.forward(minutes=11)
        world.turn()


def test_what_was_ordered_by_shell_since_the_backup_is_there_again_also_after_a_second_restore(world: World) -> None:
    world.citizen_asks(ANNA)
    path = backup(world, "backup.db")
    world.order("set", "OAC-2026-000001", topic="payment")
    world.citizen_asks(PERE)
    copy_ledger(world)
    before = recorded(world.store.con)
    for _ in range(2):
        assert restore(world, path).why == ""
        assert differences(before, recorded(world.store.con)) == []
        copy_ledger(world)


def test_a_backup_goes_on_whose_deadlines_the_upgrade_has_numbered_otherwise(world: World) -> None:
    """It is older than the upgrade, and the database had got a deadline between that began before others."""
    world.citizen_asks(ANNA)
    path = backup(world, "backup.db")
    with closing(sqlite3.connect(path)) as con, con:
        numbers = [number for (number,) in con.execute("SELECT id FROM deadlines ORDER BY id")]
        con.execute("UPDATE deadlines SET id = -id")
        con.executemany("UPDATE deadlines SET id = ? WHERE id = -?", zip(reversed(numbers), numbers, strict=True))
    world.citizen_asks(PERE)
    copy_ledger(world)
    before = recorded(world.store.con)
    assert restore(world, path).why == ""
    assert differences(before, recorded(world.store.con)) == []


def test_without_copies_a_mail_that_has_left_since_the_last_piece_stays_held(town: TOWN) -> None:
    world = town(imap={"ledger": FOLDER}, smtp={"self_copy": False})
    world.relay.when(deferred())
    world.citizen_asks(PERE)
    path = backup(world, "backup.db")
    world.order("set", "OAC-2026-000001", topic="payment")
    copy_ledger(world)
    world.relay.recover()
    world.intake.ledger_folder = ""
    world.clock.forward(minutes=60)
    world.turn()
    assert world.kinds(PERE) == ["ack"]
    assert restore(world, path).why == ""
    copy_ledger(world)
    assert (world.kinds(PERE), world.mail()["state"]) == (["ack"], "held")


def test_a_backup_that_is_no_ancestor_of_the_copy_takes_nothing_from_it(world: World) -> None:
    """Somebody has restored an older one first, on which the service went on: its rows are others of these numbers."""
    world.relay.when(deferred())
    world.citizen_asks(ANNA)
    older = backup(world, "older.db")
    copy_ledger(world)
    world.intake.ledger_folder = ""
    world.citizen_asks(PERE)
    younger = backup(world, "younger.db")
    assert restore(world, older).why == ""
    world.citizen_asks(MARTA)
    for _ in range(4):
        copy_ledger(world)
    assert restore(world, younger).why == "another"
    world.relay.recover()
    copy_ledger(world)
    world.clock.forward(hours=1)
    world.turn()
    assert {who: len(world.received(who)) for who in (ANNA, PERE, MARTA)} == {ANNA: 1, PERE: 1, MARTA: 1}


def test_the_copy_stays_until_a_restore_has_read_it(world: World) -> None:
    """The machine goes down before, or the mailbox cannot be read: the service starts on the backup as it was."""
    world.citizen_asks(ANNA)
    path = backup(world, "backup.db")
    world.order("set", "OAC-2026-000001", topic="payment")
    copy_ledger(world)
    before = recorded(world.store.con)
    world.stop()
    admin.restore(world.config.office.state, path, world.clock.now())
    world.start()
    copy_ledger(world)
    assert LOST in world.problems()
    assert restore(world, path).why == ""
    assert list(differences(before, recorded(world.store.con))) == []
    copy_ledger(world)
    assert world.problems() == set()
