"""The mail of the tests' towns: the played town's own, numbered one after the other."""

from email.message import EmailMessage
from itertools import count
from typing import Any

from oacmail.sim import post
from oacmail.sim.clock import PlayedClock
from oacmail.sim.post import as_bytes

__all__ = ["OFFICE", "as_bytes", "message", "report"]
OFFICE = "oac360@castellbisbal.example"
_numbers = count(1)


def message(clock: PlayedClock, sender: str, subject: str, text: str, *, to: str = OFFICE, **rest: Any) -> EmailMessage:
    """See `oacmail.sim.post.letter`."""
    return post.message(str(next(_numbers)), clock, sender, subject, text, to=to, **rest)


def report(clock: PlayedClock, about: EmailMessage, *, action: str = "failed", status: str = "5.1.1") -> EmailMessage:
    """See `oacmail.sim.post.report`."""
    return post.report(str(next(_numbers)), clock, about, to=OFFICE, action=action, status=status)
