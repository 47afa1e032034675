"""An answer that comes before the acknowledgement has left: the relay was slow, or the budget was spent."""

from collections.abc import Callable

from tests.world import ANNA, World


def test_an_acknowledgement_that_may_go_still_goes_with_its_number_and_the_data_protection_clause(world: World) -> None:
    message = world.citizen_writes(ANNA)
    world.sync()
    world.clock.forward(minutes=1)
    world.agent_replies(message)
    assert world.case()["status"] == "answered"
    assert world.kinds(ANNA) == ["ack"]


def test_one_that_waited_for_its_budget_is_dropped(town: Callable[..., World]) -> None:
    world = town(ack={"per_address_hour": 1})
    world.citizen_writes(ANNA, "Padró")
    second = world.citizen_asks(ANNA, "Brossa", "Quin dia passen?")
    assert world.kinds(ANNA) == ["ack"]
    world.clock.forward(minutes=5)
    world.agent_replies(second)
    world.clock.forward(hours=2)
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert sorted(mail["state"] for mail in world.mails("ack")) == ["dropped", "sent"]
