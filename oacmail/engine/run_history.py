"""Record which processes used the state directory: the kind of the last one, and crashes.

`status` reads it when no process runs. Nothing here acts on it.
"""

import json
from datetime import datetime, timedelta

from oacmail.core.ports.store import CRASHES, RUNS, Store

DAEMON, ONCE, STOPPED = "daemon", "once", "stopped"
REMEMBERED = timedelta(hours=1)


def record_start(store: Store, kind: str, now: datetime) -> None:
    """Record the start of a process of this kind (DAEMON, ONCE). A previous daemon that did not stop has crashed."""
    if kind == DAEMON and store.recall(RUNS) == DAEMON:
        earlier = recent_crashes(store.recall(CRASHES), now)
        store.remember(CRASHES, json.dumps([at.isoformat() for at in (*earlier, now)]), now)
    store.remember(RUNS, kind, now)


def record_stop(store: Store, now: datetime) -> None:
    """Record that the daemon stopped as requested."""
    store.remember(RUNS, STOPPED, now)


def recent_crashes(text: str | None, now: datetime) -> list[datetime]:
    """Return the crashes (the content of CRASHES) of the last hour before `now`."""
    times = (datetime.fromisoformat(one) for one in json.loads(text or "[]"))
    return [at for at in times if now - at <= REMEMBERED]
