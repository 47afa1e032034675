"""Measure the cost of stored cases: `make bench GROW=100000`.

The same thousand messages are worked on an empty database and on one that holds so many cases, three times in turn;
printed are the CPU seconds of each and their ratio. Exit code 1 if the ratio of the medians is above 1.3, or if
anything was lost, doubled, damaged or misplaced.

    python -m bench.grow CASES [N=1000] [--repeat R]
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.mailbox import BenchMailbox
from bench.process import Cost
from bench.run import oacmail
from bench.stored import grow

MOST = 1.3


def run(cases: int, count: int, repeat: int) -> float:
    """The ratio of the medians. Raises SystemExit if a message was handled wrongly."""
    root = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    root.chmod(0o755)
    try:
        many = root / "many"
        stored = grow(_first(root / "first", count), many, cases)
        box = _mailbox(root / "box", count, seed=1)
        try:
            pairs = [_pair(box, root / f"turn{turn}", many, stored) for turn in range(repeat)]
        finally:
            box.server.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)
    empty, full = (statistics.median(pair[at].cpu for pair in pairs) for at in (0, 1))
    print(f"on {stored} cases {full:.2f} s of CPU, on none {empty:.2f} s: {full / empty:.2f} times")
    return full / empty


def _first(root: Path, count: int) -> Path:
    """A state directory with a thousand messages of other people."""
    box = _mailbox(root, count, seed=2)
    try:
        oacmail(box, root)
    finally:
        box.server.stop()
    return root / "state"


def _mailbox(root: Path, count: int, *, seed: int) -> BenchMailbox:
    root.mkdir()
    root.chmod(0o755)
    return BenchMailbox(root, count, seed)


def _pair(box: BenchMailbox, root: Path, many: Path, stored: int) -> tuple[Cost, Cost]:
    costs = []
    for name, state in (("none", None), (str(stored), many)):
        folder = root / name
        folder.mkdir(parents=True)
        if state is not None:
            shutil.copytree(state, folder / "state")
        cost, verdict = oacmail(box, folder)
        shutil.rmtree(folder)
        print(f"{name:>7} stored {cost.line(len(box.truths))}  {verdict}", flush=True)
        if not verdict.good:
            raise SystemExit(1)
        costs.append(cost)
    return costs[0], costs[1]


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cases", type=int)
    asked.add_argument("count", type=int, nargs="?", default=1000)
    asked.add_argument("--repeat", type=int, default=3)
    options = asked.parse_args()
    return int(run(options.cases, options.count, options.repeat) > MOST)


if __name__ == "__main__":
    sys.exit(main())
