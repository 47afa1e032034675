"""Vote tokens: what a link of a survey carries, so that its mail gives one score to one case and does nothing else.

A token is 25 characters, at home after the + of an address as in a subject: a v and base32 (RFC 4648) of the
score, the case, and an HMAC under a key of its own label. Whoever holds it was shown the survey; it orders nothing, and
it never proves who sent a mail.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from oacmail.core.policy import Policy
from oacmail.core.routing import signature

SCORES = (1, 2, 3, 4, 5)
LENGTH = 25
MOST = 3  # tokens that are read of one mail: a link's mail has one
_LABEL = b"vote token"
_FIRST_YEAR = 2000
_MAC = 10  # octets: 80 bits
_FOUND = re.compile(r"(?<![a-z0-9])v[a-z2-7]{24}(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteToken:
    """The score of a valid token, and the number of its case."""

    case: str
    score: int


def make(policy: Policy, *, case: str, score: int) -> str:
    """The token of one link."""
    _, year, serial = case.rsplit("-", 2)
    payload = bytes((score, int(year) - _FIRST_YEAR)) + int(serial).to_bytes(3, "big")
    return "v" + base64.b32encode(payload + _mac(policy.secrets[0], payload)).decode().lower()


def find(texts: Iterable[str]) -> tuple[str, ...]:
    """What has the form of a token, in lower case, at most `MOST`."""
    found = (match[0].lower() for text in texts for match in _FOUND.finditer(text))
    return tuple(dict.fromkeys(found))[:MOST]


def read(policy: Policy, token: str) -> VoteToken | None:
    """What the token says; None = none of the secrets has made it."""
    try:
        octets = base64.b32decode(token[1:].upper())
    except binascii.Error:
        return None
    payload, mac = octets[:-_MAC], octets[-_MAC:]
    if payload[0] not in SCORES or not any(hmac.compare_digest(_mac(key, payload), mac) for key in policy.secrets):
        return None
    case = signature.number(policy, _FIRST_YEAR + payload[1], int.from_bytes(payload[2:5], "big"))
    return VoteToken(case=case, score=payload[0])


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(hmac.digest(secret, _LABEL, "sha256"), payload, "sha256")[:_MAC]
