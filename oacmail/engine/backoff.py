"""How a loop handles an outage: the pause between two tries, and one log line at its beginning and its end.

A connection restored at the first retry does not count as an outage. This module does not know what failed.
"""

import random
import threading
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from oacmail.core.errors import StateError, Transient

log = structlog.get_logger()
LONGEST_WAIT = 300.0
LONGEST_NAMED = 1800.0  # a provider asks for up to five minutes, rarely for more
PACE = 60.0  # a server that asks once for so short a pause works: this is no outage yet


@dataclass(slots=True)
class Backoff:
    """No pause, then 1, 2, 4 … 300 s with jitter; after an error with a minimum pause, that pause, then 300 s. A pause
    that the server names is kept each time, up to half an hour; a short one grows to a minute."""

    errors: int = 0
    paused: int = 0

    @property
    def lasts(self) -> bool:
        return self.errors > 1 or self.paused > 0

    def next(self, at_least: float = 0.0, *, named: bool = False) -> float:
        """Return the seconds to wait before the next try, after one more error with the minimum pause `at_least`."""
        self.errors += 1
        doubling = 2.0 ** min(self.errors - 2, 9)
        if named:
            self.paused += at_least > PACE
            return min(LONGEST_NAMED, max(at_least, min(PACE, doubling))) * random.uniform(1.0, 1.05)  # noqa: S311 - jitter
        if at_least:
            self.paused += 1
            return min(LONGEST_WAIT, at_least if self.paused == 1 else LONGEST_WAIT) * random.uniform(1.0, 1.2)  # noqa: S311 - jitter
        if not self.lasts:
            return 0.0
        return min(LONGEST_WAIT, doubling) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


@dataclass(slots=True)
class Outage:
    """An outage of one server in one loop. It is logged again only if it changes, as when a server returns and refuses
    the password."""

    name: str
    kind: str = ""
    _backoff: Backoff = field(default_factory=Backoff)

    @property
    def lasts(self) -> bool:
        return self._backoff.lasts

    def failed(self, error: Transient) -> float:
        """Return the seconds to wait before the next try."""
        pause = self._backoff.next(error.at_least, named=error.named)
        kind = type(error).__name__
        if self.lasts and kind != self.kind:
            event = "still-down" if self.kind else "down"
            log.warning(f"{self.name}.{event}", error=str(error), kind=kind)
            self.kind = kind
        return pause

    def recovered(self) -> bool:
        """Return True if this ends an outage."""
        recovered = self.lasts
        if recovered:
            log.info(f"{self.name}.recovered", errors=self._backoff.errors)
        self._backoff, self.kind = Backoff(), ""
        return recovered


@dataclass(slots=True)
class StateOutage:
    """An outage of the state directory, which affects every loop: it begins with the first loop that it delays, and
    ends when all of these have continued. Thread-safe."""

    _stopped: dict[str, Backoff] = field(default_factory=dict)
    _since: datetime | None = None
    _why: str = ""
    _over: tuple[datetime, str] | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def why(self) -> str:
        """Return the database's reason for the current outage; '' if there is none."""
        return self._why

    def failed(self, loop: str, error: StateError, now: datetime) -> float:
        """Return the seconds that this loop must wait before its next try."""
        with self._guard:
            backoff = self._stopped.setdefault(loop, Backoff())
            pause = backoff.next()
            if backoff.lasts and self._since is None:
                log.error("state.down", error=str(error))
                self._since = now
            if self._since is not None:
                self._why = str(error)
            return pause

    def recovered(self, loop: str) -> None:
        with self._guard:
            if self._stopped.pop(loop, None) is not None and self._since is not None and not self._stopped:
                log.info("state.recovered")
                self._over, self._since, self._why = (self._since, self._why), None, ""

    def take_ended(self) -> tuple[datetime, str] | None:
        """Return (since, reason) of an outage that has ended, once: it can be recorded only now."""
        with self._guard:
            over, self._over = self._over, None
            return over
