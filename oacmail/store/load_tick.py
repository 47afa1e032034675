"""Loads the view of a tick and what the digest shows: what is due, what waits, which limits are used up. Selects
only.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from oacmail.core import acknowledgement, calendar, rights, survey
from oacmail.core.canary import LastCanary
from oacmail.core.digest import digest_due
from oacmail.core.effects import TickItem
from oacmail.core.intents import OPINION
from oacmail.core.kinds import IN_SERVICE_HOURS, MailKind, MailState, of_name
from oacmail.core.model import Intent, Outcome
from oacmail.core.outbox import BACKOFF, OUT_OF_DATE, probe_after, probe_key
from oacmail.core.policy import Policy, mailbox
from oacmail.core.rate_limits import is_public, registrable
from oacmail.core.reconciliation import Reconciliation, from_text
from oacmail.core.report.figures import request_counts
from oacmail.core.review import FILED, IN_JUNK, Figures, LastPurge, LiveIncident, ReviewEntry, last_purge
from oacmail.core.rights import RIGHTS
from oacmail.core.stored_values import ALERT, CANARY_SENT, LAST_DIGEST, PROBLEM, PURGED, RECONCILED
from oacmail.core.view import (
    CaseView,
    Deadline,
    DeferredAcknowledgement,
    DeferredNotice,
    DeferredView,
    DigestView,
    DueView,
    Noticed,
    ProblemsView,
    RateUsage,
    Released,
    TickView,
    UncertainDelivery,
)
from oacmail.store import remembered, reports
from oacmail.store.cases import away, cases, deadline_of, placeholders
from oacmail.store.connection import at, moment, stamp
from oacmail.store.outbox import LIMITED, LIVE
from oacmail.store.remembered import LOST
from oacmail.store.reports import ANSWER_DUE, RUNNING_ANSWER

# --- Load usage ------------------------------------------------------------------------------------------------------
# Counts the mails that were released lately, for the limits of core/outbox.py: for any number of addresses with the
# same three queries, and nothing for which there is no limit.

# What counts for the limits: what has been released in the last day, and what waits.
_COUNTED = f"""(SELECT mailbox, domain, budget, released_at FROM outbox
    WHERE {LIMITED} AND released_at > :day AND released_at <= :until AND state <> 'dropped'
  UNION ALL SELECT mailbox, domain, budget, NULL FROM outbox
    WHERE {LIVE} AND state = 'queued' AND {LIMITED} AND released_at IS NULL)"""
_SUMS = f"coalesce(sum(released_at > :hour), 0), count(released_at), sum(released_at IS NULL) FROM {_COUNTED}"
_MAILBOX = f"SELECT mailbox, {_SUMS} WHERE mailbox IN (SELECT value FROM json_each(:asked)) GROUP BY mailbox"
_DOMAIN = f"""SELECT domain, {_SUMS}
  WHERE budget <> 'known' AND domain IN (SELECT value FROM json_each(:asked)) GROUP BY domain"""
_UNVERIFIED = f"SELECT {_SUMS} WHERE budget = 'unverified'"

_LEFT = f"""SELECT domain, count(*) FROM outbox WHERE {LIMITED} AND budget = 'unverified' AND state <> 'dropped'
  AND released_at > ? AND released_at <= ? GROUP BY domain"""
_ANSWERED = f"""SELECT value FROM json_each(?) WHERE EXISTS(
  SELECT 1 FROM outbox o WHERE {LIMITED} AND domain = value AND released_at IS NOT NULL
  AND EXISTS(SELECT 1 FROM cases c WHERE c.id = o.case_id AND c.answered_at IS NOT NULL))"""

# A key ends with its recipient. The condition is that of the index outbox_notices.
_NOTICED = """SELECT kind, author, count(*) FROM (
  SELECT DISTINCT o.kind, rtrim(o.key, replace(o.key, ':', '')) AS message, coalesce(p.address, '') AS author
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id LEFT JOIN people p ON p.id = c.citizen_id
  WHERE o.budget = 'notice' AND o.released_at IS NOT NULL AND o.created_at BETWEEN ? AND ?) GROUP BY kind, author"""


def usages(con: sqlite3.Connection, policy: Policy, addresses: Collection[str], now: datetime) -> dict[str, RateUsage]:
    """Return what is used of the shares of each address; what has no limit is not counted."""
    limits = policy.budgets
    since = {"hour": stamp(now - timedelta(hours=1)), "day": stamp(now - timedelta(days=1)), "until": stamp(now)}
    of_mailbox = of_domain = dict[str, Released]()
    unverified = Released()
    if addresses and (limits.per_address_hour or limits.per_address_day):
        rows = con.execute(_MAILBOX, {**since, "asked": json.dumps([*map(mailbox, addresses)])})
        of_mailbox = {row[0]: _released(*row[1:]) for row in rows}
    if addresses and limits.per_domain_hour:
        rows = con.execute(_DOMAIN, {**since, "asked": json.dumps([*set(map(registrable, addresses))])})
        of_domain = {row[0]: _released(*row[1:]) for row in rows}
    if addresses and limits.unverified_per_hour:
        unverified = _released(*con.execute(_UNVERIFIED, since).fetchone())
    return {
        address: RateUsage(
            mailbox=of_mailbox.get(mailbox(address), Released()),
            domain=of_domain.get(registrable(address), Released()),
            unverified=unverified,
        )
        for address in addresses
    }


def _released(hour: int, day: int, waiting: int | None) -> Released:
    return Released(hour=hour, day=day, waiting=waiting or 0)


def acquaintance(con: sqlite3.Connection, addresses: Collection[str], now: datetime) -> tuple[frozenset[str], int]:
    """Return the domains of these addresses of which an agent has answered somebody, and how many acknowledgements
    without a verdict have left within the day to other domains that are no large provider."""
    if not addresses:
        return frozenset(), 0
    left = dict(con.execute(_LEFT, (stamp(now - timedelta(days=1)), stamp(now))).fetchall())
    domains = left.keys() | set(map(registrable, addresses))
    answered = frozenset(row[0] for row in con.execute(_ANSWERED, (json.dumps(sorted(domains)),)))
    return answered, sum(count for domain, count in left.items() if domain not in answered and not is_public(domain))


def noticed(con: sqlite3.Connection, now: datetime) -> list[Noticed]:
    """Return how many notices to staff of each kind and citizen have left in the last hour."""
    rows = con.execute(_NOTICED, (stamp(now - timedelta(hours=1)), stamp(now)))
    return [Noticed(kind=of_name(kind), author=author, count=count) for kind, author, count in rows]


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


def reconciled(con: sqlite3.Connection) -> Reconciliation | None:
    """Return the result of the last nightly proof."""
    return from_text(remembered.value(con, RECONCILED))


def purged(con: sqlite3.Connection) -> LastPurge | None:
    """Return what the last nightly purge has removed."""
    return last_purge(remembered.value(con, PURGED))


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

    reached = _reached(con, policy, rows("deadline"), now)
    acknowledgements = _deferred(rows("ack"))
    recipients = {item.recipient for item in acknowledgements}
    acquainted, strangers = acquaintance(con, recipients, now)
    problems = remembered.problems(con)
    return TickView(
        due=DueView(
            reached=reached,
            synced_at=synced_at(con),
            unread=_unread(con),
            away=away(con, policy, now) if reached else frozenset(),
            spared=_spared(con, policy, reached, now),
        ),
        deferred=DeferredView(
            acknowledgements=acknowledgements,
            spent=usages(con, policy, recipients, now),
            acquainted=acquainted,
            strangers=strangers,
        ),
        notices=_deferred_notices(rows("notice")),
        uncertain=_uncertain(con, policy, rows("uncertain")),
        overnight=tuple((row["item"], of_name(row["kind"])) for row in rows("overnight")),
        far_off=_far_off(con, now),
        canary=_canary(con, policy) if only is None else None,
        problems=ProblemsView(
            since=problems, causes=remembered.causes(con), alerts=tuple(row["item"] for row in rows("alert"))
        ),
        alerted=_alerted(con),
        digest=_digest(con, policy, problems, now) if wanted(_DIGEST) and _digest_due(con, policy, now) else None,
    )


def _digest(con: sqlite3.Connection, policy: Policy, problems: Iterable[str], now: datetime) -> DigestView:
    return DigestView(
        live=live(con, policy, now),
        to_review=waiting(con),
        figures=figures(con, policy, now),
        incidents=incidents(con),
        reconciled=reconciled(con),
        purged=purged(con),
        problems=tuple(problems),
    )


def _digest_due(con: sqlite3.Connection, policy: Policy, now: datetime) -> bool:
    """Nothing is summed up from a database that replaces a lost one: its zeros are not true."""
    return digest_due(policy, _last_digest(con), now) and not remembered.is_recorded(con, LOST)


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


def _reached(
    con: sqlite3.Connection, policy: Policy, rows: Rows, now: datetime
) -> tuple[tuple[CaseView, Deadline], ...]:
    views = cases(con, policy, list({row["number"] for row in rows}), now)
    return tuple((views[row["number"]], deadline_of(row)) for row in rows)


def _canary(con: sqlite3.Connection, policy: Policy) -> LastCanary | None:
    """Return the last canary; None where none is sent."""
    if not policy.canary.enabled or policy.shadow:
        return None
    last = remembered.value(con, CANARY_SENT)
    if last is None:
        return LastCanary()
    waits = con.execute(f"SELECT 1 FROM outbox WHERE {LIVE} AND key = ?", (last,)).fetchone()
    return LastCanary(key=last, waits=waits is not None)


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


def synced_at(con: sqlite3.Connection) -> datetime | None:
    row = con.execute("SELECT min(synced_at) FROM folders WHERE role IN ('intake', 'sent')").fetchone()
    return moment(row[0])


def _unread(con: sqlite3.Connection) -> tuple[str, ...]:
    """Return the folders that were read less recently than the others; all if the server is unreachable."""
    rows = con.execute("SELECT name, synced_at FROM folders WHERE role IN ('intake', 'sent') ORDER BY name").fetchall()
    latest = max((row["synced_at"] for row in rows), default="")
    behind = [row["name"] for row in rows if row["synced_at"] < latest]
    return tuple(behind or (row["name"] for row in rows)) or ("INBOX",)


def _deferred_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> Rows:
    return con.execute(
        f"""SELECT o.key AS item, c.number, o.recipient, o.budget, o.created_at,
        (c.answered_at IS NOT NULL AND c.status = 'answered') OR c.status = 'closed' AS answered
        FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
        WHERE o.{LIVE} AND o.state = 'queued' AND o.{LIMITED} AND o.next_at IS NULL"""
    ).fetchall()


def _deferred(rows: Rows) -> tuple[DeferredAcknowledgement, ...]:
    return tuple(
        DeferredAcknowledgement(
            key=row["item"],
            recipient=row["recipient"],
            budget=row["budget"],
            created_at=at(row["created_at"]),
            answered=bool(row["answered"]),
        )
        for row in rows
    )


def _notice_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> Rows:
    return con.execute(
        f"""SELECT o.key AS item, o.kind, o.recipient, o.created_at, c.number, c.opened_by, c.opened_at, c.status,
        c.topic, {ANSWER_DUE} AS due_at
        FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
        WHERE o.{LIVE} AND o.state = 'queued' AND o.next_at IS NULL AND o.budget = 'notice'"""
    ).fetchall()


def _deferred_notices(rows: Rows) -> tuple[DeferredNotice, ...]:
    return tuple(
        DeferredNotice(
            key=row["item"],
            kind=of_name(row["kind"]),
            message=row["item"].rpartition(":")[0],
            first_message=row["opened_by"] or "",
            recipient=row["recipient"],
            created_at=at(row["created_at"]),
            case=row["number"] or "",
            opened_at=moment(row["opened_at"]),
            due_at=moment(row["due_at"]),
            status=row["status"] or "",
            topic=row["topic"] or "",
        )
        for row in rows
    )


def _uncertain_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> Rows:
    return con.execute(
        f"""SELECT o.*, o.key AS item, (SELECT number FROM cases c WHERE c.id = o.case_id) AS number,
        (SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = o.case_id AND {RUNNING_ANSWER}) AS due_at
        FROM outbox o WHERE o.{LIVE} AND o.state = 'uncertain'"""
    ).fetchall()


def _uncertain(con: sqlite3.Connection, policy: Policy, rows: Rows) -> tuple[UncertainDelivery, ...]:
    if not rows:
        return ()
    proven = moment(con.execute("SELECT max(copied_at) FROM outbox WHERE copied_at IS NOT NULL").fetchone()[0])
    return tuple(
        UncertainDelivery(
            key=row["key"],
            kind=of_name(row["kind"]),
            data_at=at(row["data_at"]),
            tries=row["tries"],
            copy_expected=bool(row["copy_expected"]),
            overtaken=_overtaken(con, at(row["data_at"]) + probe_after(policy)),
            path_proven_at=proven,
            synced_at=synced_at(con),
            due_at=moment(row["due_at"]),
            probed=_is_queued(con, f"{probe_key(row['key'], row['tries'])}0"),
            out_of_date=row["last_error"] == OUT_OF_DATE,
        )
        for row in rows
    )


def _is_queued(con: sqlite3.Connection, key: str) -> bool:
    return con.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone() is not None


def _overtaken(con: sqlite3.Connection, since: datetime) -> int:
    row = con.execute(
        "SELECT count(*) FROM outbox WHERE data_at >= ? AND copied_at IS NOT NULL", (stamp(since),)
    ).fetchone()
    return int(row[0])


def _alerted(con: sqlite3.Connection) -> dict[str, datetime]:
    rows = con.execute(f"SELECT key, at FROM kv WHERE key GLOB '{ALERT}*'")
    return {row["key"]: at(row["at"]) for row in rows}


def _problem_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> Rows:
    return con.execute(
        f"SELECT substr(key, ?) AS item, NULL AS number FROM kv WHERE key GLOB '{PROBLEM}*' ORDER BY key",
        (len(PROBLEM) + 1,),
    ).fetchall()


def _overnight_rows(con: sqlite3.Connection, policy: Policy, now: datetime) -> Rows:
    if calendar.in_hours(now, policy):
        return ()
    return con.execute(
        f"SELECT key AS item, NULL AS number, kind FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at <= ? "
        f"AND kind IN ({placeholders(IN_SERVICE_HOURS)})",
        (stamp(now), *IN_SERVICE_HOURS),
    ).fetchall()


def _far_off(con: sqlite3.Connection, now: datetime) -> tuple[tuple[str, MailKind, datetime], ...]:
    rows = con.execute(
        f"SELECT key, kind, next_at FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at > ?",
        (stamp(now + max(BACKOFF)),),
    )
    return tuple((row["key"], of_name(row["kind"]), at(row["next_at"])) for row in rows)


def _last_digest(con: sqlite3.Connection) -> date | None:
    last = remembered.value(con, LAST_DIGEST)
    return date.fromisoformat(last) if last is not None else None


_DIGEST = TickItem(kind="digest")
_ROWS: Mapping[str, Callable[[sqlite3.Connection, Policy, datetime], Rows]] = {
    "deadline": _deadline_rows,
    "ack": _deferred_rows,
    "notice": _notice_rows,
    "uncertain": _uncertain_rows,
    "alert": _problem_rows,
    "overnight": _overnight_rows,
}
