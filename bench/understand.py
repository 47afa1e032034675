"""Measure how well oacmail reads messages that it has not learned from, beside a plain model in the same run.

Usage: make understand MAIL=DIR, or python -m bench.understand DIR. Three columns: five folds over all messages of DIR;
each writer of DIR (file number's thousand) left out in turn and tested on; each writer of bench/messages.jsonl left
out and tested on, as a mean. oacmail always learns from messages.jsonl and the phrases too, except the writer tested.
The plain model is TF-IDF over words and character n-grams with logistic regression (scikit-learn, needed here alone:
bench/requirements.txt). The readers' figures come from two people who labelled a part of DIR again.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from bench import plain_model
from bench.examples import CORPUS, LabelledMessage, mails, messages, phrases
from bench.train_understanding import FOLDS, folds, learn
from bench.verdicts import LINES, Pair, value, verdict
from oacmail.cli.figures import at_once, figures, reliability
from oacmail.core.routing.classification import classify
from oacmail.mail.parse import parse
from oacmail.mail.understanding import labelled, scores

Judge = Callable[[LabelledMessage], dict[str, Any]]
Split = tuple[list[LabelledMessage], list[LabelledMessage]]
READERS = {"kind": 1.0, "topic": 0.95, "level": 0.98, "intent": 1.0}


def ours(learned: Sequence[LabelledMessage]) -> Judge:
    """A classifier that learned from these messages and the phrases, with the shipped temperatures."""
    warmth = {field.name: field.temperature for field in scores.shipped().fields}
    table = scores.table_from(learn([*learned, *phrases()], warmth))
    return lambda example: verdict(example.message, table)


def by_folds(examples: Sequence[LabelledMessage]) -> Iterator[Split]:
    for fold in folds(FOLDS, len(examples)):
        out = set(fold)
        yield [e for at, e in enumerate(examples) if at not in out], [examples[at] for at in fold]


def by_writers(examples: Sequence[LabelledMessage]) -> Iterator[Split]:
    for writer in sorted({example.writer for example in examples}):
        yield [e for e in examples if e.writer != writer], [e for e in examples if e.writer == writer]


def judged(splits: Iterable[Split], method: Callable[[Sequence[LabelledMessage]], Judge]) -> list[list[Pair]]:
    """(labels, verdict) of each message tested, one list for each split; no model is tested on what it learned from."""
    return [
        [(example.labels, judge(example)) for example in tested]
        for learned, tested in splits
        for judge in (method(learned),)
    ]


def main(folder: Path) -> None:
    examples, others = mails(folder), messages()
    splits = {
        "five-fold": (list(by_folds(examples)), others),
        "writer out": (list(by_writers(examples)), others),
        "others out": ([([*examples, *learned], tested) for learned, tested in by_writers(others)], []),
    }
    pairs = {}
    for how, (parts, beside) in splits.items():
        pairs[f"plain, {how}"] = judged(parts, plain_model.learn)
        pairs[f"ours, {how}"] = judged((([*learned, *beside], tested) for learned, tested in parts), ours)
    # the folds together contain every message once; the writers give three figures and their mean
    columns = {
        name: [figures(list(chain(*lists)))] if "fold" in name else [figures(of) for of in lists]
        for name, lists in pairs.items()
    }
    print(f"{'':34}" + "".join(f"{name:>20}" for name in columns) + f"{'readers':>10}")
    for name, *path in LINES:
        values = [[value(found, path) for found in column] for column in columns.values()]
        means = "".join(f"{sum(each) / len(each):20.3f}" for each in values)
        print(f"{name:34}{means}" + (f"{READERS[name]:10.2f}" if name in READERS else ""))
    for column in ("ours, writer out", "ours, others out"):
        print(f"\n{column}, one by one")
        for name, *path in LINES:
            print(f"{name:34}" + "".join(f"{value(found, path):10.3f}" for found in columns[column]))
    print("\nas shipped, on the messages of oacmail/mail/understanding/held_out.txt")
    for name, *path in LINES[:6]:
        print(f"{name:34}{value(held_out(), path):10.3f}")
    _sureness(list(chain(*pairs["ours, writer out"])))


def held_out() -> dict[str, Any]:
    """The figures of the shipped weights on invented messages outside the training data."""
    beside = {"language": None, "callback": None}
    pairs: list[Pair] = []
    for labels, raw in labelled.held_out():
        reading = classify(parse(raw, CORPUS))
        pairs.append(({**labels, **beside}, {field: getattr(reading, field) for field in plain_model.FIELDS} | beside))
    return figures(pairs)


def _sureness(pairs: Sequence[Pair]) -> None:
    print("\nours, writer out: as sure as it says?")
    for field in plain_model.FIELDS:
        for step, count, sure, right in reliability(pairs, field):
            print(f"{field:10} from {step:.1f}  {count:5} verdicts  sure {sure:.3f}  right {right:.3f}")
    for threshold in (0.7, 0.8):
        at = at_once(pairs, threshold)
        print(f"second level from {threshold}: precision {at['precision']:.3f}, recall {at['recall']:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
