"""One authenticated connection that restores itself: connecting, TLS, login, capabilities, SELECT.

External exceptions become Transient here and nowhere else. Their texts are dropped, since servers quote user names,
folder names and addresses: the place, the class and the response code are what an admin needs.
"""

import errno
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import SocketTimeout
from imapclient.exceptions import LoginError

from oacmail.adapters.imap.client import Client
from oacmail.adapters.imap.limits import limit
from oacmail.adapters.imap.settings import ImapLoginRefused, ImapSettings, TooLarge
from oacmail.core.errors import ConfigError, OacmailError, Transient
from oacmail.core.ports.mailbox import FolderState
from oacmail.hosts import is_loopback

_CONNECT_SECONDS = 30.0
_GOODBYE_SECONDS = 2.0
# RFC 5530 section 3: these refusals of a login concern the server, or connections that are open already.
_NOT_THE_PASSWORD = re.compile(r"\[(?:UNAVAILABLE|LIMIT|INUSE|SERVERBUG)\]")
# Give up a peer that vanished silently after about two minutes, also during a long IDLE.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))


class Session:
    """Connects on first use and again after every fault. `selected` is (folder, read-only) or None."""

    def __init__(self, settings: ImapSettings) -> None:
        if settings.security == "none" and not is_loopback(settings.host):
            raise ConfigError(("imap.security: no encryption beyond this machine: use tls or starttls",))
        self._settings = settings
        self._client: Client | None = None
        self.selected: tuple[str, bool] | None = None

    @contextmanager
    def client(self, command: str) -> Iterator[Client]:
        """Yield the logged-in client. Any exception inside closes the connection and becomes Transient."""
        try:
            yield self._connected()
        except OacmailError:
            self.drop()
            raise
        except Exception as error:  # libraries raise many classes for a broken connection or a strange answer
            self.drop()
            raise _translated(command, error, self._settings.auth) from None

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
            self._client.socket().settimeout(_GOODBYE_SECONDS)
            try:
                self._client.logout()
            except (OSError, imaplib.IMAP4.error, TooLarge):
                self.drop()  # the connection was broken, or the answer has no end
        self._client, self.selected = None, None

    def _connected(self) -> Client:
        if self._client is None:
            self._client = _connect(self._settings)
        return self._client


def _connect(settings: ImapSettings) -> Client:
    """A token that the server refuses may have ended early: another one is tried, once."""
    secret = settings.secret()
    try:
        return _logged_in(settings, secret)
    except LoginError:
        other = settings.other_token(secret) if settings.other_token else ""
        if not other:
            raise
    return _logged_in(settings, other)


def _logged_in(settings: ImapSettings, secret: str) -> Client:
    tls = ssl.create_default_context(cafile=settings.ca_file)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    client = Client(
        settings.host,
        settings.port,
        tls=tls if settings.security == "tls" else None,
        timeout=SocketTimeout(min(_CONNECT_SECONDS, settings.timeout), settings.timeout),
        max_bytes=settings.max_bytes,
    )
    try:
        _keep_alive(client.socket())
        if settings.security == "starttls":
            client.starttls(tls)
        _login(client, settings, secret)
        if client.has_capability("ID"):  # RFC 2971; some providers require it
            client.id_({"name": "oacmail"})
    except BaseException:
        _hang_up(client)
        raise
    return client


def _login(client: Client, settings: ImapSettings, secret: str) -> None:
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


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _hang_up(client: Client) -> None:
    try:
        client.shutdown()
    except OSError:
        client.socket().close()


def _translated(command: str, error: Exception, auth: str) -> Transient:
    if limited := limit(command, str(error)):
        return limited
    message = f"IMAP {command}: {type(error).__name__} {_detail(error)}".strip()
    if not isinstance(error, LoginError) or _NOT_THE_PASSWORD.search(str(error)):
        return Transient(message)
    return ImapLoginRefused(message if auth == "password" else f"{message} with a token")


def _detail(error: Exception) -> str:
    """Return what may be logged: why a certificate was refused, an errno name, an IMAP response code."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return error.reason or ""
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, "")
    code = re.search(r"\[[A-Z-]+\]", str(error))
    return code[0] if code else ""
