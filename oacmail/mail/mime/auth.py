"""Establish who wrote a message: what our own mail exchanger says about the From address, and whether the message came
from outside.

This module decides nothing about rights; core/sender.py does. It reads only fields that no sender can write. A
mail exchanger puts its fields above those it received, so its results stand above its own topmost Received field
(Postfix, Exchange) or right below it (Gmail); the same fields further down may be forged, and such messages occur. Two
verdicts, a verdict on a domain other than that of From, an unreadable field or a second From prove nothing. Sources:
RFC 8601 (Authentication-Results), RFC 7489 section 3.1 (alignment), RFC 5321 section 4.4 (Received).
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from authres import AuthenticationResultsHeader
from msgspec import Struct

from oacmail.core.canary import MICROSOFT, ReceiverVerdict
from oacmail.core.deliverability import Leg, Travelled, delivering, tags_of
from oacmail.core.model import Auth, Dmarc, domain_of, regex
from oacmail.mail.mime.headers import Fields
from oacmail.mail.parser_config import ParserConfig

_Verdict = tuple[str, str]  # (dmarc result, header.from), both in lower case
_Field = tuple[str, str]

_GMAIL = "mx.google.com"
# These apply if trust.mx names no exchanger. A leading dot matches any host in the domain, since the host names of
# Exchange's edge contain the region.
_DEFAULT_MX = {"gmail": (_GMAIL,), "exchange": (".mail.protection.outlook.com",)}
_SUBMITTED = frozenset({"esmtpa", "esmtpsa", "utf8smtpa", "utf8smtpsa"})  # RFC 3848, RFC 6531
_LOGIN = regex(r"authenticated sender: (\S+)", re.IGNORECASE)
_CLIENT = regex(r"\[(?:ipv6:)?([0-9a-f:.]+)\]$", re.IGNORECASE)
_AUTHSERV = regex(r"[^\s;(]+")
# Exchange's form is no standard parser's; a method may have a version (RFC 8601 section 2.2).
_RESULT = regex(r";\s*(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PAIR = regex(r"(?:^|\s)(dmarc|header\.from)\s*=\s*([^\s;]+)", re.IGNORECASE)
# Microsoft's results on mail that came from elsewhere name the address; those on its own users' mail do not.
_FROM_OUTSIDE = regex(r"\(sender\s+ip\s+is\s+[\da-f]", re.IGNORECASE)

# The delivering server writes these; a message that a client stores in Sent with APPEND has none of them.
_TRANSPORT = ("received", "delivered-to", "x-original-to", "envelope-to", "return-path")


# --- Received --------------------------------------------------------------------------------------------------------
# Parse one Received field (RFC 5321 section 4.4): which host wrote it, from whom it took the message, and how.
#
# Clauses are read in grammatical order and nested comments are respected, since a client chooses its own HELO name and
# the names in its certificate: a HELO of "by" or a nested "(Authenticated sender: …)" must not pass for the server's
# words.

_MARKS = regex(r'([\\"()])')


class Hop(Struct, frozen=True):
    """`by` is the host that wrote the field, `protocol` the word after "with", `helo` the one after "from": all in
    lower case, '' if absent. `start` is the first word. `comments` are the outermost ones, in order, without their
    parentheses."""

    start: str
    helo: str
    by: str
    protocol: str
    comments: tuple[str, ...]


def hop(value: str) -> Hop:
    """Parse an unfolded Received value. Clauses that do not fit the grammar become ''."""
    text, comments = without_comments(value)
    words = text.partition(";")[0].lower().split()
    start = words[0] if words else ""
    helo = words[1].rstrip(".") if start == "from" and len(words) > 1 else ""
    rest = words[2 if start == "from" else 0 :]
    rest = rest[rest.index("by") + 1 :] if "by" in rest else []
    after = rest[rest.index("with", 1) + 1 :] if "with" in rest[1:] else []
    return Hop(start, helo, rest[0].rstrip(".") if rest else "", after[0] if after else "", comments)


def without_comments(value: str) -> tuple[str, tuple[str, ...]]:
    """Return (the value without its comments, its outermost comments); nesting and quoted pairs as in RFC 5322
    3.2.2."""
    if "(" not in value:
        return value, ()
    outside: list[str] = []
    comments: list[str] = []
    inside: list[str] = []
    depth, escaped, quoted = 0, False, False
    for char in filter(None, _MARKS.split(value)):  # a special character, or the text between two
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
            if depth == 1:
                outside.append(" ")
                continue
        elif char == ")" and depth:
            depth -= 1
            if not depth:
                comments.append("".join(inside).strip())
                inside = []
                continue
        (inside if depth else outside).append(char)
    return "".join(outside), tuple(comments)


# --- Proof -----------------------------------------------------------------------------------------------------------


def evaluate(fields: Fields, sender: str, single_from: bool, parser_config: ParserConfig) -> Auth:
    """Return what is proven about `sender`, the bare From address in lower case (core.model.Auth). Never raises.

    `authentic` also requires `single_from`. Provider "none" proves nothing. If no exchanger of ours is known, any
    transport field sets `from_outside`: missing an answer in Sent costs less than believing a forged one.
    """
    hops = list(_our_hops(fields, parser_config))
    index, entry = next((found for found in hops if not found[1].protocol.startswith("lmtp")), (0, None))
    verdict, proven, submitted = Dmarc.NONE, False, False
    if parser_config.provider != "none":
        verdict, proven, submitted = _PROVIDERS[parser_config.provider](fields, index, entry, sender, parser_config)
    certain = single_from and bool(sender) and verdict is not Dmarc.FAIL
    delivered_to = fields.first("delivered-to").strip(" <>").lower()
    known = bool(parser_config.mx) or parser_config.provider in _DEFAULT_MX
    return Auth(
        dmarc=verdict,
        authentic=certain and (proven or submitted),
        submitted=certain and submitted,
        from_outside=bool(hops)
        or bool(fields.all("delivered-to"))
        or (not known and any(fields.all(name) for name in _TRANSPORT)),
        into_folder="+" in delivered_to.rpartition("@")[0] and delivered_to not in parser_config.own,
    )


def _our_hops(fields: Fields, parser_config: ParserConfig) -> Iterator[tuple[int, Hop]]:
    """Yield the Received fields of our own exchanger, topmost first. The topmost is genuine; those below may be forged.
    The delivery agent's own field (LMTP on the same host) stands above the results and does not count as the entry."""
    hosts = tuple(name.lower().rstrip(".") for name in parser_config.mx) or _DEFAULT_MX.get(parser_config.provider, ())
    for index, (name, value) in enumerate(fields.items):
        if name == "received" and any(map(value.lower().__contains__, hosts)):
            entry = hop(value)
            if any(entry.by == host or (host[0] == "." and entry.by.endswith(host)) for host in hosts):
                yield index, entry


# --- one function for each provider: (dmarc verdict, From is proven, submitted by the address of From) -----
# `index`, `entry`: the Received field with which our exchanger took the message, None = it cannot be told.


_Proof = tuple[Dmarc, bool, bool]


def _postfix(fields: Fields, index: int, entry: Hop | None, sender: str, parser_config: ParserConfig) -> _Proof:
    if entry is None:
        return Dmarc.NONE, False, False
    verdict = _verdict_for(_own_results(fields.items[:index], parser_config.authserv_id), sender)
    # a submission with the sender's own login, `smtpd_sasl_authenticated_header = yes`
    logins = [match[1].lower() for comment in entry.comments if (match := _LOGIN.fullmatch(comment))]
    submitted = entry.protocol in _SUBMITTED and logins == [sender]
    return verdict, verdict is Dmarc.PASS or _from_relay(entry, parser_config), submitted


def _gmail(fields: Fields, index: int, entry: Hop | None, sender: str, parser_config: ParserConfig) -> _Proof:
    """Gmail writes its results below its Received field and above the fields it received: only the first one counts."""
    below = fields.items[index + 1 :] if entry else ()
    zone: list[_Field] = []
    for name, value in below:
        if name in ("received", "authentication-results"):
            zone = [(name, value)] if name == "authentication-results" else []
            break
    verdict = _verdict_for(_own_results(zone, parser_config.authserv_id or _GMAIL), sender)
    return verdict, verdict is Dmarc.PASS, False


def _exchange(fields: Fields, index: int, _entry: Hop | None, sender: str, _parser_config: ParserConfig) -> _Proof:
    """Exchange names no authserv-id; its edge removes X-MS-Exchange-Organization-* from incoming messages."""
    above = fields.items[:index]  # none where no exchanger of ours is known
    verdict = _verdict_for(
        [_parse_exchange(value) for name, value in above if name == "authentication-results"], sender
    )
    insider = [value.lower() for value in fields.all("x-ms-exchange-organization-authas")] == ["internal"]
    return verdict, verdict is Dmarc.PASS, insider


_PROVIDERS: dict[str, Callable[[Fields, int, Hop | None, str, ParserConfig], _Proof]] = {
    "postfix": _postfix,
    "gmail": _gmail,
    "exchange": _exchange,
}


# --- verdicts -----------------------------------------------------------------------------------------


def _verdict_for(results: Sequence[tuple[_Verdict, ...] | None], sender: str) -> Dmarc:
    """Return PASS only for exactly one verdict in all fields, on From's own domain; None stands for an unreadable
    field."""
    if any(verdicts is None for verdicts in results):
        return Dmarc.NONE
    found = [verdict for verdicts in results for verdict in verdicts or ()]
    if len(found) != 1:
        return Dmarc.NONE
    result, domain = found[0]
    if result == "fail":
        return Dmarc.FAIL
    return Dmarc.PASS if result == "pass" and domain == domain_of(sender) else Dmarc.NONE


def _own_results(fields: Sequence[_Field], authserv_id: str) -> list[tuple[_Verdict, ...] | None]:
    """Return the verdicts of the fields with our authserv-id; others do not count (RFC 8601 section 5)."""
    values = [value for name, value in fields if name == "authentication-results"] if authserv_id else []
    names = [_AUTHSERV.match(without_comments(value)[0].strip()) for value in values]
    return [
        _parse_results(value)
        for value, name in zip(values, names, strict=True)
        if name and name[0].lower() == authserv_id.lower()
    ]


@lru_cache(maxsize=1024)  # a filter writes the same field for every message from one domain
def _parse_results(value: str) -> tuple[_Verdict, ...] | None:
    try:
        results = AuthenticationResultsHeader.parse(f"Authentication-Results: {value}").results
        return tuple(_verdict(result) for result in results if str(result.method).lower() == "dmarc")
    except Exception:  # authres raises on nested parentheses and other input: such a field proves nothing
        return None


def _verdict(result: object) -> _Verdict:
    domains = [p.value for p in getattr(result, "properties", ()) if (p.type, p.name) == ("header", "from")]
    domain = domain_of(str(domains[0])) if len(domains) == 1 else ""
    return str(getattr(result, "result", "")).lower(), domain


def _parse_exchange(value: str) -> tuple[_Verdict, ...] | None:
    """Read Exchange's own form, which no standard parser accepts: `spf=… ; dmarc=pass action=none header.from=x;…`"""
    text, _ = without_comments(value)
    resinfos = [{key.lower(): found.lower() for key, found in _PAIR.findall(part)} for part in text.split(";")]
    return tuple((pairs["dmarc"], pairs.get("header.from", "")) for pairs in resinfos if "dmarc" in pairs)


def _client(entry: Hop) -> str:
    """The address from which the host took the message, '' if the field names none."""
    found = _CLIENT.search(entry.comments[0]) if entry.comments and entry.start == "from" else None
    return found[1] if found else ""


def _from_relay(entry: Hop, parser_config: ParserConfig) -> bool:
    try:
        client = ipaddress.ip_address(_client(entry))
        return any(client in ipaddress.ip_network(relay, strict=False) for relay in parser_config.internal_relays)
    except ValueError:
        return False


# --- our own mail --------------------------------------------------------------------------------------


def verdict(raw: bytes, receiver: str) -> ReceiverVerdict:
    """Return what this receiver says of a canary that it sent back, in Authentication-Results or, sealed when it
    forwards (RFC 8617), in ARC-Authentication-Results.

    Only fields with its name count, and of these the lowest: whoever handled the mail later stands above, even a
    second server of the same provider. We wrote the mail and know that it left without any; but a relay at Microsoft
    seals what leaves it, under the receiver's name.
    """
    fields = Fields.of(raw)
    own = [
        value.partition(";")[2] if name.startswith("arc-") else value
        for name, value in fields.items
        if name in ("authentication-results", "arc-authentication-results")
        and (receiver.lower() != MICROSOFT or _FROM_OUTSIDE.search(value))
    ]
    texts = [without_comments(value)[0].strip() for value in own]
    said = [text for text in texts if (found := _AUTHSERV.match(text)) and found[0].lower() == receiver.lower()]
    named = [(name.lower(), result.lower()) for name, result in _RESULT.findall(said[-1] if said else "")]
    results = dict(reversed(named)) | dict(one for one in named if one[1] == "pass")  # of several signatures one does
    return ReceiverVerdict(receiver, **results)


def travelled(raw: bytes, domain: str, host: str) -> Travelled | None:
    """Return what a copy of our own mail shows of its way; None for one that no server has delivered. `domain`: the
    office's; `host`: the name that we give the relay, which need not ask for a login."""
    fields = Fields.of(raw)
    hops = [hop(value) for value in reversed(fields.all("received"))]
    if not hops:
        return None
    legs = [
        Leg(entry.helo, _client(entry), entry.by, entry.protocol in _SUBMITTED or entry.helo == host.lower())
        for entry in hops
    ]
    signatures = [tags_of(value) for value in fields.all("dkim-signature")]
    named = {(tags["d"].lower(), tags["s"].lower()) for tags in signatures if tags.get("d") and tags.get("s")}
    return Travelled(tuple(sorted(named)), delivering(legs, domain))
