"""imapclient with two limits; the only module that uses the private imaplib object below it (`_imap`).

imaplib reads literals of any length and collects answers without limit: a server that announces four gigabytes would
get them. Here no literal is longer than a message that is read whole, and the answer to one command is limited. Above
either limit, TooLarge ends the connection and the rest stays unread.
"""

import imaplib
import socket
import ssl

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from oacmail.adapters.imap.settings import TooLarge

_HEADROOM = 1024 * 1024  # above max_bytes: servers estimate sizes, and a part of a large message may be this large
_ANSWER = 64 * 1024 * 1024  # bytes for one command: sizes and dates of about 400,000 messages
_LINE_COST = 64  # bytes of memory for each line in addition to its text


class Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
    """A connection. `max_bytes` is the largest message that is read whole; `tls` None means no TLS from the start."""

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None, timeout: SocketTimeout, max_bytes: int
    ) -> None:
        self._max_literal = max_bytes + _HEADROOM
        super().__init__(host, port, ssl=tls is not None, ssl_context=tls, timeout=timeout)
        # imapclient sends the end of a command's line by itself: without this, it waits for the server's delayed ACK.
        self._imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._imap.debug = 0  # otherwise imaplib formats the repr of every message for a debug log
        self.normalise_times = False

    def rows(self, command: str, *words: str) -> list[object]:
        """Return the untagged answers to a command that imapclient does not offer in this form."""
        _, rows = self._imap._simple_command(command, *words)
        _, rows = self._imap._untagged_response("OK", rows, command)
        return list(rows)

    def uid(self, command: str, *words: str) -> list[object]:
        """Run imaplib's own UID command and check its result: a NO is not an empty answer."""
        verdict, rows = self._imap.uid(command, *words)
        if verdict != "OK":
            raise IMAPClientError(f"{command}: {rows!r}")
        return list(rows)

    def copied(self) -> dict[int, tuple[int, int]]:
        """Take the COPYUID codes (RFC 4315 section 3) of the last MOVE or COPY: UID to (UIDVALIDITY, new UID)."""
        found: dict[int, tuple[int, int]] = {}
        for code in self.take_untagged("COPYUID"):
            epoch, old, new = code.split()[:3]
            found |= {uid: (int(epoch), to) for uid, to in zip(_uids(old), _uids(new), strict=False)}
        return found

    def take_untagged(self, name: str) -> list[bytes]:
        """Take the unread untagged answers of this name; imaplib keeps them no longer."""
        return list(self._imap.untagged_responses.pop(name, None) or ())

    def peek(self) -> bytes:
        """Return bytes that imaplib has buffered and nobody has read; at least one byte if the socket has one."""
        return bytes(self._imap.file.peek(1))

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  # imapclient's name
        patience = self._timeout.connect
        if self.ssl:
            return _Encrypted(self.host, self.port, self.ssl_context, patience, max_literal=self._max_literal)
        return _Plain(self.host, self.port, patience, max_literal=self._max_literal)


def _uids(numbers: bytes) -> list[int]:
    """Return the UIDs of a set, in the order in which it names them."""
    found: list[int] = []
    for one in numbers.split(b","):
        first, _, last = one.partition(b":")
        low, high = int(first), int(last or first)
        found += range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return found


class _Bounded(imaplib.IMAP4):
    """Counts the bytes that are read between two commands."""

    def __init__(self, *args: object, max_literal: int) -> None:
        self._max_literal, self._room = max_literal, _ANSWER
        super().__init__(*args)  # type: ignore[arg-type]  # those of the next class

    def send(self, data: bytes) -> None:  # type: ignore[override]  # imaplib sends bytes and nothing else
        self._room = _ANSWER
        super().send(data)

    def read(self, size: int) -> bytes:
        if size > self._max_literal:
            raise TooLarge(f"IMAP: the server announces {size} bytes at once, and the limit is {self._max_literal}")
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._spend(len(line) + _LINE_COST)
        return line

    def _spend(self, octets: int) -> None:
        self._room -= octets
        if self._room < 0:
            raise TooLarge(f"IMAP: the server answers without an end: more than {_ANSWER} bytes for one command")


class _Plain(_Bounded, IMAP4WithTimeout):  # type: ignore[misc]
    """No TLS from the start; STARTTLS is possible."""


class _Encrypted(_Bounded, IMAP4_TLS):  # type: ignore[misc]
    """TLS from the first byte."""
