"""A database that can take no more, though small changes still fit: no message is blamed for it."""

import pytest

from oacmail.core.errors import StateError
from tests.world import ANNA, World


def _pages(world: World, most: int) -> None:
    world.store.con.execute(f"PRAGMA max_page_count = {most}")


def test_a_message_that_does_not_fit_waits_for_room_and_is_never_set_aside(world: World) -> None:
    world.citizen_writes(ANNA, text="Bon dia, què més us he d'enviar? " * 2000)
    _pages(world, world.rows("PRAGMA page_count")[0]["page_count"])
    for _ in range(8):
        with pytest.raises(StateError, match="full"):
            world.intake.sync(compare=False)
    assert world.cases() == []
    _pages(world, 1_000_000)
    world.turn()
    assert world.case()["citizen"] == ANNA
    assert world.kinds(ANNA) == ["ack"]
    assert world.reviews() == []
