"""What a valid configuration still lacks on this machine: files that it names, values that nobody has edited.

Findings for `oacmail check`, a line each as in a ConfigError. Looks at names of files only; contacts no server.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from oacmail.config.model import Config
from oacmail.config.section import Section
from oacmail.core.outbox.rate_limits import registrable

_EXAMPLE = ".example"
"""RFC 2606: reserved, so that mail to the shipped example addresses reaches nobody."""
_SEEN_TO = ("office.state", "imap.password_file", "smtp.password_file")
"""Made by the first start; told with the secrets."""
_LOGINS = ("imap.user", "smtp.user")
_TOWN_S_OWN = ("office.town", "office.phone")
"""Right for the shipped town alone, and not to be told from the value whose they are."""
_MARK = re.compile(r"\bEDIT\b")
_KEY = re.compile(r"(\w+)\s*=")
_TABLE = re.compile(r"\[(\w+)\]")


def findings(config: Config) -> tuple[str, ...]:
    """All that an admin has to do before the first start; () = nothing."""
    return tuple(finding for path, value in _values(config) for finding in _about(path, value))


def as_shipped(config: Config, shipped: Config, text: str) -> dict[str, str]:
    """Path -> finding, for the values of the shipped file that are another town's or that nobody has looked at.

    `text`: the file of `config`; a comment marked EDIT says that what stands below it has not been confirmed. While
    the office's address is of another domain than the shipped file's, no value of the shipped town may remain.
    """
    before, now = dict(_values(shipped)), dict(_values(config))
    kept = {path for path, value in now.items() if value is not None and value == before.get(path)}
    marked = {path for path in kept.intersection(_marked(text)) if _home(now[path]) or path in _LOGINS}
    found = dict.fromkeys(marked, "is as shipped: write your own, or remove the word EDIT above it if it is right")
    if registrable(config.office.address) not in (homes := _homes(before)):
        remains = {path for path in kept if path in _TOWN_S_OWN or _home(now[path]) in homes}
        found |= dict.fromkeys(remains, f"is still that of {shipped.office.town}: write your own town's")
        if config.office.calendar != "none" and config.office.holidays is None:
            town = shipped.office.town
            found["office.holidays"] = f"is not set, so the holidays of {town} count: name your own town's file"
    return {path: f"{path}: {said}" for path, said in sorted(found.items())}


def _marked(text: str) -> Iterator[str]:
    """The keys below a comment that is marked, as paths: up to the next comment or empty line."""
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


def _homes(values: dict[str, object]) -> frozenset[str]:
    """The domains that the shipped file's addresses, hosts and pages lie in."""
    return frozenset(home for value in values.values() if (home := _home(value)))


def _home(value: object) -> str:
    """The registrable domain of an address, a host or a page; '' for what is none of these."""
    if not isinstance(value, str) or " " in value or "." not in value:
        return ""
    return registrable(urlsplit(value).hostname or value)


def _about(path: str, value: object) -> Iterator[str]:
    if isinstance(value, str) and value.endswith(_EXAMPLE):
        yield f"{path}: is still the example of the shipped file: write your own"
    if isinstance(value, Path) and path not in _SEEN_TO and not value.exists():
        yield f"{path}: {value} does not exist: check the name"


def _values(part: object, path: str = "") -> Iterator[tuple[str, object]]:
    """All single values with their paths."""
    if isinstance(part, Section):
        for name in type(part).model_fields:
            yield from _values(getattr(part, name), f"{path}.{name}".lstrip("."))
    elif isinstance(part, tuple):
        for item in part:
            yield from _values(item, path)
    else:
        yield path, part
