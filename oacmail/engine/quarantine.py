"""Handle a message that fails: each failure uses one try, and after the last it is set aside with its bytes.

A bug, or a message that a server cannot deliver, must delay one message and never stop the service. Counts alone
decide, and nothing is lost: `status` shows what is set aside and `quarantine retry` brings it back. A message that only
the server could not deliver is retried whenever a folder is compared (at the start, after an outage, every night).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from oacmail.core.errors import Fatal, Transient
from oacmail.core.model import MessageRef
from oacmail.core.ports.store import UNREADABLE
from oacmail.engine.engine import Engine

log = structlog.get_logger()
TRIES = 3  # if the fault is ours
# Pauses between the tries of a message that the server does not deliver while it delivers others.
SPACING = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


@dataclass(slots=True)
class Quarantine:
    """`tries` includes the current one. `counted`: `attempt` has counted it already, since the message was requested
    alone."""

    engine: Engine

    def unreadable(self, message_ref: MessageRef, *, tries: int, counted: bool) -> None:
        """Record a failed request for it alone, which uses a try, even if it was a batch of one."""
        self._record_failure(message_ref, "unreadable", counted=counted)
        log.warning("message.unreadable", folder=message_ref.folder, uid=message_ref.uid, attempt=tries)
        if tries > len(SPACING):
            self.set_aside(message_ref, None, UNREADABLE)
        else:
            self.engine.store.put_off(message_ref, self.engine.now() + SPACING[tries - 1])

    @contextmanager
    def guard(self, message_ref: MessageRef, raw: bytes, *, tries: int, counted: bool) -> Iterator[None]:
        """Treat any exception inside as the message's own fault, unless it is Transient or Fatal."""
        try:
            yield
        except (Transient, Fatal):
            raise
        except Exception as error:
            name = type(error).__name__
            self._record_failure(message_ref, name, counted=counted)
            log.error("message.failed", folder=message_ref.folder, uid=message_ref.uid, attempt=tries, exc_info=True)
            if tries >= TRIES:
                self.set_aside(message_ref, raw, f"could not be processed: {name}")

    def set_aside(self, message_ref: MessageRef, raw: bytes | None, reason: str) -> None:
        now = self.engine.now()
        self.engine.store.quarantine(message_ref, raw, reason, now)
        self.engine.store.problem("quarantine", True, now)

    def _record_failure(self, message_ref: MessageRef, error: str, *, counted: bool) -> None:
        """Record that it is no longer in flight and has one try less."""
        if counted:
            self.engine.store.attempt_ended(
                message_ref.folder, message_ref.uidvalidity, [message_ref.uid], passing=False, error=error
            )
        else:
            self.engine.store.count_failure(message_ref, error)
