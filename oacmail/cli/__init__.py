"""The command `oacmail VERB`: it parses arguments and maps errors to exit codes (docs/interfaces.md section 2).

It holds no rule. 0 done · 1 done, and the answer is no · 2 wrong usage or a missing input file · 75 temporary ·
78 configuration error. A verb's module is imported when the verb is called, so that `--help` is quick.
"""

import gc
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from oacmail.core.errors import ConfigError, Fatal, OacmailError, Transient, WrongUsage
from oacmail.shipped import version

USAGE, TEMPORARY, CONFIGURATION = 2, 75, 78

# verb -> (module, one line for --help)
VERBS: dict[str, tuple[str, str]] = {
    "run": ("daemon", "Run the daemon in the foreground."),
    "once": ("daemon", "Make one full pass: read the mailbox, tick, send, exit."),
    "init": ("init", "Ask eleven questions; write configuration and credentials; check."),
    "check": ("check", "List everything that is wrong, and what to do about it."),
    "login": ("check", "Get the first OAuth token of Microsoft 365 or Google, then check both servers."),
    "try": ("reading", "Show how oacmail reads these mail files; write nothing."),
    "due": ("reading", "Show when a message received then is due, and why."),
    "replay": ("reading", "Run an archive through today's rules; send nothing."),
    "evaluate": ("reading", "Measure how well labelled mail is read, field by field."),
    "learn": ("reading", "Learn from corrected cases; refuse what makes a field worse."),
    "case": ("cases", "Cases: list, show, assign, close, reopen, log a call …"),
    "why": ("cases", "List every rule, word and event behind a case."),
    "outbox": ("queues", "Mail that waits, failed or is held: list, show, retry, drop."),
    "quarantine": ("queues", "Messages that wait for a person: list, export, retry, done."),
    "board": ("queues", "Many moves on the board at once: waiting, confirm, undo."),
    "report": ("report", "The monthly indicators, as text, page, CSV or JSON."),
    "status": ("status", "Show the health of the service; exit 1 when unhealthy."),
    "backup": ("upkeep", "Copy the database and the token key while the service runs."),
    "restore": ("upkeep", "Replace the database with a backup."),
    "drill": ("upkeep", "Restore a backup into a scratch folder, and report."),
    "rebuild": ("rebuild", "Rebuild a lost database from the mailbox alone; send nothing."),
    "export": ("personal", "Write a copy of all that is held on a person."),
    "forget": ("personal", "Erase a person from the database; write a certificate."),
    "certificate": ("personal", "Check whether a certificate of erasure is genuine."),
    "purge": ("personal", "Remove what is kept longer than [privacy] allows; without --yes only show it."),
    "accept-rows": ("upkeep", "Accept what somebody changed in the database by hand."),
    "new-key": ("upkeep", "Continue with a new token key, because the old one is lost."),
    "clock": ("upkeep", "Say that the clock is right again, after it was ahead."),
    "migrate": ("upkeep", "Update the database schema."),
}


class Verbs(click.Group):
    """The group of all verbs. It imports a verb's module only when the verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        gc.disable()
        module = import_module(f"oacmail.cli.{VERBS[cmd_name][0]}")
        gc.freeze()  # imported modules stay: the collector need not scan them, neither now nor later
        gc.enable()
        command: click.Command = getattr(module, "try_" if cmd_name == "try" else cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=Verbs)
@click.option(
    "--config",
    "config_path",
    metavar="FILE",
    help="Default: $OACMAIL_CONFIG, else ./config.toml, else /etc/oacmail/config.toml.",
)
@click.version_option(version(), prog_name="oacmail")
@click.pass_context
def oacmail(ctx: click.Context, config_path: str | None) -> None:
    """An e-mail help desk for a town hall: every request becomes a case, every case is answered in time."""
    ctx.obj = config_path


def main() -> None:
    """Map our own errors, and the OSError of a named file, to an exit code. Any other exception is a bug and keeps its
    traceback."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look for some in each installed package
    try:
        oacmail(standalone_mode=True)
    except ConfigError as error:
        _print_errors("configuration error", *error.findings)
        sys.exit(CONFIGURATION)
    except Transient as error:
        _print_errors(f"temporary: {import_module('oacmail.advice').explained(str(error))}")
        sys.exit(TEMPORARY)
    except WrongUsage as error:
        _print_errors(f"error: {error}")
        sys.exit(USAGE)
    except (Fatal, OacmailError) as error:
        _print_errors(f"error: {error}")
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        _print_errors(f"error: {error.filename}: {error.strerror}{_remedy(error)}")
        sys.exit(1)


def _remedy(error: OSError) -> str:
    if not isinstance(error, PermissionError):
        return ""
    return f": {permission_remedy(str(error.filename))}"


def permission_remedy(path: str) -> str:
    """The remedy for a file that this user cannot access. What belongs to another town is never given away.

    systemd/oacmail sets OACMAIL_CREDENTIALS; then the process already runs as the service's user.
    """
    if "OACMAIL_CREDENTIALS" not in os.environ:
        return "run `sudo oacmail`, or use a path that this user can access"
    import getpass

    user = getpass.getuser()
    towns = import_module("oacmail.cli.status")
    if (other := towns.town_of(Path(path))) and user != towns.user_of(other):
        return f'it belongs to the town "{other}": name a file or folder of its own in the configuration'
    return f"the service's user {user} has no access: run `chown {user}: {path}`, or use another path"


def _print_errors(*lines: str) -> None:
    for line in lines:
        click.echo(f"oacmail: {line}", err=True)
