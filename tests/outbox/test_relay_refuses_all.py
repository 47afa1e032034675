"""A relay that refuses everybody is unhealthy itself: its refusals, permanent or not, lose no mail."""

import pytest

from testbed.relay import DeliveryOutcome, deferred, refused
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, World

CITIZENS = (ANNA, PERE, MARTA)
NO = (refused(550, "5.1.1"), refused(554, "5.7.1", "DATA"), deferred(450), deferred(451, "DATA"))


def _three_write(world: World) -> None:
    for who, what in zip(CITIZENS, ("el padró", "la beca", "la piscina"), strict=True):
        world.citizen_asks(who, f"Sobre {what}", f"Bon dia, com es demana {what}?")
        world.clock.forward(seconds=10)


@pytest.mark.parametrize("outcome", NO, ids=lambda outcome: f"{outcome.code} at {outcome.at}")
def test_every_mail_leaves_once_when_everything_recovers(world: World, outcome: DeliveryOutcome) -> None:
    rule = world.relay.when(outcome)
    _three_write(world)
    world.turn()
    assert "relay-refuses" in world.problems()
    assert [len(world.received(who)) for who in CITIZENS] == [0, 0, 0]
    world.live("2026-11-25 11:00", minutes=5)
    world.relay.remove(rule)
    world.live("2026-11-25 13:00", minutes=5)
    assert [world.kinds(who) for who in CITIZENS] == [["ack"]] * 3
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
    assert world.kinds(OPERATOR) == ["alert"], "one, as soon as it could leave"
    assert "relay-refuses" not in world.problems()


def test_a_refused_citizen_and_a_refused_agent_are_enough_to_know(world: World) -> None:
    rule = world.relay.when(refused(554, "5.7.1"))
    world.citizen_asks(ANNA)
    world.turn()
    assert "relay-refuses" in world.problems()
    world.relay.remove(rule)
    world.live("2026-11-25 11:00", minutes=5)
    assert world.kinds(ANNA) == ["ack"]
    assert world.kinds(AGENT) == ["bounced"], "it was told before the relay gave itself away"


def test_three_dead_addresses_are_refused_for_good_once_the_relay_has_taken_a_mail(world: World) -> None:
    for who in CITIZENS:
        world.relay.when(refused(550, "5.1.1"), to=who)
    _three_write(world)
    world.live("2026-11-25 13:00", minutes=5)
    assert {mail["state"] for mail in world.mails("ack")} == {"failed"}
    assert world.kinds(AGENT) == ["bounced"] * 3
    assert "relay-refuses" not in world.problems()
