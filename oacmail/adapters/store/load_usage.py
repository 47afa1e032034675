"""Counts the mails that were released lately, for the limits of core/outbox: acknowledgements and notices to staff.

Selects only; it counts for any number of addresses with the same three queries, and nothing for which there is no
limit.
"""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.outbox_queue import LIMITED, LIVE
from oacmail.core.kinds import of_name
from oacmail.core.policy import Policy, mailbox
from oacmail.core.rate_limits import is_public, registrable
from oacmail.core.view import Noticed, RateUsage, Released

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
