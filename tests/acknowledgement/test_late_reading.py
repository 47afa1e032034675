"""What an acknowledgement says of the hour at which a message came, if the mailbox could not be read for a night."""

from pathlib import Path

import pytest

from tests.world import ANNA, World, text_of


@pytest.mark.parametrize(("came", "said"), [("2026-11-24 11:00", False), ("2026-11-24 21:00", True)])
def test_outside_hours_is_said_of_when_the_message_came_not_of_when_it_was_read(
    tmp_path: Path, came: str, said: bool
) -> None:
    world = World(tmp_path, now=came)
    world.mailbox.away = True
    world.citizen_writes(ANNA)
    world.mailbox.away = False
    world.turn_at("2026-11-25 07:30")
    assert ("fora d'horari" in text_of(world.received(ANNA)[0])) == said
