"""Any bytes become a case and an acknowledgement."""

import pytest

from tests.e2e import strange
from tests.world import ANNA, OFFICE, World


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
