"""Corrections of wrong classifications, from the event log: the labelled examples of the office.

This module decides nothing. The events "corrected" and "confirmed" are the examples: append-only, with account and
time (`why N`).
"""

import json
import sqlite3

from oacmail.core.ports.store import Correction

_LATEST = 5000  # messages: some months of a busy desk, read once a night


def corrections(con: sqlite3.Connection) -> list[Correction]:
    """Return a correction for each opening message that was corrected, oldest first; the last one of a field holds."""
    rows = con.execute(
        """SELECT m.fingerprint, m.subject, m.fresh, o.bytes, e.data FROM events e JOIN cases c ON c.id = e.case_id
        JOIN messages m ON m.fingerprint = c.opened_by LEFT JOIN originals o ON o.sha256 = m.original
        WHERE e.kind IN ('corrected', 'confirmed') AND m.erased_at IS NULL ORDER BY e.id"""
    ).fetchall()
    labels: dict[str, dict[str, str]] = {}
    messages: dict[str, sqlite3.Row] = {}
    for row in rows:
        labels.setdefault(row["fingerprint"], {}).update(json.loads(row["data"]))
        messages[row["fingerprint"]] = row
    return [
        Correction(
            labels=labels[fingerprint],
            subject=row["subject"],
            fresh=row["fresh"],
            raw=bytes(row["bytes"]) if row["bytes"] is not None else None,
        )
        for fingerprint, row in messages.items()
    ]


def written(con: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return (address, subject and own words) of the latest messages of citizens."""
    rows = con.execute(
        """SELECT p.address, m.subject, m.fresh FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.role = 'citizen' ORDER BY m.id DESC LIMIT ?""",
        (_LATEST,),
    )
    return [(row["address"], f"{row['subject']} {row['fresh']}") for row in rows]
