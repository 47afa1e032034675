"""What the event log must not hold: it can never be changed, so nothing about a citizen may stand in it.

Every world of the engine's tests is searched at its end. An event may name its agent, and our own ids and labels.
"""

import json
import sqlite3
from collections.abc import Set

LONGEST = 100  # characters: ids, labels, times and our own reasons are shorter than what people write


def indiscretions(con: sqlite3.Connection, staff: Set[str]) -> list[str]:
    """`kind key: value` of each value that is an address, a text of a citizen, or too long to be a label."""
    people = {text.lower() for row in con.execute("SELECT address, name FROM people") for text in row}
    said = {row[0].lower() for row in con.execute("SELECT subject FROM messages WHERE role = 'citizen'")}
    phones = {row[0] for row in con.execute("SELECT phone FROM cases WHERE phone > ''")}
    events = con.execute("SELECT kind, data FROM events")
    banned = {word for word in (people | said | phones) - staff if len(word) > 3}
    return [
        f"{kind} {key}: {value}"
        for kind, data in events
        for key, value in json.loads(data).items()
        if isinstance(value, str) and (len(value) > LONGEST or "@" in value or value.lower() in banned)
    ]
