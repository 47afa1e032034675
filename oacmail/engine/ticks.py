"""`Ticks`: everything that is due, in one decision; if that raises, item by item.

One item must never stop the others: a case that raises would otherwise stop every deadline of the office. The item is
postponed for an hour, `status` names it (`tick-failed`), and the operator gets one alert. Nothing here decides what is
due.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from oacmail.core.effects import Tick, TickItem
from oacmail.core.errors import Fatal, Transient
from oacmail.engine.engine import Engine

log = structlog.get_logger()
PUT_OFF = timedelta(hours=1)


@dataclass(slots=True)
class Ticks:
    engine: Engine

    def tick(self) -> None:
        """Raises Transient or Fatal of the store. Items that raise anything else are postponed."""
        engine = self.engine
        if not self._batch():
            self._put_off_what_raises()
            if not self._batch():  # they raise only in combination
                self._one_by_one()
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

    def _put_off_what_raises(self) -> None:
        """Try each item alone and undo it, so that the remaining items are still processed together: one list for the
        supervisor, not fifty mails."""
        for item in self._items():
            self._isolated(item, lambda item=item: self.engine.rehearse(Tick(only=item)))  # type: ignore[misc]

    def _one_by_one(self) -> None:
        for item in self._items():
            self._isolated(item, lambda item=item: self.engine.perform(Tick(only=item)))  # type: ignore[misc]

    def _items(self) -> list[TickItem]:
        return self.engine.store.tick_items(self.engine.policy, self.engine.now())

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
