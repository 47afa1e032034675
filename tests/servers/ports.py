"""Free TCP ports on loopback, and whether somebody listens there already."""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that was free a moment ago. No two calls of one process get the same one."""
    while True:
        with socket.socket() as sock:
            sock.bind((HOST, 0))
            port = int(sock.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def greets(port: int, greeting: bytes) -> bool:
    """Whether a server on that port says hello with these first bytes."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as sock:
            return sock.recv(128).startswith(greeting)
    except OSError:
        return False


_given: set[int] = set()
