"""One mail to the relay: what the engine hands over, and the errors that tell what became of it. Decides no state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One mail to hand to the relay. `copy_to` is the office's address when a self-copy is wanted, else ''."""

    key: str
    envelope_from: str
    recipient: str
    copy_to: str
    mime: bytes


class Transport(Protocol):
    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Hand one mail over; True = the relay also took the office's copy.

        `before_data(copy_accepted)` is called after 354 and before the first byte: it commits `sending`.
        Raises Transient (nothing was handed over, or 4xx), Uncertain (no answer after DATA), Permanent
        (5xx to this mail). A refusal before RCPT is the relay's trouble: always Transient.
        """
        ...

    def close(self) -> None: ...
