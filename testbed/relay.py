"""A relay that answers by script and delivers: to people's inboxes, and the office's copy to its mailbox.

A script is a list of rules, each with a condition, an outcome and a count. The first rule that matches a mail decides;
a mail without a rule is accepted. The copy arrives as Postfix and Dovecot deliver it: with Return-Path, Delivered-To
and Received on top.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from typing import Literal, overload

from oacmail.core.errors import LineEnded, Permanent, RelayError, Transient, Uncertain
from oacmail.core.ports import Outgoing
from testbed.clock import SimulatedClock
from testbed.mailbox import SimulatedMailbox
from testbed.messages import POLICY, arrived, received

_KIND = re.compile(rb"^X-Oacmail-Kind: *([^\r\n]*)", re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^Message-ID: *[^\r\n]*", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class DeliveryOutcome:
    """The outcome of one mail. `lost`, with `uncertain`: it was not accepted. `copy`: the office's RCPT is accepted."""

    end: Literal["accepted", "refused", "deferred", "uncertain", "down"] = "accepted"
    at: Literal["RCPT", "DATA"] = "RCPT"
    code: int = 250
    status: str = ""
    said: str = ""
    lost: bool = False
    copy: bool = True


ACCEPTED = DeliveryOutcome()
DOWN = DeliveryOutcome(end="down")
NO_COPY = DeliveryOutcome(copy=False)


def refused(
    code: int = 550, status: str = "5.1.1", at: Literal["RCPT", "DATA"] = "RCPT", said: str = ""
) -> DeliveryOutcome:
    return DeliveryOutcome(end="refused", code=code, status=status, at=at, said=said)


def deferred(code: int = 450, at: Literal["RCPT", "DATA"] = "RCPT") -> DeliveryOutcome:
    return DeliveryOutcome(end="deferred", code=code, at=at)


def no_reply(*, lost: bool) -> DeliveryOutcome:
    """The connection ends after the last byte; the mail is lost, or arrives all the same."""
    return DeliveryOutcome(end="uncertain", lost=lost)


@dataclass
class RelayRule:
    holds: Callable[[Outgoing], bool]
    outcome: DeliveryOutcome
    times: int | None

    def take(self, mail: Outgoing) -> DeliveryOutcome | None:
        if self.times == 0 or not self.holds(mail):
            return None
        self.times = None if self.times is None else self.times - 1
        return self.outcome


class Inbox(Sequence[EmailMessage]):
    """What one person received, oldest first. A mail is parsed when somebody looks at it: most are never looked at."""

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._mails: list[bytes | EmailMessage] = []

    def add(self, mime: bytes) -> None:
        found = _KIND.search(mime.partition(b"\r\n\r\n")[0])
        self._kinds.append(found[1].decode() if found else "")
        self._mails.append(mime)

    def last(self, kind: str, most: int = 1) -> list[EmailMessage]:
        """The last mails of this kind of ours, at most so many."""
        places = [place for place, one in enumerate(self._kinds) if one == kind][-most:]
        return [self._read(place) for place in places]

    def __len__(self) -> int:
        return len(self._mails)

    @overload
    def __getitem__(self, index: int) -> EmailMessage: ...
    @overload
    def __getitem__(self, index: slice) -> list[EmailMessage]: ...
    def __getitem__(self, index: int | slice) -> EmailMessage | list[EmailMessage]:
        if isinstance(index, slice):
            return [self._read(place) for place in range(len(self._mails))[index]]
        return self._read(range(len(self._mails))[index])

    def _read(self, place: int) -> EmailMessage:
        mail = self._mails[place]
        if isinstance(mail, bytes):
            parsed = message_from_bytes(mail, policy=POLICY)
            assert isinstance(parsed, EmailMessage)
            self._mails[place] = mail = parsed
        return mail


class SimulatedRelay:
    """Port `Transport`.

    `inboxes`: what people received. `offered`: every mail offered; `accepted`: every mail whose bytes were taken and
    kept. `copies`: mail to the office is delivered at once, held until `release_copies`, or lost. `rewrites`: the relay
    replaces every Message-ID. `server_copies`: the provider puts what it sends into Sent. `at_kill_point`: called at
    named points, to kill there; `at_delivery`: with each mail that it accepts. `on_top`: fields that it and machines
    behind it put above the office's copies. `unproven`: keys of mails that arrived
    and whose copy did not return at once.
    """

    def __init__(self, mailbox: SimulatedMailbox, clock: SimulatedClock, office: str) -> None:
        self._mailbox, self._clock, self._office = mailbox, clock, office
        self.inboxes: defaultdict[str, Inbox] = defaultdict(Inbox)
        self.offered: list[Outgoing] = []
        self.accepted: list[Outgoing] = []
        self.copies: Literal["delivered", "held", "lost"] = "delivered"
        self.rewrites = False
        self.server_copies = False
        self.on_top = b""
        self.at_kill_point: Callable[[str], None] = lambda point: None
        self.at_delivery: Callable[[Outgoing], None] = lambda mail: None
        self.unproven: set[str] = set()
        self._rules: list[RelayRule] = []
        self._kept: list[tuple[str, bytes]] = []

    # --- the script -------------------------------------------------------------------------------

    def when(
        self,
        outcome: DeliveryOutcome,
        *,
        to: str = "",
        kind: str = "",
        sender: str | None = None,
        holds: Callable[[Outgoing], bool] | None = None,
        times: int | None = None,
    ) -> RelayRule:
        """Give matching mails this outcome from now on; `times` None = always. The newest rule goes first."""
        tests: list[Callable[[Outgoing], bool]] = []
        if to:
            tests.append(lambda mail: mail.recipient == to)
        if kind:
            tests.append(lambda mail: mail.key.startswith(kind))
        if sender is not None:
            tests.append(lambda mail: mail.envelope_from == sender)
        if holds is not None:
            tests.append(holds)
        rule = RelayRule(lambda mail: all(test(mail) for test in tests), outcome, times)
        self._rules.insert(0, rule)
        return rule

    def remove(self, rule: RelayRule) -> None:
        """Remove one rule."""
        self._rules = [other for other in self._rules if other is not rule]

    def recover(self) -> None:
        """Remove all rules: every mail is accepted again."""
        self._rules.clear()

    def release_copies(self) -> None:
        """Deliver the held copies."""
        kept, self._kept = self._kept, []
        for sender, mime in kept:
            self._to_office(sender, mime)

    # --- the port ---------------------------------------------------------------------------------

    def send(self, mail: Outgoing, before_data: Callable[[bool], None]) -> bool:
        self.offered.append(mail)
        outcome = next((outcome for rule in self._rules if (outcome := rule.take(mail))), ACCEPTED)
        self.at_kill_point("before RCPT")
        if outcome.end == "down":
            raise RelayError("SMTP connect: ConnectionRefusedError")
        if outcome.at == "RCPT":
            _refuse(outcome)
        copy = bool(mail.copy_to) and outcome.copy
        before_data(copy)
        self.at_kill_point("before the first byte")
        _refuse(outcome)
        if not outcome.lost:
            self._deliver(mail, copy)
        self.at_kill_point("after the last byte")
        if outcome.end == "uncertain":
            raise Uncertain("SMTP DATA: TimeoutError")
        return copy

    def close(self) -> None:
        """Do nothing: there is no connection."""

    # --- delivery ---------------------------------------------------------------------------------

    def _deliver(self, mail: Outgoing, copy: bool) -> None:
        self.accepted.append(mail)
        self.at_delivery(mail)
        if not (copy and self.copies == "delivered"):
            self.unproven.add(mail.key)
        mime = mail.mime
        if self.rewrites:
            mime = _MESSAGE_ID.sub(b"Message-ID: <relay-%d@relay.example>" % len(self.accepted), mime, count=1)
        if mail.recipient == self._office:
            self._deliver_copy(mail.envelope_from, mime)
        else:
            self.inboxes[mail.recipient].add(received(mime, self._clock.true()))
        if copy:
            self._deliver_copy(mail.envelope_from, mime)
        if self.server_copies:
            self._mailbox.append("Sent", mime, self._clock.true(), seen=True)

    def _deliver_copy(self, sender: str, mime: bytes) -> None:
        if self.copies == "held":
            self._kept.append((sender, mime))
        elif self.copies == "delivered":
            self._to_office(sender, mime)

    def _to_office(self, sender: str, mime: bytes) -> None:
        self._mailbox.append(
            "INBOX", arrived(self.on_top + mime, sender, self._office, self._clock.true()), self._clock.true()
        )


def _refuse(outcome: DeliveryOutcome) -> None:
    if outcome.end == "refused":
        raise Permanent(outcome.at, outcome.code, outcome.status, outcome.said)
    if outcome.end == "deferred":
        raise (LineEnded if (outcome.code, outcome.at) == (421, "RCPT") else Transient)(
            f"SMTP {outcome.at}: {outcome.code}"
        )
