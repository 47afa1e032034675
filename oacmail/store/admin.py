"""Backup, restore, a lost key, and what an admin does to the review list.

Copies are made through SQLite's backup API only: a WAL database copied without its -wal file has no tables.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from oacmail import durable
from oacmail.core.acknowledgement import KEY_LOST
from oacmail.core.errors import Fatal, StateError
from oacmail.core.kinds import MailKind
from oacmail.core.stored_values import KEY_LOST_AT, LEDGER_COPIED, RESTORED_AT, End
from oacmail.store import ledger, remembered
from oacmail.store.connection import (
    BEGINS_WITH,
    FILE,
    LIVE,
    RESTORING,
    connect,
    connect_at_rest,
    is_database,
    lock,
    named_faults,
    new_copy,
    refuse_newer,
    stamp,
    transaction,
)
from oacmail.store.remembered import set_problem
from oacmail.store.seen_messages import any_failed
from oacmail.store.writing import end_values, remember

_LOGS = ("", "-wal", "-shm")


def backup(state: Path, target: Path, token: Iterable[bytes], now: datetime) -> None:
    """Write a consistent copy with the keys `token`, while the daemon runs; mode 0600, complete or not at all. Raises
    FileExistsError, Transient."""
    source = sqlite3.connect(f"file:{state / FILE}?mode=ro", uri=True)
    with closing(source), new_copy(source, target) as copy, copy:
        remembered.save_keys(copy, token, now)


class Restored(Struct, frozen=True, kw_only=True):
    """`keys`: the token secrets that the backup held; `names` of those that its mail was signed with, empty in a
    backup of an early version; `replaced`: the database that was set aside, None = there was none; `last`: the last
    entry of its ledger."""

    keys: tuple[bytes, ...]
    names: frozenset[str]
    last: int
    replaced: Path | None = None


def restore(state: Path, source: Path, now: datetime, token: Sequence[bytes] = ()) -> Restored:
    """Replace the database by a backup; the daemon must not run. `token`: the keys of this installation, which sign
    where the backup has none, as a file that was no backup.

    The present one stays in force until the new one is complete: a restore that is killed or finds a full disk changes
    nothing. If it is killed while it replaces one by the other, the service does not start until it was repeated.
    Raises Transient if the daemon runs, Fatal if the file is no backup of oacmail.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = lock(state)
    new = state / RESTORING
    try:
        _remove(new)  # what a killed restore has left
        _check(source)
        # The backup in today's schema, complete in one file.
        with closing(_opened(source)) as taken, new_copy(taken, new):
            pass
        with closing(connect(new)) as con:
            keys, names = remembered.take_saved_keys(con), frozenset(remembered.known_keys(con))
            signing = (*keys, *token)
            ledger.update(con, signing)
            last = ledger.last(con)
            with transaction(con):  # messages that came since the backup are read again from the mailbox
                ledger.record(con, signing, beside=True)
                end_values(con, End.PROBLEM)
                remember(con, RESTORED_AT, stamp(now), now)
                con.execute("DELETE FROM kv WHERE key = ?", (LEDGER_COPIED,))  # the pieces in the mailbox are younger
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if Path(f"{new}-wal").exists():  # closing the last connection removes it, unless the disk is full
            raise StateError("database: the restored database could not be completed: free some space, then try again")
        replaced = set_aside(state)
        durable.replace(new, state / FILE)
        return Restored(keys=keys, names=names, replaced=replaced, last=last)
    finally:
        _remove(new)
        held.close()


def _opened(source: Path) -> sqlite3.Connection:
    """Open a backup for reading, and leave no file beside it. One that has a write-ahead log may be a database in use:
    that is read with its log, as its owner reads it."""
    if Path(f"{source}-wal").exists():
        return sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    return connect_at_rest(source)


def _remove(database: Path) -> None:
    for log in _LOGS:
        Path(f"{database}{log}").unlink(missing_ok=True)


def set_aside(state: Path) -> Path | None:
    """Keep the present database as `….before-restore`, that of a later restore as `….before-restore-2`, with its
    write-ahead log. Return its path; None = there was none."""
    endings = (f".before-restore{f'-{count}' if count > 1 else ''}" for count in itertools.count(1))
    kept = next(
        name
        for name in (state / (FILE + ending) for ending in endings)
        if not any(Path(f"{name}{log}").exists() for log in _LOGS)
    )
    for log in _LOGS:
        if (present := state / (FILE + log)).exists():
            durable.replace(present, Path(f"{kept}{log}"))  # the log after the database, which is nothing without it
    return kept if kept.exists() else None


def _check(source: Path) -> None:
    if not is_database(source):
        raise Fatal(f"{source}: is no backup of oacmail: name a file that `oacmail backup` has written")
    with closing(_opened(source)) as con:
        with named_faults():
            tables = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            sound = con.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        refuse_newer(con)
    if not sound or not {"cases", "outbox", "sightings"} <= tables:
        raise Fatal(f"{source}: is not a sound backup of oacmail")


def hold_acks(con: sqlite3.Connection, why: str) -> int:
    """Hold the acknowledgements on their way: they may have left since the backup, and nothing proves it. Return their
    number."""
    with transaction(con):
        row = con.execute(
            f"UPDATE outbox SET state = 'held', last_error = ? WHERE kind = '{MailKind.ACK}' AND {LIVE}", (why,)
        )
        return int(row.rowcount)


def key_lost(con: sqlite3.Connection, now: datetime) -> int:
    """Record that copies of mail sent before now cannot be recognised, and hold acknowledgements as `hold_acks` does:
    also those of earlier messages that are read again."""
    with transaction(con):
        remember(con, KEY_LOST_AT, stamp(now), now)
        return hold_acks(con, KEY_LOST)


# --- by hand ------------------------------------------------------------------------------------------


def find_review(con: sqlite3.Connection, ref: str) -> str | None:
    """Return the whole reference of an entry of the review list, by its beginning; None if none or several match."""
    rows = con.execute(
        "SELECT fingerprint FROM reviews WHERE done_at IS NULL AND substr(fingerprint, 1, ?) = ?", (len(ref), ref)
    ).fetchall()
    rows += con.execute(
        """SELECT folder || ':' || uidvalidity || ':' || uid FROM sightings WHERE outcome = 'quarantined'
        AND fingerprint IS NULL AND folder || ':' || uidvalidity || ':' || uid = ?""",
        (ref,),
    ).fetchall()
    return str(rows[0][0]) if len(rows) == 1 else None


def end_review(con: sqlite3.Connection, ref: str, now: datetime) -> bool:
    """End an entry of the review list; return False for a message that could not be read yet."""
    with transaction(con):
        row = con.execute("UPDATE reviews SET done_at = ? WHERE fingerprint = ? AND done_at IS NULL", (stamp(now), ref))
        return row.rowcount == 1


def original(con: sqlite3.Connection, ref: str) -> bytes | None:
    """Return the bytes of a message by its reference; None if they are not kept."""
    row = con.execute(
        """SELECT bytes FROM originals WHERE key = coalesce(
        (SELECT original FROM messages WHERE fingerprint = ?), ?)""",
        (ref, ref),
    ).fetchone()
    return bytes(row["bytes"]) if row else None


def retry_message(con: sqlite3.Connection, ref: str, now: datetime) -> bool:
    """Let the daemon process the message again at its next pass; return False if it is no longer in the mailbox."""
    with transaction(con):
        row = con.execute(
            """UPDATE sightings SET outcome = NULL, attempts = 0, in_flight = 0, error = NULL, fingerprint = NULL,
            retry_at = NULL
            WHERE outcome = 'quarantined' AND (fingerprint = ? OR folder || ':' || uidvalidity || ':' || uid = ?)""",
            (ref, ref),
        )
        if row.rowcount:
            con.execute("UPDATE reviews SET done_at = ? WHERE fingerprint = ?", (stamp(now), ref))
            if not any_failed(con):
                set_problem(con, "quarantine", False, now)
        return row.rowcount > 0


def message_for_case(con: sqlite3.Connection, message_id: str) -> sqlite3.Row | None:
    """Return the message with this Message-ID, or beginning of its fingerprint, that belongs to no case: its bytes,
    NULL if it was too large to be kept, and where it was last seen."""
    row: sqlite3.Row | None = con.execute(
        f"""SELECT m.fingerprint, m.received_at, o.bytes, s.folder, s.uidvalidity, s.uid FROM messages m
        LEFT JOIN originals o ON o.key = m.original
        LEFT JOIN sightings s ON s.fingerprint = m.fingerprint AND s.outcome <> 'gone' WHERE m.case_id IS NULL
        AND (m.message_id IN (?, '<' || ? || '>') OR {BEGINS_WITH})
        ORDER BY m.id DESC, s.first_seen DESC LIMIT 1""",
        (message_id, message_id, *3 * (message_id[:16],)),
    ).fetchone()
    return row
