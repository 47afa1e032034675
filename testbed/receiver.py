"""A receiver outside that judges our mail by SPF, DKIM and DMARC and does with it what it likes.

The relay before it signs with DKIM (dkimpy), and may spoil its own signature; the receiver verifies with the same
library. What SPF says is played here: whether it names the relay for the domain that the envelope shows, which for the
empty envelope is that of the relay's HELO (RFC 7208 section 2.4); tests/servers/receivers.py asks a DNS. DMARC passes
if one of the two does (RFC 7489).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from functools import cache
from typing import Literal

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from oacmail.core.ports import Outgoing
from oacmail.core.tokens import RETURNED
from testbed.clock import SimulatedClock
from testbed.mailbox import SimulatedMailbox
from testbed.messages import arrived, as_bytes, delivery_status
from testbed.relay import SimulatedRelay, refused

DOMAIN = "receiver.example"
NAME = f"mx.{DOMAIN}"
OUTSIDE = f"retorn@{DOMAIN}"
REFUSES = f"5.7.26 {NAME} accepts no mail that is not authenticated"
SELECTOR = b"oac"
_SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")
Policy = Literal["none", "quarantine", "reject"]
Signature = Literal["good", "broken", "absent"]
Refusal = Literal["RCPT", "DATA", "report", "silence"]


@cache
def keys() -> tuple[bytes, bytes]:
    """(the private key as PEM, the record in the DNS)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])


@dataclass(frozen=True, slots=True)
class Authentication:
    """`spf`: whether it passes for our domain; `dkim`: whether our signature does."""

    spf: bool
    dkim: Literal["pass", "fail", "none"]

    @property
    def passes(self) -> bool:
        return self.spf or self.dkim == "pass"

    @property
    def field(self) -> bytes:
        spf, dmarc = "pass" if self.spf else "none", "pass" if self.passes else "fail"
        return f"Authentication-Results: {NAME}; spf={spf}; dkim={self.dkim}; dmarc={dmarc} header.from=x\r\n".encode()


def judged(raw: bytes, spf: bool, record: Callable[[str], bytes | None]) -> Authentication:
    """`record`: the TXT record of a name, from the DNS."""
    if not raw.startswith(b"DKIM-Signature:"):
        return Authentication(spf, "none")
    good = dkim.verify(raw, dnsfunc=lambda name, timeout=5: record(name.decode()))
    return Authentication(spf, "pass" if good else "fail")


def signed(mime: bytes, domain: str, signature: Signature) -> bytes:
    """The mail as the relay lets it leave."""
    if signature == "absent":
        return mime
    made = bytes(dkim.sign(mime, SELECTOR, domain.encode(), keys()[0], include_headers=list(_SIGNED))) + mime
    # a gateway behind the signer marks the subject
    return made.replace(b"\r\nSubject: ", b"\r\nSubject: [EXT] ", 1) if signature == "broken" else made


def report(mime: bytes, envelope_from: str, number: str, at: datetime | None = None) -> bytes:
    """The report of a refusal to the envelope sender: as little as is understood there. An address of the mail itself
    needs nothing of the mail, the office's own its Message-ID."""
    return as_bytes(
        delivery_status(
            message_from_bytes(mime),
            envelope_from,
            at=at,
            number=number,
            status="5.7.26",
            said=f"550 {REFUSES}",
            returned=() if RETURNED in envelope_from else ("Message-ID",),
        )
    )


@dataclass
class PlayedReceiver:
    """`policy`: what DMARC's record of our domain asks; `signature`: what the relay makes; `aligned`: SPF passes for
    our domain; `refusal`: how it refuses what DMARC rejects. It takes all mail to its domain, and `OUTSIDE` forwards to
    the office what it gets, with its verdict."""

    relay: SimulatedRelay
    mailbox: SimulatedMailbox
    clock: SimulatedClock
    office: str
    policy: Policy
    signature: Signature
    aligned: bool
    refusal: Refusal
    _seen: dict[str, tuple[bytes, Authentication]] = field(default_factory=dict)
    _coming: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.refusal in ("RCPT", "DATA"):
            at: Literal["RCPT", "DATA"] = "RCPT" if self.refusal == "RCPT" else "DATA"
            code, _, said = REFUSES.partition(" ")
            self.relay.when(refused(550, code, at, said), holds=self._rejects)
        self.relay.at_delivery = self._gets

    @property
    def is_good(self) -> bool:
        """Whether DMARC passes, by what was set up."""
        return self.aligned or self.signature == "good"

    def bring(self) -> None:
        """What it sends back arrives at the office."""
        for raw in self._coming:
            self.mailbox.append("INBOX", raw, self.clock.now())
        self._coming.clear()

    def _rejects(self, mail: Outgoing) -> bool:
        return mail.recipient.endswith(f"@{DOMAIN}") and self.policy == "reject" and not self._judged(mail)[1].passes

    def _judged(self, mail: Outgoing) -> tuple[bytes, Authentication]:
        """The mail as it leaves the relay, and what is thought of it."""
        if mail.key not in self._seen:
            raw = signed(mail.mime, self.office.rpartition("@")[2], self.signature)
            self._seen[mail.key] = raw, judged(raw, self.aligned, lambda _name: keys()[1])
        return self._seen[mail.key]

    def _gets(self, mail: Outgoing) -> None:
        if not mail.recipient.endswith(f"@{DOMAIN}"):
            return
        raw, thought = self._judged(mail)
        assert thought.passes is self.is_good, "the library judges as the table says"
        now = self.clock.true()
        if self._rejects(mail):
            if self.refusal == "report" and mail.envelope_from:
                about = report(mail.mime, mail.envelope_from, mail.key, now + timedelta(seconds=1))
                self._coming.append(arrived(about, "", mail.envelope_from, now))
        elif mail.recipient == OUTSIDE:
            self._coming.append(arrived(thought.field + raw, OUTSIDE, self.office, now))
