"""Turn text into header fields of outgoing mail; no other module does (docs/design.md, "What we write to others").

Text from outside cannot create a field: line breaks, controls and `=?` are removed, and addresses and ids are checked
against their grammar and never encoded. This module folds fields itself, between tokens only: the email package of
Python 3.11 and 3.13 turns an In-Reply-To of 80 characters into an encoded word, and Outlook's ids are that long.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from oacmail.mail.outgoing.plain_text import one_line

LIMIT = 200
WIDTH = 76  # of a line with an encoded word (RFC 2047, section 2); below the 78 of RFC 5322, 2.1.1
_WORD_BYTES = 36  # an encoded word of 60 characters, which fits after "Subject: "
_MAX_TOKEN = 900
_ENDS = 9

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]"
_QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
_LITERAL = r"\[[\x21-\x5a\x5e-\x7e]*\]"
_MSG_ID = re.compile(rf"<(?:{_ATEXT}+|{_QUOTED})@(?:{_ATEXT}+|{_LITERAL})>")
_ADDRESS = re.compile(rf"(?:{_ATEXT}+|{_QUOTED})@(?:[A-Za-z0-9_.-]+|{_LITERAL})")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # RFC 3490, section 3.1
_DEVIATING = re.compile("[ßẞς]")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def clean(text: str) -> str:
    """Return one line of at most 200 characters without control characters or the start of an encoded word."""
    return one_line(one_line(text).replace("=?", " "))[:LIMIT].rstrip()


def bare_address(address: str) -> str:
    """Return the address unchanged if it is an ASCII addr-spec (RFC 5322, 3.4.1); raise ValueError otherwise.

    A non-ASCII domain is converted to its ASCII form; a non-ASCII local part is refused.
    """
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        address = f"{local}@{ascii_domain(domain)}"
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise ValueError("not an address that a mail can be written to")
    return address


def message_id(text: str) -> str:
    """Return the id unchanged if it is a msg-id (RFC 5322, 3.6.4), else ''."""
    return text if len(text) <= _MAX_TOKEN and "=?" not in text and _MSG_ID.fullmatch(text) else ""


def references(in_reply_to: str, refs: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of References, oldest first, `in_reply_to` last: the first and the last nine well-formed ones."""
    last = message_id(in_reply_to)
    ids = tuple(dict.fromkeys(ref for ref in map(message_id, refs) if ref and ref != last))
    ids = (*ids, last) if last else ids
    return ids if len(ids) <= _ENDS + 1 else (ids[0], *ids[-_ENDS:])


def unstructured(text: str) -> tuple[str, ...]:
    """Return the tokens of a Subject: plain words, and encoded words (RFC 2047) from the first to the last non-plain
    one."""
    words = clean(text).split(" ")
    foreign = [place for place, word in enumerate(words) if not word.isascii()]
    if not foreign:
        return tuple(words)
    first, last = foreign[0], foreign[-1] + 1
    return (*words[:first], *_encoded_words(" ".join(words[first:last])), *words[last:])


def mailbox(name: str, address: str) -> tuple[str, ...]:
    """Return the tokens of a From: display name as atoms, a quoted string or encoded words, then the address."""
    name, target = clean(name), bare_address(address)
    if not name:
        return (target,)
    if not name.isascii():
        return (*_encoded_words(name), f"<{target}>")
    if not _PHRASE.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return (*name.split(" "), f"<{target}>")


def field(name: str, tokens: Sequence[str]) -> str:
    """Return `Name: tokens`, folded between tokens, with CRLF. Raises ValueError for a token that no field can hold."""
    lines = [f"{name}:"]
    for token in tokens:
        if len(token) > _MAX_TOKEN or not token.isascii() or not token.isprintable():
            raise ValueError(f"{name}: a token that no field can hold")
        # Never leave the first line empty: some servers drop a field that begins with a fold.
        if len(lines[-1]) + 1 + len(token) > WIDTH and not lines[-1].endswith(":"):
            lines.append("")
        lines[-1] += f" {token}"
    return "\r\n".join(lines) + "\r\n"


def _encoded_words(text: str) -> tuple[str, ...]:
    chunks, size = [""], 0
    for char in text:
        size += len(char.encode())
        if size > _WORD_BYTES:
            chunks.append("")
            size = len(char.encode())
        chunks[-1] += char
    return tuple(f"=?utf-8?b?{b64encode(chunk.encode()).decode()}?=" for chunk in chunks)


def ascii_domain(domain: str) -> str:
    """Return an international domain in its ASCII form. Raises ValueError if it has none.

    `ß` and `ς` stay what they are, as registries and mail programs have it since RFC 5891: Python's codec makes `ss` of
    `ß` (RFC 3490), which is another domain, so that a stranger would get the mail.
    """
    try:
        return ".".join(_ascii_label(label) for label in _DOTS.split(domain))
    except UnicodeError as error:
        raise ValueError("not an address that a mail can be written to") from error


def _ascii_label(label: str) -> str:
    if not _DEVIATING.search(label):
        return label.encode("idna").decode()
    ascii_form = "xn--" + normalize("NFC", label.lower()).encode("punycode").decode()
    return ascii_form.encode("idna").decode()  # checks its length
