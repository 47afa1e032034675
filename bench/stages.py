"""The table of stages: CPU time of each stage while `once` empties the benchmark's mailbox in one process.

The named functions are timed by the CPU clock of their thread; the time of a stage inside another counts for the inner
one only. `once` parses in the same process, so that the parser's time is in the table. It never changes what they do.

    python -m bench.stages [N=1000] [--seed S]
"""

import argparse
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STAGES = {
    "parse: bytes, header, limits": ("oacmail.mail.parse:MessageSource.__init__",),
    "parse: tree of parts, text": ("oacmail.mail.parse:_body",),
    "parse: features, model, evidence": ("oacmail.mail.parse:_features",),
    "parse: the rest": ("oacmail.mail.parse:parse",),
    "look up": ("oacmail.engine.intake:look_up",),
    "view": ("oacmail.store.store:Turn.view",),
    "decide": ("oacmail.engine.engine:decide",),
    "render": ("oacmail.words.renderer:Renderer.mail", "oacmail.engine.engine:Engine._render_draft"),
    "apply": ("oacmail.store.store:Turn.apply",),
    "turns, commits": ("oacmail.engine.engine:Engine.perform", "oacmail.engine.intake:Intake._messages"),
    "hand over": ("oacmail.engine.delivery:Delivery.drain",),
    "SMTP": ("oacmail.smtp:SmtpTransport.send",),
    "fetch": ("oacmail.imap.mailbox:ImapMailbox.fetch",),
    "folder comparison": ("oacmail.engine.intake:FolderScan.scan",),
}
"""Stage -> its functions, as `module:name` or `module:Class.name`, in the module that calls them."""


class StageClock:
    """Adds the CPU time of each stage, less that of the stages inside it."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self._inner = [0.0]

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*args: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            start = time.thread_time()
            try:
                return work(*args, **named)
            finally:
                took = time.thread_time() - start
                self.seconds[stage] += took - self._inner.pop()
                self.calls[stage] += 1
                self._inner[-1] += took

        return run

    def install(self) -> None:
        for stage, places in STAGES.items():
            for place in places:
                module, _, path = place.partition(":")
                *owners, name = path.split(".")
                owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
                setattr(owner, name, self.timed(stage, getattr(owner, name)))


def child(config: str) -> None:
    """Run `once` and print {stage: [CPU seconds, calls]} as JSON; the time before the pass begins is the start."""
    from oacmail import service, wiring
    from oacmail.cli import daemon  # noqa: F401  # what the verb imports
    from oacmail.config import load

    parts = wiring.assemble(load(Path(config)))
    begun = time.process_time()
    clock = StageClock()
    clock.install()
    service.once(parts)
    parts.close()
    whole = time.process_time() - begun
    rows = {"start": (begun, 1)} | {name: (clock.seconds[name], clock.calls[name]) for name in STAGES}
    rows["other"] = (whole - sum(clock.seconds.values()), 1)
    print(json.dumps(rows))


def measure(count: int, seed: int) -> dict[str, tuple[float, int]]:
    from bench.mailbox import BenchMailbox, write_config  # not in the child, whose start is measured
    from bench.sink import Sink

    root = Path(tempfile.mkdtemp(prefix="stages-", dir="/tmp"))
    root.chmod(0o755)
    box = BenchMailbox(root, count, seed)
    try:
        with Sink(root) as sink:
            config = write_config(root, box, sink)
            command = [sys.executable, "-m", "bench.stages", "--child", str(config)]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    finally:
        box.server.stop()
        shutil.rmtree(root, ignore_errors=True)
    rows: dict[str, tuple[float, int]] = json.loads(done.stdout.splitlines()[-1])
    return rows


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("count", type=int, nargs="?", default=1000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--child", metavar="CONFIG", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.child:
        child(options.child)
        return 0
    rows = measure(options.count, options.seed)
    whole = sum(seconds for seconds, _ in rows.values())
    print(f"load {os.getloadavg()[0]:.1f}; N {options.count}; CPU {whole:.2f} s, {whole / options.count * 1000:.2f} ms")
    for name, (seconds, calls) in rows.items():
        print(f"| {name} | {seconds:.2f} | {seconds / whole:.0%} | {calls} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
