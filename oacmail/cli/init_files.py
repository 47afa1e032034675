"""How `init` writes: complete or not at all, with the right owner and mode, and never over something unseen."""

import os
import shutil
import tempfile
from pathlib import Path


def keep_password(path: Path, password: str, owner: str) -> None:
    """Write the password, mode 0600, for `owner` ('' = this user). Raises OSError."""
    path.parent.mkdir(mode=0o711, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != password + "\n":
        _replace(path, password + "\n", 0o600)
    path.chmod(0o600)
    if owner:
        shutil.chown(path, owner, owner)


def write_config(path: Path, text: str, owner: str) -> str:
    """Write the file and say what happened. The file before is kept as `….before-init`. Raises OSError."""
    if path.exists() and path.read_text("utf-8") == text:
        return "unchanged"
    mode, group = (path.stat().st_mode & 0o777, path.stat().st_gid) if path.exists() else (0o640, None)
    if path.exists():
        shutil.copy2(path, f"{path}.before-init")
    _replace(path, text, mode)
    if group is not None:
        os.chown(path, -1, group)
    elif owner:
        shutil.chown(path, group=owner)
    return "written"


def _replace(path: Path, text: str, mode: int) -> None:
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
