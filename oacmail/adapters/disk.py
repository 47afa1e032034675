"""Free space on the disk of the state directory."""

import shutil
from pathlib import Path


def free(folder: Path) -> int:
    """Return the bytes that can still be written there."""
    return shutil.disk_usage(folder).free
