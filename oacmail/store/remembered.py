"""What is remembered beside cases and messages: single values by name (table `kv`), problems that `status` shows,
items of a tick that failed, a clock that was ahead, restore drills, token keys. It never decides what a value
means.
"""

import sqlite3
from collections.abc import Collection, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from oacmail.core.policy import Policy
from oacmail.core.stored_values import (
    ALERT,
    CANARY_VERDICT,
    CAUSE,
    CLOCK_ACCEPTED,
    DRILLED,
    KNOWN_KEYS,
    LATEST,
    PROBLEM,
    ROTATED,
    SAVED_KEYS,
)
from oacmail.store import writing
from oacmail.store.connection import FILE, Rows, at, connect_readonly, moment, reads, stamp, transaction, writes
from oacmail.store.writing import remember

if TYPE_CHECKING:
    from oacmail.core.effects import TickItem

# --- Tick failures ---------------------------------------------------------------------------------------------------
# Items of a tick that raised an exception: when they are tried again, and what `status` shows. A row holds the name of
# the item, the number of its case and the class of the error, never text of a message.

TICK_CODE = "tick-failed"  # the code of the problem
LONGEST_PAUSE = timedelta(hours=1)  # a row that a clock far ahead has written must not hold an item back for years
_NAMED = 5


def put_off_item(con: sqlite3.Connection, now: datetime) -> frozenset[str]:
    """Return the names of the items that are not tried now."""
    rows = con.execute(
        "SELECT item FROM tick_failures WHERE retry_at > ? AND retry_at <= ?", (stamp(now), stamp(now + LONGEST_PAUSE))
    )
    return frozenset(row["item"] for row in rows)


def any_tick_failure(con: sqlite3.Connection) -> bool:
    return con.execute("SELECT 1 FROM tick_failures LIMIT 1").fetchone() is not None


def tick_failure_cause(con: sqlite3.Connection) -> dict[str, str]:
    """Return case, kind and error of the oldest failure, by the code of the problem; empty if nothing failed."""
    rows = con.execute("SELECT * FROM tick_failures ORDER BY since, item").fetchall()
    lines = [_line(row) for row in rows[:_NAMED]]
    more = [f"and {len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
    return {TICK_CODE: ", ".join([*lines, *more])} if rows else {}


def _line(row: sqlite3.Row) -> str:
    """`OAC-2026-000123 deadline answer 0 (ValueError)`, `digest (ValueError)`, `job calendar (KeyError)`."""
    kind, _, key = row["item"].partition(":")
    detail = {"deadline": " ".join(key.rsplit(":", 2)[1:]), "job": key, "alert": key}.get(kind, "")
    return " ".join(part for part in (row["case"] or "", kind, detail, f"({row['error']})") if part)


# --- Single values ---------------------------------------------------------------------------------------------------
# As the table `kv` holds them, by name: core/stored_values.py lists them, writing.py writes.


class StoredValue(NamedTuple):
    """What is known under a name, and when it was written, as UTC text."""

    value: str
    at: str


def values(con: sqlite3.Connection, keys: Collection[str]) -> dict[str, StoredValue]:
    """Return what is known under these names; a name under which nothing is known is left out."""
    rows = con.execute(f"SELECT key, value, at FROM kv WHERE key IN ({','.join('?' * len(keys))})", tuple(keys))
    return {key: StoredValue(value, at) for key, value, at in rows}


def value(con: sqlite3.Connection, key: str) -> str | None:
    """Return what is known under this name; None = nothing."""
    row = con.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
    return row["value"] if row else None


def written_at(con: sqlite3.Connection, key: str) -> datetime | None:
    """Return when that was written."""
    row = con.execute("SELECT at FROM kv WHERE key = ?", (key,)).fetchone()
    return moment(row["at"]) if row else None


# --- Problems --------------------------------------------------------------------------------------------------------
# Since when each exists, why, and the note that it was alerted: rows of `kv`. The remedies: cli/problems.py.

LOST = "database-lost"
"""The problem of a new database where an earlier one has been; a rebuild or a restore ends it."""
_OF_PROBLEM = "key IN (?, ?) OR (key >= ? AND key < ?)"


def problems(con: sqlite3.Connection) -> dict[str, datetime]:
    """Return since when each problem exists, by its code."""
    rows = con.execute(f"SELECT key, value FROM kv WHERE key GLOB '{PROBLEM}*' ORDER BY key")
    return {row["key"].removeprefix(PROBLEM): at(row["value"]) for row in rows}


def causes(con: sqlite3.Connection) -> dict[str, str]:
    """Return the latest known cause of each problem, by its code."""
    rows = con.execute(f"SELECT key, value FROM kv WHERE key GLOB '{CAUSE}*'")
    return {row["key"].removeprefix(CAUSE): row["value"] for row in rows} | tick_failure_cause(con)


def verdicts(con: sqlite3.Connection) -> dict[str, str]:
    """Return what the receiver outside said last, as JSON, by the name of the envelope sender."""
    rows = con.execute(f"SELECT key, value FROM kv WHERE key GLOB '{CANARY_VERDICT}*' AND value <> '' ORDER BY key")
    return {row["key"].removeprefix(CANARY_VERDICT): row["value"] for row in rows}


def is_recorded(con: sqlite3.Connection, code: str) -> bool:
    """Return whether anything is recorded of the problem: that it exists, why, or that it was alerted."""
    return con.execute(f"SELECT 1 FROM kv WHERE {_OF_PROBLEM} LIMIT 1", _keys_of(code)).fetchone() is not None


def _keys_of(code: str) -> tuple[str, str, str, str]:
    """The keys of the problem and of its cause, and the first and the last bound of those of its alerts. For a pattern
    that is bound to a GLOB, SQLite would compile the query each time."""
    return PROBLEM + code, CAUSE + code, f"{ALERT}{code}:", f"{ALERT}{code};"


def set_problem(con: sqlite3.Connection, code: str, unhealthy: bool, now: datetime, why: str = "") -> None:
    """Record since when a problem exists, and why. When it has ended, delete it and the note that it was alerted."""
    if not unhealthy:
        con.execute(f"DELETE FROM kv WHERE {_OF_PROBLEM}", _keys_of(code))
        return
    if why:
        writing.remember(con, CAUSE + code, why, now)
    con.execute(
        "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
        (PROBLEM + code, stamp(now), stamp(now)),
    )


def problem_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> list[sqlite3.Row]:
    """The codes of the problems, each an item of a tick."""
    return con.execute(
        f"SELECT substr(key, ?) AS item, NULL AS number FROM kv WHERE key GLOB '{PROBLEM}*' ORDER BY key",
        (len(PROBLEM) + 1,),
    ).fetchall()


def alerted(con: sqlite3.Connection) -> dict[str, datetime]:
    """Return when each alert was sent."""
    return {row["key"]: at(row["at"]) for row in con.execute(f"SELECT key, at FROM kv WHERE key GLOB '{ALERT}*'")}


# --- Clock ahead -----------------------------------------------------------------------------------------------------
# The latest time that this database holds: later than now, it was written while the clock was ahead. `oacmail clock`
# accepts what was written until then; whether the clock is right, a person says.


def latest_time(con: sqlite3.Connection) -> datetime | None:
    """Return the latest time that the clock has shown, as the checks of the host and the events since tell it."""
    row = con.execute("SELECT max(at) FROM events WHERE id > ?", (int(value(con, CLOCK_ACCEPTED) or 0),)).fetchone()
    return max(filter(None, (moment(row[0]), moment(value(con, LATEST)))), default=None)


def accept_time(con: sqlite3.Connection, now: datetime) -> None:
    """Count only what is written from now on."""
    with transaction(con):
        last = con.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
        remember(con, CLOCK_ACCEPTED, str(last), now)
        remember(con, LATEST, now.isoformat(), now)


# --- Drills ----------------------------------------------------------------------------------------------------------
# Backups by rotation, and restore drills.

DRILL_CODE = "drill"  # the code of the problem
BY_DATE = "oacmail-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z.db"  # those by rotation


def rotated(con: sqlite3.Connection, now: datetime) -> None:
    """Remember that a backup by rotation was made."""
    with transaction(con):
        remember(con, ROTATED, now.isoformat(), now)


def record_drill(con: sqlite3.Connection, *, ok: bool, fault: str, now: datetime) -> None:
    """Remember a drill; a failed one is a problem of `status`, and an alert, until one passes."""
    with transaction(con):
        remember(con, DRILLED, f"{now.isoformat()} {'passed' if ok else 'failed'}", now)
        set_problem(con, DRILL_CODE, not ok, now, fault)


def last_drill(con: sqlite3.Connection) -> tuple[str | None, tuple[str, str] | None]:
    """(time of the last backup by rotation, (time, `passed` or `failed`) of the last drill); None = there was none."""
    at, _, result = (value(con, DRILLED) or "").partition(" ")
    return value(con, ROTATED), (at, result) if at else None


def drill_counts(con: sqlite3.Connection) -> tuple[int, int]:
    """Number of cases and of messages."""
    row = con.execute("SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM messages)").fetchone()
    return int(row[0]), int(row[1])


# --- Keys ------------------------------------------------------------------------------------------------------------
# Which token secrets have signed the mail of a database, and the copy of the secrets in a backup. The database in use
# holds their names only, 8 hex digits each (config/secrets.py); a backup holds the secrets.


def known_keys(con: sqlite3.Connection) -> set[str]:
    """Return the names of the keys that have signed mail of this database."""
    return {
        row[0]
        for row in con.execute(f"SELECT substr(key, {len(KNOWN_KEYS) + 1}) FROM kv WHERE key GLOB '{KNOWN_KEYS}*'")
    }


def compare_keys(state: Path) -> tuple[set[str], bool]:
    """Names of the keys that the database here knows, and whether it holds cases or mails at all.

    (set(), False) where there is no database yet. Raises StateError, Fatal.
    """
    if not (state / FILE).exists():
        return set(), False
    with closing(connect_readonly(state / FILE)) as con:
        tables = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"kv", "cases", "outbox"} <= tables:
            return set(), False
        return known_keys(con), _used(con)


def _used(con: sqlite3.Connection) -> bool:
    query = "SELECT EXISTS(SELECT 1 FROM outbox) OR EXISTS(SELECT 1 FROM cases)"
    return bool(con.execute(query).fetchone()[0])


def save_keys(con: sqlite3.Connection, keys: Iterable[bytes], now: datetime) -> None:
    """Store the keys in a backup."""
    text = "\n".join(key.decode() for key in keys)
    if text:
        remember(con, SAVED_KEYS, text, now)


def take_saved_keys(con: sqlite3.Connection) -> tuple[bytes, ...]:
    """Remove and return the keys of the backup that this database was restored from. () = none."""
    row = con.execute("DELETE FROM kv WHERE key = ? RETURNING value", (SAVED_KEYS,)).fetchone()
    return tuple(row[0].encode().split(b"\n")) if row else ()


# --- Methods ---------------------------------------------------------------------------------------------------------


class RememberedRows(Rows):
    """The methods of `SqliteStore` for single values, problems, items of a tick that failed and token keys."""

    @writes
    def remember(self, name: str, value: str, now: datetime) -> None:
        remember(self.con, name, value, now)

    @reads
    def recall(self, name: str) -> str | None:
        return value(self.con, name)

    @reads
    def known_at(self, name: str) -> datetime | None:
        """When this value was last remembered; None = it is not known."""
        return written_at(self.con, name)

    def problem(self, code: str, present: bool, now: datetime, why: str = "") -> None:
        """`why`: the cause in codes and classes of errors; the latest one is kept."""
        if not present:  # most checks find that nothing was wrong before either: that needs no transaction
            with self._read():
                if not is_recorded(self.con, code):
                    return
        with self._write():
            set_problem(self.con, code, present, now, why)

    @reads
    def problems(self) -> dict[str, datetime]:
        """Return the recorded problems and since when they exist."""
        return problems(self.con)

    @reads
    def was_alerted(self, code: str) -> bool:
        """Whether the mail of this problem is in the outbox since the problem exists."""
        return any(key.startswith(f"{ALERT}{code}:") for key in alerted(self.con))

    @reads
    def verdicts(self) -> dict[str, str]:
        return verdicts(self.con)

    @reads
    def cause(self, code: str) -> str:
        """Return the latest known cause of a problem, '' if there is none."""
        return value(self.con, CAUSE + code) or ""

    @writes
    def tick_failed(self, item: "TickItem", error: str, *, until: datetime, now: datetime) -> None:
        """The item raised. `error`: the name of its class."""
        self.con.execute(
            """INSERT INTO tick_failures(item, "case", since, retry_at, error) VALUES(?,?,?,?,?)
            ON CONFLICT(item) DO UPDATE SET retry_at = excluded.retry_at, error = excluded.error""",
            (item.name, item.case, stamp(now), stamp(until), error),
        )
        set_problem(self.con, TICK_CODE, True, now)

    @reads
    def is_put_off(self, item: "TickItem", now: datetime) -> bool:
        return item.name in put_off_item(self.con, now)

    def clear_tick_failures(self, due: Collection[str], now: datetime) -> None:
        """A tick has completed with all items but those put off; `due`: the names of all. A job is no item of a tick
        and ends its own failure."""
        still = put_off_item(self.con, now)
        names = [row["item"] for row in self.con.execute("SELECT item FROM tick_failures")]
        ended = [name for name in names if not name.startswith("job:") and (name not in due or name not in still)]
        self._forget_failures(ended, now)

    @writes
    def succeeded(self, item: "TickItem", now: datetime) -> None:
        """Forget its failure, if there was one."""
        if any_tick_failure(self.con):
            self._forget_failures([item.name], now)

    def _forget_failures(self, names: Collection[str], now: datetime) -> None:
        self.con.executemany("DELETE FROM tick_failures WHERE item = ?", [(name,) for name in names])
        set_problem(self.con, TICK_CODE, any_tick_failure(self.con), now)

    @writes
    def signed_with(self, names: Iterable[str], now: datetime) -> None:
        """`names` of the token secrets that are valid from now on."""
        self.con.executemany(
            "INSERT INTO kv(key, value, at) VALUES(?,'',?) ON CONFLICT(key) DO NOTHING",
            [(KNOWN_KEYS + name, stamp(now)) for name in names],
        )
