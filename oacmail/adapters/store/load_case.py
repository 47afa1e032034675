"""Reads cases and their running clocks as `decide` sees them (core/view.py).

Selects only; it never judges what it finds.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from oacmail.adapters.store.connection import at, moment, stamp
from oacmail.core.model import Role, Status
from oacmail.core.outbox.kinds import of_name
from oacmail.core.outbox.notice_limits import FOLDED
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, Deadline, OpenQuestion, Said

LATEST_MOST = 4


def marks(items: Sequence[object]) -> str:
    return ",".join("?" * len(items))


def cases(con: sqlite3.Connection, policy: Policy, numbers: Sequence[str], now: datetime) -> dict[str, CaseView]:
    """The cases of these numbers, those that exist."""
    if not numbers:
        return {}
    rows = con.execute(
        f"""SELECT c.*, p.address AS citizen, p.lang AS wish,
        (SELECT m.message_id FROM messages m WHERE m.fingerprint = c.opened_by) AS opened_by_id,
        EXISTS(SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind = 'corrected'
          AND json_extract(e.data, '$.level') IS NOT NULL) AS level_by_hand
        FROM cases c JOIN people p ON p.id = c.citizen_id
        WHERE c.number IN ({marks(numbers)})""",
        numbers,
    ).fetchall()
    return {row["number"]: _case(con, policy, row, now) for row in rows}


def _case(con: sqlite3.Connection, policy: Policy, row: sqlite3.Row, now: datetime) -> CaseView:
    wrote = con.execute(
        """SELECT DISTINCT p.address, m.reply_to FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.case_id = ? AND m.role = 'citizen' AND m.guest = 0""",
        (row["id"],),
    ).fetchall()
    midnight = now.astimezone(policy.office.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    acks = con.execute(
        f"SELECT count(*) FROM outbox WHERE case_id = ? AND kind = '{MailKind.ACK}' AND created_at >= ?",
        (row["id"], stamp(midnight)),
    ).fetchone()[0]
    return CaseView(
        number=row["number"],
        status=Status(row["status"]),
        citizen=row["citizen"],
        participants=frozenset(address for address, _ in wrote),
        reply_to=frozenset(address for _, address in wrote if address),
        subject=row["subject_key"],
        topic=row["topic"],
        level=row["level"],
        intent=row["intent"],
        lang=row["lang"],
        assignee=row["assignee"],
        opened_at=at(row["opened_at"]),
        touched_at=at(row["touched_at"]),
        answered_at=moment(row["answered_at"]),
        closed_at=moment(row["closed_at"]),
        clocks=clocks(con, row["id"]),
        acks_today=acks,
        first_message=row["opened_by"],
        first_message_id=row["opened_by_id"] or "",
        asked=_asked(con, row["id"]),
        asked_since=_asked_since(con, row),
        told=_told(con, row["id"]),
        slot=row["slot"],
        phone=row["phone"],
        calls_in_vain=_calls_in_vain(con, row["id"]),
        operator=row["operator"],
        platform=row["platform"],
        cause=row["cause"],
        urgent=bool(row["urgent"]),
        ends_on=date.fromisoformat(row["ends_on"]) if row["ends_on"] else None,
        level_by_hand=bool(row["level_by_hand"]),
        wish=row["wish"],
        latest=_latest(con, row["id"]),
    )


def _latest(con: sqlite3.Connection, case_id: int) -> tuple[Said, ...]:
    rows = con.execute(
        """SELECT fingerprint, received_at, role FROM messages WHERE case_id = ? AND role IN ('citizen', 'agent')
        ORDER BY received_at DESC, id DESC LIMIT ?""",
        (case_id, LATEST_MOST),
    )
    return tuple(
        Said(message=row["fingerprint"], at=at(row["received_at"]), by_office=row["role"] == Role.AGENT) for row in rows
    )


def _asked(con: sqlite3.Connection, case_id: int) -> tuple[OpenQuestion, ...]:
    rows = con.execute(
        """SELECT iif(m.guest, p.address, '') AS side, m.fingerprint, max(m.received_at) AS at
        FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.case_id = ? AND m.role = 'citizen' AND m.kind = 'request' GROUP BY side ORDER BY side <> '', at""",
        (case_id,),
    )
    return tuple(OpenQuestion(guest=row["side"], message=row["fingerprint"], at=at(row["at"])) for row in rows)


def _asked_since(con: sqlite3.Connection, case: sqlite3.Row) -> int:
    row = con.execute(
        """SELECT count(*) FROM messages WHERE case_id = ? AND role = 'citizen' AND kind = 'request'
        AND received_at > ?""",
        (case["id"], case["answered_at"]),
    ).fetchone()
    return int(row[0])


def _told(con: sqlite3.Connection, case_id: int) -> frozenset[MailKind]:
    """Return the kinds of mail about the case that have left or will; a held derivation notice does not count."""
    rows = con.execute(
        f"""SELECT DISTINCT kind FROM outbox WHERE case_id = ? AND (state NOT IN ('failed', 'dropped', 'shadow')
        OR (state = 'dropped' AND last_error = ?)) AND NOT (state = 'held' AND kind = '{MailKind.PASSED_ON}')""",
        (case_id, FOLDED),
    )
    return frozenset(of_name(row["kind"]) for row in rows)


def _calls_in_vain(con: sqlite3.Connection, case_id: int) -> tuple[datetime, ...]:
    rows = con.execute(
        """SELECT json_extract(data, '$.at') AS at FROM events WHERE case_id = ? AND kind = 'call-not-reached'
        AND json_extract(data, '$.in_slot')""",
        (case_id,),
    )
    return tuple(datetime.fromisoformat(row["at"]) for row in rows)


def clocks(con: sqlite3.Connection, case_id: int) -> tuple[Deadline, ...]:
    """Return the deadlines that are neither met nor void; of those that were reached, only the one for an answer."""
    rows = con.execute(
        """SELECT d.*, p.address AS author, m.reply_to, m.sent_at FROM deadlines d
        LEFT JOIN messages m ON m.fingerprint = d.armed_by LEFT JOIN people p ON p.id = m.author_id
        WHERE d.case_id = ? AND d.met_at IS NULL AND d.void_at IS NULL
        AND (d.fired_at IS NULL OR (d.kind = 'answer' AND d.level = 0))""",
        (case_id,),
    )
    return tuple(
        replace(
            running(row, frozenset(address for address in (row["author"], row["reply_to"]) if address)),
            sent_at=moment(row["sent_at"]),
        )
        for row in rows
    )


def running(row: sqlite3.Row, asked_from: frozenset[str] = frozenset()) -> Deadline:
    return Deadline(
        started_by=row["armed_by"],
        kind=row["kind"],
        level=row["level"],
        started_at=at(row["armed_at"]),
        due_at=at(row["due_at"]),
        asked_from=asked_from,
    )
