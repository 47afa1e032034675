"""What the verbs share: the configuration that counts, JSON Lines, text that is safe on a terminal, case numbers."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from oacmail import config as settings
from oacmail.config import Config
from oacmail.core.errors import ConfigError

as_json = click.option("--json", "as_json", is_flag=True, help="JSON Lines on standard output.")
_NUMBER = re.compile(r"(?:([A-Za-z0-9]+)-(\d{4})-)?(\d{1,6})(?:-[A-Za-z0-9]{3})?")


def configured(ctx: click.Context) -> Config:
    """The configuration of a verb that needs one. Raises ConfigError."""
    return settings.load(config_file(ctx))


def config_file(ctx: click.Context) -> Path:
    """The file that `configured` reads. Raises ConfigError where there is none."""
    path = settings.find(ctx.find_root().obj)
    if path is None:
        raise ConfigError(("no configuration: write /etc/oacmail/config.toml, or name one with --config",))
    return existing(str(path))


def rules_only(ctx: click.Context) -> Config:
    """The configuration of a verb that judges only: the built-in one where there is no file."""
    path = settings.find(ctx.find_root().obj)
    return settings.load(existing(str(path))) if path else settings.builtin()


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """A line a row. What a terminal would obey, and what some readers take for the end of a line, stays escaped."""
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=str)
        click.echo("".join(char if _harmless(char) else json.dumps(char)[1:-1] for char in text))


def safe(value: object) -> str:
    """For people's terminals: control, escape and direction characters become visible
    (docs/design.md, "What we write to others")."""
    text = "" if value is None else str(value)
    return "".join(char if _harmless(char) else f"\\x{ord(char):02x}" for char in text)


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def table(headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Columns as wide as they need; nothing is cut."""
    lines = [headings, *([safe(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


YEARS = range(1970, 2200)  # of moments that people give: no calendar is reckoned to the end of time


def number(config: Config, text: str) -> str:
    """`N` of the command line: the full number (with or without its letters), or its digits in the current year."""
    match = _NUMBER.fullmatch(text.strip().strip("[]"))
    if match is None:
        raise click.BadParameter(f"{safe(text)}: is no case number: like {config.office.prefix}-2026-000123, or 123")
    prefix, year, serial = match.groups()
    this_year = datetime.now(config.office.timezone).year
    return f"{(prefix or config.office.prefix).upper()}-{year or this_year}-{int(serial):06d}"


def moment(config: Config, text: str) -> datetime:
    """ISO 8601; without a zone: office time. A time that the clock skips or repeats is read as PEP 495 says."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{safe(text)}: is no moment: write it like 2026-11-25T09:00") from None
    if parsed.year not in YEARS:
        raise click.BadParameter(f"{safe(text)}: is too far away: give a year from {YEARS[0]} to {YEARS[-1]}")
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=config.office.timezone)
    return zoned.astimezone(UTC)


def existing(path: str) -> Path:
    """A named input file; exit 2 if it is missing. One that may not even be looked at is there."""
    found = Path(path)
    try:
        missing = not found.exists()
    except PermissionError:
        missing = False
    if missing:
        raise click.BadParameter(f"{safe(path)}: no such file or directory")
    return found


def a_file(path: str) -> Path:
    """As `existing`, and no folder."""
    found = existing(path)
    if found.is_dir():
        raise click.BadParameter(f"{safe(path)}: is a folder: name the files in it")
    if not found.is_file():
        raise click.BadParameter(f"{safe(path)}: is a pipe or a device, no file: save the message to a file first")
    return found
