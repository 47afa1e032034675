"""What is remembered of backups by rotation and of restore drills. It decides nothing."""

import sqlite3
from datetime import datetime

from oacmail.adapters.store import kv
from oacmail.adapters.store.connection import transaction
from oacmail.adapters.store.problems import set_problem
from oacmail.adapters.store.write_context import remember

CODE = "drill"  # the code of the problem
BY_DATE = "oacmail-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z.db"  # those by rotation
ROTATED, DRILLED = "backup.rotated", "drill"  # keys in kv


def rotated(con: sqlite3.Connection, now: datetime) -> None:
    """Remember that a backup by rotation was made."""
    with transaction(con):
        remember(con, ROTATED, now.isoformat(), now)


def record(con: sqlite3.Connection, *, ok: bool, fault: str, now: datetime) -> None:
    """Remember a drill; a failed one is a problem of `status`, and an alert, until one passes."""
    with transaction(con):
        remember(con, DRILLED, f"{now.isoformat()} {'passed' if ok else 'failed'}", now)
        set_problem(con, CODE, not ok, now, fault)


def last(con: sqlite3.Connection) -> tuple[str | None, tuple[str, str] | None]:
    """(time of the last backup by rotation, (time, `passed` or `failed`) of the last drill); None = there was none."""
    at, _, result = (kv.value(con, DRILLED) or "").partition(" ")
    return kv.value(con, ROTATED), (at, result) if at else None


def counts(con: sqlite3.Connection) -> tuple[int, int]:
    """Number of cases and of messages."""
    row = con.execute("SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM messages)").fetchone()
    return int(row[0]), int(row[1])
