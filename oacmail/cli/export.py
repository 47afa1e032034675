"""The verb `export`: all that is held on a person, as a readable archive."""

import getpass
import json
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from oacmail import connections, wiring
from oacmail.cli.common import configured
from oacmail.config import Config
from oacmail.core.policy import Policy
from oacmail.core.tokens import name_of_key
from oacmail.privacy import erasure
from oacmail.privacy import export as rights
from oacmail.privacy.erasure import FoundMessage, Sought, find_messages, person
from oacmail.privacy.export import write_archive
from oacmail.store import personal
from oacmail.store.connection import stamp, transaction


@click.command()
@click.argument("address")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="A new folder, or a new file NAME.zip. Default: export-TIME.zip in this folder.",
)
@click.option("--no-mailbox", is_flag=True, help="Leave out the mailbox, so that no server is asked.")
@click.pass_context
def export(ctx: click.Context, address: str, target: Path | None, no_mailbox: bool) -> None:
    """Write a copy of all that is held on ADDRESS: a page, JSON and the messages. A number (+34…) for who only called.

    Addresses of other people are masked. Exit 1 if nothing is held.
    """
    config = configured(ctx)
    policy = wiring.live_policy(config)
    who, now = person(policy, address), datetime.now(UTC)
    path = target or Path(f"export-{now.astimezone(policy.office.timezone):%Y%m%dT%H%M%S}.zip")
    if path.exists():
        raise click.BadParameter(f"{path}: already exists: an export never overwrites a file")
    with wiring.open_writable(config) as con:
        found = None if no_mailbox else _in_mailbox(config, con, policy, who)
        since = personal.since(con, personal.of_person(con, who))
        names = [name_of_key(secret) for secret in policy.secrets]
        known = erasure.known_copies(
            con, wiring.state(config), None, names=names, since=since, now=now, days=config.privacy.backup_days
        )
        backups = [(str(one.path), str(one.made_at.date())) for one in known]
        copy = rights.export(con, policy, who, now, mailbox=found, backups=backups)
        if copy is None:
            click.echo("oacmail: nothing is held on this address", err=True)
            sys.exit(1)
        write_archive(copy, policy.office.languages[0], path)
        _record(con, who, now)
    click.echo(str(path))


def _in_mailbox(config: Config, con: sqlite3.Connection, policy: Policy, who: str) -> list[FoundMessage]:
    message_ids, cases = personal.identifiers(con, personal.of_person(con, who))
    with closing(connections.mailbox(config)) as box:
        return list(find_messages(box, Sought(policy=policy, address=who, message_ids=message_ids, cases=cases)))


def _record(con: sqlite3.Connection, who: str, now: datetime) -> None:
    """An event for each case, which `oacmail why` shows; one without a case if there is none."""
    data = json.dumps({"by": getpass.getuser()})
    cases: list[int | None] = list(personal.of_person(con, who).cases)
    with transaction(con):
        con.executemany(
            "INSERT INTO events(at, case_id, kind, data) VALUES(?,?,'exported',?)",
            [(stamp(now), case, data) for case in cases or [None]],
        )
