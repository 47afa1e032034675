"""The verbs `export`, `forget`, `certificate` and `purge`: what is held on a person, and its erasure. Nothing
is removed before a dry run and a question, or `--yes`.
"""

import getpass
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import compat32
from pathlib import Path

import click

from oacmail import wiring
from oacmail.cli.common import a_file, answer_no, as_json, print_json, refuse_beside_litestream, safe, say, with_config
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
from oacmail.privacy.retention import periods
from oacmail.store import erase, personal
from oacmail.store.connection import transaction
from oacmail.store.erase import Backup
from oacmail.store.personal import decoded_field, traces
from oacmail.store.writing import add_event

# --- Export ----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("address")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="A new folder, or a new file NAME.zip. Default: export-TIME.zip in this folder.",
)
@click.option("--no-mailbox", is_flag=True, help="Leave out the mailbox, so that no server is asked.")
@with_config
def export(config: Config, address: str, target: Path | None, no_mailbox: bool) -> None:
    """Write a copy of all that is held on ADDRESS: a page, JSON and the messages. A number (+34…) for who only called.

    Addresses of other people are masked. Exit 1 if nothing is held.
    """
    policy = wiring.live_policy(config)
    who, now = person(policy, address), datetime.now(UTC)
    path = target or Path(f"export-{now.astimezone(policy.office.timezone):%Y%m%dT%H%M%S}.zip")
    if path.exists():
        raise click.BadParameter(f"{path}: already exists: an export never overwrites a file")
    with wiring.open_writable(config) as con:
        scope = personal.of_person(con, who)
        messages: list[FoundMessage] | None = None
        if not no_mailbox:
            with closing(wiring.mailbox(config)) as box:
                messages = list(find_messages(box, Sought(policy=policy, address=who, traces=traces(con, scope))))
        known = _backups(con, config, policy, None, personal.since(con, scope), now)
        backups = [(str(backup.path), str(backup.made_at.date())) for backup in known]
        copy = rights.export(con, policy, who, now, mailbox=messages, backups=backups)
        if copy is None:
            answer_no("nothing is held on this address")
        write_archive(copy, path)
        # An event for each case, which `oacmail why` shows; one without a case if there is none.
        with transaction(con):
            for case in scope.cases or (None,):
                add_event(con, case, "exported", {"by": getpass.getuser()}, now)
    click.echo(str(path))


def _backups(
    con: sqlite3.Connection, config: Config, policy: Policy, folder: Path | None, since: datetime | None, now: datetime
) -> Sequence[Backup]:
    """Return the backups that may hold the person, who has been in the database since then."""
    names = [name_of_key(secret) for secret in policy.secrets]
    state, days = config.office.state, config.privacy.backup_days
    return erasure.known_copies(con, state, folder, names=names, since=since, now=now, days=days)


# --- Forget ----------------------------------------------------------------------------------------------------------


_REMEDIES = {
    "open-case": "case {ref} is open: answer the person and close it (oacmail case close {ref} --reason …)",
    "open-case-of-another": "the person wrote on somebody else's case {ref}, which is open: close that first",
    "waits-for-a-person": "message {ref} waits for a person: oacmail quarantine done {ref}",
    "mail": "mail {ref} is on its way or held: wait, or oacmail outbox drop {ref}",
}


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
@with_config
def forget(
    config: Config,
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
    policy, now, by = wiring.live_policy(config), datetime.now(UTC), getpass.getuser()
    who = person(policy, address)
    if mailbox and not config.privacy.forget_mailbox:
        raise Refused("--mailbox is switched off: the town decides it with privacy.forget_mailbox = true")
    if not dry_run:
        refuse_beside_litestream(config)
    with wiring.open_writable(config) as con:
        # Show what would be erased: in the database, in the mailbox, in the backups.
        earlier, since = uncertified(con, policy, who)  # by a run that was interrupted
        would = forgotten(con, policy, who, now, by=by, even_open=even_open, dry_run=True)
        backups = _backups(con, config, policy, folder, would.since or since, now)
        before = erase.forgotten_at(con, (person_mark(key, who) for key in policy.secrets))
        sought = Sought(policy=policy, address=who, traces=traces(con, would.scope, before))
        own, shared = _in_mailbox(config, sought) if mailbox else ([], {})
        for text in shared.values():
            click.echo(f"names this person too, and stays: message of somebody else: {safe(text)}: look at it")
        if not (would.found or earlier or own):
            answer_no("nothing is held on this address that can be erased")
        _show_person(would, backups, own if mailbox else None, even_open=even_open)
        if would.holds and not even_open:
            remedies = (_REMEDIES[hold.kind].format(ref=safe(hold.ref)) for hold in would.holds)
            answer_no("nothing was erased: " + "; ".join(remedies) + "; or use --even-open")
        if dry_run:
            return
        if not yes:
            click.confirm("Erase all this for good?", abort=True, err=True)
        # Erase it: in the database, in the mailbox, in the backups of the folder and in databases that were set aside.
        done = forgotten(con, policy, who, now, by=by, even_open=even_open)
        if done.holds and not even_open:
            raise Transient("the person has written at this very moment: run the command again")
        counts = earlier + Counter(done.counts)
        deleted: Mapping[str, int] | None = None
        if mailbox:
            with closing(wiring.mailbox(config)) as box:
                deleted = delete_messages(box, own)
            with transaction(con):
                erase.erase_identities(con, own)
        places = (config.office.state, *((folder.absolute(),) if folder else ()))
        days = config.privacy.backup_days
        left = list(erasure.erase_in_copies(backups, places, policy, who, now, by=by, days=days))
        for backup in left:
            if backup.problem:
                say(f"{backup.path}: could not be rewritten: {backup.problem}")
        # Write the certificate.
        kept = by_folder(list(shared)) if mailbox else None
        made = sealed.made(
            policy, who, counts, mailbox=deleted, shared=kept, elsewhere=done.elsewhere, related=len(done.related),
            before=before, backups=left, by=by, now=done.at,
        )  # fmt: skip
        path = sealed.write(policy, made, target or config.office.state / sealed.FOLDER)
        click.echo(sealed.text(policy, made))
        say(f"erased; the certificate for the data protection officer is {path}, and beside it as JSON")
        erase.wipe(con)
        certified(con, policy, who)  # last: until then the same command goes on where it ended
    if "kv" in counts:  # the lessons may have been erased; those of other people's corrections hold on
        with wiring.engine_for_command(config) as engine:
            learning.learn(engine.store, wiring.parser_config(config), datetime.now(UTC).replace(microsecond=0))


def _in_mailbox(config: Config, sought: Sought) -> tuple[list[MessageRef], dict[MessageRef, str]]:
    """Return where the messages lie that are deleted, and those that stay, with what an admin finds them by in a mail
    program, and where they name the person. Raises Transient."""
    own: list[MessageRef] = []
    shared: dict[MessageRef, str] = {}
    with closing(wiring.mailbox(config)) as box:
        refuse_if_it_cannot_delete(box)
        for message in find_messages(box, sought):
            if not message.shared:
                own.append(message.ref)
                continue
            head = message_from_bytes(message.raw, policy=compat32)
            where = ", ".join(message.named_in) or "on a case of theirs"
            subject = decoded_field(str(head["Subject"]))
            shared[message.ref] = f"{message.ref.folder}, {head['Date']}, {subject} ({where})"
    return own, shared


def _show_person(
    would: Forgetting, backups: Sequence[Backup], messages: Sequence[MessageRef] | None, *, even_open: bool
) -> None:
    """`messages`: those in the mailbox that are deleted, None = all stay."""
    for table, count in sorted(would.counts.items()):
        click.echo(f"{table:12} {count}")
    click.echo("stays: numbers, times and states of the cases (indicators), the event log, a keyed hash of the address")
    for folder, count in by_folder(messages or ()).items():
        click.echo(f"mailbox: {safe(folder)} {count}")
    if messages is None:
        click.echo("stays: the messages in the mailbox")
    for backup in backups:
        gone = "" if backup.exists else " (no longer there)"
        click.echo(f"backup: {safe(backup.path)} ({backup.made_at.date()}){gone}")
    for other in would.related:
        click.echo(f"also used by this person, to be forgotten by itself: {safe(other)}")
    for ref in map(safe, would.elsewhere):
        click.echo(f"names this person too, and stays: {ref}: look at it (oacmail why {ref})")
    for hold in would.holds if even_open else ():
        click.echo(f"{'stays open' if hold.kind == 'open-case-of-another' else 'ended'}: {safe(hold.ref)}")


@click.command()
@click.argument("file", type=str)
@click.argument("address", required=False)
@with_config
def certificate(config: Config, file: str, address: str | None) -> None:
    """Check FILE (the JSON of a certificate of erasure): this office sealed it, nobody changed it, and, if ADDRESS is
    given, it is about this person. Exit 1 if not."""
    policy = wiring.live_policy(config)
    try:
        found = json.loads(a_file(file).read_text("utf-8"))
    except ValueError as error:
        raise click.BadParameter("the file is no JSON: name the .json beside the text") from error
    if not isinstance(found, dict) or not sealed.verify(policy, found):
        answer_no("not sealed by this office, or changed since")
    if address and found["person"] not in {person_mark(key, person(policy, address)) for key in policy.secrets}:
        answer_no("genuine, but about somebody else")
    click.echo("genuine")


# --- Purge -----------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--yes", is_flag=True, help="Remove it; without this nothing is changed.")
@as_json
@with_config
def purge(config: Config, yes: bool, as_json: bool) -> None:
    """Show what the database keeps longer than [privacy] allows. Never an open case; never the mailbox."""
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
        print_json([{"cases": found.cases, "erased": found.counts, "emptied": found.emptied, "done": yes}])
        return
    for number in found.cases:
        click.echo(number)
    for table, count in sorted(found.counts.items()):
        click.echo(f"{table:12} {count} {'erased' if yes else 'to erase'}")
    for table, count in sorted(found.emptied.items()):
        click.echo(f"{table:12} {count} {'emptied' if yes else 'to empty'}")
    if not (found.counts or found.emptied):
        say("nothing is past its retention")
    elif not yes:
        say("nothing was changed: run `oacmail purge --yes` to remove it")
