"""Turns pydantic's errors into lines for the admin: `path: problem: remedy`.

It decides only the wording. It never shows pydantic's own messages: some quote the input, which may be a password in
the wrong place. It shows only names of keys, truncated and without control characters.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

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


def lines(error: ValidationError, model: type[BaseModel]) -> tuple[str, ...]:
    """One line per error, each path once, in the order of the file's sections."""
    found = {
        (_path(item["loc"]), *_problem_and_remedy(item, model)): None for item in error.errors(include_input=False)
    }
    return tuple(f"{path}: {what}: {remedy}" for path, what, remedy in found)


def _path(loc: Sequence[int | str]) -> str:
    """A path such as `topic.2.level`; list entries count from 1."""
    names = (str(part + 1) if isinstance(part, int) else printable(part) for part in loc)
    return ".".join(name for name in names if name != "[key]")


def _problem_and_remedy(item: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    context = item.get("ctx", {})
    match item["type"]:
        case "oacmail":
            return context["what"], context["remedy"]
        case "extra_forbidden":
            return "is an unknown key", _unknown_key_remedy(item["loc"], model)
        case "literal_error":
            return "is not one of the allowed values", f"write {_plain(context['expected'])}"
        case "greater_than_equal":
            return "is too small", f"write {context['ge']} or more"
        case "less_than_equal":
            return "is too large", f"write {context['le']} or less"
        case "model_type":
            return _not_a_section(item["loc"], model)
        case "tuple_type" if len(item["loc"]) == 1:
            return "is not a list of sections", f"write [[{item['loc'][0]}]] on a line of its own for each"
        case kind:
            return _REMEDIES.get(kind, _UNKNOWN)


def _not_a_section(loc: Sequence[int | str], model: type[BaseModel]) -> tuple[str, str]:
    """For a section, one of a list of sections, or a table inside a section."""
    if isinstance(loc[-1], str) and len(loc) > 1:
        keys = ", ".join(f'{key} = "…"' for key in _keys(loc, model))
        return "is not a table", f"write it like {{ {keys} }}"
    header = f"[{loc[0]}]" if len(loc) == 1 else f"[[{loc[0]}]]"
    return "is not a section", f"write {header} on a line of its own, and its keys below"


def _plain(expected: str) -> str:
    """Pydantic's `'tls', 'starttls' or 'none'` in TOML syntax."""
    return expected.replace("'", '"').replace("True", "true").replace("False", "false")


def _unknown_key_remedy(loc: Sequence[int | str], model: type[BaseModel]) -> str:
    name = str(loc[-1])
    if near := get_close_matches(name, _keys(loc[:-1], model), n=1, cutoff=0.6):
        return f'did you mean "{near[0]}"?'
    if name.lower() in _SECRET:
        return "this file must not hold secrets; use password_file, and change the secret if others could read it"
    return "remove it, or see docs/config.md for the valid keys"


def _keys(loc: Sequence[int | str], model: type[BaseModel]) -> Iterable[str]:
    """The valid keys at `loc`."""
    fields: Mapping[str, Any] = model.model_fields
    for part in loc:
        if isinstance(part, str) and part in fields:
            fields = _inner(fields[part].annotation).model_fields
    return fields.keys()


def _inner(annotation: Any) -> type[BaseModel]:
    """`Office` of `Office` and `Topic` of `tuple[Topic, ...]`."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else annotation.__args__[0]


def printable(name: str) -> str:
    """A key's name for a message: at most 40 characters, no control characters."""
    shown = "".join(char if char.isprintable() else "?" for char in name[:40])
    return shown + "…" if len(name) > 40 else shown
