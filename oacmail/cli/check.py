"""The verb `check`: everything that is wrong, each with its remedy (docs/interfaces.md section 2).

It collects the findings of the layers below and grades each as error or warning. It fixes nothing. Without `--online`
it contacts no server and writes nothing.
"""

import os
import sqlite3
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import click

from oacmail import config as settings
from oacmail import host, wiring
from oacmail.cli import CONFIGURATION, findings, permission_remedy, status
from oacmail.cli.common import as_json, config_file, configured, print_json, safe
from oacmail.cli.findings import Finding, error, read, warning
from oacmail.config import Config, loading, secrets
from oacmail.config.profiles import fitting
from oacmail.config.sections import SENT
from oacmail.core.errors import ConfigError, OacmailError
from oacmail.engine.watch import SPARE, is_set_back
from oacmail.store import connection, remembered
from oacmail.workdays import OfficeCalendar

TIGHT = 1_000_000_000  # bytes free on the disk of the state directory
OTHERS_ACCESS = 0o066  # read or write by group and others; search permission is harmless
_HORIZON = {
    "calendar_missing": (error, "are missing", "add the year to the file; until then no day of it is promised"),
    "calendar_provisional": (
        warning,
        "are not official yet",
        "compare with the official list, then mark it official in the file",
    ),
}


@click.command()
@click.option("--online", is_flag=True, help="Also log in and send two test messages to the office's own mailbox.")
@as_json
@click.pass_context
def check(ctx: click.Context, online: bool, as_json: bool) -> None:
    """List everything that is wrong, with its remedy. Exit 1 if a finding is an error."""
    try:
        config = configured(ctx)
    except ConfigError as wrong:
        show((read("error", line) for line in wrong.findings), as_json)
        sys.exit(CONFIGURATION)
    sys.exit(1 if show(_findings(config, config_file(ctx), online), as_json) else 0)


def _findings(config: Config, file: Path, online: bool) -> Iterator[Finding]:
    yield from _unedited(config, file.read_text("utf-8"))
    if other := status.other_town(file.absolute(), wiring.state(config)):
        what = f'{wiring.state(config)} is the state of the town "{other}"'
        yield error("office.state", what, f"write a folder of its own, such as /var/lib/oacmail/{file.stem}")
        return  # what follows would look at the cases of that town
    yield from chain.from_iterable(_guarded(part, config) for part in _OFFLINE)
    if online:
        from oacmail.cli.online import online_findings

        yield from online_findings(config)
        click.echo(
            f"oacmail: if both servers let it in, this check has sent one or two messages to {config.office.address}, "
            'with "oacmail check" in the subject; you may delete them',
            err=True,
        )


def _guarded(part: Callable[[Config], Iterator[Finding]], config: Config) -> Iterator[Finding]:
    """A path that this user cannot read becomes a finding, and the other checks continue."""
    try:
        yield from part(config)
    except PermissionError as refused:
        yield error(str(refused.filename), "this user cannot read it", permission_remedy(str(refused.filename)))


def show(found: Iterator[Finding], as_json: bool) -> int:
    """Print the findings. Returns the number of errors."""
    errors = count = 0
    for finding in found:
        count, errors = count + 1, errors + (finding.level == "error")
        if as_json:
            print_json([finding.row()])
        else:
            click.echo(safe(finding))
    if not (as_json or count):
        click.echo("no problems found")
    return errors


# --- the checks ---------------------------------------------------------------------


def _unedited(config: Config, text: str) -> Iterator[Finding]:
    """Values that are missing or still those of the shipped file; one finding per key."""
    lines = loading.findings(config)
    said = {line.partition(":")[0] for line in lines}
    shipped = loading.as_shipped(config, settings.builtin(), text)
    yield from (read("error", line) for line in (*lines, *(shipped[path] for path in shipped if path not in said)))
    for section, key in settings.retired(tomllib.loads(text)):
        yield warning(f"{section}.{key}", "no longer has any effect", "remove it")


def _configuration(config: Config) -> Iterator[Finding]:
    if SENT not in config.imap.watch and config.imap.sent not in config.imap.watch:
        yield warning("imap.watch", "does not name the folder of sent mail, so answers are not seen", r'add "\\Sent"')
    if config.imap.provider == "generic" and (profile := fitting(config.imap.host)):
        yield warning(
            "imap.provider",
            f"is not set, and {config.imap.host} belongs to a provider with a profile",
            f'write provider = "{profile}" (docs/provider.md): it sets hosts, OAuth and what else follows',
        )
    program = config.canary.alert_command[:1]
    if program and not os.access(program[0], os.X_OK):
        yield error(
            "canary.alert_command", "is no program that this user can run", "correct the path, or its permissions"
        )
    metrics = config.monitoring.prometheus_file
    if metrics and not os.access(metrics.parent, os.W_OK):
        yield error(
            "monitoring.prometheus_file",
            "this user cannot write into its folder",
            "use a file in the state directory, or allow the folder in the unit (docs/monitoring.md)",
        )


def _secrets(config: Config) -> Iterator[Finding]:
    lines = secrets.findings(config)
    yield from (read("error", line) for line in lines)
    if not lines and (wrong := wiring.wrong_key(config)):
        yield read("error", wrong)


def _templates(config: Config) -> Iterator[Finding]:
    """Render every template in every language, the town's own before the shipped ones."""
    try:
        problems = wiring.renderer(config, wiring.rules(config)).problems()
    except ConfigError as wrong:
        yield from (read("error", line) for line in wrong.findings)
    else:
        yield from (read("error", line) for line in problems)


def _calendar(config: Config) -> Iterator[Finding]:
    try:
        calendar = wiring.workdays(config)
    except ConfigError:
        return  # _templates reports it: rendering needs the calendar too
    today = datetime.now(config.office.timezone).date()
    for code in calendar.horizon(today):
        kind, _, year = code.partition(":")
        make, what, remedy = _HORIZON[kind]
        yield make("office.holidays", f"the holidays of {year} {what}", remedy)
    if isinstance(calendar, OfficeCalendar):
        yield from _second_opinion(calendar)


def _second_opinion(calendar: OfficeCalendar) -> Iterator[Finding]:
    for year in sorted(calendar.years):
        for difference in calendar.cross_check(year):
            if not difference.expected:
                yield warning(
                    "office.holidays", str(difference), "compare with the official list; oacmail uses the holiday file"
                )


def _folder(config: Config) -> Iterator[Finding]:
    state = wiring.state(config)
    if not state.exists():
        above = next(folder for folder in state.parents if folder.exists())
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            yield warning("office.state", f"{state} does not exist yet", "nothing: the first start creates it")
        else:
            yield error(
                "office.state",
                f"{state} does not exist and cannot be created",
                "create it, owned by the service's user",
            )
        return
    if not state.is_dir():
        yield error("office.state", f"{state} is not a folder", "move it away, or name another folder")
        return
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        yield error("office.state", f"{state} cannot be written by this user", "chown it to the service's user")
    elif state.stat().st_uid != os.geteuid():
        yield warning("office.state", f"{state} belongs to another user", "run `sudo oacmail check`")
    if state.stat().st_mode & OTHERS_ACCESS:
        yield warning("office.state", f"others can read {state}", f"run `chmod 700 {state}`")
    free = host.free_space(state)
    if free < TIGHT:
        make = error if free < SPARE else warning
        yield make("office.state", f"{free // 1_000_000} MB are free on the disk of {state}", "free some space")


def _database(config: Config) -> Iterator[Finding]:
    if connection.is_lost(wiring.state(config)):
        yield error(
            "database", "is lost, and the token key is still there", "restore a backup, or run `oacmail rebuild`"
        )
    if not (wiring.state(config) / connection.FILE).exists():
        return
    try:
        with wiring.open_readonly(config) as con, connection.named_faults():
            yield from _schema(con)
            yield from _clock(con)
            yield from findings.renamed_findings(config, con)
    except OacmailError as wrong:
        yield error("office.state", f"the database cannot be read: {wrong}", "restore the last backup")


def _schema(con: sqlite3.Connection) -> Iterator[Finding]:
    try:
        connection.refuse_newer(con)
    except ConfigError as newer:
        yield error("database", *newer.findings[0].removeprefix("state: the database ").split(": ", 1))
    _, pending = connection.schema(con)
    if pending:
        yield warning(
            "database",
            f"{len(pending)} steps behind this program",
            "restart the service, or stop it and run `oacmail migrate`",
        )
    if (result := con.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        yield error("database", f"is damaged: {result}", "stop the service and restore the last backup")


def _clock(con: sqlite3.Connection) -> Iterator[Finding]:
    """No recorded time may be in the future: a clock that ran ahead has promised wrong days."""
    latest, now = remembered.latest_time(con), datetime.now(UTC)
    if latest and is_set_back(now, latest):
        what = f"the database holds a time {(latest - now).total_seconds():.0f} s ahead of now"
        yield error("clock", what, "correct the clock (timedatectl); if it was ahead and is right now: `oacmail clock`")


_OFFLINE: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _configuration,
    findings.board_names,
    _secrets,
    _templates,
    _calendar,
    _folder,
    _database,
)
