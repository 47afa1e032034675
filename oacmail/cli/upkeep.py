"""The verbs `backup`, `restore`, `drill`, `accept-rows`, `new-key`, `clock` and `migrate`, which work on the database
and the token key."""

import getpass
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click

from oacmail import wiring
from oacmail.cli.common import answer_no, as_json, existing, print_json, safe, say, with_config
from oacmail.cli.rebuild import from_ledger, rebuilding
from oacmail.config import Config, secrets
from oacmail.core.acknowledgement import RESTORED
from oacmail.core.errors import ConfigError, Fatal, OacmailError, Transient
from oacmail.core.stored_values import LEDGER_COPIED
from oacmail.core.watched import CLOCK
from oacmail.privacy.erasure import forget_again
from oacmail.store import admin, connection, erase, ledger, remembered, writing
from oacmail.store.remembered import LOST
from oacmail.store.store import SqliteStore


@click.command()
@click.argument("path")
@as_json
@with_config
def drill(config: Config, path: str, as_json: bool) -> None:
    """Restore the backup at PATH, or the newest of a folder, into a scratch folder, and report; exit 1 if it fails."""
    now = datetime.now(UTC)
    source: Path | None = existing(path)
    if source is not None and source.is_dir():
        # A copy by timer, whatever it holds, or any other database: the archive of an `export` may lie beside them.
        files = [file for file in source.iterdir() if file.is_file()]
        backups = [file for file in files if fnmatch(file.name, remembered.BY_DATE) or connection.is_database(file)]
        source = max(backups, key=lambda file: file.stat().st_mtime, default=None)
    # `age_hours` and the counts are of the backup; `fault`: why it cannot be used, "" = it can.
    row: dict[str, Any] = {"ok": False, "backup": path, "age_hours": 0, "cases": 0, "messages": 0}
    row["fault"] = "there is no backup in this folder"
    if source is not None:
        row |= {"backup": str(source), "age_hours": int((now.timestamp() - source.stat().st_mtime) // 3600)}
        try:
            with tempfile.TemporaryDirectory(dir=config.office.state, prefix="drill-") as scratch:
                restored = admin.restore(Path(scratch), source, now, secrets.tokens(config))
                with closing(connection.connect_readonly(Path(scratch) / connection.FILE)) as con:
                    cases, messages = remembered.drill_counts(con)
        except (OacmailError, OSError) as error:
            row["fault"] = str(error)
        else:
            known = wiring.knows_key(restored.names, restored.keys or secrets.tokens(config))
            fault = "" if known else "neither it nor the configuration has the token key that signed its mail"
            row |= {"ok": known, "cases": cases, "messages": messages, "fault": fault}
    # The database in use is touched for the result alone: `status` shows it, and the operator is alerted.
    _record(
        config,
        lambda con: remembered.record_drill(con, ok=row["ok"], fault=row["fault"], now=now),
        otherwise="`status` will not show this drill",
    )
    if as_json:
        print_json([row])
    elif row["ok"]:
        passed = "restore drill passed: {backup}, {age_hours} hours old: {cases} cases, {messages} messages"
        click.echo(safe(passed.format(**row) + ", and the token key"))
    else:
        failed = "restore drill FAILED: {backup}: {fault}: make a new backup, and look at the disk"
        click.echo(safe(failed.format(**row)))
    sys.exit(0 if row["ok"] else 1)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="PATH is a folder: keep the newest N backups by date.")
@with_config
def backup(config: Config, path: Path, keep: int | None) -> None:
    """Write a consistent copy of the database and the token key to PATH (mode 0600) while the service runs.

    The copy is a secret: its holder can sign mail as this office.
    """
    if keep is None:
        _backup(config, path)
        return
    if not path.is_dir():
        raise click.BadParameter(f"{path}: with --keep it must be a folder that exists")
    now = datetime.now(UTC)
    new = path / f"oacmail-{now:%Y-%m-%dT%H%M%SZ}.db"
    _backup(config, new)
    with connection.open_readonly(config.office.state, as_it_is=True) as con:
        if LOST in remembered.problems(con):
            say("no older backup is removed: the database was lost, and they may hold its cases (`oacmail status`)")
            return
    for old in sorted(path.glob(remembered.BY_DATE))[:-keep]:
        if old != new:  # a clock that once ran ahead has dated others later
            old.unlink()
    _record(
        config,
        lambda con: remembered.rotated(con, now),
        otherwise="the backup is complete, but `status` will not show it",
    )


def _backup(config: Config, path: Path) -> None:
    state = config.office.state
    if path.exists():
        raise click.BadParameter(f"{path}: already exists: a backup never overwrites a file")
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"{path}: its folder does not exist")
    if not (state / connection.FILE).exists():
        answer_no(f"{state}: there is no database yet")
    token = secrets.tokens(config)
    now = datetime.now(UTC)
    admin.backup(state, path, token, now)
    _record(
        config,
        lambda con: erase.record_backup(con, path, now),
        otherwise="the backup is complete, but a certificate of erasure will not list it",
    )
    if not token:
        say("the backup holds no token key because none was found: a restore without it holds acknowledgements")


def _record(config: Config, write: Callable[[sqlite3.Connection], None], *, otherwise: str) -> None:
    """Note in the database what was done beside it. If it is busy, or another version has migrated it, that is said."""
    try:
        with wiring.open_writable(config) as con:
            write(con)
    except (Transient, ConfigError) as error:
        say(f"{otherwise}: {error}")


@click.command()
@click.argument("path", type=str)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_config
def restore(config: Config, path: str, yes: bool) -> None:
    """Replace the database with the backup at PATH. The service must be stopped.

    The replaced database is kept beside it. What was done since the backup comes from the copy of the ledger in the
    mailbox, or else, as far as the messages tell it, from these.
    """
    source = existing(path)
    state = config.office.state
    if not yes:
        click.confirm(f"Replace the database in {state}?", abort=True, err=True)
    now = datetime.now(UTC)
    restored = admin.restore(state, source, now, secrets.tokens(config))
    say("restored; when this command has ended, start the service: it sends no citizen a second copy")
    if config.smtp.self_copy is False:
        with wiring.open_writable(config) as con:
            held = admin.hold_acks(con, RESTORED)
        say(f"no copies show which acknowledgements were sent: {_held(held)}")
    # The key comes after the database. A key problem is reported; it cannot cause a second sending.
    aside = secrets.put_back(config, restored.keys)
    if aside is not None:
        say(f"the key of this backup differs from the service's key; it is stored in {aside}: {_PUT_KEY_BACK}")
    if not wiring.knows_key(restored.names, secrets.tokens(config)):
        with wiring.open_writable(config) as con:
            held = admin.key_lost(con, now)
        say(f"the key of this database is missing, and without it no copy proves what was sent: {_held(held)}")
        say(f"{_PUT_KEY_BACK}; or, if it is lost, run oacmail new-key")
    if wiring.wrong_key(config):
        say("whoever was forgotten since this backup is here again: the service erases them when its key is back")
        say(f"the copy of the ledger in the mailbox was not read: {_UNTIL_THEN} when the key is back")
        return
    _go_on(config, restored.last, now)
    # The people who were forgotten since the backup are erased once more.
    with wiring.open_writable(config) as con:
        try:
            again = forget_again(con, state, wiring.live_policy(config), now, restored.replaced)
        except (sqlite3.DatabaseError, Fatal):
            say("the replaced database cannot be read: only certificates tell whom this backup must forget")
            return
    if again:
        say(f"erased again, because they were erased since this backup: {again} people, cases and messages")


_UNTIL_THEN = "the service does not start until you restore again,"


def _go_on(config: Config, last: int, now: datetime) -> None:
    """Bring the restored database to what the copy of the ledger in the mailbox knows, and say what that is."""
    try:
        with closing(wiring.mailbox(config)) as mailbox, closing(SqliteStore(config.office.state)) as store:
            known = rebuilding(config, mailbox, now).go_on(store, last)
    except (Transient, ConfigError) as error:
        say(f"the mailbox cannot be read now, and with it the copy of the ledger: {error}")
        say(f"the database is as it was at the backup, and the copy stays: {_UNTIL_THEN} when the mailbox can be read")
        return
    for line in from_ledger(config, known):
        say(line)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_config
def new_key(config: Config, yes: bool) -> None:
    """Continue with a new token key because the key that signed this database's mail is lost for good.

    The service must be stopped. Acknowledgements that may have been sent already are held.
    """
    if not yes:
        click.confirm("Is the old key lost for good? With it, no mail would be held", abort=True, err=True)
    held = wiring.new_key(config, datetime.now(UTC))
    if held is None:
        answer_no("the key in force is the right one: nothing to do")
    say(f"the new key is in force; no copy shows which acknowledgements were sent: {_held(held)}")


_PUT_KEY_BACK = "put the key back as the last line of the credential, of $OACMAIL_TOKEN_KEY or of state/token.key"


def _held(held: int) -> str:
    return (
        f"{held} are held, and those for other messages that arrived before now will be: check the relay's log, then "
        "run outbox retry or outbox drop"
    )


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_config
def clock(config: Config, yes: bool) -> None:
    """Say that the clock is right again, after it was ahead: no recorded time is compared with it any more.

    Exit 1 if no recorded time is ahead. What was told to people meanwhile stays: check the due days.
    """
    now = datetime.now(UTC)
    with wiring.open_writable(config) as con:
        ahead = remembered.latest_time(con)
        if ahead is None or ahead <= now:
            answer_no("no recorded time is ahead of the clock: nothing to do")
        zone = config.office.timezone
        shown = f"the database holds {ahead.astimezone(zone):%Y-%m-%d %H:%M}, ahead of the clock"
        if not yes:
            click.confirm(f"{shown}. Is it {now.astimezone(zone):%Y-%m-%d %H:%M} now?", abort=True, err=True)
        remembered.accept_time(con, now)
        remembered.set_problem(con, CLOCK, False, now)
    say("the clock counts as right from now on; check the due days that were given while it was ahead")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_config
def accept_rows(config: Config, yes: bool) -> None:
    """Accept changes that somebody made in the database by hand: the ledger begins again with the rows as they are.

    Exit 1 if every row is as the ledger says.
    """
    keys = wiring.tokens(config)
    with connection.open_readonly(config.office.state) as beside:
        proof = ledger.prove(beside, keys)
    for difference in proof.differences:
        say(f"{difference.where} {difference.detail}")
    if not (proof.differences or proof.broken):
        answer_no("every row is as the ledger says: nothing to do")
    if not yes:
        count = (
            f"rows that differ: {len(proof.differences)}"
            if proof.differences
            else f"the ledger is broken: {proof.broken}"
        )
        click.confirm(f"{count}. Are the rows right as they are now?", abort=True, err=True)
    data, now = {"by": getpass.getuser(), "rows": len(proof.differences)}, datetime.now(UTC)
    with wiring.open_writable(config) as con, connection.transaction(con):
        writing.add_event(con, None, "rows-accepted", data, now)
        ledger.begin(con, keys)
        if proof.broken:  # it may have lost entries that its copy has, which it replaces
            writing.remember(con, LEDGER_COPIED, "", now)
    say("the ledger begins again with the rows as they are; the next proof is made within the hour")


@click.command()
@click.option("--list", "list_only", is_flag=True, help="Only list the steps.")
@click.option("--dry-run", is_flag=True, help="Try the pending steps on a copy, and change nothing.")
@with_config
def migrate(config: Config, list_only: bool, dry_run: bool) -> None:
    """Update the schema. The service must be stopped; it also does this itself at its start.

    A copy of the database from before is kept in the state directory.
    """
    state = config.office.state
    if dry_run and (state / connection.FILE).exists():
        trial = connection.rehearse(state)
        for name, seconds in trial.steps:
            click.echo(f"pending  {name}  {seconds:.1f} s")
        for fault in trial.faults:
            say(f"the migrated copy is not sound: {fault}")
        if not trial.steps:
            say("no step is pending; nothing was changed")
        elif not trial.faults:
            needed = (trial.size + trial.most) / 1e6
            say(
                f"tried on a copy of {trial.size / 1e6:.0f} MB: {trial.seconds:.1f} s with the copy that is kept, up "
                f"to {needed:.0f} MB of free disk; nothing was changed"
            )
        sys.exit(1 if trial.faults else 0)
    if not (list_only or dry_run):
        SqliteStore(state, secrets.tokens(config)).close()
    if (state / connection.FILE).exists():
        con = connection.connect_readonly(state / connection.FILE)
    else:
        con = sqlite3.connect(":memory:")
    try:
        applied, pending = connection.schema(con)
    finally:
        con.close()
    for name, word in [(name, "applied") for name in applied] + [(name, "pending") for name in pending]:
        click.echo(f"{word}  {name}")
