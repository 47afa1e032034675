"""Self-copies that no longer return: the proof of sending is gone, and the operator is notified once."""

from collections.abc import Callable

import pytest

from oacmail.core.effects import Tick
from oacmail.engine import HostChecks
from testbed.relay import DeliveryOutcome
from tests.world import ANNA, MARTA, OPERATOR, PERE, World


@pytest.fixture
def look(world: World) -> Callable[[str], None]:
    """Until that moment, every ten minutes: the three loops, and the jobs of the tick."""
    host_checks = HostChecks(engine=world.engine, free=lambda: 10**12)

    def live(to: str) -> None:
        world.live(to, minutes=10)
        host_checks.look_at_copies()
        world.engine.perform(Tick())

    return live


def test_an_hour_without_a_copy_is_a_problem_and_one_alert_until_a_copy_comes(
    world: World, look: Callable[[str], None]
) -> None:
    world.citizen_writes(PERE)
    look("2026-11-25 09:10")
    world.relay.copies = "lost"
    world.citizen_writes(ANNA)
    look("2026-11-25 10:00")
    assert "self-copies" not in world.problems()
    look("2026-11-25 10:40")
    assert "self-copies" in world.problems()
    for minute in ("10:50", "11:00", "12:00"):
        look(f"2026-11-25 {minute}")
    assert world.kinds(OPERATOR) == ["alert"]
    assert "còpia" in world.subjects(OPERATOR)[0]
    world.relay.copies = "delivered"
    world.citizen_writes(MARTA)
    look("2026-11-25 12:10")
    assert "self-copies" not in world.problems()
    assert world.kinds(OPERATOR) == ["alert"]


def test_an_office_whose_address_the_relay_refuses_has_no_proof_either(
    world: World, look: Callable[[str], None]
) -> None:
    world.relay.when(DeliveryOutcome(copy=False), to=ANNA)
    world.citizen_writes(ANNA)
    look("2026-11-25 10:30")
    assert "self-copies" in world.problems()


def test_late_copies_are_no_problem_and_silence_neither(world: World, look: Callable[[str], None]) -> None:
    world.relay.copies = "held"
    world.citizen_writes(ANNA)
    look("2026-11-25 09:40")
    world.relay.release_copies()
    look("2026-11-25 20:00")
    assert "self-copies" not in world.problems()


def test_where_no_copies_are_wanted_none_is_missed(town: Callable[..., World]) -> None:
    world = town(smtp={"self_copy": False})
    host_checks = HostChecks(engine=world.engine, free=lambda: 10**12)
    world.citizen_writes(ANNA)
    world.live("2026-11-25 12:00", minutes=30)
    host_checks.look_at_copies()
    assert "self-copies" not in world.problems()


def test_where_no_copies_are_wanted_no_mail_is_looked_through(town: Callable[..., World]) -> None:
    world = town(smtp={"self_copy": False})
    world.citizen_asks(ANNA)
    asked: list[str] = []
    world.store.con.set_trace_callback(asked.append)
    HostChecks(engine=world.engine, free=lambda: 10**12).look_at_copies()
    world.store.con.set_trace_callback(None)
    assert asked
    assert not [query for query in asked if "outbox" in query]
