"""A process that dies at a statement of SQL, as by kill -9: what it has not committed is undone at the next opening."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from oacmail.store import ledger


class KilledHere(BaseException):
    """No handler of the program catches it."""


class Dying(sqlite3.Connection):
    """`left`: statements until its process ends."""

    left = 10**9

    def execute(self, *words: Any) -> sqlite3.Cursor:
        self.left -= 1
        if self.left < 0:
            raise KilledHere
        return super().execute(*words)


@contextmanager
def dying(file: Path, keys: Sequence[bytes], most: int) -> Iterator[Dying]:
    """A connection that records in the ledger, and ends after so many statements."""
    with closing(sqlite3.connect(file, isolation_level=None, factory=Dying)) as con:
        con.row_factory = sqlite3.Row
        ledger.record(con, keys)
        con.left = most
        yield con
