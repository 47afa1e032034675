"""One connection to the relay: connecting, TLS, login, and commands whose every reply is checked.

It raises what smtplib and sockets raise; transport.py decides what that means for a mail.
"""

import base64
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oacmail.adapters.smtp.limits import Limit, limit
from oacmail.adapters.smtp.settings import SmtpSettings

_CONNECT_SECONDS = 30.0
_GOODBYE_SECONDS = 2.0
_CLOSING = 421
_NONSENSE = -1
_DONE = base64.b64encode(b"\1").decode("ascii")  # RFC 7628 section 3.2.3


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` is -1 if the reply is not SMTP; `status` is the enhanced status code (RFC 3463) or ''; `limit` is the
    provider's limit that the text names. The text is dropped."""

    code: int
    status: str = ""
    limit: Limit | None = None

    @classmethod
    def read(cls, code: int, text: bytes) -> "Reply":
        status = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", text)
        reason = limit(code, text.decode("ascii", "replace")) if code >= 400 else None
        return cls(code, status[0].decode("ascii") if status else "", reason)

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.status, self.limit.what if self.limit else "")))


class Connection:
    """Open and logged in once constructed. `used` is the monotonic time of its last successful use."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._smtp = _connect(settings)
        self.used = time.monotonic()

    @property
    def offers(self) -> Mapping[str, str]:
        """Return the EHLO keywords in lower case, with their parameters."""
        return self._smtp.esmtp_features

    def is_stale(self) -> bool:
        """True if unused for too long, or if the relay sent something unasked, most likely its goodbye."""
        return time.monotonic() - self.used > self._settings.keep_seconds or self.has_unasked_data()

    def has_unasked_data(self) -> bool:
        """True if there is data that no command asked for, in smtplib's buffer or on the socket."""
        sock, read = self._sock(), self._smtp.file
        seconds = sock.gettimeout()
        sock.settimeout(0)  # do not wait
        try:
            return bool(read and read.peek(1)) or bool(select.select([sock], [], [], 0)[0])
        except ssl.SSLWantReadError:  # no data, or a TLS 1.3 ticket (RFC 8446, section 4.6.1)
            return False
        finally:
            sock.settimeout(seconds)

    def ask(self, *commands: str) -> list[Reply]:
        """Return a reply for each command; they are sent together if the relay offers PIPELINING (RFC 2920)."""
        if "pipelining" in self.offers:
            return self._exchange(commands)
        return [reply for command in commands for reply in self._exchange([command])]

    def data(self, stuffed: bytes) -> Reply:
        """Send the bytes that the relay asked for and return its reply."""
        self._sock().settimeout(self._settings.data_timeout)
        self._smtp.send(stuffed)
        reply = self._reply()
        self._sock().settimeout(self._settings.timeout)
        self.used = time.monotonic()
        return reply

    def quit(self) -> None:
        """Send QUIT, but wait at most two seconds for the answer."""
        self._sock().settimeout(_GOODBYE_SECONDS)
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self.close()  # the connection was broken

    def close(self) -> None:
        """Close immediately: an unfinished transaction is void."""
        self._smtp.close()

    def _exchange(self, commands: Sequence[str]) -> list[Reply]:
        self._smtp.send("".join(f"{command}\r\n" for command in commands).encode())
        replies = [self._reply() for _ in commands]
        if any(reply.code in (_CLOSING, _NONSENSE) for reply in replies):
            raise smtplib.SMTPServerDisconnected("the relay is closing, or is none")
        self.used = time.monotonic()
        return replies

    def _reply(self) -> Reply:
        return Reply.read(*self._smtp.getreply())

    def _sock(self) -> socket.socket:
        if self._smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("closed")
        return self._smtp.sock


def _connect(settings: SmtpSettings) -> smtplib.SMTP:
    """A token that the relay refuses may have ended early: another one is tried, once."""
    secret = settings.secret() if settings.user else ""
    try:
        return _logged_in(settings, secret)
    except smtplib.SMTPAuthenticationError:
        other = settings.other_token(secret) if settings.other_token else ""
        if not other:
            raise
    return _logged_in(settings, other)


def _logged_in(settings: SmtpSettings, secret: str) -> smtplib.SMTP:
    tls = ssl.create_default_context(cafile=settings.ca_file)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    name = socket.gethostname()  # not the full name: a DNS query may take very long
    seconds = min(_CONNECT_SECONDS, settings.timeout)
    if settings.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, name, timeout=seconds, context=tls)
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, name, timeout=seconds)
    try:
        if settings.security == "starttls":
            smtp.starttls(context=tls)
        smtp.ehlo_or_helo_if_needed()
        if settings.user:
            _login(smtp, settings, secret)
    except BaseException:
        smtp.close()
        raise
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.sock.settimeout(settings.timeout)
    return smtp


def _login(smtp: smtplib.SMTP, settings: SmtpSettings, secret: str) -> None:
    user = settings.user
    if settings.auth == "xoauth2":
        _authenticate(smtp, "XOAUTH2", f"user={user}\1auth=Bearer {secret}\1\1")
    elif settings.auth == "oauthbearer":  # RFC 7628
        name = user.replace("=", "=3D").replace(",", "=2C")
        _authenticate(smtp, "OAUTHBEARER", f"n,a={name},\1auth=Bearer {secret}\1\1", no=_DONE)
    elif "PLAIN" in smtp.esmtp_features.get("auth", "").upper().split():
        _authenticate(smtp, "PLAIN", f"\0{user}\0{secret}")  # UTF-8 (RFC 4616); smtplib's own login is not
    else:
        smtp.login(user, secret)


def _authenticate(smtp: smtplib.SMTP, mechanism: str, words: str, no: str = "") -> None:
    """`no`: answers the challenge that holds the reasons of a refusal."""
    code, text = smtp.docmd("AUTH", f"{mechanism} {base64.b64encode(words.encode()).decode('ascii')}")
    if code == 334:  # the reasons come as a challenge; an answer to it gets the refusal itself
        code, text = smtp.docmd(no)
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)
