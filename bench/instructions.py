"""Count the instructions of `oacmail once` over the benchmark's mailbox: a figure that no other load moves.

`perf stat` counts where the machine lets it (user space only); elsewhere valgrind's cachegrind counts, thirty times
slower. Both count the whole process: its start, N messages and its end, but neither Dovecot nor the relay.

    python -m bench.instructions [N=40] [--seed S]
    python -m bench.instructions --check    fails above 1.03 of the count recorded in bench/instructions.json
    python -m bench.instructions --save     records it there: its commit says why, docs/benchmarks.md gets a line
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.mailbox import BenchMailbox, write_config
from bench.sink import Sink

ROOT = Path(__file__).parent.parent
RECORDED = Path(__file__).with_suffix(".json")
COUNT = 40
"""What `--check` counts: the start and forty mails, half a minute under valgrind."""
MORE = 1.03
PERF = ("perf", "stat", "-x,", "-e", "instructions:u")
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNTED = re.compile(r"(?:^(\d+),[^,]*,instructions:u|I +refs: +([\d,]+))", re.MULTILINE)


def perf_runs() -> bool:
    """Whether this machine lets perf count."""
    said = shutil.which(PERF[0]) and subprocess.run([*PERF, "true"], check=False, capture_output=True, text=True).stderr
    return bool(said and _COUNTED.search(said))


def count(messages: int, counts: Sequence[str], seed: int = 1) -> int:
    """The instructions of `once` over so many messages and an empty database; RuntimeError with its log if it fails."""
    _once(messages, (), seed)  # else the first count has the compiler in it
    said = _once(messages, counts, seed)
    if not (found := _COUNTED.search(said)):
        raise RuntimeError(f"{counts[0]} counted nothing\n{said[-4000:]}")
    return int((found[1] or found[2]).replace(",", ""))


def _once(messages: int, counts: Sequence[str], seed: int) -> str:
    """What `once` and the program that counts write to standard error."""
    root = Path(tempfile.mkdtemp(prefix="instructions-", dir="/tmp"))
    root.chmod(0o755)
    box = BenchMailbox(root, messages, seed)
    try:
        with Sink(root) as sink:
            command = [*counts, sys.executable, "-m", "oacmail", "--config", str(write_config(root, box, sink)), "once"]
            environ = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
            done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, env=environ)
    finally:
        box.server.stop()
        shutil.rmtree(root, ignore_errors=True)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}\n{done.stderr[-4000:]}")
    return done.stderr


def build() -> str:
    """What the count depends on beside our code: another compiler or Python gives another figure for the same code."""
    return f"Python {platform.python_version()}, {platform.python_compiler()}, {platform.machine()}"


def check(found: int, recorded: dict[str, int]) -> str:
    """What is wrong with this count, or nothing; a build without a record cannot be wrong."""
    before = recorded.get(build(), found)
    if found <= before * MORE:
        return ""
    return (
        f"`once` over {COUNT} messages needs {found / 1e9:.2f}·10⁹ instructions, {found / before:.3f} of the recorded "
        f"{before / 1e9:.2f}·10⁹: make it cheaper, or say so (python -m bench.instructions --save)"
    )


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("count", type=int, nargs="?", default=COUNT)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--check", action="store_true")
    asked.add_argument("--save", action="store_true")
    options = asked.parse_args()
    exact = options.check or options.save
    counts = PERF if perf_runs() and not exact else VALGRIND
    found = count(COUNT if exact else options.count, counts, 1 if exact else options.seed)
    print(f"{found / 1e9:.3f}·10⁹ instructions, counted by {counts[0]}; {build()}")
    recorded: dict[str, int] = json.loads(RECORDED.read_text())
    if options.save:
        RECORDED.write_text(json.dumps(recorded | {build(): found}, indent=1) + "\n")
    wrong = check(found, recorded) if options.check else ""
    if wrong:
        print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
