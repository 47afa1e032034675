"""Measure how well oacmail reads messages by writers that it has not learned from, beside a plain model.

Usage: make understand. All messages (bench/examples.py) are parted by writer; each part is read by models that learned
from the others: the shipped method (bench/model.py), and TF-IDF with logistic regression (bench/plain_model.py).
bench.unseen measures the shipped table.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from bench import model, plain_model
from bench.examples import PHRASES_WRITER, LabelledMessage, everything
from bench.verdicts import LINES, Pair, at_once, value, verdict
from oacmail.cli.reading import figures, reliability
from oacmail.mail.understanding import scores

Judge = Callable[[LabelledMessage], dict[str, Any]]
THRESHOLDS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9)


def ours(learned: Sequence[LabelledMessage]) -> Judge:
    table = scores.table_of(model.learn(learned))
    return lambda example: verdict(example.message, table)


def judged(examples: Sequence[LabelledMessage], method: Callable[[Sequence[LabelledMessage]], Judge]) -> list[Pair]:
    """(labels, verdict) of each message, by a model that has learned nothing from its writer."""
    found: list[Pair] = []
    for part in model.by_writers(examples):
        out = {int(at) for at in part}
        judge = method([example for at, example in enumerate(examples) if at not in out])
        found += [(e.labels, judge(e)) for e in map(examples.__getitem__, sorted(out)) if e.writer != PHRASES_WRITER]
    return found


def show(columns: dict[str, dict[str, Any]]) -> None:
    print(f"{'':34}" + "".join(f"{name:>10}" for name in columns))
    for name, *path in LINES:
        print(f"{name:34}" + "".join(f"{value(found, path):10.3f}" for found in columns.values()))


def sureness(pairs: Sequence[Pair]) -> None:
    """Print whether the reading is as sure as it says."""
    for field in plain_model.FIELDS:
        for step, count, sure, right in reliability(pairs, field):
            print(f"{field:10} from {step:.1f}  {count:5} verdicts  sure {sure:.3f}  right {right:.3f}")
    for threshold in THRESHOLDS:
        at = at_once(pairs, threshold)
        print(f"second level from {threshold}: precision {at['precision']:.3f}, recall {at['recall']:.3f}")


def main() -> None:
    examples = everything()
    pairs = {name: judged(examples, method) for name, method in (("plain", plain_model.learn), ("ours", ours))}
    show({name: figures(list(chain(of))) for name, of in pairs.items()})
    sureness(pairs["ours"])


if __name__ == "__main__":
    main()
