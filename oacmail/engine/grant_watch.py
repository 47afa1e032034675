"""Who is told that the provider gives no tokens any more, and that it gives them again.

The relay may need the same grant, so that the alert by mail waits with all other mail: the admin's own command is the
second route. It is run once when the problem begins and once when it ends; then the operator gets a note by mail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from oacmail.engine.canary import COMMAND
from oacmail.engine.engine import Engine

log = structlog.get_logger()
OAUTH, RECOVERED = "oauth", "oauth-recovered"  # the codes of the problems
TOLD = "oauth-told"  # recorded: since when the problem lasts of which the command has told


@dataclass(slots=True)
class GrantWatch:
    """`run`: as for the canary's watch; `since`: since when the problem is recorded, None = it is not.

    The first look also ends what an earlier process has recorded.
    """

    engine: Engine
    run: Callable[[Sequence[str]], str]
    since: Callable[[], datetime | None]
    _recovered: bool = True

    def look(self) -> None:
        """To be called after each tick, which sends the alerts. Raises StateError."""
        store, now = self.engine.store, self.engine.now()
        since, told = self.since(), store.recall(TOLD) or ""
        if self._recovered:  # the tick has told of it
            store.problem(RECOVERED, False, now)
            self._recovered = False
        if since is not None and not told:
            self._tell("down", since, now)
            store.remember(TOLD, since.isoformat(), now)
        elif since is None and told:
            self._tell("up", datetime.fromisoformat(told), now)
            store.problem(RECOVERED, True, datetime.fromisoformat(told))
            self._recovered = True
            store.remember(TOLD, "", now)

    def _tell(self, what: str, since: datetime, now: datetime) -> None:
        log.warning("oauth." + what, since=since.isoformat())
        if failed := self.run((OAUTH, what, since.isoformat())):
            self.engine.store.problem(COMMAND, True, now, failed)
