"""How a mail server is reached: its address, the login that the settings of both servers share, what may be said of a
fault."""

import errno
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Literal, TypeVar

from msgspec import Struct

T = TypeVar("T")
CONNECT_SECONDS = 30.0
GOODBYE_SECONDS = 2.0


def is_address(host: str) -> bool:
    """True if `host` is an IPv4 or IPv6 address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """True if `host` is this machine: localhost, 127.0.0.0/8 or ::1 (RFC 6761 section 6.3, RFC 6890)."""
    return ip_address(host).is_loopback if is_address(host) else host == "localhost"


def address_and_port(text: str, usual: int) -> tuple[str, int]:
    """(address, port) of `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`. Raises ValueError."""
    if is_address(text):
        return text, usual
    address, _, port = text.rpartition(":")
    if not 0 < int(port) < 65536:
        raise ValueError(port)
    return str(ip_address(address.strip("[]"))), int(port)


class ServerSettings(Struct, frozen=True, kw_only=True):
    """One account on one server (docs/interfaces.md section 5).

    `user` '' means no login; `password` is the secret or OAuth token, or a function that is called at every login;
    `other_token` returns another OAuth token than the refused one, '' if there is none. `ca_file` is a PEM file with
    the only trusted authorities; None means the system's. `timeout` is the number of seconds without an answer after
    which a connection counts as dead.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""
    password: str | Callable[[], str] = ""
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"
    other_token: Callable[[str], str] | None = None
    ca_file: str | None = None
    timeout: float = 60.0

    __repr__ = object.__repr__  # the password is a secret

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def logged_in(self, log_in: Callable[[str], T], refused: type[Exception]) -> T:
        """Return what `log_in` makes of the secret. A token that the server refuses may have ended early: another one
        is tried, once."""
        secret = (self.password if isinstance(self.password, str) else self.password()) if self.user else ""
        try:
            return log_in(secret)
        except refused:
            other = self.other_token(secret) if self.other_token else ""
            if not other:
                raise
        return log_in(other)


WITHOUT_END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""A certificate without an end says that it ends in this year or at its last second (RFC 5280 section 4.1.2.5)."""


class Validity(Struct, frozen=True):
    """The first and the last moment at which a certificate is valid, in seconds since 1970."""

    begins: float
    ends: float


def validity(certificate: Mapping[str, Any]) -> Validity:
    """Of a certificate as `ssl` describes it (SSLSocket.getpeercert)."""
    begins, ends = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
    return Validity(begins, ends)


def validity_of_peer(sock: object) -> Validity | None:
    """Of the certificate that the other side has shown; None without TLS."""
    shown = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    return validity(shown) if shown else None


def validity_of_authorities(file: str) -> Validity | None:
    """The one of a PEM file that ends first; of an authority that stands there twice, the later. None = it holds none.
    Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=file)
    latest: dict[object, Validity] = {}
    for described in context.get_ca_certs():
        found, subject = validity(described), described["subject"]
        if subject not in latest or found.ends > latest[subject].ends:
            latest[subject] = found
    return min(latest.values(), key=lambda found: found.ends, default=None)


def fault(error: Exception) -> str:
    """Return what may be logged, since texts quote addresses: the class, why TLS failed, an errno name."""
    detail = ""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = error.verify_message
    elif isinstance(error, ssl.SSLError):
        detail = error.reason or ""
    elif isinstance(error, OSError):
        detail = errno.errorcode.get(error.errno or 0, "")
    return f"{type(error).__name__} {detail}".strip()
