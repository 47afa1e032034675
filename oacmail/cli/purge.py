"""The verb `purge`: what is past its retention; with `--yes` it is removed."""

import getpass
from datetime import UTC, datetime

import click

from oacmail import wiring
from oacmail.cli.common import as_json, configured, print_json, refuse_beside_litestream
from oacmail.privacy import retention
from oacmail.privacy.retention import Purged, periods
from oacmail.store import erase


@click.command()
@click.option("--yes", is_flag=True, help="Remove it; without this nothing is changed.")
@as_json
@click.pass_context
def purge(ctx: click.Context, yes: bool, as_json: bool) -> None:
    """Show what the database keeps longer than [privacy] allows. Never an open case; never the mailbox."""
    config = configured(ctx)
    now = datetime.now(UTC)
    if yes:
        refuse_beside_litestream(config)
    with wiring.open_writable(config) as con:
        if yes:
            policy = wiring.live_policy(config)
            found = retention.purge(con, policy, periods(config), now, by=getpass.getuser())
            erase.wipe(con)
        else:
            found = retention.preview(con, periods(config), now)
    if as_json:
        rows = {"cases": found.cases, "erased": found.counts, "emptied": found.emptied, "done": yes}
        print_json([rows])
    else:
        _show(found, done=yes)


def _show(found: Purged, *, done: bool) -> None:
    for number in found.cases:
        click.echo(number)
    for table, count in sorted(found.counts.items()):
        click.echo(f"{table:12} {count} {'erased' if done else 'to erase'}")
    for table, count in sorted(found.emptied.items()):
        click.echo(f"{table:12} {count} {'emptied' if done else 'to empty'}")
    if not (found.counts or found.emptied):
        click.echo("oacmail: nothing is past its retention", err=True)
    elif not done:
        click.echo("oacmail: nothing was changed: run `oacmail purge --yes` to remove it", err=True)
