"""The verb `init`: eleven questions, a checked configuration with comments, the credentials, a first `check --online`.

init_answers.py asks. It starts nothing, and a second run changes only what is answered differently. systemd/oacmail
runs it as root, since /etc/oacmail belongs to root; the check runs as the service's user ($OACMAIL_OWNER).
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import click

from oacmail import config as settings
from oacmail.cli.common import a_file, safe
from oacmail.cli.init_answers import InitAnswers
from oacmail.cli.init_files import given_answers, keep_password, own_values, write_config
from oacmail.config import loading
from oacmail.config.loading import SYSTEM
from oacmail.shipped import shipped

OWNER = "OACMAIL_OWNER"


@click.command()
@click.option(
    "--yes", "answers", metavar="FILE", help="Ask nothing: a TOML file has the answers, by the keys of config.toml."
)
@click.pass_context
def init(ctx: click.Context, answers: str | None) -> None:
    """Ask eleven questions, write configuration and credentials, and check them online. You may repeat it."""
    target = settings.find(ctx.find_root().obj) or (SYSTEM if SYSTEM.parent.is_dir() else Path("config.toml"))
    text = (target if target.exists() else shipped("config.toml")).read_text("utf-8")
    given = InitAnswers(target.absolute(), own_values(text), given_answers(a_file(answers)) if answers else None)
    given.ask_all()
    new = loading.with_values(text, given.values, given.assumed)
    config = settings.parse(tomllib.loads(new), base=target.parent.absolute())  # before anything is written
    owner = os.environ.get(OWNER, "")
    for path in given.password_paths() if given.password else ():
        keep_password(path, given.password, owner)
    click.echo(f"{target}: {write_config(target, new, owner)}")
    for key in given.assumed:
        click.echo(
            f"{'.'.join(key)} = {safe(loading.shown(given.values[key]))}: nobody was asked; correct it in {target}"
        )
    if config.uses_oauth:
        click.echo(
            "next: docs/admin.md section 3, Microsoft 365 or Google; then `oacmail login`, which checks online too"
        )
        return
    sys.exit(_checked(target, owner))


def _checked(target: Path, owner: str) -> int:
    """`check --online` as the service's user; its exit code."""
    as_owner = ("runuser", "-u", owner, "--") if owner and os.geteuid() == 0 else ()
    command = (*as_owner, sys.executable, "-m", "oacmail", "--config", str(target), "check", "--online")
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own words, and a path that was given
