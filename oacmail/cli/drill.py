"""The verb `drill`: restores the newest backup into a scratch folder and says whether it would do in an emergency.

It never touches the database in use, but for the result: `status` shows it, and the operator is alerted when it fails.
"""

import sys
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import click

from oacmail import wiring
from oacmail.cli.common import as_json, configured, existing, print_json, safe
from oacmail.config import Config, secrets
from oacmail.core.errors import ConfigError, OacmailError, Transient
from oacmail.store import admin, connection, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """`age_hours` and the counts are of the backup; `fault`: why it cannot be used, '' = it can."""

    ok: bool
    backup: str
    age_hours: int
    cases: int
    messages: int
    fault: str


@click.command()
@click.argument("path")
@as_json
@click.pass_context
def drill(ctx: click.Context, path: str, as_json: bool) -> None:
    """Restore the backup at PATH, or the newest of a folder, into a scratch folder, and report; exit 1 if it fails."""
    config, now = configured(ctx), datetime.now(UTC)
    source = _newest(existing(path))
    result = _tried(config, source, now) if source else _failed(path, 0, "there is no backup in this folder")
    try:
        with wiring.open_writable(config) as con:
            remembered.record_drill(con, ok=result.ok, fault=result.fault, now=now)
    except (Transient, ConfigError) as error:
        click.echo(f"oacmail: `status` will not show this drill: {error}", err=True)
    if as_json:
        print_json([asdict(result)])
    else:
        click.echo(safe(_said(result)))
    sys.exit(0 if result.ok else 1)


def _newest(path: Path) -> Path | None:
    if not path.is_dir():
        return path
    files = (file for file in path.iterdir() if file.is_file() and _is_backup(file))
    return max(files, key=lambda file: file.stat().st_mtime, default=None)


def _is_backup(file: Path) -> bool:
    """Whether it is a copy by timer, whatever it holds, or any other database: the archive of an `export` may lie
    beside them."""
    return fnmatch(file.name, remembered.BY_DATE) or connection.is_database(file)


def _tried(config: Config, source: Path, now: datetime) -> DrillResult:
    age = int((now.timestamp() - source.stat().st_mtime) // 3600)
    try:
        with tempfile.TemporaryDirectory(dir=wiring.state(config), prefix="drill-") as scratch:
            restored = admin.restore(Path(scratch), source, now)
            with closing(connection.connect_readonly(Path(scratch) / connection.FILE)) as con:
                cases, messages = remembered.drill_counts(con)
    except (OacmailError, OSError) as error:
        return _failed(str(source), age, str(error))
    known = wiring.knows_key(restored.names, restored.keys or secrets.tokens(config))
    fault = "" if known else "neither it nor the configuration has the token key that signed its mail"
    return DrillResult(ok=not fault, backup=str(source), age_hours=age, cases=cases, messages=messages, fault=fault)


def _failed(path: str, age: int, fault: str) -> DrillResult:
    return DrillResult(ok=False, backup=path, age_hours=age, cases=0, messages=0, fault=fault)


def _said(result: DrillResult) -> str:
    if not result.ok:
        return f"restore drill FAILED: {result.backup}: {result.fault}: make a new backup, and look at the disk"
    return (
        f"restore drill passed: {result.backup}, {result.age_hours} hours old: {result.cases} cases, "
        f"{result.messages} messages, and the token key"
    )
