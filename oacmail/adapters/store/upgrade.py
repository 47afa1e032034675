"""An upgrade of the schema: the copy that is kept before it, and the same upgrade tried on a copy that is thrown away.

The copy is named after the newest step that the program knows, `oacmail.db.before-m0021`: an upgrade that was
interrupted finds the copy that it has made, and goes on. The copy of the upgrade before is removed when the new one is
complete. It never migrates the database itself, and it decides nothing.
"""

import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from oacmail.adapters.store.connection import (
    FILE,
    connect,
    connect_at_rest,
    connect_readonly,
    known_steps,
    migrations,
    named_faults,
    new_copy,
    refuse_newer,
    schema,
)
from oacmail.core.errors import Fatal, Transient

KEPT = ".before-m"
_DRAFT = ".new-copy"
_TRIAL = "migrate-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`steps`: each pending step with its seconds, in their order; `seconds` of all, with the copy that a real upgrade
    keeps; `size`: bytes of the database; `most`: bytes that the copy and its log had at most; `faults`: what SQLite
    finds wrong in the migrated copy."""

    steps: tuple[tuple[str, float], ...]
    seconds: float = 0.0
    size: int = 0
    most: int = 0
    faults: tuple[str, ...] = ()


def keep_copy(con: sqlite3.Connection, state: Path) -> Path | None:
    """Copy a database whose schema is behind, before it is migrated; None = it is empty or up to date. The caller holds
    the lock of `state`. Raises ConfigError as `refuse_newer`, Transient where there is no room."""
    _remove_leftovers(state)
    refuse_newer(con)
    applied, pending = schema(con)
    if not applied or not pending:
        return None
    kept = state / f"{FILE}.before-{known_steps()[-1].partition('_')[0]}"
    if not _interrupted(kept, len(applied)):
        draft = state / (FILE + _DRAFT)
        with new_copy(con, draft):
            pass  # whole as it is
        draft.replace(kept)
        for older in set(state.glob(f"{FILE}{KEPT}*")) - {kept}:
            older.unlink()
    return kept


def _remove_leftovers(state: Path) -> None:
    """Remove what a killed upgrade or trial has left: whole copies, of which `forget` knows nothing."""
    for draft in state.glob(f"{FILE}{_DRAFT}*"):
        draft.unlink()
    for trial in state.glob(f"{_TRIAL}*"):
        shutil.rmtree(trial)


def _interrupted(kept: Path, applied: int) -> bool:
    """Return True if this upgrade has made its copy and some steps already, so that the copy is the older state."""
    if not kept.exists():
        return False
    try:
        with closing(connect_at_rest(kept)) as con:
            return 0 < len(schema(con)[0]) < applied
    except (sqlite3.Error, Fatal, Transient):
        return False  # it is no database: a copy of what there is now is better than none


def rehearse(state: Path) -> Trial:
    """Apply the pending steps to a copy inside `state`, beside a running daemon; the database is only read. Raises
    ConfigError as `refuse_newer`, Transient where there is no room, and what a step itself raises."""
    with closing(connect_readonly(state / FILE)) as source:
        refuse_newer(source)
        _, pending = schema(source)
        if not pending:
            return Trial(steps=())
        with TemporaryDirectory(dir=state, prefix=_TRIAL) as folder, named_faults():
            copy = Path(folder) / FILE
            began = time.monotonic()
            with new_copy(source, copy):
                pass
            copied = time.monotonic() - began
            size = copy.stat().st_size
            with closing(connect(copy)) as con:
                return _tried(con, copy, pending, copied, size)


def _tried(con: sqlite3.Connection, copy: Path, pending: list[str], copied: float, size: int) -> Trial:
    from oacmail.adapters.store.sqlite_utils_alone import Database

    database, steps, most = Database(con), [], size
    for name, following in zip(pending, (*pending[1:], None), strict=True):
        began = time.monotonic()
        migrations().apply(database, stop_before=following)
        steps.append((name, time.monotonic() - began))
        most = max(most, sum(file.stat().st_size for file in copy.parent.iterdir()))
    return Trial(
        steps=tuple(steps),
        seconds=copied + sum(seconds for _, seconds in steps),
        size=size,
        most=most,
        faults=tuple(_faults(con)),
    )


def _faults(con: sqlite3.Connection) -> list[str]:
    unsound = [str(row[0]) for row in con.execute("PRAGMA integrity_check") if row[0] != "ok"]
    lost = con.execute("PRAGMA foreign_key_check").fetchall()
    return unsound + [f"{row[0]}: a row points to a row of {row[2]} that does not exist" for row in lost]
