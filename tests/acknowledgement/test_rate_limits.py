"""Which acknowledgement may go, and when: the table of docs/subjects.md, "Acknowledgement budgets"."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core.policy import Budgets, Office, mailbox
from oacmail.core.rate_limits import Room, may_leave, most, registrable, room
from oacmail.core.view import RateUsage, Released
from tests.messages.test_signature import POLICY as BLIND

POLICY = replace(BLIND, provable=True)
HAD_ONE = Released(day=1)
ROOM = [
    ("known", RateUsage(mailbox=HAD_ONE, domain=Released(hour=500, day=500), unverified=Released(hour=500)), Room.NOW),
    ("known", RateUsage(mailbox=Released(hour=3, day=3)), Room.LATER),
    ("known", RateUsage(mailbox=Released(day=10)), Room.NONE),
    ("known", RateUsage(mailbox=Released(hour=3, day=3, waiting=7)), Room.NONE),
    ("verified", RateUsage(domain=Released(hour=19, day=49), unverified=Released(hour=60, day=480)), Room.NOW),
    ("verified", RateUsage(domain=Released(hour=20, day=20)), Room.LATER),
    ("verified", RateUsage(domain=Released(hour=20, day=20, waiting=30)), Room.NONE),
    ("verified", RateUsage(mailbox=HAD_ONE, domain=Released(hour=9, day=24)), Room.NOW),
    ("verified", RateUsage(mailbox=HAD_ONE, domain=Released(hour=10, day=10)), Room.LATER),
    ("verified", RateUsage(mailbox=HAD_ONE, domain=Released(day=25)), Room.NONE),
    ("unverified", RateUsage(unverified=Released(hour=59, day=2_000)), Room.NOW),
    ("unverified", RateUsage(unverified=Released(hour=60, day=60)), Room.LATER),
    ("unverified", RateUsage(unverified=Released(hour=60, day=2_000, waiting=9_000)), Room.LATER),
    ("unverified", RateUsage(unverified=Released(hour=59, waiting=1)), Room.LATER),
    ("unverified", RateUsage(domain=Released(day=500, waiting=500)), Room.NOW),
    ("unverified", RateUsage(mailbox=Released(day=10)), Room.NONE),
    ("unverified", RateUsage(mailbox=HAD_ONE, unverified=Released(hour=30, day=30)), Room.LATER),
    ("unverified", RateUsage(domain=Released(hour=20, day=20)), Room.LATER),
]


@pytest.mark.parametrize(("kind", "spent", "expected"), ROOM)
def test_each_share_has_its_own_limits(kind: str, spent: RateUsage, expected: Room) -> None:
    assert room(POLICY, kind, "anna@empresa.cat", spent) is expected


def test_a_public_provider_has_no_share_of_its_own() -> None:
    full = RateUsage(domain=Released(hour=500, day=500))
    assert room(POLICY, "verified", "anna@gmail.com", full) is Room.NOW
    assert room(POLICY, "verified", "anna@googlemail.com", full) is Room.NOW


def test_what_waits_leaves_whatever_the_day_has_used() -> None:
    spent = RateUsage(mailbox=Released(hour=2, day=10), domain=Released(hour=9, day=50), unverified=Released(day=480))
    assert may_leave(POLICY, "unverified", "anna@empresa.cat", spent)


def test_zero_means_no_limit() -> None:
    free = replace(
        POLICY, budgets=Budgets(per_address_hour=0, per_address_day=0, per_domain_hour=0, unverified_per_hour=0)
    )
    many = Released(hour=999, day=999, waiting=999)
    spent = RateUsage(mailbox=many, domain=many, unverified=many)
    assert room(free, "unverified", "anna@empresa.cat", spent) is Room.NOW


def test_the_most_that_an_attacker_can_cause_is_what_the_shares_add_up_to() -> None:
    assert most(POLICY, domains=7, mailboxes=1) == (203, 1_800)
    assert most(POLICY, domains=0, mailboxes=0) == (60, 1_440)
    assert most(BLIND, domains=0, mailboxes=0) == (120, 2_880)


def test_where_nothing_can_be_proven_all_mail_has_twice_the_share_and_no_limit_of_a_day() -> None:
    assert (
        room(BLIND, "unverified", "anna@empresa.cat", RateUsage(unverified=Released(hour=119, day=2_000))) is Room.NOW
    )
    assert room(BLIND, "unverified", "anna@empresa.cat", RateUsage(unverified=Released(hour=120))) is Room.LATER


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("anna+padro@example.org", "anna@example.org"),
        ("Anna@Example.org", "anna@example.org"),
        ("a.n.n.a+1+2@gmail.com", "anna@gmail.com"),
        ("an.na@googlemail.com", "anna@gmail.com"),
        ("anna-padro@yahoo.es", "anna@yahoo.es"),
        ("anna@me.com", "anna@icloud.com"),
        ("an.na@example.org", "an.na@example.org"),
        ("anna-puig@example.org", "anna-puig@example.org"),
        ("+34600111222@sms.example", "+34600111222@sms.example"),
        ("a+b@c@example.org", "a@example.org"),
        ("", "@"),
    ],
)
def test_a_mailbox_is_one_however_its_address_is_written(address: str, same: str) -> None:
    assert mailbox(address) == same


@pytest.mark.parametrize(
    ("office", "address", "own"),
    [
        ("oac360@town.example", "oac360+r-2026-000001@town.example", True),
        ("oac360@town.example", "OAC360@Town.example", True),
        ("oac360@town.example", "oac.360@town.example", False),
        ("oac360@gmail.com", "oac.360+cap@googlemail.com", True),
        ("oac.360@gmail.com", "oac360@gmail.com", True),
        ("oac360@gmail.com", "oac361@gmail.com", False),
    ],
)
def test_an_address_is_the_offices_if_its_mailbox_is(office: str, address: str, own: bool) -> None:
    assert Office(address="info@town.example", name="OAC", aliases=(office,)).is_own(address) is own


@given(st.text(max_size=30), st.sampled_from(["gmail.com", "yahoo.es", "example.org", "googlemail.com"]))
def test_the_mailbox_of_a_mailbox_is_itself(local: str, domain: str) -> None:
    once = mailbox(f"{local}@{domain}")
    assert mailbox(once) == once


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
