"""The budget of several towns behind one relay: a file with the moments of the last minute's mails, a line each.

Every town of the machine opens the same file and locks it for one reading or writing (flock(2)); the kernel frees the
lock of a killed process. Nothing here waits: a lock that another town holds is an error, and the caller asks again. A
line that is no moment of the last minute counts for nothing: the rest of a write that was killed, or what a clock that
was ahead has left. The file is never created here, so that its owner and rights are those that the admin gave it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from oacmail.core.errors import BudgetUnusable
from oacmail.core.ports.budget import WINDOW

_LONGEST = 1_000_000  # bytes; a minute of fifty thousand mails


@dataclass(frozen=True, slots=True)
class BudgetFile:
    """core.ports.SharedBudget. The file is opened each time: it may have been replaced."""

    path: Path

    def room(self, limit: int, now: datetime) -> int:
        with self._locked(fcntl.LOCK_SH) as file:
            return max(0, limit - len(_recent(file, now.timestamp())))

    def take(self, wanted: int, limit: int, now: datetime) -> int:
        moment = now.timestamp()
        with self._locked(fcntl.LOCK_EX) as file:
            recent = _recent(file, moment)
            taken = max(0, min(wanted, limit - len(recent)))
            text = "".join(f"{one:.3f}\n" for one in (*recent, *[moment] * taken)).encode()
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
