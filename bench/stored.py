"""Grow a database of a thousand messages to many years: its rows are copied, older, closed and renamed.

Written by SQL, since the writer itself would take an hour. Each copy is two days older than the one before; its cases
are closed, its deadlines met, its mails sent; ten copies in turn belong to other people, so that who writes now has
written before. What takes room and is never read again (originals, sent mails) is cut short. The ledger begins anew
with all rows.
"""

import shutil
import sqlite3
from pathlib import Path

from oacmail.core.tokens import KEY_FILE
from oacmail.store import ledger

_PEOPLE = 10
_FINGERPRINT = "printf('ffffe%03x', :k) || substr({0}, 9)"
_MESSAGE_ID = "'<' || :k || '.' || substr({0}, 2)"
_OLDER = "strftime('%Y-%m-%dT%H:%M:%SZ', {0}, :age)"
_CASE = "{0} + :k * :cases"
_NUMBER = "printf('OAC-%d-%06d', strftime('%Y', opened_at) - 1 - :k / 182, substr({0}, 10) + :k % 182 * :cases)"

_NEIGHBOURS = """INSERT INTO people(id, address, name, lang, known)
  SELECT id + :k * :people, :k || '.' || address, name, lang, known FROM people WHERE id <= :people"""
# table -> column -> its expression in each copy; all other columns stay the same
_COPIES: dict[str, tuple[str, dict[str, str]]] = {
    "originals": (
        "key IN (SELECT original FROM messages WHERE id <= {messages})",
        {"key": _FINGERPRINT, "bytes": "substr({0}, 1, 600)"},
    ),
    "cases": (
        "id <= {cases}",
        {
            "id": _CASE,
            "number": _NUMBER,
            "opened_by": _FINGERPRINT,
            "citizen_id": "{0} + :k % :groups * :people",
            "parent": "NULL",
            "status": "'closed'",
            **dict.fromkeys(("opened_at", "touched_at"), _OLDER),
            **dict.fromkeys(("answered_at", "closed_at"), _OLDER.format("touched_at")),
        },
    ),
    "messages": (
        "id <= {messages}",
        {
            "id": "{0} + :k * :messages",
            "message_id": _MESSAGE_ID,
            "case_id": _CASE,
            "author_id": "{0} + :k % :groups * :people",
            **dict.fromkeys(("fingerprint", "body_hash", "original"), _FINGERPRINT),
            **dict.fromkeys(("sent_at", "received_at"), _OLDER),
        },
    ),
    "refs": ("message_id <= {messages}", {"ref": _MESSAGE_ID, "message_id": "{0} + :k * :messages"}),
    "sightings": (
        "uid <= {uids}",
        {
            "uid": "{0} + :k * :uids",
            "fingerprint": _FINGERPRINT,
            **dict.fromkeys(("internal_date", "first_seen"), _OLDER),
        },
    ),
    "deadlines": (
        "id <= {deadlines}",
        {
            "id": "{0} + :k * :deadlines",
            "started_by": _FINGERPRINT,
            "case_id": _CASE,
            **dict.fromkeys(("started_at", "due_at"), _OLDER),
            "met_at": "iif(level = 0, " + _OLDER.format("started_at") + ", NULL)",
            "withdrawn_at": "iif(level = 0, NULL, " + _OLDER.format("started_at") + ")",
        },
    ),
    "outbox": (
        "id <= {mails} AND kind = 'ack'",
        {
            "id": "{0} + :k * :mails",
            "key": "'ack:' || " + _FINGERPRINT.format("substr(key, 5)"),
            "message_id": _MESSAGE_ID,
            "case_id": _CASE,
            "state": "'sent'",
            **dict.fromkeys(("released_at", "next_at", "data_at", "sent_at", "created_at"), _OLDER),
        },
    ),
    "mails": (
        "id <= {mails} AND id IN (SELECT id FROM outbox WHERE kind = 'ack')",
        {"id": "{0} + :k * :mails", "mime": "substr({0}, 1, 1000)"},
    ),
    "events": (
        "id <= {events}",
        {"id": "{0} + :k * :events", "at": _OLDER, "case_id": _CASE, "fingerprint": _FINGERPRINT},
    ),
}
_LAST = """SELECT (SELECT max(id) FROM people) AS people, (SELECT max(id) FROM cases) AS cases,
  (SELECT max(id) FROM messages) AS messages, (SELECT max(uid) FROM sightings) AS uids,
  (SELECT max(id) FROM deadlines) AS deadlines, (SELECT max(id) FROM outbox) AS mails,
  (SELECT max(id) FROM events) AS events"""


def grow(state: Path, target: Path, cases: int) -> int:
    """Make a state directory with at least `cases` cases from one whose program has ended; return their number."""
    shutil.copytree(state, target)
    con = sqlite3.connect(target / "oacmail.db", isolation_level=None)
    con.row_factory = sqlite3.Row
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
        con.execute(f"PRAGMA {pragma}")
    con.execute("BEGIN")
    con.execute("DELETE FROM folders")  # the next run reads another mailbox
    con.execute("UPDATE sightings SET uidvalidity = 1")
    last = dict(con.execute(_LAST).fetchone())
    for group in range(1, _PEOPLE):
        con.execute(_NEIGHBOURS, {"k": group, "people": last["people"]})
    statements = [_copying(con, table, where.format(**last), changed) for table, (where, changed) in _COPIES.items()]
    indexes = con.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for index in indexes:  # built at the end, by sorting
        con.execute(f"DROP INDEX {index['name']}")
    for k in range(1, -(-cases // last["cases"])):
        for statement in statements:
            con.execute(statement, {**last, "k": k, "groups": _PEOPLE, "age": f"-{20 + 2 * k} days"})
    for index in indexes:
        con.execute(index["sql"])
    con.execute("COMMIT")
    ledger.begin(con, (target / KEY_FILE).read_bytes().splitlines())
    con.execute("PRAGMA journal_mode=WAL")
    (stored,) = con.execute("SELECT count(*) FROM cases").fetchone()
    con.close()
    return int(stored)


def _copying(con: sqlite3.Connection, table: str, where: str, changed: dict[str, str]) -> str:
    """Set these rows aside, and return the statement that copies them."""
    con.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM {table} WHERE {where}")
    names = [row["name"] for row in con.execute(f"PRAGMA table_info({table})")]
    values = [changed.get(name, "{0}").format(name) for name in names]
    return f"INSERT INTO {table}({', '.join(names)}) SELECT {', '.join(values)} FROM first_{table}"
