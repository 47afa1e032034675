"""`python -m tests.power.acts NAME MACHINE`: one act of the program on the state directory MACHINE/state, for the
recorder. What a person or another machine has learned of it goes to MACHINE/told, line by line.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from oacmail import cli, wiring
from oacmail import config as settings
from oacmail.config import Config, secrets
from oacmail.core.tokens import name_of_key
from oacmail.privacy import certificate
from oacmail.store import admin, connection
from oacmail.store.connection import FILE, connect, migrations, transaction
from oacmail.store.store import SqliteStore
from testbed.office import ALWAYS_OPEN, as_toml, sections

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
COMMITS, OLD_STEPS = 40, 5
_MARK = "INSERT INTO kv(key, value, at) VALUES(?, '', '2026-11-25T08:00:00Z')"
SAVED_KEY = b"the key that a backup has kept"


def config(machine: Path) -> Config:
    return settings.parse(_given(), base=machine)


def _given() -> dict[str, Any]:
    people = {name: f"{name}@oac.example" for name in ("supervisor", "operator")}
    server = {"host": "localhost", "user": "oac"}
    return sections(
        "oac@oac.example", town="Vila", office=ALWAYS_OPEN, imap=server, smtp=server, people={**people, "agents": []}
    )


def tell(machine: Path, line: str) -> None:
    with (machine / "told").open("a") as told:
        told.write(f"{line}\n")


def commit(machine: Path, synchronous: str = "") -> None:
    """Each row is told as soon as it is committed. Checkpoints come often."""
    with closing(connect(machine / "state" / FILE)) as con:
        if synchronous:
            con.execute(f"PRAGMA synchronous={synchronous}")
        con.execute("PRAGMA wal_autocheckpoint=25")
        con.execute("CREATE TABLE IF NOT EXISTS promises(number INTEGER PRIMARY KEY, words TEXT)")
        for number in range(COMMITS):
            with transaction(con):
                con.execute("INSERT INTO promises VALUES(?, ?)", (number, "paraula " * 300))
            tell(machine, str(number))


def commit_normal(machine: Path) -> None:
    commit(machine, "NORMAL")


def first_start(machine: Path) -> None:
    """The key is told as soon as mail may be signed with it."""
    store = SqliteStore(machine / "state")
    with closing(store):
        keys = wiring.tokens(config(machine), first=True)
        tell(machine, keys[0].decode())


def check(machine: Path) -> None:
    """What `oacmail check` makes before the first start."""
    tell(machine, wiring.tokens(config(machine), first=True)[0].decode())


def put_back(machine: Path) -> None:
    secrets.put_back(config(machine), (SAVED_KEY,), {})
    tell(machine, "put back")


def grant(machine: Path) -> None:
    for number in range(3):
        secrets.keep_grant(config(machine), f"refresh token {number}")
        tell(machine, f"refresh token {number}")


def backup(machine: Path) -> None:
    admin.backup(machine / "state", machine / "backup", (SAVED_KEY,), NOW)
    tell(machine, "done")


def restore(machine: Path) -> None:
    """The verb: the database, then the key that the backup has kept."""
    words = ["--config", str(machine / "config.toml"), "restore", str(machine / "backup"), "--yes"]
    cli.oacmail.main(words, standalone_mode=False)
    tell(machine, "done")


def certify(machine: Path) -> None:
    policy = wiring.live_policy(config(machine), first=True)
    made = certificate.made(
        policy, "anna@example.org", {"case": 1}, mailbox=None, shared=None, backups=(), by="shell", now=NOW
    )
    tell(machine, str(certificate.write(policy, made, machine / "state" / certificate.FOLDER)))


def upgrade(machine: Path) -> None:
    with closing(SqliteStore(machine / "state")):
        tell(machine, "done")


# --- What lies there before ------------------------------------------------------------------------------------------


@contextmanager
def killed(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose process is killed: the write-ahead log stays."""
    with closing(connect(database)) as con:
        yield con
        left = [(path, path.read_bytes()) for path in (database, Path(f"{database}-wal"))]
    for path, content in left:
        path.write_bytes(content)


def old_database(machine: Path) -> None:
    """As a killed version of long ago has left it."""
    with killed(machine / "state" / FILE) as con:
        migrations().apply(Database(con), stop_before=connection.known_steps()[OLD_STEPS])


def database(machine: Path) -> None:
    SqliteStore(machine / "state").close()


def database_and_backup(machine: Path) -> None:
    """The backup knows the mark "old"; the database, in its write-ahead log, "new" as well. Their key is lost."""
    state = machine / "state"
    (machine / "config.toml").write_text(as_toml(_given()))
    with closing(SqliteStore(state)) as store:
        store.signed_with([name_of_key(SAVED_KEY)], NOW)
    with killed(state / FILE) as con:
        con.execute(_MARK, ("mark:old",))
        admin.backup(state, machine / "backup", (SAVED_KEY,), NOW)
        con.execute(_MARK, ("mark:new",))


def marks(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as con:
        assert con.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return {row[0].partition(":")[2] for row in con.execute("SELECT key FROM kv WHERE key LIKE 'mark:%'")}


_ACTS: tuple[Callable[[Path], None], ...] = (
    *(commit, commit_normal, first_start, check, put_back),
    *(grant, backup, restore, certify, upgrade),
)

if __name__ == "__main__":
    {act.__name__: act for act in _ACTS}[sys.argv[1]](Path(sys.argv[2]))
