"""The verbs `case` and `why`: read and change a case, and list the reasons behind it.

A change goes through `decide` as an AdminCommand, beside the running daemon.
"""

import getpass
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from oacmail import wiring
from oacmail.cli.common import (
    answer_no,
    as_json,
    configured,
    is_message,
    moment,
    number,
    open_list,
    print_json,
    safe,
    say,
    show_rows,
    with_config,
)
from oacmail.config import Config
from oacmail.core.effects import AdminCommand, Arrived, OpenCase
from oacmail.core.errors import OacmailError
from oacmail.core.model import CLOSINGS, Folder, Status
from oacmail.core.orders.actions import named_agent
from oacmail.core.orders.commands import CORRECTABLE
from oacmail.core.ports import Fetched
from oacmail.engine import learning
from oacmail.mail.parse import parse
from oacmail.store import admin, command_line, connection
from oacmail.store.connection import at

_COLUMNS = ("number", "status", "topic", "level", "due_at", "citizen", "subject")


@click.group()
def case() -> None:
    """Read and change cases. N is the full number, or its digits in the current year."""


@case.command("list")
@click.option("--status", type=click.Choice([str(status) for status in Status]))
@click.option("--overdue", is_flag=True, help="Only cases past their due day.")
@as_json
@with_config
def list_(config: Config, status: str | None, overdue: bool, as_json: bool) -> None:
    """List all cases, or those of one status."""
    with open_list(config) as con:
        now = datetime.now(UTC)
        rows = command_line.cases(con, config.office.timezone, now, status=status, overdue=overdue) if con else ()
        show_rows(rows, _COLUMNS, as_json=as_json)


@case.command()
@click.argument("n", nargs=-1, required=True)
@as_json
@with_config
def show(config: Config, n: tuple[str, ...], as_json: bool) -> None:
    """Show one case, or several, with their messages, mails and events."""
    now = datetime.now(UTC)
    with connection.open_readonly(config.office.state) as con:
        rows = {word: command_line.case(con, config.office.timezone, now, number(config, word)) for word in n}
    known = [row for row in rows.values() if row is not None]
    if as_json:
        print_json(known)
    else:
        click.echo("\n".join(map(_shown, known)), nl=False)
    for word in (word for word, row in rows.items() if row is None):
        _not_found(number(config, word))


def _shown(row: dict[str, Any]) -> str:
    lines = [f"{name:12} {safe(value)}" for name, value in row.items() if not isinstance(value, list)]
    for name in ("messages", "outgoing", "events"):
        lines += ["", name, *("  " + safe("  ".join(map(_plain, item.values()))) for item in row[name])]
    return "".join(f"{line}\n" for line in lines)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "-" if value is None else str(value)


def _not_found(case_number: str) -> NoReturn:
    """The whole number shows the year that was taken for digits alone."""
    answer_no(f"no case {safe(case_number)}: `oacmail case list` lists all cases")


def _perform(config: Config, verb: str, n: str, **words: str | None) -> None:
    """Carry out one AdminCommand in its own transaction, beside the daemon."""
    given = {name: value for name, value in words.items() if value is not None}
    if "into" in given:
        given["into"] = number(config, given["into"])
    case_number = number(config, n)
    with wiring.engine_for_command(config) as engine:
        with connection.open_readonly(config.office.state) as con:
            known = command_line.case(con, config.office.timezone, datetime.now(UTC), case_number)
        if known is None:
            _not_found(case_number)
        command = AdminCommand(verb=verb, case=case_number, by=getpass.getuser(), words=given)
        engine.perform(command)
    say(f"{case_number}: {verb}: done")


@case.command()
@click.argument("n")
@click.argument("name")
@with_config
def assign(config: Config, n: str, name: str) -> None:
    """Record who works on the case: an agent of people.agents, by address or the name before the @.

    An empty NAME assigns it to nobody.
    """
    policy = wiring.rules(config)
    agent = named_agent(policy, name) if name else ""
    if agent is None:
        known = ", ".join(policy.people.agents)
        raise click.UsageError(f"{safe(name)} names no agent of people.agents, or several: give one of {known}")
    _perform(config, "assign", n, name=agent.partition("@")[0])


def _add_change(verb: str, about: str, *words: click.Parameter) -> None:
    """Add a verb that carries out the AdminCommand of its name, with the words that are given."""

    @with_config
    def change(config: Config, /, **given: str) -> None:
        _perform(config, verb, **given)

    case.add_command(click.Command(verb, params=[click.Argument(["n"]), *words], callback=change, help=about))


def _at(about: str) -> click.Option:
    def read(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
        return moment(configured(ctx), value).isoformat() if value else None

    return click.Option(["--at"], metavar="WHEN", callback=read, help=f"{about} As 2026-11-25T09:00. Default: now.")


_add_change(
    "escalate",
    "Pass the case to the technical services (second level) and notify the person, which meets the deadline.\n\n"
    "A case that oacmail has passed on already is not passed on again: this approves the notice to the person.",
    click.Option(
        ["--cause"],
        type=click.Choice(["platform", "document_or_form"]),
        help="What the person is told; without it, nothing is blamed.",
    ),
    click.Option(["--why"], help="Your observation; the technical services get it."),
)
_add_change(
    "solved",
    "Record that the technical services have solved a derived case. The next answer to the person ends it.",
    _at("When that was known."),
)
_add_change("reopen", "Open the case again, with a new deadline from now.")
_add_change("note", "Add an internal remark. It is never sent.", click.Argument(["text"]))
_add_change(
    "log-call",
    "Record a call to the person. `reached`, also without the word, meets the deadline (R16).",
    click.Argument(["outcome"], type=click.Choice(["reached", "no-answer"]), default="reached"),
    _at("Time of the call."),
)
_add_change(
    "merge", "Move all messages and deadlines of N to INTO and close N as a duplicate.", click.Argument(["into"])
)
_add_change(
    "close",
    "Close the case; send nothing. `answered` and `contact` record the contact that met the deadline.",
    click.Option(
        ["--reason"],
        type=click.Choice([str(reason) for reason, closing in CLOSINGS.items() if closing.by_person]),
        required=True,
    ),
    _at("Time of the contact."),
)


def _choice(field: str) -> click.Choice[str]:
    """A choice of the values of an enumeration; click would take its names."""
    return click.Choice([str(word) for word in CORRECTABLE[field]])


@case.command("set")
@click.argument("n")
@click.option("--kind", type=_choice("kind"))
@click.option("--topic", type=_choice("topic"))
@click.option("--level", type=_choice("level"))
@click.option("--intent", type=_choice("intent"))
@click.option("--language", type=_choice("language"))
@with_config
def set_(config: Config, /, n: str, **words: str | None) -> None:
    """Correct the classification. `oacmail learn` and the nightly job learn from it."""
    if not any(words.values()):
        raise click.UsageError("give at least one of --kind, --topic, --level, --intent, --language")
    _perform(config, "set", n, **words)


@case.command("open")
@click.argument("message_id")
@with_config
def open_(config: Config, message_id: str) -> None:
    """Open a case for a message that was classified as automatic, spam or doubtful.

    MESSAGE_ID is the Message-ID, or the ref of `quarantine list`.
    """
    with wiring.engine_for_command(config) as engine:
        with connection.open_readonly(config.office.state) as con:
            row = admin.message_for_case(con, message_id)
        if row is None:
            raise OacmailError("no message with this id waits without a case: `oacmail quarantine list` lists them")
        stored, received_at = _stored(config, row), at(row["received_at"])
        day = received_at.astimezone(config.office.timezone).date().isoformat()
        parser_config = learning.with_lessons(engine.store, engine.parser_config)
        message = parse(stored.raw, parser_config, skipped=stored.skipped, day=day)
        arrived = Arrived(message=message, received_at=received_at, folder=Folder.INTAKE, forced=True)
        done = engine.perform(arrived, raw=stored.raw if stored.complete else None)
    opened = ", ".join(effect.number for effect in done.effects if isinstance(effect, OpenCase))
    say(f"{opened or 'done'}: {', '.join(done.because)}")


def _stored(config: Config, row: sqlite3.Row) -> Fetched:
    """The stored message, or the one in the mailbox if it was too large to store. Raises OacmailError."""
    if row["bytes"] is not None:
        return Fetched(raw=row["bytes"])
    found = None
    if row["uid"] is not None:
        with closing(wiring.mailbox(config)) as box:
            same_epoch = box.open(row["folder"]).uidvalidity == row["uidvalidity"]
            found = box.fetch([row["uid"]]).get(row["uid"]) if same_epoch else None
    if found is None:
        raise OacmailError("the message was too large to store and is no longer in its folder: move it back to INBOX")
    return found


@click.command()
@click.argument("n", metavar="N|MESSAGE-ID")
@as_json
@with_config
def why(config: Config, n: str, as_json: bool) -> None:
    """List every rule, word and event behind a case, oldest first, or how a message was read.

    A message that was taken for automatic or unwanted has no case: give its Message-ID, or the ref of
    `quarantine list`.
    """
    zone = config.office.timezone
    with connection.open_readonly(config.office.state) as con:
        rows = (
            command_line.reasons_of_message(con, zone, n)
            if is_message(n)
            else command_line.reasons_of_case(con, zone, number(config, n))
        )
    if rows is None and is_message(n):
        raise OacmailError(f"no message {safe(n)} is known: `oacmail status` says when the mailbox was last read")
    if rows is None:
        _not_found(number(config, n))
    elif as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['at']}  {safe(row['kind']):16}  {safe(_plain(row['data']))}")
