"""Why a case, or a message, was treated as it was: rules, words, deadlines, mails and events. Selects only.

It tells what was decided and stored then; it never decides again.
"""

import json
import sqlite3
from zoneinfo import ZoneInfo

from oacmail.adapters.store.queries import Row, events_of, file_of, local, mail_line, mails_of, messages_of, shown_event


def of_case(con: sqlite3.Connection, zone: ZoneInfo, number: str) -> list[Row] | None:
    """Every rule, word and event behind a case, in the order of time; None if there is no such case."""
    row = con.execute("SELECT id, parent, opened_at FROM cases WHERE number = ?", (number,)).fetchone()
    if row is None:
        return None
    lines: list[Row] = []
    if row["parent"]:  # what it may belong to
        lines.append({"at": local(row["opened_at"], zone), "kind": "child", "data": {"of": row["parent"]}})
    lines += [_read(message, zone) for message in messages_of(con, row["id"])]
    lines += [
        {
            "at": local(deadline["armed_at"], zone),
            "kind": f"deadline {deadline['kind']} {deadline['level']}",
            "data": {name: local(deadline[name], zone) for name in ("due_at", "met_at", "fired_at", "void_at")},
        }
        for deadline in con.execute("SELECT * FROM deadlines WHERE case_id = ? ORDER BY armed_at, level", (row["id"],))
    ]
    lines += [mail_line(mail, zone) for mail in mails_of(con, row["id"])]
    lines += [_review(item, zone) for item in con.execute(_REVIEWS_OF_CASE, (row["id"],))]
    lines += [shown_event(event, zone) for event in events_of(con, row["id"])]
    return sorted(lines, key=lambda line: str(line["at"]))


def of_message(con: sqlite3.Connection, zone: ZoneInfo, ref: str) -> list[Row] | None:
    """How the messages with this Message-ID, or beginning of a fingerprint (16 characters or more), were read, which
    case each belongs to (`case`: None = none) and why one is on the review list; None if no message is known by it."""
    found = con.execute(_MESSAGES, (ref, ref, ref[:16])).fetchall()
    lines: list[Row] = []
    for row in found:
        line = _read(row, zone)
        line["data"] |= {"kind": row["kind"], "outcome": row["outcome"], "case": row["number"]}
        lines.append(line)
        lines += [_review(item, zone) for item in con.execute(_REVIEWS_OF_MESSAGE, (row["fingerprint"],))]
    return lines or None


def _read(message: sqlite3.Row, zone: ZoneInfo) -> Row:
    return {
        "at": local(message["received_at"], zone),
        "kind": "message",
        "data": {
            "message_id": message["message_id"],
            "role": message["role"],
            "rule": message["rule"],
            "because": json.loads(message["because"]),
            "attachments": [file_of(part) for part in json.loads(message["attachments"])],
        },
    }


def _review(item: sqlite3.Row, zone: ZoneInfo) -> Row:
    data = {"reason": item["reason"], "done": item["done_at"]}
    return {"at": local(item["at"], zone), "kind": "review", "data": data}


_MESSAGES = """SELECT m.*, c.number FROM messages m LEFT JOIN cases c ON c.id = m.case_id
  WHERE m.message_id IN (?, '<' || ? || '>') OR substr(m.fingerprint, 1, 16) = ? ORDER BY m.id"""
_REVIEWS_OF_CASE = """SELECT r.* FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint WHERE m.case_id = ?
  ORDER BY r.at"""
_REVIEWS_OF_MESSAGE = "SELECT * FROM reviews WHERE fingerprint = ? ORDER BY at"
