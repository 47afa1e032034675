"""The mail of the tests' towns: the played town's own, numbered one after the other."""

from email.message import EmailMessage
from itertools import count
from typing import Any

from testbed.sim import compose
from testbed.sim.clock import SimulatedClock
from testbed.sim.compose import as_bytes

__all__ = ["OFFICE", "as_bytes", "message", "report"]
OFFICE = "oac360@castellbisbal.example"
_numbers = count(1)


def message(
    clock: SimulatedClock, sender: str, subject: str, text: str, *, to: str = OFFICE, **rest: Any
) -> EmailMessage:
    """See `testbed.sim.compose.message`."""
    return compose.message(str(next(_numbers)), clock, sender, subject, text, to=to, **rest)


def report(
    clock: SimulatedClock, about: EmailMessage, *, action: str = "failed", status: str = "5.1.1"
) -> EmailMessage:
    """See `testbed.sim.compose.delivery_status`."""
    return compose.delivery_status(str(next(_numbers)), clock, about, to=OFFICE, action=action, status=status)
