"""How much work something is, counted and not timed: a loaded machine changes no count."""

import sqlite3
import sys
from collections.abc import Callable
from cProfile import Profile
from types import FrameType

PER_CHARACTER = 60
"""What a hostile text may cost in calls for each of its characters: bounded by its length, not by its square."""


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls in this thread, ours and C's, regular expressions and built-ins among them."""
    counted = Profile(subcalls=False)
    counted.runcall(work)
    return sum(entry.callcount for entry in counted.getstats())


def calls_and_characters(work: Callable[[], object]) -> tuple[int, int]:
    """`calls`, and how many characters and bytes of texts the functions that `work` calls are given as arguments, ours
    and the library's Python ones. The same text counts once: what is copied again for each of its pieces shows here,
    however few calls that takes."""
    called = 0
    given: dict[int, object] = {}  # id to the text, which is kept so that no other one gets its id

    def watch(frame: FrameType, event: str, _arg: object) -> None:
        nonlocal called
        called += event in ("call", "c_call")
        code = frame.f_code
        if event == "call" and (arguments := code.co_argcount + code.co_kwonlyargcount):
            local = frame.f_locals
            for name in code.co_varnames[:arguments]:
                if isinstance(one := local.get(name), str | bytes):
                    given[id(one)] = one

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
    return called, sum(len(one) for one in given.values() if isinstance(one, str | bytes))


def instructions(con: sqlite3.Connection, work: Callable[[], object], *, each: int = 1_000) -> int:
    """How often SQLite's virtual machine carries out `each` instructions on this connection in `work`."""
    counts: list[None] = []
    con.set_progress_handler(lambda: counts.append(None), each)
    work()
    con.set_progress_handler(None, 0)
    return len(counts)
