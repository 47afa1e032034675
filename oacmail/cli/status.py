"""The verb `status`: the health of the service, read from the database alone. Exit 1 when unhealthy."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from oacmail import wiring
from oacmail.adapters.store import connection, queries
from oacmail.cli import problems
from oacmail.cli.common import as_json, configured, print_json, safe
from oacmail.config import Config
from oacmail.core.errors import ConfigError, Fatal, StateError
from oacmail.shipped import version

LISTED = 20
"""Findings of the nightly proof that are shown to people."""


@click.command()
@as_json
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show cases, mail, the mailbox, and every problem with its remedy."""
    try:
        report = health(configured(ctx), datetime.now(UTC))
    except ConfigError as wrong:  # monitoring reads this report, so print one
        _show(_empty("config-refused", "; ".join(wrong.findings)), as_json)
        raise
    _show(report, as_json)
    sys.exit(0 if report["ok"] else 1)


def _show(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json([report])
    else:
        _print(report)


def health(config: Config, now: datetime) -> dict[str, Any]:
    """The report of `status --json` (docs/interfaces.md section 3)."""
    state = wiring.state(config)
    if not (state / connection.FILE).exists():
        return _empty("no-database")
    try:
        with wiring.open_readonly(config) as con:
            connection.refuse_newer(con)
            applied, pending = connection.schema(con)
            if pending:
                return _empty("schema")
            counts = queries.health(con, config.office.timezone)
    except ConfigError as newer:
        return _empty("schema-newer", "; ".join(newer.findings))
    except (StateError, Fatal) as fault:
        return _empty("database", str(fault))
    codes = problems.found(problems.Snapshot(config=config, counts=counts, now=now))
    return {
        "ok": all(problems.of(code).warning for code in codes),
        "version": version(),
        "cases": counts["cases"],
        "outbox": counts["outbox"],
        "unaccounted": counts["unaccounted"],
        "quarantine": counts["quarantine"],
        "last_sync": counts["last_sync"],
        "last_tick": counts["last_tick"],
        "reconciled": counts["reconciled"],
        "canary": counts["canary"],
        "purged": counts["purged"],
        "schema": applied[-1] if applied else None,
        "problems": [problems.explained(code, counts["causes"].get(code, "")) for code in codes],
    }


def _empty(problem: str, cause: str = "") -> dict[str, Any]:
    return {
        "ok": False,
        "version": version(),
        "cases": {},
        "outbox": {},
        "unaccounted": 0,
        "quarantine": 0,
        "last_sync": None,
        "last_tick": None,
        "reconciled": None,
        "canary": None,
        "purged": None,
        "schema": None,
        "problems": [problems.explained(problem, cause)],
    }


def _print(report: dict[str, Any]) -> None:
    click.echo("healthy" if report["ok"] else "UNHEALTHY")
    for name in ("cases", "outbox"):
        counts = ", ".join(f"{count} {state}" for state, count in report[name].items()) or "none"
        click.echo(f"{name:12} {counts}")
    for name in ("unaccounted", "quarantine", "last_sync", "last_tick", "schema", "version"):
        click.echo(f"{name:12} {safe(report[name])}")
    _print_proof(report["reconciled"])
    if (canary := report["canary"]) is not None:
        click.echo(f"{'canary':12} back after {canary['seconds']} s, sent {safe(canary['sent_at'])}")
    if (purged := report["purged"]) is not None:
        click.echo(f"{'purged':12} {purged['cases']} cases, {purged['copies']} copies, {safe(purged['at'])}")
    for problem in report["problems"]:
        click.echo(f"  ! {safe(problem)}")


def _print_proof(last: dict[str, Any] | None) -> None:
    click.echo(f"{'reconciled':12} {safe(last['at'] if last else None)}")
    for one in last["found"][:LISTED] if last else ():
        click.echo(f"  - {one['what']}: {safe(one['where'])} {one['at'] or ''}".rstrip())
    more = len(last["found"][LISTED:]) if last else 0
    if more:
        click.echo(f"  - and {more} more: see --json")
