"""The verb `report`: the monthly indicators as text, HTML page, CSV or JSON, or sent to the addresses of report.to."""

import gc
from datetime import UTC, datetime
from pathlib import Path

import click

from oacmail import reporting, wiring
from oacmail.cli.common import YEARS, answer_no, as_json, print_json, safe, say, with_config
from oacmail.config import Config
from oacmail.core.model import LANGUAGES
from oacmail.core.report.figures import Month, grouped
from oacmail.store import connection
from oacmail.words.report_forms import as_csv, as_row, as_text, report_page, report_view


@click.command()
@click.argument("month", metavar="YYYY-MM")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page that stands alone.")
@click.option("--csv", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as CSV.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Default: the office's first language.")
@click.option("--published", is_flag=True, help="For publication: no small numbers, no case numbers.")
@click.option("--send", is_flag=True, help="Send it now to report.to, once for each month that is over.")
@as_json
@with_config
def report(
    config: Config,
    month: str,
    html: Path | None,
    csv: Path | None,
    lang: str | None,
    published: bool,
    send: bool,
    as_json: bool,
) -> None:
    """Show the indicators of a month: as published, with what is corrected since, else as they stand now."""
    wanted = _month(month)
    if send:
        # Published now, by the engine, which writes the mails that the daemon sends.
        if not config.report.to:
            answer_no("report.to names nobody: write the addresses there")
        with wiring.engine_for_command(config) as engine:
            sent = wiring.publish_report(config, engine, only=wanted)
        if not sent:
            answer_no(f"{wanted} is not over yet, or was published before: a report is sent once")
        say(f"the report of {wanted} is queued for {len(config.report.to)} people")
        return
    policy = wiring.report_policy(config)
    gc.disable()  # rows hold no cycles, and the collector would look through all of them again and again
    with connection.open_readonly(config.office.state) as con:
        made = reporting.make(con, policy, wanted, datetime.now(UTC))
    made = grouped(made) if published else made
    lang = lang or config.office.languages[0]
    if html:
        page = reporting.worded(made, lang, policy)
        html.write_text(report_page(page.view), encoding="utf-8")
        if page.reason:
            say(f"the page has no charts: {safe(page.reason)}")
    if csv:
        csv.write_bytes(as_csv(made, lang).encode())
    if as_json:
        print_json([as_row(made, lang)])
    elif not (html or csv):
        for line in as_text(report_view(made, lang, config.office.timezone)).splitlines():
            click.echo(safe(line))


def _month(text: str) -> Month:
    try:
        month = Month.parse(text)
    except ValueError as error:
        raise click.BadParameter(safe(str(error))) from None
    if month.year not in YEARS:
        raise click.BadParameter(f"{month}: is too far away: give a year from {YEARS[0]} to {YEARS[-1]}")
    return month
