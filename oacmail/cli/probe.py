"""What the servers say of themselves, for `oacmail init`: the port that works, folders, capabilities, sent mail.

It logs in and reads; it sends nothing and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from oacmail.core.errors import Transient
from oacmail.core.model import Folder
from oacmail.imap import ImapMailbox, ImapSettings
from oacmail.smtp import SmtpSettings, SmtpTransport

Security = Literal["tls", "starttls", "none"]
IMAP_PORTS: tuple[tuple[int, Security], ...] = ((993, "tls"), (143, "starttls"))
SMTP_PORTS: tuple[tuple[int, Security], ...] = ((587, "starttls"), (465, "tls"))
_MOVES = {"MOVE", "UIDPLUS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """`port`, `security`: None = try the usual ones."""

    host: str
    user: str
    password: str
    port: int | None = None
    security: Security | None = None
    ca_file: str | None = None

    def ways(self, usual: tuple[tuple[int, Security], ...]) -> tuple[tuple[int, Security], ...]:
        if self.port is None:
            return usual
        if self.security or self.port in dict(usual):
            return ((self.port, self.security or dict(usual)[self.port]),)
        return tuple((self.port, security) for _, security in usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxAbilities:
    """`sent`, `drafts`: '' = not found. `moves`: messages can be moved, as the board needs."""

    port: int
    security: Security
    offers: frozenset[str]
    separator: str
    names: tuple[str, ...]
    sent: str
    drafts: str

    @property
    def moves(self) -> bool:
        return not self.offers.isdisjoint(_MOVES)


def mailbox(login: Login) -> MailboxAbilities:
    """Raises Transient: the error of the first way that reached the login, else of the first way."""
    first: Transient | None = None
    for port, security in login.ways(IMAP_PORTS):
        try:
            return _asked(login, port, security)
        except Transient as error:
            first = first or error
    assert first is not None
    raise first


def _asked(login: Login, port: int, security: Security) -> MailboxAbilities:
    settings = ImapSettings(
        host=login.host, user=login.user, password=login.password, port=port, security=security, ca_file=login.ca_file
    )
    box = ImapMailbox(settings)
    try:
        watched = box.watched()
        return MailboxAbilities(
            port=port,
            security=security,
            offers=box.offers(),
            separator=box.tree().separator,
            names=tuple(box.names()),
            sent=next((folder.name for folder in watched if folder.role is Folder.SENT), ""),
            drafts=box.drafts(),
        )
    finally:
        box.close()


def relay(login: Login, office: str) -> Mapping[str, int | str]:
    """`port` and `security` of the first way by which the relay takes mail from the office to itself. Raises Transient:
    the error of the first way."""
    first: Transient | None = None
    for port, security in login.ways(SMTP_PORTS):
        settings = SmtpSettings(
            host=login.host,
            port=port,
            user=login.user,
            password=login.password,
            security=security,
            ca_file=login.ca_file,
        )
        transport = SmtpTransport(settings)
        try:
            transport.try_envelope(office, office)
            return {"port": port, "security": security}  # noqa: TRY300 - the loop goes on after an error only
        except Transient as error:
            first = first or error
        finally:
            transport.close()
    assert first is not None
    raise first
