"""Waiting for a condition with a deadline. The one place of the tests that lets time pass."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 4
"""A deadline is what a machine of one's own needs, with room; a shared one is given so many times more."""


def until(
    predicate: Callable[[], T],
    seconds: float = 10.0,
    *,
    every: float = 0.0,
    what: str | Callable[[], str] = "",
    patience: float = PATIENCE,
) -> T:
    """The first truthy value of `predicate`, asked again after `every` seconds, or after twice as long as the answer
    took; AssertionError when it took too long. Without `every` it is asked each 10 ms at first, and each 50 after a
    second: who waits takes little from those that compute.

    `what` names the condition; a function is asked at the end, and can show the logs as they are then. `patience` 1:
    the deadline is a choice of the caller's, who goes on without.
    """
    pause, seconds = threading.Event(), seconds * patience
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        if value := predicate():
            return value
        answered = time.monotonic()
        waited = answered - began
        if waited > seconds:
            named = what() if callable(what) else what or getattr(predicate, "__name__", "condition")
            raise AssertionError(f"{named}: not within {seconds} s")
        pause.wait(max(every or min(max(0.01, waited / 20), 0.05), 2 * (answered - asked)))


def next_second() -> None:
    """Until the wall clock shows another second, for what is told apart by dates of whole seconds."""
    now = int(time.time())
    until(lambda: int(time.time()) > now)
