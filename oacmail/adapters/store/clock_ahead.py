"""The latest time that this database holds: later than now, it was written while the clock was ahead.

`oacmail clock` accepts what was written until then; it changes no event. Whether the clock is right, a person says.
"""

import sqlite3
from datetime import datetime

from oacmail.adapters.store import kv
from oacmail.adapters.store.connection import moment, transaction
from oacmail.adapters.store.write_context import remember
from oacmail.core.ports.store import LATEST

_ACCEPTED = "clock_accepted"  # the last event that was written when a person said that the clock is right


def latest(con: sqlite3.Connection) -> datetime | None:
    """Return the latest time that the clock has shown, as the checks of the host and the events since tell it."""
    row = con.execute("SELECT max(at) FROM events WHERE id > ?", (int(kv.value(con, _ACCEPTED) or 0),)).fetchone()
    return max(filter(None, (moment(row[0]), moment(kv.value(con, LATEST)))), default=None)


def accept(con: sqlite3.Connection, now: datetime) -> None:
    """Count only what is written from now on."""
    with transaction(con):
        last = con.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
        remember(con, _ACCEPTED, str(last), now)
        remember(con, LATEST, now.isoformat(), now)
