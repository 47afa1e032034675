"""What the table `kv` must not hold: a key that the list of stored values does not know.

Every world of the engine's tests is searched at its end.
"""

import sqlite3
from contextlib import closing

from oacmail.config import secrets
from oacmail.core.stored_values import FAMILIES
from oacmail.store import ledger
from oacmail.store.connection import FILE
from tests.world import World


def unlisted(world: World) -> list[str]:
    """Keys that belong to no stored value of the list, or to several."""
    file = world.config.office.state / FILE
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as con:
        keys = [row[0] for row in con.execute("SELECT key FROM kv")]
    return [key for key in keys if sum(_belongs(key, name) for name in FAMILIES) != 1]


def _belongs(key: str, name: str) -> bool:
    return key.startswith(name) if name.endswith(":") else key == name


def unrecorded(world: World) -> list[str]:
    """Rows that are not as the ledger says."""
    file = world.config.office.state / FILE
    if not file.exists():
        return []
    with closing(sqlite3.connect(file, isolation_level=None)) as con:
        proof = ledger.prove(con, secrets.tokens(world.config))
    return [proof.broken] if proof.broken else [str(difference) for difference in proof.differences]
