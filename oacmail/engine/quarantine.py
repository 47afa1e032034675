"""What becomes of a message that hurts: one try less, and after the last of them it is set aside with its bytes.

A bug of ours, or a server that cannot give a message out, must cost one message a delay, never the service. Decides by
counts alone; nothing is lost: what is set aside is shown in `status` and comes back with `quarantine retry`. What the
server alone could not give out is tried again by itself whenever a folder is compared (at the start, after an outage,
every night).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from oacmail.core.errors import Fatal, Transient
from oacmail.core.ports.mailbox import MessageRef
from oacmail.core.ports.store import UNREADABLE
from oacmail.engine.engine import Engine

log = structlog.get_logger()
TRIES = 3  # where the fault is ours
# Pauses between the tries of a message that the server gives out to nobody while it gives out others.
SPACING = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


@dataclass(slots=True)
class Quarantine:
    """`tries`: with this one. `counted`: `attempt` has taken it off already, since the message was asked for alone."""

    engine: Engine

    def unreadable(self, message_ref: MessageRef, *, tries: int, counted: bool) -> None:
        """It was asked for alone, which uses up a try, also where nothing else was new and it was a batch by itself."""
        self._landed(message_ref, "unreadable", counted=counted)
        log.warning("message.unreadable", folder=message_ref.folder, uid=message_ref.uid, attempt=tries)
        if tries > len(SPACING):
            self.set_aside(message_ref, None, UNREADABLE)
        else:
            self.engine.store.put_off(message_ref, self.engine.now() + SPACING[tries - 1])

    @contextmanager
    def over(self, message_ref: MessageRef, raw: bytes, *, tries: int, counted: bool) -> Iterator[None]:
        """Whatever goes wrong inside is the message's own, unless it is Transient or Fatal."""
        try:
            yield
        except (Transient, Fatal):
            raise
        except Exception as error:
            name = type(error).__name__
            self._landed(message_ref, name, counted=counted)
            log.error("message.failed", folder=message_ref.folder, uid=message_ref.uid, attempt=tries, exc_info=True)
            if tries >= TRIES:
                self.set_aside(message_ref, raw, f"could not be worked: {name}")

    def set_aside(self, message_ref: MessageRef, raw: bytes | None, reason: str) -> None:
        now = self.engine.now()
        self.engine.store.quarantine(message_ref, raw, reason, now)
        self.engine.store.problem("quarantine", True, now)

    def _landed(self, message_ref: MessageRef, error: str, *, counted: bool) -> None:
        """No longer in flight, one try less."""
        if counted:
            self.engine.store.landed(
                message_ref.folder, message_ref.uidvalidity, [message_ref.uid], passing=False, error=error
            )
        else:
            self.engine.store.failed(message_ref, error)
