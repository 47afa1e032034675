"""Leave no byte of what was erased in the files of the database: free pages, write-ahead log, shared memory.

Every connection of this program overwrites what it deletes (PRAGMA secure_delete); VACUUM also reaches what another
program freed, and the truncated log holds nothing. It runs beside the daemon, whose writes wait meanwhile.
"""

import sqlite3

from oacmail.adapters.store.connection import named_faults
from oacmail.core.errors import Transient

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
