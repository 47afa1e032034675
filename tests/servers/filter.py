"""A content filter that the relay asks before it answers: it thinks for as long as it is told, and may refuse.

Speaks the milter protocol, version 6, as far as Postfix needs it (MILTER_README, `smtpd_milters`): it is asked at MAIL,
at RCPT and after the last byte of DATA, and looks at nothing. While it thinks Postfix has the whole mail and has not
answered; when it agrees the mail is delivered, whether or not the sender still listens.
"""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable

from tests.servers.ports import HOST

_STAGES = {b"M": "MAIL", b"R": "RCPT", b"E": "DATA"}
_SILENT = b"DAK"  # macros, an aborted mail, the end of one of several: no answer is expected
_NEGOTIATE, _QUIT = b"O", b"Q"
# version 6, no changes to mails, and none of: connect, helo, body, headers, end of headers, unknown, data
_TERMS = struct.pack(">3I", 6, 0, 0x1 | 0x2 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200)


class Filter:
    """`with Filter() as mind:`, then `MailServers(options=PostfixOptions(filter_port=mind.port))`.

    `pause`: asked after each DATA, seconds to think. `replies`: by "MAIL", "RCPT" or "DATA", what the relay shall say
    instead of 250, like "451 4.7.1 not now". `asked`: how often, by the same words; `thought`: how many mails it held
    up for half a second or more, `thinking`: over how many it sits now.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.pause: Callable[[], float] = lambda: 0.0
        self.replies: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.thought = self.thinking = 0
        self._guard = threading.Lock()
        self._waiting = threading.Event()

    def __enter__(self) -> "Filter":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._waiting.set()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed: the test is over
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as stream:
            try:
                while (head := stream.read(4)) and len(head) == 4:
                    packet = stream.read(struct.unpack(">I", head)[0])
                    if packet[:1] == _QUIT:
                        return
                    if packet[:1] not in _SILENT:
                        answer = self._answer(packet[:1])
                        line.sendall(struct.pack(">I", len(answer)) + answer)
            except OSError:
                return  # the relay was ended in the midst of a mail

    def _answer(self, command: bytes) -> bytes:
        if command == _NEGOTIATE:
            return _NEGOTIATE + _TERMS
        stage = _STAGES.get(command, "")
        self.asked[stage] += 1
        if stage == "DATA":
            self.think()
        reply = self.replies.get(stage, "")
        return b"y" + reply.encode() + b"\0" if reply else b"c"

    def think(self) -> None:
        """Over one mail, as long as `pause` says."""
        seconds = self.pause()
        if seconds < 0.5:
            self._waiting.wait(seconds)
            return
        with self._guard:
            self.thought, self.thinking = self.thought + 1, self.thinking + 1
        self._waiting.wait(seconds)
        with self._guard:
            self.thinking -= 1
