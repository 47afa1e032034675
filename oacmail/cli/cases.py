"""`case` and `why`: the admin's hands on a case, and the reasons behind it."""

import getpass
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import click

from oacmail import wiring
from oacmail.adapters.store import admin, queries
from oacmail.adapters.store.connection import at
from oacmail.cli.common import as_json, configured, moment, number, print_json, safe, table
from oacmail.config import Config
from oacmail.core.effects import AdminCommand, Arrived
from oacmail.core.errors import OacmailError
from oacmail.core.handlers.admin_command import CLOSE_REASONS, CORRECTABLE
from oacmail.core.model import Folder, Status
from oacmail.core.ports.mailbox import Fetched
from oacmail.engine import learning
from oacmail.mail.parse import parse

_COLUMNS = ("number", "status", "topic", "level", "due_at", "citizen", "subject")


@click.group()
def case() -> None:
    """Cases. N is the full number, or its digits in the current year."""


@case.command("list")
@click.option("--status", type=click.Choice([str(status) for status in Status]))
@click.option("--overdue", is_flag=True, help="Only those whose day has passed.")
@as_json
@click.pass_context
def list_(ctx: click.Context, status: str | None, overdue: bool, as_json: bool) -> None:
    """All cases, or those of one status."""
    config = configured(ctx)
    with wiring.reading(config) as con:
        rows = queries.cases(con, config.office.timezone, datetime.now(UTC), status=status, overdue=overdue)
        if as_json:
            print_json(rows)
        else:
            table(_COLUMNS, (tuple(row[name] for name in _COLUMNS) for row in rows))


@case.command()
@click.argument("n")
@as_json
@click.pass_context
def show(ctx: click.Context, n: str, as_json: bool) -> None:
    """One case with its messages, mails and events."""
    config = configured(ctx)
    with wiring.reading(config) as con:
        row = queries.case(con, config.office.timezone, datetime.now(UTC), number(config, n))
    if row is None:
        _not_found(n)
    elif as_json:
        print_json([row])
    else:
        _print_case(row)


def _print_case(row: dict[str, Any]) -> None:
    for name, value in row.items():
        if not isinstance(value, list):
            click.echo(f"{name:12} {safe(value)}")
    for name in ("messages", "outgoing", "events"):
        click.echo(f"\n{name}")
        for item in row[name]:
            click.echo("  " + safe("  ".join(_plain(value) for value in item.values())))


def _plain(value: object) -> str:
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value if value is not None else "-")
    )


def _not_found(n: str) -> None:
    click.echo(f"oacmail: no case {safe(n)}: `oacmail case list` shows all", err=True)
    raise SystemExit(1)


def _order(ctx: click.Context, n: str, verb: str, **words: str | None) -> None:
    """Carry out one order in a turn of its own, beside the daemon."""
    config = configured(ctx)
    given = {name: value for name, value in words.items() if value is not None}
    if "into" in given:
        given["into"] = number(config, given["into"])
    case_number = number(config, n)
    with wiring.engine_beside_daemon(config) as engine:
        with wiring.reading(config) as con:
            known = queries.case(con, config.office.timezone, datetime.now(UTC), case_number)
        if known is None:
            _not_found(n)
        order = AdminCommand(verb=verb, case=case_number, by=getpass.getuser(), words=given)
        engine.perform(order)
    click.echo(f"oacmail: {case_number}: {verb}: done", err=True)


def _said_back(because: Iterable[str]) -> None:
    click.echo(f"oacmail: done: {', '.join(because)}", err=True)


@case.command()
@click.argument("n")
@click.argument("name")
@click.pass_context
def assign(ctx: click.Context, n: str, name: str) -> None:
    """Say who works on it."""
    _order(ctx, n, "assign", name=name)


@case.command()
@click.argument("n")
@click.option("--cause", type=click.Choice(["platform", "document_or_form"]), help="Without it, as it was read.")
@click.option("--why", help="What has been seen; goes to the technical services.")
@click.pass_context
def escalate(ctx: click.Context, n: str, cause: str | None, why: str | None) -> None:
    """Derive it to the technical services (second level), and tell the person so, which meets the deadline.

    What was derived by itself is not derived again: this approves the notice to the person.
    """
    _order(ctx, n, "escalate", cause=cause, why=why)


@case.command()
@click.argument("n")
@click.pass_context
def reopen(ctx: click.Context, n: str) -> None:
    """Open it again, with a new clock from now."""
    _order(ctx, n, "reopen")


@case.command()
@click.argument("n")
@click.argument("text")
@click.pass_context
def note(ctx: click.Context, n: str, text: str) -> None:
    """A remark that never leaves the house."""
    _order(ctx, n, "note", text=text)


def _at_option(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    return moment(configured(ctx), value).isoformat() if value else None


@case.command("log-call")
@click.argument("n")
@click.argument("outcome", type=click.Choice(["reached", "no-answer"]), default="reached")
@click.option("--at", callback=_at_option, help="When; without it, now.")
@click.pass_context
def log_call(ctx: click.Context, n: str, outcome: str, at: str | None) -> None:
    """A call was made: reached meets the promise (R16)."""
    _order(ctx, n, "log-call", outcome=outcome, at=at)


@case.command()
@click.argument("n")
@click.argument("into")
@click.pass_context
def merge(ctx: click.Context, n: str, into: str) -> None:
    """All messages and clocks of N go over to INTO; N is closed as a duplicate."""
    _order(ctx, n, "merge", into=into)


@case.command()
@click.argument("n")
@click.option("--reason", type=click.Choice(CLOSE_REASONS), required=True)
@click.option("--at", callback=_at_option, help="When the contact took place; without it, now.")
@click.pass_context
def close(ctx: click.Context, n: str, reason: str, at: str | None) -> None:
    """Close it; sends nothing. `answered` and `contact` log the contact that met the promise."""
    _order(ctx, n, "close", reason=reason, at=at)


def _words(field: str) -> click.Choice[str]:
    """The words as they are written; click would take an enumeration's names."""
    return click.Choice([str(word) for word in CORRECTABLE[field]])


@case.command("set")
@click.argument("n")
@click.option("--kind", type=_words("kind"))
@click.option("--topic", type=_words("topic"))
@click.option("--level", type=_words("level"))
@click.option("--intent", type=_words("intent"))
@click.option("--language", type=_words("language"))
@click.pass_context
def set_(ctx: click.Context, /, n: str, **words: str | None) -> None:
    """Correct what the classifier read; `oacmail learn` and every night learn from it."""
    if not any(words.values()):
        raise click.UsageError("say what to set: --kind, --topic, --level, --intent or --language")
    _order(ctx, n, "set", **words)


@case.command("open")
@click.argument("message_id")
@click.pass_context
def open_(ctx: click.Context, message_id: str) -> None:
    """Make a case of a message that was judged machine, spam or doubtful.

    MESSAGE-ID, or its ref in `quarantine list`.
    """
    config = configured(ctx)
    with wiring.engine_beside_daemon(config) as engine:
        with wiring.reading(config) as con:
            row = admin.message_for_case(con, message_id)
        if row is None:
            raise OacmailError("no message of this id waits without a case: `oacmail quarantine list` shows them")
        kept, received_at = _kept(config, row), at(row["received_at"])
        day = received_at.astimezone(config.office.timezone).date().isoformat()
        parser_config = learning.taught(engine.store, wiring.parser_config(config))
        message = parse(kept.raw, parser_config, skipped=kept.skipped, day=day)
        arrived = Arrived(message=message, received_at=received_at, folder=Folder.INTAKE, forced=True)
        _said_back(engine.perform(arrived, raw=kept.raw if kept.complete else None).because)


def _kept(config: Config, row: sqlite3.Row) -> Fetched:
    """The message as we keep it; one too large for that lies in the mailbox alone."""
    if row["bytes"] is not None:
        return Fetched(raw=row["bytes"])
    found = None
    if row["uid"] is not None:
        with closing(wiring.mailbox(config)) as box:
            same_epoch = box.open(row["folder"]).uidvalidity == row["uidvalidity"]
            found = box.fetch([row["uid"]]).get(row["uid"]) if same_epoch else None
    if found is None:
        raise OacmailError("the message was too large to be kept, and is not where it was seen: move it to INBOX again")
    return found


@click.command()
@click.argument("n")
@as_json
@click.pass_context
def why(ctx: click.Context, n: str, as_json: bool) -> None:
    """Every rule, word and event behind a case, in the order of time."""
    config = configured(ctx)
    with wiring.reading(config) as con:
        rows = queries.reasons(con, config.office.timezone, number(config, n))
    if rows is None:
        _not_found(n)
    elif as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['at']}  {safe(row['kind']):16}  {safe(_plain(row['data']))}")
