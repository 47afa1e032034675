"""A database that another version has migrated: this program refuses it, and says what to do."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlite_utils import Database

from oacmail.cli.status import lines
from oacmail.store import connection
from tests.e2e.office import IMPATIENT, RunningOffice

MakeOffice = Callable[..., RunningOffice]


def _migrated_by_a_newer_version(desk: RunningOffice) -> None:
    with sqlite3.connect(desk.state / "oacmail.db") as con:
        con.execute(
            "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES('oacmail', 'm9999_newer', '2031')"
        )
    con.close()


@pytest.fixture
def desk(office: MakeOffice) -> RunningOffice:
    desk = office()
    desk.oacmail("once")
    return desk


SHOWS = (
    *(("case", "list"), ("case", "show", "1"), ("why", "x"), ("outbox", "list"), ("outbox", "show", "x")),
    *(("quarantine", "list"), ("board", "waiting"), ("report", "2026-11")),
)


@pytest.mark.parametrize("verb", [("run",), ("once",), ("migrate",), ("case", "note", "1", "hola"), *SHOWS])
def test_a_schema_step_that_this_program_does_not_know_is_refused(desk: RunningOffice, verb: tuple[str, ...]) -> None:
    _migrated_by_a_newer_version(desk)
    said = desk.oacmail(*verb, code=78).stderr
    assert "the database is newer than this program, which does not know its step m9999_newer" in said
    assert "install the newer version again, or restore a backup" in said


def test_no_verb_shows_or_changes_the_database_of_an_older_version(desk: RunningOffice) -> None:
    with closing(sqlite3.connect(desk.state / "oacmail.db")) as con:
        con.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (connection.known_steps()[-1],))
        con.commit()
    for verb in (*SHOWS, ("case", "note", "1", "hola"), ("outbox", "retry", "x")):
        told = desk.oacmail(*verb, code=75)
        assert "the database is older than this program: restart the service" in told.stderr
        assert told.stdout == ""
    assert json.loads(desk.oacmail("status", "--json", code=1).stdout)["problems"][0]["code"] == "schema"
    assert "1 steps behind this program" in desk.oacmail("check", code=1).stdout
    desk.oacmail("backup", str(desk.root / "before.db"))
    (desk.root / "backups").mkdir()
    assert "`status` will not show it" in desk.oacmail("backup", "--keep", "2", str(desk.root / "backups")).stderr
    assert len(list((desk.root / "backups").iterdir())) == 1


def test_status_and_check_name_the_newer_schema(desk: RunningOffice) -> None:
    _migrated_by_a_newer_version(desk)
    report = json.loads(desk.oacmail("status", "--json", code=1).stdout)
    assert not report["ok"]
    assert report["problems"][0]["code"] == "schema-newer"
    assert "install the newer version again" in report["problems"][0]["text"]
    assert "is newer than this program" in desk.oacmail("check", code=1).stdout


def test_a_running_daemon_whose_database_is_migrated_by_a_newer_version_ends_with_78(desk: RunningOffice) -> None:
    desk.program = IMPATIENT
    desk.start()
    _migrated_by_a_newer_version(desk)
    assert desk.process is not None
    assert desk.process.wait() == 78
    desk.process = None
    assert "m9999_newer" in desk.log()


def test_a_backup_of_a_newer_version_is_refused_and_the_database_stays(desk: RunningOffice) -> None:
    kept = (desk.root / "newer.db", desk.root / "ours.db")
    _migrated_by_a_newer_version(desk)
    desk.oacmail("backup", str(kept[0]))
    with sqlite3.connect(desk.state / "oacmail.db") as con:
        con.execute("DELETE FROM _sqlite_migrations WHERE name = 'm9999_newer'")
    con.close()
    assert "m9999_newer" in desk.oacmail("restore", "--yes", str(kept[0]), code=78).stderr
    assert desk.oacmail("status").returncode == 0


def test_status_says_that_a_damaged_database_cannot_be_used(desk: RunningOffice) -> None:
    (desk.state / "oacmail.db").write_bytes(b"no database at all" * 1000)
    report = json.loads(desk.oacmail("status", "--json", code=1).stdout)
    assert lines(report)[0].startswith("database: the database cannot be used: see the log: database: ")
    (desk.state / "oacmail.db").unlink()


# An upgrade that an admin tries before it happens: `oacmail migrate --dry-run`.


def test_migrate_tries_the_pending_steps_on_a_copy_and_leaves_the_database_as_it_is(office: MakeOffice) -> None:
    desk = office()
    file = desk.root / "state" / connection.FILE
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as con:
        connection.migrations().apply(Database(con), stop_before="m0011_drafts")
    file.chmod(0o600)
    before = file.read_bytes()
    tried = desk.oacmail("migrate", "--dry-run")
    assert [line.split()[:2] for line in tried.stdout.splitlines()] == [
        ["pending", name] for name in connection.known_steps()[10:]
    ]
    assert "nothing was changed" in tried.stderr
    assert (file.read_bytes(), [path.name for path in file.parent.iterdir()]) == (before, [file.name])
