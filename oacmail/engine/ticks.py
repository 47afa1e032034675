"""`Ticks`: everything that is due, in one decision; if that raises, item by item. The nightly jobs run once after
03:00.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from oacmail.core.effects import Tick, TickItem
from oacmail.core.errors import Fatal, OacmailError, Transient
from oacmail.core.reconciliation import is_since_last_night
from oacmail.core.stored_values import NIGHT_JOB
from oacmail.engine.engine import Engine

# --- Ticks -----------------------------------------------------------------------------------------------------------
# An item that raises would otherwise stop every deadline of the office: it is postponed for an hour, `status` names it
# (`tick-failed`), and the operator gets one alert.

log = structlog.get_logger()
PUT_OFF = timedelta(hours=1)


@dataclass(slots=True)
class Ticks:
    engine: Engine

    def tick(self) -> None:
        """Raises Transient or Fatal of the store. Items that raise anything else are postponed."""
        engine = self.engine
        if not self._batch():
            # Each item is tried alone and undone, so that the others are still processed together: one list for the
            # supervisor, not fifty mails.
            self._each(engine.rehearse)
            if not self._batch():  # they raise only in combination
                self._each(engine.perform)
        engine.store.tick_completed(engine.policy, engine.now())

    def job(self, name: str, work: Callable[[], object]) -> bool:
        """Run a job other than deadlines, isolated in the same way; return whether it was done. Raises Transient or
        Fatal."""
        item = TickItem(kind="job", key=name)
        if self.engine.store.is_put_off(item, self.engine.now()):
            return False
        done = self._isolated(item, work)
        if done:
            self.engine.store.succeeded(item, self.engine.now())
        return done

    def _batch(self) -> bool:
        try:
            self.engine.perform(Tick())
        except (Transient, Fatal):
            raise
        except Exception:
            log.error("tick.batch-failed", exc_info=True)
            return False
        return True

    def _each(self, do: Callable[[Tick], object]) -> None:
        for item in self.engine.store.tick_items(self.engine.policy, self.engine.now()):
            self._isolated(item, partial(do, Tick(only=item)))

    def _isolated(self, item: TickItem, work: Callable[[], object]) -> bool:
        try:
            work()
        except (Transient, Fatal):
            raise
        except Exception as error:
            now = self.engine.now()
            log.error("tick.failed", job=item.kind, case=item.case, exc_info=True)
            self.engine.store.tick_failed(item, type(error).__name__, until=now + PUT_OFF, now=now)
            return False
        return True


# --- Nightly jobs ----------------------------------------------------------------------------------------------------
# A job that a stopped service has missed runs at the next start; one that fails is tried again after an hour and stops
# no other. A job that never ran counts as done at first, so that a new installation begins with none.

AGAIN = timedelta(hours=1)


@dataclass(slots=True)
class NightlyJobs:
    """`jobs`: name to work, in their order. Called by one thread at a time."""

    ticks: Ticks
    jobs: Mapping[str, Callable[[], object]]
    _failed: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """Run the jobs that are due. Raises StateError, Fatal."""
        engine = self.ticks.engine
        store, zone = engine.store, engine.policy.office.timezone
        for name, job in self.jobs.items():
            now, done = engine.now(), store.recall(NIGHT_JOB + name)
            if done is None:
                store.remember(NIGHT_JOB + name, now.isoformat(), now)
                continue
            failed = self._failed.get(name)
            waits = failed is not None and timedelta(0) <= now - failed < AGAIN
            if waits or is_since_last_night(datetime.fromisoformat(done), now, zone):
                continue
            self._failed[name] = now
            try:
                succeeded = self.ticks.job(name, job)
            except OacmailError as error:
                log.warning("night.postponed", job=name, error=str(error))
                continue
            if succeeded:
                del self._failed[name]
                store.remember(NIGHT_JOB + name, now.isoformat(), now)
