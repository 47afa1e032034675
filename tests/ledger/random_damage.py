"""Change one thing in a town's database or mailbox, as a hand or a disk might, and see whether the proof names it.

    python -m tests.ledger.random_damage --changes 1000 --seed 1

Of each change the result must have the kind, the case or the row, and, of a column, both values. After each proof
database and mailbox are put back as they were.
"""

import json
import logging
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import click

from oacmail import log
from oacmail.core.reconciliation import Discrepancy, from_text
from oacmail.core.stored_values import RECONCILED
from oacmail.store import ledger
from oacmail.store.connection import FILE
from tests.world import ANNA, MARTA, PERE, World

NIGHT = "2026-12-02 03:01"
ALSO_READ = ("folders",)
"""Where a text that is none stops each pass, which `status` shows."""
_LABELS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("cases", "status"): ("waiting", "closed"),
    ("cases", "close_reason"): ("spam", "answered"),
    ("messages", "outcome"): ("staff", "case"),
    ("messages", "role"): ("robot", "citizen"),
    ("messages", "kind"): ("thanks", "request"),
    ("outbox", "kind"): ("digest", "ack"),
    ("outbox", "state"): ("sent", "dropped"),
}
NOT_TEXT = b"\xff"
"""Stands for a text that is none: bytes of a damaged page."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One change. `says`: what it was. `is_named`: whether one finding names it."""

    says: str
    is_named: Callable[[Discrepancy], bool]


def busy_town(root: Path, *, board: bool) -> World:
    """A town in whose tables and folders there is something of every kind, at three o'clock at night."""
    world = World(root, board={"enabled": board}, survey={"enabled": True})
    question = world.citizen_asks(ANNA)
    world.citizen_asks(PERE, "Queixa", "Bon dia, em queixo del tracte que vaig rebre ahir al taulell. Què fareu?")
    world.agent_replies(question)
    world.citizen_asks(MARTA)
    world.robot_writes("no-reply@shop.example", "Ofertes")
    world.live("2026-11-25 19:00", minutes=120)
    world.order("close", "OAC-2026-000001", reason="answered")
    world.order("escalate", "OAC-2026-000002")
    world.live("2026-12-01 12:00", minutes=600)
    world.compare = True
    world.turn()  # a proof: from now on there is a snapshot with rows, and entries after it
    with world.store.turn():
        world.store.con.execute("INSERT INTO votes(message, case_id, score, signed, at) VALUES('1f', 1, 4, 1, '2026')")
        world.store.con.execute("INSERT INTO reviews(fingerprint, reason, at) VALUES('1f', 'uncertain', '2026')")
    world.citizen_asks(PERE, "Una altra cosa", "Bon dia, i com demano un certificat?")
    world.turn()  # the copy of the acknowledgement is read
    world.advance(NIGHT)
    return world


def damages(world: World, seed: int, count: int) -> Iterator[tuple[Damage, Sequence[Discrepancy]]]:
    """Make so many changes, one at a time, each chosen by chance; yield it with what the proof found. The kind of
    change and the table take turns."""
    rng = Random(seed)
    file = world.config.office.state / FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as con, closing(sqlite3.connect(":memory:")) as saved:
        con.execute("PRAGMA foreign_keys = OFF")
        con.execute("PRAGMA ignore_check_constraints = ON")
        for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            con.execute(f"DROP TRIGGER {name}")
        ledger.sign_with(con, world.policy.secrets[0])
        for number in range(count):
            con.backup(saved)
            mailbox = world.mailbox.snapshot()
            yield KINDS[number % len(KINDS)](world, con, rng), _proof(world)
            saved.backup(con)
            world.mailbox.restore(mailbox)


def _proof(world: World) -> Sequence[Discrepancy]:
    world.compare = True
    with suppress(Exception):  # what comes after the proof in a pass may stumble over the row
        world.sync()
    result = from_text(world.store.recall(RECONCILED))
    assert result is not None
    assert result.at == world.clock.now()
    return result.found


# --- rows --------------------------------------------------------------------------------------------


def _row(con: sqlite3.Connection, rng: Random, table: str = "") -> tuple[str, dict[str, Any], str]:
    """A row of a covered table, and by what the proof must name it: its case, or the table and the row."""
    con.row_factory = sqlite3.Row
    only = {one: covered.only.format(of="") for one, covered in ledger.TABLES.items() if one not in ALSO_READ}
    tables = [table] if table else sorted(only)
    filled = [one for one in tables if con.execute(f"SELECT 1 FROM {one} WHERE {only[one]}").fetchone()]
    table = rng.choice(filled)
    row = dict(rng.choice(con.execute(f"SELECT * FROM {table} WHERE {only[table]}").fetchall()))
    return table, row, _where(con, table, row)


def _key(con: sqlite3.Connection, table: str) -> list[str]:
    return [one["name"] for one in con.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))]


def _change(con: sqlite3.Connection, what: str, table: str, row: Mapping[str, Any], *values: object) -> None:
    """Run the statement on this one row; `values` come before its key. A table without a key has one row."""
    key = _key(con, table)
    this = " AND ".join(["true", *(f'"{name}" IS ?' for name in key)])
    con.execute(f"{what} WHERE {this}", (*values, *(row[name] for name in key)))


def _where(con: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> str:
    if "number" in row:
        return str(row["number"])
    case = con.execute("SELECT number FROM cases WHERE id = ?", (row.get("case_id"),)).fetchone()
    if case:
        return str(case[0])
    key = ledger.TABLES[table].key
    values = f"SELECT {', '.join(f'? AS {name}' for name in key)}"
    named = con.execute(f"SELECT {ledger.row_name(table)} FROM ({values})", [row[name] for name in key])
    return f"{table} {named.fetchone()[0]}"


def _names(table: str, where: str, *details: str) -> Callable[[Discrepancy], bool]:
    return lambda one: (
        (one.what, one.where) == ("row", where) and one.detail in [f"{table}: {detail}" for detail in details]
    )


def _column_changed(world: World, con: sqlite3.Connection, rng: Random) -> Damage:
    while True:
        table, row, where = _row(con, rng)
        name = rng.choice(ledger.columns(con)[table])
        new = _another(con, rng, table, name, row[name])
        try:
            if new == NOT_TEXT:
                _change(con, f"UPDATE {table} SET {name} = CAST(x'ff' AS TEXT)", table, row)
            else:
                _change(con, f"UPDATE {table} SET {name} = ?", table, row, new)
        except sqlite3.IntegrityError:
            continue
        break
    says = f"{table}.{name} of {where}: {row[name]!r} -> {new!r}"
    if rng.random() < 0.5:
        says += _changed_by_the_service(world, con, rng, table, row, name)
    if name in _key(con, table):  # then it is another row
        return Damage(says, _names(table, where, "missing"))
    if new == NOT_TEXT or (table, name) in (*ledger.PEOPLE, *ledger.MESSAGES):
        return Damage(
            says, lambda one: (one.what, one.where) == ("row", where) and one.detail.startswith(f"{table}: {name}: ")
        )
    if name == "original":
        return Damage(says, _names(table, where, f"{name}: {int(bool(row[name]))} -> {int(bool(new))}"))
    return Damage(says, _names(table, where, f"{name}: {json.dumps(row[name])} -> {json.dumps(new)}"))


def _changed_by_the_service(
    world: World, con: sqlite3.Connection, rng: Random, table: str, row: Mapping[str, Any], but: str
) -> str:
    """Another column of the row: the hand's change must not come into the ledger with it."""
    others = [name for name in ledger.columns(con)[table] if name not in (but, "case_id", "number", *_key(con, table))]
    if not others:
        return ""
    name = rng.choice(others)
    new = _another(con, rng, table, name, row[name])
    with suppress(sqlite3.IntegrityError), world.store.turn():
        _change(world.store.con, f"UPDATE {table} SET {name} = ?", table, row, "y" if new == NOT_TEXT else new)
        return f", then {name} by the service"
    return ""


def _another(con: sqlite3.Connection, rng: Random, table: str, name: str, old: Any) -> Any:
    """Another value that a column of this type takes: of another row, none, or a strange one."""
    kind, required = con.execute(
        'SELECT type, "notnull" FROM pragma_table_info(?) WHERE name = ?', (table, name)
    ).fetchone()
    others = [one[0] for one in con.execute(f"SELECT DISTINCT {name} FROM {table}") if one[0] not in (old, None)]
    if (table, name) in _LABELS:  # no pass goes on over a label that is none
        return next(label for label in _LABELS[table, name] if label != old)
    if name == "original":  # the ledger knows whether there are bytes, not which
        return None if old else "x"
    strange = [(old or 0) + rng.randint(1, 9)] if kind == "INTEGER" else [f"{old or ''}x", NOT_TEXT]
    return rng.choice([*others[:2], *strange, *([] if required or old is None else [None])])


def _row_removed(world: World, con: sqlite3.Connection, rng: Random) -> Damage:
    table, row, where = _row(con, rng)
    _change(con, f"DELETE FROM {table}", table, row)
    return Damage(f"{table} {where} removed", _names(table, where, "missing"))


def _row_added(world: World, con: sqlite3.Connection, rng: Random) -> Damage:
    """A copy of another, with a name of its own in all that must be unique. A stored value of another name may be one
    that the ledger does not cover."""
    table, row, _ = _row(con, rng)
    while table == "kv":
        table, row, _ = _row(con, rng)
    unique = {
        column["name"]
        for index in con.execute('SELECT name FROM pragma_index_list(?) WHERE "unique"', (table,)).fetchall()
        for column in con.execute("SELECT name FROM pragma_index_info(?)", (index["name"],)).fetchall()
    }
    for name in unique | set(_key(con, table)):
        if isinstance(row[name], str):
            row[name] += "x"
        elif name != "case_id":
            row[name] = 1000 + rng.randint(1, 1000)
    con.execute(f"INSERT INTO {table}({', '.join(row)}) VALUES({', '.join('?' * len(row))})", tuple(row.values()))
    where = _where(con, table, row)
    return Damage(f"{table} {where} added", _names(table, where, "unknown"))


# --- the ledger itself -------------------------------------------------------------------------------


def _ledger_changed(world: World, con: sqlite3.Connection, rng: Random) -> Damage:
    """An entry since the snapshot, an image of the snapshot or its signature is removed or changed. The last entry
    leaves no gap: then it is the row that differs."""
    table = rng.choice(("ledger", "ledger_rows", "ledger_snapshot"))
    con.row_factory = sqlite3.Row
    since = " WHERE seq > (SELECT seq FROM ledger_snapshot)" if table == "ledger" else ""
    row = dict(rng.choice(con.execute(f"SELECT * FROM {table}{since}").fetchall()))
    name = rng.choice(["", *(name for name in row if name != "at")])  # nothing reads when an entry was written
    if not name:
        _change(con, f"DELETE FROM {table}", table, row)
        return Damage(f"{table} removed", lambda one: one.what in ("ledger", "row"))
    old = row[name]
    if isinstance(old, bytes):
        new: Any = bytes([*old[:-1], old[-1] ^ 1])
    else:
        new = old + 1000 if isinstance(old, int) else (old or "") + "x"
    _change(con, f'UPDATE {table} SET "{name}" = ?', table, row, new)
    return Damage(f"{table}.{name} changed", lambda one: one.what in ("ledger", "row"))


# --- the mailbox -------------------------------------------------------------------------------------


def _message_expunged(world: World, con: sqlite3.Connection, rng: Random) -> Damage:
    """A message of a live case: a citizen's, an agent's, or a copy of ours."""
    con.row_factory = sqlite3.Row
    cases = {
        row["message_id"]: (row["number"], row["role"])
        for row in con.execute(
            """SELECT m.message_id, m.role, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.received_at < ? AND (c.status <> 'closed' OR c.closed_at > ?)""",
            (_stamp(world, hours=1), _stamp(world, days=7)),
        )
    }
    places = [
        (folder, message.message_id)
        for folder, box in world.mailbox.folders.items()
        for message in box.messages.values()
        if message.message_id in cases
    ]
    folder, name = rng.choice(places)
    number, role = cases[name]
    for other, box in world.mailbox.folders.items():
        for copy in [copy for copy, message in box.messages.items() if message.message_id == name]:
            world.mailbox.expunge(other, copy)
    what = "copy" if role == "ours" else "gone"
    return Damage(
        f"{role}'s mail of {number} expunged from {folder}", lambda one: (one.what, one.where) == (what, number)
    )


def _stamp(world: World, **ago: float) -> str:
    return (world.clock.now() - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


KINDS: Sequence[Callable[[World, sqlite3.Connection, Random], Damage]] = (
    _column_changed,
    _message_expunged,
    _column_changed,
    _row_removed,
    _column_changed,
    _ledger_changed,
    _column_changed,
    _row_added,
)


@click.command()
@click.option("--changes", type=int, default=400, help="How many changes, half of them in a town with a board.")
@click.option("--seed", type=int, default=1)
def main(changes: int, seed: int) -> None:
    """Print each change that the proof did not name; exit 1 if there is any."""
    log.configure(level=logging.CRITICAL)
    made: Counter[str] = Counter()
    unnamed = []
    for board in (False, True):
        with tempfile.TemporaryDirectory() as root:
            world = busy_town(Path(root), board=board)
            for damage, found in damages(world, seed, changes // 2):
                made[damage.says.split()[0].partition(".")[0]] += 1
                if not any(damage.is_named(one) for one in found):
                    unnamed.append(f"{damage.says}; found: {[(str(one.what), one.where, one.detail) for one in found]}")
            world.stop()
    click.echo(f"{sum(made.values())} changes ({', '.join(f'{what} {n}' for what, n in sorted(made.items()))})")
    click.echo("\n".join(unnamed) or "every one was named")
    sys.exit(1 if unnamed else 0)


if __name__ == "__main__":
    main()
