"""Loads whom the failure of a platform affects today, for the mail that passes a case on to the technical services.

These are the people with a second-level case about it that was opened today, or earlier and is not solved. It selects
only; it never judges what fails.
"""

import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.core.policy import Policy

UNSOLVED_FOR = timedelta(days=60)
_PEOPLE = """SELECT DISTINCT p.address FROM cases c JOIN people p ON p.id = c.citizen_id
  WHERE c.level = 'second' AND c.cause = 'platform' AND c.operator = ? AND c.platform = ? AND c.opened_at >= ?
  AND coalesce(c.close_reason, '') NOT IN ('spam', 'duplicate')
  AND (c.opened_at >= ? OR (c.status IN ('open', 'derived', 'waiting') AND c.solved_at IS NULL))"""


def affected(
    con: sqlite3.Connection, policy: Policy, failing: Collection[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], frozenset[str]]:
    """(operator, platform) -> addresses, for those of `failing` that name a platform."""
    midnight = now.astimezone(policy.office.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    when = (stamp(now - UNSOLVED_FOR), stamp(midnight))
    return {one: frozenset(row["address"] for row in con.execute(_PEOPLE, (*one, *when))) for one in failing if one[1]}
