"""What a reading of a labelled message says, and the lines of the tables that compare it with the labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from oacmail.cli.reading import Pairs, precision_recall
from oacmail.core.classification import classify
from oacmail.core.model import Message
from oacmail.mail.understanding import scores

LINES = (
    ("kind", "kind", "macro_f1"),
    ("topic", "topic", "macro_f1"),
    ("level", "level", "macro_f1"),
    ("intent", "intent", "macro_f1"),
    ("second level: precision", "level", "second", "precision"),
    ("second level: recall", "level", "second", "recall"),
    ("language", "language", "accuracy"),
    ("call-back: telephone", "callback", "phone_exact"),
    ("call-back: slot", "callback", "slot_accuracy"),
    ("people taken for something else", "people_lost"),
    ("machines taken for people", "machines_acknowledged"),
)
"""Title, and the way to the value in `figures`."""
Pair = tuple[Mapping[str, Any], dict[str, Any]]
"""The labels of a message, and the verdict on it."""


def verdict(message: Message, table: scores.Table) -> dict[str, Any]:
    reading = classify(replace(message, features=scores.weigh(message, table)))
    call = reading.callback
    found = {name: getattr(reading, name) for name in ("kind", "topic", "level", "intent", "language")}
    called = {"phone": call.phone, "slot": call.slot} if call else None
    return found | {"callback": called, "confidence": reading.confidence}


def value(found: Any, path: Sequence[str]) -> float:
    """What stands in `figures` at the end of this way."""
    for name in path:
        found = found[name]
    return float(found)


def at_once(pairs: Pairs, threshold: float) -> dict[str, float]:
    """Precision and recall of the second level among verdicts with at least this confidence (escalation.threshold)."""
    sure = [
        (label, {**verdict, "level": None if float(verdict["confidence"]["level"]) < threshold else verdict["level"]})
        for label, verdict in pairs
        if label["kind"] == "request"
    ]
    return precision_recall(sure, "level", "second")
