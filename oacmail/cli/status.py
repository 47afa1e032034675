"""The verb `status`: the health of the service, read from the database alone. Exit 1 when unhealthy.

This module collects the summary and prints it for people and as JSON; monitoring.py has the forms of Nagios and
Prometheus, towns.py the towns of `--all`.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from oacmail import config as settings
from oacmail import wiring
from oacmail.cli import monitoring, problems, towns
from oacmail.cli.common import configured, print_json, safe, table
from oacmail.config import Config
from oacmail.config.loading import SYSTEM
from oacmail.core.errors import ConfigError, Fatal, StateError
from oacmail.core.model import Status
from oacmail.core.outgoing import MailState
from oacmail.core.ports.store import LOST
from oacmail.shipped import version
from oacmail.store import connection, queries

LISTED = 20
"""Findings of the nightly proof that are shown to people."""


@click.command()
@click.option("--json", "form", flag_value="json", help="One JSON object; every key is always there.")
@click.option("--nagios", "form", flag_value="nagios", help="One line with performance data; exit 0, 1, 2 or 3.")
@click.option("--prometheus", "form", flag_value="prometheus", help="Metrics for the textfile collector; exit 0.")
@click.option("--all", "every", is_flag=True, help="A line for each town of this machine; also with --json.")
@click.pass_context
def status(ctx: click.Context, form: str | None, every: bool) -> None:
    """Show cases, mail, the mailbox, and every problem with its remedy."""
    if every:
        sys.exit(_all_towns(ctx, form))
    if form == "nagios":
        sys.exit(_as_plugin(ctx))
    try:
        config = configured(ctx)
        summary = health(config, datetime.now(UTC))
    except ConfigError as wrong:  # monitoring reads this summary, so print one
        if form != "prometheus":
            _show(_empty("config-refused", "; ".join(wrong.findings)), form)
        raise
    if form == "prometheus":
        click.echo(monitoring.prometheus(summary, config.office.address), nl=False)
        return
    _show(summary, form)
    sys.exit(0 if summary["ok"] else 1)


def _as_plugin(ctx: click.Context) -> int:
    """Print the line of a Nagios plugin and return its exit code. Whatever prevents a summary is UNKNOWN: any other
    code would be read as a state of the service."""
    try:
        line, code = monitoring.nagios(health(configured(ctx), datetime.now(UTC)))
    except ConfigError as wrong:
        line, code = monitoring.unknown("; ".join(wrong.findings)), monitoring.UNKNOWN
    except click.ClickException as error:
        line, code = monitoring.unknown(error.format_message()), monitoring.UNKNOWN
    except Exception as error:
        line, code = monitoring.unknown(f"{type(error).__name__}: {error}"), monitoring.UNKNOWN
    click.echo(line)
    return code


def _all_towns(ctx: click.Context, form: str | None) -> int:
    """Print a line for each configuration beside the one that counts; return 1 if a town in service is unhealthy."""
    if form not in (None, "json"):
        raise click.UsageError("--all prints lines for people, or --json")
    folder = (settings.find(ctx.find_root().obj) or SYSTEM).parent
    rows = list(towns.summaries(folder, _of_file, _empty))
    if not rows:
        raise ConfigError((f"{folder}: holds no configuration of a town: name the folder's file with --config",))
    if form == "json":
        print_json({"town": town.name, "enabled": town.enabled, **row, "ok": _is_well(town, row)} for town, row in rows)
    else:
        table(("town", "state", "cases", "problems"), (_cells(town, row) for town, row in rows))
    return 0 if all(_is_well(town, row) for town, row in rows) else 1


def _of_file(path: Path) -> dict[str, Any]:
    """Raises ConfigError."""
    return health(settings.load(path), datetime.now(UTC))


def _is_well(town: towns.TownFile, summary: Mapping[str, Any]) -> bool:
    return bool(summary["ok"]) or not town.enabled


def _cells(town: towns.TownFile, summary: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if not town.enabled:
        return town.name, "off", "", ""
    state = "healthy" if summary["ok"] else "UNHEALTHY"
    return town.name, state, f"{summary['cases']['open']} open, {summary['overdue']} overdue", "; ".join(lines(summary))


def _show(summary: dict[str, Any], form: str | None) -> None:
    if form == "json":
        print_json([summary])
    else:
        _print(summary)


def health(config: Config, now: datetime) -> dict[str, Any]:
    """The summary of `status --json` (docs/interfaces.md section 3)."""
    state = wiring.state(config)
    if not (state / connection.FILE).exists():
        return _empty(LOST if connection.is_lost(state) else "no-database")
    try:
        with wiring.open_readonly(config) as con:
            connection.refuse_newer(con)
            applied, pending = connection.schema(con)
            if pending:
                return _empty("schema")
            counts = queries.health(con, config.office.timezone)
            late = queries.overdue_and_waiting(con, now)
    except ConfigError as newer:
        return _empty("schema-newer", "; ".join(newer.findings))
    except (StateError, Fatal) as fault:
        return _empty("database", str(fault))
    codes = problems.found(problems.Snapshot(config=config, counts=counts, now=now))
    return _empty() | {
        "ok": all(problems.severity(code) == problems.WARNING for code in codes),
        "shadow": counts["shadow"],
        "cases": dict.fromkeys(Status, 0) | counts["cases"],
        "overdue": late["overdue"],
        "outbox": dict.fromkeys(MailState, 0) | counts["outbox"],
        "oldest_waiting_seconds": late["waiting"],
        "unaccounted": counts["unaccounted"],
        "quarantine": counts["quarantine"],
        "last_sync": counts["last_sync"],
        "sync_age_seconds": _age(counts["last_sync"], now),
        "last_tick": counts["last_tick"],
        "tick_age_seconds": _age(counts["last_tick"], now),
        "reconciled": counts["reconciled"],
        "canary": counts["canary"],
        "purged": counts["purged"],
        "last_backup": counts["rotated"],
        "drill": counts["drill"],
        "schema": applied[-1] if applied else None,
        "problems": [problems.described(code, counts["causes"].get(code, "")) for code in codes],
    }


def _age(since: str | None, now: datetime) -> int | None:
    """Whole seconds since then, never below 0; None if it never happened."""
    return None if since is None else max(0, int((now - datetime.fromisoformat(since)).total_seconds()))


def _empty(problem: str = "", cause: str = "") -> dict[str, Any]:
    """The summary when nothing but this problem is known: every key, with the value of nothing."""
    return {
        "ok": False,
        "version": version(),
        "shadow": False,
        "cases": dict.fromkeys(Status, 0),
        "overdue": 0,
        "outbox": dict.fromkeys(MailState, 0),
        "oldest_waiting_seconds": 0,
        "unaccounted": 0,
        "quarantine": 0,
        "last_sync": None,
        "sync_age_seconds": None,
        "last_tick": None,
        "tick_age_seconds": None,
        "reconciled": None,
        "canary": None,
        "purged": None,
        "last_backup": None,
        "drill": None,
        "schema": None,
        "problems": [problems.described(problem, cause)] if problem else [],
    }


def lines(summary: Mapping[str, Any]) -> list[str]:
    """`code: text` of each problem."""
    return [f"{problem['code']}: {problem['text']}" for problem in summary["problems"]]


def _print(summary: dict[str, Any]) -> None:
    click.echo("healthy" if summary["ok"] else "UNHEALTHY")
    for name in ("cases", "outbox"):
        counts = ", ".join(f"{count} {state}" for state, count in summary[name].items() if count) or "none"
        click.echo(f"{name:12} {counts}")
    for name in ("overdue", "unaccounted", "quarantine", "last_sync", "last_tick", "last_backup", "schema", "version"):
        click.echo(f"{name:12} {safe(summary[name])}")
    _print_proof(summary["reconciled"])
    if (canary := summary["canary"]) is not None:
        click.echo(f"{'canary':12} back after {canary['seconds']} s, sent {safe(canary['sent_at'])}")
    if (purged := summary["purged"]) is not None:
        click.echo(f"{'purged':12} {purged['cases']} cases, {purged['copies']} copies, {safe(purged['at'])}")
    for line in lines(summary):
        click.echo(f"  ! {safe(line)}")


def _print_proof(last: dict[str, Any] | None) -> None:
    click.echo(f"{'reconciled':12} {safe(last['at'] if last else None)}")
    for one in last["found"][:LISTED] if last else ():
        click.echo(f"  - {one['what']}: {safe(one['where'])} {one['at'] or ''}".rstrip())
    more = len(last["found"][LISTED:]) if last else 0
    if more:
        click.echo(f"  - and {more} more: see --json")
