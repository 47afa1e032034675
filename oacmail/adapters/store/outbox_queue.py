"""The outbox's rows between `queued` and an end: claiming, handing over, recovering after a kill.

One process a state directory: what a start finds `claimed` was never sent, what it finds `sending` is uncertain.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.core.outbox.kinds import ACKNOWLEDGEMENTS, KINDS, Priority
from oacmail.core.outgoing import MailKind
from oacmail.core.ports.store import Claimed

LIVE = "state IN('queued','claimed','sending','uncertain')"
"""Stands in every query for rows under way, so that the index of just these rows serves it."""

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
    """When nobody is sending: what is under way was left behind."""
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
    """Up to `most` rows that are due; with `staff` only mail to these addresses; none of a kind that `waits`; with
    `kinds` only mail of these."""
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
    """Never handed over: queued as they were, but behind all that was due before `now`: others have their turn."""
    con.executemany(
        """UPDATE outbox SET state = 'queued', attempts = max(attempts - 1, 0), next_at = ?
        WHERE key = ? AND state = 'claimed'""",
        [(stamp(now), key) for key in keys],
    )


def sending(con: sqlite3.Connection, key: str, now: datetime, *, copy_expected: bool) -> bool:
    """After 354 and before the first byte: from here on it may have left. False = it is no longer to be sent: a copy
    of it turned up, or somebody dropped it, while we spoke with the relay."""
    row = con.execute(
        "UPDATE outbox SET state = 'sending', data_at = ?, copy_expected = ? WHERE key = ? AND state = 'claimed'",
        (stamp(now), int(copy_expected), key),
    )
    return row.rowcount == 1


def next_due(con: sqlite3.Connection) -> str | None:
    """When the earliest queued mail wants to go; NULL next_at waits for its budget."""
    row = con.execute(
        f"SELECT min(next_at) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at IS NOT NULL"
    ).fetchone()
    return row[0] if row else None


def without_copy_since(con: sqlite3.Connection, staff: frozenset[str]) -> str | None:
    """When the first mail was handed over of those that should have a copy, have none, and have none after them that
    has one. Mail to staff has no copies."""
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
    row = con.execute(
        "SELECT count(*) FROM outbox WHERE data_at > ?", (stamp(now - timedelta(seconds=seconds)),)
    ).fetchone()
    return int(row[0])
