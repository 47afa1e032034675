"""Who was forgotten, as keyed hashes, and what became of the list after a restore.

A backup that is older than an erasure holds the person again. `carry_over` brings the list and the erased rows from the
replaced database, and `returned` says who must be erased once more.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from oacmail.adapters.store.connection import stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """`person`: keyed hash of an address; `key`: the name of the key; `at`: when, as stored."""

    person: str
    key: str
    at: str


def add(con: sqlite3.Connection, person: str, key: str, now: datetime) -> None:
    con.execute("INSERT OR IGNORE INTO forgotten(person, at, key) VALUES(?,?,?)", (person, stamp(now), key))


def listed(con: sqlite3.Connection) -> list[Forgotten]:
    """Return all of the list, oldest first; () for a database of an early version."""
    if not con.execute("SELECT 1 FROM sqlite_master WHERE name = 'forgotten'").fetchone():
        return []
    rows = con.execute("SELECT person, key, at FROM forgotten ORDER BY at")
    return [Forgotten(person=row[0], key=row[1], at=row[2]) for row in rows]


def returned(
    con: sqlite3.Connection, entries: Iterable[Forgotten], mark: Callable[[str, str], str | None]
) -> list[str]:
    """Return the addresses in this database that were forgotten by these entries. `mark`: (key name, address) to keyed
    hash; None = that key is not known here."""
    sought: dict[str, set[str]] = {}
    for entry in entries:
        sought.setdefault(entry.key, set()).add(entry.person)
    addresses = [row[0] for row in con.execute("SELECT address FROM people ORDER BY id")]
    return [address for address in addresses if any(mark(key, address) in some for key, some in sought.items())]
