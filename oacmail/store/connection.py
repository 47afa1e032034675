"""The SQLite file: opened, locked, migrated and upgraded, its errors translated, its transactions. It decides
nothing.
"""

import errno
import fcntl
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, date, datetime, time
from functools import cache, wraps
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from time import monotonic, sleep
from types import ModuleType, UnionType
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import quote

from msgspec import Struct

from oacmail import durable
from oacmail.core.derivation import hour_of
from oacmail.core.errors import ConfigError, Fatal, NoDatabase, OacmailError, StateError, Transient
from oacmail.core.kinds import ACKNOWLEDGEMENTS, MailKind, MailState, of_name
from oacmail.core.model import CloseReason, Hours, Outcome, Role, Status
from oacmail.core.tokens import KEY_FILE
from oacmail.shipped import shipped

# --- Conditions ------------------------------------------------------------------------------------------------------
# SQL that the queries of several modules share, so that all count alike.

LIVE = "state <> 'sent' AND state IN ('queued', 'sending', 'uncertain')"
"""Repeated in every query for these rows, since SQLite uses the partial index only then."""
ACKS = ", ".join(f"'{kind}'" for kind in ACKNOWLEDGEMENTS)
"""The kinds of mail within the acknowledgement limits."""
RUNNING_ANSWER = "d.kind = 'answer' AND d.level = 0 AND d.met_at IS NULL AND d.withdrawn_at IS NULL"
"""The deadline `d` is a response deadline that is neither met nor withdrawn."""
ANSWER_DUE = f"(SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = c.id AND {RUNNING_ANSWER})"
"""When the first running answer of the case `c` is due; NULL = none runs."""
BEGINS_WITH = "(m.fingerprint BETWEEN ? AND ? || 'g' AND substr(m.fingerprint, 1, 16) = ?)"
"""The fingerprint of the message `m` begins with these 16 hex digits, given three times."""
LAST_SUMMARY = f"""SELECT max(created_at) FROM outbox WHERE kind = '{MailKind.DIGEST}'
  AND state IN ('{MailState.SENT}', '{MailState.SHADOW}')"""
"""When the last summary was made that has left."""

# --- Connection ------------------------------------------------------------------------------------------------------
# A locked or full database is Transient: nothing is lost, the message is still in INBOX. A damaged one is Fatal. One
# process at a time owns a state directory, by flock.

if TYPE_CHECKING:
    from sqlite_utils import Migrations

FILE = "oacmail.db"
LOCK = "oacmail.lock"
EXPECTED = f"{FILE}.expected"  # stands for the database between a key that `check` has made and the first start
RESTORING = f"{FILE}.restoring"  # what a restore writes before it replaces the database
_HEADER = b"SQLite format 3\x00"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA cache_size=-4000",  # kB; the operating system keeps the rest of the file
    "PRAGMA wal_autocheckpoint=4000",  # pages: one that many commits change is written to the file once for all
    "PRAGMA cache_spill=4000",  # pages: a commit of several messages is written once, a large one is not held in memory
)
_WHOLE = ("BEGIN IMMEDIATE", ("ROLLBACK",), "COMMIT")
_INNER = ("SAVEPOINT inner", ("ROLLBACK TO inner", "RELEASE inner"), "RELEASE inner")
BUSY_SECONDS = 5.0
STATEMENTS = 400  # compiled ones that are kept: a turn of all loops uses more than the 128 of Python
_CLOSED = ("unable to open", "readonly database")
_LOCK_PAUSES = (0.05, 0.1, 0.2)  # seconds: `is_held` of another process may hold the lock for a moment
_STEP = re.compile(r"^def (m\d{4}_\w+)\(", re.MULTILINE)
_RECORD = "_sqlite_migrations"  # the table in which sqlite-utils records the steps that were applied
_DAMAGED = ("malformed", "not a database", "disk image")


def stamp(moment: datetime) -> str:
    """Return sortable UTC text: `2026-11-25T08:00:00Z`."""
    return moment.astimezone(UTC).isoformat()[:19] + "Z"  # strftime's %Y has no leading zeros


def moment(text: str | None) -> datetime | None:
    """Return the moment of such a text; None for NULL."""
    return at(text) if text else None


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def hours_stored(hours: Iterable[Hours]) -> str:
    """Return readable text: `10:00-12:00 16:00-18:00`."""
    return " ".join("-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in pair) for pair in hours)


def hours_of(text: str) -> tuple[Hours, ...]:
    """Return the hours of such a text."""
    return tuple((_minute(pair[:5]), _minute(pair[6:])) for pair in text.split())


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def translate(error: sqlite3.Error, path: Path | None = None) -> OacmailError:
    """Translate an error of SQLite: Fatal if the file is damaged, else Transient. `path`: of the database, if known."""
    text = str(error)
    if path is not None and any(word in text for word in _CLOSED):
        text += f": {path}{_owned(path)}"
    if isinstance(error, sqlite3.DatabaseError) and any(word in text for word in _DAMAGED):
        return Fatal(f"database: {text}: stop, and restore the last backup (oacmail restore)")
    return StateError(f"database: {text}")


def _owned(path: Path) -> str:
    """Return the owner, which often explains why the file cannot be opened; '' if it cannot be read."""
    try:
        return f", owner {path.owner()}, mode {path.stat().st_mode & 0o777:o}"
    except (OSError, KeyError):
        return ""


@contextmanager
def named_faults(path: Path | None = None) -> Iterator[None]:
    """Translate the errors of SQLite inside the block. `path`: of the database."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise translate(error, path) from error
    except sqlite3.DatabaseError as error:
        # IntegrityError and its kin are bugs of ours: the message's own affair, not the database's
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise
        raise translate(error) from error


def legible(text: bytes) -> str:
    """The text of a row, which a hand or a disk may have made no text at all: one such row stops no pass, and the
    nightly proof names it."""
    return text.decode(errors="replace")


def connect(path: Path) -> sqlite3.Connection:
    """Open in autocommit mode: this program begins and ends every transaction. The file gets the mode 0600."""
    with named_faults(path):
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        con = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
        con.row_factory, con.text_factory = sqlite3.Row, legible
        for pragma in _PRAGMAS:
            con.execute(pragma)
        return con


def connect_readonly(path: Path) -> sqlite3.Connection:
    """Open for reading beside a running daemon, for `status` and lists."""
    with named_faults(path):
        con = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
        con.row_factory, con.text_factory = sqlite3.Row, legible
        return con


@contextmanager
def open_readonly(state: Path, *, as_it_is: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the database read-only next to a running daemon. Raises NoDatabase before the first start, and as
    `refuse_another`: what another version has written is not shown as if it were all. `as_it_is`: for who says
    which schema it has, or looks only whether a database was lost."""
    refuse_missing(state)
    with closing(connect_readonly(state / FILE)) as con, named_faults(state / FILE):
        if not as_it_is:
            refuse_another(con)
        yield con


def is_database(path: Path) -> bool:
    """Return True if the file begins as each database of SQLite does (https://sqlite.org/fileformat.html)."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def is_lost(state: Path) -> bool:
    """Return True if the service has run here, since it has left its token key, and the database is gone."""
    return (state / KEY_FILE).exists() and not ((state / FILE).exists() or (state / EXPECTED).exists())


def expect(state: Path) -> None:
    """Record, before the first key is made, that no database has been here. Where this fails, so does the key."""
    with suppress(OSError):
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / EXPECTED).touch(mode=0o600)
        durable.sync_names(state)  # a key without it means that a database was here


def refuse_missing(state: Path) -> None:
    """Raises NoDatabase if the service has never run on this state directory, or its database is lost."""
    if is_lost(state):
        raise NoDatabase(f"{state}: the database is lost: run `oacmail restore` with a backup, else `oacmail rebuild`")
    if not (state / FILE).exists():
        raise NoDatabase(f"{state}: there is no database yet: the service has never run here: start it")


def refuse_half_restored(state: Path) -> None:
    """Raises ConfigError if a restore was killed after it had moved the old database away: no empty one must replace
    it."""
    if (state / RESTORING).exists() and not (state / FILE).exists():
        raise ConfigError(
            ("state: there is no database, because a restore was killed: run `oacmail restore` with the backup again",)
        )


@contextmanager
def new_copy(source: sqlite3.Connection, target: Path) -> Iterator[sqlite3.Connection]:
    """Write one state of the database to a new file of the mode 0600, and yield it open for more: complete on the disk
    afterwards, or not there at all. Raises FileExistsError, Transient."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with named_faults(), closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            yield copy
    except BaseException:
        target.unlink()  # half a copy would also keep what `forget` erases elsewhere
        raise


def connect_at_rest(path: Path) -> sqlite3.Connection:
    """Open a database that nobody writes, such as a backup, for reading: it leaves no files beside it. What a killed
    process has left in a write-ahead log comes into the file first."""
    if Path(f"{path}-wal").exists():
        connect(path).close()
    with named_faults():
        con = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None)
        con.row_factory = sqlite3.Row
        return con


def is_locked(path: Path, seconds: float) -> bool:
    """Return True if another program keeps the database locked, so that nobody else can write."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=seconds, isolation_level=None)) as con:
        try:
            con.execute("BEGIN IMMEDIATE")
            con.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return False


def lock(state: Path) -> IO[str]:
    """The state directory's lock, held while the returned file lives. Raises Transient if another has it, ConfigError
    if a link stands in its place: a command of root's would empty the file to which it leads."""
    try:
        handle = os.fdopen(os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ConfigError((f"state: {state / LOCK} is a symbolic link: remove it",)) from error
        raise
    for pause in (*_LOCK_PAUSES, None):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if pause is None:
                handle.close()
                raise Transient("state: another oacmail works on this state directory") from error
            sleep(pause)
        else:
            break
    return handle


def is_held(state: Path) -> bool:
    """Return True if a process holds the lock of the state directory. Takes it, shared, for microseconds."""
    try:
        with (state / LOCK).open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@cache
def known_steps() -> tuple[str, ...]:
    """Return the names of the migrations that this process knows, in their order: an upgrade may replace their file
    while it runs. They are read as text, since only a database that is behind needs sqlite-utils, which takes a tenth
    of a second to load."""
    return tuple(_STEP.findall((shipped("migrations") / "migrations.py").read_text("utf-8")))


@cache
def _sqlite_utils() -> ModuleType:
    """sqlite-utils without numpy and pandas, which it imports where they are installed, and which we never give it. The
    charts of the monthly report bring numpy with them: it would add 17 MB to the memory of the daemon, which draws
    nothing (docs/benchmarks.md)."""
    held_back = [name for name in ("numpy", "pandas") if name not in sys.modules]
    # An entry None makes an import fail as if the package were not there (docs.python.org, "The import system", 5.3.1).
    sys.modules.update(dict.fromkeys(held_back, cast(ModuleType, None)))
    try:
        import sqlite_utils
    finally:
        for name in held_back:
            del sys.modules[name]
    return sqlite_utils


@cache
def migrations() -> "Migrations":
    """Return the migrations themselves."""
    _sqlite_utils()  # before their module imports it
    spec = util.spec_from_file_location("oacmail_migrations", shipped("migrations") / "migrations.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Migrations = module.migrations
    return found


def _applied(con: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that this database has, in the order in which they were applied."""
    if con.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (_RECORD,)).fetchone() is None:
        return []
    rows = con.execute(f"SELECT name FROM {_RECORD} WHERE migration_set = 'oacmail' ORDER BY rowid")
    return [name for (name,) in rows]


def refuse_newer(con: sqlite3.Connection) -> None:
    """Raises ConfigError where a newer version has changed the schema by steps that this program does not know."""
    with named_faults():
        done = _applied(con)
    if unknown := sorted(set(done).difference(known_steps())):
        raise ConfigError(
            (
                f"state: the database is newer than this program, which does not know its step {unknown[-1]}: "
                "install the newer version again, or restore a backup made before that upgrade (oacmail restore)",
            )
        )


def refuse_another(con: sqlite3.Connection) -> None:
    """Raises ConfigError as `refuse_newer`, Transient where steps of this program are pending."""
    refuse_newer(con)
    if schema(con)[1]:
        raise Transient(
            "state: the database is older than this program: restart the service, which updates it, or stop it and run "
            "oacmail migrate"
        )


def migrate(con: sqlite3.Connection) -> list[str]:
    """Apply the pending migrations and return their names. Raises ConfigError as `refuse_newer`."""
    refuse_newer(con)
    with named_faults():
        _, names = schema(con)
        if names:
            migrations().apply(_sqlite_utils().Database(con))
    return names


def schema(con: sqlite3.Connection) -> tuple[list[str], list[str]]:
    """Return (applied, pending) names of migrations."""
    applied = _applied(con)
    return applied, [name for name in known_steps() if name not in applied]


@contextmanager
def transaction(con: sqlite3.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT, or a savepoint where one is open already; rolled back on any exception."""
    begin, undo, end = _INNER if con.in_transaction else _WHOLE
    with named_faults():
        con.execute(begin)
        try:
            yield
            con.execute(end)
        except BaseException:
            # SQLITE_FULL has already rolled back when it is raised
            if con.in_transaction:
                for statement in undo:
                    con.execute(statement)
            raise


# --- Views -----------------------------------------------------------------------------------------------------------

_READ: Mapping[object, Callable[[Any], object]] = {
    datetime: at,
    date: date.fromisoformat,
    time: hour_of,
    bool: bool,
    tuple[Hours, ...]: hours_of,
    MailKind: of_name,
    MailState: MailState,
    Outcome: Outcome,
    Role: Role,
    Status: Status,
    CloseReason: CloseReason,
}
"""How a column of such a field is read; any other stays what it is."""
View = TypeVar("View")


def as_view(view: Callable[..., View], row: sqlite3.Row | Mapping[str, Any], **more: object) -> View:
    """The view of which the row has the fields, each as a column of its name, by their types; `more`: the others."""
    values = by_name(row) if isinstance(row, sqlite3.Row) else row
    given = {
        name: values[name] if read is None or values[name] is None else read(values[name])
        for name, read in _fields(view)
        if name in values and name not in more
    }
    return view(**given, **more)


def by_name(row: sqlite3.Row) -> dict[str, Any]:
    """The row as a dictionary: `sqlite3.Row` seeks each name among all columns."""
    return dict(zip(row.keys(), row, strict=True))


@cache
def _fields(view: Callable[..., object]) -> Sequence[tuple[str, Callable[[Any], object] | None]]:
    """The fields of a view, and how each is read by its type, of an optional one by the type beside None."""
    hints = get_type_hints(view).items()
    types = {name: get_args(hint)[0] if get_origin(hint) is UnionType else hint for name, hint in hints}
    return [(name, _READ.get(kind)) for name, kind in types.items()]


# --- Rows ------------------------------------------------------------------------------------------------------------
# What the parts of `SqliteStore` have in common: its connection, and its two kinds of transactions.


class Rows:
    """The methods of `SqliteStore` for one group of tables. One thread at a time uses the connection: another thread's
    statement would join its transaction."""

    con: sqlite3.Connection
    _one_at_a_time: RLock

    @contextmanager
    def _write(self) -> Iterator[None]:
        """A transaction, or a part of the one that has begun, which has no savepoint of its own: SQLite would copy each
        page that it changes into a temporary file."""
        with self._one_at_a_time, named_faults() if self.con.in_transaction else transaction(self.con):
            yield

    @contextmanager
    def _read(self) -> Iterator[None]:
        with self._one_at_a_time, named_faults():
            yield


_Method = TypeVar("_Method", bound=Callable[..., Any])


def _inside(block: Callable[[Any], AbstractContextManager[None]]) -> Callable[[_Method], _Method]:
    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def inside(self: Rows, *args: object, **named: object) -> object:
            with block(self):
                return method(self, *args, **named)

        return cast(_Method, inside)

    return decorate


reads = _inside(Rows._read)
writes = _inside(Rows._write)
"""The method is one transaction, or a part of the one that has begun."""


# --- Upgrade ---------------------------------------------------------------------------------------------------------
# The copy that is kept before an upgrade, and the same upgrade tried on a copy that is thrown away. The former is
# named after the newest step that the program knows (docs/upgrade.md): an interrupted upgrade finds it and
# goes on. The copy of the upgrade before is removed when the new one is complete.

KEPT = ".before-m"
_DRAFT = ".new-copy"
_TRIAL = "migrate-"


class Trial(Struct, frozen=True, kw_only=True):
    """`steps`: each pending step with its seconds, in their order; `seconds` of all, with the copy that a real upgrade
    keeps; `size`: bytes of the database; `most`: bytes that the copy and its log had at most; `faults`: what SQLite
    finds wrong in the migrated copy."""

    steps: tuple[tuple[str, float], ...]
    seconds: float = 0.0
    size: int = 0
    most: int = 0
    faults: tuple[str, ...] = ()


def keep_copy(con: sqlite3.Connection, state: Path) -> None:
    """Copy a database whose schema is behind, before it is migrated, unless it is empty. The caller holds
    the lock of `state`. Raises ConfigError as `refuse_newer`, Transient where there is no room."""
    # What a killed upgrade or trial has left: whole copies, of which `forget` knows nothing.
    for draft in state.glob(f"{FILE}{_DRAFT}*"):
        draft.unlink()
    for trial in state.glob(f"{_TRIAL}*"):
        shutil.rmtree(trial)
    refuse_newer(con)
    applied, pending = schema(con)
    if not applied or not pending:
        return
    kept = state / f"{FILE}.before-{known_steps()[-1].partition('_')[0]}"
    if not _interrupted(kept, len(applied)):
        draft = state / (FILE + _DRAFT)
        with new_copy(con, draft):
            pass  # whole as it is
        durable.replace(draft, kept)
        for older in set(state.glob(f"{FILE}{KEPT}*")) - {kept}:
            older.unlink()


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
            began = monotonic()
            with new_copy(source, copy):
                pass
            copied = monotonic() - began
            size = copy.stat().st_size
            with closing(connect(copy)) as con:
                return _tried(con, copy, pending, copied, size)


def _tried(con: sqlite3.Connection, copy: Path, pending: list[str], copied: float, size: int) -> Trial:
    database, steps, most = _sqlite_utils().Database(con), [], size
    for name, following in zip(pending, (*pending[1:], None), strict=True):
        began = monotonic()
        migrations().apply(database, stop_before=following)
        steps.append((name, monotonic() - began))
        most = max(most, sum(file.stat().st_size for file in copy.parent.iterdir()))
    return Trial(
        steps=tuple(steps),
        seconds=copied + sum(seconds for _, seconds in steps),
        size=size,
        most=most,
        faults=(
            *(str(row[0]) for row in con.execute("PRAGMA integrity_check") if row[0] != "ok"),
            *(
                f"{row[0]}: a row points to a row of {row[2]} that does not exist"
                for row in con.execute("PRAGMA foreign_key_check")
            ),
        ),
    )
