"""Where the tests keep what they write: in memory where the machine offers that, else on the disk.

Half of a run would wait for fsync, and no test measures a disk or cuts the power. A killed process leaves the same
bytes in both places. The path is short because it holds Unix sockets, whose paths have at most 107 characters.
"""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY, _DISK = Path("/dev/shm"), Path("/tmp")
_ROOM = 4 * 1024**3
"""Bytes that must be free: a run needs less than two thousand million."""


def _folder() -> Path:
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if usable else _DISK


SCRATCH = str(_folder())


def use() -> None:
    """From now on, temporary files of this process and its children lie there."""
    os.environ["TMPDIR"] = tempfile.tempdir = SCRATCH
