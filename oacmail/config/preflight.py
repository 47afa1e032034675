"""What a valid configuration still lacks on this machine: missing files and unedited values of the shipped file.

It returns findings for `oacmail check`, one line each as in a ConfigError. It opens no file and contacts no server.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from oacmail.config.model import Config
from oacmail.config.section import Section
from oacmail.core.rate_limits import registrable

_EXAMPLE = ".example"
"""RFC 2606 reserves this domain: mail to the shipped example addresses reaches nobody."""
_CHECKED_ELSEWHERE = ("office.state", "imap.password_file", "smtp.password_file")
"""The first start creates the state; `secrets.findings` reports the passwords."""
_LOGINS = ("imap.user", "smtp.user")
_TOWN_VALUES = ("office.town", "office.phone")
"""Right only for the shipped town; the value itself does not show the town."""
_MARK = re.compile(r"\bEDIT\b")
_KEY = re.compile(r"(\w+)\s*=")
_TABLE = re.compile(r"\[(\w+)\]")


def findings(config: Config) -> tuple[str, ...]:
    """Everything to do before the first start; () = nothing."""
    return tuple(finding for path, value in _values(config) for finding in _about(path, value))


def as_shipped(config: Config, shipped: Config, text: str) -> dict[str, str]:
    """Path -> finding, for values of the shipped file that belong to another town or are unconfirmed.

    `text`: the file of `config`. A comment with EDIT marks the values below it as unconfirmed. If the office's address
    has another domain than the shipped file's, no value of the shipped town may remain. The bodies of
    [[pointer]] are every town's.
    """
    before = {path: value for path, value in _values(shipped) if not path.startswith("pointer.")}
    now = dict(_values(config))
    kept = {path for path, value in now.items() if value is not None and value == before.get(path)}
    marked = {path for path in kept.intersection(_marked(text)) if _domain(now[path]) or path in _LOGINS}
    found = dict.fromkeys(
        marked, "is the shipped value: write your own, or remove the word EDIT above it if it is right"
    )
    if registrable(config.office.address) not in (domains := _domains(before)):
        remains = {path for path in kept if path in _TOWN_VALUES or _domain(now[path]) in domains}
        found |= dict.fromkeys(remains, f"is still the value of {shipped.office.town}: write your own town's")
        if config.office.calendar != "none" and config.office.holidays is None:
            town = shipped.office.town
            found["office.holidays"] = f"is not set, so the holidays of {town} apply: name your own town's file"
    return {path: f"{path}: {problem}" for path, problem in sorted(found.items())}


def _marked(text: str) -> Iterator[str]:
    """Yields the paths of the keys below a comment with EDIT, up to the next comment or empty line."""
    table, marked, within = "", False, False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("#"):
            marked = bool(_MARK.search(line)) or (marked and within and not _KEY.match(line.lstrip("# ")))
        elif found := _TABLE.match(line):
            table, marked = found[1], False
        elif found := _KEY.match(line):
            if marked:
                yield f"{table}.{found[1]}"
        else:
            marked = False
        within = line.startswith("#")


def _domains(values: dict[str, object]) -> frozenset[str]:
    """The registrable domains of the shipped file's addresses, hosts and pages."""
    return frozenset(domain for value in values.values() if (domain := _domain(value)))


def _domain(value: object) -> str:
    """The registrable domain of an address, a host or a page; '' for other values."""
    if not isinstance(value, str) or " " in value or "." not in value:
        return ""
    return registrable(urlsplit(value).hostname or value)


def _about(path: str, value: object) -> Iterator[str]:
    if isinstance(value, str) and value.endswith(_EXAMPLE):
        yield f"{path}: is still the example value: write your own"
    if isinstance(value, Path) and path not in _CHECKED_ELSEWHERE and not value.exists():
        yield f"{path}: {value} does not exist: check the name"
    elif isinstance(value, Path) and path == "smtp.shared_budget" and not os.access(value, os.R_OK | os.W_OK):
        yield f"{path}: {value} cannot be written by this user: see docs/towns.md section 3"


def _values(part: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yields every single value with its path."""
    if isinstance(part, Section):
        for name in type(part).model_fields:
            yield from _values(getattr(part, name), f"{path}.{name}".lstrip("."))
    elif isinstance(part, tuple):
        for item in part:
            yield from _values(item, path)
    else:
        yield path, part
