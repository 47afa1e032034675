"""How many acknowledgements may leave, so that nobody can use the office to send mail to third parties, and whether a
refusal is the recipient's or the relay's. No case and no deadline is changed; a limit of 0 means "no limit".
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from oacmail.core.model import Dmarc, Message, domain_of
from oacmail.core.policy import Policy, mailbox

# --- Rate limits -----------------------------------------------------------------------------------------------------
# The table: docs/subjects.md, "Acknowledgement budgets". A limit of an hour says when an acknowledgement leaves, one of
# a day whether there is one. Without a verdict a newcomer cannot be told from a flood in their name, so only the
# mailbox has a limit of a day: all others wait, in turn (core/outbox.py).

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

    from oacmail.core.view import PersonView, RateUsage, Released

# Anybody may have an address there, and their owners vouch for each: such domains have no share.
PUBLIC = frozenset(
    (
        *("gmail.com", "hotmail.com", "hotmail.es", "outlook.com", "outlook.es", "live.com", "msn.com", "yahoo.com"),
        *("yahoo.es", "ymail.com", "icloud.com", "telefonica.net", "movistar.es", "orange.es", "gmx.es", "gmx.com"),
        *("proton.me", "aol.com", "terra.es", "ono.com", "vodafone.es", "jazztel.es"),
    )
)


class Room(StrEnum):
    """`LATER`: it waits for its turn; `NONE`: the share of a day is used up."""

    NOW = "now"
    LATER = "later"
    NONE = "none"


@lru_cache(maxsize=1024)  # of one deferred mail it is asked several times at each tick
def registrable(address: str) -> str:
    """Return the registrable domain of an address or a host, in lower case; a public suffix is returned unchanged.

    By the ICANN section of the Public Suffix List (https://publicsuffix.org/list/): the private section would give
    each customer of a dynamic-DNS host a budget of its own. Two labels are a registrable domain or a public suffix:
    the list changes neither.
    """
    domain = domain_of(address).encode("utf-8", "replace").decode()
    return domain if domain.count(".") < 2 else _suffixes("xn--" in domain).privatesuffix(domain) or domain


@cache
def _suffixes(encoded: bool) -> "PublicSuffixList":
    """Load the list at the first address that needs it: 9 ms, and 27 with the `encoded` forms of the names, which no
    other domain needs."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True, accept_encoded_idn=encoded)


def budget_class(message: Message, person: "PersonView | None") -> str:
    """known | claimed | verified | unverified | refused. `claimed`: of somebody known, without proof."""
    if message.auth.dmarc is Dmarc.FAIL:
        return "refused"
    proven = message.auth.dmarc is Dmarc.PASS
    if person is not None and person.known:
        return "known" if proven else "claimed"
    return "verified" if proven else "unverified"


def is_public(address: str) -> bool:
    return registrable(mailbox(address)) in PUBLIC


def room(policy: Policy, kind: str, address: str, spent: "RateUsage") -> Room:
    """Whether one more acknowledgement of this class to this address leaves now, later, or not at all. Those without a
    verdict that wait go first."""
    own = spent.of_mailbox(kind)
    first = not (own.day or own.waiting)
    shares = [*_shares(policy, kind, address, spent, first=first, before=spent.unverified.waiting)]
    if any(of_day and used.day + used.waiting >= of_day for used, _, _, of_day in shares):
        return Room.NONE
    return Room.NOW if _in_this_hour(shares) else Room.LATER


def may_leave(policy: Policy, kind: str, address: str, spent: "RateUsage") -> bool:
    """Whether an acknowledgement that waits leaves now. It had its place in the day when it began to wait."""
    return _in_this_hour(_shares(policy, kind, address, spent, first=not spent.of_mailbox(kind).day))


_Share = tuple["Released", int, int, int]
"""What has left of a share, how many of this hour that is, the limits of an hour and of a day."""


def _in_this_hour(shares: Iterator[_Share] | list[_Share]) -> bool:
    return all(not of_hour or in_hour < of_hour for _, in_hour, of_hour, _ in shares)


def _shares(
    policy: Policy, kind: str, address: str, spent: "RateUsage", *, first: bool, before: int = 0
) -> Iterator[_Share]:
    """The shares that it uses. Half of each common one is for `first` acknowledgements, those to a mailbox that has had
    none for a day: whoever writes much leaves room for whoever writes once. `before`: without a verdict, they go first.
    """
    limits = policy.budgets
    own = spent.of_mailbox(kind)
    yield own, own.hour, limits.per_address_hour, limits.per_address_day
    if kind in ("known", "claimed"):
        return
    part = 1 if first else 2
    if not is_public(address):
        of_day = limits.per_domain_day if limits.per_domain_hour and kind == "verified" else 0
        yield spent.domain, spent.domain.hour, -(-limits.per_domain_hour // part), -(-of_day // part)
    if kind == "unverified":
        yield spent.unverified, spent.unverified.hour + before, -(-_unverified(policy) // part), 0


def _unverified(policy: Policy) -> int:
    """The hour of all mail without a verdict: twice as much where nothing can be proven, since there it is all mail."""
    return policy.budgets.unverified_per_hour * (1 if policy.provable else 2)


# --- Relay health ----------------------------------------------------------------------------------------------------
# A relay that has lost its tables or its permission to send answers "no such user" or "access denied" for every
# recipient. Its refusals may be its own fault once it has refused several people in a row and taken no mail between:
# these mails are tried again, and the operator is told that, not whose fault it is.

REFUSES = "relay-refuses"  # the code of the problem
MANY = 3


def refuses_everybody(policy: Policy, recipients: Iterable[str]) -> bool:
    """Return True if the refusals count as the relay's. `recipients`: all that it refused since it last took a mail.

    They are if they belong to several domains, and are many or include one of our own staff, whose addresses exist.
    """
    refused = frozenset(recipients)
    domains = {registrable(address) for address in refused}
    return len(domains) > 1 and (len(refused) >= MANY or not refused.isdisjoint(policy.people.staff))
