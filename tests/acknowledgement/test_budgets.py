"""Acknowledgements within their budgets, so that nobody can use the desk to write to third parties.

The table: docs/subjects.md, "Acknowledgement budgets".
"""

from collections.abc import Callable

import pytest

from oacmail.cli.status import health
from oacmail.store import command_line
from testbed.relay import deferred
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
