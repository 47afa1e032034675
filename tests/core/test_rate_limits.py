"""Which acknowledgement may go now: the table of docs/design.md, "Acknowledgement budgets"."""

from dataclasses import replace

import pytest

from oacmail.core.outbox.rate_limits import has_room, registrable
from oacmail.core.policy import Budgets
from oacmail.core.view import RateUsage
from tests.core.test_signature import POLICY

PROVABLE = replace(POLICY, provable=True)
ROOM = [
    ("known", RateUsage(hour=500, domain_hour=500, unverified_hour=500), True),
    ("known", RateUsage(address_hour=3), False),
    ("known", RateUsage(address_day=10), False),
    ("verified", RateUsage(address_hour=2, address_day=9, domain_hour=19, hour=119), True),
    ("verified", RateUsage(domain_hour=20), False),
    ("verified", RateUsage(hour=120), False),
    ("verified", RateUsage(unverified_hour=60), True),
    ("unverified", RateUsage(unverified_hour=59), True),
    ("unverified", RateUsage(unverified_hour=60), False),
]


@pytest.mark.parametrize(("kind", "spent", "room"), ROOM)
def test_each_class_has_its_own_limits(kind: str, spent: RateUsage, room: bool) -> None:
    assert has_room(PROVABLE, kind, "anna@empresa.cat", spent) is room


def test_where_nobody_can_be_verified_the_larger_limit_counts() -> None:
    assert has_room(POLICY, "unverified", "anna@empresa.cat", RateUsage(unverified_hour=119, hour=119))
    assert not has_room(POLICY, "unverified", "anna@empresa.cat", RateUsage(unverified_hour=120, hour=120))


def test_a_free_mail_provider_is_a_crowd_and_has_three_times_the_room_of_a_domain() -> None:
    assert has_room(PROVABLE, "verified", "anna@gmail.com", RateUsage(domain_hour=59))
    assert not has_room(PROVABLE, "verified", "anna@gmail.com", RateUsage(domain_hour=60))


def test_zero_means_no_limit() -> None:
    free = replace(
        POLICY,
        budgets=Budgets(per_address_hour=0, per_address_day=0, per_domain_hour=0, per_hour=0, unverified_per_hour=0),
    )
    spent = RateUsage(address_hour=999, address_day=999, domain_hour=999, unverified_hour=999, hour=999)
    assert has_room(free, "unverified", "anna@empresa.cat", spent)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("a@empresa.cat", "empresa.cat"),
        ("a@mail.sub.empresa.cat", "empresa.cat"),
        ("a@empresa.com.es", "empresa.com.es"),
        ("a@x.empresa.com.es", "empresa.com.es"),
        ("a@cs.ox.ac.uk", "ox.ac.uk"),
        ("a@cam.ac.uk", "cam.ac.uk"),
        ("a@ac.uk", "ac.uk"),
        ("a@X.Example", "x.example"),
        ("a@one.duckdns.org", "duckdns.org"),
        ("a@cafè.cat", "cafè.cat"),
        ("a@\ud800.cat", "?.cat"),
        ("a@..", ".."),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_a_domain_is_what_somebody_registered(address: str, domain: str) -> None:
    assert registrable(address) == domain
