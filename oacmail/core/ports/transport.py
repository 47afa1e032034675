"""The port of the relay: one mail to hand over, and the errors that tell the result. It decides no state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One mail to hand to the relay. `copy_to`: the office's address if a self-copy is wanted, else ''."""

    key: str
    envelope_from: str
    recipient: str
    copy_to: str
    mime: bytes


class Transport(Protocol):
    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Hand one mail over; True = the relay also accepted the office's copy.

        `before_data(copy_accepted)` is called after 354 and before the first byte: it commits `sending`.
        Raises Transient (nothing was handed over, or 4xx), Uncertain (no reply after DATA), Permanent (5xx to this
        mail), RelayError (a refusal before RCPT, which is never about the mail).
        """
        ...

    def close(self) -> None: ...
