"""Loads the view of a tick and what the digest shows: what is due, and what waits for a person. Selects only."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from oacmail.core import acknowledgement, calendar, rights, survey
from oacmail.core.digest import digest_due
from oacmail.core.effects import TickItem
from oacmail.core.intents import OPINION
from oacmail.core.kinds import MailKind, MailState, of_name
from oacmail.core.model import Intent, Outcome
from oacmail.core.policy import Policy
from oacmail.core.reconciliation import from_text
from oacmail.core.report.figures import request_counts
from oacmail.core.review import FILED, IN_JUNK, Figures, LiveIncident, ReviewEntry, last_purge
from oacmail.core.rights import RIGHTS
from oacmail.core.stored_values import LAST_DIGEST, PURGED, RECONCILED
from oacmail.core.view import (
    CaseView,
    Deadline,
    DigestView,
    DueView,
    ProblemsView,
    TickView,
)
from oacmail.store import outbox, remembered, reports, seen_messages
from oacmail.store.cases import away, cases, placeholders
from oacmail.store.connection import as_view, stamp
from oacmail.store.remembered import LOST

# --- Load digest -----------------------------------------------------------------------------------------------------
# What only the digest and the review list show: live cases, what waits for a person, incidents, figures.

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
          AND d.met_at IS NULL AND d.withdrawn_at IS NULL))
        ORDER BY opened_at"""
    )
    return tuple(cases(con, policy, [row["number"] for row in rows], now).values())


def waiting(con: sqlite3.Connection) -> tuple[ReviewEntry, ...]:
    """Return the review list: messages with their case, if any, and messages that could not be read at all.

    A message of a case is listed until the case is answered or closed after it; one that was filed there, until a
    digest was sent since, whatever becomes of the case."""
    rows = con.execute(
        f"""SELECT r.fingerprint AS ref, r.reason, r.at AS since, c.number AS "case",
          coalesce(nullif(m.fresh, ''), m.subject, '') AS text
        FROM reviews r LEFT JOIN messages m ON m.fingerprint = r.fingerprint LEFT JOIN cases c ON c.id = m.case_id
        WHERE r.done_at IS NULL AND iif(r.reason IN {FILED}, r.at >= coalesce(({LAST_SENT}), ''),
          max(coalesce(c.answered_at, ''), coalesce(c.closed_at, '')) < r.at) UNION ALL
        SELECT folder || ':' || uidvalidity || ':' || uid, 'unreadable', first_seen, NULL, ''
        FROM sightings WHERE outcome = 'quarantined' AND fingerprint IS NULL ORDER BY 3"""
    )
    return tuple(as_view(ReviewEntry, row, opening=row["text"][:_OPENING]) for row in rows)


def figures(con: sqlite3.Connection, policy: Policy, now: datetime) -> Figures:
    """Count what was asked and what was answered since the last working day began, as the report does."""
    zone = policy.office.timezone
    today = now.astimezone(zone).date()
    since = calendar.last_working_day_before(today, policy.workdays)
    begins, ends = (datetime.combine(day, time.min, zone) for day in (since, today))
    found = request_counts(reports.requests(con, begins, ends), begins, ends)
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


# --- Load tick -------------------------------------------------------------------------------------------------------
# The items of a tick are listed first, by name, and only then turned into values, so that a row that cannot be read
# affects no other item. `items` names all of them; `tick_view` leaves out those that were put off, or loads one alone.

REACHED_MOST = 500
Rows = Sequence[sqlite3.Row]


def items(con: sqlite3.Connection, policy: Policy, now: datetime) -> list[TickItem]:
    """Return everything that is due now, including what was put off."""
    found = [
        TickItem(kind=kind, key=row["item"], case=row["number"])
        for kind, rows in _ROWS.items()
        for row in rows(con, policy, now)
    ]
    return [*found, *([_DIGEST] if _digest_due(con, policy, now) else [])]


def tick_view(con: sqlite3.Connection, policy: Policy, now: datetime, only: TickItem | None) -> TickView:
    """`only`: load this item alone; None = all that were not put off."""
    put_off = remembered.put_off_item(con, now)

    def wanted(item: TickItem) -> bool:
        return item.name not in put_off if only is None else item.name == only.name

    def rows(kind: str) -> Rows:
        return [row for row in _ROWS[kind](con, policy, now) if wanted(TickItem(kind=kind, key=row["item"]))]

    late = rows("deadline")
    views = cases(con, policy, list({row["number"] for row in late}), now)
    reached = tuple((views[row["number"]], as_view(Deadline, row)) for row in late)
    problems = remembered.problems(con)
    digest = None
    if wanted(_DIGEST) and _digest_due(con, policy, now):
        digest = DigestView(
            live=live(con, policy, now),
            to_review=waiting(con),
            figures=figures(con, policy, now),
            incidents=incidents(con),
            reconciled=from_text(remembered.value(con, RECONCILED)),
            purged=last_purge(remembered.value(con, PURGED)),
            problems=tuple(problems),
        )
    return TickView(
        due=DueView(
            reached=reached,
            synced_at=seen_messages.synced_at(con),
            unread=seen_messages.unread(con),
            away=away(con, policy, now) if reached else frozenset(),
            spared=_spared(con, policy, reached, now),
        ),
        deferred=outbox.deferred_view(con, policy, rows("ack"), now),
        notices=outbox.deferred_notices(rows("notice")),
        uncertain=outbox.uncertain(con, policy, rows("uncertain")),
        overnight=tuple((row["item"], of_name(row["kind"])) for row in rows("overnight")),
        far_off=outbox.far_off(con, now),
        canary=outbox.canary(con, policy) if only is None else None,
        problems=ProblemsView(
            since=problems, causes=remembered.causes(con), alerts=tuple(row["item"] for row in rows("alert"))
        ),
        alerted=remembered.alerted(con),
        digest=digest,
    )


def _digest_due(con: sqlite3.Connection, policy: Policy, now: datetime) -> bool:
    """Nothing is summed up from a database that replaces a lost one: its zeros are not true."""
    last = remembered.value(con, LAST_DIGEST)
    return digest_due(policy, date.fromisoformat(last) if last else None, now) and not remembered.is_recorded(con, LOST)


def _deadline_rows(con: sqlite3.Connection, _policy: Policy, now: datetime) -> Rows:
    """The limit does not count deadlines that were put off."""
    most = REACHED_MOST + len(remembered.put_off_item(con, now))
    return con.execute(
        """SELECT d.*, c.number, d.started_by || ':' || d.kind || ':' || d.level AS item
        FROM deadlines d JOIN cases c ON c.id = d.case_id
        WHERE d.met_at IS NULL AND d.fired_at IS NULL AND d.withdrawn_at IS NULL AND d.due_at <= ?
        ORDER BY d.due_at LIMIT ?""",
        (stamp(now), most),
    ).fetchall()


def _spared(
    con: sqlite3.Connection, policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], now: datetime
) -> frozenset[str]:
    """Return the citizens of these cases who were asked within `survey.per_address_days`, who have a complaint or a
    request of rights in course (the case, or a later message on it), or in whose name a mail came that their own domain
    disowns: they may never have written."""
    asked = json.dumps([case.citizen for case, deadline in reached if deadline.kind == survey.SURVEY])
    if asked == "[]":
        return frozenset()
    since = stamp(now - timedelta(days=policy.survey.per_address_days))
    rows = con.execute(
        f"""SELECT value AS address FROM json_each(?) WHERE EXISTS(SELECT 1 FROM outbox o WHERE o.recipient = value
          AND o.kind = '{MailKind.SURVEY}' AND o.created_at > ? AND o.state NOT IN ('failed', 'dropped', 'shadow'))
        OR EXISTS(SELECT 1 FROM cases c JOIN people p ON p.id = c.citizen_id WHERE p.address = value
          AND c.status <> 'closed' AND c.intent IN ({placeholders(survey.NOT_ASKED)}))
        OR EXISTS(SELECT 1 FROM cases c JOIN people p ON p.id = c.citizen_id JOIN events e ON e.case_id = c.id
          WHERE p.address = value AND c.status <> 'closed' AND (e.kind = '{rights.RIGHTS}'
          OR (e.kind = '{OPINION}' AND json_extract(e.data, '$.intent') = '{Intent.COMPLAINT}')))
        OR EXISTS(SELECT 1 FROM cases c JOIN people p ON p.id = c.citizen_id
          JOIN reviews r ON r.fingerprint = c.opened_by WHERE p.address = value AND r.reason = ?)""",
        (asked, since, *survey.NOT_ASKED, acknowledgement.DISOWNED),
    )
    return frozenset(row["address"] for row in rows)


_DIGEST = TickItem(kind="digest")
_ROWS: Mapping[str, Callable[[sqlite3.Connection, Policy, datetime], Rows]] = {
    "deadline": _deadline_rows,
    "ack": outbox.deferred_rows,
    "notice": outbox.notice_rows,
    "uncertain": outbox.uncertain_rows,
    "alert": remembered.problem_rows,
    "overnight": outbox.overnight_rows,
}
