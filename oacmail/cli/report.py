"""The verb `report`: the indicators of a month or a year as text, HTML page, CSV or JSON, or sent to report.to."""

import gc
import re
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
@click.argument("period", metavar="YYYY-MM|YYYY")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page that stands alone.")
@click.option("--csv", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as CSV.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Default: the office's first language.")
@click.option("--published", is_flag=True, help="For publication: no small numbers, no case numbers.")
@click.option("--send", is_flag=True, help="Send it now to report.to, once for each month or year that is over.")
@as_json
@with_config
def report(
    config: Config,
    period: str,
    html: Path | None,
    csv: Path | None,
    lang: str | None,
    published: bool,
    send: bool,
    as_json: bool,
) -> None:
    """Show the indicators of a month: as published, with what is corrected since, else as they stand now. Of a year
    (2026): what its months are together, month by month."""
    year = int(period) if re.fullmatch(r"\d{4}", period) else None
    wanted = _month(f"{period}-12" if year is not None else period)
    if published and year is not None:
        raise click.UsageError(
            "--published is for a month: a year beside its published months would tell small numbers"
        )
    if send:
        # Published now, by the engine, which writes the mails that the daemon sends.
        if not config.report.to:
            answer_no("report.to names nobody: write the addresses there")
        with wiring.engine_for_command(config) as engine:
            if year is not None:
                sent = wiring.send_year(config, engine, year)
            else:
                sent = bool(wiring.publish_report(config, engine, only=wanted))
        if not sent:
            done = "published" if year is None else "sent"
            answer_no(f"{period} is not over yet, or was {done} before: a report is sent once")
        say(f"the report of {period} is queued for {len(config.report.to)} people")
        return
    policy = wiring.report_policy(config)
    gc.disable()  # rows hold no cycles, and the collector would look through all of them again and again
    with connection.open_readonly(config.office.state) as con:
        now = datetime.now(UTC)
        made = reporting.make(con, policy, wanted, now) if year is None else reporting.make_year(con, policy, year, now)
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
