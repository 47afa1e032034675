"""Programs that the demo starts and must end: nothing runs on, whatever happens to the demo itself.

Each child is a session of its own, so that Ctrl-C on the terminal reaches the demo alone, which then ends them in
order. Their environment is ours without all that could point at the machine's real oacmail or at its secrets.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from types import FrameType

PATIENCE = 6.0  # seconds between SIGTERM and SIGKILL; the daemon promises to end within 5
_PRIVATE = ("OACMAIL_", "MAIL_", "NOTIFY_", "WATCHDOG_", "CREDENTIALS_", "LISTEN_")
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a child sees. UTC, since mail-devel writes local times without a zone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    return {**kept, "TZ": "UTC", "PYTHONUNBUFFERED": "1", **more}


@contextmanager
def child(
    command: Sequence[str], *, folder: Path, log: Path, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` in `folder` for as long as the block lasts; both its streams go to `log`."""
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own words
            command,
            cwd=folder,
            env=environment(more or {}),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """SIGTERM, then SIGKILL for who does not listen: (exit code, seconds it took)."""
    begun = monotonic()
    process.terminate()
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    return code, monotonic() - begun


@contextmanager
def interruptible() -> Iterator[None]:
    """A closed terminal or a SIGTERM unwinds the demo like Ctrl-C does, and the children with it."""
    before = {number: signal.signal(number, _interrupt) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def until(holds: Callable[[], bool], seconds: float, *, every: float = 0.05) -> bool:
    """Whether `holds` came true in time."""
    deadline = monotonic() + seconds
    while not holds():
        if monotonic() > deadline:
            return False
        sleep(every)
    return True
