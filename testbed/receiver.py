"""A receiver outside that judges our mail by SPF, DKIM and DMARC and does with it what it likes.

The relay before it signs with DKIM (dkimpy), and may spoil its own signature; the receiver verifies with the same
library. What SPF says is played: whether it names the relay for the domain that the envelope shows, which for the
empty envelope is that of the relay's HELO (RFC 7208 section 2.4). DMARC passes if one of the two does (RFC 7489).
"""

from dataclasses import dataclass, field
from datetime import timedelta
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
_SAID = f"5.7.26 {NAME} accepts no mail that is not authenticated"
_SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")
Policy = Literal["none", "quarantine", "reject"]
Signature = Literal["good", "broken", "absent"]
Refusal = Literal["RCPT", "DATA", "report", "silence"]


@cache
def _keys() -> tuple[bytes, bytes]:
    """(the private key as PEM, the record in the DNS)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])


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
    _seen: dict[str, tuple[bytes, bool]] = field(default_factory=dict)
    _coming: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.refusal in ("RCPT", "DATA"):
            at: Literal["RCPT", "DATA"] = "RCPT" if self.refusal == "RCPT" else "DATA"
            code, _, said = _SAID.partition(" ")
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
        return mail.recipient.endswith(f"@{DOMAIN}") and self.policy == "reject" and not self._judged(mail)[1]

    def _judged(self, mail: Outgoing) -> tuple[bytes, bool]:
        """(the mail as it leaves the relay, whether its signature is good)."""
        if mail.key not in self._seen:
            signed = self._signed(mail.mime)
            record = _keys()[1]
            self._seen[mail.key] = signed, dkim.verify(signed, dnsfunc=lambda _name, timeout=5: record) or self.aligned
        return self._seen[mail.key]

    def _signed(self, mime: bytes) -> bytes:
        if self.signature == "absent":
            return mime
        domain = self.office.rpartition("@")[2].encode()
        signed = bytes(dkim.sign(mime, b"oac", domain, _keys()[0], include_headers=list(_SIGNED))) + mime
        # a gateway behind the signer marks the subject
        return signed.replace(b"\r\nSubject: ", b"\r\nSubject: [EXT] ", 1) if self.signature == "broken" else signed

    def _gets(self, mail: Outgoing) -> None:
        if not mail.recipient.endswith(f"@{DOMAIN}"):
            return
        raw, passes = self._judged(mail)
        assert passes is self.is_good, "the library judges as the table says"
        if self._rejects(mail):
            if self.refusal == "report" and mail.envelope_from:
                self._reports(mail)
        elif mail.recipient == OUTSIDE:
            spf = "pass" if self.aligned else "none"
            signed = {"good": "pass", "broken": "fail", "absent": "none"}[self.signature]
            verdict = f"spf={spf}; dkim={signed}; dmarc={'pass' if passes else 'fail'} header.from=x"
            head = f"Authentication-Results: {NAME}; {verdict}\r\n".encode()
            self._coming.append(arrived(head + raw, OUTSIDE, self.office, self.clock.true()))

    def _reports(self, mail: Outgoing) -> None:
        """To the envelope sender: as little as is understood there. An address of the mail itself needs nothing of the
        mail, the office's own its Message-ID."""
        report = delivery_status(
            message_from_bytes(mail.mime),
            mail.envelope_from,
            at=self.clock.true() + timedelta(seconds=1),
            number=mail.key,
            status="5.7.26",
            said=f"550 {_SAID}",
            returned=() if RETURNED in mail.envelope_from else ("Message-ID",),
        )
        self._coming.append(arrived(as_bytes(report), "", mail.envelope_from, self.clock.true()))
