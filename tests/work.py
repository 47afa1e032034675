"""How much work something is, counted and not timed: a loaded machine changes no count."""

import sys
from collections.abc import Callable
from types import FrameType

PER_CHARACTER = 60
"""What a hostile text may cost in calls for each of its characters: bounded by its length, not by its square."""


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls in this thread, ours and C's, regular expressions and built-ins among them."""
    count = 0

    def counted(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
