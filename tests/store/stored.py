"""What no town may have at its end: an event or a key that must not be, or a row that is not as the ledger says.

Every world of the engine's tests is searched at its end.
"""

import sqlite3
from contextlib import closing

from oacmail.config import secrets
from oacmail.core.stored_values import FAMILIES
from oacmail.store import ledger
from oacmail.store.connection import FILE
from tests.privacy.events import indiscretions
from tests.world import World


def faults(world: World) -> list[str]:
    """Of the database of a world that is stopped; none where it has no file."""
    file = world.config.office.state / FILE
    if not file.exists():
        return []
    with closing(sqlite3.connect(file, isolation_level=None)) as con:
        told = indiscretions(con, world.policy.people.staff)
        return [*told, *_unlisted(con), *_unrecorded(con, secrets.tokens(world.config))]


def _unlisted(con: sqlite3.Connection) -> list[str]:
    """Keys that belong to no stored value of the list, or to several."""
    keys = [row[0] for row in con.execute("SELECT key FROM kv")]
    return [key for key in keys if sum(_belongs(key, name) for name in FAMILIES) != 1]


def _belongs(key: str, name: str) -> bool:
    return key.startswith(name) if name.endswith(":") else key == name


def _unrecorded(con: sqlite3.Connection, keys: tuple[bytes, ...]) -> list[str]:
    """Rows that are not as the ledger says."""
    proof = ledger.prove(con, keys)
    return [proof.broken] if proof.broken else [str(difference) for difference in proof.differences]
