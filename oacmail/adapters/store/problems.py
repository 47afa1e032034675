"""The problems that `status` shows: since when each exists, why, and the note that it was alerted. Rows of `kv`.

It never decides that a problem exists: the service's checks do, and cli/problems.py has the remedies.
"""

import sqlite3
from datetime import datetime

from oacmail.adapters.store import tick_failures, write_context
from oacmail.adapters.store.connection import at, stamp

PROBLEM, CAUSE = "problem:", "cause:"
_OF_PROBLEM = "key IN (?, ?) OR (key >= ? AND key < ?)"


def problems(con: sqlite3.Connection) -> dict[str, datetime]:
    """Return since when each problem exists, by its code."""
    rows = con.execute("SELECT key, value FROM kv WHERE key GLOB 'problem:*' ORDER BY key")
    return {row["key"].removeprefix(PROBLEM): at(row["value"]) for row in rows}


def causes(con: sqlite3.Connection) -> dict[str, str]:
    """Return the latest known cause of each problem, by its code."""
    rows = con.execute("SELECT key, value FROM kv WHERE key GLOB 'cause:*'")
    return {row["key"].removeprefix(CAUSE): row["value"] for row in rows} | tick_failures.cause(con)


def is_recorded(con: sqlite3.Connection, code: str) -> bool:
    """Return whether anything is recorded of the problem: that it exists, why, or that it was alerted."""
    return con.execute(f"SELECT 1 FROM kv WHERE {_OF_PROBLEM} LIMIT 1", _keys_of(code)).fetchone() is not None


def _keys_of(code: str) -> tuple[str, str, str, str]:
    """The keys of the problem and of its cause, and the first and the last bound of those of its alerts. For a pattern
    that is bound to a GLOB, SQLite would compile the query each time."""
    return PROBLEM + code, CAUSE + code, f"alert:{code}:", f"alert:{code};"


def set_problem(con: sqlite3.Connection, code: str, unhealthy: bool, now: datetime, why: str = "") -> None:
    """Record since when a problem exists, and why. When it has ended, delete it and the note that it was alerted."""
    if not unhealthy:
        con.execute(f"DELETE FROM kv WHERE {_OF_PROBLEM}", _keys_of(code))
        return
    if why:
        write_context.remember(con, CAUSE + code, why, now)
    con.execute(
        "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
        (PROBLEM + code, stamp(now), stamp(now)),
    )
