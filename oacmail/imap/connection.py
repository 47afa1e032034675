"""One authenticated connection to the mailbox that restores itself: settings, limits of the server, login, SELECT,
IDLE. It knows no message.
"""

import imaplib
import re
import selectors
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from functools import partial
from typing import Literal

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from oacmail.core.errors import LOGIN_PAUSE, ConfigError, OacmailError, Transient
from oacmail.core.ports import FolderState
from oacmail.servers import (
    CONNECT_SECONDS,
    GOODBYE_SECONDS,
    ServerSettings,
    Validity,
    fault,
    is_loopback,
    validity_of_peer,
)

# --- Settings --------------------------------------------------------------------------------------------------------


class ImapSettings(ServerSettings, frozen=True, kw_only=True):
    r"""`watch` holds folder names, or special uses such as `\Sent` (RFC 6154); empty means INBOX and \Sent. `sent` and
    `junk` are the names of the folders of sent mail and of junk; '' means automatic. A message of more than
    `max_bytes` is read in part."""

    port: int = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    watch: tuple[str, ...] = ()
    sent: str = ""
    junk: str = ""
    max_bytes: int = 5 * 1024 * 1024
    idle_minutes: float = 9.0


class ImapLoginRefused(Transient):
    """The server refused the login. This is temporary: passwords and tokens are changed."""

    at_least = LOGIN_PAUSE


class TooLarge(Transient):
    """The server announces or sends more than the limit. The rest stays unread and the connection is closed."""


# --- Limits ----------------------------------------------------------------------------------------------------------
# An IMAP server's own limits, as its answers name them, and how long it asks us to stay away. They are never the fault
# of a message or a password.
#
# Sources: Exchange Online names the pause ("BAD Request is throttled. Suggested Backoff Time: 89117 milliseconds",
# then BYE), <https://github.com/simonrob/email-oauth2-proxy/issues/191>. Gmail answers LOGIN with "NO [ALERT] Too many
# simultaneous connections. (Failure)" above 15, <https://github.com/zone-eu/wildduck/issues/35>, and FETCH with
# "[OVERQUOTA] Account exceeded command or bandwidth limits.", <https://github.com/ljmerza/ha-email-sensor/issues/16>,
# which may last a day, <https://support.google.com/a/answer/1071518>.

_NAMED = re.compile(r"Suggested Backoff Time: (\d{1,9}) milliseconds", re.IGNORECASE)
# what the answer has, what the error says, seconds of the first pause
_LIMITS: tuple[tuple[re.Pattern[str], str, float], ...] = (
    (re.compile("too many simultaneous connections", re.IGNORECASE), "too many connections", 60.0),
    (re.compile("exceeded command or bandwidth limits", re.IGNORECASE), "bandwidth limit", 300.0),
    (re.compile(r"\[THROTTLED\]|is throttled", re.IGNORECASE), "throttled", 60.0),
)


def server_limit(command: str, answer: str) -> Transient | None:
    """The error for the answer of a server that limits us, None for every other answer."""
    limits = [(what, pause) for sign, what, pause in _LIMITS if sign.search(answer)]
    named = _NAMED.search(answer)
    if named:
        limits = [("throttled", int(named[1]) / 1000)]
    for what, pause in limits:
        error = Transient(f"IMAP {command}: {what}")
        error.at_least, error.named = max(1.0, pause), named is not None
        return error
    return None


# --- Client ----------------------------------------------------------------------------------------------------------
# Only here the private imaplib object below imapclient (`_imap`) is used.
#
# imaplib reads literals of any length and collects answers without limit: a server that announces four gigabytes would
# get them. Here no literal is longer than a message that is read whole, and the answer to one command is limited.
# Above either limit, TooLarge ends the connection and the rest stays unread.

_HEADROOM = 1024 * 1024  # above max_bytes: servers estimate sizes, and a part of a large message may be this large
_ANSWER = 64 * 1024 * 1024  # bytes for one command: sizes and dates of about 400,000 messages
_LINE_COST = 64  # bytes of memory for each line in addition to its text


class ImapClient(IMAPClient):  # type: ignore[misc]  # imapclient has no types
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
            found |= {uid: (int(epoch), to) for uid, to in zip(uids_of(old), uids_of(new), strict=False)}
        return found

    def take_untagged(self, name: str) -> list[bytes]:
        """Take the unread untagged answers of this name; imaplib keeps them no longer."""
        return list(self._imap.untagged_responses.pop(name, None) or ())

    def has_unread(self) -> bool:
        """True if bytes are buffered in imaplib or in TLS, where no selector sees them."""
        sock = self.socket()
        patience = sock.gettimeout()
        sock.settimeout(0)
        try:
            return bool(self._imap.file.peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            sock.settimeout(patience)

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  # imapclient's name
        patience = self._timeout.connect
        if self.ssl:
            return _Encrypted(self.host, self.port, self.ssl_context, patience, max_literal=self._max_literal)
        return _Plain(self.host, self.port, patience, max_literal=self._max_literal)


def uids_of(numbers: bytes) -> list[int]:
    """Return the UIDs of a set such as `4,7:9`, in the order in which it names them."""
    found: list[int] = []
    for number in numbers.split(b","):
        first, _, last = number.partition(b":")
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


# --- Session ---------------------------------------------------------------------------------------------------------
# External exceptions become Transient here and nowhere else. Their texts are dropped, since servers quote user names,
# folder names and addresses: the place, the class and the response code are what an admin needs.

# RFC 5530 section 3: these refusals of a login concern the server, or connections that are open already.
_NOT_THE_PASSWORD = re.compile(r"\[(?:UNAVAILABLE|LIMIT|INUSE|SERVERBUG)\]")
# Give up a peer that vanished silently after about two minutes, also during a long IDLE.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))


class ImapSession:
    """Connects on first use and again after every fault. `selected` is (folder, read-only) or None."""

    def __init__(self, settings: ImapSettings) -> None:
        if settings.security == "none" and not is_loopback(settings.host):
            raise ConfigError(("imap.security: no encryption beyond this machine: use tls or starttls",))
        self._settings = settings
        self._client: ImapClient | None = None
        self.selected: tuple[str, bool] | None = None

    @contextmanager
    def client(self, command: str) -> Iterator[ImapClient]:
        """Yield the logged-in client. Any exception inside closes the connection and becomes Transient."""
        try:
            if self._client is None:
                self._client = self._settings.logged_in(partial(_logged_in, self._settings), LoginError)
            yield self._client
        except OacmailError:
            self.drop()
            raise
        except Exception as error:  # libraries raise many classes for a broken connection or a strange answer
            self.drop()
            raise self._translated(command, error) from None

    def has(self, capability: str) -> bool:
        """True if the server offered it after login."""
        with self.client("CAPABILITY") as client:
            return bool(client.has_capability(capability))

    def select(self, folder: str, *, readonly: bool) -> FolderState:
        """SELECT, or EXAMINE when `readonly`."""
        self.selected = None
        with self.client("SELECT") as client:
            answer = client.select_folder(folder, readonly=readonly)
            state = FolderState(
                uidvalidity=int(answer[b"UIDVALIDITY"]),
                uidnext=int(answer.get(b"UIDNEXT", 0)),
                exists=int(answer[b"EXISTS"]),
            )
        self.selected = (folder, readonly)
        return state

    def drop(self) -> None:
        """Close the connection immediately; the next use opens a new one."""
        client, self._client, self.selected = self._client, None, None
        if client is not None:
            _hang_up(client)

    def logout(self) -> None:
        """Log out as RFC 3501 requires, but wait at most two seconds for the answer."""
        if self._client is not None:
            self._client.socket().settimeout(GOODBYE_SECONDS)
            try:
                self._client.logout()
            except (OSError, imaplib.IMAP4.error, TooLarge):
                self.drop()  # the connection was broken, or the answer has no end
        self._client, self.selected = None, None

    def _translated(self, command: str, error: Exception) -> Transient:
        if limited := server_limit(command, str(error)):
            return limited
        message = f"IMAP {command}: {fault(error)}"
        if not isinstance(error, OSError) and (code := re.search(r"\[[A-Z-]+\]", str(error))):
            message += f" {code[0]}"
        if not isinstance(error, LoginError) or _NOT_THE_PASSWORD.search(str(error)):
            return Transient(message)
        return ImapLoginRefused(message if self._settings.auth == "password" else f"{message} with a token")


def certificate(settings: ImapSettings) -> Validity | None:
    """How long the server's certificate is valid, by a new connection without a login; None without TLS. Raises
    Transient."""
    try:
        client = _connected(settings)
    except (OSError, imaplib.IMAP4.error) as error:
        raise Transient(f"IMAP connect: {fault(error)}") from None
    try:
        return validity_of_peer(client.socket())
    finally:
        _hang_up(client)


def _logged_in(settings: ImapSettings, secret: str) -> ImapClient:
    client = _connected(settings)
    try:
        _login(client, settings, secret)
        if client.has_capability("ID"):  # RFC 2971; some providers require it
            client.id_({"name": "oacmail"})
    except BaseException:
        _hang_up(client)
        raise
    return client


def _connected(settings: ImapSettings) -> ImapClient:
    """Return a connection that is encrypted as it must be."""
    client = ImapClient(
        settings.host,
        settings.port,
        tls=settings.tls() if settings.security == "tls" else None,
        timeout=SocketTimeout(min(CONNECT_SECONDS, settings.timeout), settings.timeout),
        max_bytes=settings.max_bytes,
    )
    try:
        sock = client.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        if settings.security == "starttls":
            client.starttls(settings.tls())
    except BaseException:
        _hang_up(client)
        raise
    return client


def _login(client: ImapClient, settings: ImapSettings, secret: str) -> None:
    try:
        if settings.auth == "xoauth2":
            client.oauth2_login(settings.user, secret)
        elif settings.auth == "oauthbearer":
            client.oauthbearer_login(settings.user, secret)
        elif (settings.user + secret).isascii() and not client.has_capability("LOGINDISABLED"):
            client.login(settings.user, secret)
        else:  # LOGIN is ASCII only, and may be forbidden; PLAIN is UTF-8 (RFC 4616)
            client.plain_login(settings.user, secret)
    except LoginError as error:
        # the connection broke: this says nothing about the password
        if isinstance(error.__context__, imaplib.IMAP4.abort):
            raise error.__context__ from None
        raise


def _hang_up(client: ImapClient) -> None:
    try:
        client.shutdown()
    except OSError:
        client.socket().close()


# --- Idle ------------------------------------------------------------------------------------------------------------
# imapclient's idle_check is not used: it hides the end of the connection (it returns an empty list immediately,
# forever) and ignores data in the read buffer. Here every wait ends with DONE and its tagged answer, which proves that
# the connection works.


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


def idle(client: ImapClient, waker: Waker, seconds: float, renew: float) -> WakeReason:
    """Run IDLE until mail is announced (CONNECTION), the waker is called or time is up; renew it every `renew`
    seconds."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        client.idle()
        reason = WakeReason.CONNECTION if client.has_unread() else waker.wait(min(left, renew), client.socket())
        _, answers = client.idle_done()
        if reason is WakeReason.WAKER:
            return reason
        if any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in answers):
            return WakeReason.CONNECTION
    return WakeReason.TIME
