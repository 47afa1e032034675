"""Sets keys in the text of a config.toml and keeps its comments, its order and every other value.

It works on lines, and proves the result: read again, the text must differ in these keys alone. It reads and writes no
file.
"""

import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oacmail.core.errors import ConfigError

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
