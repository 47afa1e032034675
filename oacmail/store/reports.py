"""The rows of a month for its report, the corrections of classifications, and the published months, which are written
once. No indicator is computed here.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from msgspec import Struct

from oacmail.core.effects import CorrectFigure, FreezeMonth
from oacmail.core.kinds import MailKind
from oacmail.core.model import Role
from oacmail.core.policy import Policy
from oacmail.core.report.figures import (
    AckRow,
    AnswerLang,
    CaseRow,
    Channel,
    EventRow,
    Month,
    MonthFigures,
    MonthRows,
    RequestRow,
    Source,
)
from oacmail.core.report.publication import from_text
from oacmail.store.connection import as_view, at, moment, stamp
from oacmail.store.votes import surveys_sent, votes
from oacmail.store.writing import WriteContext

# --- Corrections -----------------------------------------------------------------------------------------------------
# The labelled examples of the office: the events "corrected" and "confirmed", append-only, with account and time (`why
# N`).

_LATEST = 5000  # messages: some months of a busy desk, read once a night


class Correction(Struct, frozen=True, kw_only=True):
    """A message whose classification an agent has corrected. `labels`: field (kind, topic, level, intent, language) to
    the agent's value. `raw`: None if it was too large to store or is no longer stored."""

    labels: Mapping[str, str]
    subject: str
    fresh: str
    raw: bytes | None


def corrected_examples(con: sqlite3.Connection) -> list[Correction]:
    """Return a correction for each opening message that was corrected, oldest first; the last one of a field holds."""
    rows = con.execute(
        """SELECT m.fingerprint, m.subject, m.fresh, o.bytes, e.data FROM events e JOIN cases c ON c.id = e.case_id
        JOIN messages m ON m.fingerprint = c.opened_by LEFT JOIN originals o ON o.key = m.original
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


# --- Load report -----------------------------------------------------------------------------------------------------
# Every case on which a figure of the month depends; of addresses, names, subjects and texts nothing is read. The month
# may be read beside a running daemon.

_KINDS = (
    "answered", "answer-undelivered", "call-not-reached", "closed", "corrected", "escalated", "merged", "not-theirs",
    "opinion", "referred", "solved",
)  # fmt: skip
_READ = (*_KINDS, "erased")
"""What is read of a case; that it was erased brings none into the month: a purge erases those of a whole year."""
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
        "read": json.dumps(_READ),
    }
    con.execute(f"PRAGMA cache_size=-{_CACHE}")
    told, ids = _all_events(con, sorted(row[0] for row in con.execute(_TOUCHED, bounds)), bounds)
    asked = {**bounds, "ids": json.dumps(ids)}
    messages = {row[0]: row[1:] for row in con.execute(_MESSAGES, asked)}
    # When the message came that caused the event, if a citizen wrote it.
    asked_at = {key: at(received) for key, (role, _, _, received) in messages.items() if role == Role.CITIZEN}
    first, last = bounds["begins"], bounds["ends"]
    return MonthRows(
        cases={row[0]: _case(row, messages) for row in con.execute(_OF_CASES, asked)},
        requests=tuple(_request(row) for row in con.execute(_REQUESTS, asked)),
        events=tuple(event._replace(arrived_at=asked_at.get(event.message)) for event in told),
        answers=(
            *(
                AnswerLang(at=at(received), lang=lang)
                for role, rule, lang, received in messages.values()
                if role == Role.AGENT and rule != _RELAYED and first <= received < last
            ),
            *_relayed(con, messages, bounds),
        ),
        acks=tuple(AckRow(asked_at=at(row[0]), sent_at=moment(row[1])) for row in con.execute(_ACKS, asked)),
        votes=tuple(votes(con, begins, ends)),
        surveys=surveys_sent(con, begins, ends),
        rescued=con.execute(_RESCUED, bounds).fetchone()[0],
    )


def _all_events(
    con: sqlite3.Connection, ids: list[int], bounds: Mapping[str, str]
) -> tuple[tuple[EventRow, ...], list[int]]:
    """The events of these cases and of those that were merged into them, and the ids of both."""
    events: list[EventRow] = []
    read: list[int] = []
    while ids:
        found = [
            EventRow(number, at(when), kind, fingerprint or "", _read(data))
            for number, when, kind, fingerprint, data in con.execute(_EVENTS, {**bounds, "ids": json.dumps(ids)})
        ]
        events += found
        read += ids
        merged = json.dumps([event.text("from") for event in found if event.kind == "merged"])
        ids = sorted({row[0] for row in con.execute(_BY_NUMBER, (merged,))} - set(read))
    return tuple(events), sorted(read)


def requests(con: sqlite3.Connection, since: datetime, until: datetime) -> list[RequestRow]:
    """Return the requests of each case on which something was asked or answered from `since` on and before `until`."""
    bounds = {"begins": stamp(since), "ends": stamp(until), "since": stamp(since - LONGEST_TERM)}
    ids = [row[0] for row in con.execute(_MOVED, bounds)]
    return [_request(row) for row in con.execute(_REQUESTS, {"ids": json.dumps(ids)})]


def _relayed(con: sqlite3.Connection, messages: "_Messages", bounds: Mapping[str, str]) -> Iterator[AnswerLang]:
    """What agents wrote to answer addresses, when it left."""
    langs = {f"{MailKind.RELAYED}:{key}": lang for key, (_, rule, lang, _) in messages.items() if rule == _RELAYED}
    for key, sent_at in con.execute(_SENT, {**bounds, "keys": json.dumps(list(langs))}):
        yield AnswerLang(at=at(sent_at), lang=langs[key])


_CACHE = 24_000  # kB: cases of a month lie together, and are read several times
# every case that the month touches: by a request, by what was still owed, by an event, by the technical services
_TOUCHED = f"""SELECT case_id FROM deadlines WHERE {_ANSWERS} AND due_at >= :begins AND due_at < :ends
  UNION SELECT case_id FROM deadlines WHERE {_ANSWERS} AND due_at >= :ends AND due_at < :after AND started_at < :ends
  UNION SELECT case_id FROM deadlines INDEXED BY deadlines_running
    WHERE {_ANSWERS} AND met_at IS NULL AND withdrawn_at IS NULL AND due_at < :begins
  UNION SELECT case_id FROM deadlines WHERE {_ANSWERS} AND met_at >= :begins AND +due_at < :begins
    AND (withdrawn_at IS NULL OR withdrawn_at >= :begins)
  UNION SELECT case_id FROM deadlines WHERE {_ANSWERS} AND withdrawn_at >= :begins AND +due_at < :begins
    AND met_at IS NULL
  UNION SELECT case_id FROM events WHERE at >= :begins AND at < :ends AND case_id IS NOT NULL
    AND kind IN (SELECT value FROM json_each(:kinds))
  UNION SELECT case_id FROM events WHERE at >= :since AND at < :begins AND kind = 'opinion' AND case_id IS NOT NULL
  UNION SELECT e.case_id FROM events e JOIN cases c ON c.id = e.case_id WHERE e.kind = 'escalated' AND e.at < :ends
    AND (c.status = 'derived' OR c.touched_at >= :begins)"""
_THESE = "IN (SELECT value FROM json_each(:ids))"
# what citizens asked and agents answered: of the former the channel is told by the rule
_MESSAGES = f"""SELECT fingerprint, role, rule, lang, received_at FROM messages
  WHERE case_id {_THESE} AND (role = 'citizen' OR role = 'agent' AND outcome = 'case' OR rule = 'relayed')"""
_OF_CASES = f"""SELECT number, opened_by, opened_at, status, topic, level, intent, slot, operator, platform, cause,
  close_reason FROM cases WHERE id {_THESE} ORDER BY id"""
# The message of a request that was split off is the one that opened its case. What a request opened: the case that was
# split off with its message, the case of its message, or that of an order.
_REQUESTS = f"""SELECT c.number, d.started_by, d.started_at, d.due_at, d.met_at, d.withdrawn_at, coalesce(m.rule, ''),
    coalesce(m.lang, ''), coalesce((SELECT number FROM cases WHERE opened_by = c.number || ' ' || d.started_by),
      (SELECT number FROM cases WHERE opened_by = d.started_by), iif(d.started_by LIKE 'order:%', c.number, ''))
  FROM deadlines d JOIN cases c ON c.id = d.case_id
  LEFT JOIN messages m ON m.role = 'citizen'
    AND m.fingerprint = iif(d.started_by LIKE 'order:%', substr(c.opened_by, -64), d.started_by)
  WHERE d.kind = 'answer' AND d.level = 0 AND d.case_id {_THESE} ORDER BY d.due_at, c.number, d.started_by"""
_MOVED = f"""SELECT case_id FROM deadlines WHERE {_ANSWERS} AND due_at >= :since
    AND started_at >= :begins AND started_at < :ends
  UNION SELECT case_id FROM deadlines WHERE {_ANSWERS} AND met_at >= :begins AND met_at < :ends"""
_EVENTS = f"""SELECT c.number, e.at, e.kind, e.fingerprint, e.data FROM events e JOIN cases c ON c.id = e.case_id
  WHERE e.case_id {_THESE} AND e.kind IN (SELECT value FROM json_each(:read)) ORDER BY e.id"""
_ACKS = f"""SELECT m.received_at, iif(o.state = 'sent', o.sent_at, NULL) FROM messages m
  JOIN outbox o ON o.key = 'ack:' || m.fingerprint
  WHERE m.case_id {_THESE} AND m.received_at >= :begins AND m.received_at < :ends AND m.role = 'citizen'
  AND o.state <> 'shadow' AND NOT (o.state = 'dropped' AND EXISTS(SELECT 1 FROM deadlines d
    WHERE d.started_by = m.fingerprint AND d.kind = 'answer' AND d.level = 0 AND d.met_at IS NOT NULL))"""
_RESCUED = """SELECT count(*) FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint
  WHERE r.reason = 'suspected-spam' AND r.done_at >= :begins AND r.done_at < :ends AND m.case_id IS NOT NULL"""
_BY_NUMBER = "SELECT id FROM cases WHERE number IN (SELECT value FROM json_each(?))"
_SENT = """SELECT key, sent_at FROM outbox WHERE key IN (SELECT value FROM json_each(:keys))
  AND state = 'sent' AND sent_at >= :begins AND sent_at < :ends"""
_RELAYED = "relayed"
"""The rule of an agent's mail to an answer address that went on to the person."""
_Messages = Mapping[str, tuple[str, str, str, str]]
"""Fingerprint -> role, rule, language, moment of arrival."""
_BY_HAND = ("telephone", "visit")


def _case(row: Sequence[Any], messages: _Messages) -> CaseRow:
    number, opened_by, opened_at, status, topic, level, intent, slot, operator, platform, cause, reason = row
    rule = messages[opened_by][1] if opened_by in messages else ""
    channel: Channel = "callback" if intent == "callback" else "mail"
    return CaseRow(
        number=number,
        opened_at=at(opened_at),
        status=status,
        topic=topic,
        level=level,
        intent=intent,
        channel=cast(Channel, rule) if rule in _BY_HAND else channel,
        slot=slot,
        operator=operator,
        platform=platform,
        cause=cause,
        close_reason=reason,
    )


def _request(row: Sequence[Any]) -> RequestRow:
    number, started_by, started_at, due_at, met_at, withdrawn_at, rule, lang, opens = row
    return RequestRow(
        case=number,
        asked_at=at(started_at),
        due_at=at(due_at),
        answered_at=moment(met_at),
        withdrawn_at=moment(withdrawn_at),
        source=_source(started_by, rule),
        lang="" if rule in _BY_HAND else lang,
        opens=opens,
    )


_SOURCES: Mapping[str, Source] = {"undelivered": "returned", "solved": "outcome", "order": "message"}
"""How the key of what started a deadline begins, if it was no message. `order`: a message that was split off."""


def _source(started_by: str, rule: str) -> Source:
    if rule in _BY_HAND:
        return "contact"
    name, colon, _ = started_by.partition(":")
    return _SOURCES.get(name, "reopened") if colon else "message"


@lru_cache(maxsize=512)
def _read(data: str) -> Mapping[str, object]:
    """Most events say the same few things; who reads them changes nothing."""
    read: dict[str, object] = json.loads(data)
    return read


def first_month(con: sqlite3.Connection, policy: Policy) -> Month | None:
    """Return the month in which the desk began to read its mailbox, None if it never did."""
    begun: Sequence[str | None] = con.execute("SELECT min(started_at) FROM folders").fetchone()
    started: datetime | None = moment(begun[0])
    return Month.of(started, policy.office.timezone) if started else None


# --- Reports ---------------------------------------------------------------------------------------------------------
# The published months: frozen figures and their corrections, written once and read again.


class PublishedMonth(Struct, frozen=True, kw_only=True):
    """`corrections`: those shown so far, oldest first."""

    figures: MonthFigures
    published_at: datetime
    corrections: tuple[CorrectFigure, ...] = ()


def published(con: sqlite3.Connection, month: Month) -> PublishedMonth | None:
    """Return what was published of this month, None if nothing was."""
    row = con.execute("SELECT published_at, figures FROM reports WHERE month = ?", (str(month),)).fetchone()
    if row is None:
        return None
    return PublishedMonth(
        figures=from_text(str(month), row["figures"]),
        published_at=at(row["published_at"]),
        corrections=corrections(con, "month = ?", str(month)),
    )


def told_at(con: sqlite3.Connection, published_at: datetime) -> tuple[CorrectFigure, ...]:
    """Return the corrections of earlier months that the report of this moment brought."""
    return corrections(con, "at = ?", stamp(published_at))


def corrections(con: sqlite3.Connection, where: str, value: str) -> tuple[CorrectFigure, ...]:
    rows = con.execute(
        f"SELECT * FROM report_corrections WHERE {where} ORDER BY month, at, indicator, measure", (value,)
    )
    return tuple(as_view(CorrectFigure, row) for row in rows)


def last_published(con: sqlite3.Connection) -> Month | None:
    row = con.execute("SELECT max(month) AS month FROM reports").fetchone()
    return Month.parse(row["month"]) if row["month"] else None


def was_sent(con: sqlite3.Connection, period: str) -> bool:
    """Whether a mail of the report of this month or year has been queued, to whomever."""
    return (
        con.execute("SELECT 1 FROM outbox WHERE key GLOB ?", (f"{MailKind.REPORT}:{period}:*",)).fetchone() is not None
    )


def freeze_month(con: sqlite3.Connection, effect: FreezeMonth, context: WriteContext) -> None:
    con.execute(
        "INSERT INTO reports(month, published_at, figures) VALUES(?,?,?) ON CONFLICT(month) DO NOTHING",
        (effect.month, stamp(context.now), effect.figures),
    )


def correct_month(con: sqlite3.Connection, effect: CorrectFigure, context: WriteContext) -> None:
    """Write it unless the latest correction of this figure says the same."""
    con.execute(
        """INSERT INTO report_corrections(month, indicator, measure, at, old, new, why) SELECT ?1,?2,?3,?4,?5,?6,?7
        WHERE ?6 IS NOT (SELECT c.new FROM report_corrections c WHERE c.month = ?1 AND c.indicator = ?2
        AND c.measure = ?3 ORDER BY c.at DESC LIMIT 1) OR NOT EXISTS(SELECT 1 FROM report_corrections c
        WHERE c.month = ?1 AND c.indicator = ?2 AND c.measure = ?3) ON CONFLICT DO NOTHING""",
        (
            effect.month,
            effect.indicator,
            effect.measure,
            stamp(context.now),
            effect.old,
            effect.new,
            effect.why,
        ),
    )
