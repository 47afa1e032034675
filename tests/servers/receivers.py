"""A relay that signs, and receivers that judge what it brings by records that they ask of a DNS, all by real SMTP.

    with Receivers(servers, address, cells) as outside: ... outside.port ... outside.taken[domain] ...

There is one receiver for each DMARC policy, since a domain has one record at a time; each asks its own DNS. The relay
delivers while it is asked, so that a refusal at RCPT or at DATA is its own answer; mail to nobody of the cells goes on
to Postfix. A cell is a domain: how mail to it leaves the relay, and how its receiver refuses.
"""

import asyncio
import smtplib
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from dns.exception import DNSException
from dns.resolver import Resolver

from testbed.receiver import (
    REFUSES,
    SELECTOR,
    Authentication,
    Policy,
    Refusal,
    Signature,
    judged,
    keys,
    report,
    signed,
)
from tests.servers.dns_server import DnsServer
from tests.servers.mail_servers import HOST, MailServers
from tests.servers.ports import free_port

HELO = "out.provider.example"
"""The relay is a provider's: SPF passes for its name, which is not the town's."""
UNNAMED = "127.0.0.2"
"""An address of the relay that no SPF record names."""
FORWARDS = "retorn"
"""The mailbox of each domain that forwards to the office."""
REFUSED = f"550 {REFUSES}"
_CHUNK = 255  # octets of one string of a TXT record


@dataclass(frozen=True, slots=True)
class Cell:
    """`policy`: of our domain, as the receiver's DNS has it; `named`: mail leaves from an address that SPF names."""

    policy: Policy
    signature: Signature
    named: bool
    refusal: Refusal

    @property
    def domain(self) -> str:
        return f"{self.policy}-{self.signature}-{'named' if self.named else 'unnamed'}-{self.refusal}.example".lower()


class Receivers:
    """`port`: of the relay. `taken`: (envelope sender, recipient) of each mail that a receiver has put into an inbox,
    by domain; `junk`: those that it has put aside; `reports`: how many it has sent; `asked`: for whom the relay ever
    got mail."""

    def __init__(self, servers: MailServers, office: str, cells: Iterable[Cell]) -> None:
        self.servers, self.office = servers, office
        self.cells = {cell.domain: cell for cell in cells}
        self.taken: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self.junk: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self.reports = 0
        self.asked: set[str] = set()
        self.ports: dict[Policy, int] = {}
        self._open = ExitStack()

    def __enter__(self) -> "Receivers":
        for policy in {cell.policy for cell in self.cells.values()}:
            dns = self._open.enter_context(DnsServer(_zone(self.office.rpartition("@")[2], policy)))
            self.ports[policy] = self._listens(_Receiver(self, dns))
        self.port = self._listens(_Relay(self))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _listens(self, handler: object) -> int:
        controller = Controller(handler, HOST, free_port(), ready_timeout=20)
        controller.start()
        self._open.callback(controller.stop)
        return int(controller.port)

    def post(self, sender: str, recipient: str, raw: bytes) -> None:
        """To a mailbox of the town."""
        with smtplib.SMTP(HOST, self.servers.postfix.smtp_port, HELO) as postfix:
            postfix.sendmail(sender, [recipient], raw)


def _zone(domain: str, policy: Policy) -> str:
    key = keys()[1].decode()
    strings = " ".join(f'"{key[at : at + _CHUNK]}"' for at in range(0, len(key), _CHUNK))
    return f"""
{domain} TXT "v=spf1 ip4:{HOST} -all"
{HELO} TXT "v=spf1 ip4:{HOST} -all"
_dmarc.{domain} TXT "v=DMARC1; p={policy}"
{SELECTOR.decode()}._domainkey.{domain} TXT {strings}
"""


def _sender(envelope: Envelope) -> str:
    return (envelope.mail_from or "").strip("<>")  # the empty one is "<>" to aiosmtpd


def _mime(envelope: Envelope) -> bytes:
    assert isinstance(envelope.content, bytes)
    return envelope.content


class _Relay:
    """What takes our mail: it asks the receiver at RCPT, and delivers before it answers DATA."""

    def __init__(self, world: Receivers) -> None:
        self.world = world

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.world.asked.add(address)
        cell = self.world.cells.get(address.rpartition("@")[2])
        answer = await asyncio.to_thread(self._brought, cell, _sender(envelope), address, b"") if cell else ""
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        sender, mime = _sender(envelope), _mime(envelope)
        for address in envelope.rcpt_tos:
            if cell := self.world.cells.get(address.rpartition("@")[2]):
                raw = signed(mime, self.world.office.rpartition("@")[2], cell.signature)
                if answer := await asyncio.to_thread(self._brought, cell, sender, address, raw):
                    return answer
            else:
                await asyncio.to_thread(self.world.post, sender, address, mime)
        return "250 2.0.0 taken"

    def _brought(self, cell: Cell, sender: str, address: str, raw: bytes) -> str:
        """The receiver's refusal, '' = it has none. Without a mail it is asked for the envelope alone."""
        source = (HOST if cell.named else UNNAMED, 0)
        with smtplib.SMTP(HOST, self.world.ports[cell.policy], HELO, source_address=source) as receiver:
            receiver.ehlo()
            receiver.mail(sender)
            code, said = receiver.rcpt(address)
            if code < 300 and raw:
                code, said = receiver.data(raw)
        return "" if code < 300 else f"{code} {said.decode()}"


class _Receiver:
    """Judges by what the DNS says of the domain of From and, for SPF, of the envelope's or of HELO."""

    def __init__(self, world: Receivers, dns: DnsServer) -> None:
        self.world = world
        self._resolver = Resolver(configure=False)
        self._resolver.nameservers, self._resolver.port, self._resolver.lifetime = [HOST], dns.port, 10.0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """By the envelope alone: SPF."""
        cell = self.world.cells[address.rpartition("@")[2]]
        if cell.refusal == "RCPT" and await asyncio.to_thread(self._rejects, session, envelope, b""):
            return REFUSED
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        return await asyncio.to_thread(self._got, session, envelope, address, _mime(envelope))

    def _got(self, session: Session, envelope: Envelope, address: str, raw: bytes) -> str:
        world, sender, domain = self.world, _sender(envelope), address.rpartition("@")[2]
        thought, policy = self._judged(session, envelope, raw), self._policy()
        if self._rejects(session, envelope, raw):
            refusal = world.cells[domain].refusal
            if refusal == "DATA":
                return REFUSED
            if refusal == "report" and sender:
                world.post("", sender, report(raw, sender, address))
                world.reports += 1
            return "250 2.0.0 queued"
        folder = world.junk if policy == "quarantine" and not thought.passes else world.taken
        folder[domain].append((sender, address))
        if address.startswith(f"{FORWARDS}@"):
            world.post(f"{FORWARDS}+caf_=office@{domain}", world.office, thought.field + raw)
        return "250 2.0.0 delivered"

    def _rejects(self, session: Session, envelope: Envelope, raw: bytes) -> bool:
        return self._policy() == "reject" and not self._judged(session, envelope, raw).passes

    def _judged(self, session: Session, envelope: Envelope, raw: bytes) -> Authentication:
        ours = self.world.office.rpartition("@")[2]
        domain = _sender(envelope).rpartition("@")[2] or str(session.host_name)
        peer: Any = session.peer
        passes = f"ip4:{peer[0]}" in (self._record(domain) or b"").decode().split()
        return judged(raw, passes and domain == ours, self._record)  # aligned: the domain of From

    def _policy(self) -> str:
        said = self._record(f"_dmarc.{self.world.office.rpartition('@')[2]}") or b""
        return said.decode().rpartition("p=")[2]

    def _record(self, name: str) -> bytes | None:
        try:
            (row,) = self._resolver.resolve(name, "TXT")
        except DNSException:
            return None
        return b"".join(row.strings)
