"""What the event log must not hold: it can never be changed, so nothing about a citizen may stand in it.

Every world of the engine's tests is searched at its end. An event may name its agent, and our own ids and labels.
"""

import json

from tests.engine.world import World

LONGEST = 100  # characters: ids, labels, times and our own reasons are shorter than what people write


def indiscretions(world: World) -> list[str]:
    """`kind key: value` of each value that is an address, a text of a citizen, or too long to be a label."""
    people = {text.lower() for row in world.rows("SELECT address, name FROM people") for text in row.values() if text}
    staff = world.policy.people.staff | {one.partition("@")[0] for one in world.policy.people.staff}
    said = {row["subject"] for row in world.rows("SELECT subject FROM messages WHERE role = 'citizen'")}
    phones = {row["phone"] for row in world.rows("SELECT phone FROM cases WHERE phone > ''")}
    banned = {word for word in (people | said | phones) - staff if len(word) > 3}
    return [
        f"{row['kind']} {key}: {value}"
        for row in world.rows("SELECT kind, data FROM events")
        for key, value in json.loads(row["data"]).items()
        if isinstance(value, str) and (len(value) > LONGEST or "@" in value or value.lower() in banned)
    ]
