"""Which acknowledgement may be sent now, so that nobody can use the office to send mail to third parties.

The limits: docs/design.md, "Acknowledgement budgets". Above a limit only the acknowledgement waits: the case and its
deadline are not changed. A limit of 0 means "no limit".
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from oacmail.core.model import Dmarc, Message
from oacmail.core.policy import Policy
from oacmail.core.view import PersonView, RateUsage

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# Many people share these domains: their limits are three times as high.
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


@lru_cache(maxsize=1024)  # of one deferred mail it is asked several times at each tick
def registrable(address: str) -> str:
    """Return the registrable domain of an address or a host, in lower case; a public suffix is returned unchanged.

    By the ICANN section of the Public Suffix List (https://publicsuffix.org/list/): the private section would give
    each customer of a dynamic-DNS host a budget of his own. Two labels are a registrable domain or a public suffix:
    the list, which takes a quarter of a second to load, changes neither.
    """
    domain = address.rpartition("@")[2].lower().encode("utf-8", "replace").decode()
    return domain if domain.count(".") < 2 else _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> "PublicSuffixList":
    """Load the list at the first address, since it slows the start down."""
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
    """Return the factor of the domain limits for this address."""
    return _CROWD if registrable(address) in FREE_MAIL else 1


def has_room(policy: Policy, kind: str, address: str, spent: RateUsage) -> bool:
    """Return True if the limits allow one more acknowledgement of this class to this address."""
    limits = policy.budgets
    checks = [(spent.address_hour, limits.per_address_hour), (spent.address_day, limits.per_address_day)]
    if kind != "known":
        many = crowd(address)
        checks += [(spent.domain_hour, limits.per_domain_hour * many), (spent.hour, limits.per_hour)]
        of_day = limits.per_domain_day if limits.per_domain_hour else 0
        checks.append((spent.domain_day.get(kind, 0), of_day * many))
    if kind == "unverified":
        checks.append((spent.unverified_hour, _unverified_limit(policy)))
    return all(limit == 0 or used < limit for used, limit in checks)


def _unverified_limit(policy: Policy) -> int:
    limits = policy.budgets
    if policy.provable or not limits.unverified_per_hour:
        return limits.unverified_per_hour
    # Without a provider nobody is ever verified: the smaller figure would halve the limit of the office.
    return max(limits.unverified_per_hour, limits.per_hour) if limits.per_hour else 0
