"""Whether the last canary has come back in time; if not, a command of the admin's own is run beside the alert by mail.

The command is the second route: an alert by mail about mail may never arrive. It is run once when canaries stop coming
back, and once when one does again. It gets no address and no text, only what has happened and since when.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from oacmail.core.canary import ALARMED, BACK, CODE, LAST, SENT, moment_of
from oacmail.engine.engine import Engine

log = structlog.get_logger()
COMMAND = "alert-command"  # the code of the problem


@dataclass(slots=True)
class CanaryWatch:
    """`run`: runs the admin's command with these words; returns why it failed, '' = it did not, or there is none."""

    engine: Engine
    run: Callable[[Sequence[str]], str]
    _since: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.engine.now()

    def look(self) -> None:
        """Raises StateError."""
        policy, store = self.engine.policy, self.engine.store
        last = store.recall(SENT)
        if not policy.canary.enabled or policy.shadow or last is None:
            return
        now, alarmed = self.engine.now(), store.recall(ALARMED) or ""
        back = store.known_at(BACK + last)
        if back is not None:
            self._measured(last, back, now)
        if alarmed and (back is not None or store.known_at(BACK + alarmed) is not None):
            self._tell("up", alarmed, now)
        elif not alarmed and back is None and now - max(moment_of(last), self._since) > policy.canary.limit:
            self._tell("down", last, now)

    def _measured(self, key: str, back: datetime, now: datetime) -> None:
        store = self.engine.store
        if (store.recall(LAST) or "").partition(" ")[0] != key:
            seconds = max(back - moment_of(key), timedelta(0)).total_seconds()
            store.remember(LAST, f"{key} {seconds:.0f}", now)

    def _tell(self, what: str, key: str, now: datetime) -> None:
        store, since = self.engine.store, moment_of(key)
        store.problem(CODE, what == "down", now, since.isoformat() if what == "down" else "")
        store.remember(ALARMED, key if what == "down" else "", now)
        log.warning("canary." + what, since=since.isoformat())
        failed = self.run(("canary", what, since.isoformat()))
        store.problem(COMMAND, bool(failed), now, failed)
