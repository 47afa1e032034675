"""Which rows are past their retention, and the emptying of stored bytes. Times are stored texts, which sort.

Nothing of an open case is ever past it, nor a message that waits for a person, nor a mail that has not reached its end.
"""

import sqlite3
from collections.abc import Sequence

from oacmail.adapters.store.privacy.columns import setting
from oacmail.adapters.store.privacy.scope import IN, ids
from oacmail.core.kinds import NOT_ENDED

_FINAL = f"o.state NOT IN ({', '.join(repr(str(state)) for state in NOT_ENDED)})"
_OVER = "c.status = 'closed' AND c.closed_at < ?"
_EXPIRED = f"""{_OVER} AND c.erased_at IS NULL
    AND NOT EXISTS(SELECT 1 FROM outbox o WHERE o.case_id = c.id AND NOT {_FINAL})"""
_WAITS = "EXISTS(SELECT 1 FROM reviews r WHERE r.fingerprint = m.fingerprint AND r.done_at IS NULL)"


def cases(con: sqlite3.Connection, before: str) -> dict[int, str]:
    """Return id and number of the cases closed before then and not erased, none of whose mails are on their way."""
    rows = con.execute(f"SELECT c.id, c.number FROM cases c WHERE {_EXPIRED} ORDER BY c.id", (before,))
    return {row["id"]: row["number"] for row in rows}


def is_expired(con: sqlite3.Connection, before: str, case: int) -> bool:
    """Whether `cases` has this one."""
    return con.execute(f"SELECT 1 FROM cases c WHERE {_EXPIRED} AND c.id = ?", (before, case)).fetchone() is not None


def messages(con: sqlite3.Connection, before: str) -> list[int]:
    """Return the messages without a case that came before then and were not erased."""
    rows = con.execute(
        f"""SELECT m.id FROM messages m WHERE m.case_id IS NULL AND m.received_at < ? AND m.erased_at IS NULL
        AND NOT {_WAITS} ORDER BY m.id""",
        (before,),
    )
    return [row["id"] for row in rows]


def originals(con: sqlite3.Connection, before: str) -> list[int]:
    """Return the messages whose bytes are stored though their case was closed before then, or they have none and came
    before then."""
    rows = con.execute(
        f"""SELECT m.id FROM messages m LEFT JOIN cases c ON c.id = m.case_id WHERE m.original IS NOT NULL
        AND iif(m.case_id IS NULL, m.received_at < ?1 AND NOT {_WAITS}, c.status = 'closed' AND c.closed_at < ?1)
        ORDER BY m.id""",
        (before,),
    )
    return [row["id"] for row in rows]


def mails(con: sqlite3.Connection, before: str) -> list[int]:
    """Return the mails whose bytes are stored though they have reached their end and their case was closed before
    then, or they have none and were made before then."""
    rows = con.execute(
        f"""SELECT o.id FROM outbox o JOIN mails m ON m.id = o.id LEFT JOIN cases c ON c.id = o.case_id
        WHERE length(m.mime) > 0 AND {_FINAL}
        AND iif(o.case_id IS NULL, o.created_at < ?1, c.status = 'closed' AND c.closed_at < ?1) ORDER BY o.id""",
        (before,),
    )
    return [row["id"] for row in rows]


def drop_originals(con: sqlite3.Connection, some: Sequence[int]) -> int:
    """Return how many originals were deleted; one that another message refers to stays."""
    query = f"SELECT DISTINCT original FROM messages WHERE id {IN} AND original IS NOT NULL"
    checksums = [row["original"] for row in con.execute(query, (ids(some),))]
    con.execute(f"UPDATE messages SET original = NULL WHERE id {IN}", (ids(some),))
    unused = "DELETE FROM originals WHERE sha256 = ? AND NOT EXISTS(SELECT 1 FROM messages WHERE original = sha256)"
    return sum(con.execute(unused, (one,)).rowcount for one in checksums)


def empty_mails(con: sqlite3.Connection, some: Sequence[int]) -> int:
    return con.execute(f"UPDATE mails SET {setting('mails')} WHERE id {IN}", (ids(some),)).rowcount
