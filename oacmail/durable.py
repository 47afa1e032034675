"""Files that outlast a loss of power: their bytes when they are synced, their names when their folder is."""

import os
from contextlib import suppress
from pathlib import Path


def sync_names(folder: Path) -> None:
    """Make the names in the folder certain, where its file system can: some refuse, and SQLite goes on there too."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write(path: Path, text: str) -> None:
    """Write what only the service's user may read, its bytes for certain. Raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def replace(new: Path, old: Path) -> None:
    """Give `new`, whose bytes are certain, the name of `old`, for certain. Raises OSError."""
    new.replace(old)
    sync_names(old.parent)
