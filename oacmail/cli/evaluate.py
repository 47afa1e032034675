"""The verb `evaluate`: measures the classifier on labelled mail (docs/understanding.md, "Labels")."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from oacmail import wiring
from oacmail.cli import figures
from oacmail.cli.common import as_json, existing, print_json, rules_only, safe, table
from oacmail.config import Config
from oacmail.core.classification import classify
from oacmail.mail.parse import parse

FIELDS = ("kind", "topic", "level", "intent", "language")
_WORST = 10


@click.command()
@click.argument("folder", metavar="DIR")
@as_json
@click.pass_context
def evaluate(ctx: click.Context, folder: str, as_json: bool) -> None:
    """Measure the classifier on labelled mail. DIR holds the mail files and labels.jsonl."""
    pairs = list(_classified(existing(folder), rules_only(ctx)))
    found = figures.figures(pairs)
    if as_json:
        print_json([found])
        return
    table(("figure", "value"), _flat(found))
    for field in FIELDS:
        mistakes = [
            (cell, count) for cell, count in figures.confusion(pairs, field).most_common() if cell[0] != cell[1]
        ]
        click.echo(f"\n{field}: labelled, read as, messages")
        table(("labelled", "read as", "messages"), [(label, read, count) for (label, read), count in mistakes])
    for field in FIELDS[:4]:
        click.echo(f"\n{field}: stated confidence and accuracy")
        table(("from", "verdicts", "confidence", "right"), figures.reliability(pairs, field))
    click.echo("\nworst: wrong with high confidence")
    table(("file", "field", "labelled", "read as", "confidence"), _worst(pairs))


def _classified(folder: Path, config: Config) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields (labels, verdict) for each mail."""
    parser_config, senders = wiring.parser_config(config), frozenset(config.callback.form_senders)
    for line in existing(str(folder / "labels.jsonl")).read_text(encoding="utf-8").splitlines():
        if line.strip():
            labels = json.loads(line)
            reading = classify(parse(existing(str(folder / labels["file"])).read_bytes(), parser_config), senders)
            call = reading.callback
            verdict: dict[str, Any] = {name: getattr(reading, name) for name in FIELDS}
            verdict["callback"] = {"phone": call.phone, "slot": call.slot} if call else None
            yield labels, verdict | {"confidence": reading.confidence}


def _flat(found: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name} ")
        else:
            yield f"{above}{name}", value


def _worst(pairs: figures.Pairs) -> list[tuple[str, str, str, str, float]]:
    wrong = [
        (labels["file"], field, str(labels[field]), safe(verdict[field]), verdict["confidence"][field])
        for labels, verdict in pairs
        for field in FIELDS[:4]
        if labels[field] is not None and verdict[field] is not None and labels[field] != verdict[field]
    ]
    return sorted(wrong, key=lambda row: -row[-1])[:_WORST]
