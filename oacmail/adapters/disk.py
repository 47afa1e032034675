"""The disk that the state lies on: how much room is left."""

import shutil
from pathlib import Path


def free(folder: Path) -> int:
    """Bytes that may still be written there."""
    return shutil.disk_usage(folder).free
