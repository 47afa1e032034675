"""`check`: everything that can be wrong, each with what to do about it (docs/interfaces.md section 2).

It gathers what the layers below find and judges it an error or a warning; it mends nothing. Without `--online` no
server is spoken to and nothing is written.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain

import click

from oacmail import config as settings
from oacmail import wiring
from oacmail.adapters import disk
from oacmail.adapters.store import connection
from oacmail.adapters.workdays import OfficeCalendar
from oacmail.cli import CONFIGURATION, allow
from oacmail.cli.common import as_json, config_file, configured, print_json, safe
from oacmail.cli.findings import Finding, error, read, warning
from oacmail.config import Config, preflight, secrets
from oacmail.config.servers import SENT
from oacmail.core.errors import ConfigError, OacmailError
from oacmail.engine.host_checks import SPARE

TIGHT = 1_000_000_000  # bytes left on the disk of the state directory
OTHERS_MAY = 0o066  # read or write by group and others; to pass through is harmless
_HORIZON = {
    "calendar_missing": (error, "are missing", "add the year to the file; till then no day is promised in it"),
    "calendar_provisional": (warning, "are not official yet", "compare with the official list, say so in the file"),
}


@click.command()
@click.option("--online", is_flag=True, help="Also log in, and try the ways of mail with two mails to ourselves.")
@as_json
@click.pass_context
def check(ctx: click.Context, online: bool, as_json: bool) -> None:
    """Everything that can be wrong, with what to do about it. Exit 1 when a finding is an error."""
    try:
        config = configured(ctx)
    except ConfigError as wrong:
        _show((read("error", line) for line in wrong.findings), as_json)
        sys.exit(CONFIGURATION)
    text = config_file(ctx).read_text("utf-8")
    sys.exit(1 if _show(_findings(config, text, online), as_json) else 0)


def _findings(config: Config, text: str, online: bool) -> Iterator[Finding]:
    yield from _unedited(config, text)
    yield from chain.from_iterable(_bearing(part, config) for part in _OFFLINE)
    if online:
        from oacmail.cli.online import findings

        yield from findings(config)
        click.echo(
            f'oacmail: this check has sent up to two messages to {config.office.address}, with "oacmail check" in the '
            "subject; they stay there and may be deleted",
            err=True,
        )


def _bearing(part: Callable[[Config], Iterator[Finding]], config: Config) -> Iterator[Finding]:
    """What this user may not look at is a finding, and hides no other."""
    try:
        yield from part(config)
    except PermissionError as refused:
        yield error(str(refused.filename), "cannot be looked at by this user", allow(str(refused.filename)))


def _show(found: Iterator[Finding], as_json: bool) -> int:
    """How many errors there were."""
    errors = count = 0
    for finding in found:
        count, errors = count + 1, errors + (finding.level == "error")
        if as_json:
            print_json([finding.row()])
        else:
            click.echo(safe(finding))
    if not (as_json or count):
        click.echo("nothing to do")
    return errors


# --- each thing that can be wrong ---------------------------------------------------------------------


def _unedited(config: Config, text: str) -> Iterator[Finding]:
    """What is missing or still the shipped town's, a finding a key."""
    lines = preflight.findings(config)
    said = {line.partition(":")[0] for line in lines}
    shipped = preflight.as_shipped(config, settings.builtin(), text)
    yield from (read("error", line) for line in (*lines, *(shipped[path] for path in shipped if path not in said)))


def _configuration(config: Config) -> Iterator[Finding]:
    if SENT not in config.imap.watch and config.imap.sent not in config.imap.watch:
        yield warning(
            "imap.watch", "leaves out the folder of sent mail: people's answers are not seen", r'add "\\Sent"'
        )
    for key, is_set in _not_built(config):
        if is_set:
            yield warning(key, "is not built in this version: it does nothing", "leave it out for now")


def _not_built(config: Config) -> tuple[tuple[str, bool], ...]:
    return (
        ("board.enabled", config.board.enabled),
        ("survey.enabled", config.survey.enabled),
        ("report.to", bool(config.report.to)),
        ("privacy.purge", config.privacy.purge),
    )


def _secrets(config: Config) -> Iterator[Finding]:
    lines = secrets.findings(config)
    yield from (read("error", line) for line in lines)
    if not lines and (wrong := wiring.wrong_key(config)):
        yield read("error", wrong)


def _templates(config: Config) -> Iterator[Finding]:
    """Every one in every language, the town's own before the shipped."""
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
        return  # said with the templates, which need it too
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
                    "office.holidays", str(difference), "compare with the official list; our file is what counts"
                )


def _folder(config: Config) -> Iterator[Finding]:
    state = wiring.state(config)
    if not state.exists():
        above = next(folder for folder in state.parents if folder.exists())
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            yield warning("office.state", f"{state} does not exist yet", "nothing: the first start makes it")
        else:
            yield error("office.state", f"{state} does not exist and cannot be made", "make it, for the service's user")
        return
    if not state.is_dir():
        yield error("office.state", f"{state} is no folder", "move it away, or name another folder")
        return
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        yield error("office.state", f"{state} cannot be written by this user", "let its owner be the service's user")
    elif state.stat().st_uid != os.geteuid():
        yield warning("office.state", f"{state} belongs to another user", "run this as the user of the service")
    if state.stat().st_mode & OTHERS_MAY:
        yield warning("office.state", f"others can read {state}", f"run `chmod 700 {state}`")
    free = disk.free(state)
    if free < TIGHT:
        make = error if free < SPARE else warning
        yield make("office.state", f"{free // 1_000_000} MB are left on the disk of {state}", "make room")


def _database(config: Config) -> Iterator[Finding]:
    if not (wiring.state(config) / connection.FILE).exists():
        return
    try:
        with wiring.reading(config) as con, connection.named_faults():
            yield from _schema(con)
            yield from _clock(con)
    except OacmailError as wrong:
        yield error("office.state", f"the database cannot be read: {wrong}", "restore the last backup")


def _schema(con: sqlite3.Connection) -> Iterator[Finding]:
    try:
        connection.refuse_newer(con)
    except ConfigError as newer:
        yield error("database", *newer.findings[0].removeprefix("state: the database ").split(": ", 1))
    _, pending = connection.schema(con)
    if pending:
        yield warning("database", f"{len(pending)} steps behind this program", "start the service, or oacmail migrate")
    if (said := con.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        yield error("database", f"is damaged: {said}", "stop the service and restore the last backup")


def _clock(con: sqlite3.Connection) -> Iterator[Finding]:
    """What was recorded cannot lie ahead; a clock that ran ahead promised wrong days."""
    row = con.execute("SELECT max(at) FROM events").fetchone()
    ahead = (connection.at(row[0]) - datetime.now(UTC)).total_seconds() if row[0] else 0.0
    if ahead > 60:
        yield error("clock", f"the database has seen a time {ahead:.0f} s ahead of now", "mend the clock: timedatectl")


_OFFLINE: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _configuration,
    _secrets,
    _templates,
    _calendar,
    _folder,
    _database,
)
