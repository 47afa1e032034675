"""What the parts of `SqliteStore` have in common: its connection, and its two kinds of transactions."""

import sqlite3
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager


class Rows(ABC):
    """The methods of `SqliteStore` for one group of tables."""

    con: sqlite3.Connection

    @abstractmethod
    def _write(self) -> AbstractContextManager[None]:
        """One transaction, by one thread at a time."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[None]:
        """Queries, by one thread at a time."""
