"""`make proof`: whether all that we say of a commit holds on it, as one table.

Each row runs in a clone of the commit, with nothing else of this checkout. It holds if its command ends with 0 and says
what it says only when it held. A row that cannot run here has failed, and the table says why. What ran is kept by
commit in `.cache/proof`: a later call goes on with the rows that have no result. It judges no figure of time or memory.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

PYTHONS = {"3.13": ("/usr/bin/python3", "python3.13"), "3.11": ("python3.11", "/usr/bin/python3")}
HOUR = 60 * 60.0  # seconds that a row may take
DEB = ("lintian", "piuparts", "autopkgtest", "mmdebstrap")


class Row(NamedTuple):
    """`command`: of a shell, in the clone, with `PYTHON` and `FIRST` (a seed that no earlier commit has had) in its
    environment. `says`: a pattern of its output; the last match is the figure. `times`: how often it must be there."""

    name: str
    command: str
    says: str
    times: int = 1
    needs: Sequence[str] = ()
    python: str = "3.13"


ROWS = (
    Row("suite on 3.11", "make test", r"\d+ passed.* in .*s\b", python="3.11"),
    Row("suite on 3.13", "make test", r"\d+ passed.* in .*s\b"),
    Row("demo", "make demo", r"\d+ expectations met, 0 missed.*"),
    Row("towns", "make simulate DAYS=30 SEEDS=20 FIRST=$FIRST", "every invariant held", times=20),
    Row("kills", "make chaos KILLS=100", r"chaos: (.*)"),
    Row("power", "make power CUTS=30", r"power: (.*)"),
    Row("months", "make months MONTHS=25", r"\d+ passed.* in .*s\b"),
    Row("damages", "make damages CHANGES=300 SEED=$FIRST", r"\d+ changes .*\nevery one was named"),
    Row("rebuilds", "make rebuilds TOWNS=10 DAYS=30 FIRST=$FIRST", "they are what they were", times=10),
    Row("matrix", "make matrix DAYS=30", r"\d+ passed.* in .*s\b"),
    Row("board", "make board MOVES=1000 SEED=$FIRST", "folders, cases and events agree; no message is lost"),
    Row("latency, one by one", "make latency MESSAGES=50", r"arrival to acknowledgement, (.*)"),
    Row("latency, at once", "make latency MESSAGES=100 AT_ONCE=1", r"arrival to acknowledgement, (.*)"),
    Row("bench", "make bench N=1000", r"N \d+;.*faults none"),
    Row("deb-check", "make deb deb-check", "deb-check: (autopkgtest: passed)", needs=DEB),
    Row("booted", "make booted", r"booted: (\w+: held.*)", needs=("systemd-nspawn", "debootstrap")),
)


class Result(NamedTuple):
    """Of one run of a row. `why`: what is missing, '' = it holds."""

    why: str
    figure: str
    seconds: float


def main(root: Path, rows: Sequence[Row] = ROWS) -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("again", nargs="*", metavar="ROW", help="rows to run again; the table counts each run")
    again = asked.parse_args().again
    if unknown := set(again) - {row.name for row in rows}:
        print(f"proof: no such row: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    if _git(root, "status", "--porcelain"):
        print("proof: the checkout has changes that are in no commit: commit or remove them", file=sys.stderr)
        return 2
    commit = _git(root, "rev-parse", "HEAD")
    folder = root / ".cache" / "proof" / commit
    clone = folder / "clone"
    if not clone.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _git(root, "clone", "--quiet", str(root), str(clone))
    for row in rows:
        kept = folder / f"{row.name}.json"
        before = json.loads(kept.read_text()) if kept.exists() else []
        if not before or row.name in again:
            print(f"proof: {row.name} ...", flush=True)
            result = _run(row, clone, folder / f"{row.name}.log", int(commit[:6], 16))
            kept.write_text(json.dumps([*before, result]))
    if (clone / ".cache" / "passed").exists():  # a release asks for them
        shutil.copytree(clone / ".cache" / "passed", root / ".cache" / "passed", dirs_exist_ok=True)
    results = {
        row.name: [Result(*one) for one in json.loads((folder / f"{row.name}.json").read_text())] for row in rows
    }
    print("\n".join(_table(commit, results)))
    return int(any(runs[-1].why for runs in results.values()))


def _run(row: Row, clone: Path, log: Path, first: int) -> Result:
    python = next((name for name in PYTHONS[row.python] if _version(name) == row.python), "")
    missing = [*(name for name in row.needs if not shutil.which(name)), *([] if python else [f"Python {row.python}"])]
    if missing:
        return Result(f"not run: {', '.join(missing)} is not installed", "", 0.0)
    environ = {**os.environ, "PYTHON": python, "FIRST": str(first)}
    began, code = time.monotonic(), None
    with log.open("w") as paper:
        process = subprocess.Popen(
            row.command,
            shell=True,
            cwd=clone,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=paper,
            stderr=paper,
            start_new_session=True,
        )
        try:
            code = process.wait(HOUR)
        except subprocess.TimeoutExpired:
            pass
        finally:  # also when somebody interrupts it: no server stays
            if code is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    said = [*re.finditer(row.says, log.read_text(errors="replace"))]
    figure = " ".join((said[-1][1] if said[-1].re.groups else said[-1][0]).split()) if said else ""
    why = ""
    if code is None:
        why = f"it did not end in {HOUR / 60:.0f} minutes"
    elif code:
        why = f"it ended with {code}"
    elif len(said) < row.times:
        why = f"it said what it says when it holds {len(said)} times of {row.times}"
    return Result(why and f"{why}: {log}", figure, time.monotonic() - began)


def _table(commit: str, results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    held = sum(not runs[-1].why for runs in results.values())
    minutes = sum(run.seconds for runs in results.values() for run in runs) / 60
    yield f"{commit}, {date.today()}, {os.cpu_count()} cores: {held} of {len(results)} rows hold; {minutes:.0f} minutes"
    yield "| row | | figure | minutes |"
    yield "| --- | --- | --- | --- |"
    for name, runs in results.items():
        failed = sum(bool(run.why) for run in runs)
        word = ("fails" if runs[-1].why else "holds") + (f", {failed} of {len(runs)} runs failed" * (len(runs) > 1))
        yield f"| {name} | {word} | {runs[-1].why or runs[-1].figure} | {runs[-1].seconds / 60:.1f} |"


def _version(python: str) -> str:
    code = 'import sys; print("%d.%d" % sys.version_info[:2])'
    try:
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1]))
