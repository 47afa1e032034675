"""Child processes of the demo. All of them end with the demo, whatever happens to it.

Each child has its own session, so that Ctrl-C on the terminal reaches the demo alone, which then ends them in order.
Their environment is ours without the variables that point at the machine's real oacmail or at its secrets.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from types import FrameType
from typing import IO

PATIENCE = 6.0  # seconds between SIGTERM and SIGKILL; the daemon promises to end within 5
VERB_SECONDS = 30.0
_PRIVATE = ("OACMAIL_", "MAIL_", "NOTIFY_", "WATCHDOG_", "CREDENTIALS_", "LISTEN_")
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_Stream = IO[bytes] | int
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child. The zone is UTC because mail-devel writes local times without a zone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    return {**kept, "TZ": "UTC", "PYTHONUNBUFFERED": "1", **more}


class Children:
    """All processes of the demo. The end of the `with` block ends them, the last one first.

    A closed terminal and SIGTERM unwind the demo like Ctrl-C. While a child starts they wait, because an interrupted
    Popen would leave an unknown process.
    """

    def __init__(self) -> None:
        self._known: list[subprocess.Popen[bytes]] = []
        self._starting = Lock()
        self._interrupted = False
        self._before: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> "Children":
        self._before = {number: signal.signal(number, self._interrupt) for number in _ENDINGS}
        return self

    def __exit__(self, *_: object) -> None:
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self._known):
            end(process)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(
        self, command: Sequence[str], *, folder: Path, log: Path, more: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program in `folder`; both output streams go to `log`."""
        with log.open("ab") as stream:
            return self._start(command, folder, stream, stream, more or {})

    def run(self, command: Sequence[str], *, folder: Path) -> tuple[int, str, str]:
        """Run a program to its end: (exit code, stdout, stderr). Raises subprocess.TimeoutExpired."""
        process = self._start(command, folder, subprocess.PIPE, subprocess.PIPE, {})
        out, err = process.communicate(timeout=VERB_SECONDS)
        return process.returncode, out.decode(), err.decode()

    def _start(
        self, command: Sequence[str], folder: Path, out: _Stream, err: _Stream, more: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        with self._starting:
            process = subprocess.Popen(  # noqa: S603 - fixed commands
                command,
                cwd=folder,
                env=environment(more),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            self._known.append(process)
        if self._interrupted:
            raise KeyboardInterrupt
        return process

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
        if not self._starting.locked():
            raise KeyboardInterrupt


def end(process: "subprocess.Popen[bytes]") -> tuple[int, float]:
    """Send SIGTERM, then SIGKILL after `PATIENCE` seconds: (exit code, seconds it took)."""
    begun = monotonic()
    process.terminate()
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    return code, monotonic() - begun


def until(holds: Callable[[], bool], seconds: float, *, every: float = 0.05) -> bool:
    """Poll `holds`; return whether it became true within `seconds`."""
    deadline = monotonic() + seconds
    while not holds():
        if monotonic() > deadline:
            return False
        sleep(every)
    return True
