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
    CONNECTION = auto()
    WAKER = auto()


class Waker:
    """Any thread may call `wake`; it ends the current or the next wait of the waiting thread."""

    def __init__(self) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def wake(self) -> None:
        try:
            self._sender.send(b"!")
        except BlockingIOError:
            return  # a thousand calls are pending: the wait will end anyway

    def wait(self, seconds: float, connection: socket.socket | None = None) -> WakeReason:
        """Wait for the waker, for bytes on `connection`, or for the time to pass. The waker has priority."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._receiver, selectors.EVENT_READ, WakeReason.WAKER)
            if connection is not None:
                selector.register(connection, selectors.EVENT_READ, WakeReason.CONNECTION)
            ready = {key.data for key, _ in selector.select(max(0.0, seconds))}
        if WakeReason.WAKER in ready:
            self._receiver.recv(4096)
            return WakeReason.WAKER
        return WakeReason.CONNECTION if ready else WakeReason.TIME

    def close(self) -> None:
        self._receiver.close()
        self._sender.close()


def idle(client: Client, waker: Waker, seconds: float, renew: float) -> WakeReason:
    """Run IDLE until mail is announced (CONNECTION), the waker is called or time is up; renew it every `renew`
    seconds."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        client.idle()
        reason = WakeReason.CONNECTION if _buffered(client) else waker.wait(min(left, renew), client.socket())
        _, answers = client.idle_done()
        if reason is WakeReason.WAKER:
            return reason
        if any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in answers):
            return WakeReason.CONNECTION
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
