"""An upgrade that an admin tries before it happens: `oacmail migrate --dry-run`."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from sqlite_utils import Database

from oacmail.store import connection
from tests.e2e.office import RunningOffice

MakeOffice = Callable[..., RunningOffice]


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
    assert "restart the service" in desk.oacmail("case", "list", code=75).stderr
    assert (file.read_bytes(), [path.name for path in file.parent.iterdir()]) == (before, [file.name])
