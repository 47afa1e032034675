"""How well oacmail reads letters that it has not learned from, beside a plain model in the same run.

Usage: python -m bench.understand MAIL_DIR. Two columns: five folds over all letters, and each writer (file number's
thousand) left out in turn and tested on, the mean of them. The plain model is TF-IDF over words and character
n-grams with logistic regression (scikit-learn, needed here alone: pip install scikit-learn). The readers' figures
are those of two people who labelled a part of the same letters anew.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench import plain_model
from bench.examples import Example, mails, phrases
from bench.train_understanding import FOLDS, WARMTH, folds, learn
from oacmail.cli.figures import figures
from oacmail.core.classify import classify
from oacmail.mail import scores

Judge = Callable[[Example], dict[str, Any]]
READERS = {"kind": 1.0, "topic": 0.95, "level": 0.98, "intent": 1.0}
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


def ours(learned: Sequence[Example]) -> Judge:
    """A judge that has learned from these letters and the phrases."""
    table = scores.of(learn([*learned, *phrases()], WARMTH))

    def judge(example: Example) -> dict[str, Any]:
        words = {**example.message.words, **scores.scores(example.message, table)}
        reading = classify(replace(example.message, words=MappingProxyType(words)))
        call = reading.callback
        found = {name: getattr(reading, name) for name in ("kind", "topic", "level", "intent", "language")}
        return found | {"callback": {"phone": call.phone, "slot": call.slot} if call else None}

    return judge


def by_folds(examples: Sequence[Example]) -> Iterator[tuple[list[Example], list[Example]]]:
    for fold in folds(FOLDS, len(examples)):
        out = set(fold)
        yield [e for at, e in enumerate(examples) if at not in out], [examples[at] for at in fold]


def by_writers(examples: Sequence[Example]) -> Iterator[tuple[list[Example], list[Example]]]:
    for writer in sorted({example.writer for example in examples}):
        yield [e for e in examples if e.writer != writer], [e for e in examples if e.writer == writer]


def five_fold(examples: Sequence[Example], method: Callable[[Sequence[Example]], Judge]) -> dict[str, Any]:
    """The figures of all letters together, each judged by what had not learned from it."""
    pairs = []
    for learned, tested in by_folds(examples):
        judge = method(learned)
        pairs += [(example.labels, judge(example)) for example in tested]
    return figures(pairs)


def left_out(examples: Sequence[Example], method: Callable[[Sequence[Example]], Judge]) -> list[dict[str, Any]]:
    """The figures of each writer, judged by what had learned from the others."""
    return [_tested(method(learned), tested) for learned, tested in by_writers(examples)]


def _tested(judge: Judge, tested: Sequence[Example]) -> dict[str, Any]:
    return figures([(example.labels, judge(example)) for example in tested])


def _value(found: Any, path: Sequence[str]) -> float:
    for name in path:
        found = found[name]
    return float(found)


def main(folder: Path) -> None:
    examples = mails(folder)
    columns = {
        "plain, five-fold": [five_fold(examples, plain_model.learn)],
        "ours, five-fold": [five_fold(examples, ours)],
        "plain, writer out": left_out(examples, plain_model.learn),
        "ours, writer out": left_out(examples, ours),
    }
    print(f"{'':34}" + "".join(f"{name:>20}" for name in columns) + f"{'readers':>10}")
    for name, *path in LINES:
        values = [[_value(found, path) for found in column] for column in columns.values()]
        means = "".join(f"{sum(each) / len(each):20.3f}" for each in values)
        print(f"{name:34}{means}" + (f"{READERS[name]:10.2f}" if name in READERS else ""))
    print(json.dumps({name: column for name, column in columns.items() if name.startswith("ours")}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
