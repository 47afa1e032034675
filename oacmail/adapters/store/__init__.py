"""The store: one SQLite file that holds every case, clock, mail and place."""

from oacmail.adapters.store.store import SqliteStore

__all__ = ["SqliteStore"]
