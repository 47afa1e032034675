"""Crashes while messages are read, and unreadable messages: none costs its neighbours anything."""

import pytest

from oacmail.engine.intake import MAX_CRASHES, SPACING
from tests.e2e import strange
from tests.world import ANNA, MARTA, OFFICE, PERE, World

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


# Any bytes become a case and an acknowledgement.


@pytest.mark.parametrize("make", strange.ANSWERED, ids=lambda make: make.__name__)
def test_a_case_and_an_acknowledgement_for_a_message_with(world: World, make: strange.Strange) -> None:
    world.mailbox.append("INBOX", make(ANNA, OFFICE), world.clock.now())
    world.turn()
    (ack,) = world.received(ANNA)
    assert world.case()["number"] in str(ack["Subject"])
    assert world.rows("SELECT * FROM sightings WHERE outcome IS NULL OR outcome = 'gone' OR error IS NOT NULL") == []
    if make is strange.a_raw_latin1_subject:
        assert world.case()["subject"] == "Sol·licitud urgent", "as it was meant"


def test_a_message_without_a_sender_is_a_case_and_garbage_has_an_outcome(world: World) -> None:
    for raw in (strange.NOBODY, strange.GARBAGE):
        world.mailbox.append("INBOX", raw, world.clock.now())
        world.turn()
    (case,) = [case for case in world.cases() if case["subject"] == "Qui soc?"]
    assert case["outgoing"] == []
    assert "no-address-to-answer" in world.reviews()
    assert world.rows("SELECT * FROM sightings WHERE outcome IS NULL OR outcome = 'gone'") == []
