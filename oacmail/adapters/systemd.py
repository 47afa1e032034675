"""Notify systemd that the service is ready, alive, reloading or stopping (sd_notify(3), no library needed).

This module decides nothing about health. Without systemd every notification is dropped, so that the same program runs
in a terminal. A notification that cannot be sent is not an error: systemd acts on its absence itself (TimeoutStartSec,
WatchdogSec).
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Systemd:
    """`address` is $NOTIFY_SOCKET, '' if unset. `watchdog_seconds` is the watchdog's timeout, or None.

    The methods return whether the notification was sent. Ping at least every third of `watchdog_seconds`.
    """

    address: str = ""
    watchdog_seconds: float | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Systemd":
        """Read the environment that systemd sets; ignore variables for another process (sd_watchdog_enabled(3))."""
        return cls(address=environ.get("NOTIFY_SOCKET", ""), watchdog_seconds=_watchdog(environ))

    def ready(self, status: str = "") -> bool:
        """Start or reload is complete."""
        return self._tell("READY=1", f"STATUS={_one_line(status)}")

    def status(self, text: str) -> bool:
        """Set the line for `systemctl status`; ids and counts only."""
        return self._tell(f"STATUS={_one_line(text)}")

    def watchdog(self) -> bool:
        """Ping the watchdog."""
        return self._tell("WATCHDOG=1")

    def reloading(self) -> bool:
        """A reload has begun; `ready` must follow (Type=notify-reload needs the time, systemd.service(5))."""
        return self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> bool:
        """The service is stopping."""
        return self._tell("STOPPING=1")

    def _tell(self, *assignments: str) -> bool:
        if not self.address.startswith(("/", "@")):
            return False
        # "@" means an abstract socket, unix(7)
        target = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify_socket:
                notify_socket.sendto("\n".join(assignments).encode(), target)
        except OSError:
            return False
        return True


def _watchdog(environ: Mapping[str, str]) -> float | None:
    microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    ours = not pid or pid == str(os.getpid())
    return int(microseconds) / 1e6 if ours and microseconds.isascii() and microseconds.isdigit() else None


def _one_line(text: str) -> str:
    """Remove line breaks, which would start a new assignment."""
    return " ".join(text.split())
