r"""Exchange Online and Gmail in front of the tests' real servers: what they offer, refuse, rename and rewrite.

    with ProviderImap(dovecot.imap_port, EXCHANGE) as imap, provider_relay(servers, user, EXCHANGE) as relay: ...

IMAP is Dovecot's own, with other capabilities, no keywords, another name of the folder of sent mail, and EXISTS held
back during IDLE; `answers` are given instead of Dovecot's, one for each command that reads. A label is a copy with the
same date. Sent mail is put into Sent by the provider itself; Exchange gives it another Message-ID and keeps ours in
X-Microsoft-Original-Message-ID. Sources: <https://developers.google.com/gmail/imap/imap-extensions>,
<https://github.com/jstedfast/MailKit/issues/849> (capabilities of Exchange Online),
<https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements> (Sent Items, limits).
"""

import re
import smtplib
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import make_msgid
from typing import BinaryIO
from zlib import crc32

from imapclient import imap_utf7

from tests.fakes.relay import Mail, Relay, Script
from tests.servers.mail_servers import HOST, MailServers
from tests.servers.maildir import Maildir
from tests.servers.proxy import Proxy

_FLAGS = rb"(\Seen \Answered \Flagged \Deleted \Draft $MDNSent)"
_QUOTA = b'* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE 5000 15728640)\r\n'
_READS = re.compile(rb"\S+ (?:UID FETCH|UID SEARCH|EXAMINE)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Character:
    """`sent`: the folder of sent mail; `special`: LIST says that it is; `more`: other rows of LIST; `rewrites`: sent
    mail gets another Message-ID."""

    capabilities: bytes
    sent: str
    special: bool
    more: tuple[bytes, ...] = ()
    rewrites: bool = False


EXCHANGE = Character(
    b"IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
    "Elements enviats",
    special=False,
    rewrites=True,
)
GMAIL = Character(
    b"IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE SPECIAL-USE LITERAL-",
    "[Gmail]/Enviats",
    special=True,
    more=(
        rb'* LIST (\HasChildren \Noselect) "/" "[Gmail]"',
        rb'* LIST (\All \HasNoChildren) "/" "[Gmail]/Tots els correus"',
    ),
)


CHARACTERS: Mapping[str, Character] = {"microsoft365": EXCHANGE, "google": GMAIL}
"""By the value of `[imap] provider`."""


@dataclass(slots=True)
class _Talk:
    """One connection: whether it is in IDLE, and the news that are held back until it ends."""

    idle: bool = False
    held: list[bytes] = field(default_factory=list)


class ProviderImap(Proxy):
    """`answers`: what is said instead of Dovecot's next answers, such as "BYE …" or "NO …". `refused`: commands that
    the provider does not know."""

    def __init__(self, target: int, character: Character) -> None:
        super().__init__(target)
        self.answers: list[str] = []
        self.refused: list[bytes] = []
        self._is = character
        self._talks: dict[frozenset[socket.socket], _Talk] = {}
        self._sent = b'"' + imap_utf7.encode(character.sent) + b'"'

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        talk = self._talks.setdefault(frozenset((source, sink)), _Talk())
        try:
            from_server = source.getpeername()[1] == self._target
            with source.makefile("rb") as stream:
                for line in stream:
                    if from_server:
                        sink.sendall(self._said(line, talk))
                    elif not self._answered(line, source):
                        sink.sendall(self._asked(line, talk))
                    _literal(line, stream, sink)
            sink.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            return  # one end is gone; `cut` has told the other

    def _answered(self, line: bytes, client: socket.socket) -> bool:
        """Whether the provider itself answers a command."""
        if b"KEYWORD" in line.upper() or re.search(rb"FLAGS\S* \((?!\\)", line):
            self.refused.append(line)
        if b" GETQUOTAROOT " in line.upper():
            client.sendall(_QUOTA + line.split(b" ")[0] + b" OK Success\r\n")
            return True
        if not (self.answers and _READS.match(line)):
            return False
        answer = self.answers.pop(0).encode()
        if answer.startswith(b"BYE"):
            client.sendall(b"* " + answer + b"\r\n")
            client.shutdown(socket.SHUT_RDWR)
        else:
            client.sendall(line.split(b" ")[0] + b" " + answer + b"\r\n")
        return True

    def _asked(self, line: bytes, talk: _Talk) -> bytes:
        words = line.rstrip(b"\r\n").upper()
        talk.idle = words.endswith(b" IDLE") or (talk.idle and words != b"DONE")
        return line.replace(self._sent, b'"Sent"').replace(b"X-GM-MSGID", b"RFC822.SIZE INTERNALDATE BODYSTRUCTURE")

    def _said(self, line: bytes, talk: _Talk) -> bytes:
        if talk.idle and line.endswith((b"EXISTS\r\n", b"RECENT\r\n")):
            talk.held.append(line)  # news come with the end of IDLE: they are slow
            return b""
        held, talk.held = b"".join(talk.held if not talk.idle else ()), talk.held if talk.idle else []
        line = re.sub(rb"\bCAPABILITY [^\]\r\n]*", b"CAPABILITY " + self._is.capabilities, line)
        line = re.sub(rb"(\* FLAGS|\[PERMANENTFLAGS) \([^)]*\)", lambda hit: hit[1] + b" " + _FLAGS, line)
        if b"BODYSTRUCTURE" in line:
            line = re.sub(rb"RFC822\.SIZE .*(?=\)\r\n)", lambda hit: b"X-GM-MSGID %d" % crc32(hit[0]), line)
        return held + (self._row(line) if line.startswith(b"* LIST") else line)

    def _row(self, line: bytes) -> bytes:
        if not self._is.special:
            line = re.sub(rb" ?\\(?:Sent|Junk|Drafts|Marked|UnMarked)\b", b"", line)
        if line.endswith(b' "/" Sent\r\n'):
            line = line.replace(b"Sent\r\n", self._sent + b"\r\n")
        more = b"".join(row + b"\r\n" for row in self._is.more) if line.endswith(b"INBOX\r\n") else b""
        return line + more


def _literal(line: bytes, stream: BinaryIO, sink: socket.socket) -> None:
    if size := re.search(rb"\{(\d+)\+?\}\r\n$", line):
        sink.sendall(stream.read(int(size[1])))


@contextmanager
def provider_relay(
    servers: MailServers, user: str, character: Character, script: Script | None = None
) -> Iterator[Relay]:
    """Submission at the provider: it delivers by Postfix, and puts what it takes into Sent."""
    with Relay(script, login=True, taken=delivery(servers, Maildir(servers.dovecot, user), character)) as relay:
        yield relay


def delivery(servers: MailServers, mailbox: Maildir, character: Character) -> Callable[[Mail], None]:
    """What the provider does with a mail that it takes."""

    def deliver(mail: Mail) -> None:
        raw = renamed(mail.content) if character.rewrites else mail.content
        with smtplib.SMTP(HOST, servers.postfix.smtp_port) as postfix:
            postfix.sendmail(mail.sender, mail.recipients, raw)
        mailbox.deliver(raw, "Sent")

    return deliver


def renamed(raw: bytes) -> bytes:
    """The mail with another Message-ID; the sender's own one is kept in a field of Microsoft's."""
    new = make_msgid(domain="EURPRD01.PROD.OUTLOOK.COM").encode()
    field = rb"(?im)^Message-ID: *(<[^>]*>)"
    both = b"Message-ID: " + new + b"\r\nX-Microsoft-Original-Message-ID: "
    return re.sub(field, lambda hit: both + hit[1], raw, count=1)
