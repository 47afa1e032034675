"""Which backups exist, as far as the database knows: those of `oacmail backup`, and databases that a restore set aside.

Each backup is recorded by its path and moment; what was copied elsewhere is not known here.
"""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from oacmail.adapters.store import keys
from oacmail.adapters.store.connection import FILE, at, connect_at_rest, is_database, transaction
from oacmail.adapters.store.write_context import remember
from oacmail.core.errors import OacmailError

RECORD = "backup:"  # before a path, in kv


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """`exists`: the file is still at its path."""

    path: Path
    made_at: datetime
    exists: bool


def record(con: sqlite3.Connection, path: Path, now: datetime) -> None:
    with transaction(con):
        remember(con, RECORD + str(path.absolute()), "", now)


def recorded(con: sqlite3.Connection) -> list[Backup]:
    """Return the backups that were made, oldest first."""
    rows = con.execute("SELECT substr(key, ?) AS path, at FROM kv WHERE key GLOB ? ORDER BY at", (8, f"{RECORD}*"))
    found = ((Path(row["path"]), at(row["at"])) for row in rows)
    return [Backup(path=path, made_at=made_at, exists=path.exists()) for path, made_at in found]


def set_aside(state: Path) -> Iterator[Backup]:
    """Yield the databases that a restore has replaced, the copy from before an upgrade, and that of a rebuild which
    did not end."""
    for path in (*sorted(state.glob(f"{FILE}.before-*")), state / "rebuilding" / FILE):
        if path.exists() and not path.name.endswith(("-wal", "-shm")):
            yield Backup(path=path, made_at=datetime.fromtimestamp(path.stat().st_mtime, UTC), exists=True)


def is_of(path: Path, names: Collection[str]) -> bool:
    """Whether the file is a database of the office whose keys have these names (an early one knows none)."""
    if not is_database(path):
        return False
    try:
        with closing(connect_at_rest(path)) as con:
            known = keys.known(con)
    except (OacmailError, sqlite3.Error):
        return False
    return not known or not known.isdisjoint(names)
