"""The ledger: each change of a row by the service is recorded, and each change by a hand in the file is named."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from oacmail import wiring
from oacmail.cli import oacmail
from oacmail.cli.status import health
from oacmail.core.tokens import person_mark
from oacmail.privacy.erasure import forget
from oacmail.store import admin, ledger
from oacmail.store.connection import FILE
from testbed.office import as_toml
from tests.ledger.test_nightly_proof import NIGHT, proof
from tests.world import AGENT, ANNA, PERE, World


@pytest.fixture
def night(tmp_path: Path) -> Iterator[World]:
    """Anna was answered on Wednesday, and Pere waits; it is three o'clock at night. The fixture `town` would find
    at the end that rows are not as recorded."""
    world = World(tmp_path, digest={"to": [AGENT]})
    question = world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    world.turn()
    world.agent_replies(question)
    world.advance(NIGHT)
    yield world
    world.stop()


@contextmanager
def by_hand(world: World) -> Iterator[sqlite3.Connection]:
    """As an admin with the sqlite3 program."""
    with closing(sqlite3.connect(world.config.office.state / FILE, isolation_level=None)) as con:
        yield con


def named(world: World) -> list[str]:
    return [f"{one['where']} {one['detail']}" for one in proof(world)["found"] if one["what"] in ("row", "ledger")]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("DELETE FROM outbox WHERE kind = 'ack' AND case_id = 1", "OAC-2026-000001 outbox: missing"),
        (
            "UPDATE deadlines SET due_at = '2026-12-24T14:00:00Z' WHERE case_id = 2 AND kind = 'answer'",
            'OAC-2026-000002 deadlines: due_at: "2026-11-26T19:00:00Z" -> "2026-12-24T14:00:00Z"',
        ),
        (
            "UPDATE deadlines SET met_at = '2026-11-25T10:00:00Z' WHERE case_id = 2 AND kind = 'answer'",
            'OAC-2026-000002 deadlines: met_at: null -> "2026-11-25T10:00:00Z"',
        ),
        ("UPDATE cases SET status = 'closed' WHERE id = 2", 'OAC-2026-000002 cases: status: "open" -> "closed"'),
        ("DELETE FROM messages WHERE case_id = 2", "OAC-2026-000002 messages: missing"),
        ("DELETE FROM cases WHERE id = 2", "OAC-2026-000002 cases: missing"),
        ("DELETE FROM deadlines WHERE case_id = 2", "OAC-2026-000002 deadlines: missing"),
        (
            "INSERT INTO votes(message, case_id, score, signed, at) VALUES('1f', 1, 5, 1, '2026-11-25T10:00:00Z')",
            "OAC-2026-000001 votes: unknown",
        ),
        ("UPDATE people SET address = 'x' || address", "people 1 people: address: "),
        ("UPDATE people SET address = CAST(x'ff' AS TEXT) WHERE id = 2", "people 2 people: address: "),
        ("UPDATE messages SET rung = CAST(x'ff' AS TEXT) WHERE case_id = 2", "OAC-2026-000002 messages: rung: "),
    ],
)
def test_a_row_that_a_hand_has_changed_is_named_by_its_case_and_field(night: World, statement: str, name: str) -> None:
    with by_hand(night) as con:
        con.execute(statement)
    assert any(line.startswith(name) for line in named(night))
    assert not health(night.config, night.clock.now())["ok"]


def test_any_change_of_any_column_is_named(night: World) -> None:
    """Of each column that the ledger covers the first row is given another value, and the old one again."""
    with night.store.turn():
        night.store.con.execute("INSERT INTO votes(message, case_id, score, signed, at) VALUES('1f', 1, 4, 1, '2026')")
        night.store.con.execute("INSERT INTO reviews(fingerprint, reason, at) VALUES('1f', 'uncertain', '2026')")
        night.store.con.execute(
            """INSERT INTO board_messages(fingerprint, folder, uidvalidity, uid, internal_date)
            VALUES('1f', 'INBOX', 1, 1, '2026')"""
        )
        night.store.con.execute("INSERT INTO forgotten(person, at, key) VALUES('1f', '2026', 'k')")
        night.store.con.execute("INSERT INTO reports(month, published_at, figures) VALUES('2026-10', '2026', '{}')")
        night.store.con.execute(
            """INSERT INTO report_corrections(month, indicator, measure, at, old, new, why)
            VALUES('2026-10', 'I1', 'cases', '2026', 1, 2, 'late')"""
        )
    with by_hand(night) as con:
        con.execute("PRAGMA ignore_check_constraints = ON")
        guards = con.execute("SELECT name, sql FROM sqlite_master WHERE name GLOB '*_no_update'").fetchall()
        for name, _ in guards:
            con.execute(f"DROP TRIGGER {name}")
        unseen = [f"{table}.{name}" for table, name in covered(con) if not is_named(night, con, table, name)]
        assert unseen == []
        for _, sql in guards:
            con.execute(sql)
        assert ledger.prove(con, night.policy.secrets).differences == ()


def covered(con: sqlite3.Connection) -> list[tuple[str, str]]:
    return [(table, name) for table, names in ledger.columns(con).items() for name in names]


def is_named(world: World, con: sqlite3.Connection, table: str, name: str) -> bool:
    """Change this column of the table's first row, prove, and change it back."""
    key, only = ledger.TABLES[table].key, ledger.TABLES[table].only.format(of="")
    old, *keys = con.execute(f"SELECT {name}, {', '.join(key)} FROM {table} WHERE {only}").fetchone()
    (kind,) = con.execute("SELECT type FROM pragma_table_info(?) WHERE name = ?", (table, name)).fetchone()
    new = (old or 0) + 1000 if kind in ("INTEGER", "REAL") else (old or "") + "x"
    if name == "original":  # the ledger knows whether there are bytes, not which
        new = None if old else "x"
    where = " AND ".join(f"{part} IS ?" for part in key)
    change = f"UPDATE {table} SET {name} = ? WHERE {where}"
    con.execute(change, (new, *keys))
    proof = ledger.prove(con, world.policy.secrets)
    con.execute(change, (old, *(new if part == name else value for part, value in zip(key, keys, strict=True))))
    return any(f" {name}: " in f" {one.detail}" or name in key for one in proof.differences)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM ledger WHERE seq = (SELECT max(seq) - 1 FROM ledger)", "gap"),
        ("UPDATE ledger SET image = replace(image, 'open', 'closed')", "forged"),
        ("INSERT INTO ledger_rows VALUES('votes', '1', '[]')", "forged"),
        ("UPDATE ledger_rows SET image = image || ']'", "forged"),
        ("UPDATE ledger_rows SET image = '{}'", "forged"),
        ("UPDATE ledger_snapshot SET seq = seq + 1", "forged"),
        ("DELETE FROM ledger_snapshot", "none"),
        ("ALTER TABLE cases DROP COLUMN score", "schema"),
    ],
)
def test_a_hand_in_the_ledger_itself_is_named(night: World, statement: str, what: str) -> None:
    with night.store.turn():  # one entry in the snapshot, and one after it
        night.store.con.execute("UPDATE cases SET score = 1")
    with by_hand(night) as con:
        con.execute(statement)
    assert named(night) == [f"ledger {what}"]


def test_a_change_by_hand_is_named_although_the_service_has_changed_the_row_since(night: World) -> None:
    with by_hand(night) as con:
        con.execute("UPDATE cases SET status = 'closed' WHERE id = 2")
    with night.store.turn():
        night.store.con.execute("UPDATE cases SET topic = 'payment' WHERE id = 2")
    assert named(night) == ['OAC-2026-000002 cases: status: "open" -> "closed"']


def test_a_row_added_by_hand_stays_unknown_although_the_service_has_changed_it_since(night: World) -> None:
    with by_hand(night) as con:
        con.execute("INSERT INTO votes(message, case_id, score, signed, at) VALUES('1f', 1, 5, 1, '2026')")
    with night.store.turn():
        night.store.con.execute("UPDATE votes SET score = 4")
    assert named(night) == ["OAC-2026-000001 votes: unknown"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("ALTER TABLE cases ADD COLUMN district TEXT", "table cases: changed"),
        ("DROP INDEX deadlines_live", "index deadlines_live: missing"),
        ("DROP TRIGGER events_no_update", "trigger events_no_update: missing"),
        ("CREATE VIEW deadlines_of AS SELECT * FROM deadlines", "view deadlines_of: unknown"),
        (
            "CREATE TRIGGER late AFTER INSERT ON deadlines BEGIN DELETE FROM events; END",
            "trigger late: unknown",
        ),
    ],
)
def test_an_object_of_the_schema_that_a_hand_has_changed_is_named_and_rows_are_compared_all_the_same(
    night: World, statement: str, what: str
) -> None:
    both = ["schema " + what, 'OAC-2026-000002 cases: status: "open" -> "closed"']
    night.stop()
    with by_hand(night) as con:
        con.execute(statement)
        con.execute("UPDATE cases SET status = 'closed' WHERE id = 2")
    night.start()
    assert named(night) == both
    night.advance("2026-11-27 03:01")
    assert named(night) == both
    accept_rows(night)
    night.advance("2026-11-27 04:30")
    assert named(night) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM ledger_snapshot; DELETE FROM kv WHERE key = 'ledger-line'", "none"),
        ("DELETE FROM ledger; DELETE FROM ledger_rows; UPDATE ledger_snapshot SET schema = ''", "none"),
        ("DELETE FROM ledger_snapshot", "none"),
        ("UPDATE ledger_snapshot SET signed = 'x'", "forged"),
        ("UPDATE ledger_snapshot SET schema = 'x'", "key"),
    ],
)
def test_a_snapshot_that_a_hand_has_removed_or_changed_is_named_also_after_a_restart(
    night: World, statement: str, what: str
) -> None:
    night.stop()
    with by_hand(night) as con:
        con.execute("UPDATE cases SET status = 'closed' WHERE id = 2")
        con.executescript(statement)
    for _ in range(2):
        night.start()
        night.citizen_asks(ANNA)
        assert named(night) == [f"ledger {what}"]
        night.stop()
    night.start()
    accept_rows(night)
    night.advance("2026-11-26 04:30")
    assert named(night) == []


def test_what_the_service_itself_has_changed_is_no_difference_and_later_changes_follow(night: World) -> None:
    assert proof(night)["found"] == []
    assert proof(night)["compared"]["cases"] == 2
    night.citizen_asks(ANNA)
    night.advance("2026-11-27 03:01")
    found = proof(night)
    assert (found["found"], found["compared"]["messages"]) == ([], 7)


def test_an_erased_person_is_in_no_part_of_the_ledger(night: World) -> None:
    mark = f"~{person_mark(night.policy.secrets[-1], ANNA)[:32]}"
    assert mark in recorded(night)
    forget(night.store.con, night.policy, ANNA, night.engine.now(), by="admin", even_open=True)
    assert mark not in recorded(night)
    assert named(night) == []


def recorded(world: World) -> str:
    with by_hand(world) as con:
        return str(con.execute("SELECT image FROM ledger UNION ALL SELECT image FROM ledger_rows").fetchall())


def test_an_admin_accepts_a_change_by_hand(night: World) -> None:
    with by_hand(night) as con:
        con.execute("UPDATE cases SET status = 'closed' WHERE id = 2")
    assert len(named(night)) == 1
    file = night.root / "config.toml"
    file.write_text(as_toml(night.sections))
    done = CliRunner().invoke(oacmail, ["--config", str(file), "accept-rows", "--yes"])
    assert 'OAC-2026-000002 cases: status: "open" -> "closed"' in done.output
    night.advance("2026-11-26 04:30")
    assert named(night) == []
    assert night.rows("SELECT kind FROM events WHERE kind = 'rows-accepted'") != []


OLD, NEW = "a secret of this town alone, for its tests\n", "a new secret of this town, above the old one\n"


def keys_are(world: World, *keys: str) -> None:
    (world.config.office.state / "token.key").write_text("".join(keys))


def accept_rows(world: World) -> str:
    file = world.root / "config.toml"
    file.write_text(as_toml(world.sections))
    return CliRunner().invoke(oacmail, ["--config", str(file), "accept-rows", "--yes"]).output


def test_a_command_that_knows_a_newer_key_than_the_service_changes_no_signature(night: World) -> None:
    keys_are(night, NEW, OLD)
    with wiring.open_writable(night.config) as con:
        admin.hold_acks(con, "by hand")
    night.citizen_asks(ANNA)
    assert named(night) == []
    night.restart()
    night.citizen_asks(PERE)
    night.advance("2026-11-27 03:01")
    assert named(night) == []
    assert ledger.prove(night.store.con, (NEW.strip().encode(),)).broken == ""


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_what_was_changed_without_the_key_is_named_until_it_is_accepted(night: World, keys: tuple[str, ...]) -> None:
    """As by a command while the key is missing: who has no key has the rights of a hand."""
    night.stop()
    file = night.config.office.state / "token.key"
    keys_are(night, *keys) if keys else file.unlink()
    with wiring.open_writable(night.config) as con:
        con.execute("UPDATE outbox SET state = 'queued' WHERE kind = 'ack' AND case_id = 2")
        assert admin.hold_acks(con, "by hand") > 0
    file.touch(0o600)
    keys_are(night, *keys, OLD)
    night.start()
    night.citizen_asks(ANNA)
    assert [line.partition(":")[0] for line in named(night)] == ["OAC-2026-000002 outbox"]
    accept_rows(night)
    night.advance("2026-11-26 04:30")
    assert named(night) == []


def test_rows_are_accepted_beside_a_service_that_goes_on_with_the_old_key(night: World) -> None:
    """A new key signs once every row is as the ledger says."""
    with by_hand(night) as con:
        con.execute("UPDATE cases SET status = 'closed' WHERE id = 2")
    keys_are(night, NEW, OLD)
    night.restart()
    assert "OAC-2026-000002 cases: status" in accept_rows(night)
    night.citizen_asks(ANNA)
    assert named(night) == []


def test_what_was_accepted_is_accepted_in_the_nights_after(night: World) -> None:
    """Also of the row that the service changed last."""
    with night.store.turn():
        night.store.con.execute("UPDATE cases SET score = 1 WHERE id = 2")
    with by_hand(night) as con:
        con.execute("UPDATE cases SET topic = 'payment' WHERE id = 2")
    assert "OAC-2026-000002 cases: topic" in accept_rows(night)
    night.citizen_asks(ANNA)
    assert named(night) == []
    night.advance("2026-11-27 03:01")
    assert named(night) == []
    night.advance("2026-11-28 03:01")
    assert named(night) == []


def test_an_entry_has_of_a_changed_row_only_what_has_changed(night: World) -> None:
    """A hand's change of another column is not in it; the proof puts the entries of a row together."""
    with by_hand(night) as con:
        con.execute("UPDATE cases SET lang = 'es' WHERE id = 2")
        before = con.execute("SELECT max(seq) FROM ledger").fetchone()
        with night.store.turn():
            night.store.con.execute("UPDATE cases SET status = 'waiting', subject = 'Padró' WHERE id = 2")
            night.store.con.execute("UPDATE cases SET subject = 'Cens', status = status WHERE id = 2")
            night.store.con.execute("UPDATE cases SET status = 'closed', board_folder = '\"à\\\n' WHERE id = 2")
        place = {name: str(at) for at, name in enumerate(ledger.columns(con)["cases"])}
        entries = [json.loads(row[0]) for row in con.execute("SELECT image FROM ledger WHERE seq > ?", before)]
    assert entries == [
        {place["status"]: "waiting"},
        {place["status"]: "closed", place["board_folder"]: '"à\\\n'},
    ]
    assert named(night) == ['OAC-2026-000002 cases: lang: "ca" -> "es"']
