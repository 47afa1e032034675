"""The clock: what is due, who hears of it and when (domain.md R14-R24, R31)."""

from tests.engine.world import ANNA, World


def test_a_letter_is_acknowledged_and_due_at_the_end_of_the_next_working_day(world: World) -> None:
    world.citizen_writes(ANNA)
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert "dijous, 26 de novembre" in world.received(ANNA)[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
