"""The verbs `try`, `due`, `replay`: what oacmail would decide. They write nothing and contact no server."""

from collections.abc import Iterator
from typing import Any

import click

from oacmail import wiring
from oacmail.cli.common import a_file, as_json, existing, moment, print_json, rules_only, safe
from oacmail.core import calendar
from oacmail.core.classification import classify
from oacmail.core.errors import OacmailError
from oacmail.core.model import Classification, Message
from oacmail.mail.parse import parse


@click.command("try")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@as_json
@click.pass_context
def try_(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Show how each mail file (.eml) is parsed and classified. Any bytes are accepted."""
    config = rules_only(ctx)
    paths = [a_file(name) for name in files]
    parser_config, senders = wiring.parser_config(config), frozenset(config.callback.form_senders)
    for path in paths:
        message = parse(path.read_bytes(), parser_config)
        row = _row(str(path), message, classify(message, senders, config.office.tax_operator))
        if as_json:
            print_json([row])
            continue
        for name in ("file", "rung", "sender", "subject", "kind", "topic", "level", "intent", "language", "callback"):
            click.echo(f"{name:10} {safe(row[name])}")
        click.echo("because    " + "; ".join(safe(reason) for reason in row["because"]))
        click.echo("fresh      " + safe(" ⏎ ".join(row["fresh"].splitlines()))[:500] + "\n")


def _row(file: str, message: Message, reading: Classification) -> dict[str, Any]:
    callback = reading.callback
    return {
        "file": file,
        "rung": message.rung,
        "message_id": message.message_id or None,
        "sender": message.sender or None,
        "subject": message.subject,
        "kind": reading.kind,
        "topic": reading.topic,
        "level": reading.level,
        "intent": reading.intent,
        "language": reading.language,
        "callback": {"phone": callback.phone, "slot": callback.slot} if callback else None,
        "confidence": {name: reading.confidence.get(name) for name in ("kind", "topic", "level", "intent")},
        "because": list(reading.because),
        "text": message.text,
        "fresh": message.fresh,
        "attachments": [{"name": part.name, "mime": part.mime, "size": part.size} for part in message.attachments],
    }


@click.command()
@click.argument("when", nargs=-1, required=True, metavar="WHEN…")
@as_json
@click.pass_context
def due(ctx: click.Context, when: tuple[str, ...], as_json: bool) -> None:
    """Show when a message received WHEN (ISO 8601; without a zone: office time) is due, and why."""
    config = rules_only(ctx)
    policy, zone = wiring.rules(config), config.office.timezone
    moments = [moment(config, text) for text in when]
    for received in moments:
        try:
            row = {
                "received": received.astimezone(zone).isoformat(),
                "due": calendar.answer_due(received, policy).astimezone(zone).isoformat(),
                "why": list(calendar.explain(received, policy)),
                "urgent": calendar.same_day(received, policy).astimezone(zone).isoformat(),
            }
        except LookupError as error:
            raise click.ClickException(str(error)) from None
        if as_json:
            print_json([row])
        else:
            click.echo(f"{row['received']} -> {row['due']}")
            click.echo("\n".join(f"  {line}" for line in row["why"]))
            click.echo(f"  if it names a term that is about to end: the same day, {row['urgent']}")


@click.command()
@click.argument("archive", metavar="MBOX|MAILDIR")
@as_json
@click.pass_context
def replay(ctx: click.Context, archive: str, as_json: bool) -> None:
    """Run an archive through today's rules, in a scratch database on a virtual clock; send nothing."""
    from oacmail.replay import replayed

    rows: Iterator[dict[str, Any]] = replayed(existing(archive), rules_only(ctx))
    row: dict[str, Any] | None = None
    for row in rows:
        if as_json:
            print_json([row])
        else:
            effects = ", ".join(row["effects"])
            click.echo(f"{row['received_at']}  {row['role']:8} {row['case'] or '-':17} {row['joined_by']:24} {effects}")
    if row is None:
        raise OacmailError(f"{safe(archive)}: no message found: name an mbox file or a Maildir")
