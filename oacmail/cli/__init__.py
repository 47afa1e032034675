"""`oacmail VERB`: words in, exit codes out (docs/interfaces.md section 2). No rule lives here.

0 done · 1 done, and the answer is no · 2 wrong usage or a missing input file · 75 temporary · 78 configuration error.
Verbs are imported when they are called, so that `--help` is quick.
"""

import getpass
import os
import sys
from importlib import import_module

import click

from oacmail.core.errors import ConfigError, Fatal, OacmailError, Transient
from oacmail.shipped import version

TEMPORARY, CONFIGURATION = 75, 78

# verb -> (module, what it does in a line)
VERBS: dict[str, tuple[str, str]] = {
    "run": ("daemon", "The daemon, in the foreground."),
    "once": ("daemon", "One full pass: read the mailbox, tick, send, exit."),
    "check": ("check", "Everything that can be wrong, with what to do about it."),
    "try": ("dry_run", "What oacmail makes of these mail files; nothing is written."),
    "due": ("dry_run", "When a mail received then must be answered, and why."),
    "replay": ("dry_run", "An archive through today's rules; sends nothing."),
    "simulate": ("simulate", "A town over weeks, with everything that can go wrong; nothing is sent."),
    "evaluate": ("evaluate", "How well labelled mail is read: a table a field, confusion, worst mistakes."),
    "learn": ("learning", "Take in what people have corrected; refuses to become worse."),
    "case": ("cases", "Cases: list, show, assign, close, reopen, log a call …"),
    "why": ("cases", "Every rule, word and event behind a case."),
    "outbox": ("queues", "Mails that wait, failed or are held."),
    "quarantine": ("queues", "All that waits for a person to look at it."),
    "status": ("status", "Health at a glance; exit 1 when ill."),
    "backup": ("upkeep", "A consistent copy of the database while the service runs."),
    "restore": ("upkeep", "Put a backup in the place of the database."),
    "new-key": ("upkeep", "Go on with another token key, because the old one is lost."),
    "migrate": ("upkeep", "Bring the database's schema up to date."),
    "demo": ("show", "About 25 invented citizens, real mail, and what became of it."),
}


class Verbs(click.Group):
    """Loads a verb's module when it is called; lists them without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"oacmail.cli.{VERBS[cmd_name][0]}")
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
    """An e-mail help desk for a town hall: every message a case, every case an answer in time."""
    ctx.obj = config_path


def main() -> None:
    """Maps every error of ours, and a file that cannot be used, to its exit code; a bug keeps its traceback."""
    try:
        oacmail(standalone_mode=True)
    except ConfigError as error:
        _tell("configuration error", *error.findings)
        sys.exit(CONFIGURATION)
    except Transient as error:
        _tell(f"temporary: {error}")
        sys.exit(TEMPORARY)
    except (Fatal, OacmailError) as error:
        _tell(f"cannot go on: {error}")
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        _tell(f"cannot go on: {error.filename}: {error.strerror}{_remedy(error)}")
        sys.exit(1)


def _remedy(error: OSError) -> str:
    if not isinstance(error, PermissionError):
        return ""
    return f": this user may not: {allow(str(error.filename))}"


def allow(path: str) -> str:
    """What to do about a file that this user may not use. The command of systemd/oacmail names the credentials in the
    environment: then we already run as the service's user."""
    if "OACMAIL_CREDENTIALS" not in os.environ:
        return "run `sudo oacmail`, which works as the service's user"
    user = getpass.getuser()
    return f"this already runs as the service's user, {user}: give it the file (`chown {user}: {path}`) or name another"


def _tell(*lines: str) -> None:
    for line in lines:
        click.echo(f"oacmail: {line}", err=True)
