"""Finding and reading config.toml: from a path to a checked value, or to all that is wrong with it at once.

Decides which file counts and where relative paths in it begin. Never reads what the file points to: passwords are
`secrets.py`'s, holidays and templates those of their adapters.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oacmail.config.findings import lines
from oacmail.config.model import Config
from oacmail.core.errors import ConfigError
from oacmail.shipped import shipped

VARIABLE = "OACMAIL_CONFIG"
_REQUIRED = ("office", "imap", "smtp", "people")
SYSTEM = Path("/etc/oacmail/config.toml")


def find(explicit: str | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that counts: `explicit`, else $OACMAIL_CONFIG, else ./config.toml, else /etc/oacmail/config.toml.

    A file that was named is returned even if it is not there, so that the admin is told; None = no file at all.
    """
    if named := explicit or environ.get(VARIABLE):
        return Path(named)
    return next((path for path in (Path("config.toml"), SYSTEM) if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    """A file that we may not even look at is there too: `load` then says so, instead of defaults passing for it."""
    try:
        return path.is_file()
    except PermissionError:
        return True


def load(path: Path) -> Config:
    """Read and check the file. Raises ConfigError with every finding."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path}: is not UTF-8 at byte {error.start}: save the file as UTF-8",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read ({error.strerror}): check the name and the rights",)) from error
    return parse(_toml(text, path), base=path.parent.absolute())


def builtin() -> Config:
    """The shipped config.toml: the shipped town's rules and calendar, for verbs that run without a file."""
    return load(shipped("config.toml"))


def parse(values: Mapping[str, Any], *, base: Path) -> Config:
    """Check what tomllib read; relative paths begin at `base`. Raises ConfigError with every finding."""
    sections = {**{name: {} for name in _REQUIRED}, **values}  # so that a missing section names its missing keys
    try:
        return Config.model_validate(sections, context={"base": base, "own": _own(values)})
    except ValidationError as error:
        raise ConfigError(lines(error, Config)) from None


def _own(values: Mapping[str, Any]) -> frozenset[str]:
    """The office's addresses as they stand, before they are checked: a wrong section hides no error of another."""
    office = values.get("office")
    if not isinstance(office, dict):
        return frozenset()
    aliases = office.get("aliases", [])
    listed = [office.get("address"), *(aliases if isinstance(aliases, list) else [aliases])]
    return frozenset(item.strip().lower() for item in listed if isinstance(item, str))


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at (.*)\)", str(error))
        place = where[1] if where else "the end"
        raise ConfigError(
            (f"{path}: is not TOML at {place}: correct that place; texts stand in quotes, sections in brackets",)
        ) from None
