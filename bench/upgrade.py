"""Measure what an upgrade costs the service: `make upgrade-cost CASES=100000`.

The database is of the first version, with a year of invented cases (bench/year.py), each with a stored message and an
acknowledgement of a few thousand bytes, as of real mail. Printed are the seconds of each step and of the whole upgrade.

    python -m bench.upgrade CASES
"""

import random
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bench.year import YEAR, rows
from oacmail.store import connection
from oacmail.store.connection import FILE, connect, known_steps, migrations
from oacmail.store.store import SqliteStore

MESSAGE, MAIL = 5000, 4000  # bytes
_LATER = ("votes",)


def first_version(state: Path, cases: int) -> None:
    """Write the database of the first version."""
    with closing(connect(state / FILE)) as con:
        migrations().apply(Database(con), stop_before=known_steps()[1])
        con.execute("PRAGMA synchronous=OFF")
        con.execute("PRAGMA foreign_keys=OFF")
        con.execute("BEGIN")
        con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
        filling = random.Random(7).randbytes(MESSAGE)
        for table, statement, values in rows(cases, YEAR, 7):
            if table in _LATER:
                continue
            con.execute(*_old(table, statement, values, filling))
            if table == "messages":
                con.execute("INSERT INTO originals VALUES(?, ?)", (values[0], filling))
        con.execute("COMMIT")


def _old(table: str, statement: str, values: tuple[Any, ...], filling: bytes) -> tuple[str, tuple[Any, ...]]:
    """The first version held the bytes of a mail in its row of the outbox."""
    if table != "outbox":
        return statement, values
    return statement.replace("length,", "length, mime,").replace("'',1,", "'',1,?,"), (
        *values[:4],
        filling[:MAIL],
        *values[4:],
    )


def main(cases: int) -> int:
    with tempfile.TemporaryDirectory(prefix="oacmail-upgrade-", dir="/var/tmp") as folder:
        state = Path(folder)
        first_version(state, cases)
        print(f"{cases} cases, {(state / FILE).stat().st_size / 1e6:.0f} MB")
        trial = connection.rehearse(state)
        for name, seconds in trial.steps:
            print(f"  {name}  {seconds:.1f} s")
        print(
            f"  rehearsed in {trial.seconds:.1f} s, at most {trial.most / 1e6:.0f} MB; faults: {trial.faults or 'none'}"
        )
        began, computed = time.monotonic(), time.process_time()
        SqliteStore(state).close()
        print(
            f"  upgraded in {time.monotonic() - began:.1f} s, {time.process_time() - computed:.1f} s of CPU, copy kept"
        )
    return 1 if trial.faults else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
