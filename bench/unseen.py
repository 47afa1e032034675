"""Measure how the shipped table reads the mails of a file, one column for all and one for each writer.

Usage: python -m bench.unseen FILE.jsonl ... (the form of bench/voices.jsonl). The figures mean something only for
writers that the table has not learned from: bench/understand.py leaves writers out, this measures sealed ones.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from bench.examples import CORPUS, mail
from bench.verdicts import LINES, Pair, value, verdict
from oacmail.cli.reading import figures
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores


def judged(files: Iterable[Path]) -> dict[str, list[Pair]]:
    """writer -> (labels, verdict) of each mail."""
    table, found = scores.shipped(), defaultdict[str, list[Pair]](list)
    for line in chain.from_iterable(file.read_text(encoding="utf-8").splitlines() for file in files):
        row = json.loads(line)
        found[row["writer"]].append((row, verdict(parse(mail(row), CORPUS), table)))
    return found


def main(*files: Path) -> None:
    by_writer = judged(files)
    everything = [pair for pairs in by_writer.values() for pair in pairs]
    groups = {"all": everything, **by_writer}
    scored = {name: figures(pairs) for name, pairs in groups.items()}
    print(" " * 34, *(f"{name:>4}" for name in scored))
    for name, *path in LINES:
        values = (value(found, path) for found in scored.values())
        print(f"{name:34}", *(f"{one:4.2f}" for one in values))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
