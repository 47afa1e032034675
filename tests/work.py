"""How much work something is, counted and not timed: a loaded machine changes no count."""

import sqlite3
from collections.abc import Callable
from cProfile import Profile

PER_CHARACTER = 60
"""What a hostile text may cost in calls for each of its characters: bounded by its length, not by its square."""


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls in this thread, ours and C's, regular expressions and built-ins among them."""
    counted = Profile(subcalls=False)
    counted.runcall(work)
    return sum(entry.callcount for entry in counted.getstats())


def instructions(con: sqlite3.Connection, work: Callable[[], object], *, each: int = 1_000) -> int:
    """How often SQLite's virtual machine carries out `each` instructions on this connection in `work`."""
    counts: list[None] = []
    con.set_progress_handler(lambda: counts.append(None), each)
    work()
    con.set_progress_handler(None, 0)
    return len(counts)
