"""Single facts by name, as the table `kv` holds them. It never decides what a name means; write_context.py writes."""

import sqlite3
from datetime import datetime

from oacmail.adapters.store.connection import moment


def value(con: sqlite3.Connection, key: str) -> str | None:
    """Return what is known under this name; None = nothing."""
    row = con.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
    return row["value"] if row else None


def written_at(con: sqlite3.Connection, key: str) -> datetime | None:
    """Return when that was written."""
    row = con.execute("SELECT at FROM kv WHERE key = ?", (key,)).fetchone()
    return moment(row["at"]) if row else None
