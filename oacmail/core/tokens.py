"""What only this office can write and read again: signatures on our mail, tokens of cases and votes, digests of our
text.

Nothing here proves who a *person* is, and nothing here decides what follows from a token.
"""

import base64
import binascii
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from msgspec import Struct

from oacmail.core.kinds import EnvelopeSender
from oacmail.core.model import domain_of, regex
from oacmail.core.policy import Policy

if TYPE_CHECKING:
    from oacmail.core.effects import Send

# --- Signature -------------------------------------------------------------------------------------------------------
# Case tokens, Message-IDs and the signature on our own mail are HMAC-SHA256 (RFC 2104) under a sub-key of the token
# secret; the first secret signs, all verify, so that a secret can be changed without forgetting.

# Without I, O, 0, 1: people read these characters aloud on the telephone.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
KEY_FILE = "token.key"  # of the secrets, in the state directory, where no credential holds them
MOST_SIGNATURES = 10  # a mail of ours has one signature; more would cost a hash each
_LOCAL_PART = 64  # octets (RFC 5321 section 4.5.3.1.1)
_MARK_LENGTH = 32  # characters of base32: 16 octets of the Message-ID and 4 of the check
RETURNED = "b."
"""How the detail of an envelope sender of ours begins: what comes there is about a mail of ours, and never answered."""
TRIAL = "check:"
"""The keys of trial mails (`check --online`), which no daemon sends, begin with this."""
_ANSWER_ADDRESS = regex(r"r-(\d{4})-(\d{6})-([A-Za-z2-9]{12})", re.ASCII)
_MARK = regex(r"([a-z])=([^;]*)")
_OWN_ID = regex(r"<([0-9a-f]{32})@[^<>@]+>")
_FOREIGN = regex(r"v=\d;\s*i=([0-9a-f]{8})(?:\.[0-9a-f]+)?;\s*k=(?!check:).{0,2000};\s*s=[0-9a-f]{32}", re.DOTALL)
_ALONE = regex(r"[^|]*")  # "|" separates what is signed: a recipient that has one must not become two fields
_STAMP = regex(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?", re.ASCII)
_FIELDS = {"1": ("v", "i", "k", "c", "l", "r", "d"), "2": ("v", "i", "k", "c", "l", "r", "d", "h")}


@lru_cache(32)  # eight labels a secret
def _sub_key(secret: bytes, label: str) -> bytes:
    return hmac.digest(secret, label.encode(), "sha256")


def _hmac(secret: bytes, label: str, text: str) -> bytes:
    return hmac.digest(_sub_key(secret, label), text.encode("utf-8", "surrogateescape"), "sha256")


def name_of_key(secret: bytes) -> str:
    """A secret's public name, 8 hex digits: the database remembers by it which keys have signed its mail."""
    return hmac.digest(secret, b"oacmail instance", "sha256").hex()[:8]


def mark(secret: bytes, what: Literal["person", "message", "problem"], name: str) -> str:
    """What stands for an address, a fingerprint or the code of a problem where it must not be recognised: 64 hex
    digits, which only the holder of the key can compare with one."""
    return _hmac(secret, what, name.strip().lower()).hex()


def person_mark(secret: bytes, address: str) -> str:
    return mark(secret, "person", address)


def seal(secret: bytes, what: Literal["certificate", "ledger", "mail"], text: str) -> str:
    """The proof that this office wrote this text, of a certificate, of a piece of its ledger or of a mail that waits:
    64 hex digits."""
    return _hmac(secret, what, text).hex()


def case_number(policy: Policy, year: int, serial: int) -> str:
    """`OAC-2026-000123`."""
    return f"{policy.office.prefix}-{year:04d}-{serial:06d}"


def _check(secret: bytes, case: str) -> str:
    mac = _hmac(secret, "case", case)
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in mac[:3])


def case_token(policy: Policy, case: str) -> str:
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
    case = case_number(policy, int(found[1]), int(found[2]))
    checks = (_answer_check(secret, case) for secret in policy.secrets)
    return case if any(hmac.compare_digest(check, found[3].upper()) for check in checks) else None


def _answer_check(secret: bytes, case: str) -> str:
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in _hmac(secret, "relay", case)[:12])


def envelope_senders(policy: Policy, mail: str = "") -> Mapping[EnvelopeSender, str]:
    """The envelope senders in use, and no other is: receivers judge our mail by these (SPF, DMARC). '' = the empty one.

    `mail`: the Message-ID of the mail that leaves, '' = none does: an example.

    RFC 3834 section 3.3 asks of an automatic response that its envelope cannot make a loop; the empty one is its
    advice, another is allowed. Under the empty one a refusal cannot come back, and SPF counts the relay's own name. An
    address of the mail itself makes no loop either, since nothing that comes there is ever answered
    (core/handlers/from_machine.py).
    """
    address, chosen = policy.office.address, policy.sending.ack_envelope
    if chosen == "bounce":
        of_acks = return_address(policy, mail or message_id(policy, TRIAL))
    else:
        of_acks = address if chosen == "office" else ""
    return {EnvelopeSender.ACK: of_acks, EnvelopeSender.OFFICE: address}


def message_id(policy: Policy, key: str) -> str:
    """The fixed id of the mail with this outbox key: 128 bits that an outsider cannot compute and pre-send."""
    mac = _hmac(policy.secrets[0], "mid", f"{policy.instance}|{key}")
    return f"<{mac[:16].hex()}@{domain_of(policy.office.address)}>"


def return_address(policy: Policy, message_id: str) -> str:
    """The envelope sender by which a refusal of this mail of ours comes home: `office+b.MARK@…`; '' = the mail server
    knows no plus-addresses, or the office's name leaves no room (RFC 5321 section 4.5.3.1.1).

    The mark is the Message-ID's own number with four octets that only we can compute: who knows the Message-ID alone,
    which every reply quotes, knows no address to which reports about the mail may come.
    """
    found = _OWN_ID.fullmatch(message_id)
    local, _, domain = policy.office.address.rpartition("@")
    if found is None or not policy.office.plus_addressing or len(local) + len("+b.") + _MARK_LENGTH > _LOCAL_PART:
        return ""
    octets = bytes.fromhex(found[1])
    mark = base64.b32encode(octets + _return_check(policy.secrets[0], octets)).decode().lower()
    return f"{local}+{RETURNED}{mark}@{domain}"


def read_return_mark(policy: Policy, mark: str) -> tuple[str, ...]:
    """The Message-ID of the mail that the mark names, at each domain of the office; () = none of the secrets has made
    it."""
    try:
        octets = base64.b32decode(mark.upper())
    except (binascii.Error, ValueError):  # not even ASCII
        return ()
    name, check = octets[:-4], octets[-4:]
    if not any(hmac.compare_digest(_return_check(secret, name), check) for secret in policy.secrets):
        return ()
    return tuple(f"<{name.hex()}@{domain}>" for domain in sorted(set(map(domain_of, policy.office.own))))


def _return_check(secret: bytes, octets: bytes) -> bytes:
    return _hmac(secret, "return", octets.hex())[:4]


def _stamp(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z" if moment else ""


def _sign(secret: bytes, values: Mapping[str, str], recipient: str, sent_at: datetime | None) -> str:
    fields = _FIELDS.get(values["v"], ())
    text = "|".join((*(values.get(name, "") for name in fields), recipient.lower(), _stamp(sent_at)))
    return _hmac(secret, "own", text)[:16].hex()


class Signature(Struct, frozen=True, kw_only=True):
    """A valid X-Oacmail field: which of our mails this is, on which case, about which message; `run`: the process that
    queued it; `text`: the hash of all that it said (`text_hash`). Both are '' in mail of early
    versions."""

    instance: str
    run: str
    key: str
    case: str
    message: str
    received_at: datetime | None
    due_at: datetime | None
    text: str


def sign_mail(policy: Policy, run: str, send: "Send", sent_at: datetime, text: str) -> str:
    """The value of X-Oacmail. `run`: the process that sends it, or ''. `sent_at` is the Date field's moment, in whole
    seconds. `text`: all that the mail says, of which only a hash goes in."""
    values = {
        "v": "2",
        "i": f"{policy.instance}.{run}" if run else policy.instance,
        "k": send.key,
        "c": send.case or "",
        "l": send.message,
        "r": _stamp(send.received_at),
        "d": _stamp(send.due_at),
        "h": text_hash(text),
    }
    body = "; ".join(f"{name}={value}" for name, value in values.items())
    return f"{body}; s={_sign(policy.secrets[0], values, send.recipient, sent_at)}"


def is_foreign(policy: Policy, raw: str) -> bool:
    """Whether it looks like a daemon's signature under another secret. It proves nothing: anybody can write it."""
    found = _FOREIGN.match(raw.strip())
    return found is not None and found[1] not in {name_of_key(secret) for secret in policy.secrets} | {policy.instance}


def _values(raw: str) -> dict[str, str]:
    return {name: value.strip() for name, value in _MARK.findall(raw)}


def claimed_key_and_message(raw: str) -> tuple[str, str]:
    """(name of the key, fingerprint of the message) that a field claims, unverified; '' = it names none."""
    values = _values(raw)
    return values.get("i", "")[:8], values.get("l", "")


def claimed_case(policy: Policy, raw: str) -> str:
    """The number of a case of this office that a signature under another secret claims, unverified; '' = none."""
    if not is_foreign(policy, raw):
        return ""
    case = _values(raw).get("c", "")
    return case if re.fullmatch(rf"{re.escape(policy.office.prefix)}-\d{{4}}-\d{{6}}", case, re.ASCII) else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def verify_mail(policy: Policy, raw: str, recipient: str, sent_at: datetime | None) -> Signature | None:
    """The signature, if one of our secrets signed exactly these fields for this recipient and Date; else None.

    It does not cover body, subject and Message-ID, which relays change. Another process with the same secret may have
    made it: the caller checks.
    """
    values = {**dict.fromkeys(_FIELDS["2"], ""), **_values(raw)}
    signature = values.get("s", "")
    alone = all(_ALONE.fullmatch(values[name]) for name in "clh")
    if values["v"] not in _FIELDS or not alone or not all(_STAMP.fullmatch(values[name]) for name in "rd"):
        return None
    made = (_sign(secret, values, recipient, sent_at) for secret in policy.secrets)
    if not signature.isascii() or not any(hmac.compare_digest(right, signature) for right in made):
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


# --- Own text --------------------------------------------------------------------------------------------------------
# What a returned mail of ours has beside our own text, by the digest in its signature. Relays wrap, quote and
# re-encode; gateways lead links over themselves; lists and scanners add a footer, which looks like what a person adds.

MOST_ADDED = 10_000  # characters added at most for our text to be searched: larger additions are a message
_HASH_LENGTH = 16  # hex digits of a digest
LINK = "(link)"
"""Stands for each link: where it leads is not compared, but one link more is an addition."""
# It begins with a set of characters, which the engine finds faster than a word of any case.
_LINKS = regex(r"[HhWw](?:(?<=[Hh])[Tt]{2}[Pp][Ss]?://|(?<=\b[Ww])[Ww]{2}\.)\S+")
_NOT_PLAIN = bytes(set(range(128)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789"))


def text_hash(text: str) -> str:
    """`length.hash.ascii.length.hash`: of the text without spaces and quote marks; of its characters a-z and 0-9
    alone; of the text with LINK for each link. Hashes of early versions have the first three parts, `ascii` with the
    links. It is short enough for one line of a header field."""
    folded, linked = _folded(text), _folded(_linked(text))
    return f"{len(folded)}.{_hash(folded)}.{_hash(_ascii(linked))}.{len(linked)}.{_hash(linked)}"


def added_text(text: str, of: str) -> str:
    """What `text` has beside the text with the hash `of`, without spaces; all of it if that is not in it."""
    size, exact, plain, *linked = of.split(".")
    beside = _beside(_folded(text), size, exact)
    if beside is None and linked:  # a relay may break a long link, a gateway may rewrite it
        text, size = _folded(_linked(text)), linked[0]
        beside = _beside(text, *linked)
    if beside is not None:
        return beside
    # "demà" becomes "dem?" or "demÃ " if a relay knows no UTF-8: the ASCII part is the same, and little else was added
    folded, length = _folded(text), int(size)
    few = len(folded) - length <= length // 8
    return "" if few and _hash(_ascii(text)) == plain else folded


def _beside(folded: str, size: str, exact: str) -> str | None:
    """None = the text with this hash is not in it."""
    length = int(size)
    beside = len(folded) - length
    for start in range(beside + 1 if beside <= MOST_ADDED else 0):
        if _hash(folded[start : start + length]) == exact:
            return folded[:start] + folded[start + length :]
    return None


def _linked(text: str) -> str:
    return _LINKS.sub(LINK, text)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).replace(">", "").split())


def _ascii(text: str) -> str:
    return text.lower().encode("ascii", "ignore").translate(None, _NOT_PLAIN).decode()


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_HASH_LENGTH]


# --- Tokens of links -------------------------------------------------------------------------------------------------
# What a link in a mail of ours carries, so that a mail that brings it back says one thing about one case: base32 (RFC
# 4648) of a number, the case, perhaps more, and an HMAC under a key of the label, whose first letter begins the token.

TOKENS_MOST = 3  # tokens of a sort that are read of one mail: a link's mail has one
_FIRST_YEAR = 2000
_MAC = 10  # octets: 80 bits, as many as fit into a local part of 64 octets (RFC 5321 section 4.5.3.1.1)


class LinkToken(Struct, frozen=True, kw_only=True):
    """What a token says; `valid`: one of the secrets has made it for `bound`."""

    number: int
    case: str
    more: bytes
    valid: bool


def link_token(policy: Policy, label: str, number: int, case: str, more: bytes = b"", *, bound: str = "") -> str:
    """A token in lower case. `bound`: what it does not say, and is good for alone."""
    _, year, serial = case.rsplit("-", 2)
    payload = bytes((number, int(year) - _FIRST_YEAR)) + int(serial).to_bytes(3, "big") + more
    mac = _mac(policy.secrets[0], label, payload, bound)
    return label[0] + base64.b32encode(payload + mac).decode().lower()


def read_link_token(policy: Policy, label: str, token: str, *, bound: str = "") -> LinkToken | None:
    """What the token says, true or not; None = it has not even the form."""
    try:
        octets = base64.b32decode(token[1:].upper())
    except binascii.Error:
        return None
    payload, mac = octets[:-_MAC], octets[-_MAC:]
    return LinkToken(
        number=payload[0],
        case=case_number(policy, _FIRST_YEAR + payload[1], int.from_bytes(payload[2:5], "big")),
        more=payload[5:],
        valid=any(hmac.compare_digest(_mac(secret, label, payload, bound), mac) for secret in policy.secrets),
    )


def find_link_tokens(label: str, more: int, texts: Iterable[str]) -> tuple[str, ...]:
    """What has the form of a token with `more` octets beside number and case, in lower case."""
    form = rf"(?<![a-z0-9]){label[0]}[a-z2-7]{{{(5 + more + _MAC) * 8 // 5}}}(?![a-z0-9])"
    found = (match[0].lower() for text in texts for match in re.finditer(form, text, re.IGNORECASE))
    return tuple(dict.fromkeys(found))[:TOKENS_MOST]


def _mac(secret: bytes, label: str, payload: bytes, bound: str) -> bytes:
    signed = payload + bound.lower().encode("utf-8", "surrogateescape")
    return hmac.digest(_sub_key(secret, f"{label} token"), signed, "sha256")[:_MAC]


# --- Votes -----------------------------------------------------------------------------------------------------------
# A link of a survey gives one score to one case and does nothing else: five `mailto:` links in its HTML alone (RFC
# 6068); the text asks for a number. No web page is needed, and a program that follows links cannot vote. Whoever holds
# a token was shown the survey.

SCORES = (1, 2, 3, 4, 5)
_VOTE = "vote"


class VoteToken(Struct, frozen=True, kw_only=True):
    """The score of a valid token, and the number of its case."""

    case: str
    score: int


def vote_token(policy: Policy, *, case: str, score: int) -> str:
    return link_token(policy, _VOTE, score, case)


def find_vote_tokens(texts: Iterable[str]) -> tuple[str, ...]:
    return find_link_tokens(_VOTE, 0, texts)


def read_vote_token(policy: Policy, token: str) -> VoteToken | None:
    """What the token says; None = none of the secrets has made it."""
    read = read_link_token(policy, _VOTE, token)
    valid = read is not None and read.valid and read.number in SCORES
    return VoteToken(case=read.case, score=read.number) if read and valid else None


def vote_links(policy: Policy, case: str) -> tuple[dict[str, object], ...]:
    """The score and the link of each, the lowest first."""
    tokens = ((str(score), vote_token(policy, case=case, score=score)) for score in SCORES)
    urls = (token_link(policy, token, case=case, word=word, body=f"{word}\r\n") for word, token in tokens)
    return tuple({"score": score, "url": url} for score, url in zip(SCORES, urls, strict=True))


# --- Token links -----------------------------------------------------------------------------------------------------


def token_link(policy: Policy, token: str, *, case: str, word: str, body: str) -> str:
    """The token is after the + of the address, or in the subject where such addresses do not arrive. The subject names
    the case and says `word`."""
    local, _, domain = policy.office.address.rpartition("@")
    detailed = f"{local}+{token}"
    in_address = policy.office.plus_addressing and len(detailed) <= _LOCAL_PART
    words = (f"[{case_token(policy, case)}]", word, "" if in_address else token)
    address = f"{detailed if in_address else local}@{domain}"
    subject, text = (quote(part, safe="") for part in (" ".join(filter(None, words)), body))
    return f"mailto:{quote(address, safe='@+')}?subject={subject}&body={text}"
