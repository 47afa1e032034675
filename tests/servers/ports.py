"""Free TCP ports on loopback, and whether somebody listens there already.

The ports lie below the range that the kernel takes for outgoing connections and for `bind(0)` (ip(7),
ip_local_port_range): nobody takes the port of a server that is stopped for a moment. Each process claims blocks of
ports for as long as it lives, by a lock on a file, so that any number of test runs work side by side.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

HOST = "127.0.0.1"
_LOWEST, _BLOCK = 10_240, 64


def free_port() -> int:
    """A port on which nobody listens. No other call gets it while this process lives."""
    return next(_ports)


def greets(port: int, greeting: bytes) -> bool:
    """Whether a server on that port says hello with these first bytes."""
    try:
        with socket.create_connection((HOST, port), timeout=10) as sock:
            return sock.recv(128).startswith(greeting)
    except OSError:
        return False


def _free() -> Iterator[int]:
    for first in range(_LOWEST, _first_outgoing() - _BLOCK, _BLOCK):
        if _claimed(first):
            yield from filter(_bindable, range(first, first + _BLOCK))
    raise RuntimeError(f"all ports from {_LOWEST} are taken by other processes")


def _first_outgoing() -> int:
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return low if low > _LOWEST + _BLOCK else 65_536  # no room below: then the lock alone must do


def _claimed(first: int) -> bool:
    """Whether the block is ours now. The lock ends with this process, also when it is killed."""
    folder = Path("/tmp") / f"oacmail-ports-{os.getuid()}"  # not TMPDIR: one place for all of the machine
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / str(first)).open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _locks.append(file)
    return True


def _bindable(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
        return True


_locks: list[BinaryIO] = []
_ports = _free()
