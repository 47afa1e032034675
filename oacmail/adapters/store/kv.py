"""Single values by name, as the table `kv` holds them. It never decides what a name means; write_context.py writes."""

import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from oacmail.adapters.store.connection import moment


class StoredValue(NamedTuple):
    """What is known under a name, and when it was written, as UTC text."""

    value: str
    at: str


def values(con: sqlite3.Connection, keys: Collection[str]) -> dict[str, StoredValue]:
    """Return what is known under these names; a name under which nothing is known is left out."""
    rows = con.execute(f"SELECT key, value, at FROM kv WHERE key IN ({','.join('?' * len(keys))})", tuple(keys))
    return {key: StoredValue(value, at) for key, value, at in rows}


def value(con: sqlite3.Connection, key: str) -> str | None:
    """Return what is known under this name; None = nothing."""
    row = con.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
    return row["value"] if row else None


def written_at(con: sqlite3.Connection, key: str) -> datetime | None:
    """Return when that was written."""
    row = con.execute("SELECT at FROM kv WHERE key = ?", (key,)).fetchone()
    return moment(row["at"]) if row else None
