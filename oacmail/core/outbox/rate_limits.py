"""Which acknowledgement may go now, so that nobody can use our desk to write to third parties.

The table: docs/design.md, "Acknowledgement budgets".
Over budget the case and its clock are as always; only the acknowledgement waits. A limit of 0 means "no limit".
"""

from functools import cache
from typing import TYPE_CHECKING

from oacmail.core.model import Dmarc, Message
from oacmail.core.policy import Policy
from oacmail.core.view import PersonView, RateUsage

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# A cap a domain would silence neighbours where a domain is a crowd; these get three times as much.
FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "hotmail.com",
        "hotmail.es",
        "outlook.com",
        "outlook.es",
        "live.com",
        "msn.com",
        "yahoo.com",
        "yahoo.es",
        "ymail.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "telefonica.net",
        "movistar.es",
        "orange.es",
        "gmx.es",
        "gmx.com",
        "proton.me",
        "protonmail.com",
        "aol.com",
        "terra.es",
        "ono.com",
        "vodafone.es",
        "jazztel.es",
    ]
)
_CROWD = 3


def registrable(address: str) -> str:
    """The registrable domain of an address or a host, in lower case; a public suffix itself stays whole.

    By the ICANN section of the Public Suffix List (https://publicsuffix.org/list/): the private section would give
    each customer of a dynamic-DNS host a budget of his own.
    """
    domain = address.rpartition("@")[2].lower()
    return _suffixes().privatesuffix(domain.encode("utf-8", "replace").decode()) or domain


@cache
def _suffixes() -> "PublicSuffixList":
    """Read out of the package at the first address, so that a start pays nothing."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True)


def budget_class(message: Message, person: PersonView | None) -> str:
    """known | verified | unverified | refused."""
    if message.auth.dmarc is Dmarc.FAIL:
        return "refused"
    if person is not None and person.known:
        return "known"
    return "verified" if message.auth.dmarc is Dmarc.PASS else "unverified"


def crowd(address: str) -> int:
    """How many times the budget of a domain this address's domain has."""
    return _CROWD if registrable(address) in FREE_MAIL else 1


def has_room(policy: Policy, kind: str, address: str, spent: RateUsage) -> bool:
    """Whether one more acknowledgement of this class to this address fits."""
    limits = policy.budgets
    checks = [(spent.address_hour, limits.per_address_hour), (spent.address_day, limits.per_address_day)]
    if kind != "known":
        checks += [(spent.domain_hour, limits.per_domain_hour * crowd(address)), (spent.hour, limits.per_hour)]
        of_day = limits.per_domain_day if limits.per_domain_hour else 0
        checks.append((spent.domain_day.get(kind, 0), of_day * crowd(address)))
    if kind == "unverified":
        checks.append((spent.unverified_hour, _unverified_limit(policy)))
    return all(limit == 0 or used < limit for used, limit in checks)


def _unverified_limit(policy: Policy) -> int:
    limits = policy.budgets
    if policy.provable or not limits.unverified_per_hour:
        return limits.unverified_per_hour
    # Without a provider nobody is ever verified: the smaller figure would halve the house's budget.
    return max(limits.unverified_per_hour, limits.per_hour) if limits.per_hour else 0
