"""Run one program to its end and read its cost from the kernel."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.sink import Sink

ROOT = Path(__file__).parent.parent
EVERY = 0.25
QUIET = 1.0
LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall`: seconds from the start to the last acknowledgement in the sink; `cpu`: user and system seconds of the
    process and its children up to its end; `peak_mb`: VmHWM, its children's added."""

    wall: float
    cpu: float
    peak_mb: float

    def line(self, count: int) -> str:
        return (
            f"{count / self.wall:7.1f}/s  wall {self.wall:6.2f} s  CPU {self.cpu:6.2f} s  peak {self.peak_mb:5.1f} MB"
        )


def measured(command: list[str], sink: Sink, log: Path, *, until: Callable[[], bool] | None) -> Cost:
    """Run to its end or, for a daemon, until `until` returns True and no mail has arrived for a second; then SIGTERM.

    RuntimeError with its log if it fails.
    """
    with log.open("wb") as out:
        start = time.time()
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        peak = _watch(process.pid, sink, until, start + LONGEST)
    finally:
        if not _ended(process.pid):
            os.kill(process.pid, signal.SIGTERM)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}\n{log.read_text(errors='replace')[-4000:]}")
    last = max((mail["at"] for mail in sink.mails() if mail["in_reply_to"]), default=time.time())
    return Cost(last - start, used.ru_utime + used.ru_stime, peak)


def _watch(pid: int, sink: Sink, until: Callable[[], bool] | None, end: float) -> float:
    """Wait until the program ends or is done; return its peak memory in MB."""
    peak, size, quiet_since = 0.0, -1, time.time()
    while time.time() < end:
        if _ended(pid):
            return peak
        peak = max(peak, _peak(pid))
        if sink.size() != size:
            size, quiet_since = sink.size(), time.time()
        elif until is not None and time.time() - quiet_since > QUIET and until():
            return peak
        time.sleep(EVERY)
    raise RuntimeError(f"process {pid} was not done within {LONGEST:.0f} s")


def _ended(pid: int) -> bool:
    """Whether the process ended; its resource usage is left for wait4."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _peak(pid: int) -> float:
    """Peak memory of a process and its current children; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = [one for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return (int(found[1]) / 1024 if found else 0.0) + sum(_peak(int(child)) for child in children)
