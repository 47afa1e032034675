"""The verbs `outbox`, `quarantine` and `board`: list, retry and end whatever waits, and say whether many moves are
meant.
"""

import getpass
import os
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Literal

import click

from oacmail import wiring
from oacmail.cli.common import answer_no, as_json, open_list, safe, say, show_rows, with_config
from oacmail.config import Config
from oacmail.core.effects import OutboxCommand
from oacmail.store import admin, command_line, connection
from oacmail.store import board as rows
from oacmail.store.board import Word

# --- Outbox and quarantine -------------------------------------------------------------------------------------------


@click.group()
def outbox() -> None:
    """Mail that waits, failed or is held."""


@outbox.command("list")
@click.option("--all", "every", is_flag=True, help="Also mail that was sent or dropped.")
@as_json
@with_config
def list_mails(config: Config, every: bool, as_json: bool) -> None:
    """List mail that has no final state."""
    columns = ("key", "kind", "case", "recipient", "state", "attempts", "next_at", "last_error")
    with open_list(config) as con:
        rows = command_line.outbox(con, config.office.timezone, every=every) if con else ()
        show_rows(rows, columns, as_json=as_json)


@outbox.command()
@click.argument("key")
@with_config
def show(config: Config, key: str) -> None:
    """Show the header and text of a mail as it is sent. KEY: see `outbox list --all`."""
    with connection.open_readonly(config.office.state) as con:
        raw = command_line.mail(con, key)
    if raw is None:
        answer_no(f"no mail {safe(key)} is stored: see `oacmail outbox list --all`")
    mail = message_from_bytes(raw, policy=policy.default)
    text = mail.get_body(("plain",))
    others = [part.get_content_type() for part in mail.walk() if not part.is_multipart() and part is not text]
    lines = [f"{name}: {value}" for name, value in mail.items()]
    lines += ["", *(str(text.get_content()).splitlines() if text else ())]
    lines += ["", f"(other parts: {', '.join(others)})"] if others else []
    for line in lines:
        click.echo(safe(line))


@outbox.command()
@click.argument("key")
@with_config
def retry(config: Config, key: str) -> None:
    """Send a mail at once, or once more."""
    _perform(config, "retry", key)


@outbox.command()
@click.argument("key")
@with_config
def drop(config: Config, key: str) -> None:
    """Drop a mail: it is never sent."""
    _perform(config, "drop", key)


def _perform(config: Config, verb: Literal["retry", "drop"], key: str) -> None:
    """Carry out one OutboxCommand in its own transaction, beside the daemon. Raises Refused."""
    with wiring.engine_for_command(config) as engine:
        engine.perform(OutboxCommand(verb=verb, key=key, by=getpass.getuser()))


@click.group()
def quarantine() -> None:
    """Messages that wait for a person ("review"), each with its reason."""


@quarantine.command("list")
@as_json
@with_config
def list_messages(config: Config, as_json: bool) -> None:
    """List unreadable, doubtful and suspected spam messages, and cases without an automatic acknowledgement."""
    columns = ("ref", "reason", "since", "case", "message_id")
    with open_list(config) as con:
        rows = command_line.review(con, config.office.timezone) if con else ()
        show_rows(rows, columns, as_json=as_json)


@quarantine.command()
@click.argument("ref")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@with_config
def export(config: Config, ref: str, directory: Path) -> None:
    """Write the message to DIRECTORY. The file name is a hash, never text of the message."""
    with connection.open_readonly(config.office.state) as con:
        whole = admin.find_review(con, ref)
        raw = admin.original(con, whole) if whole else None
    if whole is None:
        answer_no(f"{safe(ref)} is not in quarantine: see `oacmail quarantine list`")
    if raw is None:
        answer_no(f"the bytes of {safe(ref)} are not stored: the message is in the mailbox")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = directory / f"{whole[:64]}.eml"
    # Readable by this account alone, and through no link that somebody else has put there.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(target, flags, 0o600), "wb") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(raw)
    click.echo(str(target))


@quarantine.command("retry")
@click.argument("ref")
@with_config
def retry_message(config: Config, ref: str) -> None:
    """Process a failed message again at the daemon's next pass."""
    refusal = (
        "has not failed, or is no longer in a watched folder; `oacmail case open` makes a case of a doubtful message, "
        "`oacmail quarantine done` removes it from the list"
    )
    _change_review(config, ref, admin.retry_message, refusal)


@quarantine.command()
@click.argument("ref")
@with_config
def done(config: Config, ref: str) -> None:
    """Remove a message from the list after a person has seen it. It changes and sends no mail."""
    refusal = "is not on the list, or could not be read yet: `oacmail quarantine retry` tries it again"
    _change_review(config, ref, admin.end_review, refusal)


def _change_review(
    config: Config, ref: str, change: Callable[[sqlite3.Connection, str, datetime], bool], refusal: str
) -> None:
    with wiring.open_writable(config) as con:
        whole = admin.find_review(con, ref)
        if whole is None or not change(con, whole, datetime.now(UTC)):
            answer_no(f"{safe(ref)} {refusal}")


# --- Board -----------------------------------------------------------------------------------------------------------


@click.group()
def board() -> None:
    """Moves of messages that wait for confirm or undo, because more than 20 were made within a minute."""


@board.command("waiting")
@with_config
def moves_waiting(config: Config) -> None:
    """Show how many messages wait for confirm or undo. Exit 1 if there are any."""
    with open_list(config) as con:
        count = rows.waiting(con) if con else 0
    click.echo(f"{count} messages wait for `board confirm` or `board undo`")
    sys.exit(int(count > 0))


@board.command("confirm")
@with_config
def confirm_moves(config: Config) -> None:
    """Carry out the moves that wait, at the daemon's next pass."""
    _say(config, "carry out")


@board.command("undo")
@with_config
def undo_moves(config: Config) -> None:
    """Put the messages back into the folders of their cases, at the daemon's next pass."""
    _say(config, "undo")


def _say(config: Config, word: Word) -> None:
    with wiring.open_writable(config) as con:
        count = rows.say(con, word)
    say(f"{count} messages: {word}")
    sys.exit(int(count == 0))
