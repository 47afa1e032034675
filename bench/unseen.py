"""Measure how the shipped tables read the mails of bench/voices.jsonl, whose writers nothing has learned from.

Usage: python -m bench.unseen. Twenty-seven writers with briefs of their own wrote them; each knew the scheme of labels
and neither another's mails nor this code; one of them (v) collects machines' mail. One column for all, then one each.
Whoever learns from them leaves a writer out to measure it (bench/understand.py), and says so in docs/understanding.md.
"""

import json
from collections import defaultdict
from pathlib import Path

from bench.examples import CORPUS, mail
from bench.verdicts import LINES, Pair, value, verdict
from oacmail.cli.figures import figures
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores

VOICES = Path(__file__).parent / "voices.jsonl"


def judged() -> dict[str, list[Pair]]:
    """writer -> (labels, verdict) of each mail."""
    table, found = scores.shipped(), defaultdict[str, list[Pair]](list)
    for line in VOICES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["writer"]].append((row, verdict(parse(mail(row), CORPUS), table)))
    return found


def main() -> None:
    by_writer = judged()
    everything = [pair for pairs in by_writer.values() for pair in pairs]
    groups = {"all": everything, **by_writer}
    scored = {name: figures(pairs) for name, pairs in groups.items()}
    print(" " * 34, *(f"{name:>4}" for name in scored))
    for name, *path in LINES:
        values = (value(found, path) for found in scored.values())
        print(f"{name:34}", *(f"{one:4.2f}" for one in values))


if __name__ == "__main__":
    main()
