"""How much work something is, counted and not timed: a loaded machine changes no count."""

from collections.abc import Callable
from cProfile import Profile

PER_CHARACTER = 60
"""What a hostile text may cost in calls for each of its characters: bounded by its length, not by its square."""


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls in this thread, ours and C's, regular expressions and built-ins among them."""
    counted = Profile(subcalls=False)
    counted.runcall(work)
    return sum(entry.callcount for entry in counted.getstats())
