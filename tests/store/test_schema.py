"""A database of an earlier version is migrated and loses no queued mail."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from oacmail.core.errors import ConfigError
from oacmail.core.view import CaseColumns
from oacmail.store.connection import FILE, LOCK, connect, known_steps, migrations
from oacmail.store.store import SqliteStore

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
_QUEUED = """INSERT INTO outbox(key, message_id, kind, recipient, domain, mime, bare, bare_id, length, state, next_at,
  created_at) VALUES('ack:1', '<1@example.org>', 'ack', 'anna@example.org', 'example.org', x'4f6c64', x'42617265',
  '<2@example.org>', 3, 'queued', '2026-11-25T08:00:00Z', '2026-11-25T08:00:00Z')"""

_NOTE, _IMPORTED = '{"by": "marta", "text": "Ha trucat"}', '{"domain": "annapuig.example"}'


def test_a_mail_that_waits_in_the_outbox_of_the_first_version_leaves_as_it_was_frozen(tmp_path: Path) -> None:
    con = connect(tmp_path / FILE)
    migrations().apply(Database(con), stop_before="m0002_mails_beside_the_outbox")
    con.execute(_QUEUED)
    con.close()
    store = SqliteStore(tmp_path)
    try:
        assert [(mail.key, mail.mime) for mail in store.due(NOW, 10, None)] == [("ack:1", b"Old")]
        assert [tuple(row) for row in store.con.execute("SELECT mime, bare FROM mails")] == [(b"Old", b"Bare")]
    finally:
        store.close()


def test_notes_of_an_early_version_move_out_of_the_event_log(tmp_path: Path) -> None:
    con = connect(tmp_path / FILE)
    migrations().apply(Database(con), stop_before="m0010_erasure")
    con.execute("INSERT INTO events(at, kind, data) VALUES(?, 'note', ?)", ("2026-11-25T08:00:00Z", _NOTE))
    con.execute("INSERT INTO events(at, kind, data) VALUES(?, 'imported', ?)", ("2026-11-25T08:00:00Z", _IMPORTED))
    con.close()
    with closing(SqliteStore(tmp_path)) as store:
        events = [tuple(row) for row in store.con.execute("SELECT kind, data FROM events ORDER BY id")]
        assert events == [("note", '{"by":"marta"}'), ("imported", "{}")]
        assert [tuple(row) for row in store.con.execute("SELECT event_id, text FROM notes")] == [(1, "Ha trucat")]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store.con.execute("UPDATE events SET data = '{}'")


def test_the_steps_that_are_read_as_text_are_those_of_the_file() -> None:
    assert list(known_steps()) == [step.name for step in migrations().pending(Database(memory=True))]


def test_a_database_that_is_up_to_date_is_opened_without_the_library_of_its_migrations(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    script = f"""if True:
        import sys
        from pathlib import Path
        from oacmail.cli import daemon
        from oacmail.store.store import SqliteStore
        SqliteStore(Path({str(tmp_path)!r})).close()
        print([name for name in ("sqlite_utils", "oacmail.reporting", "flufl.bounce") if name in sys.modules])"""
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_case_has_every_column_that_an_effect_may_set(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path)) as store:
        columns = {row["name"] for row in store.con.execute("PRAGMA table_info(cases)")}
    assert not CaseColumns.__annotations__.keys() - columns


def test_a_new_status_or_kind_of_deadline_needs_no_step_of_the_schema(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path)) as store:
        tables = {
            row["name"]: row["sql"] for row in store.con.execute("SELECT * FROM sqlite_master WHERE sql NOT NULL")
        }
    assert [name for name, text in tables.items() if re.search(r"CHECK\s*\(\s*\w+ IN", text)] == []


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    """A command of root's would empty the file to which the service's account has let it lead."""
    victim, state = tmp_path / "victim", tmp_path / "state"
    victim.write_text("mine")
    state.mkdir()
    (state / LOCK).symlink_to(victim)
    with pytest.raises(ConfigError, match="is a symbolic link"):
        SqliteStore(state)
    assert victim.read_text() == "mine"
