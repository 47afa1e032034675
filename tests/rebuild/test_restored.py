"""A backup is restored, and goes on from the copy of the ledger in the mailbox."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from oacmail.core.errors import ConfigError
from oacmail.privacy.erasure import forget
from oacmail.store import admin
from oacmail.store.connection import FILE
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
    world.intake.ledger.folder = ""
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
    world.intake.ledger.folder = ""
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


def test_the_service_does_not_start_until_a_restore_has_read_the_copy(world: World) -> None:
    """The machine goes down before, or the mailbox cannot be read."""
    world.citizen_asks(ANNA)
    path = backup(world, "backup.db")
    world.order("set", "OAC-2026-000001", topic="payment")
    copy_ledger(world)
    before = recorded(world.store.con)
    world.stop()
    admin.restore(world.config.office.state, path, world.clock.now(), world.policy.secrets)
    for _ in range(2):
        with pytest.raises(ConfigError, match="a restore has not read the copy"):
            world.start()
        assert problems(world) == {LOST}
    assert restore(world, path).why == ""
    assert list(differences(before, recorded(world.store.con))) == []
    copy_ledger(world)
    assert world.problems() == set()


def problems(world: World) -> set[str]:
    """Those that are recorded in the database of a service that does not run."""
    with closing(sqlite3.connect(world.config.office.state / FILE)) as con:
        return {key.removeprefix("problem:") for (key,) in con.execute("SELECT key FROM kv WHERE key GLOB 'problem:*'")}


@pytest.fixture
def yesterday(world: World) -> bytes:
    """The file as it was before what the ledger's copy knows: a closing, an assignment, a note, an erasure."""
    for who in (ANNA, PERE, MARTA):
        world.citizen_asks(who)
    copy_ledger(world)
    world.restart()
    kept = (world.config.office.state / FILE).read_bytes()
    world.order("close", "OAC-2026-000001", reason="contact")
    world.order("escalate", "OAC-2026-000002", team="technical")
    forget(world.store.con, world.policy, MARTA, world.engine.now(), by="admin", even_open=True)
    copy_ledger(world)
    return kept


def put_back(world: World, kept: bytes) -> Path:
    world.stop()
    path = world.config.office.state / FILE
    path.write_bytes(kept)
    return path


def test_an_older_file_that_is_put_back_is_a_loss_until_a_restore_has_got_the_rest(
    world: World, yesterday: bytes
) -> None:
    before, received = recorded(world.store.con), len(world.received(PERE))
    path = put_back(world, yesterday)
    pieces = set(world.mailbox.folders[FOLDER].messages)
    for _ in range(2):
        with pytest.raises(ConfigError, match="is younger than this database"):
            world.start()
        assert problems(world) == {LOST}
    assert set(world.mailbox.folders[FOLDER].messages) == pieces
    assert restore(world, path).why == ""
    assert list(differences(before, recorded(world.store.con))) == []
    assert MARTA not in [row["address"] for row in world.rows("SELECT address FROM people")]
    copy_ledger(world)
    assert world.problems() == set()
    assert len(world.received(PERE)) == received


def test_an_older_file_that_went_on_without_the_mailbox_is_a_loss_too(world: World, yesterday: bytes) -> None:
    """It has as many entries by then, of another past."""
    put_back(world, yesterday)
    world.mailbox.away = True
    world.start()
    for number in range(40):
        world.order("set", "OAC-2026-000001", topic=("payment", "enrolment")[number % 2])
    world.mailbox.away = False
    with pytest.raises(ConfigError, match="is younger than this database"):
        world.turn()


def test_an_older_file_is_no_loss_where_the_copy_has_nothing_that_it_has_not(world: World) -> None:
    """As after a crash of the machine, which may take the last seconds from the database too."""
    world.citizen_asks(ANNA)
    world.intake.ledger.write(at_once=True)
    world.restart()
    kept = (world.config.office.state / FILE).read_bytes()
    world.citizen_asks(PERE)
    put_back(world, kept)
    world.start()
    copy_ledger(world)
    assert [case["citizen"] for case in world.cases()] == [ANNA, PERE]
    assert [len(world.received(who)) for who in (ANNA, PERE)] == [1, 1]


def test_the_folder_of_the_copy_that_cannot_be_opened_stops_no_mail(world: World) -> None:
    world.citizen_asks(ANNA)
    copy_ledger(world)
    world.mailbox.refused.add(FOLDER)
    world.restart()
    world.citizen_asks(PERE)
    assert len(world.received(PERE)) == 1
    assert "ledger" in world.problems()
    world.mailbox.refused.clear()
    copy_ledger(world)
    assert world.problems() == set()
