"""What the service tells systemd: that it is ready, well, reloading or stopping (sd_notify(3), no library needed).

Decides nothing about health; it carries the word of those who know. Without systemd every word is dropped, so the
same program runs in a terminal. A word that cannot be delivered is no reason to fail: systemd itself acts on its
silence (TimeoutStartSec, WatchdogSec).
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Systemd:
    """`address`: $NOTIFY_SOCKET, '' = nobody listens. `watchdog_seconds`: how soon silence counts as death, or None.

    The methods return whether the word was delivered. Ping at a third of `watchdog_seconds` at the latest.
    """

    address: str = ""
    watchdog_seconds: float | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Systemd":
        """As systemd started us; variables meant for another process (sd_watchdog_enabled(3)) are not ours."""
        return cls(address=environ.get("NOTIFY_SOCKET", ""), watchdog_seconds=_watchdog(environ))

    def ready(self, status: str = "") -> bool:
        """Start or reload is complete."""
        return self._tell("READY=1", f"STATUS={_one_line(status)}")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`; ids and counts only."""
        return self._tell(f"STATUS={_one_line(text)}")

    def watchdog(self) -> bool:
        """Still alive and well."""
        return self._tell("WATCHDOG=1")

    def reloading(self) -> bool:
        """SIGHUP is being worked; `ready` must follow (Type=notify-reload wants the moment, systemd.service(5))."""
        return self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> bool:
        """The end has begun."""
        return self._tell("STOPPING=1")

    def _tell(self, *assignments: str) -> bool:
        if not self.address.startswith(("/", "@")):
            return False
        target = "\0" + self.address[1:] if self.address.startswith("@") else self.address  # "@" = abstract, unix(7)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.sendto("\n".join(assignments).encode(), target)
        except OSError:
            return False
        return True


def _watchdog(environ: Mapping[str, str]) -> float | None:
    microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    ours = not pid or pid == str(os.getpid())
    return int(microseconds) / 1e6 if ours and microseconds.isascii() and microseconds.isdigit() else None


def _one_line(text: str) -> str:
    """A line break would begin a new assignment."""
    return " ".join(text.split())
