"""A relay that answers by script and delivers: to people's boxes, and the office's copy into its mailbox.

A script is a list of rules, each a condition, a fate and how often it holds; the first that fits a mail decides,
and without one the mail is taken. The copy comes back as Postfix and Dovecot bring it: with Return-Path,
Delivered-To and Received on top.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from oacmail.core.errors import Permanent, RelayError, Transient, Uncertain
from oacmail.core.ports.transport import Outgoing
from oacmail.sim.clock import PlayedClock
from oacmail.sim.mailbox import PlayedMailbox

MX = "mx.vila.example"
_MESSAGE_ID = re.compile(rb"^Message-ID: *[^\r\n]*", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of one mail. `lost` with `uncertain`: the relay had not taken it. `copy`: the office's RCPT."""

    end: Literal["taken", "refused", "later", "uncertain", "down"] = "taken"
    at: Literal["RCPT", "DATA"] = "RCPT"
    code: int = 250
    status: str = ""
    lost: bool = False
    copy: bool = True


TAKEN = Fate()
DOWN = Fate(end="down")
NO_COPY = Fate(copy=False)


def refused(code: int = 550, status: str = "5.1.1", at: Literal["RCPT", "DATA"] = "RCPT") -> Fate:
    return Fate(end="refused", code=code, status=status, at=at)


def later(code: int = 450, at: Literal["RCPT", "DATA"] = "RCPT") -> Fate:
    return Fate(end="later", code=code, at=at)


def silence(*, lost: bool) -> Fate:
    """The line died after the last byte; the mail is lost, or arrives all the same."""
    return Fate(end="uncertain", lost=lost)


@dataclass
class Rule:
    holds: Callable[[Outgoing], bool]
    fate: Fate
    times: int | None

    def take(self, mail: Outgoing) -> Fate | None:
        if self.times == 0 or not self.holds(mail):
            return None
        self.times = None if self.times is None else self.times - 1
        return self.fate


class PlayedRelay:
    """Port `Transport`. `boxes`: what people received; `heard`: every mail offered; `given`: every one whose bytes
    were handed over and kept. `copies`: mail to the office is brought at once, kept until `bring`, or lost.
    `rewrites`: every Message-ID becomes the relay's own. `server_copies`: the provider puts what it sends into Sent by
    itself. `died`: called at named points, to kill there. `unproven`: keys of mails that arrived and whose copy did
    not come back at once."""

    def __init__(self, mailbox: PlayedMailbox, clock: PlayedClock, office: str) -> None:
        self._mailbox, self._clock, self._office = mailbox, clock, office
        self.boxes: defaultdict[str, list[EmailMessage]] = defaultdict(list)
        self.heard: list[Outgoing] = []
        self.given: list[Outgoing] = []
        self.copies: Literal["brought", "kept", "lost"] = "brought"
        self.rewrites = False
        self.server_copies = False
        self.died: Callable[[str], None] = lambda point: None
        self.unproven: set[str] = set()
        self._rules: list[Rule] = []
        self._kept: list[tuple[str, bytes]] = []

    # --- the script -------------------------------------------------------------------------------

    def when(
        self, fate: Fate, *, to: str = "", kind: str = "", sender: str | None = None, times: int | None = None
    ) -> Rule:
        """From now on this fate for such mails; `times` None = always. Later rules go before earlier ones."""
        tests: list[Callable[[Outgoing], bool]] = []
        if to:
            tests.append(lambda mail: mail.recipient == to)
        if kind:
            tests.append(lambda mail: mail.key.startswith(kind))
        if sender is not None:
            tests.append(lambda mail: mail.envelope_from == sender)
        rule = Rule(lambda mail: all(test(mail) for test in tests), fate, times)
        self._rules.insert(0, rule)
        return rule

    def lift(self, rule: Rule) -> None:
        """This one holds no longer."""
        self._rules = [other for other in self._rules if other is not rule]

    def well(self) -> None:
        """Everything is taken again."""
        self._rules.clear()

    def bring(self) -> None:
        """The copies that were kept arrive now."""
        kept, self._kept = self._kept, []
        for sender, mime in kept:
            self._to_office(sender, mime)

    # --- the port ---------------------------------------------------------------------------------

    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        self.heard.append(mail)
        fate = next((fate for rule in self._rules if (fate := rule.take(mail))), TAKEN)
        self.died("before RCPT")
        if fate.end == "down":
            raise RelayError("SMTP connect: ConnectionRefusedError")
        if fate.at == "RCPT":
            _refuse(fate)
        copy = bool(mail.copy_to) and fate.copy
        before_data(copy)
        self.died("before the first byte")
        _refuse(fate)
        if not fate.lost:
            self._deliver(mail, copy)
        self.died("after the last byte")
        if fate.end == "uncertain":
            raise Uncertain("SMTP DATA: TimeoutError")
        return copy

    def close(self) -> None:
        """There is no line."""

    # --- delivery ---------------------------------------------------------------------------------

    def _deliver(self, mail: Outgoing, copy: bool) -> None:
        self.given.append(mail)
        if not (copy and self.copies == "brought"):
            self.unproven.add(mail.key)
        mime = mail.mime
        if self.rewrites:
            mime = _MESSAGE_ID.sub(b"Message-ID: <relay-%d@relay.example>" % len(self.given), mime, count=1)
        if mail.recipient == self._office:
            self._bring(mail.envelope_from, mime)
        else:
            self.boxes[mail.recipient].append(_parsed(mime))
        if copy:
            self._bring(mail.envelope_from, mime)
        if self.server_copies:
            self._mailbox.append("Sent", mime, self._clock.true(), seen=True)

    def _bring(self, sender: str, mime: bytes) -> None:
        if self.copies == "kept":
            self._kept.append((sender, mime))
        elif self.copies == "brought":
            self._to_office(sender, mime)

    def _to_office(self, sender: str, mime: bytes) -> None:
        self._mailbox.append("INBOX", arrived(mime, sender, self._office, self._clock), self._clock.true())


def arrived(mime: bytes, sender: str, recipient: str, clock: PlayedClock, verdict: str = "") -> bytes:
    """The bytes as our exchanger and Dovecot hand them in. `verdict`: what the exchanger says of DMARC."""
    date = format_datetime(clock.true())
    results = f"Authentication-Results: {MX}; {verdict}\r\n" if verdict else ""
    head = (
        f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
        f"Received: from {MX} by {MX} with LMTP id abc; {date}\r\n{results}"
        f"Received: from client.example (client.example [192.0.2.7]) by {MX} (Postfix) with ESMTPS id def; {date}\r\n"
    )
    return head.encode() + mime


def _refuse(fate: Fate) -> None:
    if fate.end == "refused":
        raise Permanent(fate.at, fate.code, fate.status)
    if fate.end == "later":
        raise Transient(f"SMTP {fate.at}: {fate.code}")


def _parsed(mime: bytes) -> EmailMessage:
    message = message_from_bytes(mime, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
