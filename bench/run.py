"""The benchmark of `make bench`: the floor program and `oacmail run` empty the same mailbox in the same call.

Each gets an empty database, the mailbox on a private Dovecot (plain IMAP, loopback) and a sink that counts. Printed
for each: messages a second from the start of the process to the last acknowledgement in the sink, CPU seconds (user
and system) of the process, its peak memory (VmHWM), and the verdict on what it stored and sent; then oacmail's rate
and CPU as parts of the floor's. Exit code 1 if oacmail lost, doubled, damaged or misplaced anything.

    python -m bench.run [N=1000] [--repeat R] [--seed S] [--save]      --save: a line in docs/benchmarks.md
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from bench import instructions, judge
from bench.corpus import Truth
from bench.judge import Stored, Verdict
from bench.mailbox import USER, BenchMailbox, write_config
from bench.process import Cost, measured
from bench.sink import Sink
from tests.servers.dovecot import PASSWORD

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"


def floor(box: BenchMailbox, root: Path) -> tuple[Cost, Verdict]:
    database = root / "floor.db"
    with Sink(root) as sink:
        ports = (str(box.server.imap_port), str(sink.port))
        command = [sys.executable, "-m", "bench.floor", *ports, USER, PASSWORD, str(database)]
        cost = measured(command, sink, root / "log", until=None)
        return cost, _verdict(box.truths, judge.floor, database, sink)


def oacmail(box: BenchMailbox, root: Path) -> tuple[Cost, Verdict]:
    database = root / "state" / "oacmail.db"
    with Sink(root) as sink:
        command = [sys.executable, "-m", "oacmail", "--config", str(write_config(root, box, sink)), "run"]
        cost = measured(command, sink, root / "log", until=lambda: judge.idle(database))
        return cost, _verdict(box.truths, judge.oacmail, database, sink)


def _verdict(truths: Sequence[Truth], read: Callable[[Path], Stored], database: Path, sink: Sink) -> Verdict:
    return judge.verdict(truths, read(database), sink.mails())


PROGRAMS = {"floor": floor, "oacmail": oacmail}


def run(count: int, repeat: int, seed: int) -> dict[str, list[tuple[Cost, Verdict]]]:
    """Run `repeat` interleaved pairs."""
    root = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    root.chmod(0o755)
    box = BenchMailbox(root, count, seed)
    runs: dict[str, list[tuple[Cost, Verdict]]] = {name: [] for name in PROGRAMS}
    try:
        for turn in range(repeat):
            for name, program in PROGRAMS.items():
                folder = root / f"{name}{turn}"
                folder.mkdir()
                cost, verdict = program(box, folder)
                runs[name].append((cost, verdict))
                print(f"{name:8} {cost.line(count)}  {verdict}", flush=True)
    finally:
        box.server.stop()
        shutil.rmtree(root, ignore_errors=True)
    return runs


def summary(count: int, runs: dict[str, list[tuple[Cost, Verdict]]]) -> list[str]:
    """Cells for a row: N, rates, CPU, memory, ratios, faults; medians of the runs."""
    costs = {name: [cost for cost, _ in some] for name, some in runs.items()}
    rate = {name: statistics.median(count / cost.wall for cost in some) for name, some in costs.items()}
    cpu = {name: statistics.median(cost.cpu for cost in some) for name, some in costs.items()}
    peak = statistics.median(cost.peak_mb for cost in costs["oacmail"])
    faults = sum(not verdict.good for _, verdict in runs["oacmail"])
    return [
        str(count),
        *(f"{rate[name]:.0f}" for name in PROGRAMS),
        *(f"{cpu[name]:.2f}" for name in PROGRAMS),
        f"{rate['oacmail'] / rate['floor']:.2f}",
        f"{cpu['floor'] / cpu['oacmail']:.2f}",
        f"{peak:.0f}",
        "none" if not faults else f"in {faults} runs",
    ]


HEADS = ("N", "floor/s", "oacmail/s", "floor CPU s", "oacmail CPU s", "of the floor: rate", "CPU", "peak MB", "faults")


def save(cells: list[str]) -> None:
    where = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(f"| {date.today()} | {where} | {' | '.join(cells)} |\n")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("count", type=int, nargs="?", default=1000)
    asked.add_argument("--repeat", type=int, default=1)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--save", action="store_true")
    options = asked.parse_args()
    runs = run(options.count, options.repeat, options.seed)
    cells = summary(options.count, runs)
    print("; ".join(f"{head} {cell}" for head, cell in zip(HEADS, cells, strict=True)))
    if instructions.perf_runs():
        print(
            f"{instructions.count(options.count, instructions.PERF, options.seed) / 1e9:.2f}·10⁹ instructions of `once`"
        )
    if options.save:
        save(cells)
    return 0 if all(verdict.good for _, verdict in runs["oacmail"]) else 1


if __name__ == "__main__":
    sys.exit(main())
