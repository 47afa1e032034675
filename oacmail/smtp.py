"""Hands mail to the relay over SMTP (RFC 5321): one kept connection, the order of commands, and what a reply or a
silence means for a mail: not handed over, handed over, refused, or uncertain. It never tries again by itself.
"""

import base64
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core.errors import (
    LOGIN_PAUSE,
    ConfigError,
    LineEnded,
    OacmailError,
    Permanent,
    RelayError,
    Transient,
    Uncertain,
)
from oacmail.core.ports import Outgoing
from oacmail.servers import (
    CONNECT_SECONDS,
    GOODBYE_SECONDS,
    ServerSettings,
    Validity,
    fault,
    is_loopback,
    validity_of_peer,
)
from oacmail.words.compose import ascii_domain, seven_bit

# --- Settings --------------------------------------------------------------------------------------------------------


class SmtpSettings(ServerSettings, frozen=True, kw_only=True):
    """`data_timeout` is in seconds for the reply to a whole mail. A connection unused for `keep_seconds` is not used
    again."""

    port: int = 587
    security: Literal["tls", "starttls", "none"] = "starttls"
    data_timeout: float = 600.0
    keep_seconds: float = 60.0


class SmtpLoginRefused(RelayError):
    """The relay refused the login. This is temporary: passwords and tokens are changed."""

    at_least = LOGIN_PAUSE


# --- Limits ----------------------------------------------------------------------------------------------------------
# A provider's own sending limits are the fault of no mail: mail waits until they end. Only the status and fixed words
# behind it are looked for: a reply may quote what another server said of its own limits. Its text is not kept.
#
# Sources: Exchange Online (three connections: "432 4.3.2 Concurrent connections limit exceeded"; 30 messages a minute,
# carried over to the following minutes; 10,000 recipients a day: "554 5.2.0
# STOREDRV.Submission.Exception:SubmissionQuotaExceededException", or 5.1.90),
# <https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements>; 5.4.5 of Gmail,
# <https://support.google.com/a/answer/3726730>; of its relay service also "550 5.7.1 Daily SMTP relay limit exceeded
# for customer" and, for a while, "450 4.2.1 Peak SMTP relay limit exceeded for customer",
# <https://support.google.com/a/answer/6140680>.

MINUTE = 60.0


class Limit(Struct, frozen=True):
    """`what` is part of the error's text (advice.py); `pause` in seconds. `named`: the provider itself says
    after how long it accepts more."""

    what: str
    pause: float
    named: bool = False


_A_DAY = Limit("limit of a day", 300.0)


def sending_limit(code: int, text: str) -> Limit | None:
    """The limit that a reply names; `text` begins with the enhanced status code."""
    limits = {
        r"432 4\.3\.2\b|421 4\.3\.2\b.*(?:thread|connections?) limit exceeded": Limit(
            "limit of a minute", MINUTE, True
        ),
        r"450 4\.2\.1\b.*Peak SMTP relay limit exceeded": Limit("limit of a minute", MINUTE),
        r"5\d\d 5\.7\.1\b.*Daily SMTP relay limit exceeded": _A_DAY,
        r"5\d\d 5\.(?:4\.5|1\.90)\b|5\d\d 5\.2\.0\b.*SubmissionQuotaExceeded": _A_DAY,
    }
    line = f"{code} {text}"
    return next((limit for sign, limit in limits.items() if re.match(sign, line, re.IGNORECASE)), None)


# --- Envelope --------------------------------------------------------------------------------------------------------
# The SMTP commands for a mail's envelope, as the relay's EHLO keywords allow (RFC 5321, 1870, 6152, 6531).

_UNSPEAKABLE = re.compile(r"[\x00-\x20\x7f<>]")


def envelope_commands(mail: Outgoing, offers: Mapping[str, str]) -> list[str]:
    """Return MAIL, RCPT for the citizen and, if a copy is wanted, RCPT for the office, without line ends.

    `offers` are the EHLO keywords in lower case with their parameters. Raises Permanent if no such relay can take the
    mail: an address that is invalid or needs SMTPUTF8, or a mail above the announced SIZE.
    """
    limit = offers.get("size", "")
    if limit.isdigit() and 0 < int(limit) < len(mail.mime):
        raise Permanent("MAIL", 552, "5.3.4")
    sender, citizen, copy = (_ascii_domain(address) for address in (mail.envelope_from, mail.recipient, mail.copy_to))
    utf8 = "smtputf8" in offers
    if not citizen or _UNSPEAKABLE.search(citizen):
        raise Permanent("RCPT", 553, "5.1.3")
    if not utf8 and not citizen.isascii():
        raise Permanent("RCPT", 553, "5.6.7")
    if _UNSPEAKABLE.search(sender) or not (utf8 or sender.isascii()):
        raise RelayError("SMTP MAIL: the relay does not accept our own address in this form")
    options = {
        f" SIZE={len(mail.mime)}": "size" in offers,
        " BODY=8BITMIME": "8bitmime" in offers and not mail.mime.isascii(),
        " SMTPUTF8": not (sender + citizen).isascii(),
    }
    return [
        f"MAIL FROM:<{sender}>" + "".join(option for option, wanted in options.items() if wanted),
        f"RCPT TO:<{citizen}>",
        *([f"RCPT TO:<{copy}>"] if copy and copy.isascii() and not _UNSPEAKABLE.search(copy) else []),
    ]


def stuffed(mime: bytes) -> bytes:
    """Return the mail as sent after DATA, including the final dot: CRLF only, dots doubled (RFC 5321 4.5.2)."""
    lines = b"\n" + mime.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = b".\r\n" if mime.endswith((b"\r", b"\n")) else b"\r\n.\r\n"
    return lines.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")[2:] + end


def _ascii_domain(address: str) -> str:
    """Return the address with its domain in ASCII, so that only local parts need SMTPUTF8."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return address


# --- Connection ------------------------------------------------------------------------------------------------------
# It raises what smtplib and sockets raise; `SmtpTransport` decides what that means for a mail.

_CLOSING = 421
_NONSENSE = -1


class Reply(Struct, frozen=True):
    """`code` is -1 if the reply is not SMTP; `status` is the enhanced status code (RFC 3463) or ''; `limit` is the
    provider's limit that the text names; `said`: the text behind them, of a refusal alone."""

    code: int
    status: str = ""
    limit: Limit | None = None
    said: str = ""

    @classmethod
    def read(cls, code: int, text: bytes) -> "Reply":
        status = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", text)
        enhanced = status[0].decode("ascii") if status else ""
        if code < 400:
            return cls(code, enhanced)
        words = text.decode("utf-8", "replace")  # each line of a long reply begins with the status
        said = " ".join(word for word in words.split() if word != enhanced)
        return cls(code, enhanced, sending_limit(code, words), said)

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.status, self.limit.what if self.limit else "")))


class _ClosingError(smtplib.SMTPServerDisconnected):
    """The relay says that it is closing the connection, or what it says is no reply. The text is the reply."""


class Connection:
    """Open and logged in once constructed. `used` is the monotonic time of its last successful use."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._smtp = settings.logged_in(partial(_logged_in, settings), smtplib.SMTPAuthenticationError)
        self.used = time.monotonic()

    @property
    def offers(self) -> Mapping[str, str]:
        """Return the EHLO keywords in lower case, with their parameters."""
        return self._smtp.esmtp_features

    @property
    def met(self) -> tuple[str, str]:
        """Return the name that the relay gives itself (the first word of its answer to EHLO), and its address."""
        words = (self._smtp.ehlo_resp or self._smtp.helo_resp or b"").split()
        return words[0].decode("ascii", "replace").lower() if words else "", str(self._sock().getpeername()[0])

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
        """Return a reply for each command; they are sent together if the relay offers PIPELINING (RFC 2920). One that
        leaves after a refusal has answered: the rest is its goodbye. Raises LineEnded if it leaves, or is silent, after
        it has taken the first command."""
        replies: list[Reply] = []
        try:
            for some in [commands] if "pipelining" in self.offers else zip(commands):
                self._smtp.send("".join(f"{command}\r\n" for command in some).encode())
                for _ in some:
                    reply = self._reply()
                    if reply.code in (_CLOSING, _NONSENSE):
                        raise _ClosingError(str(reply))
                    replies.append(reply)
        except (OSError, smtplib.SMTPException) as error:
            if any(reply.code >= 400 for reply in replies):
                return [*replies, *[Reply(_CLOSING)] * (len(commands) - len(replies))]
            if not replies:
                raise
            raise LineEnded(f"SMTP {commands[len(replies)][:4]}: {_class(error)}") from None
        self.used = time.monotonic()
        return replies

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
        self._sock().settimeout(GOODBYE_SECONDS)
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self.close()  # the connection was broken

    def close(self) -> None:
        """Close immediately: an unfinished transaction is void."""
        self._smtp.close()

    def _reply(self) -> Reply:
        return Reply.read(*self._smtp.getreply())

    def _sock(self) -> socket.socket:
        if self._smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("closed")
        return self._smtp.sock


def certificate(settings: SmtpSettings) -> Validity | None:
    """How long the relay's certificate is valid, by a new connection without a login; None without TLS. Raises
    RelayError."""
    try:
        smtp = _connected(settings)
    except (OSError, smtplib.SMTPException) as error:
        raise RelayError(f"SMTP connect: {fault(error)}") from None
    try:
        return validity_of_peer(smtp.sock)
    finally:
        smtp.close()


def _logged_in(settings: SmtpSettings, secret: str) -> smtplib.SMTP:
    smtp = _connected(settings)
    try:
        if settings.user:
            _login(smtp, settings, secret)
    except BaseException:
        smtp.close()
        raise
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.sock.settimeout(settings.timeout)
    return smtp


def _connected(settings: SmtpSettings) -> smtplib.SMTP:
    """Return a connection that is encrypted as it must be, and greeted."""
    name = socket.gethostname()  # not the full name: a DNS query may take very long
    seconds = min(CONNECT_SECONDS, settings.timeout)
    if settings.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, name, timeout=seconds, context=settings.tls()
        )
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, name, timeout=seconds)
    try:
        if settings.security == "starttls":
            smtp.starttls(context=settings.tls())
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def _login(smtp: smtplib.SMTP, settings: SmtpSettings, secret: str) -> None:
    user = settings.user
    if settings.auth == "xoauth2":
        _authenticate(smtp, "XOAUTH2", f"user={user}\1auth=Bearer {secret}\1\1")
    elif settings.auth == "oauthbearer":  # RFC 7628
        name = user.replace("=", "=3D").replace(",", "=2C")
        done = base64.b64encode(b"\1").decode("ascii")  # section 3.2.3
        _authenticate(smtp, "OAUTHBEARER", f"n,a={name},\1auth=Bearer {secret}\1\1", no=done)
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


# --- Transport -------------------------------------------------------------------------------------------------------
# A citizen whose RCPT was refused gets no byte, though a relay that took the office's says "go on": the office's copy
# would then prove a delivery that never happened.

# These codes concern our login, not the mail, at any point (RFC 4954 section 6).
_LOGIN_CODES = frozenset((530, 534, 535, 538))
# These enhanced status codes of Exchange Online concern the sender: its block (5.1.8), and the missing right to send as
# the office (5.7.60, 5.2.252).
_SENDER_CODES = frozenset(("5.1.8", "5.7.60", "5.2.252"))
_SENDER_LIMIT = Limit("", 300.0)
_TOO_LARGE = 552
_GO_ON = 354
_T = TypeVar("_T", bound=Transient)


class SmtpTransport:
    """core.ports.Transport. For one thread. The connection is opened on first use and kept."""

    def __init__(self, settings: SmtpSettings) -> None:
        if settings.security == "none" and not is_loopback(settings.host):
            raise ConfigError(("smtp.security: no encryption beyond this machine: use tls or starttls",))
        self._settings = settings
        self._connection: Connection | None = None
        self.met = ("", "")
        """Name and address of the relay at the last connection."""

    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Return True if the relay took the mail and the office's copy too. Errors are those of the port.

        One refusal before RCPT concerns the mail itself: 552, it is too large. If `before_data` raises, its exception
        is raised again and the relay gets no byte of the mail.
        """
        opened = self._opened(mail) or self._opened(mail)
        if opened is None:
            raise RelayError("SMTP DATA: the relay gives more replies than it was asked for")
        connection, copy, mime = opened
        try:
            before_data(copy)
        except BaseException:
            self._drop()
            raise
        try:
            answer = connection.data(stuffed(mime))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Uncertain(f"SMTP DATA: {_class(error)}") from None
        if answer.accepted:
            return copy
        self._drop()
        if answer.code < 400:
            raise Uncertain(f"SMTP DATA: {answer}")
        refusal = _refusal("DATA", answer)
        # The row says that this mail may have left: it is put off. A pause holds for the others too.
        raise _same_pause(Transient(str(refusal)), refusal) if isinstance(refusal, RelayError) else refusal

    def _opened(self, mail: Outgoing) -> tuple[Connection, bool, bytes] | None:
        """Return the connection ready for DATA's bytes, whether the copy was accepted, and the bytes for this relay.

        None means that the replies do not match our commands (one came unasked): the connection is closed, nothing was
        sent. Only DATA is answered with 354, and never with 2xx: before a 354 each reply belongs to its command.
        """
        with self._nothing_sent():
            connection, replies, fitted = self._envelope(mail, "DATA")
        sender, citizen, *office, data = replies
        goes_on = data.code == _GO_ON
        if data.accepted or (data.code != _CLOSING and connection.has_unasked_data()):
            self._drop()
            return None
        if goes_on and sender.accepted and citizen.accepted:
            return connection, bool(office) and office[0].accepted, fitted.mime
        if goes_on:  # the office alone was accepted
            self._drop()
        else:
            self._withdraw(connection)
        answers = {"MAIL": sender, "RCPT": citizen, "DATA": data}
        verb, refusal = next((verb, reply) for verb, reply in answers.items() if not reply.accepted)
        if verb == "MAIL" and not (refusal.code == _TOO_LARGE or refusal.limit):
            raise RelayError(f"SMTP MAIL: {refusal}")
        raise _refusal(verb, refusal)

    def try_envelope(self, envelope_from: str, recipient: str) -> str:
        """Ask whether the relay would take a mail, then withdraw. Return '' or the refusal, such as "MAIL 550".

        Raises LineEnded, RelayError.
        """
        mail = Outgoing(key="", envelope_from=envelope_from, recipient=recipient, copy_to="", mime=b"")
        with self._nothing_sent():
            connection, replies, _ = self._envelope(mail)
        self._withdraw(connection)
        answers = zip(("MAIL", "RCPT"), replies, strict=False)
        return next((f"{verb} {reply}" for verb, reply in answers if not reply.accepted), "")

    def close(self) -> None:
        self._drop(Connection.quit)

    def _envelope(self, mail: Outgoing, *then: str) -> tuple[Connection, list[Reply], Outgoing]:
        """Return the replies to MAIL, every RCPT and the commands `then`, and the mail for this relay.

        A kept connection that turns out to be dead is replaced, once.
        """
        with suppress(OSError, smtplib.SMTPException):
            if self._connection is not None and not self._connection.is_stale():
                answered = self._asked(self._connection, mail, then)
                if not any(reply.code in _LOGIN_CODES for reply in answered[1]):
                    return answered  # otherwise the login has ended in mid-session, as tokens do
        self._drop()
        try:
            self._connection = Connection(self._settings)
            self.met = self._connection.met
        except Transient as error:  # there is no password or token: no mail is at fault
            raise _same_pause(RelayError(str(error)), error) from None
        return self._asked(self._connection, mail, then)

    def _asked(
        self, connection: Connection, mail: Outgoing, then: Sequence[str]
    ) -> tuple[Connection, list[Reply], Outgoing]:
        fitted = mail if "8bitmime" in connection.offers else replace(mail, mime=seven_bit(mail.mime))
        return connection, connection.ask(*envelope_commands(fitted, connection.offers), *then), fitted

    def _withdraw(self, connection: Connection) -> None:
        """End the transaction; the connection is kept if the relay agrees."""
        try:
            (answer,) = connection.ask("RSET")
        except (OSError, smtplib.SMTPException):
            answer = Reply(-1)
        if not answer.accepted:
            self._drop()

    def _drop(self, end: Callable[[Connection], None] = Connection.close) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            end(connection)

    @contextmanager
    def _nothing_sent(self) -> Iterator[None]:
        """Turn any exception inside into Transient and close the connection: the relay has no byte of the mail."""
        try:
            yield
        except LineEnded:
            self._drop()
            raise
        except OacmailError:
            raise  # raised by us before anything was sent
        except smtplib.SMTPAuthenticationError as error:
            self._drop()
            reply = Reply.read(error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b"")
            if reply.limit:
                raise _limited("AUTH", reply, reply.limit) from None
            kind = SmtpLoginRefused if reply.code >= 500 else RelayError
            how = "" if self._settings.auth == "password" else " with a token"
            raise kind(f"SMTP AUTH: {reply.code}{how}") from None
        except Exception as error:  # libraries raise many classes for a broken connection or a strange answer
            self._drop()
            raise RelayError(f"SMTP MAIL: {_class(error)}") from None


def _same_pause(new: _T, error: Transient) -> _T:
    new.at_least, new.named, new.problem = error.at_least, error.named, error.problem
    return new


def _limited(where: str, reply: Reply, limit: Limit) -> RelayError:
    trouble = RelayError(f"SMTP {where}: {reply}")
    trouble.at_least, trouble.named = limit.pause, limit.named
    return trouble


def _refusal(where: str, reply: Reply) -> OacmailError:
    """Return the error for a reply to this mail: 5xx is permanent, unless it concerns our login."""
    if reply.code in _LOGIN_CODES:
        return RelayError(f"SMTP {where}: {reply}")
    if limit := reply.limit or (_SENDER_LIMIT if reply.status in _SENDER_CODES else None):
        return _limited(where, reply, limit)
    if 500 <= reply.code < 600:
        return Permanent(where, reply.code, reply.status, reply.said)
    return Transient(f"SMTP {where}: {reply}")


def _class(error: Exception) -> str:
    """As `fault`; of a reply its code."""
    if isinstance(error, _ClosingError):
        return str(error)
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return fault(error)
