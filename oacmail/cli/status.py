"""`status`: health at a glance, from the database alone; exit 1 when ill."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from oacmail import __version__, wiring
from oacmail.adapters import disk
from oacmail.adapters.store import connection, listing
from oacmail.cli.common import as_json, configured, print_json, safe
from oacmail.cli.troubles import meaning
from oacmail.config import Config
from oacmail.engine import vigil

SILENT = timedelta(minutes=10)
LOCKED_FOR = 2.0  # seconds: the daemon's own writes take a few milliseconds
BEING_WORKED = timedelta(minutes=2)  # a letter without an outcome for longer is behind

# problem code -> what to do; a code may carry ":detail" behind it
REMEDIES = {
    "imap": "the mailbox cannot be read",
    "smtp": "the relay takes no mail",
    "mailbox-full": "the mailbox has no room for letters and copies: delete or move old mail, or raise its quota",
    "relay-refuses": "the relay refuses mail to everybody, and all waits: `oacmail outbox list`, ask whoever runs it",
    "disk-full": "hardly any room is left on the disk of the state directory: make room, it goes on by itself",
    "database-locked": "another program keeps the database locked, and nothing can be written: end that program",
    "clock": "the clock has shown a later time than now: mend it (timedatectl), and look at the due days given since",
    "sent-folder-missing": "no folder of sent mail was found: answers cannot be seen: set imap.sent",
    "folder-missing": "a folder of imap.watch does not exist: `oacmail check --online` names it",
    "folder-unread": "a folder of imap.watch cannot be opened: see the log, and the rights on it",
    "unfiled": "copies of our mail cannot be moved to the folder of sent mail: see the log, and the rights on it",
    "quarantine": "a letter could not be worked: `oacmail quarantine list`",
    "templates": "a template of yours is broken and the shipped one is used: `oacmail check` says where",
    "held": "mails are held: `oacmail outbox list`, then retry or drop",
    "failed": "mails could not be delivered: `oacmail outbox list`",
    "other-instance": "another oacmail answers this mailbox, and nothing is sent: stop one, start the other anew",
    "unaccounted": "letters without an outcome: the service is behind, or stopped",
    "not-running": "the mailbox was not read for ten minutes: is the service running?",
    "shadow": "the service runs in shadow and sends nothing; to let it speak, start it without --shadow (a warning)",
    "no-database": "the service has never run on this state directory: start it",
    "schema": "the database is older than the program: `oacmail migrate`",
    "calendar_missing": "a year has no holidays: add it to the holiday file (office.holidays)",
    "calendar_provisional": "a year's holidays are not official yet (a warning)",
}
SERVERS = ("imap", "smtp")  # these say why
WARNINGS = ("calendar_provisional", "failed", "shadow")


@click.command()
@as_json
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Cases, mails, the mailbox, and everything that is ill with what to do."""
    config = configured(ctx)
    report = health(config, datetime.now(UTC))
    if as_json:
        print_json([report])
    else:
        _print(report)
    sys.exit(0 if report["ok"] else 1)


def health(config: Config, now: datetime) -> dict[str, Any]:
    """The shape of interfaces.md section 3, `status --json`."""
    state = wiring.state(config)
    if not (state / connection.FILE).exists():
        return _empty("no-database")
    with wiring.reading(config) as con:
        applied, pending = connection.schema(con)
        if pending:
            return _empty("schema")
        counts = listing.health(con, config.office.timezone)
    problems = [*_problems(config, counts, now), *_of_the_machine(config, counts["latest"], now)]
    return {
        "ok": all(_is_warning(problem) for problem in problems),
        "version": __version__,
        "cases": counts["cases"],
        "outbox": counts["outbox"],
        "unaccounted": counts["unaccounted"],
        "quarantine": counts["quarantine"],
        "last_sync": counts["last_sync"],
        "last_tick": counts["last_tick"],
        "schema": applied[-1] if applied else None,
        "problems": [explained(problem, counts["causes"].get(problem, "")) for problem in dict.fromkeys(problems)],
    }


def _empty(problem: str) -> dict[str, Any]:
    return {
        "ok": False,
        "version": __version__,
        "cases": {},
        "outbox": {},
        "unaccounted": 0,
        "quarantine": 0,
        "last_sync": None,
        "last_tick": None,
        "schema": None,
        "problems": [explained(problem)],
    }


def _problems(config: Config, counts: dict[str, Any], now: datetime) -> list[str]:
    today = now.astimezone(config.office.timezone).date()
    found = list(counts["problems"])
    last = counts["last_sync"]
    found += ["not-running"] if last is None or _longer_than(SILENT, last, now) else []
    found += ["unaccounted"] if _longer_than(BEING_WORKED, counts["unaccounted_since"], now) else []
    found += ["quarantine"] if counts["unreadable"] and "quarantine" not in found else []
    found += ["held"] if counts["outbox"].get("held") else []
    found += ["failed"] if counts["outbox"].get("failed") else []
    found += ["other-instance"] if counts["other_instance"] else []
    found += ["shadow"] if counts["shadow"] else []
    return list(dict.fromkeys([*found, *wiring.workdays(config).horizon(today)]))


def _of_the_machine(config: Config, latest: str | None, now: datetime) -> Iterator[str]:
    """What the daemon may not even be able to write down."""
    state = wiring.state(config)
    if disk.free(state) < vigil.SPARE:
        yield vigil.DISK
    if latest is not None and vigil.is_set_back(now, datetime.fromisoformat(latest)):
        yield vigil.CLOCK
    if connection.is_locked(state / connection.FILE, LOCKED_FOR):
        yield "database-locked"


def _longer_than(patience: timedelta, since: str | None, now: datetime) -> bool:
    return since is not None and now - datetime.fromisoformat(since) > patience


def _is_warning(problem: str) -> bool:
    return problem.partition(":")[0] in WARNINGS


def explained(problem: str, cause: str = "") -> str:
    """`code: what it is, and what to do`."""
    remedy = REMEDIES.get(problem.partition(":")[0], "see the log")
    if problem not in SERVERS:
        return f"{problem}: {remedy}"
    if not cause:
        return f"{problem}: {remedy}: see the log, and `oacmail check --online`"
    what, do = meaning(problem, cause)
    return f"{problem}: {remedy}: {what} ({cause}): {do}"


def _print(report: dict[str, Any]) -> None:
    click.echo("well" if report["ok"] else "ILL")
    for name in ("cases", "outbox"):
        counts = ", ".join(f"{count} {state}" for state, count in report[name].items()) or "none"
        click.echo(f"{name:12} {counts}")
    for name in ("unaccounted", "quarantine", "last_sync", "last_tick", "schema", "version"):
        click.echo(f"{name:12} {safe(report[name])}")
    for problem in report["problems"]:
        click.echo(f"  ! {safe(problem)}")
