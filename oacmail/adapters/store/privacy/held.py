"""The rows that hold something on a person, table by table, for the copy that they may ask for. It selects only.

Bytes of messages are with the person's own messages and the mails to them alone.
"""

import json
import sqlite3
from typing import Any

from oacmail.adapters.store.privacy.scope import IN, Scope, ids

_CASES = f"""SELECT id AS "case", number, status, kind, topic, level, intent, lang AS language, phone, slot, call_hours,
  subject, opened_at, answered_at, closed_at, close_reason, score, ends_on, ends_hour, operator, platform, cause
  FROM cases WHERE id {IN} ORDER BY id"""
_MESSAGES = f"""SELECT m.id, c.number AS "case", m.message_id, m.role, m.kind, m.subject, m.fresh AS text, m.sent_at,
  m.received_at, m.lang AS language, m.folder, m.reply_to, m.attachments, m.because,
  iif(m.author_id {IN}, o.bytes, NULL) AS bytes, m.author_id {IN} AS own
  FROM messages m LEFT JOIN cases c ON c.id = m.case_id LEFT JOIN originals o ON o.sha256 = m.original
  WHERE m.id {IN} ORDER BY m.received_at, m.id"""
_MAILS = f"""SELECT o.id, c.number AS "case", o.kind, o.recipient, o.state, o.created_at, o.sent_at, o.last_error,
  iif(o.recipient {IN} AND length(b.mime) > 0, b.mime, NULL) AS mime, o.recipient {IN} AS own
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id LEFT JOIN mails b ON b.id = o.id
  WHERE o.id {IN} ORDER BY o.id"""
_EVENTS = f"""SELECT c.number AS "case", e.at, e.kind, e.data FROM events e JOIN cases c ON c.id = e.case_id
  WHERE e.case_id {IN} ORDER BY e.id"""
_NOTES = f"""SELECT c.number AS "case", e.at, n.text FROM notes n JOIN events e ON e.id = n.event_id
  LEFT JOIN cases c ON c.id = n.case_id WHERE n.case_id {IN} ORDER BY n.event_id"""
_DEADLINES = f"""SELECT c.number AS "case", d.kind, d.level, d.armed_at, d.due_at, d.met_at, d.fired_at, d.void_at
  FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE d.case_id {IN} ORDER BY d.armed_at, d.kind, d.level"""
_VOTES = f"""SELECT c.number AS "case", v.score, v.at FROM votes v JOIN cases c ON c.id = v.case_id
  WHERE v.case_id {IN} ORDER BY v.id"""
_REVIEWS = f"""SELECT r.reason, r.at, r.done_at FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint
  WHERE m.id {IN} ORDER BY r.at"""
_STAFF_NAMES = ("by", "name")  # keys of an event's data that name the account


def held(con: sqlite3.Connection, scope: Scope) -> dict[str, list[dict[str, Any]]]:
    """Return a list of rows for each table. Times are UTC texts; a message or mail with `file` has its bytes too."""
    cases, messages, mails, people = map(ids, (scope.cases, scope.messages, scope.mails, scope.people))
    addresses = json.dumps(scope.addresses)
    rows = {
        "people": _all(con, f"SELECT address, name, lang AS language FROM people WHERE id {IN}", people),
        "cases": _all(con, _CASES, cases),
        "messages": _all(con, _MESSAGES, people, people, messages),
        "mails": _all(con, _MAILS, addresses, addresses, mails),
        "deadlines": _all(con, _DEADLINES, cases),
        "events": _all(con, _EVENTS, cases),
        "notes": _all(con, _NOTES, cases),
        "votes": _all(con, _VOTES, cases),
        "reviews": _all(con, _REVIEWS, messages),
        "facts": [row for one in scope.addresses for row in _stored_values(con, one)],
    }
    for number, row in enumerate(rows["messages"], 1):
        row |= {"attachments": json.loads(row["attachments"]), "because": json.loads(row["because"])}
        row["file"] = f"messages/{number:05d}.eml" if row["bytes"] else None
    for number, row in enumerate(rows["mails"], 1):
        row["file"] = f"mails/{number:05d}.eml" if row["mime"] else None
    for row in rows["events"]:
        row["data"] = {name: one for name, one in json.loads(row["data"]).items() if name not in _STAFF_NAMES}
    return rows


def _all(con: sqlite3.Connection, query: str, *values: str) -> list[dict[str, Any]]:
    return [dict(row) for row in con.execute(query, values)]


def _stored_values(con: sqlite3.Connection, address: str) -> list[dict[str, Any]]:
    return _all(con, "SELECT key, value, at FROM kv WHERE instr(lower(key || ' ' || value), ?)", address)
