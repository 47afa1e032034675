"""A small complete configuration, and a way to read it with changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec import Struct
from msgspec.structs import fields

from oacmail import config
from oacmail.core.errors import ConfigError

MINIMAL = """
[office]
address = "oac360@castellbisbal.example"
state = "state"
town = "Castellbisbal"
complaints_form_url = "https://www.castellbisbal.example/queixes"
privacy_url = "https://www.castellbisbal.example/privacitat"
rights_url = "https://www.castellbisbal.example/drets"
dpo = "dpd@castellbisbal.example"
{office}

[imap]
host = "imap.castellbisbal.example"
user = "oac360"
{imap}

[smtp]
host = "smtp.castellbisbal.example"
{smtp}

[people]
supervisor = "cap@castellbisbal.example"
operator = "sistemes@castellbisbal.example"
{people}

{rest}
"""

Read = Callable[..., config.Config]
Findings = Callable[..., tuple[str, ...]]


def minimal(**more: str) -> str:
    """The text of a valid file; `office`, `imap`, `smtp`, `people`: more lines there; `rest`: more sections."""
    return MINIMAL.format(**({"office": "", "imap": "", "smtp": "", "people": "", "rest": ""} | more))


def keys_of(section: Any) -> dict[str, Any]:
    """Each key of a section with its default; `...` = required."""
    while inner := get_args(section):  # a list of sections
        section = inner[0]
    if isinstance(section, type) and issubclass(section, Struct):
        return {key.name: ... if key.required else key.default for key in fields(section)}
    keys = getattr(section, "model_fields", {})
    return {
        name: ... if key.is_required() else key.get_default(call_default_factory=True) for name, key in keys.items()
    }


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def _read(**more: str) -> config.Config:
        file = tmp_path / "config.toml"
        file.write_text(minimal(**more), "utf-8")
        return config.load(file)

    return _read


@pytest.fixture
def findings(read: Read) -> Findings:
    def _findings(**more: str) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            read(**more)
        return caught.value.findings

    return _findings
