"""Check the host once a tick: free disk space, and a clock that moves forward.

A failed check becomes a problem in `status` and an alert to the operator while it can still be recorded. This module
fixes nothing and stops nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oacmail.core.ports.store import LATEST
from oacmail.engine.engine import Engine
from oacmail.engine.problem_flag import ProblemFlag

SPARE = 100_000_000  # bytes that must be free on the disk of the state directory
SET_BACK = timedelta(minutes=1)
WITHOUT_COPY = timedelta(hours=1)  # how long copies of our mail may be missing
DISK, CLOCK, COPIES = "disk-full", "clock", "self-copies"  # the codes of the problems


def is_set_back(now: datetime, latest: datetime) -> bool:
    """True if the clock has shown a later time before; this ends when it passes that time."""
    return latest - now > SET_BACK


@dataclass(slots=True)
class HostChecks:
    """`free` returns the free bytes on the disk of the state directory."""

    engine: Engine
    free: Callable[[], int]
    _flags: dict[str, ProblemFlag] = field(default_factory=dict)

    def look_at_disk(self) -> None:
        """Raises StateError."""
        self._is(DISK, self.free() < SPARE, self.engine.now())

    def look_at_copies(self) -> None:
        """Check that copies of our mail still return: they prove that it was sent. Raises StateError."""
        policy, now = self.engine.policy, self.engine.now()
        # Without copies the query would read every mail that was ever handed over, at each tick.
        self._is(COPIES, policy.sending.self_copy != "no" and self._are_copies_missing(), now)

    def _are_copies_missing(self) -> bool:
        store = self.engine.store
        missing, read = store.without_copy_since(self.engine.policy.people.staff), store.read_at()
        return bool(missing and read and read - missing >= WITHOUT_COPY)

    def look_at_clock(self) -> None:
        """Raises StateError."""
        now = self.engine.now()
        self._is(CLOCK, self._set_back(now), now)

    def _set_back(self, now: datetime) -> bool:
        known = self.engine.store.recall(LATEST)
        if known is None or now > datetime.fromisoformat(known):
            self.engine.store.remember(LATEST, now.isoformat(), now)
        return known is not None and is_set_back(now, datetime.fromisoformat(known))

    def _is(self, code: str, unhealthy: bool, now: datetime) -> None:
        self._flags.setdefault(code, ProblemFlag(self.engine.store, code)).set(unhealthy, now)
