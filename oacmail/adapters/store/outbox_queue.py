"""The rows of the outbox on their way: claim, hand over, recover after a kill (the states: core/kinds.py).

One process uses a state directory: a row found `claimed` at the start was never sent, one found `sending` is uncertain.
This module decides nothing.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.core.kinds import ACKNOWLEDGEMENTS, KINDS, Priority
from oacmail.core.outgoing import MailKind
from oacmail.core.ports.store import Claimed

LIVE = "state IN('queued','claimed','sending','uncertain')"
"""Repeated in every query for these rows, since SQLite uses the partial index only then."""

_LIMITED_KINDS = ", ".join(f"'{kind}'" for kind in ACKNOWLEDGEMENTS)
LIMITED = f"kind IN ({_LIMITED_KINDS})"
"""Mail within the acknowledgement limits; written as in the indexes outbox_budget and outbox_budget_of."""

# A mail that was tried and put back goes behind all others, oldest first: a mail or a sender that the relay does not
# take holds up no other.
_PUT_BACK = max(Priority) + 1
_WHEN = " ".join(f"WHEN kind = '{kind}' THEN {int(rules.priority)}" for kind, rules in KINDS.items())
_RANK = f"""CASE WHEN next_at > coalesce(released_at, created_at) THEN {_PUT_BACK} {_WHEN} END"""
_ORDER = f"{_RANK}, next_at, id"


def recover(con: sqlite3.Connection) -> None:
    """Recover the rows that a killed process left behind. Nothing may be sending."""
    con.execute(
        f"UPDATE outbox SET state = 'queued', attempts = max(attempts - 1, 0) WHERE {LIVE} AND state = 'claimed'"
    )
    con.execute(
        f"""UPDATE outbox SET state = 'uncertain', tries = tries + 1, last_error = 'killed while sending'
        WHERE {LIVE} AND state = 'sending'"""
    )


def claim(
    con: sqlite3.Connection,
    now: datetime,
    most: int,
    staff: frozenset[str] | None,
    waits: Sequence[MailKind],
    kinds: Sequence[MailKind],
) -> list[Claimed]:
    """Claim and return up to `most` rows that are due, in the order of the queue.

    `staff`: only mail to these addresses, None = to all; `waits`: kinds to leave out; `kinds`: only these, () = all.
    """
    only = f" AND recipient IN ({','.join('?' * len(staff))})" if staff is not None else ""
    only += f" AND kind NOT IN ({','.join('?' * len(waits))})" if waits else ""
    only += f" AND kind IN ({','.join('?' * len(kinds))})" if kinds else ""
    rows = con.execute(
        f"""UPDATE outbox SET state = 'claimed', attempts = attempts + 1 WHERE id IN (
        SELECT id FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at <= ?{only} ORDER BY {_ORDER} LIMIT ?)
        RETURNING id, key, kind, recipient, next_at, {_RANK} AS turn,
        (SELECT mime FROM mails m WHERE m.id = outbox.id) AS mime""",
        (stamp(now), *(sorted(staff) if staff is not None else ()), *waits, *kinds, most),
    ).fetchall()
    return [
        Claimed(key=row["key"], kind=MailKind(row["kind"]), recipient=row["recipient"], mime=row["mime"])
        for row in sorted(rows, key=lambda row: (row["turn"], row["next_at"], row["id"]))
    ]


def unclaim(con: sqlite3.Connection, keys: list[str], now: datetime) -> None:
    """Put back rows that were never handed over, behind all that was due before `now`."""
    con.executemany(
        """UPDATE outbox SET state = 'queued', attempts = max(attempts - 1, 0), next_at = ?
        WHERE key = ? AND state = 'claimed'""",
        [(stamp(now), key) for key in keys],
    )


def sending(con: sqlite3.Connection, key: str, now: datetime, *, copy_expected: bool) -> bool:
    """Record, after 354 and before the first byte, that the mail may leave from now on.

    Return False if it must not be sent: its copy was seen, or it was dropped, while we talked to the relay.
    """
    row = con.execute(
        "UPDATE outbox SET state = 'sending', data_at = ?, copy_expected = ? WHERE key = ? AND state = 'claimed'",
        (stamp(now), int(copy_expected), key),
    )
    return row.rowcount == 1


def next_due(con: sqlite3.Connection) -> str | None:
    """Return the earliest `next_at` of a queued mail; deferred mail has none."""
    row = con.execute(
        f"SELECT min(next_at) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at IS NOT NULL"
    ).fetchone()
    return row[0] if row else None


def without_copy_since(con: sqlite3.Connection, staff: frozenset[str]) -> str | None:
    """Return when the first mail without its copy was handed over, if no later mail has its copy. Mail to staff is not
    counted, since it has no copies."""
    proven = con.execute(
        "SELECT max(data_at) FROM outbox WHERE data_at IS NOT NULL AND copied_at IS NOT NULL"
    ).fetchone()[0]
    row = con.execute(
        f"""SELECT min(data_at) FROM outbox WHERE data_at IS NOT NULL AND data_at > ? AND copied_at IS NULL
        AND state IN ('sent', 'uncertain', 'held') AND recipient NOT IN ({",".join("?" * len(staff))})""",
        (proven or "", *sorted(staff)),
    ).fetchone()
    return row[0] if row else None


def handed_over_since(con: sqlite3.Connection, now: datetime, seconds: int) -> int:
    row = con.execute(  # what a clock far ahead has recorded counts for no minute
        "SELECT count(*) FROM outbox WHERE data_at > ? AND data_at <= ?",
        (stamp(now - timedelta(seconds=seconds)), stamp(now)),
    ).fetchone()
    return int(row[0])
