"""Order tokens: what a button carries, so that its mail orders one thing, about one case, by one agent, once.

A token is 33 characters of base32 (RFC 4648), at home after the + of an address as in a subject: the order's code, the
case, the last day, a hash of the notice, and an HMAC under a key of its own label that also covers the agent's
address. It never proves who sent a mail: that is for the mail exchanger to say (core/routing/sender.py).
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from oacmail.core.policy import Policy
from oacmail.core.routing import signature
from oacmail.core.routing.orders import Verb

DAYS = 10
"""How long a button works."""
LENGTH = 33
MOST = 3  # tokens that are read of one mail: a button's mail has one
_LABEL = b"order token"
_EPOCH = date(2020, 1, 1)
_FIRST_YEAR = 2000
_MAC = 10  # octets: 80 bits, as many as fit into a local part of 64 octets (RFC 5321 section 4.5.3.1.1)
_FOUND = re.compile(r"(?<![a-z0-9])o[a-z2-7]{32}(?![a-z0-9])", re.IGNORECASE)
_CODES: Mapping[int, Verb] = {
    1: Verb.MINE,
    2: Verb.CALLED,
    3: Verb.NOT_REACHED,
    4: Verb.SECOND_LEVEL,
    5: Verb.FIRST_LEVEL,
    6: Verb.SPAM,
    7: Verb.DRAFT,
    8: Verb.SOLVED,
    9: Verb.UNTIL,
    10: Verb.NOT_OURS,
}
"""A code is in mails that were sent: it is never given to another order."""
_CODE_OF = {verb: code for code, verb in _CODES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A token that came with a mail. `problem`: '' | forged | not-yours | expired; what else it says is true unless it
    is forged."""

    token: str
    verb: Verb
    case: str
    problem: str = ""


def make(policy: Policy, *, agent: str, case: str, verb: Verb, notice: str, now: datetime) -> str:
    """The token of one button. `agent`: the address that the notice goes to; `notice`: the key of the notice."""
    _, year, serial = case.rsplit("-", 2)
    last = (now.astimezone(policy.office.timezone).date() + timedelta(days=DAYS) - _EPOCH).days
    payload = bytes((_CODE_OF[verb], int(year) - _FIRST_YEAR)) + int(serial).to_bytes(3, "big")
    payload += last.to_bytes(2, "big") + sha256(notice.encode()).digest()[:3]
    return "o" + base64.b32encode(payload + _mac(policy.secrets[0], payload, agent)).decode().lower()


def find(texts: Iterable[str]) -> tuple[str, ...]:
    """What has the form of a token, in lower case, at most `MOST`."""
    found = (match[0].lower() for text in texts for match in _FOUND.finditer(text))
    return tuple(dict.fromkeys(found))[:MOST]


def read(policy: Policy, token: str, sender: str, at: datetime) -> Pressed | None:
    """What the token says, if `sender` presses it at `at`; None = it has not even the form."""
    try:
        octets = base64.b32decode(token[1:].upper())
    except binascii.Error:
        return None
    payload, mac = octets[:-_MAC], octets[-_MAC:]
    verb = _CODES.get(payload[0])
    if verb is None:
        return None
    case = signature.number(policy, _FIRST_YEAR + payload[1], int.from_bytes(payload[2:5], "big"))
    last = _EPOCH + timedelta(days=int.from_bytes(payload[5:7], "big"))
    problem = ""
    if not _is_of(policy, payload, mac, sender):
        others = policy.people.staff - {sender}
        problem = "not-yours" if any(_is_of(policy, payload, mac, agent) for agent in others) else "forged"
    elif at.astimezone(policy.office.timezone).date() > last:
        problem = "expired"
    return Pressed(token=token, verb=verb, case=case, problem=problem)


def _is_of(policy: Policy, payload: bytes, mac: bytes, agent: str) -> bool:
    return any(hmac.compare_digest(_mac(secret, payload, agent), mac) for secret in policy.secrets)


def _mac(secret: bytes, payload: bytes, agent: str) -> bytes:
    key = hmac.digest(secret, _LABEL, "sha256")
    return hmac.digest(key, payload + agent.lower().encode("utf-8", "surrogateescape"), "sha256")[:_MAC]
