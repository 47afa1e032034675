"""Which token secrets have signed the mail of a database, and the copy of the secrets in a backup.

The database in use holds their names only, 8 hex digits each (config/secrets.py); a backup holds the secrets.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from oacmail.adapters.store.connection import FILE, connect_readonly, stamp
from oacmail.adapters.store.write_context import remember

KNOWN = "key:"  # before a name, in kv
SAVED = "token.key"  # in the kv of a backup
LOST_AT = "key_lost_at"


def known(con: sqlite3.Connection) -> set[str]:
    """Return the names of the keys that have signed mail of this database."""
    return {row[0] for row in con.execute("SELECT substr(key, 5) FROM kv WHERE key GLOB 'key:*'")}


def look(state: Path) -> tuple[set[str], bool]:
    """Names of the keys that the database here knows, and whether it holds cases or mails at all.

    (set(), False) where there is no database yet. Raises StateError, Fatal.
    """
    if not (state / FILE).exists():
        return set(), False
    with closing(connect_readonly(state / FILE)) as con:
        tables = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"kv", "cases", "outbox"} <= tables:
            return set(), False
        return known(con), _used(con)


def _used(con: sqlite3.Connection) -> bool:
    query = "SELECT EXISTS(SELECT 1 FROM outbox) OR EXISTS(SELECT 1 FROM cases)"
    return bool(con.execute(query).fetchone()[0])


def signed_with(con: sqlite3.Connection, names: Iterable[str], now: datetime) -> None:
    """Record that these keys are in force from now on."""
    con.executemany(
        "INSERT INTO kv(key, value, at) VALUES(?,'',?) ON CONFLICT(key) DO NOTHING",
        [(KNOWN + name, stamp(now)) for name in names],
    )


def save(con: sqlite3.Connection, keys: Iterable[bytes], now: datetime) -> None:
    """Store the keys in a backup."""
    text = "\n".join(key.decode() for key in keys)
    if text:
        remember(con, SAVED, text, now)


def take_saved(con: sqlite3.Connection) -> tuple[bytes, ...]:
    """Remove and return the keys of the backup that this database was restored from. () = none."""
    row = con.execute("DELETE FROM kv WHERE key = ? RETURNING value", (SAVED,)).fetchone()
    return tuple(row[0].encode().split(b"\n")) if row else ()
