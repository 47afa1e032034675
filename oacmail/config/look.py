"""What a valid configuration still lacks on this machine: files that it names, values that nobody has edited.

Findings for `oacmail check`, a line each as in a ConfigError. Looks at names of files only; contacts no server.
"""

from collections.abc import Iterator
from pathlib import Path

from oacmail.config.model import Config
from oacmail.config.section import Section

_EXAMPLE = ".example"
"""RFC 2606: reserved, so that mail to the shipped example addresses reaches nobody."""
_SEEN_TO = ("office.state", "imap.password_file", "smtp.password_file")
"""Made by the first start; told with the secrets."""


def findings(config: Config) -> tuple[str, ...]:
    """All that an admin has to do before the first start; () = nothing."""
    return tuple(finding for path, value in _values(config) for finding in _about(path, value))


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
