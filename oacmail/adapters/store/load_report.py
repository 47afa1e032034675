"""Loads the rows of one month for the report: every case on which one of its figures depends. It selects and counts
nothing.

Of addresses, names, subjects and texts it reads none. The month may be read beside a running daemon.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from oacmail.adapters.store.connection import at, moment, stamp
from oacmail.adapters.store.votes import surveys_sent, votes
from oacmail.core.policy import Policy
from oacmail.core.report.months import Month
from oacmail.core.report.rows import (
    AckRow,
    AnswerLang,
    CaseRow,
    Channel,
    EventRow,
    MonthRows,
    RequestRow,
    Source,
)

_KINDS = (
    "answered", "answer-undelivered", "call-not-reached", "closed", "corrected", "escalated", "not-theirs", "opinion",
    "referred", "solved",
)  # fmt: skip
LONGEST_TERM = timedelta(days=45)
"""Between the arrival of a request and its due time lie less days than this, whatever is configured and closed."""
_ANSWERS = "kind = 'answer' AND level = 0"  # repeated as in the index deadlines_answers


def month_rows(con: sqlite3.Connection, policy: Policy, month: Month) -> MonthRows:
    """Return the rows of this month, which may not be over yet."""
    zone = policy.office.timezone
    begins, ends = month.begins(zone), month.ends(zone)
    bounds = {
        "begins": stamp(begins),
        "ends": stamp(ends),
        "after": stamp(ends + LONGEST_TERM),
        "since": stamp(begins - LONGEST_TERM),
        "kinds": json.dumps(_KINDS),
    }
    ids = [row[0] for row in con.execute(_TOUCHED, bounds)]
    asked = {**bounds, "ids": json.dumps(ids)}
    return MonthRows(
        cases={row["number"]: _case(row) for row in con.execute(_OF_CASES, asked)},
        requests=tuple(map(_request, con.execute(_REQUESTS, asked))),
        events=tuple(map(_event, con.execute(_EVENTS, asked))),
        answers=tuple(AnswerLang(at=at(row["at"]), lang=row["lang"]) for row in con.execute(_BY_MAIL, bounds)),
        acks=tuple(AckRow(asked_at=at(row[0]), sent_at=moment(row[1])) for row in con.execute(_ACKS, asked)),
        votes=tuple(votes(con, begins, ends)),
        surveys=surveys_sent(con, begins, ends),
        rescued=con.execute(_RESCUED, bounds).fetchone()[0],
    )


# every case that the month touches: by a request, by what was still owed, by an event, by the technical services
_TOUCHED = f"""SELECT case_id FROM deadlines WHERE {_ANSWERS} AND due_at >= :begins AND due_at < :after
  UNION SELECT case_id FROM deadlines WHERE {_ANSWERS} AND due_at < :begins
    AND (met_at IS NULL OR met_at >= :begins) AND (void_at IS NULL OR void_at >= :begins)
  UNION SELECT case_id FROM events WHERE at >= :begins AND at < :ends AND case_id IS NOT NULL
    AND kind IN (SELECT value FROM json_each(:kinds))
  UNION SELECT case_id FROM events WHERE at >= :since AND at < :begins AND kind = 'opinion' AND case_id IS NOT NULL
  UNION SELECT e.case_id FROM events e JOIN cases c ON c.id = e.case_id WHERE e.kind = 'escalated' AND e.at < :ends
    AND (c.status = 'derived' OR c.touched_at >= :begins)"""
_THESE = "IN (SELECT value FROM json_each(:ids))"
_OF_CASES = f"""SELECT c.number, c.opened_at, c.status, c.topic, c.level, c.intent, c.slot, c.operator, c.platform,
  c.cause, c.close_reason, coalesce((SELECT m.rule FROM messages m WHERE m.fingerprint = c.opened_by), '') AS rule
  FROM cases c WHERE c.id {_THESE} ORDER BY c.number"""
_REQUESTS = f"""SELECT d.armed_by, d.armed_at, d.due_at, d.met_at, d.void_at, c.number, m.rule, m.lang
  FROM deadlines d JOIN cases c ON c.id = d.case_id LEFT JOIN messages m ON m.fingerprint = d.armed_by
  WHERE d.kind = 'answer' AND d.level = 0 AND d.case_id {_THESE} ORDER BY d.due_at, c.number, d.armed_by"""
_EVENTS = f"""SELECT e.at, e.kind, e.fingerprint, e.data, c.number FROM events e JOIN cases c ON c.id = e.case_id
  WHERE e.case_id {_THESE} AND e.kind IN (SELECT value FROM json_each(:kinds)) ORDER BY e.id"""
# answers by mail; the same month of reception as the answer's own moment
_BY_MAIL = """SELECT received_at AS at, lang FROM messages WHERE role = 'agent' AND outcome = 'case'
  AND received_at >= :begins AND received_at < :ends"""
_ACKS = f"""SELECT m.received_at, iif(o.state = 'sent', o.sent_at, NULL) FROM messages m
  JOIN outbox o ON o.key = 'ack:' || m.fingerprint
  WHERE m.case_id {_THESE} AND m.received_at >= :begins AND m.received_at < :ends AND m.role = 'citizen'
  AND o.state <> 'shadow' AND NOT (o.state = 'dropped' AND EXISTS(SELECT 1 FROM deadlines d
    WHERE d.armed_by = m.fingerprint AND d.kind = 'answer' AND d.level = 0 AND d.met_at IS NOT NULL))"""
_RESCUED = """SELECT count(*) FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint
  WHERE r.reason = 'suspected-spam' AND r.done_at >= :begins AND r.done_at < :ends AND m.case_id IS NOT NULL"""


def _case(row: sqlite3.Row) -> CaseRow:
    return CaseRow(
        number=row["number"],
        opened_at=at(row["opened_at"]),
        status=row["status"],
        topic=row["topic"],
        level=row["level"],
        intent=row["intent"],
        channel=_channel(row),
        slot=row["slot"],
        operator=row["operator"],
        platform=row["platform"],
        cause=row["cause"],
        close_reason=row["close_reason"],
    )


def _channel(row: sqlite3.Row) -> Channel:
    if row["rule"] in ("telephone", "visit"):
        return cast(Channel, row["rule"])
    return "callback" if row["intent"] == "callback" else "mail"


def _request(row: sqlite3.Row) -> RequestRow:
    return RequestRow(
        case=row["number"],
        asked_at=at(row["armed_at"]),
        due_at=at(row["due_at"]),
        answered_at=moment(row["met_at"]),
        withdrawn_at=moment(row["void_at"]),
        source=_source(row["armed_by"], row["rule"]),
        lang="" if row["rule"] in ("telephone", "visit") else row["lang"] or "",
    )


_SOURCES: Mapping[str, Source] = {"undelivered": "returned", "solved": "outcome", "order": "message"}
"""How the key of what started a deadline begins, if it was no message. `order`: a message that was split off."""


def _source(started_by: str, rule: str | None) -> Source:
    if rule in ("telephone", "visit"):
        return "contact"
    name, colon, _ = started_by.partition(":")
    return _SOURCES.get(name, "reopened") if colon else "message"


def _event(row: sqlite3.Row) -> EventRow:
    data: Mapping[str, Any] = json.loads(row["data"]) if row["data"] != "{}" else {}
    return EventRow(case=row["number"], at=at(row["at"]), kind=row["kind"], message=row["fingerprint"] or "", data=data)


def first_month(con: sqlite3.Connection, policy: Policy) -> Month | None:
    """Return the month in which the desk began to read its mailbox, None if it never did."""
    begun: Sequence[str | None] = con.execute("SELECT min(started_at) FROM folders").fetchone()
    started: datetime | None = moment(begun[0])
    return Month.of(started, policy.office.timezone) if started else None
