"""The verbs `export`, `forget`, `certificate` and `purge`: what is held on a person, and its erasure. Nothing
is removed before a dry run and a question, or `--yes`.
"""

import getpass
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import compat32
from pathlib import Path
from typing import Any

import click

from oacmail import connections, wiring
from oacmail.cli.common import a_file, as_json, configured, print_json, refuse_beside_litestream, safe, say
from oacmail.config import Config
from oacmail.core.errors import Refused, Transient
from oacmail.core.model import MessageRef
from oacmail.core.policy import Policy
from oacmail.core.tokens import name_of_key, person_mark
from oacmail.engine import learning
from oacmail.privacy import certificate as sealed
from oacmail.privacy import erasure, retention
from oacmail.privacy import export as rights
from oacmail.privacy.erasure import (
    Forgetting,
    FoundMessage,
    Sought,
    by_folder,
    certified,
    delete_messages,
    find_messages,
    person,
    refuse_if_it_cannot_delete,
    uncertified,
)
from oacmail.privacy.erasure import forget as forgotten
from oacmail.privacy.export import write_archive
from oacmail.privacy.retention import Purged, periods
from oacmail.store import erase, personal
from oacmail.store.connection import stamp, transaction
from oacmail.store.erase import Backup
from oacmail.store.personal import Hold, decoded_field

# --- Export ----------------------------------------------------------------------------------------------------------
#
# The verb `export`: all that is held on a person, as a readable archive.


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
        found = None if no_mailbox else _told_of_mailbox(config, con, policy, who)
        since = personal.since(con, personal.of_person(con, who))
        names = [name_of_key(secret) for secret in policy.secrets]
        known = erasure.known_copies(
            con, config.office.state, None, names=names, since=since, now=now, days=config.privacy.backup_days
        )
        backups = [(str(one.path), str(one.made_at.date())) for one in known]
        copy = rights.export(con, policy, who, now, mailbox=found, backups=backups)
        if copy is None:
            say("nothing is held on this address")
            sys.exit(1)
        write_archive(copy, policy.office.languages[0], path)
        _record(con, who, now)
    click.echo(str(path))


def _told_of_mailbox(config: Config, con: sqlite3.Connection, policy: Policy, who: str) -> list[FoundMessage]:
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


# --- Forget ----------------------------------------------------------------------------------------------------------
#
# The verb `forget`: erase a person, after a dry run and a question, and write a certificate.


_REMEDIES = {
    "open-case": "case {ref} is open: answer the person and close it (oacmail case close {ref} --reason …)",
    "open-case-of-another": "the person wrote on somebody else's case {ref}, which is open: close that first",
    "waits-for-a-person": "message {ref} waits for a person: oacmail quarantine done {ref}",
    "mail": "mail {ref} is on its way or held: wait, or oacmail outbox drop {ref}",
}


@dataclass(frozen=True, slots=True)
class _Erasure:
    """Who is erased, when and by whom; `folder`: of backups, None = none was given."""

    config: Config
    policy: Policy
    who: str
    now: datetime
    by: str
    folder: Path | None


@dataclass(frozen=True, slots=True)
class _InMailbox:
    """`own`: where the messages lie that are deleted; `shared`: those that stay, with what an admin finds them by."""

    own: Sequence[MessageRef]
    shared: Mapping[MessageRef, str]


@click.command()
@click.argument("address")
@click.option("--dry-run", is_flag=True, help="Only show what would be erased, what stays, and why.")
@click.option("--even-open", is_flag=True, help="Also what is open: its cases are closed, its mails dropped.")
@click.option("--mailbox", is_flag=True, help="Also delete the messages in the mailbox (privacy.forget_mailbox).")
@click.option(
    "--backups",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Erase the person in the backups in this folder too.",
)
@click.option(
    "--certificate",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the certificate. Default: certificates in the state directory.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def forget(
    ctx: click.Context,
    address: str,
    dry_run: bool,
    even_open: bool,
    mailbox: bool,
    folder: Path | None,
    target: Path | None,
    yes: bool,
) -> None:
    """Erase ADDRESS from the database. A telephone number (+34…) stands for a person who only called.

    First shows what would be erased, then asks. Exit 1 if nothing is held, or something open stands against it.
    """
    config = configured(ctx)
    policy = wiring.live_policy(config)
    run = _Erasure(config, policy, person(policy, address), datetime.now(UTC), getpass.getuser(), folder)
    _refuse_what_may_not_be(config, mailbox=mailbox, dry_run=dry_run)
    with wiring.open_writable(config) as con:
        earlier = uncertified(con, policy, run.who)  # by a run that was interrupted
        would = forgotten(con, policy, run.who, run.now, by=run.by, even_open=even_open, dry_run=True)
        found = _in_backups(con, run, would.since or (earlier.since if earlier else None))
        messages = _in_mailbox(run, con) if mailbox else None
        for text in messages.shared.values() if messages is not None else ():
            click.echo(f"names this person too, and stays: message of somebody else: {safe(text)}: look at it")
        if not (would.found or earlier or (messages and messages.own)):
            say("nothing is held on this address that can be erased")
            sys.exit(1)
        _show_person(would, found, messages, even_open=even_open)
        if not _is_confirmed(would, even_open=even_open, dry_run=dry_run, yes=yes):
            return
        done = forgotten(con, policy, run.who, run.now, by=run.by, even_open=even_open)
        if done.holds and not even_open:
            raise Transient("the person has written at this very moment: run the command again")
        counts = Counter(earlier.counts if earlier else {}) + Counter(done.counts)
        made = _certificate(run, counts, found, messages)
        _hand_out(policy, made, target or config.office.state / sealed.FOLDER)
        erase.wipe(con)
        certified(con, policy, run.who)  # last: until then the same command goes on where it ended
    _learn_again(config, counts)


def _refuse_what_may_not_be(config: Config, *, mailbox: bool, dry_run: bool) -> None:
    if mailbox and not config.privacy.forget_mailbox:
        raise Refused("--mailbox is switched off: the town decides it with privacy.forget_mailbox = true")
    if not dry_run:
        refuse_beside_litestream(config)


def _is_confirmed(would: Forgetting, *, even_open: bool, dry_run: bool, yes: bool) -> bool:
    """Whether to erase now. Exits with 1 if something open stands against it."""
    if would.holds and not even_open:
        say("nothing was erased: " + "; ".join(map(_remedy, would.holds)) + "; or use --even-open")
        sys.exit(1)
    if not (dry_run or yes):
        click.confirm("Erase all this for good?", abort=True, err=True)
    return not dry_run


def _learn_again(config: Config, counts: Mapping[str, int]) -> None:
    """The lessons may have been erased; those of other people's corrections hold on."""
    if "kv" in counts:
        with wiring.engine_for_command(config) as engine:
            learning.learn(engine.store, wiring.parser_config(config), datetime.now(UTC).replace(microsecond=0))


def _certificate(
    run: _Erasure, counts: Mapping[str, int], found: Sequence[Backup], messages: _InMailbox | None
) -> Mapping[str, Any]:
    """Erase the messages in the mailbox and the person in the backups; return the certificate of all that."""
    deleted = _deleted(run.config, messages.own) if messages is not None else None
    shared = by_folder(list(messages.shared)) if messages is not None else None
    left = _copies(run, found)
    return sealed.made(
        run.policy, run.who, counts, mailbox=deleted, shared=shared, backups=left, by=run.by, now=run.now
    )


def _in_backups(con: sqlite3.Connection, run: _Erasure, since: datetime | None) -> Sequence[Backup]:
    """Return the backups that may hold the person, who has been in the database since then."""
    names = [name_of_key(secret) for secret in run.policy.secrets]
    state, days = run.config.office.state, run.config.privacy.backup_days
    return erasure.known_copies(con, state, run.folder, names=names, since=since, now=run.now, days=days)


def _copies(run: _Erasure, found: Sequence[Backup]) -> list[sealed.BackupLeft]:
    """Erase the person in the backups of the folder, if one was given, and in databases that were set aside."""
    places = (run.config.office.state, *((run.folder.absolute(),) if run.folder else ()))
    rewrite = [one.path for one in found if any(one.path.is_relative_to(place) for place in places)]
    left, days = [], run.config.privacy.backup_days
    for one, problem in erasure.erase_in_copies(found, rewrite, run.policy, run.who, run.now, by=run.by, days=days):
        left.append(one)
        if problem:
            say(f"{one.path}: could not be rewritten: {problem}")
    return left


def _hand_out(policy: Policy, made: Mapping[str, Any], folder: Path) -> None:
    path = sealed.write(policy, made, folder)
    click.echo(sealed.text(policy, made))
    say(f"erased; the certificate for the data protection officer is {path}, and beside it as JSON")


def _in_mailbox(run: _Erasure, con: sqlite3.Connection) -> _InMailbox:
    """Raises Transient."""
    message_ids, cases = personal.identifiers(con, personal.with_mail_about(con, personal.of_person(con, run.who)))
    sought = Sought(policy=run.policy, address=run.who, message_ids=message_ids, cases=cases)
    own: list[MessageRef] = []
    shared: dict[MessageRef, str] = {}
    with closing(connections.mailbox(run.config)) as box:
        refuse_if_it_cannot_delete(box)
        for one in find_messages(box, sought):
            if one.shared:
                shared[one.ref] = _named(one)
            else:
                own.append(one.ref)
    return _InMailbox(own, shared)


def _named(one: FoundMessage) -> str:
    """By what an admin finds the message in a mail program, and where it names the person."""
    head = message_from_bytes(one.raw, policy=compat32)
    where = ", ".join(one.named_in) or "on a case of theirs"
    return f"{one.ref.folder}, {head['Date']}, {decoded_field(str(head['Subject']))} ({where})"


def _deleted(config: Config, messages: Sequence[MessageRef]) -> Mapping[str, int]:
    with closing(connections.mailbox(config)) as box:
        return delete_messages(box, messages)


def _show_person(would: Forgetting, found: Sequence[Backup], messages: _InMailbox | None, *, even_open: bool) -> None:
    for table, count in sorted(would.counts.items()):
        click.echo(f"{table:12} {count}")
    click.echo("stays: numbers, times and states of the cases (indicators), the event log, a keyed hash of the address")
    for folder, count in by_folder(messages.own).items() if messages is not None else ():
        click.echo(f"mailbox: {safe(folder)} {count}")
    if messages is None:
        click.echo("stays: the messages in the mailbox")
    for one in found:
        click.echo(f"backup: {safe(one.path)} ({one.made_at.date()}){'' if one.exists else ' (no longer there)'}")
    for other in would.related:
        click.echo(f"also used by this person, to be forgotten by itself: {safe(other)}")
    for number in would.elsewhere:
        click.echo(f"names this person too, and stays: case {safe(number)} of somebody else: look at it")
    if even_open:
        for hold in would.holds:
            click.echo(f"ended: {safe(hold.ref)}")


def _remedy(hold: Hold) -> str:
    return _REMEDIES[hold.kind].format(ref=safe(hold.ref))


@click.command()
@click.argument("file", type=str)
@click.argument("address", required=False)
@click.pass_context
def certificate(ctx: click.Context, file: str, address: str | None) -> None:
    """Check FILE (the JSON of a certificate of erasure): this office sealed it, nobody changed it, and, if ADDRESS is
    given, it is about this person. Exit 1 if not."""
    policy = wiring.live_policy(configured(ctx))
    try:
        found = json.loads(a_file(file).read_text("utf-8"))
    except ValueError as error:
        raise click.BadParameter("the file is no JSON: name the .json beside the text") from error
    if not isinstance(found, dict) or not sealed.verify(policy, found):
        say("not sealed by this office, or changed since")
        sys.exit(1)
    if address and found["person"] not in {person_mark(key, person(policy, address)) for key in policy.secrets}:
        say("genuine, but about somebody else")
        sys.exit(1)
    click.echo("genuine")


# --- Purge -----------------------------------------------------------------------------------------------------------
#
# The verb `purge`: what is past its retention; with `--yes` it is removed.


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
        say("nothing is past its retention")
    elif not done:
        say("nothing was changed: run `oacmail purge --yes` to remove it")
