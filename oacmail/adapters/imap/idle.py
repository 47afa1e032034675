"""Wait for mail: IDLE (RFC 2177) on the open folder, and a waker with which another thread can end the wait.

imapclient's idle_check is not used: it hides the end of the connection (it returns an empty list immediately, forever)
and ignores data in the read buffer. Here every wait ends with DONE and its tagged answer, which proves that the
connection works.
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
    """Any thread may call `wake`; it ends the current or the next wait of the waiting thread."""

    def __init__(self) -> None:
        self._ear, self._cord = socket.socketpair()
        self._ear.setblocking(False)
        self._cord.setblocking(False)

    def ring(self) -> None:
        try:
            self._cord.send(b"!")
        except BlockingIOError:
            return  # a thousand calls are pending: the wait will end anyway

    def hear(self, seconds: float, line: socket.socket | None = None) -> WakeReason:
        """Wait for the waker, for bytes on `connection`, or for the time to pass. The waker has priority."""
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
    """Run IDLE until mail is announced (CONNECTION), the waker is called or time is up; renew it every `renew`
    seconds."""
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
    """True if bytes are buffered in imaplib or in TLS, where no selector sees them."""
    sock = client.socket()
    patience = sock.gettimeout()
    sock.settimeout(0)
    try:
        return bool(client.peek())
    except ssl.SSLWantReadError:
        return False
    finally:
        sock.settimeout(patience)
