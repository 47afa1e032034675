"""Measure how the shipped tables read the mails of bench/voices.jsonl, whose writers nothing has learned from.

Usage: python -m bench.unseen. Seventeen writers with briefs of their own wrote them, each knowing the scheme of labels
and neither another's mails nor this code; one of them (v) collects machines' mail. One column for all, then one each.
Whoever learns from them leaves a writer out to measure it (bench/understand.py), and says so in docs/understanding.md.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.examples import CORPUS, mail
from oacmail.cli.figures import figures
from oacmail.core.routing.classification import classify
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores

VOICES = Path(__file__).parent / "voices.jsonl"
LINES = (
    ("kind", "kind", "macro_f1"),
    ("topic", "topic", "macro_f1"),
    ("level", "level", "macro_f1"),
    ("intent", "intent", "macro_f1"),
    ("second level: precision", "level", "second", "precision"),
    ("second level: recall", "level", "second", "recall"),
    ("call-back: telephone", "callback", "phone_exact"),
    ("call-back: slot", "callback", "slot_accuracy"),
    ("people taken for something else", "people_lost"),
    ("machines taken for people", "machines_acknowledged"),
)
Pair = tuple[Mapping[str, Any], dict[str, Any]]


def judged() -> dict[str, list[Pair]]:
    """writer -> (labels, verdict) of each mail."""
    table, found = scores.shipped(), defaultdict[str, list[Pair]](list)
    for line in VOICES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        message = parse(mail(row), CORPUS)
        reading = classify(replace(message, features=scores.weigh(message, table)))
        call = reading.callback
        verdict = {name: getattr(reading, name) for name in ("kind", "topic", "level", "intent", "language")}
        called = {"phone": call.phone, "slot": call.slot} if call else None
        found[row["writer"]].append((row, verdict | {"callback": called, "confidence": reading.confidence}))
    return found


def main() -> None:
    by_writer = judged()
    everything = [pair for pairs in by_writer.values() for pair in pairs]
    groups = {"all": everything, **by_writer}
    scored = {name: figures(pairs) for name, pairs in groups.items()}
    print(" " * 34, *(f"{name:>4}" for name in scored))
    for name, *path in LINES:
        values: list[float] = []
        for value in scored.values():
            found: Any = value
            for step in path:
                found = found[step]
            values.append(float(found))
        print(f"{name:34}", *(f"{value:4.2f}" for value in values))


if __name__ == "__main__":
    main()
