"""Who wrote it, proven: what our own mail exchanger says of the From address, and whether it came from outside.

Decides nothing about rights; identify.py does. Believes only what stands where no sender can write: a mail
exchanger puts its fields on top of all that it was given, so what it says stands above (Postfix, Exchange) or
right below (Gmail) its own topmost Received line, and the same words further down are forged (seen). Two
verdicts, a verdict on another domain than From's, an unreadable field, a second From: nothing is proven.
Sources: RFC 8601 (Authentication-Results), RFC 7489 section 3.1 (alignment), RFC 5321 section 4.4 (Received).
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from authres import AuthenticationResultsHeader

from oacmail.core.model import Auth, Dmarc
from oacmail.mail.mime.fields import Fields
from oacmail.mail.mime.received import Hop, hop, without_comments
from oacmail.mail.parser_config import ParserConfig

_Verdict = tuple[str, str]  # (dmarc result, header.from), both in lower case
_Field = tuple[str, str]

_GMAIL = "mx.google.com"
# Where trust.mx names no exchanger; a leading dot: any host in it, since Exchange's edge bears the region's name.
_DOORS = {"gmail": (_GMAIL,), "exchange": (".mail.protection.outlook.com",)}
_SUBMITTED = frozenset({"esmtpa", "esmtpsa", "utf8smtpa", "utf8smtpsa"})  # RFC 3848, RFC 6531
_LOGIN = re.compile(r"authenticated sender: (\S+)", re.IGNORECASE)
_CLIENT = re.compile(r"\[(?:ipv6:)?([0-9a-f:.]+)\]$", re.IGNORECASE)
_AUTHSERV = re.compile(r"[^\s;(]+")
_PAIR = re.compile(r"(?:^|\s)(dmarc|header\.from)\s*=\s*([^\s;]+)", re.IGNORECASE)

# Written by the server that delivered it; a message that a client put into Sent by APPEND bears none of them.
_TRANSPORT = ("received", "delivered-to", "x-original-to", "envelope-to", "return-path")


def read(fields: Fields, sender: str, single_from: bool, parser_config: ParserConfig) -> Auth:
    """What is proven of `sender`, the bare From address in lower case; see core.model.Auth. Never raises.

    `authentic` also needs `single_from`. Provider "none" proves nothing. Where no exchanger of ours is named,
    any transport field counts as `from_outside`: better to miss an answer in Sent than to believe a forged one.
    """
    hops = list(_our_hops(fields, parser_config))
    door = next((index for index, entry in hops if not entry.protocol.startswith("lmtp")), None)
    verdict, proven = _PROVIDERS[parser_config.provider](fields, door, sender, parser_config)
    known = bool(parser_config.mx) or parser_config.provider in _DOORS
    return Auth(
        dmarc=verdict,
        authentic=proven and single_from and bool(sender) and verdict is not Dmarc.FAIL,
        from_outside=bool(hops)
        or bool(fields.all("delivered-to"))
        or (not known and any(fields.all(name) for name in _TRANSPORT)),
    )


def _our_hops(fields: Fields, parser_config: ParserConfig) -> Iterator[tuple[int, Hop]]:
    """The Received lines by our own exchanger, topmost first. The topmost is genuine, one below may be forged;
    the delivery agent's own (LMTP, on the same host) stands above the results and is not the door."""
    hosts = tuple(name.lower().rstrip(".") for name in parser_config.mx) or _DOORS.get(parser_config.provider, ())
    for index, (name, value) in enumerate(fields.items):
        if name == "received" and any(host in value.lower() for host in hosts):
            entry = hop(value)
            if any(entry.by == host or (host[0] == "." and entry.by.endswith(host)) for host in hosts):
                yield index, entry


# --- a provider each: (dmarc verdict, From is proven) -------------------------------------------------


def _none(_fields: Fields, _door: int | None, _sender: str, _parser_config: ParserConfig) -> tuple[Dmarc, bool]:
    return Dmarc.NONE, False


def _postfix(fields: Fields, door: int | None, sender: str, parser_config: ParserConfig) -> tuple[Dmarc, bool]:
    if door is None:
        return Dmarc.NONE, False
    verdict = _judge(_named(fields.items[:door], parser_config.authserv_id), sender)
    entry = hop(fields.items[door][1])
    return verdict, verdict is Dmarc.PASS or _logged_in(entry, sender) or _from_relay(entry, parser_config)


def _gmail(fields: Fields, door: int | None, sender: str, parser_config: ParserConfig) -> tuple[Dmarc, bool]:
    """Gmail writes its results below its Received line, on top of the fields that came: the first one counts."""
    below = fields.items[door + 1 :] if door is not None else ()
    zone: list[_Field] = []
    for name, value in below:
        if name in ("received", "authentication-results"):
            zone = [(name, value)] if name == "authentication-results" else []
            break
    verdict = _judge(_named(zone, parser_config.authserv_id or _GMAIL), sender)
    return verdict, verdict is Dmarc.PASS


def _exchange(fields: Fields, door: int | None, sender: str, _parser_config: ParserConfig) -> tuple[Dmarc, bool]:
    """Exchange names no authserv-id; its edge takes X-MS-Exchange-Organization-* off whatever comes in."""
    above = fields.items[:door] if door is not None else ()
    verdict = _judge([_plain(value) for name, value in above if name == "authentication-results"], sender)
    insider = [value.lower() for value in fields.all("x-ms-exchange-organization-authas")] == ["internal"]
    return verdict, verdict is Dmarc.PASS or insider


_PROVIDERS: dict[str, Callable[[Fields, int | None, str, ParserConfig], tuple[Dmarc, bool]]] = {
    "postfix": _postfix,
    "gmail": _gmail,
    "exchange": _exchange,
    "none": _none,
}


# --- verdicts -----------------------------------------------------------------------------------------


def _judge(results: Sequence[tuple[_Verdict, ...] | None], sender: str) -> Dmarc:
    """PASS only for exactly one verdict in all fields, on From's own domain; None = a field nobody can read."""
    if any(verdicts is None for verdicts in results):
        return Dmarc.NONE
    found = [verdict for verdicts in results for verdict in verdicts or ()]
    if len(found) != 1:
        return Dmarc.NONE
    result, domain = found[0]
    if result == "fail":
        return Dmarc.FAIL
    return Dmarc.PASS if result == "pass" and domain == sender.rpartition("@")[2] else Dmarc.NONE


def _named(fields: Sequence[_Field], authserv_id: str) -> list[tuple[_Verdict, ...] | None]:
    """The verdicts of the fields that bear our authserv-id (RFC 8601 section 5: of no others)."""
    values = [value for name, value in fields if name == "authentication-results"]
    return [_standard(value) for value in values if authserv_id and _authserv(value) == authserv_id.lower()]


def _authserv(value: str) -> str:
    found = _AUTHSERV.match(without_comments(value)[0].strip())
    return found.group().lower() if found else ""


@lru_cache(maxsize=1024)  # a filter says the same of every message from one domain
def _standard(value: str) -> tuple[_Verdict, ...] | None:
    try:
        results = AuthenticationResultsHeader.parse(f"Authentication-Results: {value}").results
        return tuple(_verdict(result) for result in results if str(result.method).lower() == "dmarc")
    except Exception:  # authres raises on nested parentheses and more (seen): such a field proves nothing
        return None


def _verdict(result: object) -> _Verdict:
    domains = [p.value for p in getattr(result, "properties", ()) if (p.type, p.name) == ("header", "from")]
    domain = str(domains[0]).lower() if len(domains) == 1 else ""
    return str(getattr(result, "result", "")).lower(), domain.rpartition("@")[2]


def _plain(value: str) -> tuple[_Verdict, ...] | None:
    """Exchange's own form, which no standard reader accepts: `spf=… ; dmarc=pass action=none header.from=x;…`"""
    text, _ = without_comments(value)
    resinfos = [{key.lower(): found.lower() for key, found in _PAIR.findall(part)} for part in text.split(";")]
    return tuple((pairs["dmarc"], pairs.get("header.from", "")) for pairs in resinfos if "dmarc" in pairs)


# --- what Postfix says of the client ------------------------------------------------------------------


def _logged_in(entry: Hop, sender: str) -> bool:
    """A submission with the sender's own login, `smtpd_sasl_authenticated_header = yes`."""
    logins = [match[1].lower() for comment in entry.comments if (match := _LOGIN.fullmatch(comment))]
    return entry.protocol in _SUBMITTED and logins == [sender]


def _from_relay(entry: Hop, parser_config: ParserConfig) -> bool:
    found = _CLIENT.search(entry.comments[0]) if entry.comments else None
    if not found or entry.start != "from":
        return False
    try:
        client = ipaddress.ip_address(found[1])
        return any(client in ipaddress.ip_network(relay, strict=False) for relay in parser_config.internal_relays)
    except ValueError:
        return False
