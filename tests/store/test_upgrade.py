"""The database of every earlier schema is upgraded with its rows, and a copy from before is kept."""

import re
import sqlite3
from contextlib import closing
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from sqlite_utils import Database

from oacmail.core.errors import ConfigError
from oacmail.store import connection, erase, ledger
from oacmail.store.connection import FILE, connect, known_steps, migrations, schema
from oacmail.store.store import SqliteStore

STEPS = known_steps()
KEPT = f"{FILE}.before-{STEPS[-1][:5]}"
# What no later version may change: the schema after each step, as in the versions that have shipped it.
SHIPPED = {
    "m0001_first_schema": "bb060ebd4dbf0140",
    "m0002_mails_beside_the_outbox": "1cac6d07fa185f78",
    "m0003_spaced_tries": "64a01260a84e0a53",
    "m0004_budgets_of_warnings_and_notices": "ca16f57c1785eb96",
    "m0005_tick_failures": "7d6e6b83607e6bb7",
    "m0006_identities_of_the_baseline": "96d796b6cce646be",
    "m0007_board": "95dd0d4c6fa04b48",
    "m0008_outcomes_of_derived_cases": "a1c3d13fb62f453a",
    "m0009_reports": "17c6537288ab9138",
    "m0010_erasure": "2fd702a8a8e8eec1",
    "m0011_drafts": "e0c2310c2fe73358",
    "m0012_votes": "a7e816ffe73dc56b",
    "m0013_live_board": "519211a98ff969c3",
    "m0014_refs_by_message": "c5b32f841251aa8c",
    "m0015_kv_reserved": "9127cd20e05c1d8a",
    "m0016_mailboxes": "c955badc6cd54067",
    "m0017_junk_read_anew": "c955badc6cd54067",
    "m0018_ends_hour": "55f4186d3f59b198",
    "m0019_call_hours": "fd3ff21776b1c2bd",
    "m0020_digest_indexes": "7fb60e125740edb4",
    "m0021_domains": "fb2908122bdc9b4d",
    "m0022_words_of_the_field": "12c95a87d4e4cb63",
    "m0023_words_without_lists": "d0024f77e8c88c2f",
    "m0024_ledger": "22d6984056f3c97e",
    "m0025_no_urgent_column": "def948b9a7b27c5b",
    "m0026_ledger_by_row": "9529919d82ffd415",
    "m0027_nothing_unread": "a516d478cc64ca28",
    "m0028_what_is_live": "4090fbe15d892bde",
    "m0029_mail_of_staff": "aba3f01dcb0eeaef",
    "m0030_queued_until_sending": "8e85d0ad4f25f344",
    "m0031_numbered_deadlines": "b47908490e61bc26",
    "m0032_refused_lately": "75ee4e8fa5f276fe",
    "m0033_calls_to_come": "349d87a0e81548bc",
    "m0034_ledger_of_changes": "bd569c330c0a2d86",
    "m0035_originals_by_time": "1b79d6315c038bd2",
    "m0036_sealed_mails": "ba971efdddfd3233",
}
_WHEN = "2026-11-25T08:00:00Z"
_RENAMED = {
    "told": "acknowledged",
    "which": "unplaced",
    "writer": "forwarded-by",
    "asked": "forwarded-to",
    "button": "used-token",
}
"""Prefixes of stored values, in the first version and now."""
_ROWS = (
    "INSERT INTO people(id, address) VALUES(1, 'anna@example.org')",
    f"""INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
      subject_key, opened_at, touched_at) VALUES(1, 'OAC-2026-000001', 'f', 1, 'open', 'request', 'other', 'first',
      'question', 'ca', 'Padró', 'padro', '{_WHEN}', '{_WHEN}')""",
    f"""INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, mime, length, state, created_at)
      VALUES('ack:f', '<1@example.org>', 1, 'ack', 'anna@example.org', 'example.org', x'4f6c64', 3, 'queued',
      '{_WHEN}')""",
    f"""INSERT INTO deadlines(armed_by, kind, case_id, armed_at, due_at, void_at)
      VALUES('f', 'answer', 1, '{_WHEN}', '2026-11-27T08:00:00Z', '2026-11-26T08:00:00Z')""",
    f"INSERT INTO kv(key, value, at) VALUES('deaths', '[]', '{_WHEN}')",
    *(f"INSERT INTO kv(key, value, at) VALUES('{name}:x', '{name}', '{_WHEN}')" for name in _RENAMED),
    f"INSERT INTO events(at, case_id, kind, data) VALUES('{_WHEN}', 1, 'opened', '{{}}')",
)


def _memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


@cache
def _stages() -> dict[str, bytes]:
    """Step -> a database of the version whose newest step it was, with a case that began in the first version."""
    found = {}
    with closing(_memory()) as con:
        for name, following in zip(STEPS, (*STEPS[1:], None), strict=True):
            migrations().apply(Database(con), stop_before=following)
            for row in _ROWS if name == STEPS[0] else ():
                con.execute(row)
            found[name] = con.serialize()
    return found


def _old(state: Path, step: str) -> Path:
    file = state / FILE
    file.touch(0o600)
    file.write_bytes(_stages()[step])
    return file


def _schema(con: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = con.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
    return [(row[0], row[1]) for row in rows]


def _tables(state: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in state.iterdir()}


@pytest.mark.parametrize("step", STEPS[:-1])
def test_every_earlier_schema_comes_to_the_newest_with_its_rows_and_a_copy_kept(step: str, tmp_path: Path) -> None:
    before = _old(tmp_path, step).read_bytes()
    with closing(SqliteStore(tmp_path)) as store, closing(_memory()) as newest:
        newest.deserialize(_stages()[STEPS[-1]])
        assert _schema(store.con) == _schema(newest)
        assert store.con.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        kept = store.con.execute("""SELECT number, address, mime, events.kind FROM cases JOIN people ON citizen_id =
          people.id JOIN outbox ON outbox.case_id = cases.id JOIN mails USING(id) JOIN events USING(case_id)""")
        assert [tuple(row) for row in kept] == [("OAC-2026-000001", "anna@example.org", b"Old", "opened")]
        deadlines = store.con.execute("SELECT started_by, kind, started_at, withdrawn_at FROM deadlines")
        assert [tuple(row) for row in deadlines] == [("f", "answer", _WHEN, "2026-11-26T08:00:00Z")]
        stored = dict(store.con.execute("SELECT key, value FROM kv").fetchall())
        assert stored == {"crashes": "[]"} | {f"{now}:x": name for name, now in _RENAMED.items()}
    copy = tmp_path / KEPT
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as old, closing(_memory()) as was:
        was.deserialize(before)
        assert list(old.iterdump()) == list(was.iterdump())


def _proof(state: Path, keys: list[bytes]) -> tuple[str, list[str]]:
    with closing(connect(state / FILE)) as con:
        proof = ledger.prove(con, keys)
        return proof.broken, [f"{one.where} {one.detail}" for one in proof.differences]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT 1", []),
        (
            "UPDATE deadlines SET due_at = '2027-01-01T08:00:00Z'",
            ['OAC-2026-000001 deadlines: due_at: "2026-11-27T08:00:00Z" -> "2027-01-01T08:00:00Z"'],
        ),
        ("DELETE FROM deadlines", ["OAC-2026-000001 deadlines: missing"]),
        (
            "INSERT INTO votes(message, case_id, score, signed, at) VALUES('1f', 1, 5, 1, '2026')",
            ["OAC-2026-000001 votes: unknown"],
        ),
        ("DROP INDEX deadlines_live", ["schema index deadlines_live: missing"]),
        ("CREATE VIEW mine AS SELECT 1", ["schema view mine: unknown"]),
    ],
)
def test_what_a_hand_has_changed_is_named_after_an_upgrade_as_before(
    tmp_path: Path, statement: str, named: list[str]
) -> None:
    keys = [b"a key of thirty-two bytes or more"]
    with closing(connect(_old(tmp_path, STEPS[-2]))) as con:
        ledger.begin(con, keys)
        con.execute(statement)
    assert _proof(tmp_path, keys) == ("", named)
    SqliteStore(tmp_path, keys).close()
    assert _proof(tmp_path, keys) == ("", named)


@pytest.mark.parametrize(
    ("statement", "keys", "broken"),
    [
        ("UPDATE ledger_rows SET image = replace(image, 'open', 'closed')", [b"key"], "schema"),
        ("DELETE FROM ledger_snapshot", [b"key"], "none"),
        ("SELECT 1", [], "schema"),
    ],
)
def test_a_ledger_that_proves_nothing_or_whose_key_is_missing_does_not_begin_again_with_an_upgrade(
    tmp_path: Path, statement: str, keys: list[bytes], broken: str
) -> None:
    with closing(connect(_old(tmp_path, STEPS[-2]))) as con:
        ledger.begin(con, [b"key"])
        con.execute(statement)
    SqliteStore(tmp_path, keys).close()
    with closing(SqliteStore(tmp_path, [b"key"])) as store:
        store.record([b"key"])
    assert _proof(tmp_path, [b"key"])[0] == broken


def test_an_upgrade_that_ends_before_the_ledger_has_begun_is_done_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [b"a key of thirty-two bytes or more"]
    with closing(connect(_old(tmp_path, STEPS[-3]))) as con:
        ledger.begin(con, keys)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "begin", dies)
        with pytest.raises(KeyboardInterrupt):
            SqliteStore(tmp_path, keys)
    SqliteStore(tmp_path, keys).close()
    assert _proof(tmp_path, keys) == ("", [])


def test_a_ledger_begins_with_the_step_that_brings_it(tmp_path: Path) -> None:
    _old(tmp_path, "m0023_words_without_lists")
    SqliteStore(tmp_path, [b"key"]).close()
    assert _proof(tmp_path, [b"key"]) == ("", [])


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_has_shipped_is_never_changed(step: str) -> None:
    with closing(_memory()) as con:
        con.deserialize(_stages()[step])
        assert sha256(repr(_schema(con)).encode()).hexdigest()[:16] == SHIPPED[step]


def test_a_new_database_and_one_that_is_up_to_date_leave_no_copy(tmp_path: Path) -> None:
    for _ in range(2):
        SqliteStore(tmp_path).close()
    assert list(tmp_path.glob("*.before-*")) == []


def test_an_upgrade_that_was_interrupted_keeps_the_copy_from_before_its_first_step(tmp_path: Path) -> None:
    with closing(connect(_old(tmp_path, STEPS[0]))) as con:
        connection.keep_copy(con, tmp_path)
        migrations().apply(Database(con), stop_before=STEPS[3])
    SqliteStore(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / KEPT)) as copy:
        assert schema(copy)[0] == [STEPS[0]]


def test_a_second_upgrade_after_a_return_to_the_old_version_copies_again(tmp_path: Path) -> None:
    for number in ("OAC-2026-000001", "OAC-2026-000099"):
        with closing(connect(_old(tmp_path, STEPS[2]))) as con:
            con.execute("UPDATE cases SET number = ?", (number,))
        SqliteStore(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / KEPT)) as copy:
        assert copy.execute("SELECT number FROM cases").fetchall() == [("OAC-2026-000099",)]


def test_the_next_upgrade_removes_the_copy_of_the_one_before(tmp_path: Path) -> None:
    _old(tmp_path, STEPS[-2])
    (tmp_path / f"{FILE}.before-m0002").touch()
    (tmp_path / f"{FILE}.before-restore").touch()
    SqliteStore(tmp_path).close()
    assert sorted(path.name for path in tmp_path.glob("*.before-*")) == [KEPT, f"{FILE}.before-restore"]


def test_a_person_who_is_forgotten_is_also_looked_for_in_the_copy(tmp_path: Path) -> None:
    _old(tmp_path, STEPS[0])
    SqliteStore(tmp_path).close()
    assert [one.path.name for one in erase.set_aside_databases(tmp_path)] == [KEPT]


def test_a_rehearsal_tries_every_pending_step_and_leaves_the_folder_as_it_is(tmp_path: Path) -> None:
    _old(tmp_path, STEPS[0])
    before = _tables(tmp_path)
    trial = connection.rehearse(tmp_path)
    assert [name for name, _ in trial.steps] == list(STEPS[1:])
    assert trial.faults == ()
    assert trial.most >= trial.size > 0
    assert _tables(tmp_path) == before


def test_a_rehearsal_beside_a_writer_reads_its_log_and_changes_no_byte_of_it(tmp_path: Path) -> None:
    with closing(connect(_old(tmp_path, STEPS[0]))) as con:
        con.execute("INSERT INTO events(at, case_id, kind) VALUES('2026', 1, 'note')")
        before = _tables(tmp_path)
        assert len(connection.rehearse(tmp_path).steps) == len(STEPS) - 1
        assert {name: text for name, text in _tables(tmp_path).items() if not name.endswith("-shm")} == {
            name: text for name, text in before.items() if not name.endswith("-shm")
        }


def test_a_rehearsal_tells_of_a_row_that_points_to_nothing(tmp_path: Path) -> None:
    with closing(sqlite3.connect(_old(tmp_path, STEPS[0]))) as con:
        con.execute("UPDATE cases SET citizen_id = 7")
        con.commit()
    (fault,) = connection.rehearse(tmp_path).faults
    assert fault == "cases: a row points to a row of people that does not exist"


def test_a_database_of_a_newer_version_is_not_rehearsed(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as con:
        con.execute("INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES('oacmail', 'm9999', '')")
        con.commit()
    with pytest.raises(ConfigError, match="newer than this program"):
        connection.rehearse(tmp_path)


def test_the_page_on_upgrades_names_the_copy_of_this_version() -> None:
    page = (Path(__file__).parents[2] / "docs/upgrade.md").read_text("utf-8")
    assert set(re.findall(rf"{FILE}.before-m\d+", page)) == {KEPT}
