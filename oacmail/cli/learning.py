"""The verb `learn`: learns from corrections and shows the effect on messages that it has not learned from."""

from datetime import UTC, datetime

import click

from oacmail import wiring
from oacmail.cli.common import configured, table
from oacmail.engine import learning

_COLUMNS = ("field", "corrections", "held out", "right before", "right after", "")


@click.command()
@click.pass_context
def learn(ctx: click.Context) -> None:
    """Learn from the corrections of `case set`. Exit 1 if a field would get worse; that field learns nothing."""
    config = configured(ctx)
    with wiring.engine_for_command(config) as engine:
        outcomes = learning.learn(engine.store, wiring.parser_config(config), datetime.now(UTC).replace(microsecond=0))
    if not outcomes:
        click.echo("oacmail: there are no corrections: `oacmail case set N` corrects a case", err=True)
        return
    rows = [
        (one.field, one.corrections, one.messages, one.before, one.after, "learned" if one.taken else "refused: worse")
        for one in outcomes
    ]
    table(_COLUMNS, rows)
    if not all(one.taken for one in outcomes):
        raise SystemExit(1)
