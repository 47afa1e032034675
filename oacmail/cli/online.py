"""What the servers say of themselves: the questions of `init`, and `check --online`, which logs in to both and sends
two test messages to the office's own mailbox.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from secrets import token_hex
from typing import Literal

from oacmail import connections, wiring
from oacmail.advice import meaning
from oacmail.cli.findings import Finding, board_online, error, warning
from oacmail.config import Config
from oacmail.config.profiles import fitting
from oacmail.core import tokens
from oacmail.core.effects import Send
from oacmail.core.errors import OacmailError, Transient
from oacmail.core.model import Folder
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.ports.mailbox import MessageMeta, WatchedFolder
from oacmail.core.ports.transport import Outgoing
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from oacmail.smtp import SmtpSettings, SmtpTransport

# --- Probe -----------------------------------------------------------------------------------------------------------
#
# What the servers say of themselves, for `oacmail init`: the port that works, folders, capabilities, sent mail.
#
# It logs in and reads; it sends nothing and changes nothing.


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


def probe_mailbox(login: Login) -> MailboxAbilities:
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


def probe_relay(login: Login, office: str) -> Mapping[str, int | str]:
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


# --- Online ----------------------------------------------------------------------------------------------------------
#
# `check --online`: logs in to both servers and sends two test messages to the office's own mailbox.
#
# The first is signed like all our mail: a running daemon files it, and its arrival proves that self-copies arrive. The
# second is marked as automatic and goes to a plus-address named after the folder of sent mail: a server that delivers
# it into that folder lets anybody write there.


MOST_NAMES = 20  # folders named in one finding
PATIENCE = 30.0  # seconds to wait for a test message
CLOCKS_MAY_DIFFER = 60.0  # seconds between the mail server and us
MARK, TEST = "X-Oacmail", "X-Oacmail-Check"
_OPTIONAL: Mapping[tuple[str, ...], str] = {
    ("IDLE",): "new mail is noticed only every imap.poll_seconds",
    ("MOVE", "UIDPLUS"): "copies of our own mail stay in INBOX instead of Sent",
    ("SPECIAL-USE",): "the folder of sent mail is found only by its name",
}


def online_findings(config: Config) -> Iterator[Finding]:
    """Yields the findings of both servers. An error of one server does not hide the findings of the other."""
    given = connections.token_source(config)
    box, relay = connections.mailbox(config, given), connections.transport(config, given)
    try:
        watched = yield from _mailbox(config, box)
        if watched:
            yield from board_online(config, box)
        policy = wiring.live_policy(config, first=True)  # which signs the test message
        sender = yield from _relay(config, policy, relay)
        if watched and sender is not None:
            yield from _test_messages(config, policy, TestMail(box, relay, sender, watched))
    except OacmailError as failure:
        yield error("online", f"the test ended early: {failure}", "try again, then see the servers' logs")
    finally:
        box.close()
        relay.close()


class TestMail:
    """Sends a test message to the office's mailbox and finds the folder where it arrives."""

    def __init__(self, box: ImapMailbox, relay: SmtpTransport, sender: str, watched: tuple[WatchedFolder, ...]) -> None:
        self._box, self._relay, self._sender, self.watched = box, relay, sender, watched

    def send(self, recipient: str, mime: bytes) -> None:
        mail = Outgoing(key="check", envelope_from=self._sender, recipient=recipient, copy_to="", mime=mime)
        self._relay.send(mail, lambda _: None)

    def arrival(self, field: str, value: str) -> tuple[WatchedFolder, MessageMeta] | None:
        """The folder and meta of the message with `value` in this header field; None = not within PATIENCE."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for folder in self.watched:
                self._box.open(folder.name)
                found = sorted(self._box.bearing(field, value))
                if found and (metas := self._box.metas(found)):  # a running service may file it in between
                    return folder, metas[0]
            self._box.wait(1.0)
        return None

    @property
    def sent(self) -> str:
        return next((folder.name for folder in self.watched if folder.role is Folder.SENT), "")


# --- each server --------------------------------------------------------------------------------------


def _mailbox(config: Config, box: ImapMailbox) -> Generator[Finding, None, tuple[WatchedFolder, ...]]:
    """Returns the folders to watch; () if the mailbox cannot be reached."""
    try:
        watched, missing, offers = tuple(box.watched()), box.missing(), box.offers()
        names, software = box.names() if missing else (), box.software()
        for folder in watched:
            box.open(folder.name)
    except Transient as failure:
        yield _unreachable("imap", failure)
        return ()
    if config.imap.provider == "generic" and not fitting(config.imap.host):  # `check` itself knows the provider's names
        yield from _profile(software, fitting("", software))
    yield from (_missing(config, name, names) for name in missing)
    if junk := box.junk_by_name():
        yield warning(
            "imap.junk",
            f"the folder {junk} is read as the junk folder because of its name",
            f'write junk = "{junk}" if it is, else name it in imap.watch',
        )
    if not box.drafts():
        yield warning(
            "imap",
            "no folder of drafts was found: draft answers go to the agent by mail",
            "create the folder Drafts, Esborranys or Borradores in a mail program",
        )
    for words, without in _OPTIONAL.items():
        if offers.isdisjoint(words):
            yield warning(
                "imap",
                f"the server does not offer {' or '.join(words)}: {without}",
                "nothing: oacmail works without it",
            )
    return watched


def _profile(software: str, profile: str) -> Iterator[Finding]:
    if profile:
        yield warning(
            "imap.provider",
            f"the server is {software}, for which there is a profile",
            f'write provider = "{profile}" unless it is a server of your own (docs/provider.md)',
        )


def _missing(config: Config, name: str, names: Sequence[str]) -> Finding:
    """The finding for a folder name that `ImapMailbox.missing` returns."""
    there = f"the folders are {', '.join(names[:MOST_NAMES])}" + (" and more" if len(names) > MOST_NAMES else "")
    if name == (config.imap.sent or "Sent"):
        wanted = f"the folder {name} does not exist" if config.imap.sent else "no folder of sent mail was found"
        return error(
            "imap.sent",
            f"{wanted}, so answers are not seen; {there}",
            "name one of them in imap.sent, or create the folder Sent in a mail program and name that",
        )
    return error("imap.watch", f"the folder {name} does not exist; {there}", "correct the name, or create the folder")


def _relay(config: Config, policy: Policy, relay: SmtpTransport) -> Generator[Finding, None, str | None]:
    """Returns the envelope sender that acknowledgements can use; None if the relay cannot be used."""
    office = config.office.address
    wanted = wiring.envelopes(config, policy)[MailKind.ACK]
    try:
        if not (refused := relay.try_envelope(wanted, office)):
            return wanted
        plain = relay.try_envelope(office, office)
    except Transient as failure:
        yield _unreachable("smtp", failure)
        return None
    if plain:
        yield error("smtp", f"the relay refuses mail from {office} to itself ({plain})", "ask the relay's admin")
        return None
    named = f'"{config.smtp.ack_envelope}"'
    yield error("smtp.ack_envelope", f"the relay refuses the envelope sender of {named} ({refused})", 'write "office"')
    return office


def _unreachable(server: str, failure: Transient) -> Finding:
    """The finding for a server error. Its text holds only codes and class names, never content."""
    what, do = meaning(server, str(failure))
    return error(server, f"{what} ({failure})", do)


# --- the two test messages ---------------------------------------------------------------------------------


def _test_messages(config: Config, policy: Policy, post: TestMail) -> Iterator[Finding]:
    if config.smtp.self_copy:
        yield from _copies(config, policy, post)
    if post.sent.isascii() and post.sent.isalnum():
        yield from _plus(config, post)


def _copies(config: Config, policy: Policy, post: TestMail) -> Iterator[Finding]:
    """Checks that a message to ourselves arrives, as self-copies must, and that the servers' clocks agree with ours."""
    key, now = f"{tokens.TRIAL}{token_hex(8)}", datetime.now(UTC).replace(microsecond=0)
    sign = partial(
        tokens.sign_mail,
        policy,
        run="",
        key=key,
        case=None,
        message="",
        received_at=None,
        due_at=None,
        recipient=policy.office.address,
        sent_at=now,
    )
    send = Send(key=key, kind=MailKind.PROBE, lang=policy.office.languages[0], recipient=policy.office.address)
    mail = wiring.renderer(config, policy).render(send, tokens.message_id(policy, key), sign, now)
    post.send(policy.office.address, mail.mime)
    found = post.arrival(MARK, key)
    if found is None:
        yield error(
            "smtp.self_copy",
            f"a mail to {policy.office.address} did not come back within {PATIENCE:.0f} s",
            "look for it in the relay's log and in other folders (rules, junk); otherwise set self_copy = false",
        )
    elif abs((found[1].internal_date - now).total_seconds()) > CLOCKS_MAY_DIFFER:
        ahead = (found[1].internal_date - now).total_seconds()
        yield warning(
            "clock", f"the mail server's clock is {ahead:.0f} s from ours", "correct the wrong clock: timedatectl"
        )


def _plus(config: Config, post: TestMail) -> Iterator[Finding]:
    """Checks that nobody can write into Sent from outside (Dovecot's lmtp_save_to_detail_mailbox)."""
    local, _, domain = config.office.address.rpartition("@")
    target, value = f"{local}+{post.sent}@{domain}", token_hex(8)
    try:
        post.send(target, _automatic(config.office.address, target, value))
    except OacmailError as refused:
        if config.trust.plus_addressing:
            yield warning("trust.plus_addressing", f"{target} is refused ({refused})", "set plus_addressing = false")
        return
    found = post.arrival(TEST, value)
    if found is None and config.trust.plus_addressing:
        yield warning("trust.plus_addressing", f"a mail to {target} did not arrive", "set plus_addressing = false")
    elif found is not None and found[0].role is Folder.SENT:
        yield error(
            "imap",
            f"a mail to {target} is delivered into {post.sent}: anybody can write there from outside",
            "switch off lmtp_save_to_detail_mailbox at the server",
        )


def _automatic(sender: str, recipient: str, value: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, "oacmail check: this message may be deleted"
    mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="oacmail.invalid")
    mail["Auto-Submitted"], mail[TEST] = "auto-generated", value
    mail.set_content("This is a test message of `oacmail check --online`. You may delete it.\n")
    return mail.as_bytes()
