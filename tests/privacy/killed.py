"""A process that dies at a statement of SQL, as by kill -9: what it has not committed is undone at the next opening."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from oacmail.store import ledger


class KilledHere(BaseException):
    """No handler of the program catches it."""


class Dying(sqlite3.Connection):
    """`left`: statements until its process ends."""

    left = 10**9

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self.begun: WeakSet[sqlite3.Cursor] = WeakSet()

    def execute(self, *words: Any) -> sqlite3.Cursor:
        self.left -= 1
        if self.left < 0:
            raise KilledHere
        cursor = super().execute(*words)
        self.begun.add(cursor)
        return cursor


@contextmanager
def dying(file: Path, keys: Sequence[bytes], most: int) -> Iterator[Dying]:
    """A connection that records in the ledger, and ends after so many statements."""
    with closing(sqlite3.connect(file, isolation_level=None, factory=Dying)) as con:
        con.row_factory = sqlite3.Row
        ledger.record(con, keys)
        con.left = most
        try:
            yield con
        finally:  # a process takes them along: here the traceback holds statements half read, and with them their locks
            for cursor in list(con.begun):
                cursor.close()
