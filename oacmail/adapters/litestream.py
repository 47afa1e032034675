"""Whether Litestream replicates the database at this moment. It reads /proc and decides nothing.

Litestream keeps a read transaction open and copies every page, so that an erasure beside it leaves old pages in the
write-ahead log and in the replica.
"""

from pathlib import Path

_PROGRAM = "litestream"
_NOTES = ".{name}-litestream"  # Litestream's folder beside the database; it stays when the program has ended


def replicates(database: Path, proc: Path = Path("/proc")) -> bool:
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
