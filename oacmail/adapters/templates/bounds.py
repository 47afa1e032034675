"""Limits in time and size for the town's own templates, which are untrusted programs.

Jinja2 compiles a template to Python; a trace function sees each of its lines and stops it when its time is over, in any
thread. An operation whose result would be too large is refused beforehand. Raises OutOfBoundsError.
"""

import sys
import time
from collections.abc import Iterable
from itertools import count
from types import FrameType
from typing import Any

from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 2.0  # processor time for one part of a mail; a shipped template takes milliseconds
LARGEST = 200_000  # characters of one part
_MOST_DIGITS = 100  # of an exponent
_LINES = 100  # between two looks at the clock: this thread's clock is a system call, slower than the line itself


class OutOfBoundsError(Exception):
    """The template runs too long or produces too much."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox whose operators cannot produce large values."""

    intercepted_binops = frozenset(("*", "**"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not (isinstance(right, int) and abs(right) <= _MOST_DIGITS):
            raise OutOfBoundsError(f"{operator} makes too large a number")
        for one, times in ((left, right), (right, left)):
            if isinstance(times, int) and hasattr(one, "__len__") and len(one) * times > LARGEST:
                raise OutOfBoundsError(f"{operator} makes more than {LARGEST} characters")
        return super().call_binop(context, operator, left, right)


def joined(pieces: Iterable[str], *, seconds: float | None = None) -> str:
    """Join the pieces of a template's output within the limits.

    `seconds` of this thread's processor time, None = SECONDS: a machine that is busy or suspended makes no template
    longer.
    """
    seconds = SECONDS if seconds is None else seconds
    end, before, lines = time.thread_time() + seconds, sys.gettrace(), count(1)

    def trace(_frame: FrameType, _event: str, _arg: object) -> Any:
        if next(lines) % _LINES == 0 and time.thread_time() > end:
            raise OutOfBoundsError(f"it runs for more than {seconds:g} seconds: look for a loop without an end")
        return trace

    made: list[str] = []
    size = 0
    sys.settrace(trace)
    try:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise OutOfBoundsError(f"it makes more than {LARGEST} characters: look for a loop without an end")
            made.append(piece)
    finally:
        sys.settrace(before)
    return "".join(made)
