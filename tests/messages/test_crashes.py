"""Crashes while messages are read, and unreadable messages: none costs its neighbours anything."""

from oacmail.engine.intake import MAX_CRASHES, SPACING
from tests.world import ANNA, MARTA, PERE, World

POINT = "before the fetch"


def test_crashes_that_come_by_chance_set_no_message_aside(world: World) -> None:
    for writer in (ANNA, PERE, MARTA):
        world.citizen_writes(writer, f"Consulta de {writer}")
    for _ in range(1 + 3 * (MAX_CRASHES - 1)):  # the batch, then now one of them, now another
        world.kill(POINT, world.sync)
    world.turn()
    assert [len(world.received(writer)) for writer in (ANNA, PERE, MARTA)] == [1, 1, 1]
    assert world.reviews() == []


def test_a_message_that_crashes_the_process_again_and_again_is_set_aside_and_stops_nobody(world: World) -> None:
    world.citizen_writes(ANNA)
    for _ in range(1 + MAX_CRASHES):
        world.kill(POINT, world.sync)
    world.citizen_asks(PERE)
    assert world.kinds(PERE) == ["ack"]
    assert world.kinds(ANNA) == []
    assert "quarantine" in world.problems()


def test_a_message_that_the_server_cannot_give_out_is_set_aside_after_spaced_tries(world: World) -> None:
    world.citizen_writes(PERE)
    world.citizen_writes(ANNA)
    bad = max(world.mailbox.folders["INBOX"].messages)
    world.mailbox.folders["INBOX"].messages[bad].bad = True
    for pause in SPACING:
        world.sync()
        world.sync()
        assert world.reviews() == []
        world.clock.set(world.clock.now() + pause)
    world.sync()
    assert world.reviews() == ["unreadable"]
    assert "quarantine" in world.problems()
    assert len(world.cases()) == 1
