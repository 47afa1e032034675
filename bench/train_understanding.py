"""Makes oacmail/mail/understanding/understanding.json, the weights of kind, topic, level and intent.

Usage: python -m bench.train_understanding MAIL_DIR. Learns from all messages of MAIL_DIR, all of bench/messages.jsonl
and all phrases; the temperatures come from messages that were left out (five folds). bench/understand.py measures.
"""

import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.examples import LabelledMessage, mails, messages, phrases
from oacmail.mail.understanding import linear, scores, signals

TARGET = Path(__file__).parent.parent / "oacmail" / "mail" / "understanding" / "understanding.json"
LEAST = 3  # least number of messages with a piece or signal, so that the table holds no words of one writer
RARE = {"topic": 0.5, "level": 0.4}  # weight of the rareness of a piece, where words matter more than cues
FOLDS = 5
BALANCED = {"kind": False, "topic": True, "level": True, "intent": True}
COST = {"kind": 1.0, "topic": 1.0, "level": 3.0, "intent": 1.0}
WARMTH = {"kind": 2.0, "topic": 2.0, "level": 2.0, "intent": 2.0}


def learn(examples: Sequence[LabelledMessage], warmth: Mapping[str, float]) -> dict[str, Any]:
    """The table's JSON content, learned from `examples`; `warmth`: a field's temperature."""
    vocabulary = _common(example.pieces for example in examples)
    told = _common(example.signals for example in examples)
    rare = {field: _rareness(examples, vocabulary, RARE.get(field)) for field in signals.FIELDS}
    models = {field: _model(examples, rare[field], told, field) for field in signals.FIELDS}
    fields = [_field(field, models[field], vocabulary, warmth[field]) for field in signals.FIELDS]
    rows = {piece: _row(piece, rare, models) for piece in sorted(vocabulary)}
    return {"fields": fields, "pieces": {piece: row for piece, row in rows.items() if any(row)}}


def folds(count: int, total: int) -> list[list[int]]:
    """The indexes of `total` messages in `count` parts, shuffled by a seed."""
    places = list(range(total))
    random.Random(7).shuffle(places)
    return [places[start::count] for start in range(count)]


def warmths(examples: Sequence[LabelledMessage], extra: Sequence[LabelledMessage]) -> dict[str, float]:
    """The temperatures that fit the messages left out."""
    judged: dict[str, list[tuple[Mapping[str, float], str]]] = {field: [] for field in signals.FIELDS}
    for fold in folds(FOLDS, len(examples)):
        out = set(fold)
        table = scores.table_from(learn([*(e for at, e in enumerate(examples) if at not in out), *extra], WARMTH))
        for at in fold:
            for field, margins in zip(signals.FIELDS, scores.margins(table, examples[at].message), strict=True):
                if examples[at].labels[field] is not None:
                    judged[field].append((margins, examples[at].labels[field]))
    return {field: round(linear.temperature(pairs), 2) for field, pairs in judged.items()}


def _common(found: Iterable[Iterable[str]]) -> set[str]:
    spread = Counter(name for names in found for name in names)
    return {name for name, messages in spread.items() if messages >= LEAST}


def _rareness(examples: Sequence[LabelledMessage], vocabulary: set[str], counts: float | None) -> dict[str, float]:
    """Inverse document frequency (Spärck Jones 1972)."""
    if counts is None:
        return dict.fromkeys(vocabulary, 1.0)
    spread = Counter(piece for example in examples for piece in example.pieces & vocabulary)
    return {piece: counts * math.log((len(examples) + 1) / (messages + 1)) for piece, messages in spread.items()}


def _model(
    examples: Sequence[LabelledMessage], rare: Mapping[str, float], told: set[str], field: str
) -> dict[str, linear.Weights]:
    chosen = [example for example in examples if example.labels[field] is not None]
    rows = []
    for example in chosen:
        row = signals.row(
            example.pieces & rare.keys(),
            {name: value for name, value in example.signals.items() if name in told},
            field,
        )
        rows.append({name: value * rare.get(name, 1.0) for name, value in row.items()})
    return linear.fit(rows, [example.labels[field] for example in chosen], COST[field], balanced=BALANCED[field])


def _field(name: str, model: Mapping[str, linear.Weights], vocabulary: set[str], warmth: float) -> dict[str, Any]:
    said = sorted({feature for weights in model.values() for feature in weights} - vocabulary)
    rows = {feature: [round(weights.get(feature, 0.0), 3) for weights in model.values()] for feature in said}
    return {"name": name, "classes": list(model), "temperature": warmth, "signals": rows}


def _row(
    piece: str, rare: Mapping[str, Mapping[str, float]], models: Mapping[str, Mapping[str, linear.Weights]]
) -> list[int]:
    weights = [
        rare[field][piece] * weights.get(piece, 0.0) for field, model in models.items() for weights in model.values()
    ]
    return [max(-scores.MOST, min(scores.MOST, round(weight * scores.SCALE))) for weight in weights]


def main(folder: Path) -> None:
    examples, extra = [*mails(folder), *messages()], phrases()
    content = learn([*examples, *extra], warmths(examples, extra))
    pieces = (
        f"{json.dumps(piece)}:{json.dumps(row, separators=(',', ':'))}" for piece, row in content["pieces"].items()
    )
    fields = json.dumps(content["fields"], indent=1)
    TARGET.write_text(f'{{"fields": {fields},\n"pieces": {{\n' + ",\n".join(pieces) + "\n}}\n", encoding="utf-8")
    print(f"{TARGET}: {len(content['pieces'])} pieces, {TARGET.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
