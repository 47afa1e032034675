"""A wire between a client and a server that can be cut or stalled at will."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

from tests.servers.ports import HOST

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER 0: closing sends RST


class Proxy:
    """`with Proxy(server_port) as wire: connect to wire.port`. Only loopback, one target, many lines."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._open = threading.Event()
        self._open.set()
        self._stalled = False
        self.lines = 0  # how many were made so far
        self.said: list[bytes] = []  # what clients sent, as it came

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RD)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """All lines break now, with a reset at both ends; new ones are welcome.

        A socket is closed only when no thread reads from it any more: the end of reading wakes each of them.
        """
        ends = []
        while self._ends:
            ends.append(socket.socket(fileno=self._ends.pop().detach()))  # no pump finds it again
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):  # the other side has already closed
                end.shutdown(socket.SHUT_RD)
            end.close()

    def refuse(self) -> None:
        """All lines break, and new ones at once after they were accepted, until `restore`."""
        self._open.clear()
        self.cut()

    def stall(self) -> None:
        """Half-open: from now on bytes of either side vanish, on old lines and on new ones, until `restore`."""
        self._stalled = True

    def restore(self) -> None:
        """An honest wire again for new lines. What was swallowed stays lost."""
        self._stalled = False
        self._open.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed: the test is over
            if not self._open.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection((HOST, self._target))
            except OSError:  # the server is down: so is the line
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends += [near, far]
            self.lines += 1
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            heard = self.said if sink.getpeername()[1] == self._target else []
            while data := source.recv(65_536):
                heard.append(data)
                if not self._stalled:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # one end is gone; `cut` has told the other
