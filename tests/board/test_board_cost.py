"""What a pass over the board reads: messages of live cases, whatever lies in the folder of closed ones."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oacmail.store.store import SqliteStore
from tests.work import instructions

LONG_AGO, NOW = "2026-05-04T08:00:00Z", "2026-11-25T08:00:00Z"
SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)
CLOSED = 3_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path)) as opened:
        opened.con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
        yield opened


def _case(store: SqliteStore, at: int, *, closed_at: str | None = None, flagged: bool = False) -> None:
    status, name = "closed" if closed_at else "open", f"m{at}"
    opened = closed_at or NOW
    store.con.execute(
        """INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
        subject_key, opened_at, touched_at, closed_at) VALUES(?, ?, ?, 1, ?, 'request', 'other', 'first', 'question',
        'ca', 'Padró', 'padro', ?, ?, ?)""",
        (at, f"OAC-2026-{at:06}", name, status, opened, opened, closed_at),
    )
    store.con.execute(
        """INSERT INTO messages(fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
        subject, subject_key, received_at, lang, fresh, body_hash, rung, folder)
        VALUES(?, ?, ?, 1, 'citizen', 'case', 'request', '', '[]', 'Padró', 'padro', ?, 'ca', '', '', '', 'F')""",
        (name, f"<{at}@example.org>", at, opened),
    )
    store.con.execute("INSERT INTO board_places VALUES('F', 1, ?, ?, ?, 2)", (at, name, opened))
    store.con.execute(
        """INSERT INTO board_messages(fingerprint, folder, uidvalidity, uid, internal_date, flagged, unsettled)
        VALUES(?, 'F', 1, ?, ?, ?, 0)""",
        (name, at, opened, flagged),
    )


def _instructions(store: SqliteStore) -> int:
    """Thousands of SQLite's instructions of one look at what may have to be moved."""
    return instructions(store.con, lambda: store.board_placed(SINCE))


def test_a_pass_looks_at_live_lately_closed_and_flagged_messages_and_at_all_when_asked(store: SqliteStore) -> None:
    _case(store, 1)
    _case(store, 2, closed_at=NOW)
    _case(store, 3, closed_at=LONG_AGO)
    _case(store, 4, closed_at=LONG_AGO, flagged=True)

    assert {one.message for one in store.board_placed(SINCE)} == {"m1", "m2", "m4"}
    assert {one.message for one in store.board_placed(None)} == {"m1", "m2", "m3", "m4"}


def test_a_pass_costs_the_same_however_many_cases_are_closed(store: SqliteStore) -> None:
    for at in range(1, 101):
        _case(store, at)
    before = _instructions(store)
    for at in range(101, 101 + CLOSED):
        _case(store, at, closed_at=LONG_AGO)

    assert before > 0
    assert _instructions(store) <= before + 1
