"""The ledger: a signed record, without words or addresses, of each change of a row on which a promise depends.

Triggers write it inside the transaction of the change: no change without its entry, no entry without its change. They
are temporary triggers of our own connections: a hand in the file changes a row and writes no entry, and the nightly
proof names that row. Nothing here repairs a row or decides which side is right.

`ledger_rows` has the image of each row at the last snapshot, a JSON array of its columns, and `ledger_snapshot` signs
them all. `ledger` has one entry for each change since: the table, the row, and its new image (NULL = the row was
deleted). Each entry carries an HMAC-SHA256 (RFC 2104), cut to 16 bytes, over itself and the HMAC of the entry before.
"""

import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from oacmail.core.kinds import NOT_ENDED
from oacmail.core.policy import Policy
from oacmail.core.reconciliation import Discrepancy, Mismatch
from oacmail.core.stored_values import LEDGER_COPIED
from oacmail.core.tokens import message_id, name_of_key, person_mark
from oacmail.store.connection import schema, stamp, transaction
from oacmail.store.personal import ERASED, ROWS

KEYS: Mapping[str, tuple[str, ...]] = {
    "board_messages": ("fingerprint",),
    "cases": ("id",),
    "deadlines": ("started_by", "kind", "level"),
    "messages": ("id",),
    "outbox": ("id",),
    "people": ("id",),
    "reviews": ("fingerprint",),
    "votes": ("id",),
}
"""Each table that the ledger covers, with the columns of its primary key."""
_MARKED = ("address", "recipient")
"""Columns with an address: the image has a keyed hash of it, so that a change is seen and nobody is named."""
_MAC_BYTES = 16
NOBODY = "unknown@invalid"
"""Stands for a recipient of whom only the keyed hash is known."""
MOST_NAMED = 1000
"""Rows that one proof names: whoever has changed a whole column gets no longer a mail for it."""
_EMPTY = "DELETE FROM ledger; DELETE FROM ledger_rows; DELETE FROM ledger_snapshot;"
_LATEST = """SELECT "table", row, image, max(seq) FROM ledger
  WHERE seq > (SELECT seq FROM ledger_snapshot) AND seq <= ? GROUP BY "table", row"""


def columns(con: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of each table that make its image: those without words."""
    return {
        table: [
            row[1]
            for row in con.execute(f"PRAGMA table_info({table})")
            if row[1] in _MARKED or (row[1] not in ERASED.get(table, ()) and row[1] not in ROWS.get(table, ()))
        ]
        for table in KEYS
    }


def _row(table: str, of: str = "") -> str:
    """The SQL expression of a row's name: its primary key as text."""
    return " || ' ' || ".join(f"{of}{name}" for name in KEYS[table]) + " || ''"


def _image(names: Sequence[str], of: str = "") -> str:
    """The SQL expression of a row's image: the columns of these names."""
    values = (f"ledger_mark(CAST({of}{name} AS BLOB))" if name in _MARKED else f"{of}{name}" for name in names)
    return f"json_array({', '.join(values)})"


def _schema(con: sqlite3.Connection, key: bytes) -> str:
    """What a snapshot depends on: the key, the steps of the schema, which may change rows, and the columns."""
    return json.dumps([name_of_key(key), schema(con)[0], columns(con)])


def _written(con: sqlite3.Connection) -> list[Any]:
    """What the present snapshot says that it depends on; [] = there is no snapshot, or it is damaged."""
    snapshot = con.execute("SELECT schema FROM ledger_snapshot").fetchone()
    try:
        return list(json.loads(snapshot[0])) if snapshot else []
    except (ValueError, TypeError):
        return []


def _key(con: sqlite3.Connection, keys: Sequence[bytes]) -> bytes | None:
    """The key of the present snapshot; None = it is not among these, or there is no snapshot."""
    return next((key for key in keys if _written(con)[:1] == [name_of_key(key)]), None)


def _is_current(con: sqlite3.Connection) -> bool:
    """Whether there is a snapshot, of today's steps and columns."""
    today: list[Any] = json.loads(_schema(con, b""))
    return _written(con)[1:] == today[1:]


def _mac(key: bytes, before: bytes | None, table: str, row: str, image: str | None) -> bytes:
    """`before`: the HMAC of the entry before; None = there was none."""
    entry = f"{(before or b'').hex()}\n{table}\n{row}\n{'-' if image is None else image}"
    return hmac.digest(key, entry.encode(), "sha256")[:_MAC_BYTES]


def _line(table: str, row: str, image: str) -> bytes:
    return f"{table}\n{row}\n{image}\n".encode()


# --- Record ----------------------------------------------------------------------------------------------------------
# A connection that writes calls `record` before its first change.


def record(con: sqlite3.Connection, keys: Sequence[bytes], *, beside: bool = False) -> None:
    """Record each change that this connection makes from now on. A database that has no snapshot, or whose schema has
    changed since its last, gets one of its rows as they are.

    The key of the snapshot signs. A new first key does from the first start at which the old one is still given and
    every row is as the ledger says. `beside`: the service may run, which knows the present key alone: no snapshot is
    taken. Without its key nothing can be signed, and the first change empties the ledger: the next start begins it."""
    current = _is_current(con)
    key = _key(con, keys) if current else None
    if not beside:
        if not current or (key not in (None, keys[0]) and _is_sound(_proven(con, keys))):
            key = None
            begin(con, keys[:1])
        key = key or keys[0]
    if key is not None:
        _sign_with(con, key)
    for table, names in columns(con).items():
        old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("old", "new"))
        for name, event, row, image in (
            ("added", "INSERT", "new.", _image(names, "new.")),
            ("changed", "UPDATE", "new.", _image(names, "new.")),
            ("renamed", "UPDATE", "old.", "NULL"),
            ("deleted", "DELETE", "old.", "NULL"),
        ):
            condition = {
                "changed": f"WHEN ({old}) IS NOT ({new})",
                "renamed": f"WHEN {_row(table, 'old.')} IS NOT {_row(table, 'new.')}",
            }.get(name, "")
            entry = f"""INSERT INTO ledger("table", row, image, mac) SELECT of, name, image,
                  ledger_mac((SELECT mac FROM ledger ORDER BY seq DESC LIMIT 1), of, name, image)
                FROM (SELECT '{table}' AS of, {_row(table, row)} AS name, {image} AS image);"""
            con.execute(f"DROP TRIGGER IF EXISTS temp.ledger_{table}_{name}")
            con.execute(
                f"""CREATE TEMP TRIGGER ledger_{table}_{name} AFTER {event} ON main.{table} {condition} BEGIN
                {entry if key else _EMPTY} END"""
            )


def _is_sound(proof: "RowProof") -> bool:
    return not (proof.broken or proof.differences)


def _sign_with(con: sqlite3.Connection, key: bytes) -> None:
    """Give the connection the functions of the triggers and images."""
    con.create_function("ledger_mac", 4, lambda *entry: _mac(key, *entry), deterministic=True)
    mark = lru_cache(1000)(lambda address: person_mark(key, _legible(address))[:32])
    con.create_function("ledger_mark", 1, mark, deterministic=True)


def _legible(text: bytes) -> str:
    """The text of a row, which a hand or a disk may have made no text at all."""
    return text.decode(errors="replace")


def begin(con: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """Take a snapshot of the rows as they are now: what they were before is no longer known. The key of the snapshot
    before signs, with which the service goes on; the first one if it is not among these."""
    key = _key(con, keys) or keys[0]
    _sign_with(con, key)
    with transaction(con):
        con.execute("DELETE FROM ledger_rows")
        signed = hmac.new(key, digestmod="sha256")
        for table, names in columns(con).items():
            con.execute(f"INSERT INTO ledger_rows SELECT '{table}', {_row(table)}, {_image(names)} FROM main.{table}")
            kept = con.execute('SELECT row, image FROM ledger_rows WHERE "table" = ? ORDER BY row', (table,))
            for row, image in kept:
                signed.update(_line(table, row, image))
        last = con.execute("SELECT seq, mac FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        seq, chained = last or (0, b"")
        _sign(con, key, seq, chained, signed.hexdigest())


def _sign(con: sqlite3.Connection, key: bytes, seq: int, chained: bytes, signed: str) -> None:
    """Sign the snapshot: it is what the rows were after the entry `seq`, whose HMAC is `chained`. Remove the entries
    before that one, from which the next goes on."""
    written = _schema(con, key)
    con.execute("DELETE FROM ledger_snapshot")
    con.execute(
        "INSERT INTO ledger_snapshot(seq, chained, schema, signed, mac) VALUES(?,?,?,?,?)",
        (seq, chained, written, signed, _mac(key, chained, str(seq), written, signed)),
    )
    con.execute("DELETE FROM ledger WHERE seq < ?", (seq,))


# --- Proof -----------------------------------------------------------------------------------------------------------
# Every night the entries are folded over the snapshot, and the result is compared with the rows. It is the next
# snapshot, also where a row differs: so it differs in the next proof too.


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProof:
    """`broken`: why the ledger proves nothing ("none": it has no snapshot, "key": its key is not among these, "schema":
    somebody has changed the tables since, "gap": an entry is missing, "forged": a signature is wrong), or ''.
    `compared`: rows by table. `snapshot`: its HMAC. `until` and `chained`: sequence and HMAC of the last entry;
    `signed`: the HMAC of all images after it."""

    broken: str = ""
    differences: tuple[Discrepancy, ...] = ()
    compared: Mapping[str, int] = field(default_factory=dict)
    snapshot: bytes = b""
    until: int = 0
    chained: bytes = b""
    signed: str = ""


def prove(con: sqlite3.Connection, keys: Sequence[bytes]) -> RowProof:
    """Compare every covered row with the ledger, in one state of the database. `con`: a connection of its own, which is
    only read. It reads each row once, and keeps in memory the entries since the snapshot."""
    con.text_factory = _legible
    con.execute("BEGIN")
    try:
        return _proven(con, keys)
    finally:
        con.execute("ROLLBACK")


def _proven(con: sqlite3.Connection, keys: Sequence[bytes]) -> RowProof:
    """`prove`, inside a transaction."""
    # The snapshot's own signature, then entry by entry.
    snapshot = con.execute("SELECT seq, chained, schema, signed, mac FROM ledger_snapshot").fetchone()
    if snapshot is None:
        return RowProof(broken="none")
    if not _is_current(con):
        return RowProof(broken="schema")
    until, chained, written, signed, of_snapshot = snapshot
    key = _key(con, keys)
    if key is None:
        return RowProof(broken="key")
    if of_snapshot != _mac(key, chained, str(until), written, signed):
        return RowProof(broken="forged")
    changed: dict[str, dict[str, str | None]] = {table: {} for table in KEYS}
    entries = con.execute('SELECT seq, "table", row, image, mac FROM ledger WHERE seq > ? ORDER BY seq', (until,))
    for seq, table, row, image, mac in entries:
        if seq != until + 1:
            return RowProof(broken="gap")
        if mac != _mac(key, chained, table, row, image):
            return RowProof(broken="forged")
        changed[table][row] = image
        until, chained = seq, mac
    # The rows of each table beside what the ledger says of them.
    _sign_with(con, key)
    before, after = hmac.new(key, digestmod="sha256"), hmac.new(key, digestmod="sha256")
    compared: dict[str, int] = {}
    differences: list[tuple[str, list[str], str, str | None, str | None]] = []
    for table, names in columns(con).items():
        said = _folded(con, table, sorted(changed[table].items()), before)
        held = con.execute(f"SELECT {_row(table)} AS row, {_image(names)} FROM {table} ORDER BY row")
        compared[table] = 0
        for row, says, has in _side_by_side(said, held):
            compared[table] += 1
            if says is not None:
                after.update(_line(table, row, says))
            if says != has and len(differences) < MOST_NAMED:
                differences.append((table, names, row, says, has))
    if signed != before.hexdigest():
        return RowProof(broken="forged")
    return RowProof(
        differences=tuple(_difference(con, *one) for one in differences),
        compared=compared,
        snapshot=of_snapshot,
        until=until,
        chained=chained,
        signed=after.hexdigest(),
    )


def _folded(
    con: sqlite3.Connection, table: str, changed: Sequence[tuple[str, str | None]], before: hmac.HMAC
) -> Iterator[tuple[str, str]]:
    """Yield (row, image) in the order of rows: the snapshot's images, which `before` signs, and `changed` over them."""
    rest = list(reversed(changed))
    for row, image in con.execute('SELECT row, image FROM ledger_rows WHERE "table" = ? ORDER BY row', (table,)):
        before.update(_line(table, row, image))
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


def _difference(
    con: sqlite3.Connection, table: str, names: Sequence[str], row: str, says: str | None, has: str | None
) -> Discrepancy:
    """Name the row by its case, and what differs field by field. No value is a person's word."""
    # An image of the service is shorter where somebody has added a column while it ran, and accepted the rows.
    said, held = (dict(zip(names, json.loads(image), strict=False)) if image else {} for image in (says, has))
    case = (said or held).get("number")
    if case is None:
        of = con.execute("SELECT number FROM cases WHERE id = ?", ((said or held).get("case_id"),)).fetchone()
        case = of[0] if of else f"{table} {row}"
    if said and held:
        both = ((name, said.get(name), held.get(name)) for name in names)
        what = ", ".join(f"{name}: {json.dumps(says)} -> {json.dumps(has)}" for name, says, has in both if says != has)
    else:
        what = "missing" if said else "unknown"
    return Discrepancy(what=Mismatch.ROW, where=case, detail=f"{table}: {what}")


def advance(con: sqlite3.Connection, keys: Sequence[bytes], proof: RowProof) -> None:
    """Fold the entries that a sound ledger had at the proof into its snapshot: of each row the latest image stays. A
    difference stays one, since only the ledger's own images are folded."""
    gone, kept = (f'SELECT "table", row, image FROM ({_LATEST}) WHERE image IS {what}' for what in ("NULL", "NOT NULL"))
    with transaction(con):
        if not con.execute("SELECT 1 FROM ledger_snapshot WHERE mac = ?", (proof.snapshot,)).fetchone():
            return  # another has taken its place since: of an erasure, say
        con.execute(
            f'DELETE FROM ledger_rows WHERE ("table", row) IN (SELECT "table", row FROM ({gone}))', (proof.until,)
        )
        con.execute(f"INSERT OR REPLACE INTO ledger_rows {kept}", (proof.until,))
        key = _key(con, keys)
        assert key is not None  # the snapshot is that of the proof
        _sign(con, key, proof.until, proof.chained, proof.signed)


def forget(con: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """After an erasure, inside its transaction: remove what the ledger kept of the rows as they were before. One that
    proves nothing loses all images, and a copy of it too: the nightly proof goes on to name it."""
    proof = _proven(con, keys)
    if not proof.broken:
        advance(con, keys, proof)
        return
    con.execute("DELETE FROM ledger")
    con.execute("DELETE FROM ledger_rows")
    con.execute("UPDATE ledger_snapshot SET signed = ''")
    con.execute("DELETE FROM kv WHERE key = ?", (LEDGER_COPIED,))


# --- Pieces ----------------------------------------------------------------------------------------------------------
# The ledger as texts, which lie in the mailbox (engine/ledger.py), and what a rebuilt database takes from them.

_PIECE = 20_000  # rows or entries of one piece: about a megabyte


def pieces(con: sqlite3.Connection, copied: str, now: datetime) -> tuple[list[str], str]:
    """Return the JSON of what is new, and the mark up to which it goes. `copied`: the mark of the pieces before. The
    first piece has `rows` if the snapshot is a new one, which replaces all that was copied."""
    query = "SELECT seq, hex(chained) AS chained, schema, signed, hex(mac) AS mac FROM ledger_snapshot"
    snapshot = con.execute(query).fetchone()
    if snapshot is None:  # somebody has deleted it, which the nightly proof names
        return [], copied
    head = dict(snapshot)
    of, _, after = copied.partition(" ")
    at = {"at": stamp(now)}
    made: list[str] = []
    if of != head["mac"]:
        after = head["seq"]
        parts = max(1, -(-con.execute("SELECT count(*) FROM ledger_rows").fetchone()[0] // _PIECE))
        rows = con.execute('SELECT "table", row, image FROM ledger_rows ORDER BY "table", row')
        for number in range(parts):
            made.append(json.dumps(head | at | {"part": number, "parts": parts, "rows": _some(rows)}))
    entries = con.execute('SELECT seq, "table", row, image, hex(mac) FROM ledger WHERE seq > ? ORDER BY seq', (after,))
    while some := _some(entries):
        made.append(json.dumps(at | {"entries": some}))
        after = some[-1][0]
    return made, f"{head['mac']} {after}"


def _some(cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
    """The rows of one piece: only so many are in memory together."""
    return list(map(tuple, cursor.fetchmany(_PIECE)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What the pieces in a mailbox tell. `rows`: table to name to the columns of the row; `until`: the sequence of the
    last entry; `lost`: entries that lie behind a gap or bear a wrong signature."""

    rows: Mapping[str, Mapping[str, Mapping[str, Any]]]
    until: int
    lost: int


def joined(texts: Iterable[str], keys: Sequence[bytes]) -> Copied | None:
    """Put the pieces together: the newest whole snapshot, and the entries after it as far as their chain is unbroken.
    The newest was written last: a restored database and a rebuilt one count their entries from below.
    None: there is no whole snapshot signed with one of these keys."""
    snapshots: dict[str, dict[int, dict[str, Any]]] = {}
    entries: dict[int, list[tuple[str, str, str | None, bytes]]] = {}
    for piece in sorted(map(json.loads, texts), key=lambda piece: str(piece.get("at", ""))):
        if "rows" in piece:
            snapshots[piece["mac"]] = snapshots.pop(piece["mac"], {}) | {piece["part"]: piece}
        for seq, table, row, image, mac in piece.get("entries", ()):
            entries.setdefault(seq, []).append((table, row, image, bytes.fromhex(mac)))
    whole = [parts for parts in snapshots.values() if len(parts) == next(iter(parts.values()))["parts"]]
    for parts in reversed(whole):
        # The signature of the snapshot itself, and of its rows.
        seq, chained = parts[0]["seq"], bytes.fromhex(parts[0]["chained"])
        written, signed, mac = parts[0]["schema"], parts[0]["signed"], bytes.fromhex(parts[0]["mac"])
        name, _, names = json.loads(written)
        key = next((key for key in keys if name_of_key(key) == name), None)
        if key is None or mac != _mac(key, chained, str(seq), written, signed):
            continue
        signature = hmac.new(key, digestmod="sha256")
        images: dict[str, dict[str, str]] = {table: {} for table in names}
        for table, row, image in (row for number in sorted(parts) for row in parts[number]["rows"]):
            signature.update(_line(table, row, image))
            images[table][row] = image
        if signature.hexdigest() != signed:
            continue
        # The entries after it, one by one.
        while entry := _next(entries.get(seq + 1, []), key, chained):
            table, row, new, chained = entry
            images[table].pop(row, None)
            if new is not None:
                images[table][row] = new
            seq += 1
        return Copied(
            rows={
                table: {row: dict(zip(names[table], json.loads(image), strict=True)) for row, image in rows.items()}
                for table, rows in images.items()
            },
            until=seq,
            lost=sum(number > seq for number in entries),
        )
    return None


def _next(
    written: Sequence[tuple[str, str, str | None, bytes]], key: bytes, chained: bytes
) -> tuple[str, str, str | None, bytes] | None:
    """The newest entry that goes on from there."""
    return next((entry for entry in reversed(written) if entry[3] == _mac(key, chained, *entry[:3])), None)


def bring_back(con: sqlite3.Connection, copied: Copied, policy: Policy) -> int:
    """Give the rows of a rebuilt database the values that the ledger has of them; return how many cases had others.
    Rows belong together by case number, fingerprint and key, since a rebuild counts its ids anew. Columns that only the
    version had that wrote the copy are left out."""
    own = columns(con)
    known_people = [row["address"] for row in con.execute("SELECT address FROM people")]
    of_mark = {
        person_mark(key, address)[:32]: address
        for key in policy.secrets
        for address in (*known_people, *policy.people.staff)
    }
    ids = {row["number"]: row["id"] for row in con.execute("SELECT id, number FROM cases")}
    case_of = {row["id"]: ids.get(row["number"]) for row in copied.rows["cases"].values()}
    changed = 0
    for table, key, but in (
        ("cases", "number", ("id", "citizen_id", "opened_by")),
        ("messages", "fingerprint", ("id", "author_id")),
        ("outbox", "key", ("id", "recipient")),
    ):
        for row in copied.rows[table].values():
            known = {name: value for name, value in row.items() if name in own[table] and name not in (*but, key)}
            if "case_id" in known:
                known["case_id"] = case_of.get(known["case_id"])
            names, marks = ", ".join(known), ", ".join("?" * len(known))
            done = con.execute(
                f"UPDATE {table} SET ({names}) = ({marks}) WHERE {key} = ? AND ({names}) IS NOT ({marks})",
                (*known.values(), row[key], *known.values()),
            )
            changed += done.rowcount * (table == "cases")
            # A mail to staff has no copy in the mailbox. Its bytes are gone, so that only an ended one can be known.
            if table == "outbox" and row["state"] not in NOT_ENDED:
                address = of_mark.get(row["recipient"], NOBODY)
                known |= {"key": row["key"], "message_id": message_id(policy, row["key"]), "recipient": address}
                known |= {"domain": address.rpartition("@")[2]}
                names, marks = ", ".join(known), ", ".join("?" * len(known))
                con.execute(f"INSERT OR IGNORE INTO outbox({names}) VALUES({marks})", tuple(known.values()))
    # Of these the ledger has every column: what no mail tells comes back whole.
    con.executemany("DELETE FROM deadlines WHERE case_id = ?", [(case,) for case in case_of.values() if case])
    for table in ("deadlines", "votes", "reviews"):
        for row in copied.rows[table].values():
            known = {name: value for name, value in row.items() if name in own[table] and name != "id"}
            if "case_id" in known:
                known["case_id"] = case_of.get(known["case_id"])
            if known.get("case_id", True) is not None:
                names, marks = ", ".join(known), ", ".join("?" * len(known))
                con.execute(f"INSERT OR REPLACE INTO {table}({names}) VALUES({marks})", tuple(known.values()))
    return changed
