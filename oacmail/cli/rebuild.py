"""`rebuild`: rebuilds a lost database from the mailbox alone; sends nothing (docs/loss.md, "A lost database")."""

import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import click
from msgspec.structs import replace

from oacmail import log, privacy, wiring
from oacmail.cli.common import as_json, configured, moment, print_json, safe
from oacmail.config import Config, secrets
from oacmail.core.errors import Refused
from oacmail.core.ports import Mailbox
from oacmail.parse_worker import ParseWorker
from oacmail.rebuild.build import Rebuild, refuse_if_used
from oacmail.rebuild.summary import FromLedger, RebuildSummary

CANNOT_TELL = (
    "what was ordered by shell, calls, votes by links, merges, and moves on the board",
    "who has a case, what the technical services were asked, and what a person has ended on the review list",
    "which notices staff have received, and what a relay refused",
    "the words of messages that are gone; numbers that no mail names are given anew",
)
_NO_KEY = (
    "there is no token key, and without it no mail proves a number: put the key back (docs/loss.md); if it "
    "is lost for good, say when the service was first started: --since DATE"
)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be rebuilt; write nothing.")
@click.option(
    "--since",
    metavar="TIME",
    help="Without a ledger: when the service was first started; default: as its own mail shows.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def rebuild(ctx: click.Context, dry_run: bool, since: str | None, yes: bool, as_json: bool) -> None:
    """Rebuild a lost database from the mailbox alone; send nothing.

    The service must be stopped and its database gone. Every row comes from the copy of the ledger in the mailbox, the
    words from the messages; without such a copy the messages are played again. What is not known any more is listed.
    """
    log.configure(level=logging.ERROR)
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
    secrets.refuse_missing(config)
    with closing(wiring.mailbox(config)) as mailbox:
        made = rebuilding(config, mailbox, datetime.now(UTC).replace(microsecond=0))
        return replace(made, since=since).run(dry_run=dry_run)


def rebuilding(config: Config, mailbox: Mailbox, now: datetime) -> Rebuild:
    """A rebuild with the parts that the configuration says."""
    return Rebuild(
        state=config.office.state,
        mailbox=mailbox,
        policy=wiring.live_policy(config, first=True),
        engine=lambda store, clock: wiring.engine(config, store, clock=clock),
        parser_config=wiring.parser_config(config),
        now=now,
        parsing=ParseWorker(),
        ledger=config.imap.ledger,
        backlog=timedelta(days=config.imap.backlog_days),
        on_progress=_progress,
    )


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
    yield from from_ledger(config, summary.ledger)
    if summary.ledger.why:
        yield from _as_played(config, summary)
        yield "the mailbox cannot tell:"
        yield from (f"  {one}" for one in CANNOT_TELL)
    yield from _if_any((summary.unread, "{} messages are left to the service, which takes them in when it starts"))
    if not dry_run:
        yield "start the service: systemctl start oacmail"


_WHY = {
    "none": "the mailbox has no copy of the ledger",
    "torn": "the copy of the ledger in the mailbox is not whole",
    "version": "another version of oacmail wrote the copy of the ledger; with that version it can be used",
    "another": "the copy of the ledger in the mailbox is not of this database",
    "younger": "this database is younger than the copy of the ledger in the mailbox",
}
_REFUSED = {
    "foreign": "{} pieces of the ledger are signed with a key that is not ours and count for nothing",
    "forged": "{} pieces of the ledger bear a wrong signature and count for nothing",
    "unread": "{} pieces of the ledger cannot be read and count for nothing: see whether imap.max_bytes is too small",
}


def from_ledger(config: Config, known: FromLedger) -> Iterator[str]:
    """What the copy of the ledger told, for people."""
    if known.why:
        yield f"  {_WHY[known.why]}: it is not used"
    elif known.until is not None:
        until = known.until.astimezone(config.office.timezone)
        yield f"  all rows are as the ledger in the mailbox says, until {until:%Y-%m-%d %H:%M}"
    yield from _if_any(
        (known.lost, "{} entries of the ledger are lost: a piece is missing, or somebody has changed it"),
        *((count, _REFUSED[why]) for why, count in known.refused.items()),
        (known.wordless, "{} messages are gone from the mailbox: their rows are back, not their words"),
        (known.unsent, "{} mails had not left: they are dropped; requests without their acknowledgement are to review"),
    )
    yield from (f"  {number}: no mail tells the address of its citizen" for number in known.nameless)


def _as_played(config: Config, summary: RebuildSummary) -> Iterator[str]:
    yield f"  last sign of life of the service: {summary.lived_until.astimezone(config.office.timezone):%Y-%m-%d %H:%M}"
    yield f"  numbers: {summary.proven} named by signed mail, {len(summary.by_order)} given anew"
    yield from (f"    {number}: no signed mail names it" for number in summary.by_order)
    yield from (f"    {number}: given, but no message of it is left" for number in summary.without_message)
    yield f"  mails: copies of {summary.left} found; {summary.waiting} will be sent by the service"
    yield f"  acknowledgements and relayed answers without a copy: {len(summary.held)} are held and on the review list"
    yield from (f"    {one.case}: oacmail outbox retry or drop {one.key}" for one in summary.held)
    yield from _if_any(
        (summary.dropped, "other mails to citizens without a copy: {} are dropped"),
        (summary.foreign, "{} mails are signed with another key: they tell numbers, and prove nothing"),
        (summary.foreign, "who was forgotten under that key may be here again: forget them anew, by the certificates"),
    )


def _if_any(*rows: tuple[int, str]) -> Iterator[str]:
    """One line for each count that is not 0."""
    return (f"  {text.format(count)}" for count, text in rows if count)
