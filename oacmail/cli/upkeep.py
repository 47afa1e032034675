"""`backup`, `restore`, `new-key`, `migrate`."""

import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from oacmail import wiring
from oacmail.adapters.store import SqliteStore, admin, connection
from oacmail.cli.common import configured, existing
from oacmail.config import Config, secrets
from oacmail.core.cases.acknowledgement import RESTORED


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(ctx: click.Context, path: Path) -> None:
    """A consistent copy of the database and of the token key at PATH (0600) while the service runs.

    The copy is a secret: who has it can sign mail as this office.
    """
    config = configured(ctx)
    state = wiring.state(config)
    if path.exists():
        raise click.BadParameter(f"{path}: exists already: a backup never writes over a file")
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"{path}: its folder does not exist")
    if not (state / connection.FILE).exists():
        click.echo(f"oacmail: {state}: holds no database yet", err=True)
        sys.exit(1)
    token = secrets.tokens(config)
    admin.backup(state, path, token, datetime.now(UTC))
    if not token:
        _say("the backup holds no token key, for none was found: after a restore without it acknowledgements are held")


@click.command()
@click.argument("path", type=str)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def restore(ctx: click.Context, path: str, yes: bool) -> None:
    """Put the backup at PATH in the place of the database; the service must be stopped.

    The database that was there is kept beside it. Messages that came since are met again in the mailbox.
    """
    config, source = configured(ctx), existing(path)
    state = wiring.state(config)
    if not yes:
        click.confirm(f"Replace the database in {state}?", abort=True, err=True)
    now = datetime.now(UTC)
    restored = admin.restore(state, source, now)
    _say("restored; start the service: it reads the whole mailbox again and sends no citizen anything twice")
    if config.smtp.self_copy is False:
        with wiring.writing(config) as con:
            held = admin.hold_acks(con, RESTORED)
        _say(f"no copies show which acknowledgements have left: {_held(held)}")
    _put_key_back(config, restored, now)


def _put_key_back(config: Config, restored: admin.Restored, now: datetime) -> None:
    """The database is restored already: what is wrong with the key is said, and cannot make anything be sent twice."""
    aside = secrets.put_back(config, restored.keys)
    if aside is not None:
        _say(f"the key of this backup is another one than the service is given: it lies in {aside}: {_PUT_KEY_BACK}")
    if not wiring.knows_key(restored.names, secrets.tokens(config)):
        with wiring.writing(config) as con:
            held = admin.key_lost(con, now)
        _say(f"the key of this database is missing, without which no copy shows what has left: {_held(held)}")
        _say(f"{_PUT_KEY_BACK}; or, if it is lost, run oacmail new-key")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def new_key(ctx: click.Context, yes: bool) -> None:
    """Go on with another token key, because the one that signed this database's mail is lost for good.

    The service must be stopped. Acknowledgements that may have left already are held.
    """
    config = configured(ctx)
    if not yes:
        click.confirm("Is the old key lost for good? With it nothing would have to be held", abort=True, err=True)
    held = wiring.new_key(config, datetime.now(UTC))
    if held is None:
        _say("the key in force is the right one: nothing to do")
        sys.exit(1)
    _say(f"the new key is in force; no copy shows which acknowledgements have left: {_held(held)}")


_PUT_KEY_BACK = "put the key back as the last line of the credential, of $OACMAIL_TOKEN_KEY or of state/token.key"


def _held(held: int) -> str:
    return (
        f"{held} are held, and those of other messages that came before now will be: look into the relay's log, then "
        "outbox retry or outbox drop"
    )


def _say(text: str) -> None:
    click.echo(f"oacmail: {text}", err=True)


@click.command()
@click.option("--list", "list_only", is_flag=True, help="Only show the steps.")
@click.pass_context
def migrate(ctx: click.Context, list_only: bool) -> None:
    """Bring the schema up to date; the service must be stopped. It does this itself at its start."""
    state = wiring.state(configured(ctx))
    if not list_only:
        SqliteStore(state).close()
    if (state / connection.FILE).exists():
        con = connection.connect_readonly(state / connection.FILE)
    else:
        con = sqlite3.connect(":memory:")
    try:
        applied, pending = connection.schema(con)
    finally:
        con.close()
    for name, word in [(name, "applied") for name in applied] + [(name, "pending") for name in pending]:
        click.echo(f"{word}  {name}")
