"""What the state directory remembers of the processes that ran on it: which kind was the last, and which died.

`status` reads it when no process runs. Nothing here acts on it.
"""

import json
from datetime import datetime, timedelta

from oacmail.core.ports.store import DEATHS, RUNS, Store

DAEMON, ONCE, STOPPED = "daemon", "once", "stopped"
REMEMBERED = timedelta(hours=1)


def begun(store: Store, kind: str, now: datetime) -> None:
    """A process of this kind (DAEMON, ONCE) starts. A daemon before it that did not stop has died."""
    if kind == DAEMON and store.recall(RUNS) == DAEMON:
        earlier = recent(store.recall(DEATHS), now)
        store.remember(DEATHS, json.dumps([at.isoformat() for at in (*earlier, now)]), now)
    store.remember(RUNS, kind, now)


def stopped(store: Store, now: datetime) -> None:
    """The daemon ends as it was asked to."""
    store.remember(RUNS, STOPPED, now)


def recent(text: str | None, now: datetime) -> list[datetime]:
    """The deaths (what DEATHS holds) of the last hour before `now`."""
    times = (datetime.fromisoformat(one) for one in json.loads(text or "[]"))
    return [at for at in times if now - at <= REMEMBERED]
