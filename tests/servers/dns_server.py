"""A DNS server on loopback, by UDP and TCP (RFC 1035), from the text of zones.

    with DnsServer("town.example. TXT \"v=spf1 -all\"") as dns: ... Resolver(dns.address) ...

A name of `broken` is answered with SERVFAIL, one of `refused` with REFUSED, one of `silent` not at all; `asked` are the
questions, in order.
"""

import socketserver
import struct
import threading
from collections.abc import Iterable

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.servers.ports import HOST, free_port

MOST_BY_UDP = 512  # bytes, without EDNS


class DnsServer:
    """`zone`: one record a line, `NAME TYPE DATA`; what it does not name does not exist. `root`: the servers of the
    root; '' = it does not know any, as a DNS that is cut off from the world."""

    def __init__(
        self,
        zone: str = "",
        *,
        broken: Iterable[str] = (),
        refused: Iterable[str] = (),
        silent: Iterable[str] = (),
        root: str = "a.root.example.",
    ) -> None:
        self.root = root
        self.broken, self.refused, self.silent = (
            {f"{name.rstrip('.')}." for name in names} for names in (broken, refused, silent)
        )
        self.asked: list[tuple[str, str]] = []
        self.load(zone)
        self.port = free_port()
        self._servers = [_Udp((HOST, self.port), _ByUdp), _Tcp((HOST, self.port), _ByTcp)]
        for server in self._servers:
            server.world = self  # type: ignore[attr-defined]

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def load(self, zone: str) -> None:
        self._records: dict[str, dict[str, list[str]]] = {".": {"NS": [self.root]}} if self.root else {}
        for line in filter(None, map(str.strip, zone.splitlines())):
            name, kind, data = line.split(None, 2)
            self._records.setdefault(name.lower().rstrip(".") + ".", {}).setdefault(kind, []).append(data)

    def __enter__(self) -> "DnsServer":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name.rstrip("."), kind))
        if name in self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.refused:
            reply.set_rcode(dns.rcode.REFUSED)
        elif name not in self._records:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif rows := self._records[name].get(kind):
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, rows))
        return reply.to_wire()


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _ByUdp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = self.request
        reply = self.server.world.answer(wire)  # type: ignore[attr-defined]
        if reply is not None and len(reply) > MOST_BY_UDP:
            short = dns.message.make_response(dns.message.from_wire(wire))
            short.flags |= dns.flags.TC
            reply = short.to_wire()
        if reply is not None:
            sock.sendto(reply, self.client_address)


class _ByTcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        reply = self.server.world.answer(self.rfile.read(length))  # type: ignore[attr-defined]
        if reply is not None:
            self.wfile.write(struct.pack("!H", len(reply)) + reply)
