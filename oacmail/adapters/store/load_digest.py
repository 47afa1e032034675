"""Loads what only the digest and the review list show: live cases, what waits for a person, incidents, figures.

It selects and counts; what the digest says of it is decided in core/digest.py.
"""

import sqlite3
from datetime import datetime, time

from oacmail.adapters.store import kv, load_report
from oacmail.adapters.store.connection import at, stamp
from oacmail.adapters.store.load_case import cases
from oacmail.core import calendar
from oacmail.core.model import Outcome
from oacmail.core.outgoing import MailKind, MailState
from oacmail.core.policy import Policy
from oacmail.core.reconciliation import RECONCILED, Reconciliation, from_text
from oacmail.core.report.figures import request_counts
from oacmail.core.review import FILED, IN_JUNK, PURGED, Figures, LastPurge, LiveIncident, ReviewEntry, last_purge
from oacmail.core.rights import RIGHTS
from oacmail.core.view import CaseView

_OPENING = 500  # characters of a text
JUNK = f"""SELECT count(*) FROM messages
  WHERE rule = '{IN_JUNK}' AND outcome = ? AND received_at >= ? AND received_at < ?"""
LAST_SENT = f"""SELECT max(created_at) FROM outbox WHERE kind = '{MailKind.DIGEST}'
  AND state IN ('{MailState.SENT}', '{MailState.SHADOW}')"""


def live(con: sqlite3.Connection, policy: Policy, now: datetime) -> tuple[CaseView, ...]:
    """Return the cases that somebody still has to work, oldest first; an answered request of rights too."""
    rows = con.execute(
        f"""SELECT number FROM cases c WHERE status <> 'closed' AND (status IN ('open', 'derived', 'waiting')
          OR EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND d.kind = '{RIGHTS}' AND d.level = 0
          AND d.met_at IS NULL AND d.void_at IS NULL))
        ORDER BY opened_at"""
    )
    return tuple(cases(con, policy, [row["number"] for row in rows], now).values())


def waiting(con: sqlite3.Connection) -> tuple[ReviewEntry, ...]:
    """Return the review list: messages with their case, if any, and messages that could not be read at all.

    A message of a case is listed until the case is answered or closed after it; one that was filed there, until a
    digest was sent since, whatever becomes of the case."""
    rows = con.execute(
        f"""SELECT r.fingerprint AS ref, r.reason, r.at, c.number, coalesce(nullif(m.fresh, ''), m.subject, '') AS text
        FROM reviews r LEFT JOIN messages m ON m.fingerprint = r.fingerprint LEFT JOIN cases c ON c.id = m.case_id
        WHERE r.done_at IS NULL AND iif(r.reason IN {FILED}, r.at >= coalesce(({LAST_SENT}), ''),
          max(coalesce(c.answered_at, ''), coalesce(c.closed_at, '')) < r.at) UNION ALL
        SELECT folder || ':' || uidvalidity || ':' || uid, 'unreadable', first_seen, NULL, ''
        FROM sightings WHERE outcome = 'quarantined' AND fingerprint IS NULL ORDER BY 3"""
    )
    return tuple(
        ReviewEntry(
            ref=row["ref"],
            reason=row["reason"],
            since=at(row["at"]),
            case=row["number"],
            opening=row["text"][:_OPENING],
        )
        for row in rows
    )


def figures(con: sqlite3.Connection, policy: Policy, now: datetime) -> Figures:
    """Count what was asked and what was answered since the last working day began, as the report does."""
    zone = policy.office.timezone
    today = now.astimezone(zone).date()
    since = calendar.last_working_day_before(today, policy.workdays)
    begins, ends = (datetime.combine(day, time.min, zone) for day in (since, today))
    found = request_counts(load_report.requests(con, begins, ends), begins, ends)
    junk = con.execute(JUNK, (Outcome.AUTOMATIC, stamp(begins), stamp(ends))).fetchone()[0]
    return Figures(since=since, arrived=found.arrived, answered=found.answered, in_time=found.in_time, junk=junk)


def incidents(con: sqlite3.Connection) -> tuple[LiveIncident, ...]:
    """Return the incidents of which a case still waits, the largest first."""
    rows = con.execute(
        """SELECT incident, max(platform) AS platform, count(*) AS n FROM cases
        WHERE incident IS NOT NULL AND status NOT IN ('closed', 'answered')
        GROUP BY incident ORDER BY n DESC, incident"""
    )
    return tuple(LiveIncident(first=row["incident"], platform=row["platform"], cases=row["n"]) for row in rows)


def reconciled(con: sqlite3.Connection) -> Reconciliation | None:
    """Return the result of the last nightly proof."""
    return from_text(kv.value(con, RECONCILED))


def purged(con: sqlite3.Connection) -> LastPurge | None:
    """Return what the last nightly purge has removed."""
    return last_purge(kv.value(con, PURGED))
