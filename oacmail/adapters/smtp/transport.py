"""The port `Transport`: the order of SMTP commands, and what a reply or a silence means for a mail.

It never sends DATA for a citizen whose RCPT was refused: the office's copy would then prove a delivery that never
happened.
"""

import errno
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn, TypeVar

from oacmail.adapters.smtp.connection import Connection, Reply
from oacmail.adapters.smtp.envelope import commands, stuffed
from oacmail.adapters.smtp.limits import Limit
from oacmail.adapters.smtp.settings import SmtpLoginRefused, SmtpSettings
from oacmail.core.errors import ConfigError, OacmailError, Permanent, RelayError, Transient, Uncertain
from oacmail.core.ports.transport import Outgoing
from oacmail.hosts import is_loopback
from oacmail.mail.outgoing.compose import seven_bit

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

    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        """Return True if the relay took the mail and the office's copy too. Errors are those of the port.

        One refusal before RCPT concerns the mail itself: 552, it is too large. If `before_data` raises, its exception
        is raised again and the relay gets no byte of the mail.
        """
        connection, copy, mime = self._opened(mail) or self._opened(mail) or self._out_of_step()
        try:
            before_data(copy)
        except BaseException:
            self._drop()
            raise
        self._hand_over(connection, mime)
        return copy

    def _opened(self, mail: Outgoing) -> tuple[Connection, bool, bytes] | None:
        """Return the connection ready for DATA's bytes, whether the copy was accepted, and the bytes for this relay.

        None means that the replies do not match our commands (one came unasked): the connection is closed, nothing was
        sent.
        """
        with self._nothing_sent("MAIL"):
            connection, replies, fitted = self._envelope(mail)
        if connection.has_unasked_data():
            self._drop()
            return None
        copy = self._check_envelope(connection, replies)
        with self._nothing_sent("DATA"):
            (answer,) = connection.ask("DATA")
        if answer.accepted or connection.has_unasked_data():  # only DATA is answered with 354, and never with 2xx
            self._drop()
            return None
        if answer.code != _GO_ON:
            self._withdraw(connection)
            raise _refusal("DATA", answer)
        return connection, copy, fitted.mime

    def _out_of_step(self) -> NoReturn:
        raise RelayError("SMTP DATA: the relay gives more replies than it was asked for")

    def try_envelope(self, envelope_from: str, recipient: str) -> str:
        """Ask whether the relay would take a mail, then withdraw. Return '' or the refusal, such as "MAIL 550".

        Raises RelayError.
        """
        mail = Outgoing(key="", envelope_from=envelope_from, recipient=recipient, copy_to="", mime=b"")
        with self._nothing_sent("MAIL"):
            connection, replies, _ = self._envelope(mail)
        self._withdraw(connection)
        answers = zip(("MAIL", "RCPT"), replies, strict=False)
        return next((f"{verb} {reply}" for verb, reply in answers if not reply.accepted), "")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.quit()

    def _envelope(self, mail: Outgoing) -> tuple[Connection, list[Reply], Outgoing]:
        """Return the replies to MAIL and every RCPT, and the mail for this relay.

        A kept connection that turns out to be dead is replaced, once.
        """
        if self._connection is not None:
            try:
                if not self._connection.is_stale():
                    answered = self._asked(self._connection, mail)
                    if not any(reply.code in _LOGIN_CODES for reply in answered[1]):
                        return answered  # otherwise the login has ended in mid-session, as tokens do
            except (OSError, smtplib.SMTPException):
                self._drop()
        self._drop()
        try:
            self._connection = Connection(self._settings)
        except Transient as error:  # there is no password or token: no mail is at fault
            raise _of_relay(error) from None
        return self._asked(self._connection, mail)

    def _asked(self, connection: Connection, mail: Outgoing) -> tuple[Connection, list[Reply], Outgoing]:
        fitted = mail if "8bitmime" in connection.offers else replace(mail, mime=seven_bit(mail.mime))
        return connection, connection.ask(*commands(fitted, connection.offers)), fitted

    def _check_envelope(self, connection: Connection, replies: list[Reply]) -> bool:
        """True if the copy was accepted too; raises if the sender or the citizen was refused."""
        sender, citizen, *office = replies
        if sender.accepted and citizen.accepted:
            return bool(office) and office[0].accepted
        self._withdraw(connection)
        if sender.accepted:
            raise _refusal("RCPT", citizen)
        about_it = sender.code == _TOO_LARGE or sender.limit
        raise _refusal("MAIL", sender) if about_it else RelayError(f"SMTP MAIL: {sender}")

    def _hand_over(self, connection: Connection, mime: bytes) -> None:
        try:
            answer = connection.data(stuffed(mime))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Uncertain(f"SMTP DATA: {_class(error)}") from None
        if answer.accepted:
            return
        self._drop()
        if answer.code < 400:
            raise Uncertain(f"SMTP DATA: {answer}")
        refusal = _refusal("DATA", answer)
        # The row says that this mail may have left: it is put off. A pause holds for the others too.
        raise _same_pause(Transient(str(refusal)), refusal) if isinstance(refusal, RelayError) else refusal

    def _withdraw(self, connection: Connection) -> None:
        """End the transaction; the connection is kept if the relay agrees."""
        try:
            (answer,) = connection.ask("RSET")
        except (OSError, smtplib.SMTPException):
            answer = Reply(-1)
        if not answer.accepted:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _login_refused(self, error: smtplib.SMTPAuthenticationError) -> RelayError:
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        reply = Reply.read(error.smtp_code, text)
        if reply.limit:
            return _limited("AUTH", reply, reply.limit)
        kind = SmtpLoginRefused if error.smtp_code >= 500 else RelayError
        how = "" if self._settings.auth == "password" else " with a token"
        return kind(f"SMTP AUTH: {error.smtp_code}{how}")

    @contextmanager
    def _nothing_sent(self, place: str) -> Iterator[None]:
        """Turn any exception inside into Transient and close the connection: the relay has no byte of the mail."""
        try:
            yield
        except OacmailError:
            raise  # raised by us before anything was sent
        except smtplib.SMTPAuthenticationError as error:
            self._drop()
            raise self._login_refused(error) from None
        except Exception as error:  # libraries raise many classes for a broken connection or a strange answer
            self._drop()
            raise RelayError(f"SMTP {place}: {_class(error)}") from None


def _of_relay(error: Transient) -> RelayError:
    return _same_pause(RelayError(str(error)), error)


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
