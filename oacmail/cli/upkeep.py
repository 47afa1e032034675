"""`backup`, `restore`, `migrate`."""

import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from oacmail import wiring
from oacmail.adapters.store import SqliteStore, connection, upkeep
from oacmail.cli.common import configured, existing


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(ctx: click.Context, path: Path) -> None:
    """A consistent copy of the database at PATH (0600) while the service runs."""
    state = wiring.state(configured(ctx))
    if path.exists():
        raise click.BadParameter(f"{path}: exists already: a backup never writes over a file")
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"{path}: its folder does not exist")
    if not (state / connection.FILE).exists():
        click.echo(f"oacmail: {state}: holds no database yet", err=True)
        sys.exit(1)
    upkeep.backup(state, path)


@click.command()
@click.argument("path", type=str)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def restore(ctx: click.Context, path: str, yes: bool) -> None:
    """Put the backup at PATH in the place of the database; the service must be stopped.

    The database that was there is kept beside it. Letters that came since are met again in the mailbox.
    """
    config, source = configured(ctx), existing(path)
    state = wiring.state(config)
    if not yes:
        click.confirm(f"Replace the database in {state}?", abort=True, err=True)
    held = upkeep.restore(state, source, datetime.now(UTC), hold_acks=config.smtp.self_copy is False)
    click.echo(
        "oacmail: restored; start the service: it reads the whole mailbox again and sends no citizen anything twice",
        err=True,
    )
    if config.smtp.self_copy is False:
        click.echo(
            f"oacmail: no copies show which acknowledgements have left: {held} are held, and those of other letters "
            "that came before now will be: look into the relay's log, then outbox retry or outbox drop",
            err=True,
        )


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
