"""Counts the mails that were released lately, for the limits of core/outbox: acknowledgements and notices to staff.

Selects only; it counts for any number of addresses with the same three queries, and nothing for which there is no
limit.
"""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.outbox_queue import LIMITED
from oacmail.core.outbox.kinds import of_name
from oacmail.core.outbox.rate_limits import registrable
from oacmail.core.policy import Policy
from oacmail.core.view import Noticed, RateUsage

_RELEASED = f"FROM outbox WHERE {LIMITED} AND released_at > ? AND released_at <= ? AND state <> 'dropped'"
_OFFICE = f"SELECT coalesce(sum(budget = 'unverified'), 0), coalesce(sum(budget <> 'known'), 0) {_RELEASED}"
_ADDRESS = f"""SELECT recipient, count(*), sum(released_at > ?) {_RELEASED}
  AND recipient IN (SELECT value FROM json_each(?)) GROUP BY recipient"""
_DOMAIN = f"""SELECT domain, budget, count(*), sum(released_at > ?) {_RELEASED}
  AND domain IN (SELECT value FROM json_each(?)) GROUP BY domain, budget"""

# A key ends with its recipient. The condition is that of the index outbox_notices.
_NOTICED = """SELECT kind, author, count(*) FROM (
  SELECT DISTINCT o.kind, rtrim(o.key, replace(o.key, ':', '')) AS message, coalesce(p.address, '') AS author
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id LEFT JOIN people p ON p.id = c.citizen_id
  WHERE o.budget = 'notice' AND o.released_at IS NOT NULL AND o.created_at BETWEEN ? AND ?) GROUP BY kind, author"""


def usages(con: sqlite3.Connection, policy: Policy, addresses: Collection[str], now: datetime) -> dict[str, RateUsage]:
    """Return the usage of the last hour and day for each address; what has no limit is not counted."""
    limits = policy.budgets
    hour, day, until = stamp(now - timedelta(hours=1)), stamp(now - timedelta(days=1)), stamp(now)
    unverified = capped = 0
    if addresses and (limits.per_hour or limits.unverified_per_hour):
        unverified, capped = con.execute(_OFFICE, (hour, until)).fetchone()
    of_address: dict[str, tuple[int, int]] = {}
    if addresses and (limits.per_address_hour or limits.per_address_day):
        rows = con.execute(_ADDRESS, (hour, day, until, json.dumps([*addresses])))
        of_address = {recipient: (in_day, in_hour) for recipient, in_day, in_hour in rows}
    if not addresses or not limits.per_domain_hour:
        return {address: _usage(of_address.get(address, (0, 0)), {}, unverified, capped) for address in addresses}
    domains = {address: registrable(address) for address in addresses}
    of_domain: dict[str, dict[str, tuple[int, int]]] = {}
    for domain, budget, *counts in con.execute(_DOMAIN, (hour, day, until, json.dumps([*set(domains.values())]))):
        of_domain.setdefault(domain, {})[budget] = (counts[0], counts[1])
    return {
        address: _usage(of_address.get(address, (0, 0)), of_domain.get(domain, {}), unverified, capped)
        for address, domain in domains.items()
    }


def _usage(
    of_address: tuple[int, int], of_domain: dict[str, tuple[int, int]], unverified: int, capped: int
) -> RateUsage:
    """`of_address`, `of_domain` by class: how many in the last day and hour."""
    return RateUsage(
        address_hour=of_address[1],
        address_day=of_address[0],
        domain_hour=sum(in_hour for budget, (_, in_hour) in of_domain.items() if budget != "known"),
        domain_day={budget: in_day for budget, (in_day, _) in of_domain.items()},
        unverified_hour=unverified,
        hour=capped,
    )


def noticed(con: sqlite3.Connection, now: datetime) -> list[Noticed]:
    """Return how many notices to staff of each kind and citizen have left in the last hour."""
    rows = con.execute(_NOTICED, (stamp(now - timedelta(hours=1)), stamp(now)))
    return [Noticed(kind=of_name(kind), author=author, count=count) for kind, author, count in rows]
