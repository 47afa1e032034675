"""The ledger: a signed record, without words or addresses, of each change of a row on which a promise depends
(docs/ledger.md).

Triggers write it inside the transaction of the change: no change without its entry, no entry without its change. They
are temporary triggers of our own connections: a hand in the file changes a row and writes no entry, and the nightly
proof names that row. Nothing here repairs a row or decides which side is right.

`ledger_rows` has the image of each row at the last snapshot, a JSON array of its columns, and `ledger_snapshot` signs
them all, with the steps of the schema, the columns, and each object of the schema. `ledger` has one entry for each
change since: the table, the row, and the image of a row that was added, a JSON object of place and value of the columns
that have changed, or NULL: the row was deleted. Each entry carries an HMAC-SHA256 (RFC 2104), cut to 16 bytes, over
itself and the HMAC of the entry before.
"""

import hmac
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from hashlib import sha256
from operator import itemgetter
from secrets import token_hex
from typing import Any

from msgspec import Struct, field

from oacmail.core.model import regex
from oacmail.core.reconciliation import Discrepancy, Mismatch
from oacmail.core.stored_values import FAMILIES, LEDGER_COPIED, LEDGER_LINE
from oacmail.core.tokens import mark, name_of_key, seal
from oacmail.store.connection import legible, migrate, schema, stamp, transaction
from oacmail.store.personal import DERIVED, ERASED, ROWS
from oacmail.store.writing import remember


class Covered(Struct, frozen=True):
    """A table that the ledger covers. `key`: the columns of its primary key; `also`: columns that are in the image
    although an erasure empties them; `but`: columns that each pass over the mailbox changes; `only`: which rows, as SQL
    with {of} before each column."""

    key: tuple[str, ...]
    also: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    only: str = "true"


_STORED = " OR ".join(
    f"{{of}}key GLOB '{name}*'" if name.endswith(":") else f"{{of}}key = '{name}'"
    for name, family in FAMILIES.items()
    if family.recorded
)
TABLES: Mapping[str, Covered] = {
    "board_messages": Covered(("fingerprint",), but=("missing", "unsettled")),
    "cases": Covered(("id",), also=("phone",)),
    "deadlines": Covered(("id",)),
    "events": Covered(("id",)),
    "folders": Covered(("name",), but=("uidvalidity", "uidnext", "synced_at", "compared_at")),
    "forgotten": Covered(("person", "at")),
    "kv": Covered(("key",), also=("key", "value"), only=_STORED),
    "messages": Covered(("id",), also=("reply_to", "original")),
    "outbox": Covered(("id",), also=("recipient",)),
    "people": Covered(("id",), also=("address", "lang")),
    "report_corrections": Covered(("month", "indicator", "measure", "at")),
    "reports": Covered(("month",)),
    "reviews": Covered(("fingerprint",)),
    "votes": Covered(("id",)),
}
PEOPLE = (("cases", "phone"), ("messages", "reply_to"), ("outbox", "recipient"), ("people", "address"))
"""Columns that tell of a person: the image has a keyed hash of the text, so that a change is seen and nobody named."""
MESSAGES = (
    *((table, column) for table in TABLES for column in DERIVED.get(table, ()) if table != "forgotten"),
    ("cases", "assignee"),
    ("events", "data"),
)
"""Columns with fingerprints of messages, whole or their first 16 digits, or addresses of agents: the image has a keyed
hash of each."""
FINGERPRINT = regex(r"(?<![0-9a-f~])(?:[0-9a-f]{64}|[0-9a-f]{16})(?![0-9a-f])")
_REAL = (("report_corrections", "old"), ("report_corrections", "new"))
ADDRESS = regex(r'[^\s"\\:;,<>()]+@[^\s"\\:;,<>()]+')
_MAC_BYTES = 16
_mark = lru_cache(1000)(mark)  # a fingerprint is in several rows of its message
MOST_NAMED = 1000
"""Rows that one proof names: whoever has changed a whole column gets no longer a mail for it."""
_NO_OBJECTS = ("sqlite_sequence", "sqlite_stat1", "sqlite_stat4", "_litestream_lock", "_litestream_seq")
"""Tables that SQLite (https://www.sqlite.org/fileformat2.html, 2.6) or Litestream makes by itself."""


def columns(con: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of each table that make its image in a snapshot of today: those without words."""
    return {
        table: [
            name
            for _, name, *_ in con.execute(f"PRAGMA table_info({table})")
            if name in covered.also
            or not (name in covered.but or name in ERASED.get(table, ()) or name in ROWS.get(table, ()))
        ]
        for table, covered in TABLES.items()
    }


def _value(table: str, column: str, of: str = "") -> str:
    """The SQL expression of what the image has of a column."""
    if (table, column) in PEOPLE:
        return f"ledger_person(CAST({of}{column} AS BLOB))"
    if (table, column) in MESSAGES:
        return f"ledger_keyed(CAST({of}{column} AS BLOB))"
    if (table, column) in _REAL:  # JSON has 15 digits of a number, and a double 17
        return f"iif({of}{column} IS NULL, NULL, printf('%!.17g', {of}{column}))"
    return f"{of}{column} IS NOT NULL" if column == "original" else of + column


def row_name(table: str, of: str = "") -> str:
    """The SQL expression of a row's name: its primary key as text."""
    return " || ' ' || ".join(_value(table, name, of) for name in TABLES[table].key) + " || ''"


def _image(table: str, names: Sequence[str], of: str = "") -> str:
    """The SQL expression of a row's image: the columns of these names."""
    return f"json_array({', '.join(_value(table, name, of) for name in names)})"


def _changes(table: str, names: Sequence[str]) -> str:
    """The SQL expression of what an UPDATE has changed. Columns that it leaves alone stay what the ledger says of them:
    a hand's change of one is not taken over with the next change of the row, and a row that a hand has added stays
    unknown."""
    values = (
        f"""iif(old.{name} IS new.{name}, '', '"{place}":' || json_quote({_value(table, name, "new.")}) || ',')"""
        for place, name in enumerate(names)
    )
    return f"'{{' || rtrim({' || '.join(values)}, ',') || '}}'"


def _after(said: str | None, entry: str | None) -> str | None:
    """What the ledger says of a row after an entry; None = that there is none. `said`: what it said before."""
    if entry is None or entry.startswith("["):
        return entry
    if said is None:
        return None
    image = json.loads(said)
    for place, value in json.loads(entry).items():
        image[int(place)] = value
    return _as_json(image)


def _as_json(image: Sequence[Any]) -> str:
    return json.dumps(image, ensure_ascii=False, separators=(",", ":"))  # as SQLite writes it


def _rows(table: str, names: Sequence[str]) -> str:
    """The SQL of the table's rows: name and image of each."""
    only = TABLES[table].only.format(of="")
    return f"SELECT {row_name(table)} AS row, {_image(table, names)} AS image FROM main.{table} WHERE {only}"


def _objects(con: sqlite3.Connection) -> dict[str, str]:
    """Each table, index, trigger and view, to the beginning of the SHA-256 of its SQL. What SQLite makes for a key has
    none."""
    found = con.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
    return {
        f"{kind} {name}": sha256(sql.encode()).hexdigest()[:16]
        for kind, name, sql in found
        if kind != "table" or name not in _NO_OBJECTS
    }


def _layout(con: sqlite3.Connection) -> list[Any]:
    """What a snapshot depends on beside its key: the steps of the schema, which may change rows, the columns, and the
    objects."""
    return [schema(con)[0], columns(con), _objects(con)]


def _snapshot(con: sqlite3.Connection) -> dict[str, Any] | None:
    found = con.execute("SELECT seq, chained, schema, signed, mac FROM ledger_snapshot").fetchone()
    return None if found is None else dict(zip(("seq", "chained", "schema", "signed", "mac"), found, strict=True))


def _is_signed(snapshot: Mapping[str, Any], key: bytes) -> bool:
    signed = (snapshot["chained"], str(snapshot["seq"]), snapshot["schema"], snapshot["signed"])
    return bool(snapshot["mac"] == _mac(key, *signed))


def _written(con: sqlite3.Connection) -> list[Any]:
    """What the present snapshot says that it depends on: the name of its key, and the layout; [] = there is no
    snapshot, or it is damaged."""
    snapshot = _snapshot(con)
    try:
        return list(json.loads(snapshot["schema"])) if snapshot else []
    except (ValueError, TypeError):
        return []


def _key(con: sqlite3.Connection, keys: Sequence[bytes]) -> bytes | None:
    """The key of the present snapshot; None = it is not among these, or there is no snapshot."""
    return next((key for key in keys if _written(con)[:1] == [name_of_key(key)]), None)


def _imaged(con: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of the images of the present snapshot, whatever a hand has added to the tables since; {} = there is
    none, it is of other steps of the schema, or a hand has removed one of its columns."""
    written, present = _written(con), columns(con)
    if len(written) < 3 or written[1] != schema(con)[0]:
        return {}
    names: dict[str, list[str]] = written[2]
    is_whole = all(table in present and set(some) <= set(present[table]) for table, some in names.items())
    return names if is_whole else {}


def _mac(key: bytes, before: bytes | None, table: str, row: str, image: str | None) -> bytes:
    """`before`: the HMAC of the entry before; None = there was none."""
    entry = f"{(before or b'').hex()}\n{table}\n{row}\n{'-' if image is None else image}"
    return hmac.digest(key, entry.encode(), "sha256")[:_MAC_BYTES]


def _signature(key: bytes, before: bytes | None, table: str, row: str, image: bytes | None) -> bytes:
    """`_mac` of an image as the database has it, where a disk may have made a text unreadable."""
    return _mac(key, before, table, row, None if image is None else legible(image))


def _line(table: str, row: str, image: str) -> bytes:
    return f"{table}\n{row}\n{image}\n".encode()


# --- Record ----------------------------------------------------------------------------------------------------------
# A connection that writes calls `record` before its first change.


def record(con: sqlite3.Connection, keys: Sequence[bytes], *, beside: bool = False) -> None:
    """Record each change that this connection makes from now on. A database without a row that the ledger covers gets
    its first snapshot; no other does, whatever its ledger looks like: rows are right only where a step of the schema, a
    rebuild, a restore or an admin says so.

    The key of the snapshot signs. A new first key does from the first start at which the old one is still given and
    every row is as the ledger says. `beside`: the service may run, which knows the present key alone: no snapshot is
    taken. Without its key nothing is recorded, so that what changes differs."""
    seal_with(con, keys)
    key = _key(con, keys)
    if not beside:
        proof = _proven(con, keys) if key not in (None, keys[0]) else None
        is_new_key = proof is not None and not (proof.broken or proof.differences)
        if is_new_key or (keys and _is_new(con)):
            key = None
            begin(con, keys[:1])
        # Of each page that a statement with triggers changes SQLite keeps a copy until it ends: not in a file.
        con.execute("PRAGMA temp_store=MEMORY")
    if not (beside and _written(con)):  # what is recorded under a removed snapshot is there once the rows are accepted
        key = key or next(iter(keys), None)
    if key is not None:
        sign_with(con, key)
    for table, names in (_imaged(con) or columns(con)).items():
        only = TABLES[table].only
        for event, row, image in (
            ("INSERT", "new.", _image(table, names, "new.")),
            (f"UPDATE OF {', '.join(names)}", "new.", _changes(table, names)),
            ("DELETE", "old.", "NULL"),
        ):
            name = f"temp.ledger_{table}_{event.partition(' ')[0]}"
            con.execute(f"DROP TRIGGER IF EXISTS {name}")
            if key is not None:
                # SQLite computes the columns of a subquery that reads no table once.
                con.execute(
                    f"""CREATE TRIGGER {name} AFTER {event} ON main.{table} WHEN {only.format(of=row)} BEGIN
                    INSERT INTO ledger("table", row, image, mac) SELECT '{table}', name, image,
                      ledger_mac((SELECT mac FROM ledger ORDER BY seq DESC LIMIT 1), '{table}', name,
                        CAST(image AS BLOB))
                    FROM (SELECT {row_name(table, row)} AS name, {image} AS image) WHERE image IS NOT '{{}}'; END"""
                )


def _is_new(con: sqlite3.Connection) -> bool:
    """Whether there is neither a snapshot nor a row that one would have."""
    rows = (f"SELECT 1 FROM {table} WHERE {covered.only.format(of='')}" for table, covered in TABLES.items())
    return not con.execute(" UNION ALL ".join(("SELECT 1 FROM ledger_snapshot", *rows))).fetchone()


def update(con: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """Apply the pending steps of the schema, all or none. The ledger then begins again with the rows as the steps have
    made them, but for those that were not as it said before, and for objects that it did not know: they differ on.
    Where it proves nothing before, or its key is not among these, it does not begin. Raises ConfigError as
    `migrate`."""
    with transaction(con):  # whole: steps without the new beginning leave a ledger of other steps
        had_one = con.execute("SELECT 1 FROM sqlite_master WHERE name = 'ledger_snapshot'").fetchone()
        before = _proven(con, keys, most=None) if had_one and schema(con)[1] else RowProof()
        steps = migrate(con)
        if steps:
            seal_mails(con, keys)
        if steps and keys and not before.broken:
            begin(con, keys, but=before.differing)
    seal_with(con, keys)


def sign_with(con: sqlite3.Connection, key: bytes) -> None:
    """Give the connection the functions of the triggers and images."""
    con.create_function("ledger_mac", 4, partial(_signature, key), deterministic=True)
    con.create_function("ledger_person", 1, lru_cache(1000)(partial(marked, key)), deterministic=True)
    con.create_function("ledger_keyed", 1, lru_cache(1000)(partial(keyed, key)), deterministic=True)


def seal_with(con: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """Give the connection the functions that seal a mail as it is queued, with the first key, and that say whether it
    is whole, by any of them. Without a key nothing is sealed, and nothing is doubted."""

    def sealed(key: bytes, recipient: str, mime: bytes) -> str:
        return seal(key, "mail", f"{recipient}\n{mime.decode('latin-1')}")

    def is_whole(recipient: str, mime: bytes, found: str | None) -> bool:
        return not keys or any(sealed(key, recipient, mime) == found for key in keys)

    con.create_function("mail_seal", 2, partial(sealed, keys[0]) if keys else lambda *_: None)
    con.create_function("mail_whole", 3, is_whole)


def seal_mails(con: sqlite3.Connection, keys: Sequence[bytes], *, anew: bool = False) -> None:
    """Seal what waits and has no seal, as a step of the schema leaves it; `anew`: also what a lost key has sealed."""
    seal_with(con, keys)
    con.execute(
        f"""UPDATE mails SET seal = mail_seal((SELECT recipient FROM outbox WHERE id = mails.id), mime)
        WHERE {"true" if anew else "seal IS NULL"} AND id IN (SELECT id FROM outbox
          WHERE state NOT IN ('sent', 'dropped', 'shadow') AND erased_at IS NULL)"""
    )


def marked(key: bytes, value: bytes | None) -> str | None:
    """What the image has of an address or a telephone number: ~ and 32 hex digits."""
    return f"~{_mark(key, 'person', legible(value))[:32]}" if value else None if value is None else ""


def keyed(key: bytes, value: bytes | None) -> str | None:
    """The text with a keyed hash in place of each address, of each fingerprint, and of each beginning of one: ~ and 32
    or 16 hex digits; those of a fingerprint begin like those of its beginning."""
    if value is None:
        return None

    def hashed(found: re.Match[str]) -> str:
        begins = _mark(key, "message", found[0][:16])[:16]
        return f"~{begins}" if len(found[0]) == 16 else f"~{begins}{_mark(key, 'message', found[0])[:16]}"

    text = FINGERPRINT.sub(hashed, legible(value))
    return ADDRESS.sub(lambda found: marked(key, found[0].encode()) or "", text) if "@" in text else text


def last(con: sqlite3.Connection) -> int:
    """The sequence of the last entry; 0 = there is none."""
    found = con.execute("SELECT max(seq) FROM (SELECT seq FROM ledger UNION ALL SELECT seq FROM ledger_snapshot)")
    return int(found.fetchone()[0] or 0)


def begin(
    con: sqlite3.Connection,
    keys: Sequence[bytes],
    *,
    after: tuple[int, bytes] | None = None,
    but: "Iterable[Differing]" = (),
) -> None:
    """Take a snapshot of the rows as they are now: what they were before is no longer known. The key of the snapshot
    before signs, with which the service goes on; the first one if it is not among these. `after`: the sequence and HMAC
    of the last entry of a copy from which these rows come, where this ledger goes on. `but`: what stays as the
    ledger said, which is not what is there."""
    key = _key(con, keys) or keys[0]
    sign_with(con, key)
    with transaction(con):
        if after is not None:
            con.execute("DELETE FROM ledger")
            con.execute("INSERT INTO ledger(seq, \"table\", row, mac) VALUES(?, '', '', ?)", after)
        if not con.execute("SELECT 1 FROM kv WHERE key = ?", (LEDGER_LINE,)).fetchone():
            remember(con, LEDGER_LINE, token_hex(8), datetime.now(UTC))
        con.execute("DELETE FROM ledger_rows")
        signed, layout = hmac.new(key, digestmod="sha256"), _layout(con)
        for table, names in columns(con).items():
            con.execute(f"INSERT INTO ledger_rows SELECT '{table}', row, image FROM ({_rows(table, names)})")
            for one in (one for one in but if one.table == table):
                place = 'WHERE "table" = ? AND row = ?', (table, one.row)
                held = con.execute(f"SELECT image FROM ledger_rows {place[0]}", place[1]).fetchone()
                con.execute(f"DELETE FROM ledger_rows {place[0]}", place[1])
                if one.said is not None:
                    values = dict(zip(names, json.loads(held[0]), strict=True)) if held else {}
                    image = _as_json([{**values, **one.said}.get(name) for name in names])
                    con.execute("INSERT INTO ledger_rows VALUES(?, ?, ?)", (table, one.row, image))
            kept = con.execute('SELECT row, image FROM ledger_rows WHERE "table" = ? ORDER BY row', (table,))
            for row, image in kept:
                signed.update(_line(table, row, image))
        entry = con.execute("SELECT seq, mac FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        seq, chained = entry or (0, b"")
        for one in (one for one in but if not one.table):
            layout[2].pop(one.row, None)
            layout[2].update(one.said or {})
        _sign(con, key, layout, seq, chained, signed.hexdigest())


def _sign(con: sqlite3.Connection, key: bytes, layout: Sequence[Any], seq: int, chained: bytes, signed: str) -> None:
    """Sign the snapshot: it is what the rows were after the entry `seq`, whose HMAC is `chained`. Remove the entries
    before that one, from which the next goes on."""
    written = json.dumps([name_of_key(key), *layout])
    con.execute("DELETE FROM ledger_snapshot")
    con.execute(
        "INSERT INTO ledger_snapshot(seq, chained, schema, signed, mac) VALUES(?,?,?,?,?)",
        (seq, chained, written, signed, _mac(key, chained, str(seq), written, signed)),
    )
    con.execute("DELETE FROM ledger WHERE seq < ?", (seq,))


# --- Proof -----------------------------------------------------------------------------------------------------------
# Every night the entries are folded over the snapshot, and the result is compared with the rows. It is the next
# snapshot, also where a row differs: so it differs in the next proof too.


class Differing(Struct, frozen=True, kw_only=True):
    """A row that is not as the ledger says, or an object of the schema: `table` is '' then, and `row` its kind and
    name. `said`: the values that the ledger has for it, by column, where they are others; None = it knows of none."""

    table: str
    row: str
    said: Mapping[str, Any] | None


class RowProof(Struct, frozen=True, kw_only=True):
    """`broken`: why the ledger proves nothing ("none": it has no snapshot, "key": its key is not among these, "schema":
    the snapshot is of other steps of the schema, or one of its columns is gone, "gap": an entry is missing, "forged": a
    signature is wrong), or ''. `differences` are for people, `differing` has the same.
    `compared`: rows by table. `snapshot`: its HMAC. `until` and `chained`: sequence and HMAC of the last entry;
    `signed`: the HMAC of all images after it; `latest`: of each table and row with an entry what the ledger says."""

    broken: str = ""
    differences: tuple[Discrepancy, ...] = ()
    differing: tuple[Differing, ...] = ()
    compared: Mapping[str, int] = field(default_factory=dict)
    snapshot: bytes = b""
    until: int = 0
    chained: bytes = b""
    signed: str = ""
    latest: Mapping[tuple[str, str], str | None] = field(default_factory=dict)


def prove(con: sqlite3.Connection, keys: Sequence[bytes]) -> RowProof:
    """Compare every covered row with the ledger, in one state of the database. `con`: a connection of its own, which is
    only read. It reads each row once, and keeps in memory the entries since the snapshot."""
    con.text_factory = legible
    con.execute("BEGIN")
    try:
        return _proven(con, keys)
    finally:
        con.execute("ROLLBACK")


def _proven(
    con: sqlite3.Connection, keys: Sequence[bytes], *, compare: bool = True, most: int | None = MOST_NAMED
) -> RowProof:
    """`prove`, inside a transaction. Without `compare` no row is read: it proves the ledger alone. `most`: rows that
    are named; None = all."""
    # The snapshot's own signature, that of its rows, then entry by entry.
    snapshot = _snapshot(con)
    if snapshot is None or not snapshot["schema"]:
        return RowProof(broken="none")
    key = _key(con, keys)
    if key is None:
        return RowProof(broken="key")
    if not _is_signed(snapshot, key):
        return RowProof(broken="forged")
    imaged, present = _imaged(con), _objects(con)
    if not imaged:
        return RowProof(broken="schema")
    until, chained, _, signed, of_snapshot = snapshot.values()
    before, after = hmac.new(key, digestmod="sha256"), hmac.new(key, digestmod="sha256")
    for table in imaged:  # first: of what nobody has signed nothing is read
        for row, image in con.execute(_KEPT, (table,)):
            before.update(_line(table, row, image))
    if signed != before.hexdigest():
        return RowProof(broken="forged")
    latest: dict[tuple[str, str], str | None] = {}
    kept = 'SELECT image FROM ledger_rows WHERE "table" = ? AND row = ?'
    entries = con.execute('SELECT seq, "table", row, image, mac FROM ledger WHERE seq > ? ORDER BY seq', (until,))
    for seq, table, row, image, mac in entries:
        if seq != until + 1:
            return RowProof(broken="gap")
        if mac != _mac(key, chained, table, row, image):
            return RowProof(broken="forged")
        if (table, row) not in latest:
            latest[table, row] = next((image for (image,) in con.execute(kept, (table, row))), None)
        latest[table, row] = _after(latest[table, row], image)
        until, chained = seq, mac
    # The rows of each table beside what the ledger says of them.
    sign_with(con, key)
    changed: dict[str, list[tuple[str, str | None]]] = {}
    for table, row in sorted(latest):
        changed.setdefault(table, []).append((row, latest[table, row]))
    compared: dict[str, int] = {}
    differing: list[Differing] = []
    differences: list[Discrepancy] = []
    objects, *_ = (*_written(con)[3:], present)  # an earlier version signed none
    for name, (says, has) in _unlike(objects, present).items() if compare else ():
        differing.append(Differing(table="", row=name, said={name: says} if says else None))
        what = "unknown" if says is None else "missing" if has is None else "changed"
        differences.append(Discrepancy(what=Mismatch.ROW, where="schema", detail=f"{name}: {what}"))
    for table, names in imaged.items():
        said = _folded(con, table, changed.get(table, ()))
        held = con.execute(f"{_rows(table, names)} ORDER BY row") if compare else iter(())
        compared[table] = 0
        for row, says, has in _side_by_side(said, held):
            compared[table] += 1
            if says is not None:
                after.update(_line(table, row, says))
            if compare and says != has and (most is None or len(differences) < most):
                # An image of an earlier version is shorter where a hand had added a column, and the rows were accepted.
                left, right = (dict(zip(names, json.loads(one), strict=False)) if one else {} for one in (says, has))
                unlike = _unlike(left, right)
                differing.append(
                    Differing(
                        table=table,
                        row=row,
                        said={name: left[name] for name in unlike if name in left} if says else None,
                    )
                )
                differences.append(_difference(con, table, row, left, right, unlike))
    return RowProof(
        differences=tuple(differences),
        differing=tuple(differing),
        compared=compared,
        snapshot=of_snapshot,
        until=until,
        chained=chained,
        signed=after.hexdigest(),
        latest=latest,
    )


_KEPT = 'SELECT row, image FROM ledger_rows WHERE "table" = ? ORDER BY row'


def _folded(
    con: sqlite3.Connection, table: str, changed: Sequence[tuple[str, str | None]]
) -> Iterator[tuple[str, str]]:
    """Yield (row, image) in the order of rows: the snapshot's images, and `changed` over them."""
    rest = list(reversed(changed))
    for row, image in con.execute(_KEPT, (table,)):
        latest: str | None = image
        while rest and rest[-1][0] <= row:
            name, new = rest.pop()
            if name == row:
                latest = new
            elif new is not None:
                yield name, new
        if latest is not None:
            yield row, latest
    yield from ((name, new) for name, new in reversed(rest) if new is not None)


def _side_by_side(
    said: Iterator[tuple[str, str]], held: Iterator[tuple[str, str]]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (row, image in the ledger, image of the row); None where a side has no such row. Both are in order."""
    left, right = next(said, None), next(held, None)
    while left or right:
        row = min(side[0] for side in (left, right) if side)
        says = left[1] if left and left[0] == row else None
        has = right[1] if right and right[0] == row else None
        yield row, says, has
        left = next(said, None) if says is not None else left
        right = next(held, None) if has is not None else right


def _unlike(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The names at which the two differ, with both values."""
    both = {name: (left.get(name), right.get(name)) for name in {**left, **right}}
    return {name: values for name, values in both.items() if values[0] != values[1]}


def _difference(
    con: sqlite3.Connection,
    table: str,
    row: str,
    said: Mapping[str, Any],
    held: Mapping[str, Any],
    unlike: Mapping[str, tuple[Any, Any]],
) -> Discrepancy:
    """Name the row by its case, and what differs field by field. No value is a person's word."""
    case = (said or held).get("number")
    if case is None:
        of = con.execute("SELECT number FROM cases WHERE id = ?", ((said or held).get("case_id"),)).fetchone()
        case = of[0] if of else f"{table} {row}"
    what = ", ".join(f"{name}: {json.dumps(says)} -> {json.dumps(has)}" for name, (says, has) in unlike.items())
    if not (said and held):
        what = "missing" if said else "unknown"
    return Discrepancy(what=Mismatch.ROW, where=case, detail=f"{table}: {what}")


def advance(con: sqlite3.Connection, keys: Sequence[bytes], proof: RowProof) -> None:
    """Fold the entries that a sound ledger had at the proof into its snapshot: of each row the latest image stays. A
    difference stays one, since only the ledger's own images are folded."""
    with transaction(con):
        if not con.execute("SELECT 1 FROM ledger_snapshot WHERE mac = ?", (proof.snapshot,)).fetchone():
            return  # another has taken its place since: of an erasure, say
        con.executemany('DELETE FROM ledger_rows WHERE "table" = ? AND row = ?', proof.latest)
        kept = ((table, row, image) for (table, row), image in proof.latest.items() if image is not None)
        con.executemany("INSERT INTO ledger_rows VALUES(?, ?, ?)", kept)
        key, layout = _key(con, keys), _written(con)[1:]
        assert key is not None  # the snapshot is that of the proof
        if len(layout) == 2:  # of a version that signed no objects
            layout.append(_objects(con))
        _sign(con, key, layout, proof.until, proof.chained, proof.signed)


def forget(con: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """After an erasure, inside its transaction: remove what the ledger kept of the rows as they were before. One that
    proves nothing loses all images, and a copy of it too: the nightly proof goes on to name it."""
    proof = _proven(con, keys, compare=False)
    if not proof.broken:
        advance(con, keys, proof)
        return
    con.execute("DELETE FROM ledger")
    con.execute("DELETE FROM ledger_rows")
    con.execute("UPDATE ledger_snapshot SET signed = ''")
    con.execute("UPDATE kv SET value = '' WHERE key = ?", (LEDGER_COPIED,))


# --- Pieces ----------------------------------------------------------------------------------------------------------
# The ledger as bytes, which lie in the mailbox (engine/ledger.py), and what a rebuilt database takes from them.

_PIECE = 5_000  # rows or entries of one piece: far smaller than any sensible imap.max_bytes


def pieces(con: sqlite3.Connection, copied: str, now: datetime) -> tuple[Iterator[bytes], str]:
    """Return what is new, piece by piece, each as JSON compressed with zlib, and the mark up to which it goes.
    `copied`: the mark of the pieces before. If the first word of the mark is another one, the pieces are a new snapshot
    with the entries since, and replace all that was copied. `con`: in a transaction until the last piece is read."""
    query = "SELECT seq, hex(chained) AS chained, schema, signed, hex(mac) AS mac FROM ledger_snapshot"
    snapshot = con.execute(query).fetchone()
    if snapshot is None or not snapshot["schema"]:  # removed or emptied, which the nightly proof names
        return iter(()), copied
    head = dict(snapshot)
    of, _, after = copied.partition(" ")
    is_new = of != head["mac"]
    after = head["seq"] if is_new else after
    until = con.execute("SELECT coalesce(max(seq), ?1) FROM ledger WHERE seq > ?1", (after,)).fetchone()[0]
    return _packed_pieces(con, head if is_new else {}, after, stamp(now)), f"{head['mac']} {until}"


def _packed_pieces(con: sqlite3.Connection, head: Mapping[str, Any], after: str, at: str) -> Iterator[bytes]:
    if head:
        parts = max(1, -(-con.execute("SELECT count(*) FROM ledger_rows").fetchone()[0] // _PIECE))
        rows = con.execute('SELECT "table", row, image FROM ledger_rows ORDER BY "table", row')
        for number in range(parts):
            yield _packed({**head, "at": at, "part": number, "parts": parts, "rows": _some(rows)})
    entries = con.execute('SELECT seq, "table", row, image, hex(mac) FROM ledger WHERE seq > ? ORDER BY seq', (after,))
    while some := _some(entries):
        yield _packed({"at": at, "entries": some})


def _packed(piece: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(piece).encode())


def _some(cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
    """The rows of one piece: only so many are in memory together."""
    return list(map(tuple, cursor.fetchmany(_PIECE)))


class Copied(Struct, frozen=True, kw_only=True):
    """What the pieces in a mailbox tell. `key`: the snapshot's; `names`: the columns of each table; `steps`: those
    of the schema that wrote them; `until` and `chained`: sequence and HMAC of the last entry, which was copied `at`
    this time; `lost`: entries that missing pieces had; `unbroken`: the last one before the first of them."""

    key: bytes
    names: Mapping[str, Sequence[str]]
    steps: Sequence[str]
    until: int
    chained: bytes
    at: str
    lost: int
    unbroken: int

    __repr__ = object.__repr__  # the key is a secret


def joined(con: sqlite3.Connection, bodies: Sequence[bytes], keys: Sequence[bytes]) -> Copied | None:
    """Put the pieces together, each as JSON compressed with zlib: the newest whole snapshot, and the entries after it
    as far as their chain is unbroken. The rows are then in the table temp.ledger_copy (table, row, image).
    The newest was written last: a restored database counts its entries from below.
    None: there is no whole snapshot signed with one of these keys."""
    for table in ("copy", "entries"):
        con.execute(f"DROP TABLE IF EXISTS temp.ledger_{table}")
    con.execute('CREATE TEMP TABLE ledger_copy("table", row, image, PRIMARY KEY("table", row)) WITHOUT ROWID')
    con.execute('CREATE TEMP TABLE ledger_entries(seq, "table", row, image, mac, at)')
    con.execute("CREATE INDEX temp.ledger_entries_by_seq ON ledger_entries(seq)")
    # Of the snapshots only the heads are kept in memory, and where the rows of each part are.
    snapshots: dict[str, tuple[dict[str, Any], dict[int, bytes]]] = {}
    heads: list[tuple[str, dict[str, Any], bytes]] = []
    for body, piece in _readable(bodies):
        is_part, at = "rows" in piece, piece["at"]
        entries = ((*entry, at) for entry in piece.pop("entries", ()))
        con.executemany("INSERT INTO temp.ledger_entries VALUES(?, ?, ?, ?, ?, ?)", entries)
        if is_part:
            del piece["rows"]
            heads.append((at, piece, body))
    for _, piece, body in sorted(heads, key=itemgetter(0)):
        _, parts = snapshots.pop(piece["mac"], ({}, {}))
        snapshots[piece["mac"]] = piece, parts | {piece["part"]: body}
    for head, parts in reversed(snapshots.values()):
        # The signature of the snapshot itself, and of its rows.
        seq, chained, at = head["seq"], bytes.fromhex(head["chained"]), head["at"]
        written, signed, mac = head["schema"], head["signed"], bytes.fromhex(head["mac"])
        name, steps, names, *_ = json.loads(written)
        key = next((key for key in keys if name_of_key(key) == name), None)
        whole = len(parts) == head["parts"]
        if not whole or key is None or mac != _mac(key, chained, str(seq), written, signed):
            continue
        signature = hmac.new(key, digestmod="sha256")
        con.execute("DELETE FROM temp.ledger_copy")
        for number in sorted(parts):
            rows = _unpacked(parts[number])["rows"]
            for row in rows:
                signature.update(_line(*row))
            con.executemany("INSERT OR REPLACE INTO temp.ledger_copy VALUES(?, ?, ?)", rows)
        if signature.hexdigest() != signed:
            continue
        # The entries after it, one by one: of several with this number the newest that goes on from there. Where a
        # piece is missing, the next one that was written later goes on, since its seal says that it is ours. What it
        # tells of a row that the missing one had added belongs to no row.
        lost, unbroken = 0, seq
        while True:
            found = con.execute(_NEWEST, (seq + 1,)).fetchall()
            entry = next((one for one in found if _goes_on(key, chained, one)), None)
            if entry is None and (entry := con.execute(_BEHIND, (seq + 1, at)).fetchone()) is None:
                break
            number, table, row, image, of_entry, at = entry
            lost, seq, chained = lost + number - seq - 1, number, bytes.fromhex(of_entry)
            unbroken = unbroken if lost else seq
            gone = 'DELETE FROM temp.ledger_copy WHERE "table" = ? AND row = ? RETURNING image'
            said = next((image for (image,) in con.execute(gone, (table, row)).fetchall()), None)
            if (image := _after(said, image)) is not None:
                con.execute("INSERT INTO temp.ledger_copy VALUES(?, ?, ?)", (table, row, image))
        return Copied(
            key=key, names=names, steps=steps, until=seq, chained=chained, at=at, lost=lost, unbroken=unbroken
        )
    return None


def knows(con: sqlite3.Connection, bodies: Sequence[bytes]) -> bool:
    """Whether the ledger goes as far as each of these pieces, with the same HMAC as far as it still has the entry. It
    does not where somebody has put an older state of the file back, or emptied the ledger."""
    until = last(con)
    own = dict(con.execute("SELECT seq, mac FROM ledger UNION SELECT seq, chained FROM ledger_snapshot"))
    for _, piece in _readable(bodies):
        told = [(seq, mac) for seq, *_, mac in piece.get("entries", ())]
        told += [(piece["seq"], piece["chained"])] if "rows" in piece else []
        if any(seq > until or own.get(seq, bytes.fromhex(mac)) != bytes.fromhex(mac) for seq, mac in told):
            return False
    return True


def _readable(bodies: Sequence[bytes]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield each piece with what it holds; not those that no version of ours writes: what they had is missing, which
    the chain tells."""
    for body in bodies:
        try:
            piece = _unpacked(body)
            piece["at"]
        except (zlib.error, ValueError, TypeError, KeyError):
            continue
        yield body, piece


def _unpacked(body: bytes) -> dict[str, Any]:
    piece: dict[str, Any] = json.loads(zlib.decompress(body))
    return piece


_NEWEST = "SELECT * FROM temp.ledger_entries WHERE seq = ? ORDER BY at DESC, rowid DESC"
_BEHIND = "SELECT * FROM temp.ledger_entries WHERE seq > ? AND at > ? ORDER BY seq, at DESC, rowid DESC LIMIT 1"


def _goes_on(key: bytes, chained: bytes, entry: Sequence[Any]) -> bool:
    _, table, row, image, mac, _ = entry
    return _mac(key, chained, table, row, image) == bytes.fromhex(mac)
