"""Waiting for mail: IDLE (RFC 2177) on the open folder, and a bell that another thread can ring to end it.

Not imapclient's idle_check: that hides the end of the line (it returns an empty list at once, for ever) and does
not see what is already in the read buffer. Here every wait ends with DONE and its tagged answer, which proves
that the line is alive.
"""

import selectors
import socket
import ssl
import time
from enum import Enum, auto

from oacmail.adapters.imap.client import Client


class WakeReason(Enum):
    """What ended a wait."""

    TIME = auto()
    LINE = auto()
    BELL = auto()


class Waker:
    """Rung by any thread, heard once by the thread that waits, now or at its next wait."""

    def __init__(self) -> None:
        self._ear, self._cord = socket.socketpair()
        self._ear.setblocking(False)
        self._cord.setblocking(False)

    def ring(self) -> None:
        try:
            self._cord.send(b"!")
        except BlockingIOError:
            return  # nobody has heard the last thousand rings yet: it will be heard

    def hear(self, seconds: float, line: socket.socket | None = None) -> WakeReason:
        """Wait for the bell, for bytes on `line`, or for the time to pass. The bell comes first."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ, WakeReason.BELL)
            if line is not None:
                selector.register(line, selectors.EVENT_READ, WakeReason.LINE)
            ready = {key.data for key, _ in selector.select(max(0.0, seconds))}
        if WakeReason.BELL in ready:
            self._ear.recv(4096)
            return WakeReason.BELL
        return WakeReason.LINE if ready else WakeReason.TIME

    def close(self) -> None:
        self._ear.close()
        self._cord.close()


def idle(client: Client, bell: Waker, seconds: float, renew: float) -> WakeReason:
    """IDLE until mail is announced (LINE), the bell rings or time is up; begun anew every `renew` seconds."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        client.idle()
        heard = WakeReason.LINE if _buffered(client) else bell.hear(min(left, renew), client.socket())
        _, answers = client.idle_done()
        if heard is WakeReason.BELL:
            return heard
        if any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in answers):
            return WakeReason.LINE
    return WakeReason.TIME


def _buffered(client: Client) -> bool:
    """Whether bytes were read already, which no selector can see: in imaplib's buffer or inside TLS."""
    sock = client.socket()
    patience = sock.gettimeout()
    sock.settimeout(0)
    try:
        return bool(client.peek())
    except ssl.SSLWantReadError:
        return False
    finally:
        sock.settimeout(patience)
