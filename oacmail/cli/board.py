"""The verb `board`: what a person says of many moves that were made at once on the board."""

import sys

import click

from oacmail import wiring
from oacmail.cli.common import configured, open_list
from oacmail.core.ports.board import Word
from oacmail.store import board as rows


@click.group()
def board() -> None:
    """Moves of messages that wait for a word, because more than 20 were made within a minute."""


@board.command()
@click.pass_context
def waiting(ctx: click.Context) -> None:
    """Show how many messages wait for a word. Exit 1 if there are any."""
    with open_list(configured(ctx)) as con:
        count = rows.waiting(con) if con else 0
    click.echo(f"{count} messages wait for a word")
    sys.exit(int(count > 0))


@board.command()
@click.pass_context
def confirm(ctx: click.Context) -> None:
    """Carry out the moves that wait, at the daemon's next pass."""
    _say(ctx, "carry out")


@board.command()
@click.pass_context
def undo(ctx: click.Context) -> None:
    """Put the messages back into the folders of their cases, at the daemon's next pass."""
    _say(ctx, "undo")


def _say(ctx: click.Context, word: Word) -> None:
    with wiring.open_writable(configured(ctx)) as con:
        count = rows.say(con, word)
    click.echo(f"oacmail: {count} messages: {word}", err=True)
    sys.exit(int(count == 0))
