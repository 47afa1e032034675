"""Run the nightly jobs, each once after 03:00. A job that a stopped service has missed runs at the next start.

The time of each job's last run is a stored value. A job that never ran counts as done at first, so that a new
installation begins with none. One that fails is tried again after an hour and stops no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from oacmail.core.errors import OacmailError
from oacmail.core.reconciliation import is_since_last_night
from oacmail.engine.ticks import Ticks

log = structlog.get_logger()
NIGHT = "night:"  # before the name of a job: the stored value that says when it was done
AGAIN = timedelta(hours=1)


@dataclass(slots=True)
class NightlyJobs:
    """`jobs`: name to work, in their order. Called by one thread at a time."""

    ticks: Ticks
    jobs: Mapping[str, Callable[[], object]]
    _failed: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """Run the jobs that are due. Raises StateError, Fatal."""
        for name, job in self.jobs.items():
            if self._is_due(name):
                self._do(name, job)

    def _is_due(self, name: str) -> bool:
        engine = self.ticks.engine
        now, done = engine.now(), engine.store.recall(NIGHT + name)
        if done is None:
            engine.store.remember(NIGHT + name, now.isoformat(), now)
            return False
        failed = self._failed.get(name)
        if failed is not None and timedelta(0) <= now - failed < AGAIN:
            return False
        return not is_since_last_night(datetime.fromisoformat(done), now, engine.policy.office.timezone)

    def _do(self, name: str, job: Callable[[], object]) -> None:
        now = self.ticks.engine.now()
        self._failed[name] = now
        try:
            done = self.ticks.job(name, job)
        except OacmailError as error:
            log.warning("night.postponed", job=name, error=str(error))
            return
        if done:
            del self._failed[name]
            self.ticks.engine.store.remember(NIGHT + name, now.isoformat(), now)
