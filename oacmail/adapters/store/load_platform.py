"""Loads what is known of a platform that fails: similar cases, and the people whom the failure affects today.

The latter have a second-level case about it that was opened today, or earlier and is not solved. It selects only; it
never judges what fails.
"""

import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import at, moment, stamp
from oacmail.adapters.store.running_answers import ANSWER_DUE
from oacmail.core import incidents
from oacmail.core.lookup import Lookup
from oacmail.core.model import Status
from oacmail.core.policy import Policy
from oacmail.core.view import SimilarCase

_ALIKE = f"""SELECT c.number, c.incident, c.opened_at, c.status, c.topic, {ANSWER_DUE} AS due_at
FROM cases c WHERE c.level = 'second' AND c.cause = 'platform' AND c.operator = ? AND c.platform = ?
  AND c.opened_at BETWEEN ? AND ? AND {{only}}
ORDER BY c.opened_at DESC, c.id DESC LIMIT {{most}}"""
# Whoever writes during an incident belongs to it, also when its first cases are answered already; what makes one is
# cases in which the platform still fails.
_GOING_ON = "c.incident IS NOT NULL AND coalesce(c.close_reason, '') NOT IN ('spam', 'duplicate')"
_STILL_FAILS = "c.status IN ('open', 'derived', 'waiting')"
UNSOLVED_FOR = timedelta(days=60)
_PEOPLE = """SELECT DISTINCT p.address FROM cases c JOIN people p ON p.id = c.citizen_id
  WHERE c.level = 'second' AND c.cause = 'platform' AND c.operator = ? AND c.platform = ? AND c.opened_at >= ?
  AND coalesce(c.close_reason, '') NOT IN ('spam', 'duplicate')
  AND (c.opened_at >= ? OR (c.status IN ('open', 'derived', 'waiting') AND c.solved_at IS NULL))"""


def alike(con: sqlite3.Connection, policy: Policy, lookup: Lookup) -> tuple[SimilarCase, ...]:
    """Recent cases on the platform that the message says fails, oldest first; of a known incident the latest only."""
    platform = incidents.platform(lookup.reading)
    if not platform:
        return ()
    alike = (
        lookup.reading.operator,
        platform,
        stamp(incidents.since(policy, lookup.received_at)),
        stamp(lookup.received_at),
    )
    most = max(incidents.LISTED, policy.escalation.incident_mails)
    rows = con.execute(_ALIKE.format(only=_GOING_ON, most=1), alike).fetchall()
    rows = rows or con.execute(_ALIKE.format(only=_STILL_FAILS, most=most), alike).fetchall()
    return tuple(
        SimilarCase(
            number=row["number"],
            incident=row["incident"],
            opened_at=at(row["opened_at"]),
            due_at=moment(row["due_at"]),
            status=Status(row["status"]),
            topic=row["topic"],
        )
        for row in reversed(rows)
    )


def affected(
    con: sqlite3.Connection, policy: Policy, failing: Collection[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], frozenset[str]]:
    """(operator, platform) -> addresses, for those of `failing` that name a platform."""
    midnight = now.astimezone(policy.office.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    when = (stamp(now - UNSOLVED_FOR), stamp(midnight))
    return {one: frozenset(row["address"] for row in con.execute(_PEOPLE, (*one, *when))) for one in failing if one[1]}
