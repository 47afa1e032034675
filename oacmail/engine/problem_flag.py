"""A problem that is recorded and logged when it begins and when it ends, not at each check.

The first check after a start is always recorded, since the database may hold the state of an earlier process.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from oacmail.core.ports.store import Store

log = structlog.get_logger()


@dataclass(slots=True)
class ProblemFlag:
    """`code`: the problem's name in `status`; `begins`: the log event when it begins."""

    store: Store
    code: str
    begins: str = "problem.degraded"
    _last: bool | None = None

    def set(self, unhealthy: bool, now: datetime, error: str | None = None) -> None:
        """`error`: what the log says of the cause. Raises StateError; the next call then tries again."""
        before = self._last
        if before is unhealthy:
            return
        self.store.problem(self.code, unhealthy, now)
        if unhealthy or before:
            log.warning(self.begins if unhealthy else "problem.recovered", problem=self.code, error=error)
        self._last = unhealthy
