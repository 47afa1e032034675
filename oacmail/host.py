"""The machine below the service: clock, disk, memory, systemd, an admin's own command, Litestream, the budget that
towns share.

One function or class for each; none decides anything.
"""

import ctypes
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from oacmail.core.errors import BudgetUnusable

# --- Clock -----------------------------------------------------------------------------------------------------------
# Verbs read the machine's time themselves; core and the store get it from their caller.


class SystemClock:
    """Port `Clock`: the machine's time, aware, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


# --- Command ---------------------------------------------------------------------------------------------------------
# A command of the admin's own, which has its own way to reach people: no shell, no secret, an end in time. It gets the
# words of the caller as arguments, an environment of two names, and no input; what it prints is dropped.

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class AdminProgram(Struct, frozen=True):
    """`command`: the program and its first arguments; () = there is none. `seconds`: after which it is killed."""

    command: tuple[str, ...]
    seconds: float

    def run(self, words: Sequence[str]) -> str:
        """Run it to its end with `words` as its last arguments; return why it failed, '' = it did not."""
        if not self.command:
            return ""
        try:
            done = subprocess.run(  # noqa: S603 - the admin's own command, and no word of a citizen
                [*self.command, *words],
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return f"ended after {self.seconds:.0f} s"
        except OSError as error:
            return type(error).__name__
        return f"exit code {done.returncode}" if done.returncode else ""


# --- Disk ------------------------------------------------------------------------------------------------------------


def free_space(folder: Path) -> int:
    """Return the bytes that can still be written on the disk of this folder."""
    return shutil.disk_usage(folder).free


def replace_file(path: Path, text: str, mode: int) -> None:
    """Replace the file at once: nobody ever sees half of it. Raises OSError."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# --- Memory ----------------------------------------------------------------------------------------------------------
# What glibc keeps of freed memory (mallopt(3), malloc_trim(3)); nothing is done where the C library has no such call.

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h
_LARGE = 524288  # bytes


def keep_one_heap() -> None:
    """Let all threads share a heap, and give a large block back as soon as it is free. Otherwise each thread has a heap
    of its own, which stays as large as its largest message needed. Call it before the first thread starts."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


def give_back_memory() -> None:
    """Give back what is free in the heap after a large piece of work."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


# --- Litestream ------------------------------------------------------------------------------------------------------
# Whether Litestream replicates the database at this moment: it keeps a read transaction open and copies every page, so
# that an erasure beside it leaves old pages in the write-ahead log and in the replica.

_PROGRAM = "litestream"
_NOTES = ".{name}-litestream"  # Litestream's folder beside the database; it stays when the program has ended


def litestream_replicates(database: Path, proc: Path = Path("/proc")) -> bool:
    """Return whether a running Litestream has the database open, or may have: the files of a process that runs in a
    user namespace of its own, as under the shipped unit, cannot be seen."""
    if not database.with_name(_NOTES.format(name=database.name)).is_dir():
        return False
    return any(_has_open(process, database) for process in proc.glob("[0-9]*"))


def _has_open(process: Path, database: Path) -> bool:
    try:
        if (process / "comm").read_text("utf-8").strip() != _PROGRAM:
            return False
        return any(file.readlink() == database.resolve() for file in (process / "fd").iterdir())
    except PermissionError:
        return True
    except OSError:
        return False  # it has just ended


# --- Systemd ---------------------------------------------------------------------------------------------------------
# What systemd is told: that the service is ready, alive, reloading or stopping (sd_notify(3)). Without systemd every
# notification is dropped, so that the same program runs in a terminal. A notification that cannot be sent is not an
# error: systemd acts on its absence itself (TimeoutStartSec, WatchdogSec).


class Systemd(Struct, frozen=True, kw_only=True):
    """`address` is $NOTIFY_SOCKET, '' if unset. `watchdog_seconds` is the watchdog's timeout, or None.

    The methods return whether the notification was sent. Ping at least every third of `watchdog_seconds`.
    """

    address: str = ""
    watchdog_seconds: float | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Systemd":
        """Read the environment that systemd sets; ignore variables for another process (sd_watchdog_enabled(3))."""
        microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
        ours = not pid or pid == str(os.getpid())
        seconds = int(microseconds) / 1e6 if ours and microseconds.isascii() and microseconds.isdigit() else None
        return cls(address=environ.get("NOTIFY_SOCKET", ""), watchdog_seconds=seconds)

    def ready(self, status: str = "") -> bool:
        """Start or reload is complete."""
        return self._notify("READY=1", f"STATUS={_one_line(status)}")

    def status(self, text: str) -> bool:
        """Set the line for `systemctl status`; ids and counts only."""
        return self._notify(f"STATUS={_one_line(text)}")

    def watchdog(self) -> bool:
        """Ping the watchdog."""
        return self._notify("WATCHDOG=1")

    def reloading(self) -> bool:
        """A reload has begun; `ready` must follow (Type=notify-reload needs the time, systemd.service(5))."""
        return self._notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> bool:
        """The service is stopping."""
        return self._notify("STOPPING=1")

    def _notify(self, *assignments: str) -> bool:
        if not self.address.startswith(("/", "@")):
            return False
        # "@" means an abstract socket, unix(7)
        target = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify_socket:
                notify_socket.sendto("\n".join(assignments).encode(), target)
        except OSError:
            return False
        return True


def _one_line(text: str) -> str:
    """Remove line breaks, which would start a new assignment."""
    return " ".join(text.split())


# --- Shared budget ---------------------------------------------------------------------------------------------------
# Every town of the machine opens the same file and locks it for one reading or writing (flock(2)); the kernel frees
# the lock of a killed process. Nothing here waits: a lock that another town holds is an error, and the caller asks
# again. A line that is no moment of the last minute counts for nothing: the rest of a write that was killed, or what a
# clock that was ahead has left. The file is never created here, so that its owner and rights are those that the admin
# gave it.

WINDOW = 60
"""Seconds for which a mail counts."""
_LONGEST = 1_000_000  # bytes; a minute of fifty thousand mails


class BudgetFile(Struct, frozen=True):
    """What all towns of this machine handed to the relay of late. It counts and never waits; the limit is the caller's
    own `smtp.per_minute`. The file is opened each time: it may have been replaced.

    Both methods raise BudgetUnusable: the file is missing, locked by another town, or refused by the system.
    """

    path: Path

    def room(self, limit: int, now: datetime) -> int:
        """Return how many more mails all towns together may hand over now; 0 or more."""
        with self._locked(fcntl.LOCK_SH) as file:
            return max(0, limit - len(_recent(file, now.timestamp())))

    def take(self, wanted: int, limit: int, now: datetime) -> int:
        """Count up to `wanted` mails as handed over now, and return how many the limit allows."""
        moment = now.timestamp()
        with self._locked(fcntl.LOCK_EX) as file:
            recent = _recent(file, moment)
            taken = max(0, min(wanted, limit - len(recent)))
            text = "".join(f"{at:.3f}\n" for at in (*recent, *[moment] * taken)).encode()
            os.pwrite(file, text, 0)
            os.ftruncate(file, len(text))
            return taken

    @contextmanager
    def _locked(self, how: int) -> Iterator[int]:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
                yield file
            finally:
                os.close(file)
        except OSError as error:
            raise BudgetUnusable(f"{self.path}: {error.strerror}") from None


def _recent(file: int, now: float) -> list[float]:
    """The moments of the last minute, as the file has them; another town may have asked the clock later than we did."""
    lines = os.pread(file, _LONGEST, 0).splitlines()
    return [moment for moment in map(_moment, lines) if abs(now - moment) < WINDOW]


def _moment(line: bytes) -> float:
    try:
        return float(line)
    except ValueError:
        return 0.0
