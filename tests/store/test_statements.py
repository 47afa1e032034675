"""What a message costs: statements of SQL that its pass runs for it, from its first sight to its acknowledgement."""

from itertools import groupby

import pytest

from tests.world import World

MOST_NEW, MOST_ON_A_CASE = 25, 23


def _statements(world: World) -> int:
    """Statements of one pass. SQLite reports a statement again for each program of a trigger that it starts."""
    traced: list[str] = []
    world.store.con.set_trace_callback(traced.append)
    world.sync()
    world.store.con.set_trace_callback(None)
    return sum(1 for _ in groupby(traced))


@pytest.mark.parametrize(("on_a_case", "most"), [(False, MOST_NEW), (True, MOST_ON_A_CASE)])
def test_a_further_message_costs_few_statements(world: World, on_a_case: bool, most: int) -> None:
    writers = [f"anna{number}@example.org" for number in range(11)]
    first = [world.citizen_writes(writer) if on_a_case else None for writer in writers]
    world.sync()
    world.citizen_writes(writers[0], answers=first[0])
    one = _statements(world)
    for writer, answered in zip(writers[1:], first[1:], strict=True):
        world.citizen_writes(writer, answers=answered)
    assert (_statements(world) - one) / 9 <= most
