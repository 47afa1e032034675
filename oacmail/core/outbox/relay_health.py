"""Distinguish a recipient's refusal from a broken relay.

A relay that has lost its tables or its permission to send answers "no such user" or "access denied" for every
recipient. Its refusals count as its own fault once it has refused several people in a row and taken no mail between.
This module never reads the text of an answer.
"""

from collections.abc import Iterable

from oacmail.core.outbox.rate_limits import registrable
from oacmail.core.policy import Policy

REFUSES = "relay-refuses"  # the code of the problem
MANY = 3


def refuses_everybody(policy: Policy, recipients: Iterable[str]) -> bool:
    """Return True if the refusals are the relay's fault. `recipients`: all that it refused since it last took a mail.

    They are if they belong to several domains, and are many or include one of our own staff, whose addresses exist.
    """
    refused = frozenset(recipients)
    domains = {registrable(address) for address in refused}
    return len(domains) > 1 and (len(refused) >= MANY or not refused.isdisjoint(policy.people.staff))
