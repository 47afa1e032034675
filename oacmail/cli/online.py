"""`check --online`: logs in to both servers and tries the ways that mail will take, with two mails to ourselves.

The first is signed as all our mail is: a running daemon files it, and its coming back proves the path of the
self-copies. The second says of itself that it is automatic, and goes to a plus-address that bears the name of the
folder of sent mail: a server that delivers it there lets anybody write into that folder.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from secrets import token_hex

from oacmail import wiring
from oacmail.adapters.imap import ImapMailbox
from oacmail.adapters.smtp import SmtpTransport
from oacmail.cli.error_help import meaning
from oacmail.cli.findings import Finding, error, warning
from oacmail.config import Config
from oacmail.core.effects import Send
from oacmail.core.errors import OacmailError, Transient
from oacmail.core.model import Folder
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.ports.mailbox import MessageMeta, WatchedFolder
from oacmail.core.ports.transport import Outgoing
from oacmail.core.routing import signature

MOST_NAMES = 20  # of folders in one finding
PATIENCE = 30.0  # seconds for a mail to ourselves
CLOCKS_MAY_DIFFER = 60.0  # seconds between the mail server and us
MARK, TEST = "X-Oacmail", "X-Oacmail-Check"
_WISHED: Mapping[tuple[str, ...], str] = {
    ("IDLE",): "new mail is seen every imap.poll_seconds only",
    ("MOVE", "UIDPLUS"): "copies of our own mail stay in INBOX instead of Sent",
    ("SPECIAL-USE",): "the folder of sent mail is found by its name only",
}


def findings(config: Config) -> Iterator[Finding]:
    """All that the servers answer. What one server refuses does not hide what the other would say."""
    box, relay = wiring.mailbox(config), wiring.transport(config)
    try:
        watched = yield from _mailbox(config, box)
        policy = wiring.live_policy(config)
        sender = yield from _relay(config, policy, relay)
        if watched and sender is not None:
            yield from _ways(config, policy, TestMail(box, relay, sender, watched))
    except OacmailError as trouble:
        yield error("online", f"the trial ended early: {trouble}", "try again; then see the servers' logs")
    finally:
        box.close()
        relay.close()


class TestMail:
    """Sends a mail to ourselves and looks where it arrives."""

    def __init__(self, box: ImapMailbox, relay: SmtpTransport, sender: str, watched: tuple[WatchedFolder, ...]) -> None:
        self._box, self._relay, self._sender, self.watched = box, relay, sender, watched

    def send(self, recipient: str, mime: bytes) -> None:
        mail = Outgoing(key="check", envelope_from=self._sender, recipient=recipient, copy_to="", mime=mime)
        self._relay.send(mail, lambda _: None)

    def arrival(self, field: str, value: str) -> tuple[WatchedFolder, MessageMeta] | None:
        """Where the mail with `value` in this field has arrived; None = not within PATIENCE."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for folder in self.watched:
                self._box.open(folder.name)
                if found := self._box.bearing(field, value):
                    return folder, self._box.metas(sorted(found))[0]
            self._box.wait(1.0)
        return None

    @property
    def sent(self) -> str:
        return next((folder.name for folder in self.watched if folder.role is Folder.SENT), "")


# --- each server --------------------------------------------------------------------------------------


def _mailbox(config: Config, box: ImapMailbox) -> Generator[Finding, None, tuple[WatchedFolder, ...]]:
    """The folders to watch; () where the mailbox cannot be reached."""
    try:
        watched, missing, offers = tuple(box.watched()), box.missing(), box.offers()
        names = box.names() if missing else ()
        for folder in watched:
            box.open(folder.name)
    except Transient as trouble:
        yield _unreachable("imap", trouble)
        return ()
    yield from (_missing(config, name, names) for name in missing)
    for words, without in _WISHED.items():
        if offers.isdisjoint(words):
            yield warning("imap", f"the server offers no {' or '.join(words)}: {without}", "nothing; it works so too")
    return watched


def _missing(config: Config, name: str, names: Sequence[str]) -> Finding:
    """`name` as `ImapMailbox.missing` says it."""
    there = f"there are {', '.join(names[:MOST_NAMES])}" + (" and more" if len(names) > MOST_NAMES else "")
    if name == (config.imap.sent or "Sent"):
        wanted = f"the folder {name} does not exist" if config.imap.sent else "no folder of sent mail was found"
        return error(
            "imap.sent",
            f"{wanted}, so that answers cannot be seen; {there}",
            "name one of these in imap.sent, or make the folder Sent in a mail program and name it",
        )
    return error("imap.watch", f"the folder {name} does not exist; {there}", "correct the name, or make the folder")


def _relay(config: Config, policy: Policy, relay: SmtpTransport) -> Generator[Finding, None, str | None]:
    """The envelope sender that acknowledgements can use; None where the relay cannot be used."""
    office = config.office.address
    wanted = wiring.envelopes(config, policy)[MailKind.ACK]
    try:
        if not (refused := relay.try_envelope(wanted, office)):
            return wanted
        plain = relay.try_envelope(office, office)
    except Transient as trouble:
        yield _unreachable("smtp", trouble)
        return None
    if plain:
        yield error("smtp", f"the relay refuses mail from {office} to itself ({plain})", "ask whoever runs the relay")
        return None
    named = f'"{config.smtp.ack_envelope}"'
    yield error("smtp.ack_envelope", f"the relay refuses the envelope sender of {named} ({refused})", 'write "office"')
    return office


def _unreachable(server: str, trouble: Transient) -> Finding:
    """The remedy by what the trouble says of itself; its text holds codes and classes only."""
    what, do = meaning(server, str(trouble))
    return error(server, f"{what} ({trouble})", do)


# --- the ways of mail ---------------------------------------------------------------------------------


def _ways(config: Config, policy: Policy, post: TestMail) -> Iterator[Finding]:
    if config.smtp.self_copy:
        yield from _copies(config, policy, post)
    if post.sent.isascii() and post.sent.isalnum():
        yield from _plus(config, post)


def _copies(config: Config, policy: Policy, post: TestMail) -> Iterator[Finding]:
    """A mail to ourselves comes back, or our self-copies will not; and the servers' clocks agree."""
    key, now = f"{signature.TRIAL}{token_hex(8)}", datetime.now(UTC).replace(microsecond=0)
    mark = partial(
        signature.sign,
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
    mail = wiring.renderer(config, policy).render(send, signature.message_id(policy, key), mark, now)
    post.send(policy.office.address, mail.mime)
    found = post.arrival(MARK, key)
    if found is None:
        yield error(
            "smtp.self_copy",
            f"a mail to {policy.office.address} did not come back within {PATIENCE:.0f} s",
            "look for it in the relay's log and in other folders (rules, junk); else write self_copy = false",
        )
    elif abs((found[1].internal_date - now).total_seconds()) > CLOCKS_MAY_DIFFER:
        ahead = (found[1].internal_date - now).total_seconds()
        yield warning("clock", f"the mail server's clock is {ahead:.0f} s from ours", "mend the wrong one: timedatectl")


def _plus(config: Config, post: TestMail) -> Iterator[Finding]:
    """Nobody may write into Sent from outside (Dovecot's lmtp_save_to_detail_mailbox)."""
    local, _, domain = config.office.address.rpartition("@")
    target, value = f"{local}+{post.sent}@{domain}", token_hex(8)
    try:
        post.send(target, _automatic(config.office.address, target, value))
    except OacmailError as refused:
        if config.trust.plus_addressing:
            yield warning("trust.plus_addressing", f"{target} is refused ({refused})", "write plus_addressing = false")
        return
    found = post.arrival(TEST, value)
    if found is None and config.trust.plus_addressing:
        yield warning("trust.plus_addressing", f"a mail to {target} did not arrive", "write plus_addressing = false")
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
    mail.set_content("A trial of `oacmail check --online`. There is nothing to do, and it may be deleted.\n")
    return mail.as_bytes()
