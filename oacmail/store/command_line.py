"""What the command line shows: cases, messages, mails, the review list, health, and why something was treated as it
was. Selects only.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from oacmail.core.answers import LATE_SAME_DAY
from oacmail.core.calendar import DELAYED_FROM, PLAUSIBLE_TRANSIT
from oacmail.core.derivation import NEAR
from oacmail.core.model import Role, Status
from oacmail.mail.understanding.secrets import blank
from oacmail.store.connection import ANSWER_DUE, BEGINS_WITH, RUNNING_ANSWER, stamp
from oacmail.store.health import Row, local, waiting

# --- Queries ---------------------------------------------------------------------------------------------------------
# Rows leave as plain dictionaries in the shapes of docs/interfaces.md section 3, times in the office's zone; a
# password that somebody wrote into a subject or a file's name is not shown (R34).

OVER_BUDGET = "over-budget"

_CASES = f"""SELECT c.id, c.number, c.status, c.kind, c.topic, c.level, c.intent, c.lang AS language,
  p.address AS citizen, c.subject, c.assignee, c.opened_at, c.answered_at, c.closed_at, c.score,
  c.close_reason, c.opened_by, c.operator, c.platform, c.cause, c.ends_on, c.ends_hour, c.incident,
  coalesce(c.ends_on BETWEEN :today AND :near, 0) AS urgent,
  coalesce(
    {ANSWER_DUE},
    (SELECT max(d.due_at) FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0)) AS due_at,
  EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND {RUNNING_ANSWER} AND d.due_at <= :now) AS overdue,
  EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND {RUNNING_ANSWER}) AS waits,
  EXISTS(SELECT 1 FROM deadlines d JOIN messages m ON m.fingerprint = d.started_by WHERE d.case_id = c.id
    AND {RUNNING_ANSWER}
    AND unixepoch(d.started_at) - unixepoch(m.sent_at) > :delayed_from
    AND unixepoch(d.started_at) - unixepoch(m.sent_at) <= :delayed_to) AS delayed,
  EXISTS(SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind = :late_same_day) AS late_same_day,
  (SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'update'
    AND d.met_at IS NULL AND d.fired_at IS NULL AND d.withdrawn_at IS NULL) AS update_at,
  (SELECT count(*) FROM messages m WHERE m.case_id = c.id AND m.role <> 'ours') AS messages
  FROM cases c JOIN people p ON p.id = c.citizen_id """
_LATE = f"SELECT case_id FROM deadlines d INDEXED BY deadlines_running WHERE {RUNNING_ANSWER} AND due_at <= :now"
_SHOWN = (
    *("number", "status", "kind", "topic", "level", "intent", "language", "citizen", "subject", "assignee"),
    *("opened_at", "due_at", "answered_at", "closed_at", "overdue", "messages", "score", "operator", "platform"),
    *("cause", "urgent", "ends_on", "ends_hour", "update_at", "incident", "delayed", "late_same_day"),
)


def _columns(row: sqlite3.Row, zone: ZoneInfo, *names: str) -> Row:
    """These columns; a moment in the office's zone."""
    return {name: local(row[name], zone) if name.endswith("_at") else row[name] for name in names}


def _case(row: sqlite3.Row, zone: ZoneInfo) -> Row:
    shown = _columns(row, zone, *_SHOWN)
    for name in ("overdue", "urgent", "delayed", "late_same_day"):
        shown[name] = bool(row[name])
    for name in ("operator", "platform", "cause"):
        shown[name] = row[name] or None
    shown["subject"] = blank(row["subject"])
    return shown


def _values(now: datetime, zone: ZoneInfo) -> Row:
    today = now.astimezone(zone).date()
    return {
        "now": stamp(now),
        "today": today.isoformat(),
        "near": (today + NEAR).isoformat(),
        "delayed_from": DELAYED_FROM.total_seconds(),
        "delayed_to": PLAUSIBLE_TRANSIT.total_seconds(),
        "late_same_day": LATE_SAME_DAY,
    }


def cases(
    con: sqlite3.Connection, zone: ZoneInfo, now: datetime, *, status: str | None = None, overdue: bool = False
) -> Iterator[Row]:
    """The most urgent first: whose term is about to end (R32) or whose message was long under way (R18); then running
    deadlines by their due time, the rest by age."""
    wanted = {
        "true": True,
        "c.status = :status": status,
        "c.status <> 'closed'": status not in (None, Status.CLOSED),
        f"c.id IN ({_LATE})": overdue,
    }
    query = f"""SELECT * FROM ({_CASES} WHERE {" AND ".join(filter(wanted.get, wanted))})
      ORDER BY (urgent AND waits) OR delayed DESC, answered_at IS NOT NULL, due_at, id"""
    for row in con.execute(query, {**_values(now, zone), "status": status}):
        yield _case(row, zone)


def case(con: sqlite3.Connection, zone: ZoneInfo, now: datetime, number: str) -> Row | None:
    """One case with its messages, mails and events; None if there is none of this number."""
    row = con.execute(_CASES + "WHERE c.number = :number", {**_values(now, zone), "number": number}).fetchone()
    if row is None:
        return None
    shown = _case(row, zone)
    shown["messages"] = [
        _columns(message, zone, "message_id", "role", "received_at", "subject", "folder")
        | {"subject": blank(message["subject"])}
        for message in messages_of(con, row["id"])
        if message["role"] != Role.OURS
    ]
    shown["outgoing"] = [
        _columns(mail, zone, "key", "kind", "recipient", "message_id", "state", "sent_at")
        for mail in mails_of(con, row["id"])
    ]
    shown["events"] = [shown_event(event, zone) for event in events_of(con, row["id"])]
    return shown


def messages_of(con: sqlite3.Connection, case_id: int) -> list[sqlite3.Row]:
    return con.execute("SELECT * FROM messages WHERE case_id = ? ORDER BY received_at, id", (case_id,)).fetchall()


def file_of(part: Row) -> Row:
    return part | {"name": blank(part["name"])}


def events_of(con: sqlite3.Connection, case_id: int) -> list[sqlite3.Row]:
    return con.execute(
        """SELECT e.*, n.text FROM events e LEFT JOIN notes n ON n.event_id = e.id WHERE e.case_id = ?
        ORDER BY e.id""",
        (case_id,),
    ).fetchall()


def shown_event(row: sqlite3.Row, zone: ZoneInfo) -> Row:
    noted = {"text": row["text"]} if row["text"] is not None else {}
    return {"at": local(row["at"], zone), "kind": row["kind"], "data": noted | json.loads(row["data"])}


def mails_of(con: sqlite3.Connection, case_id: int) -> list[sqlite3.Row]:
    return con.execute("SELECT * FROM outbox WHERE case_id = ? ORDER BY id", (case_id,)).fetchall()


def mail_line(mail: sqlite3.Row, zone: ZoneInfo) -> Row:
    data = {
        "state": "over budget" if _waits_for_room(mail) else mail["state"],
        "next_at": local(mail["next_at"], zone),
        "sent_at": local(mail["sent_at"], zone),
        "error": mail["last_error"],
    }
    return {"at": local(mail["created_at"], zone), "kind": f"mail {mail['kind']}", "data": data}


def _waits_for_room(mail: sqlite3.Row) -> bool:
    """An acknowledgement beyond a limit of [ack]: it has no moment until there is room."""
    return mail["state"] == "queued" and mail["next_at"] is None


def outbox(con: sqlite3.Connection, zone: ZoneInfo, *, every: bool = False) -> Iterator[Row]:
    """What has not reached an end; with `every` all."""
    where = "" if every else "WHERE o.state <> 'sent' AND o.state IN ('queued','sending','uncertain','failed','held')"
    query = f"""SELECT o.*, c.number AS "case" FROM outbox o LEFT JOIN cases c ON c.id = o.case_id {where}
      ORDER BY o.id"""
    for row in con.execute(query):
        names = ("key", "kind", "case", "recipient", "message_id", "state", "attempts", "next_at", "sent_at")
        error = row["last_error"] or (OVER_BUDGET if _waits_for_room(row) else None)
        yield _columns(row, zone, *names) | {"last_error": error}


def mail(con: sqlite3.Connection, key: str) -> bytes | None:
    """The bytes of a mail as it goes out, or went; None if there is no such mail or its bytes are gone."""
    row = con.execute("SELECT m.mime FROM mails m JOIN outbox o ON o.id = m.id WHERE o.key = ?", (key,)).fetchone()
    return bytes(row["mime"]) or None if row else None


def review(con: sqlite3.Connection, zone: ZoneInfo) -> Iterator[Row]:
    """All that waits for a person, each with its reason."""
    for item in waiting(con):
        row = con.execute("SELECT message_id FROM messages WHERE fingerprint = ?", (item.ref,)).fetchone()
        yield {
            "ref": item.ref[:16] if ":" not in item.ref else item.ref,
            "reason": item.reason,
            "since": item.since.astimezone(zone).isoformat(),
            "case": item.case,
            "message_id": row["message_id"] if row else None,
        }


# --- Reasons ---------------------------------------------------------------------------------------------------------
# Rules, words, deadlines, mails and events, as they were decided and stored; nothing is decided again.


def reasons_of_case(con: sqlite3.Connection, zone: ZoneInfo, number: str) -> list[Row] | None:
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
            "at": local(deadline["started_at"], zone),
            "kind": f"deadline {deadline['kind']} {deadline['level']}",
            "data": _columns(deadline, zone, "due_at", "met_at", "fired_at", "withdrawn_at"),
        }
        for deadline in con.execute(
            "SELECT * FROM deadlines WHERE case_id = ? ORDER BY started_at, level", (row["id"],)
        )
    ]
    lines += [mail_line(mail, zone) for mail in mails_of(con, row["id"])]
    lines += [_review(item, zone) for item in con.execute(_REVIEWS_OF_CASE, (row["id"],))]
    lines += [shown_event(event, zone) for event in events_of(con, row["id"])]
    return sorted(lines, key=lambda line: str(line["at"]))


def reasons_of_message(con: sqlite3.Connection, zone: ZoneInfo, ref: str) -> list[Row] | None:
    """How the messages with this Message-ID, or beginning of a fingerprint (16 characters or more), were read, which
    case each belongs to (`case`: None = none) and why one is on the review list; None if no message is known by it."""
    found = con.execute(_MESSAGES, (ref, ref, *3 * (ref[:16],))).fetchall()
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


_MESSAGES = f"""SELECT m.*, c.number FROM messages m LEFT JOIN cases c ON c.id = m.case_id
  WHERE m.message_id IN (?, '<' || ? || '>') OR {BEGINS_WITH} ORDER BY m.id"""
_REVIEWS_OF_CASE = """SELECT r.* FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint WHERE m.case_id = ?
  ORDER BY r.at"""
_REVIEWS_OF_MESSAGE = "SELECT * FROM reviews WHERE fingerprint = ? ORDER BY at"
