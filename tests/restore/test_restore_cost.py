"""What a new case reads after a restore: its own acknowledgement, however many others were imported."""

from tests.work import instructions
from tests.world import World


def _imported(world: World, first: int, last: int) -> None:
    """Acknowledgements that Sent proved, with the numbers that they keep for cases that have not come again."""
    con, now = world.store.con, "2026-11-25T08:00:00Z"
    for at in range(first, last + 1):
        con.execute("INSERT INTO kv VALUES(?, ?, ?)", (f"reserved:m{at}", f"OAC-2026-9{at:05}", now))
        con.execute(
            """INSERT INTO outbox(key, message_id, kind, recipient, domain, length, state, created_at)
            VALUES(?, ?, 'ack', ?, 'example.org', 1, 'sent', ?)""",
            (f"ack:m{at}", f"<a{at}@example.org>", f"person{at}@example.org", now),
        )


def _instructions(world: World, sender: str) -> int:
    """Hundreds of SQLite's instructions from the arrival of a request to the end of the turn."""
    world.citizen_writes(sender, "Padró", "Com demano el volant?")
    return instructions(world.store.con, world.turn, each=100)


def test_a_new_case_costs_the_same_beside_two_thousand_imported_acknowledgements(world: World) -> None:
    _imported(world, 1, 20)
    _instructions(world, "first@example.org")
    few = _instructions(world, "second@example.org")
    _imported(world, 21, 2_000)

    assert few > 0
    assert _instructions(world, "third@example.org") < 1.5 * few
    assert len(world.cases()) == 3
