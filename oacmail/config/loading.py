"""Finds and reads config.toml: returns a validated Config, or raises all errors at once.

It decides which file counts and where relative paths start. It never reads the files that the configuration names:
`secrets.py` reads passwords, the adapters read holidays and templates.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oacmail.config.findings import lines
from oacmail.config.model import Config
from oacmail.config.profiles import with_profile
from oacmail.core.errors import ConfigError
from oacmail.shipped import shipped

VARIABLE = "OACMAIL_CONFIG"
_REQUIRED = ("office", "imap", "smtp", "people")
SYSTEM = Path("/etc/oacmail/config.toml")
RETIRED = (("ack", "per_hour"),)
"""(section, key) of keys that an earlier version had: they are read over, so that an upgrade needs no edited file."""


def find(explicit: str | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that counts: `explicit`, else $OACMAIL_CONFIG, else ./config.toml, else /etc/oacmail/config.toml.

    A named file is returned even if it does not exist, so that `load` reports it. None = no file.
    """
    if named := explicit or environ.get(VARIABLE):
        return Path(named)
    return next((path for path in (Path("config.toml"), SYSTEM) if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    """Whether the file exists. A file without permission counts as existing, so that `load` reports it."""
    try:
        return path.is_file()
    except PermissionError:
        return True


def load(path: Path) -> Config:
    """Read and validate the file. Raises ConfigError with every finding."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path}: is not UTF-8 at byte {error.start}: save the file as UTF-8",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read ({error.strerror}): check its name and permissions",)) from error
    return parse(_toml(text, path), base=path.parent.absolute())


def builtin() -> Config:
    """The shipped config.toml, for verbs that run without a file."""
    return load(shipped("config.toml"))


def parse(values: Mapping[str, Any], *, base: Path) -> Config:
    """Validate the values that tomllib read. Relative paths start at `base`. Raises ConfigError with every finding."""
    # a missing section then reports its missing keys
    sections = with_profile({**{name: {} for name in _REQUIRED}, **_without(retired(values), values)})
    try:
        return Config.model_validate(sections, context={"base": base, "own": _own(values)})
    except ValidationError as error:
        raise ConfigError(lines(error, Config)) from None


def retired(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The retired keys that the values have."""
    sections = ((values.get(section), section, key) for section, key in RETIRED)
    return tuple((section, key) for found, section, key in sections if isinstance(found, dict) and key in found)


def _without(keys: Iterable[tuple[str, str]], values: Mapping[str, Any]) -> dict[str, Any]:
    left = dict(values)
    for section, key in keys:
        left[section] = {name: value for name, value in left[section].items() if name != key}
    return left


def _own(values: Mapping[str, Any]) -> frozenset[str]:
    """The office's addresses before validation, so that an error in [office] hides no error of [people]."""
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
            (f"{path}: is not TOML at {place}: correct it; texts need quotes, sections need brackets",)
        ) from None
