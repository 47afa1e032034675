"""What the erasure of one closed case reads: its own rows, however many other cases the database holds."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oacmail import config as settings
from oacmail import wiring
from oacmail.privacy.retention import Periods, Purged, purge
from oacmail.store.store import SqliteStore
from tests.work import instructions

CLOSED, NOW = "2026-05-04T08:00:00Z", datetime(2027, 6, 1, 8, tzinfo=UTC)
POLICY = wiring.rules(settings.builtin())
PERIODS = Periods(original_days=0, retention_months=12)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path)) as opened:
        yield opened


def _closed_cases(store: SqliteStore, first: int, last: int) -> None:
    """Each with a citizen, a message that refers to two others, and an acknowledgement."""
    for at in range(first, last + 1):
        (person,) = store.con.execute(
            "INSERT INTO people(address) VALUES(?) RETURNING id", (f"person{at}@example.org",)
        ).fetchone()
        store.con.execute(
            """INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
            subject_key, opened_at, touched_at, closed_at) VALUES(?, ?, ?, ?, 'closed', 'request', 'other', 'first',
            'question', 'ca', 'Padró', 'padro', ?, ?, ?)""",
            (at, f"OAC-2026-{at:06}", f"m{at}", person, CLOSED, CLOSED, CLOSED),
        )
        store.con.execute(
            """INSERT INTO messages(id, fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
            subject, subject_key, received_at, lang, fresh, body_hash, rung, folder)
            VALUES(?, ?, ?, ?, ?, 'citizen', 'case', 'request', '', '[]', 'Padró', 'padro', ?, 'ca', '', '', '', '')""",
            (at, f"m{at}", f"<{at}@example.org>", at, person, CLOSED),
        )
        store.con.executemany("INSERT INTO refs VALUES(?, ?)", [(f"<{at}.{one}@example.org>", at) for one in (1, 2)])
        store.con.execute(
            """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, length, state, created_at)
            VALUES(?, ?, ?, 'ack', ?, 'example.org', 1, 'sent', ?)""",
            (f"ack:m{at}", f"<a{at}@example.org>", at, f"person{at}@example.org", CLOSED),
        )


def _instructions_of_a_case(store: SqliteStore, cases: int) -> float:
    """Thousands of SQLite's instructions by which the erasure of all is divided."""
    done: list[Purged] = []
    spent = instructions(store.con, lambda: done.append(purge(store.con, POLICY, PERIODS, NOW, by="admin")))
    assert len(done[0].cases) == cases
    assert store.con.execute("SELECT count(*) FROM refs").fetchone()[0] == 0
    return spent / cases


def test_the_erasure_of_a_case_costs_the_same_beside_a_thousand_others(store: SqliteStore) -> None:
    _closed_cases(store, 1, 100)
    few = _instructions_of_a_case(store, 100)
    _closed_cases(store, 101, 1_100)

    assert few > 0
    assert _instructions_of_a_case(store, 1_000) < 1.5 * few
