"""Measure the report of a year with many cases: `make report-cost [CASES=100000]`.

The report of December is made of a database in which no month was published, so that its trend computes all twelve.
Printed are the seconds and the peak memory of `oacmail report`, for each form; exit code 1 if the JSON takes more than
10 s of CPU or 200 MB. The charts of the page are drawn by a process of their own, which is counted with it.

    python -m bench.report_cost [CASES=100000]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import year

SECONDS, MEGABYTES = 10.0, 200.0


def main() -> int:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="report-cost-") as name:
        folder = Path(name)
        config = configured(folder, cases)
        size = (folder / "state" / "oacmail.db").stat().st_size / 1e6
        print(f"{cases} cases in a year, a database of {size:.0f} MB", flush=True)
        figures = _measured(config, "--json")
        _measured(config, "--csv", str(folder / "report.csv"))
        _measured(config, "--html", str(folder / "report.html"))
    return int(figures[0] > SECONDS or figures[1] > MEGABYTES)


def configured(folder: Path, cases: int) -> Path:
    """A configuration whose state directory holds such a year."""
    year.make(folder / "state", cases)
    config = folder / "config.toml"
    shipped = (Path(__file__).parent.parent / "config.toml").read_text("utf-8")
    lines = (line if not line.startswith("state = ") else f'state = "{folder}/state"' for line in shipped.splitlines())
    config.write_text("\n".join(lines), "utf-8")
    return config


def _measured(config: Path, *form: str) -> tuple[float, float]:
    """Seconds of CPU and megabytes of one call: a machine that others use too stretches the seconds on the wall."""
    command = [sys.executable, "-m", "oacmail", "--config", str(config), "report", "2026-12", *form]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"{form[0]}: exit {os.waitstatus_to_exitcode(status)}")
    cpu = used.ru_utime + used.ru_stime
    print(f"{form[0]:7} {cpu:5.1f} s of CPU in {seconds:5.1f} s, {used.ru_maxrss / 1024:4.0f} MB", flush=True)
    return cpu, used.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
