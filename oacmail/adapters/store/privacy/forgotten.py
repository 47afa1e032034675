"""Who was forgotten, as keyed hashes, and which rows were erased: what a restored backup must be told.

A backup that is older than an erasure holds the person again, and messages in the mailbox that it does not know would
be processed as new ones. This module compares the replaced database with the restored one; it erases nothing itself.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.write_context import nobody, raise_serial

_STUB = """fingerprint, role, outcome, kind, guest, rule, sent_at, received_at, lang, rung, folder, erased_at,
  message_id, because, subject, subject_key, fresh, body_hash, reply_to, attachments"""
_MAIL = """key, message_id, kind, recipient, domain, length, state, copied_at, released_at, sent_at, created_at,
  erased_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """`person`: keyed hash of an address; `key`: the name of the key; `at`: when, as stored."""

    person: str
    key: str
    at: str


def add(con: sqlite3.Connection, person: str, key: str, now: datetime) -> None:
    con.execute("INSERT OR IGNORE INTO forgotten(person, at, key) VALUES(?,?,?)", (person, stamp(now), key))


def listed(con: sqlite3.Connection) -> list[Forgotten]:
    """Return the whole list, oldest first."""
    rows = con.execute("SELECT person, key, at FROM forgotten ORDER BY at")
    return [Forgotten(person=row["person"], key=row["key"], at=row["at"]) for row in rows]


def take_over(con: sqlite3.Connection, entries: Iterable[Forgotten]) -> None:
    con.executemany(
        "INSERT OR IGNORE INTO forgotten(person, at, key) VALUES(?,?,?)",
        [(entry.person, entry.at, entry.key) for entry in entries],
    )


def returned(
    con: sqlite3.Connection, entries: Iterable[Forgotten], mark: Callable[[str, str], str | None]
) -> list[tuple[str, str]]:
    """Return (address, when it was forgotten last) of the people in this database that these entries stand for.
    `mark`: (name of a key, address) to keyed hash; None = there is no such key here."""
    latest = {(entry.key, entry.person): entry.at for entry in sorted(entries, key=lambda entry: entry.at)}
    names = sorted({key for key, _ in latest})
    people = con.execute("SELECT address FROM people ORDER BY id").fetchall() if latest else []
    found = ((row["address"], latest.get((key, mark(key, row["address"]) or ""))) for row in people for key in names)
    return [(address, at) for address, at in found if at is not None]


def erased_cases(con: sqlite3.Connection, replaced: sqlite3.Connection) -> list[int]:
    """Return the cases that were erased in the replaced database and are not in this one. A number may mean another
    case here: what opened it tells."""
    rows = replaced.execute("SELECT opened_by FROM cases WHERE erased_at IS NOT NULL")
    query = "SELECT id FROM cases WHERE opened_by = ? AND erased_at IS NULL"
    return [found["id"] for row in rows for found in con.execute(query, (row["opened_by"],))]


def erased_messages(con: sqlite3.Connection, replaced: sqlite3.Connection) -> list[int]:
    """Likewise messages, on whatever case."""
    rows = replaced.execute("SELECT fingerprint FROM messages WHERE erased_at IS NOT NULL")
    query = "SELECT id FROM messages WHERE fingerprint = ? AND erased_at IS NULL"
    return [found["id"] for row in rows for found in con.execute(query, (row["fingerprint"],))]


def remember_erased(con: sqlite3.Connection, replaced: sqlite3.Connection, now: datetime) -> int:
    """Take over the empty rows of erased messages and mails that this database never knew, so that what still lies in
    the mailbox counts as known, and give no number of an erased case again. Return how many messages there were."""
    for row in replaced.execute("SELECT number FROM cases WHERE erased_at IS NOT NULL").fetchall():
        raise_serial(con, row["number"], now)
    author = nobody(con)
    rows = replaced.execute(f"SELECT {_STUB} FROM messages WHERE erased_at IS NOT NULL").fetchall()
    marks = ",".join("?" * len(_STUB.split(",")))
    query = f"INSERT OR IGNORE INTO messages(author_id, {_STUB}) VALUES(?,{marks})"
    count = sum(con.execute(query, (author, *row)).rowcount for row in rows)
    mails = replaced.execute(f"SELECT {_MAIL} FROM outbox WHERE erased_at IS NOT NULL").fetchall()
    marks = ",".join("?" * len(_MAIL.split(",")))
    for mail in mails:
        values = {**dict(mail), "message_id": f"<erased.{mail['key'][:80]}@invalid>"}
        con.execute(f"INSERT OR IGNORE INTO outbox({_MAIL}) VALUES({marks})", tuple(values.values()))
    if not count:
        con.execute("DELETE FROM people WHERE id = ?", (author,))
    return count
