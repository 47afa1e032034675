"""The verb `report`: the monthly indicators as text, HTML page, CSV or JSON (docs/requirements.md section 5)."""

from datetime import UTC, datetime

import click

from oacmail import reporting, wiring
from oacmail.cli.common import as_json, configured, print_json, safe
from oacmail.core.report.months import Month
from oacmail.mail.outgoing.report_json import as_row


@click.command()
@click.argument("month", metavar="YYYY-MM")
@as_json
@click.pass_context
def report(ctx: click.Context, month: str, as_json: bool) -> None:
    """Show the indicators of a month."""
    config = configured(ctx)
    wanted = _month(month)
    with wiring.open_readonly(config) as con:
        made = reporting.make(con, wiring.report_policy(config), wanted, datetime.now(UTC))
    row = as_row(made, config.office.languages[0])
    if as_json:
        print_json([row])
        return
    for one in row["indicators"]:
        click.echo(safe(f"{one['id']:4} {one['result']}  {one['name']} (n = {one['n']})"))


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise click.BadParameter(safe(str(error))) from None
