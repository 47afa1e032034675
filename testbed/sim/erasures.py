"""A citizen has herself forgotten: an administrator erases her, and nothing of her is left in the database.

What a report counts must not change. Her cases that are still open end with it, as `forget --even-open` says; she may
write again, as somebody new. The ground truth forgets her too.
"""

from pathlib import Path
from random import Random

from oacmail.adapters.store.connection import FILE
from oacmail.adapters.store.privacy.traces import wipe
from oacmail.core.errors import Transient
from oacmail.privacy.forget import forget
from testbed.relay import Inbox
from testbed.sim.expected_due import require
from testbed.sim.plan import SimulatedAction
from testbed.sim.population import CITIZENS
from testbed.sim.town import SimulatedTown
from testbed.sim.writing import ActionHandler


def _is_forgotten(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.down or town.clock.skew:
        return ""
    who = rng.choice([citizen.address for citizen in CITIZENS])
    con, now = town.store.con, town.engine.now()
    before, read = town.database.counted(), town.database.message_ids()
    try:
        done = forget(con, town.policy, who, now, by="admin")
        open_ = bool(done.holds)
        if open_:
            done = forget(con, town.policy, who, now, by="admin", even_open=True)
    except Transient:
        return ""
    if not done.found:
        return ""
    wipe(con)
    require(open_ or town.database.counted() == before, "an erasure changes nothing that is counted", lambda: who)
    town.truth.forget(who, read)
    town.relay.inboxes[who] = Inbox()
    town.backup = None  # `restore` would erase her again (oacmail/privacy/restored.py)
    require(not _left(town.config.office.state, who), "nothing of a forgotten person is in the database", lambda: who)
    return f"{who}{', with open cases' if open_ else ''}"


def _left(state: Path, who: str) -> list[str]:
    """The files of the database in which her address still stands. A database that a restore has set aside is one of
    the backups, for which `oacmail forget` has an option."""
    files = [state / (FILE + end) for end in ("", "-wal", "-shm")]
    return [path.name for path in files if path.exists() and who.encode() in path.read_bytes().lower()]


ACTIONS: dict[str, ActionHandler] = {"is forgotten": _is_forgotten}
