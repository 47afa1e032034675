"""Is it the recipient whom the relay refuses, or everybody? It has a word for each mail, but it may be ill itself.

A relay that lost its lists or its leave to send says "no such user" or "access denied" to all. Its refusals count as
its own fault once it has refused several people one after the other and taken nothing between. Nothing here reads the
texts of its answers.
"""

from collections.abc import Iterable

from oacmail.core.outbox.rate_limits import registrable
from oacmail.core.policy import Policy

REFUSES = "relay-refuses"  # the problem's name
MANY = 3


def refuses_everybody(policy: Policy, recipients: Iterable[str]) -> bool:
    """Whether `recipients`, all refused since it last took a mail, can only mean that: people of several domains, and
    many of them, or one of our own staff, whose addresses are known to be good."""
    refused = frozenset(recipients)
    domains = {registrable(address) for address in refused}
    return len(domains) > 1 and (len(refused) >= MANY or not refused.isdisjoint(policy.people.staff))
