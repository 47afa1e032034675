"""What only this office can write: case tokens, Message-IDs and the signature on our own mail.

Everything is an HMAC-SHA256 (RFC 2104) under a sub-key of the token secret; the first secret signs, all verify,
so that a secret can be changed without forgetting. Nothing here proves who a *person* is.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from oacmail.core.policy import Policy
from oacmail.core.routing import own_text

# Without I, O, 0, 1: people read these characters aloud on the telephone.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
MOST_SIGNATURES = 10  # a mail of ours has one signature; more would cost a hash each
TRIAL = "check:"
"""The keys of trial mails (`check --online`), which no daemon sends, begin with this."""
_ANSWER_ADDRESS = re.compile(r"r-(\d{4})-(\d{6})-([A-Za-z2-9]{12})", re.ASCII)
_MARK = re.compile(r"([a-z])=([^;]*)")
_FOREIGN = re.compile(r"v=\d;\s*i=([0-9a-f]{8})(?:\.[0-9a-f]+)?;\s*k=(?!check:).{0,2000};\s*s=[0-9a-f]{32}", re.DOTALL)
_ALONE = re.compile(r"[^|]*")  # "|" separates what is signed: a recipient that has one must not become two fields
_STAMP = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?", re.ASCII)
_FIELDS = {"1": ("v", "i", "k", "c", "l", "r", "d"), "2": ("v", "i", "k", "c", "l", "r", "d", "h")}


def _hmac(secret: bytes, label: str, text: str) -> bytes:
    sub_key = hmac.digest(secret, label.encode(), "sha256")
    return hmac.digest(sub_key, text.encode("utf-8", "surrogateescape"), "sha256")


def key_name(secret: bytes) -> str:
    """A secret's public name, 8 hex digits: the database remembers by it which keys have signed its mail."""
    return hmac.digest(secret, b"oacmail instance", "sha256").hex()[:8]


def person_mark(secret: bytes, address: str) -> str:
    """What stands for an address after it was erased: 64 hex digits, which only the holder of the key can compare with
    an address."""
    return _hmac(secret, "person", address.strip().lower()).hex()


def seal(secret: bytes, text: str) -> str:
    """The proof that this office wrote the text of a certificate: 64 hex digits."""
    return _hmac(secret, "certificate", text).hex()


def number(policy: Policy, year: int, serial: int) -> str:
    """`OAC-2026-000123`."""
    return f"{policy.office.prefix}-{year:04d}-{serial:06d}"


def _check(secret: bytes, case: str) -> str:
    mac = _hmac(secret, "case", case)
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in mac[:3])


def token(policy: Policy, case: str) -> str:
    """The number with three keyed letters, as subjects show it: `OAC-2026-000123-K7Q`."""
    return f"{case}-{_check(policy.secrets[0], case)}"


def read_token(policy: Policy, text: str) -> str | None:
    """The case number of a token whose keyed letters are right under one of the secrets, else None."""
    case, _, check = text.upper().rpartition("-")
    if any(hmac.compare_digest(_check(secret, case), check) for secret in policy.secrets if check.isascii()):
        return case
    return None


def answer_address(policy: Policy, case: str) -> str:
    """The address from which a proven agent's mail goes on to the person: `office+r-2026-000123-…@…`; '' = the mail
    server knows no plus-addresses. It may be used often and proves nothing."""
    if not policy.office.plus_addressing:
        return ""
    _, year, serial = case.rsplit("-", 2)
    local, _, domain = policy.office.address.rpartition("@")
    return f"{local}+r-{year}-{serial}-{_answer_check(policy.secrets[0], case).lower()}@{domain}"


def read_answer_address(policy: Policy, address: str) -> str | None:
    """The case of an answer address whose check characters are right under one of the secrets, else None."""
    found = _ANSWER_ADDRESS.fullmatch(address.rpartition("@")[0].rpartition("+")[2])
    if found is None or not policy.office.is_own(address):
        return None
    case = number(policy, int(found[1]), int(found[2]))
    checks = (_answer_check(secret, case) for secret in policy.secrets)
    return case if any(hmac.compare_digest(one, found[3].upper()) for one in checks) else None


def _answer_check(secret: bytes, case: str) -> str:
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in _hmac(secret, "relay", case)[:12])


def message_id(policy: Policy, key: str) -> str:
    """The fixed id of the mail with this outbox key: 128 bits that an outsider cannot compute and pre-send."""
    mac = _hmac(policy.secrets[0], "mid", f"{policy.instance}|{key}")
    return f"<{mac[:16].hex()}@{policy.office.address.rpartition('@')[2]}>"


def _stamp(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _sign(secret: bytes, values: Mapping[str, str], recipient: str, sent_at: datetime | None) -> str:
    fields = _FIELDS.get(values["v"], ())
    text = "|".join((*(values.get(name, "") for name in fields), recipient.lower(), _stamp(sent_at)))
    return _hmac(secret, "own", text)[:16].hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A valid X-Oacmail field: which of our mails this is, on which case, about which message; `run`: the process that
    queued it; `text`: the hash of all that it said (core/routing/own_text.py). Both are '' in mail of early
    versions."""

    instance: str
    run: str
    key: str
    case: str
    message: str
    received_at: datetime | None
    due_at: datetime | None
    text: str


def sign(
    policy: Policy,
    text: str,
    *,
    run: str,
    key: str,
    case: str | None,
    message: str,
    received_at: datetime | None,
    due_at: datetime | None,
    recipient: str,
    sent_at: datetime,
) -> str:
    """The value of X-Oacmail. `text`: all that the mail says, of which only a hash goes in. `sent_at` is the Date
    field's moment, in whole seconds."""
    values = {
        "v": "2",
        "i": f"{policy.instance}.{run}" if run else policy.instance,
        "k": key,
        "c": case or "",
        "l": message,
        "r": _stamp(received_at),
        "d": _stamp(due_at),
        "h": own_text.text_hash(text),
    }
    body = "; ".join(f"{name}={value}" for name, value in values.items())
    return f"{body}; s={_sign(policy.secrets[0], values, recipient, sent_at)}"


def is_foreign(policy: Policy, raw: str) -> bool:
    """Whether it looks like a daemon's signature under another secret. It proves nothing: anybody can write it."""
    found = _FOREIGN.match(raw.strip())
    return found is not None and found[1] not in {key_name(secret) for secret in policy.secrets} | {policy.instance}


def claims(raw: str) -> tuple[str, str]:
    """(name of the key, fingerprint of the message) that a field claims, unverified; '' = it names none."""
    values: dict[str, str] = {name: value.strip() for name, value in _MARK.findall(raw)}
    return values.get("i", "")[:8], values.get("l", "")


def claimed_case(policy: Policy, raw: str) -> str:
    """The number of a case of this office that a signature under another secret claims, unverified; '' = none."""
    if not is_foreign(policy, raw):
        return ""
    case = {name: value.strip() for name, value in _MARK.findall(raw)}.get("c", "")
    return case if re.fullmatch(rf"{re.escape(policy.office.prefix)}-\d{{4}}-\d{{6}}", case, re.ASCII) else ""


def _moment(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if text else None


def verify(policy: Policy, raw: str, recipient: str, sent_at: datetime | None) -> Signature | None:
    """The signature, if one of our secrets signed exactly these fields for this recipient and Date; else None.

    It does not cover body, subject and Message-ID, which relays change. Another process with the same secret may have
    made it: the caller checks.
    """
    values = {**dict.fromkeys(_FIELDS["2"], ""), **{name: value.strip() for name, value in _MARK.findall(raw)}}
    signature = values.get("s", "")
    if values["v"] not in _FIELDS or not all(_ALONE.fullmatch(values[name]) for name in "clh"):
        return None
    if not all(_STAMP.fullmatch(values[name]) for name in "rd"):
        return None
    if not signature.isascii() or not any(
        hmac.compare_digest(_sign(secret, values, recipient, sent_at), signature) for secret in policy.secrets
    ):
        return None
    instance, _, run = values["i"].partition(".")
    return Signature(
        instance=instance,
        run=run,
        key=values["k"],
        case=values["c"],
        message=values["l"],
        received_at=_moment(values["r"]),
        due_at=_moment(values["d"]),
        text=values["h"] if values["v"] == "2" else "",
    )
