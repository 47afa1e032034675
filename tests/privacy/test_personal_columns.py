"""No column of the schema is forgotten: each that can hold text is personal, derived from personal data, or free of it.

A new column fails here until oacmail/store/personal.py says which it is, and what becomes of it when a
person is forgotten.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from oacmail.store.personal import DERIVED, ERASED, FREE, ROWS
from oacmail.store.store import SqliteStore

_PLACES = {"erased": ERASED, "rows": ROWS, "derived": DERIVED, "free": FREE}
_NOT_OURS = "_sqlite_migrations"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path)) as opened:
        yield opened


def _columns(store: SqliteStore) -> set[tuple[str, str]]:
    """(table, column) of all that may hold text or bytes."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name <> ?"
    tables = [row["name"] for row in store.con.execute(names, (_NOT_OURS,))]
    return {
        (table, row["name"])
        for table in tables
        for row in store.con.execute(f"PRAGMA table_info({table})")
        if row["type"] not in ("INTEGER", "REAL")
    }


def test_every_column_has_exactly_one_place(store: SqliteStore) -> None:
    places: dict[tuple[str, str], list[str]] = {column: [] for column in _columns(store)}
    for name, tables in _PLACES.items():
        for table, columns in tables.items():
            for column in columns:
                places.setdefault((table, column), []).append(name)
    assert len(places) > 100
    assert {column: found for column, found in places.items() if len(found) != 1} == {}


def test_no_place_names_a_column_that_does_not_exist(store: SqliteStore) -> None:
    listed = {(table, column) for tables in _PLACES.values() for table, columns in tables.items() for column in columns}
    assert listed - _columns(store) == set()


def test_a_new_column_would_be_seen(store: SqliteStore) -> None:
    before = _columns(store)
    store.con.execute("ALTER TABLE cases ADD COLUMN mood TEXT")
    assert _columns(store) - before == {("cases", "mood")}


def test_nothing_but_the_schema_itself_may_change_an_event(store: SqliteStore) -> None:
    triggers = {row["name"] for row in store.con.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert triggers >= {"events_no_update", "events_no_delete"}
