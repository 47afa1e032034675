"""What is well and what waits: the counts of `status`, and the review list. Selects only.

`status` needs nothing else of the store, and must be quick: this module imports no rules.
"""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from oacmail.core import ends
from oacmail.core.canary import moment_of
from oacmail.core.kinds import KINDS, Audience, MailState
from oacmail.core.model import Status
from oacmail.core.reconciliation import from_text
from oacmail.core.review import FILED, UNSEEN, ReviewEntry, last_purge
from oacmail.core.stored_values import (
    CANARY_LAST,
    CRASHES,
    ENDS,
    LAST_TICK,
    LATEST,
    OTHER_INSTANCE,
    PURGED,
    RECONCILED,
    RECORDS,
    RUNS,
    SHADOW,
)
from oacmail.core.watched import REFUSED_PEOPLE, REFUSED_WITHIN, DomainRefusals, about_the_mailbox
from oacmail.store import remembered
from oacmail.store.connection import ACKS, LAST_SUMMARY, LIVE, RUNNING_ANSWER, as_view, moment, stamp
from oacmail.store.remembered import causes, problems
from oacmail.store.seen_messages import synced_at

Row = dict[str, Any]
_OPENING = 500  # characters of a text
_TO_CITIZENS = ", ".join(f"'{kind}'" for kind, rules in KINDS.items() if rules.audience is Audience.CITIZEN)


def local(text: str | None, zone: ZoneInfo) -> str | None:
    """Stored UTC to ISO 8601 in the office's zone."""
    return _shown(moment(text), zone)


def waiting(con: sqlite3.Connection) -> tuple[ReviewEntry, ...]:
    """Return the review list: messages with their case, if any, and messages that could not be read at all.

    A message of a case is listed until the case is answered or closed after it; one that was filed there, until a
    digest was sent since, whatever becomes of the case."""
    rows = con.execute(
        f"""SELECT r.fingerprint AS ref, r.reason, r.at AS since, c.number AS "case",
          coalesce(nullif(m.fresh, ''), m.subject, '') AS text
        FROM reviews r LEFT JOIN messages m ON m.fingerprint = r.fingerprint LEFT JOIN cases c ON c.id = m.case_id
        WHERE r.done_at IS NULL AND iif(r.reason IN {FILED}, r.at >= coalesce(({LAST_SUMMARY}), ''),
          max(coalesce(c.answered_at, ''), coalesce(c.closed_at, '')) < r.at) UNION ALL
        SELECT folder || ':' || uidvalidity || ':' || uid, 'unreadable', first_seen, NULL, ''
        FROM sightings WHERE outcome = 'quarantined' AND fingerprint IS NULL ORDER BY 3"""
    )
    return tuple(as_view(ReviewEntry, row, opening=row["text"][:_OPENING]) for row in rows)


def _counted(con: sqlite3.Connection, table: str, column: str, most: str) -> Mapping[str, int]:
    """Rows by the value of the column. `most`: that of nearly all, of which only the number is read."""
    rows = con.execute(
        f"""SELECT {column} AS name, count(*) FROM {table} WHERE {column} <> '{most}' GROUP BY {column} UNION ALL
        SELECT '{most}', (SELECT count(*) FROM {table}) - (SELECT count(*) FROM {table} WHERE {column} <> '{most}')
        ORDER BY name"""
    )
    return {name: count for name, count in rows if count}


def health(con: sqlite3.Connection, zone: ZoneInfo) -> Row:
    """The counts of `status`. The caller judges what is wrong: it knows the clock."""

    def one(query: str) -> Any:
        return con.execute(query).fetchone()[0]

    proof = from_text(remembered.value(con, RECONCILED))
    known_ends = remembered.value(con, ENDS)
    purge = last_purge(remembered.value(con, PURGED))
    canary, _, seconds = (remembered.value(con, CANARY_LAST) or "").partition(" ")
    rotated, drill = remembered.last_drill(con)
    return {
        "cases": _counted(con, "cases", "status", Status.CLOSED),
        "outbox": _counted(con, "outbox", "state", MailState.SENT),
        "over_budget": one(f"SELECT count(*) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at IS NULL"),
        "unaccounted": one("SELECT count(*) FROM sightings WHERE outcome IS NULL"),
        "unaccounted_since": local(one("SELECT min(first_seen) FROM sightings WHERE outcome IS NULL"), zone),
        "quarantine": len(waiting(con)),
        "unreadable": one("SELECT count(*) FROM sightings WHERE outcome = 'quarantined' AND fingerprint IS NULL"),
        "last_sync": _shown(synced_at(con), zone),
        "last_tick": local(remembered.value(con, LAST_TICK), zone),
        "runs": remembered.value(con, RUNS),
        "started": _shown(remembered.written_at(con, RUNS), zone),
        "crashes": remembered.value(con, CRASHES),
        "causes": causes(con),
        "latest": remembered.value(con, LATEST),
        "problems": {code: _shown(since, zone) for code, since in problems(con).items()},
        "other_instance": remembered.value(con, OTHER_INSTANCE),
        "reconciled": proof
        and {
            "at": _shown(proof.at, zone),
            "compared": dict(proof.compared),
            "found": [
                {"what": found.what, "where": found.where, "at": _shown(found.at, zone), "detail": found.detail}
                for found in proof.found
            ],
        },
        # the last that came back, and how long it took
        "canary": {"sent_at": _shown(moment_of(canary), zone), "seconds": int(seconds)} if canary else None,
        "records": _looked(remembered.value(con, RECORDS), zone),
        "ends": [{"what": end.what, "on": end.on.isoformat()} for end, _ in ends.from_text(known_ends).values()],
        "verdicts": [_said_outside(name, said, zone) for name, said in remembered.verdicts(con).items()],
        "purged": purge and {"at": _shown(purge.at, zone), "cases": purge.cases, "copies": purge.copies},
        "rotated": local(rotated, zone),  # when the last backup by rotation was made
        "drill": {"at": local(drill[0], zone), "result": drill[1]} if drill else None,
        "shadow": bool(remembered.value(con, SHADOW)),
    }


def refused_by_domain(con: sqlite3.Connection, now: datetime) -> tuple[DomainRefusals, ...]:
    """Return what became of the mail to citizens of the last days at each domain that refused any."""
    given = {"since": stamp(now - REFUSED_WITHIN)}
    refused = f"""SELECT domain, mailbox, last_error FROM outbox INDEXED BY outbox_failed
        WHERE state = 'failed' AND max(coalesce(data_at, ''), coalesce(refused_at, '')) > :since
        AND erased_at IS NULL AND kind IN ({_TO_CITIZENS}) ORDER BY id"""
    refusals: dict[str, dict[str, str]] = {}
    for row in con.execute(refused, given):
        if not about_the_mailbox(row["last_error"] or ""):
            refusals.setdefault(row["domain"], {})[row["mailbox"]] = row["last_error"] or ""
    if not refusals:
        return ()
    # By the two indexes of moments: with OR, SQLite would read every mail that was ever sent.
    query = f"""SELECT domain, count(DISTINCT mailbox) AS people FROM outbox WHERE id IN (
          SELECT id FROM outbox WHERE data_at > :since UNION SELECT id FROM outbox WHERE refused_at > :since)
        AND erased_at IS NULL AND kind IN ({_TO_CITIZENS}) AND state IN ('sent', 'failed')
        AND domain IN (SELECT value FROM json_each(:domains)) GROUP BY domain ORDER BY domain"""
    return tuple(
        DomainRefusals(
            domain=row["domain"],
            refused=len(refusals[row["domain"]]),
            people=row["people"],
            said=list(refusals[row["domain"]].values())[-1],
        )
        for row in con.execute(query, given | {"domains": json.dumps(sorted(refusals))})
    )


def refusals(con: sqlite3.Connection, now: datetime) -> list[Row]:
    """The domains that refused mail to citizens lately. One with few people is not named: it may be a person's own."""
    return [
        {"domain": one.domain, "refused": one.refused, "people": one.people, "text": one.said}
        for one in refused_by_domain(con, now)
        if one.people >= REFUSED_PEOPLE
    ]


def overdue_and_waiting(con: sqlite3.Connection, now: datetime) -> Row:
    """What is late at `now`: the cases of `case list --overdue`, and for how many seconds the oldest mail waits that
    may leave now (0 = none waits). Mail for a later moment does not wait, and held mail waits for a person."""
    overdue = con.execute(
        f"SELECT count(DISTINCT d.case_id) FROM deadlines d WHERE {RUNNING_ANSWER} AND d.due_at <= ?",
        (stamp(now),),
    ).fetchone()[0]
    since = con.execute(
        f"""SELECT min(unixepoch(CASE WHEN attempts = 0 AND next_at > created_at THEN next_at ELSE created_at END))
        FROM outbox WHERE {LIVE} AND (attempts > 0 OR next_at IS NULL OR next_at <= ?)""",
        (stamp(now),),
    ).fetchone()[0]
    return {"overdue": overdue, "waiting": 0 if since is None else max(0, int(now.timestamp()) - since)}


def unseen_answers(con: sqlite3.Connection, since: datetime) -> tuple[str, ...]:
    """The cases in which a person has quoted, since then, an answer that lies in no folder that is read."""
    return _cases_of(con, f"e.kind = '{UNSEEN}'", since)


def unreached(con: sqlite3.Connection, since: datetime) -> tuple[str, ...]:
    """The cases whose acknowledgement was refused since then."""
    return _cases_of(con, f"e.kind = 'undelivered' AND json_extract(e.data, '$.mail') IN ({ACKS})", since)


def _cases_of(con: sqlite3.Connection, event: str, since: datetime) -> tuple[str, ...]:
    rows = con.execute(
        f"""SELECT DISTINCT c.number FROM events e JOIN cases c ON c.id = e.case_id
        WHERE {event} AND e.at >= ? ORDER BY 1""",
        (stamp(since),),
    )
    return tuple(row["number"] for row in rows)


def last_summary(con: sqlite3.Connection, now: datetime) -> datetime:
    """When the last summary was made that has left, or yesterday: of what happened since, no summary has told."""
    return moment(con.execute(LAST_SUMMARY).fetchone()[0]) or now - timedelta(days=1)


def _looked(text: str | None, zone: ZoneInfo) -> Row | None:
    """The last look at the records in the DNS."""
    look = json.loads(text) if text else None
    return look and {**look, "at": _shown(datetime.fromisoformat(look["at"]), zone)}


def _said_outside(envelope: str, said: str, zone: ZoneInfo) -> Row:
    shown = json.loads(said)
    return {"envelope": envelope, **shown, "at": local(shown["at"], zone)}


def _shown(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).isoformat() if moment else None
