"""The port `Transport`: the order of SMTP commands, and what a reply or a silence means for a mail.

It never sends DATA for a citizen whose RCPT was refused: the office's copy would then prove a delivery that never
happened.
"""

import errno
import ipaddress
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from oacmail.adapters.smtp.connection import Connection, Reply
from oacmail.adapters.smtp.envelope import commands, stuffed
from oacmail.adapters.smtp.settings import SmtpLoginRefused, SmtpSettings
from oacmail.core.errors import ConfigError, OacmailError, Permanent, RelayError, Transient, Uncertain
from oacmail.core.ports.transport import Outgoing
from oacmail.mail.outgoing.compose import seven_bit

# These codes concern our login, not the mail, at any point (RFC 4954 section 6).
_LOGIN_CODES = frozenset((530, 534, 535, 538))
_TOO_LARGE = 552
_GO_ON = 354


class SmtpTransport:
    """core.ports.Transport. For one thread. The connection is opened on first use and kept."""

    def __init__(self, settings: SmtpSettings) -> None:
        if settings.security == "none" and not _is_loopback(settings.host):
            raise ConfigError(("smtp.security: no encryption beyond this machine: use tls or starttls",))
        self._settings = settings
        self._line: Connection | None = None

    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Return True if the relay took the mail and the office's copy too. Errors are those of the port.

        One refusal before RCPT concerns the mail itself: 552, it is too large. If `before_data` raises, its exception
        is raised again and the relay gets no byte of the mail.
        """
        line, copy, mime = self._opened(mail) or self._opened(mail) or self._out_of_step()
        try:
            before_data(copy)
        except BaseException:
            self._drop()
            raise
        self._hand_over(line, mime)
        return copy

    def _opened(self, mail: Outgoing) -> tuple[Connection, bool, bytes] | None:
        """Return the connection ready for DATA's bytes, whether the copy was accepted, and the bytes for this relay.

        None means that the replies do not match our commands (one came unasked): the connection is closed, nothing was
        sent.
        """
        with self._nothing_sent("MAIL"):
            line, replies, fitted = self._envelope(mail)
        if line.says_more():
            self._drop()
            return None
        copy = self._judged(line, replies)
        with self._nothing_sent("DATA"):
            (answer,) = line.ask("DATA")
        if answer.taken or line.says_more():  # only DATA is answered with 354, and never with 2xx
            self._drop()
            return None
        if answer.code != _GO_ON:
            self._withdraw(line)
            raise _refusal("DATA", answer)
        return line, copy, fitted.mime

    def _out_of_step(self) -> NoReturn:
        raise RelayError("SMTP DATA: the relay gives more replies than it was asked for")

    def try_envelope(self, envelope_from: str, recipient: str) -> str:
        """Ask whether the relay would take a mail, then withdraw. Return '' or the refusal, such as "MAIL 550".

        Raises RelayTrouble.
        """
        mail = Outgoing(key="", envelope_from=envelope_from, recipient=recipient, copy_to="", mime=b"")
        with self._nothing_sent("MAIL"):
            line, replies, _ = self._envelope(mail)
        self._withdraw(line)
        answers = zip(("MAIL", "RCPT"), replies, strict=False)
        return next((f"{verb} {reply}" for verb, reply in answers if not reply.taken), "")

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.quit()

    def _envelope(self, mail: Outgoing) -> tuple[Connection, list[Reply], Outgoing]:
        """Return the replies to MAIL and every RCPT, and the mail for this relay.

        A kept connection that turns out to be dead is replaced, once.
        """
        if self._line is not None:
            try:
                if not self._line.is_stale():
                    return self._asked(self._line, mail)
            except (OSError, smtplib.SMTPException):
                self._drop()
        self._drop()
        self._line = Connection(self._settings)
        return self._asked(self._line, mail)

    def _asked(self, line: Connection, mail: Outgoing) -> tuple[Connection, list[Reply], Outgoing]:
        fitted = mail if "8bitmime" in line.offers else replace(mail, mime=seven_bit(mail.mime))
        return line, line.ask(*commands(fitted, line.offers)), fitted

    def _judged(self, line: Connection, replies: list[Reply]) -> bool:
        """True if the copy was accepted too; raises if the sender or the citizen was refused."""
        sender, citizen, *office = replies
        if sender.taken and citizen.taken:
            return bool(office) and office[0].taken
        self._withdraw(line)
        if sender.taken:
            raise _refusal("RCPT", citizen)
        raise _refusal("MAIL", sender) if sender.code == _TOO_LARGE else RelayError(f"SMTP MAIL: {sender}")

    def _hand_over(self, line: Connection, mime: bytes) -> None:
        try:
            answer = line.data(stuffed(mime))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Uncertain(f"SMTP DATA: {_class(error)}") from None
        if answer.taken:
            return
        self._drop()
        if answer.code < 400:
            raise Uncertain(f"SMTP DATA: {answer}")
        raise _refusal("DATA", answer)

    def _withdraw(self, line: Connection) -> None:
        """End the transaction; the connection is kept if the relay agrees."""
        try:
            (answer,) = line.ask("RSET")
        except (OSError, smtplib.SMTPException):
            answer = Reply(-1)
        if not answer.taken:
            self._drop()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    @contextmanager
    def _nothing_sent(self, place: str) -> Iterator[None]:
        """Turn any exception inside into Transient and close the connection: the relay has no byte of the mail."""
        try:
            yield
        except OacmailError:
            raise  # raised by us before anything was sent
        except smtplib.SMTPAuthenticationError as error:
            self._drop()
            kind = SmtpLoginRefused if error.smtp_code >= 500 else RelayError
            raise kind(f"SMTP AUTH: {error.smtp_code}") from None
        except Exception as error:  # libraries raise many classes for a broken connection or a strange answer
            self._drop()
            raise RelayError(f"SMTP {place}: {_class(error)}") from None


def _refusal(where: str, reply: Reply) -> OacmailError:
    """Return the error for a reply to this mail: 5xx is permanent, unless it concerns our login."""
    if reply.code in _LOGIN_CODES:
        return RelayError(f"SMTP {where}: {reply}")
    if 500 <= reply.code < 600:
        return Permanent(where, reply.code, reply.status)
    return Transient(f"SMTP {where}: {reply}")


def _class(error: Exception) -> str:
    """Return what may be logged: texts quote addresses."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{type(error).__name__} {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"{type(error).__name__} {error.reason or ''}".strip()
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    number = errno.errorcode.get(error.errno or 0, "") if isinstance(error, OSError) else ""
    return f"{type(error).__name__} {number}".strip()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
