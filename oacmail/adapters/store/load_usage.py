"""Counts the acknowledgements that were released lately, for the limits of core/outbox/rate_limits.py.

Selects only; it counts for any number of addresses with the same three queries.
"""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.outbox_queue import LIMITED
from oacmail.core.outbox.rate_limits import registrable
from oacmail.core.policy import Budgets, Policy
from oacmail.core.view import RateUsage

_RELEASED = f"FROM outbox WHERE {LIMITED} AND released_at > ? AND released_at <= ? AND state <> 'dropped'"
_OFFICE = f"SELECT coalesce(sum(budget = 'unverified'), 0), coalesce(sum(budget <> 'known'), 0) {_RELEASED}"
_ADDRESS = f"""SELECT recipient, count(*), sum(released_at > ?) {_RELEASED}
  AND recipient IN (SELECT value FROM json_each(?)) GROUP BY recipient"""
_DOMAIN = f"""SELECT domain, budget, count(*), sum(released_at > ?) {_RELEASED}
  AND domain IN (SELECT value FROM json_each(?)) GROUP BY domain, budget"""


def usages(con: sqlite3.Connection, policy: Policy, addresses: Collection[str], now: datetime) -> dict[str, RateUsage]:
    """Return the usage of the last hour and day for each address; without limits nothing is counted."""
    if not addresses or not _limited(policy.budgets):
        return dict.fromkeys(addresses, RateUsage())
    hour, day, until = stamp(now - timedelta(hours=1)), stamp(now - timedelta(days=1)), stamp(now)
    domains = {address: registrable(address) for address in addresses}
    unverified, capped = con.execute(_OFFICE, (hour, until)).fetchone()
    rows = con.execute(_ADDRESS, (hour, day, until, json.dumps([*domains])))
    of_address = {recipient: (in_day, in_hour) for recipient, in_day, in_hour in rows}
    of_domain: dict[str, dict[str, tuple[int, int]]] = {}
    for domain, budget, *counts in con.execute(_DOMAIN, (hour, day, until, json.dumps([*set(domains.values())]))):
        of_domain.setdefault(domain, {})[budget] = (counts[0], counts[1])
    return {
        address: _usage(of_address.get(address, (0, 0)), of_domain.get(domain, {}), unverified, capped)
        for address, domain in domains.items()
    }


def _limited(limits: Budgets) -> bool:
    of_address, of_domain = (
        (limits.per_address_hour, limits.per_address_day),
        (limits.per_domain_hour, limits.per_domain_day),
    )
    return any((*of_address, *of_domain, limits.per_hour, limits.unverified_per_hour))


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
