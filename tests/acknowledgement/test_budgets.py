"""Acknowledgements within their budgets, so that nobody can use the desk to write to third parties.

The table: docs/subjects.md, "Acknowledgement budgets"."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from oacmail.cli.status import health
from oacmail.core.policy import Budgets, Office, mailbox
from oacmail.core.rate_limits import Room, may_leave, registrable, room
from oacmail.core.view import RateUsage, Released
from oacmail.store import command_line
from testbed.relay import deferred
from tests.messages.test_own_words import POLICY as BLIND
from tests.world import ANNA, MADRID, OPERATOR, PERE, World

TOWN = Callable[..., World]
_LETTERS = "abcdefghijklmnopqrstuvwxyzàéíòú"


def _write(world: World, count: int, sender: str, *, dmarc: str = "pass") -> None:
    """`count` messages on as many subjects; `{}` in the sender becomes the number."""
    for number in range(count):
        name = sender.format(number)
        world.citizen_writes(
            name, f"Tràmit {_LETTERS[number]}", f"Com es fa el tràmit {_LETTERS[number]}?", dmarc=dmarc
        )
    world.turn()


def _acks(world: World) -> int:
    return sum(mail["state"] == "sent" for mail in world.mails("ack"))


def _waiting(world: World) -> int:
    return sum(mail["state"] == "queued" for mail in world.mails("ack"))


def test_an_address_gets_three_an_hour_and_ten_a_day(town: TOWN) -> None:
    world = town(now="2026-11-25 00:30", ack={"per_domain_hour": 0})
    _write(world, 12, ANNA)
    assert (len(world.cases()), _acks(world), _waiting(world)) == (12, 3, 7)
    assert world.reviews() == ["over-budget"] * 2, "the day has ten: a person sees the others at once"
    world.live("2026-11-25 01:29", minutes=10)
    assert _acks(world) == 3
    world.live("2026-11-25 05:00", minutes=30)
    assert (_acks(world), _waiting(world)) == (10, 0)


def test_over_budget_the_case_and_its_deadline_are_as_always(world: World) -> None:
    _write(world, 5, ANNA)
    assert {case["due_at"] for case in world.cases()} == {"2026-11-26T20:00:00+01:00"}


def test_why_says_that_an_acknowledgement_waits_for_room_or_that_there_is_none(town: TOWN) -> None:
    world = town(ack={"per_address_day": 4})
    _write(world, 5, ANNA)
    *_, waits, none = (case["number"] for case in world.cases())
    assert ("mail ack", "over budget") in _reasons(world, waits)
    assert ("review", "over-budget") in _reasons(world, none)


def test_what_waits_for_room_is_a_warning_of_status_and_says_so_in_the_list(world: World) -> None:
    _write(world, 4, ANNA)
    (row,) = [row for row in command_line.outbox(world.store.con, MADRID) if row["kind"] == "ack"]
    assert (row["state"], row["next_at"], row["last_error"]) == ("queued", None, "over-budget")
    report = health(world.config, world.clock.now())
    (problem,) = [one["text"] for one in report["problems"] if one["code"] == "ack-budget"]
    assert "oacmail outbox list" in problem
    assert report["ok"]


def _reasons(world: World, number: str) -> set[tuple[str, str | None]]:
    lines = command_line.reasons_of_case(world.store.con, MADRID, number) or []
    return {(line["kind"], line["data"].get("state", line["data"].get("reason"))) for line in lines}


def test_what_waited_goes_when_there_is_room_and_the_oldest_first(world: World) -> None:
    _write(world, 4, ANNA)
    world.live("2026-11-25 10:05", minutes=5)
    assert _acks(world) == 4


def test_what_waited_is_dropped_when_a_person_has_answered(world: World) -> None:
    _write(world, 3, ANNA)
    world.agent_replies(world.citizen_asks(ANNA, "El quart", "I el quart, com es fa?"))
    assert world.mails("ack")[-1]["state"] == "dropped"


def test_what_waits_leaves_within_hours_and_past_midnight_too(town: TOWN) -> None:
    world = town(now="2026-11-25 23:30")
    _write(world, 5, ANNA)
    assert (_acks(world), _waiting(world)) == (3, 2)
    world.live("2026-11-26 00:31", minutes=31)
    assert [mail["state"] for mail in world.mails("ack")] == ["sent"] * 5
    assert world.reviews() == []


def test_a_domain_gets_twenty_an_hour_and_a_public_provider_has_no_such_limit(town: TOWN) -> None:
    world = town()
    _write(world, 22, "treballador{}@empresa.example")
    assert _acks(world) == 20
    _write(world, 31, "veina{}@gmail.com")
    assert _acks(world) == 51


def test_a_domain_has_a_days_budget(town: TOWN) -> None:
    """A robot without a mark writes under a new name each time, all day."""
    world = town(ack={"per_domain_day": 30}, now="2026-11-25 08:00")
    for hour in range(8, 12):
        _write(world, 20, f"bot{hour}-{{}}@robot.example")
        world.live(f"2026-11-25 {hour + 1:02}:00")
    assert (_acks(world), _waiting(world), len(world.cases())) == (30, 0, 80)
    _write(world, 1, ANNA)
    assert len(world.received(ANNA)) == 1
    assert world.reviews() == ["over-budget"] * 50


@pytest.mark.parametrize(
    "sender", ["anna+{}@gmail.com", "a.n.n.a+{}@googlemail.com", "anna+{}@empresa.example", "anna-{}@yahoo.es"]
)
def test_one_mailbox_under_many_names_has_one_share(town: TOWN, sender: str) -> None:
    world = town(now="2026-11-25 08:00")
    for hour in range(8, 12):
        _write(world, 20, sender.replace("{}", f"{hour}x{{}}"))
        world.live(f"2026-11-25 {hour + 1:02}:00")
    assert _acks(world) == 10
    _write(world, 3, f"veina{{}}@{sender.rpartition('@')[2]}")
    assert _acks(world) == 13


def test_who_writes_much_leaves_half_of_the_domain_to_who_writes_once(town: TOWN) -> None:
    """Five people of one firm write all day; their colleagues write for the first time."""
    world = town(ack={"per_domain_hour": 20, "per_domain_day": 20})
    for name in "abcde":
        _write(world, 9, f"{name}@empresa.example")
    world.live("2026-11-25 20:00")
    assert _acks(world) == 13, "ten, and three who wrote after that for the first time"
    _write(world, 7, "nou{}@empresa.example")
    assert _acks(world) == 20


def test_a_flood_uses_up_its_own_share_only(town: TOWN) -> None:
    world = town(ack={"unverified_per_hour": 2})
    _write(world, 5, "flood{}@a.example", dmarc="")
    assert _acks(world) == 2
    _write(world, 3, "veina{}@poble.example")
    assert _acks(world) == 5


def test_with_no_verdict_there_is_a_smaller_budget(town: TOWN) -> None:
    world = town(ack={"unverified_per_hour": 3})
    _write(world, 5, "veina{}@poble.example", dmarc="")
    assert _acks(world) == 3


def test_it_holds_even_where_nothing_else_is_limited(town: TOWN) -> None:
    unlimited = dict.fromkeys(("per_address_hour", "per_address_day", "per_domain_hour"), 0)
    world = town(ack={**unlimited, "unverified_per_hour": 3})
    _write(world, 5, "veina{}@poble.example", dmarc="")
    assert _acks(world) == 3


def test_who_was_answered_before_is_not_under_the_common_caps(town: TOWN) -> None:
    world = town(ack={"per_domain_hour": 2})
    world.agent_replies(world.citizen_asks(ANNA))
    world.advance("2026-11-25 10:01")
    _write(world, 2, "nou{}@example.org")
    assert (_acks(world), _waiting(world)) == (3, 0)
    _write(world, 2, ANNA)
    assert _acks(world) == 5


def test_who_was_answered_before_has_three_an_hour_all_the_same(world: World) -> None:
    world.agent_answers(world.citizen_asks(ANNA))
    world.advance("2026-11-25 10:01")
    _write(world, 4, ANNA)
    assert _acks(world) == 4
    assert _waiting(world) == 1


def test_a_failed_dmarc_is_a_case_and_a_deadline_and_no_acknowledgement(world: World) -> None:
    world.citizen_asks(ANNA, dmarc="fail")
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert world.mails("ack") == []
    assert world.reviews() == ["dmarc-fail"]


def test_a_failed_dmarc_of_a_known_address_gets_none_either(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA))
    world.citizen_asks(ANNA, "Altra cosa", "Envieu-me les dades d'accés, si us plau?", dmarc="fail")
    assert _acks(world) == 1
    assert len(world.cases()) == 2


def test_nought_means_no_limit(town: TOWN) -> None:
    keys = ("per_address_hour", "per_address_day", "per_domain_hour", "unverified_per_hour")
    world = town(ack=dict.fromkeys(keys, 0))
    _write(world, 30, ANNA, dmarc="")
    assert _acks(world) == 30


def test_newcomers_go_first_and_then_domains_in_turn(town: TOWN) -> None:
    world = town(ack={"unverified_per_hour": 1})
    _write(world, 2, "primera@poble.example", dmarc="")
    _write(world, 3, "flood{}@flood.example", dmarc="")
    _write(world, 1, "sol@lluny.example", dmarc="")
    world.live("2026-11-25 15:00", minutes=30)
    order = [mail.recipient.partition("@")[2] for mail in world.relay.accepted if mail.recipient != OPERATOR]
    assert order[:3] == ["poble.example", "flood.example", "lluny.example"]
    assert order[3:] == ["flood.example", "flood.example", "poble.example"]


def test_a_clock_that_was_ahead_blocks_no_budget_and_no_retry(town: TOWN) -> None:
    world = town()
    world.advance("2027-03-01 09:00")
    _write(world, 4, ANNA)
    world.relay.when(deferred(), to=PERE)
    world.citizen_asks(PERE)
    world.relay.recover()
    world.advance("2026-11-25 09:00")
    world.citizen_writes(ANNA, "Ara és l'hora bona", "I ara, com es fa la targeta?")
    world.live("2026-11-25 09:05", minutes=1)
    assert world.subjects(PERE), "what was put off is tried again"
    assert len(world.received(ANNA)) == 3 + 2


def test_a_clock_that_was_ahead_fills_no_minute_of_the_relay(town: TOWN) -> None:
    world = town(smtp={"per_minute": 1})
    world.advance("2027-03-01 09:00")
    _write(world, 1, PERE)
    assert world.kinds(PERE) == ["ack"]
    world.advance("2026-11-25 09:00")
    _write(world, 1, ANNA)
    assert world.kinds(ANNA) == ["ack"]


def test_the_operator_is_notified_of_it_once_an_hour(world: World) -> None:
    _write(world, 6, ANNA)
    world.live("2026-11-25 09:50", minutes=10)
    (mail,) = world.received(OPERATOR)
    assert "en espera: 3" in str(mail["Subject"])
    world.live("2026-11-25 10:30", minutes=10)
    assert world.kinds(OPERATOR) == ["alert"], "at ten the three had gone"
    _write(world, 6, "veina@poble.example")
    assert len(world.received(OPERATOR)) == 2


@pytest.mark.parametrize("hours", [1, 3])
def test_as_long_as_some_wait_it_is_once_an_hour(town: TOWN, hours: int) -> None:
    world = town(ack={"per_address_hour": 1})
    _write(world, 9, ANNA)
    world.live(f"2026-11-25 {9 + hours}:55", minutes=10)
    assert len(world.received(OPERATOR)) == hours + 1


# Which acknowledgement may go, and when: the table of docs/subjects.md, "Acknowledgement budgets".

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
    ("unverified", RateUsage(unproven=Released(day=10)), Room.NONE),
    ("unverified", RateUsage(unproven=HAD_ONE, unverified=Released(hour=30, day=30)), Room.LATER),
    ("claimed", RateUsage(unproven=Released(hour=3, day=3)), Room.LATER),
    ("claimed", RateUsage(unproven=HAD_ONE, unverified=Released(hour=500)), Room.NOW),
    ("known", RateUsage(unproven=Released(hour=3, day=10)), Room.NOW),
    ("verified", RateUsage(unproven=Released(hour=3, day=10, waiting=7)), Room.NOW),
    ("unverified", RateUsage(domain=Released(hour=20, day=20)), Room.LATER),
]


def test_forgeries_in_her_name_hold_back_no_acknowledgement_of_her_own_mail(town: Callable[..., World]) -> None:
    world = town()
    for number in range(12):
        forged = world.message(ANNA, f"Una altra cosa {number}", f"Bon dia, com es fa el tràmit número {number}?")
        world.receive(forged, verdict="dmarc=none")
        world.clock.forward(minutes=3)
    before = world.kinds(ANNA).count("ack")
    assert before <= world.policy.budgets.per_address_hour
    world.receive(
        world.message(ANNA, "Padró", "Bon dia, com em puc empadronar?"), verdict="dmarc=pass header.from=example.org"
    )
    assert world.kinds(ANNA).count("ack") == before + 1


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
