"""Items of a tick that raised an exception: when they are tried again, and what `status` shows. It decides nothing.

A row holds the name of the item, the number of its case and the class of the error, never text of a message.
"""

import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.core.effects import TickItem

CODE = "tick-failed"  # the code of the problem
LONGEST = timedelta(hours=1)  # a row that a clock far ahead has written must not hold an item back for years
_NAMED = 5


def put_off(con: sqlite3.Connection, now: datetime) -> frozenset[str]:
    """Return the names of the items that are not tried now."""
    rows = con.execute(
        "SELECT item FROM tick_failures WHERE retry_at > ? AND retry_at <= ?", (stamp(now), stamp(now + LONGEST))
    )
    return frozenset(row["item"] for row in rows)


def any_left(con: sqlite3.Connection) -> bool:
    return con.execute("SELECT 1 FROM tick_failures LIMIT 1").fetchone() is not None


def add(con: sqlite3.Connection, item: TickItem, error: str, *, until: datetime, now: datetime) -> None:
    con.execute(
        """INSERT INTO tick_failures(item, "case", since, retry_at, error) VALUES(?,?,?,?,?)
        ON CONFLICT(item) DO UPDATE SET retry_at = excluded.retry_at, error = excluded.error""",
        (item.name, item.case, stamp(now), stamp(until), error),
    )


def clear(con: sqlite3.Connection, due: Collection[str], now: datetime) -> None:
    """A tick has completed with all items but those put off; `due`: the names of all. A job is no item of a tick and
    ends its own failure."""
    still, names = put_off(con, now), [row["item"] for row in con.execute("SELECT item FROM tick_failures")]
    over = [name for name in names if not name.startswith("job:") and (name not in due or name not in still)]
    remove(con, over)


def remove(con: sqlite3.Connection, names: Collection[str]) -> None:
    con.executemany("DELETE FROM tick_failures WHERE item = ?", [(name,) for name in names])


def cause(con: sqlite3.Connection) -> dict[str, str]:
    """Return case, kind and error of the oldest failure, by the code of the problem; empty if nothing failed."""
    rows = con.execute("SELECT * FROM tick_failures ORDER BY since, item").fetchall()
    lines = [_line(row) for row in rows[:_NAMED]]
    more = [f"and {len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
    return {CODE: ", ".join([*lines, *more])} if rows else {}


def _line(row: sqlite3.Row) -> str:
    """`OAC-2026-000123 deadline answer 0 (ValueError)`, `digest (ValueError)`, `job calendar (KeyError)`."""
    kind, _, key = row["item"].partition(":")
    detail = {"deadline": " ".join(key.rsplit(":", 2)[1:]), "job": key, "alert": key}.get(kind, "")
    return " ".join(part for part in (row["case"] or "", kind, detail, f"({row['error']})") if part)
