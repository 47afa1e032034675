"""Which acknowledgement may go, and when: the table of docs/subjects.md, "Acknowledgement budgets"."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core.policy import Budgets, Office, mailbox
from oacmail.core.rate_limits import Room, may_leave, most, registrable, room
from oacmail.core.view import RateUsage, Released
from tests.messages.test_signature import POLICY as BLIND
from tests.world import World

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


# Several towns behind one relay count their mail together (`smtp.shared_budget`).

TOWN = Callable[..., World]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "relay"
    path.touch()
    return path


@pytest.fixture
def towns(town: TOWN, ledger: Path) -> tuple[World, World]:
    """Two towns with one budget of eight mails a minute, each with eight acknowledgements to send."""
    made = tuple(town(smtp={"per_minute": 8, "shared_budget": str(ledger)}) for _ in range(2))
    for world in made:
        for letter in "abcdefgh":
            world.citizen_writes(f"{letter}@poble-{letter}.example", f"Tràmit {letter}")
        world.sync()
    return made[0], made[1]


def _send(*towns: World, rounds: int = 8) -> list[int]:
    """What each relay has after the towns sent in turn, as often as they could in a second."""
    for _ in range(rounds):
        for world in towns:
            world.delivery.drain()
    return [len(world.relay.accepted) for world in towns]


def _later(towns: tuple[World, World], **units: float) -> None:
    for world in towns:
        world.clock.forward(**units)


def test_towns_with_one_budget_send_no_more_than_it_allows_and_share_it(towns: tuple[World, World]) -> None:
    first, second = _send(*towns)
    assert first + second == 8
    assert min(first, second) >= 2
    _later(towns, seconds=59)
    assert sum(_send(*towns)) == 8
    _later(towns, seconds=2)
    assert sum(_send(*towns)) == 16
    assert _send(*towns) == _send(*towns) == [len(world.mails("ack")) for world in towns]


def test_a_town_alone_may_use_all_of_it(towns: tuple[World, World]) -> None:
    assert _send(towns[0]) == [8]
    assert _send(towns[1]) == [0]


def test_a_town_without_the_file_counts_for_itself(town: TOWN, towns: tuple[World, World]) -> None:
    alone = town(smtp={"per_minute": 8})
    alone.citizen_writes("anna@example.org")
    alone.sync()
    assert _send(towns[0]) == [8]
    assert _send(alone) == [1]


def _gone(ledger: Path) -> None:
    ledger.unlink()


def _a_folder(ledger: Path) -> None:
    ledger.unlink()
    ledger.mkdir()


def _held_by_another(ledger: Path) -> None:
    fcntl.flock(os.open(ledger, os.O_RDWR), fcntl.LOCK_EX)  # until the end of the tests


@pytest.mark.parametrize("fault", [_gone, _a_folder, _held_by_another])
def test_a_file_that_cannot_be_used_delays_mail_for_a_minute_and_stops_none(
    towns: tuple[World, World], ledger: Path, fault: Callable[[Path], None]
) -> None:
    world = towns[0]
    fault(ledger)
    assert _send(world) == [0]
    assert "shared-budget" not in world.problems()
    world.clock.forward(seconds=61)
    assert _send(world) == [8]
    assert "shared-budget" in world.problems()


def test_the_problem_ends_when_the_file_is_back(towns: tuple[World, World], ledger: Path) -> None:
    world = towns[0]
    ledger.unlink()
    _send(world, rounds=1)
    world.clock.forward(seconds=61)
    _send(world, rounds=1)
    ledger.touch()
    world.clock.forward(seconds=61)
    _send(world, rounds=1)
    assert "shared-budget" not in world.problems()


@pytest.mark.parametrize(
    "left",
    [
        b"17642",  # killed while writing
        b"\x00\xff\n\n-1\nnan\ninf\n1e999\nword\n",
        b"9999999999.0\n" * 50,  # the clock was ahead, and was set back
    ],
)
def test_what_a_kill_or_a_wrong_clock_leaves_in_the_file_blocks_nothing(
    towns: tuple[World, World], ledger: Path, left: bytes
) -> None:
    ledger.write_bytes(left)
    assert _send(towns[0]) == [8]
    assert _send(towns[1]) == [0], "what was sent is in the file"


def test_a_kill_between_the_budget_and_the_relay_costs_its_share_of_one_minute_and_no_mail(
    towns: tuple[World, World],
) -> None:
    world = towns[0]
    world.kill("before RCPT", world.drain)
    world.sync()
    assert _send(world) == [6], "the two of the killed turn stay counted"
    world.clock.forward(seconds=61)
    assert _send(world) == [8]
