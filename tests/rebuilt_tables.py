"""Every meaningful column of a database, by the key of its row: what two databases are compared by."""

import sqlite3
from collections.abc import Mapping
from typing import Any

Rows = Mapping[str, Mapping[Any, Any]]
_TABLES: Mapping[str, tuple[str, str]] = {
    "cases": (
        "c.number",
        """SELECT c.number, c.status, c.kind, c.topic, c.level, c.intent, c.lang, c.phone, c.slot, c.subject,
        c.opened_at, c.answered_at, c.closed_at, c.close_reason, c.operator, c.cause, c.ends_on, c.parent,
        c.assignee, p.address FROM cases c JOIN people p ON p.id = c.citizen_id""",
    ),
    "deadlines": (
        "d.started_by, d.kind, d.level",
        """SELECT d.started_by || ':' || d.kind || ':' || d.level, c.number, d.started_at, d.due_at, d.met_at,
        d.fired_at IS NOT NULL, d.withdrawn_at IS NOT NULL FROM deadlines d JOIN cases c ON c.id = d.case_id""",
    ),
    "messages": (
        "m.fingerprint",
        """SELECT m.fingerprint, c.number, m.role, m.outcome, m.kind, m.guest, m.received_at, p.address FROM messages m
        JOIN people p ON p.id = m.author_id LEFT JOIN cases c ON c.id = m.case_id""",
    ),
    "outbox": (
        "o.key",
        """SELECT o.key, c.number, o.kind, o.recipient, o.state, o.message_id FROM outbox o
        LEFT JOIN cases c ON c.id = o.case_id""",
    ),
    "people": ("address", "SELECT address, lang, known FROM people"),
    "reviews": ("fingerprint", "SELECT fingerprint, reason, done_at IS NOT NULL FROM reviews"),
    "serials": ("key", "SELECT key, value FROM kv WHERE key GLOB 'serial:*'"),
}


def tables(con: sqlite3.Connection) -> Rows:
    return {
        name: {row[0]: tuple(row) for row in con.execute(f"{query} ORDER BY {order}")}
        for name, (order, query) in _TABLES.items()
    }
