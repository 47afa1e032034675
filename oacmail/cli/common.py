"""Helpers of the verbs: load the configuration, print JSON Lines and safe text, parse case numbers and times."""

import json
import logging
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

import click

from oacmail import config as settings
from oacmail import host, log
from oacmail.config import Config
from oacmail.core.errors import ConfigError, NoDatabase, Refused
from oacmail.store import connection
from oacmail.store.connection import FILE, refuse_missing

P = ParamSpec("P")
R = TypeVar("R")
as_json = click.option("--json", "as_json", is_flag=True, help="JSON Lines on standard output.")
_REF = re.compile(r"[0-9a-f]{16,64}")
_NUMBER = re.compile(r"(?:([A-Za-z0-9]+)-(\d{4})-)?(\d{1,6})(?:-[A-Za-z0-9]{3})?")


def configured(ctx: click.Context) -> Config:
    """Load the configuration. Raises ConfigError."""
    return settings.load(config_file(ctx))


def with_config(verb: Callable[Concatenate[Config, P], R]) -> Callable[P, R]:
    """Decorate a verb whose first argument is the configuration: it is loaded when the verb is called, and warnings are
    logged from then on."""

    @wraps(verb)
    def called(ctx: click.Context, /, *given: P.args, **named: P.kwargs) -> R:
        if not logging.root.handlers:
            log.configure(level=logging.WARNING)
        return verb(configured(ctx), *given, **named)

    return click.pass_context(called)


def config_file(ctx: click.Context) -> Path:
    """The path that `configured` reads. Raises ConfigError if there is none."""
    path = settings.find(ctx.find_root().obj)
    if path is None:
        raise ConfigError(("no configuration: create /etc/oacmail/config.toml, or name a file with --config",))
    return existing(str(path))


def rules_only(ctx: click.Context) -> Config:
    """The configuration for verbs that only classify: the built-in one if there is no file."""
    path = settings.find(ctx.find_root().obj)
    return settings.load(existing(str(path))) if path else settings.builtin()


@contextmanager
def open_list(config: Config) -> Iterator[sqlite3.Connection | None]:
    """Open the database for a list. None before the first start: the list is empty, and standard error says why."""
    try:
        refuse_missing(config.office.state)
    except NoDatabase as nothing:
        say(str(nothing))
        yield None
        return
    with connection.open_readonly(config.office.state) as con:
        yield con


def refuse_beside_litestream(config: Config) -> None:
    """For a verb that must leave no byte behind. Raises Refused."""
    if host.litestream_replicates(config.office.state / FILE):
        raise Refused(
            "nothing was erased: Litestream replicates the database, so that the write-ahead log and the replica would "
            "keep what is erased: stop it first (systemctl stop oacmail-litestream), run this command again, and start "
            'it again; where the replica must go too: docs/loss.md, "Continuous replication"'
        )


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line. Control, escape and line-separator characters are escaped."""
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=str)
        click.echo("".join(char if _harmless(char) else json.dumps(char)[1:-1] for char in text))


def say(text: str) -> None:
    """A line for the admin on standard error."""
    click.echo(f"oacmail: {text}", err=True)


def answer_no(text: str) -> NoReturn:
    """Say it, and exit with 1: done, and the answer is no."""
    say(text)
    sys.exit(1)


def safe(value: object) -> str:
    """Text for a terminal: control, escape and direction characters become visible codes
    (docs/subjects.md, "What we write to others")."""
    text = "" if value is None else str(value)
    return "".join(char if _harmless(char) else f"\\x{ord(char):02x}" for char in text)


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def table(headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Print rows in columns of sufficient width; nothing is truncated."""
    lines = [headings, *([safe(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_rows(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """JSON Lines with every value, or these columns as a table."""
    if as_json:
        print_json(rows)
    else:
        table(columns, (tuple(row[name] for name in columns) for row in rows))


YEARS = range(1970, 2200)  # of times on the command line: the calendar is not computed for ever


def number(config: Config, text: str) -> str:
    """Parse N: a full case number (with or without its letters), or digits in the current year. Raises BadParameter."""
    match = _NUMBER.fullmatch(text.strip().strip("[]"))
    if match is None:
        raise click.BadParameter(f"{safe(text)}: is no case number: write {config.office.prefix}-2026-000123, or 123")
    prefix, year, serial = match.groups()
    this_year = datetime.now(config.office.timezone).year
    return f"{(prefix or config.office.prefix).upper()}-{year or this_year}-{int(serial):06d}"


def is_message(text: str) -> bool:
    """Whether `text` names a message (a Message-ID, or the ref of `quarantine list`) and no case."""
    return "@" in text or text.startswith("<") or _REF.fullmatch(text) is not None


def moment(config: Config, text: str) -> datetime:
    """Parse an ISO 8601 time; without a zone it is office time. Returns UTC. Raises BadParameter.

    A time that daylight saving skips or repeats is read as PEP 495 says (fold 0).
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{safe(text)}: is not a time: write it like 2026-11-25T09:00") from None
    if parsed.year not in YEARS:
        raise click.BadParameter(f"{safe(text)}: is too far away: give a year from {YEARS[0]} to {YEARS[-1]}")
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=config.office.timezone)
    return zoned.astimezone(UTC)


def existing(path: str) -> Path:
    """Return the path of a named input; raises BadParameter (exit 2) if it is missing.

    A path that this user cannot stat counts as existing: opening it reports the permission.
    """
    found = Path(path)
    try:
        missing = not found.exists()
    except PermissionError:
        missing = False
    if missing:
        raise click.BadParameter(f"{safe(path)}: no such file or directory")
    return found


def a_file(path: str) -> Path:
    """As `existing`; also raises BadParameter for a folder, a pipe or a device."""
    found = existing(path)
    if found.is_dir():
        raise click.BadParameter(f"{safe(path)}: is a folder: name the files in it")
    if not found.is_file():
        raise click.BadParameter(f"{safe(path)}: is a pipe or a device: save the message to a file first")
    return found
