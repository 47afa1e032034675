"""Asks the DNS for records, by a stub resolver (dnspython): what an answer, a refusal or a silence is to the caller.

It decides nothing about the records. The first question is for the servers of the root: who says that there are none
does not know the world's names (a town's inner DNS that denies all others), nor does who is silent or fails (a machine
without a network), and is asked for nothing more. Who refuses that question alone, as dnsmasq and nsd do (REFUSED,
RFC 1035, section 4.1.1), is asked on.
"""

from time import monotonic
from typing import Literal

from msgspec import Struct, field

from oacmail.core.deliverability import Kind
from oacmail.servers import address_and_port

SECONDS = 3.0  # for one question, with its repetitions
# For all questions of one look: RFC 7208, 4.6.4, counts the terms of a record, of which each may need 21, and a stop of
# the service (TimeoutStopSec) waits for the look.
SECONDS_OF_ALL, MOST_QUESTIONS = 10.0, 200


class Resolver(Struct):
    """`server`: `ADDRESS` or `ADDRESS:PORT`; '' = those of the system (resolv.conf(5)). One for each look: it keeps its
    answers."""

    server: str = ""
    _answers: dict[tuple[str, Kind], tuple[str, ...] | None] = field(default_factory=dict)
    _knows_the_world: bool | None = None
    _until: float = 0.0

    def lookup(self, name: str, kind: Kind) -> tuple[str, ...] | None:
        """As `core.deliverability.Lookup`, in one order whatever the server's. Never raises."""
        if self._knows_the_world is None:
            self._until = monotonic() + SECONDS_OF_ALL
            self._knows_the_world = bool(self._asked(".", "NS", refused=(".",)))
        question = (name.lower(), kind)
        if question not in self._answers:
            may_ask = len(self._answers) < MOST_QUESTIONS and monotonic() < self._until
            self._answers[question] = self._asked(*question) if self._knows_the_world and may_ask else None
        return self._answers[question]

    def _asked(
        self, name: str, kind: Kind | Literal["NS"], *, refused: tuple[str, ...] | None = None
    ) -> tuple[str, ...] | None:
        """`refused`: what a server's refusal is to the caller."""
        import dns.exception
        import dns.name
        import dns.rcode
        import dns.resolver
        import dns.reversename

        try:
            stub = dns.resolver.Resolver(configure=not self.server)
            if self.server:
                address, port = address_and_port(self.server, 53)
                stub.nameservers, stub.port = [address], port
            stub.timeout, stub.lifetime = SECONDS / 2, SECONDS
            target = dns.reversename.from_address(name) if kind == "PTR" else dns.name.from_text(name)
            rows = stub.resolve(target, kind, raise_on_no_answer=False, search=False).rrset or ()
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong, dns.exception.SyntaxError):
            return ()  # no name that can exist
        except dns.resolver.NoNameservers as error:  # REFUSED or SERVFAIL, by each of them
            codes = {attempt[4].rcode() for attempt in error.kwargs["errors"] if attempt[4] is not None}
            return refused if dns.rcode.REFUSED in codes else None
        except (dns.exception.DNSException, OSError, UnicodeError):  # a timeout, no resolv.conf
            return None
        if kind == "TXT":
            return tuple(sorted(_shown(b"".join(row.strings)) for row in rows))
        if kind == "MX":
            return tuple(sorted(f"{row.preference} {_plain(str(row.exchange))}" for row in rows))
        return tuple(sorted(_plain(row.to_text()) for row in rows))


def _shown(text: bytes) -> str:
    """Fit for a terminal and an alert: whoever is included writes what they like."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text.decode("utf-8", "replace"))


def _plain(name: str) -> str:
    return name.lower().rstrip(".") or "."
