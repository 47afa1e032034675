"""Compute the report of a month in a process of its own: the rows of many cases would stay in the daemon's memory.

Parent and child are the same program and exchange pickled values over pipes. What goes wrong with the child is logged,
and the caller computes itself. It holds no rule and only reads.
"""

import pickle
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from oacmail.core.policy import Policy
from oacmail.core.report.figures import Month
from oacmail.store.connection import connect_readonly, named_faults

if TYPE_CHECKING:
    from oacmail.core.report.figures import MonthlyReport

log = structlog.get_logger()
SECONDS = 600.0
_WORDS = (sys.executable, "-I", "-m", "oacmail.report_process")


def elsewhere(database: Path, policy: Policy, month: Month, now: datetime) -> "MonthlyReport":
    """Return the report that is to be published of this month, computed by a child. Raises Transient."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            _WORDS,
            input=pickle.dumps((database, policy, month, now)),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("report.in-process", error=type(error).__name__)
        return here(database, policy, month, now)
    made: MonthlyReport = pickle.loads(done.stdout)  # noqa: S301 - written by our own process
    return made


def here(database: Path, policy: Policy, month: Month, now: datetime) -> "MonthlyReport":
    """Return the same, computed by the caller. Raises Transient."""
    from oacmail import reporting  # what is needed once a month would slow each start down

    with closing(connect_readonly(database)) as con, named_faults(database):
        return reporting.to_publish(con, policy, month, now)


if __name__ == "__main__":
    asked: tuple[Path, Policy, Month, datetime] = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - by our own process
    sys.stdout.buffer.write(pickle.dumps(here(*asked)))
