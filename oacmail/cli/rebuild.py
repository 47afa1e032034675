"""`rebuild`: rebuilds a lost database from the mailbox alone; sends nothing (docs/loss.md, "A lost database")."""

import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import click
import structlog

from oacmail import privacy, wiring
from oacmail.cli.common import as_json, configured, moment, print_json, safe
from oacmail.config import Config, secrets
from oacmail.core.errors import Refused
from oacmail.parse_worker import ParseWorker
from oacmail.rebuild.build import Rebuild, refuse_if_used
from oacmail.rebuild.summary import RebuildSummary

CANNOT_TELL = (
    "calls logged by shell, and other commands given there of which neither a mail nor a folder of the board tells",
    "moves between folders that were undone or overtaken, and on a server without SAVEDATE when they were made",
    "which notices staff have received, and which review entries they have ended by shell",
    "mail that a relay refused, unless a report came back",
    "corrections that the classifier has learned",
)
_NO_KEY = (
    "there is no token key, and without it no mail proves a number: put the key back (docs/loss.md); if it "
    "is lost for good, say when the service was first started: --since DATE"
)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be rebuilt; write nothing.")
@click.option("--since", metavar="TIME", help="When the service was first started; default: as its own mail shows.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def rebuild(ctx: click.Context, dry_run: bool, since: str | None, yes: bool, as_json: bool) -> None:
    """Rebuild a lost database from the mailbox alone; send nothing.

    The service must be stopped and its database gone. Numbers come from the signed copies of our own mail. What the
    mailbox cannot tell is listed.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    config = configured(ctx)
    begun = moment(config, since) if since else None
    refuse_if_used(config.office.state)
    if not secrets.tokens(config) and (begun is None or dry_run):
        raise Refused(_NO_KEY)
    if not (yes or dry_run):
        click.confirm(f"Rebuild the database in {config.office.state} from the mailbox?", abort=True, err=True)
    summary = _rebuilt(config, begun, dry_run=dry_run)
    if not dry_run:
        privacy.nightly_forgetting(config, datetime.now(UTC))  # the mailbox may bring back who was forgotten
    if as_json:
        print_json([summary.row(config.office.timezone)])
    else:
        for line in _lines(config, summary, dry_run=dry_run):
            click.echo(safe(line))


def _rebuilt(config: Config, since: datetime | None, *, dry_run: bool) -> RebuildSummary:
    parsing = ParseWorker()
    secrets.refuse_missing(config)
    with closing(wiring.mailbox(config)) as mailbox:
        return Rebuild(
            state=config.office.state,
            mailbox=mailbox,
            engine=lambda store, clock: wiring.engine(config, store, clock=clock),
            parser_config=wiring.parser_config(config),
            now=datetime.now(UTC).replace(microsecond=0),
            since=since,
            parsing=parsing,
            ledger=config.imap.ledger or "",
            on_progress=_progress,
        ).run(dry_run=dry_run)


def _progress(what: str, done: int, of: int) -> None:
    """Show one line on a terminal, each replacing the last; print nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what}: {done} of {of}{chr(10) if done == of else ''}", err=True, nl=False)


def _lines(config: Config, summary: RebuildSummary, *, dry_run: bool) -> Iterator[str]:
    zone = config.office.timezone
    when = "would be rebuilt" if dry_run else "rebuilt"
    count = sum(summary.cases.values())
    states = ", ".join(f"{number} {status}" for status, number in summary.cases.items())
    yield f"{when}: {count} cases ({states or 'none'}) from {summary.messages} messages"
    begun = f"{summary.since.astimezone(zone):%Y-%m-%d %H:%M}"
    yield f"  since {begun}; {summary.past} older messages are the mailbox's past"
    if summary.unplayed:
        yield f"  {len(summary.unplayed)} messages of people of the 30 days before have no case now: a service in"
        yield "  shadow may have had them as cases, which --since with the first day of the shadow rebuilds:"
        yield from (f"    {one}" for one in summary.unplayed)
    yield f"  last sign of life of the service: {summary.lived_until.astimezone(zone):%Y-%m-%d %H:%M}"
    yield from _on_cases(summary)
    yield from _on_mails(summary)
    yield "the mailbox cannot tell:"
    yield from (f"  {one}" for one in CANNOT_TELL)
    if not dry_run:
        yield "start the service: systemctl start oacmail"


def _on_cases(summary: RebuildSummary) -> Iterator[str]:
    yield f"  numbers: {summary.proven} named by signed mail, {len(summary.by_order)} by the order of arrival"
    yield from (f"    {number}: no signed mail names it" for number in summary.by_order)
    yield from (f"    {number}: given, but nothing else of it is left" for number in summary.without_message)
    yield from _if_any(
        (summary.gone, "{} messages are gone: their acknowledgements show case and due day, not the words"),
        (summary.ordered, "{} orders by shell are known from mail"),
        (len(summary.moved), "{} cases are as their folders on the board say"),
        (summary.from_ledger, "{} cases are as the ledger in the mailbox says, which knows more than the mail"),
    )


def _on_mails(summary: RebuildSummary) -> Iterator[str]:
    yield f"  mails: copies of {summary.left} found; {summary.waiting} will be sent by the service"
    yield f"  acknowledgements without a copy: {len(summary.held)} are held and on the review list"
    yield from (f"    {one.case}: oacmail outbox retry or drop {one.key}" for one in summary.held)
    yield from (
        f"    {one}: nothing in the mailbox proves that the person has the answer: it is owed" for one in summary.owed
    )
    yield from _if_any(
        (summary.dropped, "other mails to citizens without a copy: {} are dropped"),
        (summary.foreign, "{} mails are signed with another key and prove nothing"),
        (summary.unread, "{} messages could not be processed: the service tries them again"),
    )


def _if_any(*rows: tuple[int, str]) -> Iterator[str]:
    """One line for each count that is not 0."""
    return (f"  {text.format(count)}" for count, text in rows if count)
