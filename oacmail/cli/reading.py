"""The verbs `try`, `due`, `replay`: what oacmail would decide; they write nothing and contact no server. `evaluate` and
`learn`: measure the classifier on labelled mail, and learn from corrections (docs/reading.md).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from oacmail import wiring
from oacmail.cli.common import (
    a_file,
    as_json,
    existing,
    moment,
    print_json,
    rules_only,
    safe,
    say,
    table,
    with_config,
)
from oacmail.config import Config
from oacmail.core import calendar
from oacmail.core.classification import classify
from oacmail.core.errors import OacmailError
from oacmail.core.model import Classification, Message
from oacmail.engine import learning
from oacmail.mail.parse import parse

# --- What oacmail would decide ---------------------------------------------------------------------------------------


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
        "callback": _callback(reading),
        "confidence": {name: reading.confidence.get(name) for name in ("kind", "topic", "level", "intent")},
        "because": list(reading.because),
        "text": message.text,
        "fresh": message.fresh,
        "attachments": [{"name": part.name, "mime": part.mime, "size": part.size} for part in message.attachments],
    }


def _callback(reading: Classification) -> dict[str, str | None] | None:
    call = reading.callback
    return {"phone": call.phone, "slot": call.slot} if call else None


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


# --- Figures ---------------------------------------------------------------------------------------------------------
# The figures of `evaluate --json`, computed from labels and verdicts (shape: docs/interfaces.md section 3).


Pairs = Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]

MACHINES = ("auto_reply", "bounce", "bulk")
_STEPS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.0)


def figures(pairs: Pairs) -> dict[str, Any]:
    """`pairs` of (labels, verdict): both with kind, topic, level, intent, language, callback as in labels.jsonl.

    topic, level and intent are measured on messages labelled as requests; a request classified as anything else has
    no topic and counts as missed. `people_lost`: share of requests classified as anything else;
    `machines_acknowledged`: share of automatic replies, bounces and bulk mail classified as requests.
    """
    people = [pair for pair in pairs if pair[0]["kind"] == "request"]
    machines = [pair for pair in pairs if pair[0]["kind"] in MACHINES]
    calls = [pair for pair in people if pair[0]["callback"]]
    return {
        "n": len(pairs),
        "kind": {"accuracy": _accuracy(pairs, "kind"), "macro_f1": macro_f1(pairs, "kind")},
        "topic": {"macro_f1": macro_f1(people, "topic")},
        "level": {"macro_f1": macro_f1(people, "level"), "second": precision_recall(people, "level", "second")},
        "intent": {"macro_f1": macro_f1(people, "intent")},
        "language": {"accuracy": _accuracy(people, "language")},
        "callback": {"phone_exact": _call(calls, "phone"), "slot_accuracy": _call(calls, "slot")},
        "people_lost": _share(sum(verdict["kind"] != "request" for _, verdict in people), len(people)),
        "machines_acknowledged": _share(sum(verdict["kind"] == "request" for _, verdict in machines), len(machines)),
    }


def reliability(pairs: Pairs, field: str) -> list[tuple[float, int, float, float]]:
    """How well confidence predicts accuracy: rows (lower bound, verdicts, mean confidence, share right).

    One row per tenth that has verdicts; all below 0.5 share one row. Messages whose label lacks the field are left out.
    """
    found: dict[float, list[tuple[float, bool]]] = {}
    for label, verdict in pairs:
        if label[field] is not None and verdict[field] is not None:
            sure = float(verdict["confidence"][field])
            step = next(step for step in _STEPS if sure >= step)
            found.setdefault(step, []).append((sure, label[field] == verdict[field]))
    return [
        (step, len(of), round(sum(sure for sure, _ in of) / len(of), 3), _share(sum(right for _, right in of), len(of)))
        for step, of in sorted(found.items())
    ]


def macro_f1(pairs: Pairs, field: str) -> float:
    names = sorted({label[field] for label, _ in pairs})
    return round(sum(_f1(**precision_recall(pairs, field, name)) for name in names) / len(names), 4) if names else 0.0


def confusion(pairs: Pairs, field: str) -> Counter[tuple[str, str]]:
    """(label, verdict) -> number of messages."""
    return Counter((label[field], str(verdict[field])) for label, verdict in pairs if label[field] is not None)


def precision_recall(pairs: Pairs, field: str, name: str) -> dict[str, float]:
    both = sum(label[field] == name == verdict[field] for label, verdict in pairs)
    chosen = sum(verdict[field] == name for _, verdict in pairs)
    true = sum(label[field] == name for label, _ in pairs)
    return {"precision": _share(both, chosen), "recall": _share(both, true)}


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _accuracy(pairs: Pairs, field: str) -> float:
    return _share(sum(label[field] == verdict[field] for label, verdict in pairs), len(pairs))


def _call(calls: Pairs, part: str) -> float:
    right = sum((verdict["callback"] or {}).get(part) == label["callback"][part] for label, verdict in calls)
    return _share(right, len(calls))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


# --- Evaluate --------------------------------------------------------------------------------------------------------


FIELDS = ("kind", "topic", "level", "intent", "language")
_WORST = 10


@click.command()
@click.argument("folder", metavar="DIR")
@as_json
@click.pass_context
def evaluate(ctx: click.Context, folder: str, as_json: bool) -> None:
    """Measure the classifier on labelled mail. DIR holds the mail files and labels.jsonl."""
    pairs = list(_classified(existing(folder), rules_only(ctx)))
    found = figures(pairs)
    if as_json:
        print_json([found])
        return
    table(("figure", "value"), _flat(found))
    for field in FIELDS:
        mistakes = [(cell, count) for cell, count in confusion(pairs, field).most_common() if cell[0] != cell[1]]
        click.echo(f"\n{field}: labelled, read as, messages")
        table(("labelled", "read as", "messages"), [(label, read, count) for (label, read), count in mistakes])
    for field in FIELDS[:4]:
        click.echo(f"\n{field}: stated confidence and accuracy")
        table(("from", "verdicts", "confidence", "right"), reliability(pairs, field))
    click.echo("\nworst: wrong with high confidence")
    table(("file", "field", "labelled", "read as", "confidence"), _worst(pairs))


def _classified(folder: Path, config: Config) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields (labels, verdict) for each mail."""
    parser_config, senders = wiring.parser_config(config), frozenset(config.callback.form_senders)
    for line in existing(str(folder / "labels.jsonl")).read_text(encoding="utf-8").splitlines():
        if line.strip():
            labels = json.loads(line)
            reading = classify(parse(existing(str(folder / labels["file"])).read_bytes(), parser_config), senders)
            verdict: dict[str, Any] = {name: getattr(reading, name) for name in FIELDS}
            verdict["callback"] = _callback(reading)
            yield labels, verdict | {"confidence": reading.confidence}


def _flat(found: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name} ")
        else:
            yield f"{above}{name}", value


def _worst(pairs: Pairs) -> list[tuple[str, str, str, str, float]]:
    wrong = [
        (labels["file"], field, str(labels[field]), safe(verdict[field]), verdict["confidence"][field])
        for labels, verdict in pairs
        for field in FIELDS[:4]
        if labels[field] is not None and verdict[field] is not None and labels[field] != verdict[field]
    ]
    return sorted(wrong, key=lambda row: -row[-1])[:_WORST]


# --- Learning --------------------------------------------------------------------------------------------------------


_COLUMNS = ("field", "corrections", "held out", "right before", "right after", "")


@click.command()
@with_config
def learn(config: Config) -> None:
    """Learn from the corrections of `case set`. Exit 1 if a field would get worse; that field learns nothing."""
    with wiring.engine_for_command(config) as engine:
        outcomes = learning.learn(engine.store, wiring.parser_config(config), datetime.now(UTC).replace(microsecond=0))
    if not outcomes:
        say("there are no corrections: `oacmail case set N` corrects a case")
        return
    rows = [
        (
            outcome.field,
            outcome.corrections,
            outcome.messages,
            outcome.before,
            outcome.after,
            "learned" if outcome.taken else "refused: worse",
        )
        for outcome in outcomes
    ]
    table(_COLUMNS, rows)
    if not all(outcome.taken for outcome in outcomes):
        raise SystemExit(1)
