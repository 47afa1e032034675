"""`oacmail` without the wait for imports: one interpreter has loaded it, and forks for every verb and every daemon.

Each runs in a process of its own, as if it had been started: with its own arguments, environment, standard output,
standard error, signals and exit code. What is spared, some hundred times in a run of the tests, is a second of
importing and of building tables. The true start is tested too: `office.COMMAND`.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from oacmail import cli, wiring
from oacmail import config as settings
from oacmail.mail.parse import parse

ROOT = Path(__file__).parents[2]
_PROGRAM = "oacmail"
_FIRST = b"From: a@example.org\r\nSubject: Hola\r\n\r\nNo puc signar la inst\xc3\xa0ncia amb l'idCAT.\r\n"
_LOADED_LATE = ("apscheduler.schedulers.background", "encodings.idna", "mailparser", "oacmail.service", "sqlite_utils")
"""What oacmail loads when it needs it, which nearly every daemon does."""


class ForkedProcess:
    """A process of the home, with what `subprocess.Popen` offers for one. It stays a zombie until its end is asked for,
    so that no signal can reach another process."""

    def __init__(self, home: "ForkingHome", pid: int) -> None:
        self.pid, self._home = pid, home
        self.returncode: int | None = None
        self._ends = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or minus the number of the signal. Raises subprocess.TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._ends, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ends], [], [], timeout)[0]:
            self.returncode = self._home.ended(self.pid)
            os.close(self._ends)
        return self.returncode


class ForkingHome:
    """`call(words)` runs `oacmail WORDS…`; `start` runs a module as `python -m` would, and returns at once."""

    def __init__(self) -> None:
        self._home: subprocess.Popen[str] | None = None

    def call(self, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        with tempfile.TemporaryDirectory(prefix="verb-") as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            pid = self._forked(_PROGRAM, words, out, err, os.environ)
            code = self.ended(pid)
            return subprocess.CompletedProcess(list(words), code, out.read_text("utf-8"), err.read_text("utf-8"))

    def start(self, module: str, words: Sequence[str], log: Path, environ: Mapping[str, str]) -> ForkedProcess:
        log.touch()  # it may be read before the process has opened it
        return ForkedProcess(self, self._forked(module, words, log, log, environ))

    def ended(self, pid: int) -> int:
        """Wait for its end; the exit code, or minus the number of the signal."""
        return self._asked({"ended": pid})

    def _forked(self, module: str, words: Sequence[str], out: Path, err: Path, environ: Mapping[str, str]) -> int:
        streams = {"out": str(out), "err": str(err)}
        return self._asked({"module": module, "words": list(words), **streams, "environ": dict(environ)})

    def _asked(self, request: Mapping[str, Any]) -> int:
        home = self._started()
        assert home.stdin is not None
        assert home.stdout is not None
        home.stdin.write(json.dumps(request) + "\n")
        home.stdin.flush()
        return int(home.stdout.readline())

    def _started(self) -> "subprocess.Popen[str]":
        if self._home is None:
            command = [sys.executable, "-m", "tests.e2e.forked"]
            self._home = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
            atexit.register(self._home.kill)
        return self._home


def _next_child() -> dict[str, Any]:
    """Serve: a line of JSON in, a number out. Returns in each child, with what it shall run."""
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        if "ended" in request:
            print(os.waitstatus_to_exitcode(os.waitpid(request["ended"], 0)[1]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            return request
        print(pid, flush=True)
    sys.exit()


def _become(request: Mapping[str, Any]) -> None:
    """In the child: what a start would have given it."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, stream in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[stream], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), descriptor)
    os.closerange(3, 10)
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.argv[1:] = request["words"]


def _prepare() -> None:
    """Load every module, and build what the first message and the first mail would build: tables, patterns, templates.

    Each of these is kept by its content, and the tests that run `office.COMMAND` build them anew.
    """
    for name in (*_LOADED_LATE, *(f"oacmail.cli.{module}" for module, _ in cli.VERBS.values())):
        import_module(name)
    config = settings.builtin()
    parse(_FIRST, wiring.parser_config(config))
    wiring.renderer(config, wiring.rules(config)).problems()
    gc.freeze()  # a child's collector does not touch, and so not copy, what all share


def _run(module: str) -> None:
    """As `python -m`, up to its end: nothing is freed piece by piece, for each piece would be copied from the home."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)


if __name__ == "__main__":
    _prepare()
    child = _next_child()
    _become(child)
    _run(child["module"])
