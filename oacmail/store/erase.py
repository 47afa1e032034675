"""Erases a person, or what is past its retention, so that no byte stays in the file, and remembers the erasure by
hashes alone (docs/privacy.md). Who is erased, and when, is decided by the caller.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from oacmail.core.errors import OacmailError, Transient
from oacmail.core.kinds import NOT_ENDED, MailKind
from oacmail.core.model import CloseReason, MessageRef
from oacmail.core.stored_values import ADDED, BACKUP, FAMILIES, LESSONS, SEARCHED, UNDELIVERED, Tells
from oacmail.store import remembered
from oacmail.store.connection import FILE, at, connect_at_rest, is_database, named_faults, stamp, transaction
from oacmail.store.personal import ERASED, IN, UNPROCESSED, Mentions, Scope, ids, setting
from oacmail.store.writing import ERASED_DOMAIN, nobody, raise_serial, remember

# --- Free pages ------------------------------------------------------------------------------------------------------
# Free pages, write-ahead log, shared memory: every connection of this program overwrites what it deletes (PRAGMA
# secure_delete); VACUUM also reaches what another program freed, and the truncated log holds nothing. It runs beside
# the daemon, whose writes wait meanwhile.

_TRIES = 3  # each waits for BUSY_SECONDS


def empty_log(con: sqlite3.Connection) -> bool:
    """Truncate the write-ahead log; return False if another program reads at this moment."""
    with named_faults():
        return bool(con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def wipe(con: sqlite3.Connection) -> None:
    """Raises Transient where another program keeps reading: the erasure holds, but the log has old pages."""
    with named_faults():
        con.execute("VACUUM")
    if any(empty_log(con) for _ in range(_TRIES)):
        return
    raise Transient(
        "state: everything is erased, but another program reads the database, so that its write-ahead log still holds "
        "old pages: end that program, then run the same command again"
    )


# --- Forgotten -------------------------------------------------------------------------------------------------------
# Who was forgotten, as keyed hashes, and which rows were erased: a backup that is older than an erasure holds the
# person again, and messages in the mailbox that it does not know would be processed as new ones. Here the replaced
# database is compared with the restored one.

_STUB = """fingerprint, role, outcome, kind, guest, rule, sent_at, received_at, lang, rung, folder, erased_at,
  message_id, because, subject, subject_key, fresh, body_hash, reply_to, attachments"""
_MAIL = """key, message_id, kind, recipient, domain, length, state, copied_at, released_at, sent_at, created_at,
  erased_at"""


class Forgotten(Struct, frozen=True, kw_only=True):
    """`person`: keyed hash of an address; `key`: the name of the key; `at`: when, as stored."""

    person: str
    key: str
    at: str


def add_forgotten(con: sqlite3.Connection, person: str, key: str, now: datetime) -> datetime:
    """Return its moment: the rows that are erased bear it. No other person has it, and whatever is here is older."""
    taken = """SELECT 1 FROM forgotten WHERE at = ?1 AND person <> ?2
        UNION ALL SELECT 1 FROM messages WHERE received_at = ?1"""
    while con.execute(taken, (stamp(now), person)).fetchone():
        now += timedelta(seconds=1)
    con.execute("INSERT OR IGNORE INTO forgotten(person, at, key) VALUES(?,?,?)", (person, stamp(now), key))
    return now


def forgotten_at(con: sqlite3.Connection, marks: Iterable[str]) -> list[str]:
    """Return when the person with one of these keyed hashes was forgotten, as stored, oldest first."""
    rows = con.execute(f"SELECT DISTINCT at FROM forgotten WHERE person {IN} ORDER BY at", (json.dumps(list(marks)),))
    return [row["at"] for row in rows]


def listed_forgotten(con: sqlite3.Connection) -> list[Forgotten]:
    """Return the whole list, oldest first."""
    rows = con.execute("SELECT person, key, at FROM forgotten ORDER BY at")
    return [Forgotten(person=row["person"], key=row["key"], at=row["at"]) for row in rows]


def take_over_forgotten(con: sqlite3.Connection, entries: Iterable[Forgotten]) -> None:
    """Whoever is new on the list was never looked for in what other people wrote."""
    added = con.executemany(
        "INSERT OR IGNORE INTO forgotten(person, at, key) VALUES(?,?,?)",
        [(entry.person, entry.at, entry.key) for entry in entries],
    )
    if added.rowcount > 0:
        con.execute("DELETE FROM kv WHERE key = ?", (SEARCHED,))


def erased_cases(con: sqlite3.Connection, replaced: sqlite3.Connection) -> list[int]:
    """Return the cases that were erased in the replaced database and are not in this one. A number may mean another
    case here: what opened it tells."""
    rows = replaced.execute("SELECT opened_by FROM cases WHERE erased_at IS NOT NULL")
    query = "SELECT id FROM cases WHERE opened_by = ? AND erased_at IS NULL"
    return [found["id"] for row in rows for found in con.execute(query, (row["opened_by"],))]


def erased_messages(con: sqlite3.Connection, replaced: sqlite3.Connection) -> list[int]:
    """Likewise messages, on whatever case."""
    rows = replaced.execute("SELECT fingerprint FROM messages WHERE erased_at IS NOT NULL")
    query = "SELECT id FROM messages WHERE fingerprint = ? AND erased_at IS NULL"
    return [found["id"] for row in rows for found in con.execute(query, (row["fingerprint"],))]


def remember_erased(con: sqlite3.Connection, replaced: sqlite3.Connection, now: datetime) -> int:
    """Take over the empty rows of erased messages and mails that this database never knew, so that what still lies in
    the mailbox counts as known, and give no number of an erased case again. Return how many messages there were."""
    for row in replaced.execute("SELECT number FROM cases WHERE erased_at IS NOT NULL").fetchall():
        raise_serial(con, row["number"], now)
    author = nobody(con)
    rows = replaced.execute(f"SELECT {_STUB} FROM messages WHERE erased_at IS NOT NULL").fetchall()
    marks = ",".join("?" * len(_STUB.split(",")))
    query = f"INSERT OR IGNORE INTO messages(author_id, {_STUB}) VALUES(?,{marks})"
    count = sum(con.execute(query, (author, *row)).rowcount for row in rows)
    mails = replaced.execute(f"SELECT {_MAIL} FROM outbox WHERE erased_at IS NOT NULL").fetchall()
    marks = ",".join("?" * len(_MAIL.split(",")))
    for mail in mails:
        values = {**dict(mail), "message_id": f"<erased.{mail['key'][:80]}@invalid>"}
        con.execute(f"INSERT OR IGNORE INTO outbox({_MAIL}) VALUES({marks})", tuple(values.values()))
    if not count:
        con.execute("DELETE FROM people WHERE id = ?", (author,))
    return count


def empty_erased(con: sqlite3.Connection) -> int:
    """Empty what the rows say was erased: after a restore that goes on by the ledger, their words are those of the
    backup. Return how many cases, messages and mails had any."""
    count = 0
    for table in ("cases", "messages", "outbox"):
        differs = " OR ".join(f"{column} IS NOT {value}" for column, value in ERASED[table].items())
        changed = f"UPDATE {table} SET {setting(table)} WHERE erased_at IS NOT NULL AND ({differs})"
        count += con.execute(changed).rowcount
    cases, messages, outbox = (
        f"IN (SELECT id FROM {table} WHERE erased_at IS NOT NULL)" for table in ("cases", "messages", "outbox")
    )
    for statement in (
        f"""UPDATE outbox SET mailbox = '', domain = '{ERASED_DOMAIN}'
        WHERE recipient GLOB '*@{ERASED_DOMAIN}' AND mailbox <> '' AND id {outbox}""",
        f"UPDATE mails SET {setting('mails')} WHERE length(mime) > 0 AND id {outbox}",
        f"DELETE FROM notes WHERE case_id {cases}",
        f"DELETE FROM drafts WHERE case_id {cases}",
        f"DELETE FROM refs WHERE message_id {messages}",
    ):
        count += con.execute(statement).rowcount
    unknown = f"SELECT o.key FROM {UNPROCESSED} AND r.fingerprint IS NULL"
    return count + _deleted(con, "originals", f"key IN ({unknown})")


def erased_numbers(con: sqlite3.Connection) -> list[str]:
    return [row["number"] for row in con.execute("SELECT number FROM cases WHERE erased_at IS NOT NULL")]


# --- Erase -----------------------------------------------------------------------------------------------------------
# Numbers, times, states and labels stay, and so do the events and deadlines: what the monthly indicators count is the
# same before and after. It runs inside the caller's transaction; store/personal.py says what becomes of each column.

_ABOUT_A_MESSAGE = tuple(name for name, family in FAMILIES.items() if family.tells is Tells.FINGERPRINT)
_QUOTED = ", ".join(f"'{state}'" for state in NOT_ENDED)


def erase_person(con: sqlite3.Connection, scope: Scope, now: datetime) -> Counter[str]:
    """Return the number of rows changed or deleted, by table. Rows that were erased before are not counted again."""
    counts: Counter[str] = Counter()
    rows = con.execute(f"SELECT message_id, fingerprint, original FROM messages WHERE id {IN}", (ids(scope.messages),))
    erased = rows.fetchall()
    counts["cases"] = _set(con, "cases", scope.cases, now)
    counts["messages"] = _set(con, "messages", scope.messages, now)
    counts["outbox"] = _set(con, "outbox", scope.mails, now)
    counts["mails"] = con.execute(
        f"UPDATE mails SET {setting('mails')} WHERE id {IN} AND length(mime) > 0",
        (ids((*scope.mails, *_with_first_words(con, scope))),),
    ).rowcount
    counts["originals"] = drop_unused(con, {row["original"] for row in erased if row["original"]})
    counts["notes"] = _deleted(con, "notes", f"case_id {IN}", ids(scope.cases))
    counts["drafts"] = _deleted(con, "drafts", f"case_id {IN}", ids(scope.cases))
    counts["refs"] = _deleted(con, "refs", f"message_id {IN}", ids(scope.messages))
    counts["refs"] += sum(_deleted(con, "refs", "ref = ?", row["message_id"]) for row in erased if row["message_id"])
    # What was learned from a correction of one of these cases: the lessons are learned again from the others.
    corrected = f"EXISTS(SELECT 1 FROM events WHERE kind IN ('corrected', 'confirmed') AND case_id {IN})"
    counts["kv"] = _deleted(con, "kv", f"key = ? AND {corrected}", LESSONS, ids(scope.cases))
    con.execute(
        f"""UPDATE reviews SET done_at = ? WHERE done_at IS NULL
        AND fingerprint IN (SELECT fingerprint FROM messages WHERE id {IN})""",
        (stamp(now), ids(scope.messages)),
    )
    if scope.people:
        counts["people"] = _cut(con, scope)
    counts["kv"] += _stored_values(con, scope, erased)
    return +counts


def _set(con: sqlite3.Connection, table: str, rows: Iterable[int], now: datetime) -> int:
    return con.execute(
        f"UPDATE {table} SET {setting(table)}, erased_at = ? WHERE id {IN} AND erased_at IS NULL",
        (stamp(now), ids(rows)),
    ).rowcount


def _with_first_words(con: sqlite3.Connection, scope: Scope) -> list[int]:
    """The mails to agents that have left and may show the first words of these messages: summaries and cards name what
    its text alone has set aside."""
    listed = con.execute(
        f"""SELECT m.fingerprint, m.received_at FROM messages m JOIN reviews r ON r.fingerprint = m.fingerprint
        WHERE m.id {IN} ORDER BY m.received_at""",
        (ids(scope.messages),),
    ).fetchall()
    if not listed:
        return []
    rows = con.execute(  # the conditions are those of the index outbox_digests
        f"SELECT id FROM outbox WHERE kind = 'digest' AND created_at >= ? AND state NOT IN ({_QUOTED})",
        (listed[0]["received_at"],),
    ).fetchall()
    for row in listed:
        card = f"{MailKind.IN_JUNK}:{row['fingerprint']}:"
        query = f"SELECT id FROM outbox WHERE key >= ? AND key < ? AND state NOT IN ({_QUOTED})"
        rows += con.execute(query, (card, f"{card}\uffff")).fetchall()
    return [row["id"] for row in rows]


def _deleted(con: sqlite3.Connection, table: str, where: str, *values: object) -> int:
    return con.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount


def drop_unused(con: sqlite3.Connection, originals: Iterable[str]) -> int:
    """Delete those of these originals that no message refers to; return how many there were."""
    query = """DELETE FROM originals WHERE key = ?
        AND NOT EXISTS(SELECT 1 FROM messages WHERE original = originals.key)"""
    return sum(con.execute(query, (original,)).rowcount for original in originals)


def _stored_values(con: sqlite3.Connection, scope: Scope, erased: Iterable[sqlite3.Row]) -> int:
    """Stored values about the messages, and about the people who are left on no row. Hashes of an address are
    guessable: they go too."""
    keys: list[str] = []
    some = json.dumps(scope.addresses)
    left = {row["address"] for row in con.execute(f"SELECT address FROM people WHERE address {IN}", (some,))}
    for address in (one for one in scope.addresses if one not in left):
        whole = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", re.IGNORECASE)
        rows = con.execute("SELECT key, value FROM kv WHERE instr(lower(key || ' ' || value), ?)", (address,))
        keys += [row["key"] for row in rows if whole.search(f"{row['key']} {row['value']}")]
        added = (f"{ADDED}*:{sha256(address.encode()).hexdigest()[:16]}",)
        keys += [row["key"] for row in con.execute("SELECT key FROM kv WHERE key GLOB ?", added)]
    for row in erased:
        keys += [kind + row["fingerprint"] for kind in _ABOUT_A_MESSAGE]
        keys += [UNDELIVERED + row["message_id"]] if row["message_id"] else []
    return sum(_deleted(con, "kv", "key = ?", key) for key in keys)


def _cut(con: sqlite3.Connection, scope: Scope) -> int:
    """Put nobody in the place of the people on these rows; return how many people are left on no row at all."""
    people, stand_in = ids(scope.people), nobody(con)
    con.execute(
        f"UPDATE cases SET citizen_id = ? WHERE id {IN} AND citizen_id {IN}", (stand_in, ids(scope.cases), people)
    )
    con.execute(
        f"UPDATE messages SET author_id = ? WHERE id {IN} AND author_id {IN}", (stand_in, ids(scope.messages), people)
    )
    con.execute(
        f"""UPDATE outbox SET domain = '{ERASED_DOMAIN}', mailbox = '',
        recipient = (SELECT address FROM people WHERE id = ?) WHERE id {IN} AND recipient {IN}""",
        (stand_in, ids(scope.mails), json.dumps(scope.addresses)),
    )
    nowhere = """id NOT IN (SELECT citizen_id FROM cases) AND id NOT IN (SELECT author_id FROM messages)"""
    con.execute(f"DELETE FROM people WHERE id = ? AND {nowhere}", (stand_in,))
    return _deleted(con, "people", f"id {IN} AND {nowhere}", people)


def erase_mentions(con: sqlite3.Connection, found: Mentions, scope: Scope, now: datetime) -> Counter[str]:
    """Empty the stored mails to others that name the person, take the address out of other people's messages, and
    delete what could not be processed and names it."""
    counts: Counter[str] = Counter()
    others = sorted(found.mails - set(scope.mails))
    counts["mails"] = con.execute(
        f"""UPDATE mails SET {setting("mails")} WHERE length(mime) > 0
        AND id IN (SELECT id FROM outbox WHERE id {IN} AND state NOT IN ({_QUOTED}))""",
        (ids(others),),
    ).rowcount
    messages = sorted(found.messages - set(scope.messages))
    rows = con.execute(f"SELECT id, original, subject, fresh, reply_to FROM messages WHERE id {IN}", (ids(messages),))
    originals = []
    for row in rows.fetchall():
        texts = [_without(row[name], scope.addresses) for name in ("subject", "fresh", "reply_to")]
        con.execute(
            "UPDATE messages SET subject = ?, fresh = ?, reply_to = ?, original = NULL WHERE id = ?",
            (*texts, row["id"]),
        )
        originals += [row["original"]] if row["original"] else []
        counts["messages"] += 1
    counts["originals"] = drop_unused(con, {*originals, *found.unprocessed})
    con.execute(
        f"UPDATE reviews SET done_at = ? WHERE done_at IS NULL AND fingerprint {IN}",
        (stamp(now), json.dumps(list(found.unprocessed))),
    )
    return +counts


def erase_identities(con: sqlite3.Connection, deleted: Iterable[MessageRef]) -> None:
    """Of what is deleted in the mailbox: the hash of a head without Message-ID is one of an address and a time."""
    con.executemany(
        "UPDATE sightings SET identity = '' WHERE folder = ? AND uidvalidity = ? AND uid = ?",
        [(ref.folder, ref.uidvalidity, ref.uid) for ref in deleted],
    )


def _without(text: str, addresses: Iterable[str]) -> str:
    """Whole addresses alone: the end of `joanna@…` is no `anna@…`."""
    whole = "|".join(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])" for address in addresses)
    return re.sub(whole, "[…]", text, flags=re.IGNORECASE)


def end_open_cases(con: sqlite3.Connection, scope: Scope, now: datetime) -> None:
    """Close the open cases, withdraw their deadlines and drop the mails that wait: nothing is sent to nobody."""
    at = stamp(now)
    con.execute(
        f"""UPDATE cases SET status = 'closed', closed_at = ?, close_reason = '{CloseReason.ERASED}'
        WHERE id {IN} AND status <> 'closed'""",
        (at, ids(scope.cases)),
    )
    con.execute(
        f"""UPDATE deadlines SET withdrawn_at = ? WHERE case_id {IN} AND met_at IS NULL AND withdrawn_at IS NULL
        AND (fired_at IS NULL OR (kind IN ('answer', 'rights') AND level = 0))""",
        (at, ids(scope.cases)),
    )
    con.execute(
        f"UPDATE outbox SET state = 'dropped' WHERE id {IN} AND state IN ('queued', 'held')", (ids(scope.mails),)
    )


# --- Expired ---------------------------------------------------------------------------------------------------------
# Which rows are past their retention. Times are stored texts, which sort. Nothing of an open case is ever past it, nor
# a message that waits for a person, nor a mail that has not reached its end.

_FINAL = f"o.state NOT IN ({', '.join(repr(str(state)) for state in NOT_ENDED)})"
_OVER = "c.status = 'closed' AND c.closed_at < ?"
_EXPIRED = f"""{_OVER} AND c.erased_at IS NULL
    AND NOT EXISTS(SELECT 1 FROM outbox o WHERE o.case_id = c.id AND NOT {_FINAL})"""
_WAITS = "EXISTS(SELECT 1 FROM reviews r WHERE r.fingerprint = m.fingerprint AND r.done_at IS NULL)"


def expired_cases(con: sqlite3.Connection, before: str) -> dict[int, str]:
    """Return id and number of the cases closed before then and not erased, none of whose mails are on their way; the
    one that was closed first comes first."""
    rows = con.execute(f"SELECT c.id, c.number FROM cases c WHERE {_EXPIRED} ORDER BY c.closed_at, c.id", (before,))
    return {row["id"]: row["number"] for row in rows}


def is_expired(con: sqlite3.Connection, before: str, case: int) -> bool:
    """Whether `cases` has this one."""
    return con.execute(f"SELECT 1 FROM cases c WHERE {_EXPIRED} AND c.id = ?", (before, case)).fetchone() is not None


def expired_messages(con: sqlite3.Connection, before: str) -> list[int]:
    """Return the messages without a case that came before then and were not erased."""
    rows = con.execute(
        f"""SELECT m.id FROM messages m WHERE m.case_id IS NULL AND m.received_at < ? AND m.erased_at IS NULL
        AND NOT {_WAITS} ORDER BY m.id""",
        (before,),
    )
    return [row["id"] for row in rows]


def expired_originals(con: sqlite3.Connection, before: str) -> list[int]:
    """Return the messages whose bytes are stored though their case was closed before then, or they have none and came
    before then."""
    rows = con.execute(
        f"""SELECT m.id FROM messages m INDEXED BY originals_in_use LEFT JOIN cases c ON c.id = m.case_id
        WHERE m.original IS NOT NULL
        AND iif(m.case_id IS NULL, m.received_at < ?1 AND NOT {_WAITS}, c.status = 'closed' AND c.closed_at < ?1)
        ORDER BY m.id""",
        (before,),
    )
    return [row["id"] for row in rows]


def expired_mails(con: sqlite3.Connection, before: str) -> list[int]:
    """Return the mails whose bytes are stored though they have reached their end and their case was closed before
    then, or they have none and were made before then."""
    rows = con.execute(
        f"""SELECT o.id FROM mails m CROSS JOIN outbox o ON o.id = m.id LEFT JOIN cases c ON c.id = o.case_id
        WHERE length(m.mime) > 0 AND {_FINAL}
        AND iif(o.case_id IS NULL, o.created_at < ?1, c.status = 'closed' AND c.closed_at < ?1) ORDER BY o.id""",
        (before,),
    )
    return [row["id"] for row in rows]


def expired_unprocessed(con: sqlite3.Connection, before: str) -> list[str]:
    """Return the keys of messages that could not be processed, came before then and wait for nobody."""
    query = f"SELECT o.key FROM {UNPROCESSED} AND r.done_at IS NOT NULL AND r.at < ?"
    return [row["key"] for row in con.execute(query, (before,))]


def drop_originals(con: sqlite3.Connection, some: Sequence[int]) -> int:
    """Return how many originals were deleted; one that another message refers to stays."""
    query = f"SELECT DISTINCT original FROM messages WHERE id {IN} AND original IS NOT NULL"
    keys = [row["original"] for row in con.execute(query, (ids(some),))]
    con.execute(f"UPDATE messages SET original = NULL WHERE id {IN}", (ids(some),))
    return drop_unused(con, keys)


def empty_mails(con: sqlite3.Connection, some: Sequence[int]) -> int:
    return con.execute(f"UPDATE mails SET {setting('mails')} WHERE id {IN}", (ids(some),)).rowcount


# --- Backups ---------------------------------------------------------------------------------------------------------
# The backups that the database knows, each by its path and moment, and the databases that a restore, an upgrade or a
# rebuild left in the state directory. What was copied elsewhere is not known here.


class Backup(Struct, frozen=True, kw_only=True):
    """`exists`: the file is still at its path."""

    path: Path
    made_at: datetime
    exists: bool


def record_backup(con: sqlite3.Connection, path: Path, now: datetime) -> None:
    with transaction(con):
        remember(con, BACKUP + str(path.absolute()), "", now)


def recorded_backups(con: sqlite3.Connection) -> list[Backup]:
    """Return the backups that were made, oldest first."""
    rows = con.execute(
        "SELECT substr(key, ?) AS path, at FROM kv WHERE key GLOB ? ORDER BY at", (len(BACKUP) + 1, f"{BACKUP}*")
    )
    found = ((Path(row["path"]), at(row["at"])) for row in rows)
    return [Backup(path=path, made_at=made_at, exists=path.exists()) for path, made_at in found]


def set_aside_databases(state: Path) -> Iterator[Backup]:
    """Yield the databases that a restore has replaced, the copy from before an upgrade, and that of a rebuild which
    did not end."""
    for path in (*sorted(state.glob(f"{FILE}.before-*")), state / "rebuilding" / FILE):
        if path.exists() and not path.name.endswith(("-wal", "-shm")):
            yield Backup(path=path, made_at=datetime.fromtimestamp(path.stat().st_mtime, UTC), exists=True)


def is_backup_of(path: Path, names: Collection[str]) -> bool:
    """Whether the file is a database of the office whose keys have these names (an early one knows none)."""
    if not is_database(path):
        return False
    try:
        with closing(connect_at_rest(path)) as con:
            known = remembered.known_keys(con)
    except (OacmailError, sqlite3.Error):
        return False
    return not known or not known.isdisjoint(names)
