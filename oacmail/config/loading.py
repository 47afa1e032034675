"""Finds, reads and edits config.toml: a validated Config, or all errors at once as lines for the admin; and what a
valid one still lacks on this machine.
"""

import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from oacmail.config.model import Config
from oacmail.config.sections import keys
from oacmail.core.errors import ConfigError
from oacmail.core.rate_limits import registrable
from oacmail.shipped import shipped

# --- Findings --------------------------------------------------------------------------------------------------------
# Turns pydantic's errors into lines for the admin: `path: problem: remedy`. It never shows pydantic's own messages:
# some quote the input, which may be a password in the wrong place. It shows only names of keys, truncated and without
# control characters.

_SECRET = ("password", "passwd", "pass", "secret", "token", "key")

_REMEDIES: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "add it; docs/config.md explains it"),
    "int_type": ("is not a whole number", "write digits without quotes"),
    "float_type": ("is not a number", "write a number without quotes"),
    "bool_type": ("is neither true nor false", "write true or false without quotes"),
    "tuple_type": ("is not a list", 'write it in brackets, like ["one", "two"]'),
    "dict_type": ("is not a table", 'write it like { closed = "Fets" }'),
}
_UNKNOWN = ("is not valid", "docs/config.md lists the valid values")


def error_lines(error: ValidationError, model: type[BaseModel]) -> tuple[str, ...]:
    """One line per error, each path once, in the order of the file's sections."""
    lines: dict[str, None] = {}
    for item in error.errors(include_input=False):
        # A path such as `topic.2.level`; list entries count from 1.
        names = (str(part + 1) if isinstance(part, int) else printable(part) for part in item["loc"])
        what, remedy = _problem_and_remedy(item, model)
        lines[f"{'.'.join(name for name in names if name != '[key]')}: {what}: {remedy}"] = None
    return tuple(lines)


def _problem_and_remedy(item: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    context, loc = item.get("ctx", {}), item["loc"]
    match item["type"]:
        case "oacmail":
            return context["what"], context["remedy"]
        case "extra_forbidden":
            from difflib import get_close_matches

            name = str(loc[-1])
            if near := get_close_matches(name, _keys(loc[:-1], model), n=1, cutoff=0.6):
                return "is an unknown key", f'did you mean "{near[0]}"?'
            unsafe = "this file must not hold secrets; use password_file, and change the secret if others could read it"
            plain = "remove it, or see docs/config.md for the valid keys"
            return "is an unknown key", unsafe if name.lower() in _SECRET else plain
        case "literal_error":
            # Pydantic's `'tls', 'starttls' or 'none'` in TOML syntax.
            values = context["expected"].replace("'", '"').replace("True", "true").replace("False", "false")
            return "is not one of the allowed values", f"write {values}"
        case "greater_than_equal":
            return "is too small", f"write {context['ge']} or more"
        case "less_than_equal":
            return "is too large", f"write {context['le']} or less"
        case "model_type":
            if isinstance(loc[-1], str) and len(loc) > 1:
                keys = ", ".join(f'{key} = "…"' for key in _keys(loc, model))
                return "is not a table", f"write it like {{ {keys} }}"
            header = f"[{loc[0]}]" if len(loc) == 1 else f"[[{loc[0]}]]"
            return "is not a section", f"write {header} on a line of its own, and its keys below"
        case "tuple_type" if len(loc) == 1:
            return "is not a list of sections", f"write [[{loc[0]}]] on a line of its own for each"
        case kind:
            return _REMEDIES.get(kind, _UNKNOWN)


def _keys(loc: Sequence[int | str], model: type[BaseModel]) -> Iterable[str]:
    """The valid keys at `loc`."""
    kind: Any = model
    for part in loc:
        kind = kind if isinstance(part, int) else kind.model_fields[part].annotation
        while inner := get_args(kind):  # `tuple[TopicSection, ...]`, `Council | None`
            kind = inner[0]
    return keys(kind)


def printable(name: str) -> str:
    """A key's name for a message: at most 40 characters, no control characters."""
    shown = "".join(char if char.isprintable() else "?" for char in name[:40])
    return shown + "…" if len(name) > 40 else shown


# --- Profiles --------------------------------------------------------------------------------------------------------
# The values that follow from the name of a provider (`imap.provider`), for keys that the file does not set.

PROFILES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "microsoft365": {
        "imap": {"host": "outlook.office365.com", "auth": "xoauth2"},
        "smtp": {
            "host": "smtp.office365.com",
            "auth": "xoauth2",
            "per_minute": 25,  # Exchange Online accepts 30 from one mailbox, and people send too
            "self_copy": "server",
            "ack_envelope": "office",
        },
        "trust": {"provider": "exchange"},
    },
    "google": {
        "imap": {"host": "imap.gmail.com", "auth": "xoauth2"},
        "smtp": {"host": "smtp.gmail.com", "auth": "xoauth2", "self_copy": "server", "ack_envelope": "office"},
        "trust": {"provider": "gmail"},
    },
}


_DOMAINS: Mapping[str, str] = {
    "office365.com": "microsoft365",
    "outlook.com": "microsoft365",
    "gmail.com": "google",
    "googlemail.com": "google",
}
_SOFTWARE: Mapping[str, str] = {"Microsoft.Exchange": "microsoft365", "GImap": "google"}
"""How the servers name themselves (RFC 2971)."""


def fitting(host: str, software: str = "") -> str:
    """The profile for a server of this name, or one that names itself `software`; '' = none."""
    by_name = (profile for domain, profile in _DOMAINS.items() if f".{host}".endswith(f".{domain}"))
    return next(by_name, "") or next((one for name, one in _SOFTWARE.items() if software.startswith(name)), "")


def with_profile(values: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of the file, filled from the profile; `smtp.user` is then the user of [imap] unless it is set."""
    imap = values.get("imap")
    profile = PROFILES.get(str(imap.get("provider"))) if isinstance(imap, dict) else None
    if profile is None or not isinstance(imap, dict):
        return dict(values)
    tables = {name: values[name] for name in profile if isinstance(values.get(name), dict)}
    filled = {name: {**profile[name], **table} for name, table in tables.items()}
    filled |= {name: dict(follows) for name, follows in profile.items() if name not in values}
    if "user" in imap and isinstance(filled.get("smtp"), dict):
        filled["smtp"].setdefault("user", imap["user"])
    return {**values, **filled}


# --- Loading ---------------------------------------------------------------------------------------------------------
# Which file counts, and where relative paths start. It never reads the files that the configuration names: `secrets.py`
# reads passwords, the adapters read holidays and templates.

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
    for path in (Path("config.toml"), SYSTEM):
        try:
            if path.is_file():
                return path
        except PermissionError:  # it counts as existing, so that `load` reports it
            return path
    return None


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
    left = {**{name: {} for name in _REQUIRED}, **values}  # a missing section then reports its missing keys
    for section, key in retired(values):
        left[section] = {name: value for name, value in left[section].items() if name != key}
    sections = with_profile(left)
    try:
        return Config.model_validate(sections, context={"base": base, "own": _own(values)})
    except ValidationError as error:
        raise ConfigError(error_lines(error, Config)) from None


def retired(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The retired keys that the values have."""
    sections = ((values.get(section), section, key) for section, key in RETIRED)
    return tuple((section, key) for found, section, key in sections if isinstance(found, dict) and key in found)


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
        twice = str(error).startswith("Cannot ")  # overwrite a value, declare a table twice
        rule = "a key or section must not stand twice" if twice else "texts need quotes, sections need brackets"
        raise ConfigError((f"{path}: is not TOML at {place}: correct it; {rule}",)) from None


# --- Preflight -------------------------------------------------------------------------------------------------------
# What a valid configuration still lacks on this machine, for `oacmail check`: missing files and unedited values of the
# shipped file. It opens no file and contacts no server.

_EXAMPLE = ".example"
"""RFC 2606 reserves this domain: mail to the shipped example addresses reaches nobody."""
_CHECKED_ELSEWHERE = ("office.state", "imap.password_file", "smtp.password_file", "monitoring.prometheus_file")
"""The service creates the state and the file of metrics; `secrets.findings` reports the passwords."""
_LOGINS = ("imap.user", "smtp.user")
_TOWN_VALUES = ("office.town", "office.phone")
"""Right only for the shipped town; the value itself does not show the town."""
_MARK = re.compile(r"\bEDIT\b")
_KEY = re.compile(r"(\w+)\s*=")
_TABLE_HEAD = re.compile(r"\[(\w+)\]")


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
    # The registrable domains of the shipped file's addresses, hosts and pages.
    domains = frozenset(domain for value in before.values() if (domain := _domain(value)))
    if registrable(config.office.address) not in domains:
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
        elif found := _TABLE_HEAD.match(line):
            table, marked = found[1], False
        elif found := _KEY.match(line):
            if marked:
                yield f"{table}.{found[1]}"
        else:
            marked = False
        within = line.startswith("#")


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
    if names := keys(type(part)):
        for name in names:
            yield from _values(getattr(part, name), f"{path}.{name}".lstrip("."))
    elif isinstance(part, tuple):
        for item in part:
            yield from _values(item, path)
    else:
        yield path, part


# --- Edit ------------------------------------------------------------------------------------------------------------
# Sets keys in the text of a config.toml and keeps its comments, its order and every other value. It works on lines, and
# proves the result: read again, the text must differ in these keys alone.

Value = str | int | bool | Sequence[str]
_TABLE = re.compile(r"\s*\[([^\]]+)\]")
_TO_EDIT = re.compile(r" EDIT(?:: [^.]*\.)?")


def with_values(text: str, values: Mapping[tuple[str, str], Value], guessed: Collection[tuple[str, str]] = ()) -> str:
    """The text with each (section, key) set; a comment with EDIT above such a key loses that word, unless its value is
    guessed.

    Raises ConfigError if a key stands there in a form that cannot be changed line by line.
    """
    wanted: dict[str, Any] = tomllib.loads(text)
    lines = text.splitlines()
    for (section, key), value in values.items():
        if wanted.get(section, {}).get(key) != _plain(value):
            _set(lines, section, key, value)
        if (section, key) not in guessed:
            _confirm(lines, section, key)
        wanted.setdefault(section, {})[key] = _plain(value)
    edited = "\n".join(lines) + "\n"
    try:
        same = tomllib.loads(edited) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise ConfigError(("the file has a form that cannot be changed line by line: write its values by hand",))
    return edited


def _plain(value: Value) -> Any:
    return value if isinstance(value, str | int) else list(value)


def shown(value: Value) -> str:
    """TOML's basic strings, numbers, booleans and arrays of strings are JSON's, but for DEL."""
    return json.dumps(_plain(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _set(lines: list[str], section: str, key: str, value: Value) -> None:
    line, (first, last) = f"{key} = {shown(value)}", _span(lines, section)
    for pattern in (rf"\s*{key}\s*=", rf"#\s*{key}\s*="):
        for at in range(first, last):
            if re.match(pattern, lines[at]):
                lines[at] = line
                return
    if first == len(lines):
        lines += ["", f"[{section}]"]
        first = len(lines)
    lines.insert(first, line)


def _span(lines: Sequence[str], section: str) -> tuple[int, int]:
    """The lines of a table, without its head; both len(lines) if there is none."""
    heads = [(at, found[1].strip()) for at, line in enumerate(lines) if (found := _TABLE.match(line))]
    for number, (at, name) in enumerate(heads):
        if name == section:
            return at + 1, heads[number + 1][0] if number + 1 < len(heads) else len(lines)
    return len(lines), len(lines)


def _confirm(lines: list[str], section: str, key: str) -> None:
    """Take EDIT out of the comment of which this key is the first: the value is now the town's own."""
    first, last = _span(lines, section)
    at = next((at for at in range(first, last) if re.match(rf"\s*{key}\s*=", lines[at])), first)
    above = at - 1
    while above >= first and lines[above].startswith("#"):
        lines[above] = _TO_EDIT.sub("", lines[above])
        above -= 1
