"""The store: one SQLite file that holds cases, deadlines, mails and what was seen where."""

from oacmail.store.store import SqliteStore

__all__ = ["SqliteStore"]
