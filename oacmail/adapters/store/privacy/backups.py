"""Which backups exist, as far as the database knows: those of `oacmail backup`, and databases that a restore set aside.

Each backup is recorded by its path and moment; what was copied elsewhere is not known here.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from oacmail.adapters.store.connection import FILE, at, transaction
from oacmail.adapters.store.write_context import remember

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
    """Yield the databases that a restore has replaced."""
    for path in sorted(state.glob(f"{FILE}.before-restore*")):
        yield Backup(path=path, made_at=datetime.fromtimestamp(path.stat().st_mtime, UTC), exists=True)
