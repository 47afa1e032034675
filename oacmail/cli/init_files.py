"""The files of `init`: what is read before it asks, and how it writes: complete or not at all, with the right owner and
mode, and never over something unseen."""

import os
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from oacmail.config.loading import printable
from oacmail.core.errors import ConfigError
from oacmail.shipped import shipped

Key = tuple[str, str]
Values = dict[Key, Any]


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


def own_values(text: str) -> Values:
    """What the file says; of one that is still as shipped, only what differs, since the rest is no default for another
    town."""
    read, ours = tomllib.loads(text), _as_shipped()
    is_own = read.get("office", {}).get("address") not in (None, ours["office"]["address"])
    return {
        (section, key): value
        for section, keys in read.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
        if is_own or value != ours.get(section, {}).get(key)
    }


_SECTION = "write it below the name of its section, such as [office], as in config.toml"


def given_answers(path: Path) -> Values:
    """The file of answers. Raises ConfigError."""
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path}: is not TOML: {error}",)) from None
    if alone := [key for key, value in read.items() if not isinstance(value, dict)]:
        raise ConfigError(tuple(f"{printable(key)}: stands above every section: {_SECTION}" for key in alone))
    return {(section, key): value for section, keys in read.items() for key, value in keys.items()}


def is_shipped_town(town: str) -> bool:
    """Whether the pages in the shipped config.toml are this town's own."""
    return bool(town == _as_shipped()["office"]["town"])


def _as_shipped() -> dict[str, Any]:
    return tomllib.loads(shipped("config.toml").read_text("utf-8"))
