"""Parse address fields before any encoded word is decoded (RFC 5322 section 3.4, RFC 2047 section 5).

This module decides what the bare addresses are and whether From names exactly one mailbox. It never takes text in a
display name, encoded or not, for an address. The work is linear in the length of the field; nothing raises.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from oacmail.mail.mime import charset
from oacmail.mail.mime.fields import Fields

MOST = 500
_MOST_AUTHORS = 10  # a From field with more mailboxes is not read further
LONGEST = 320  # octets of an address, RFC 3696 erratum 1690: 64 + 1 + 255

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^>]*>?|[(),;:]|[^"(),;:<]+', re.S)
_ADDR_SPEC = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s@<>(),;:"\[\]\\]+)@(?:[^\s@<>(),;:"\[\]\\]+|\[[^\s\[\]\\]+\])')
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """`address` is the bare address in lower case, '' if there is none; `name` is decoded; `plain` is true for a phrase
    and one addr-spec and nothing else."""

    name: str
    address: str
    plain: bool


def sender(fields: Fields) -> tuple[str, str, bool]:
    """Return (address, display name, whether there is exactly one From field with exactly one addr-spec)."""
    values = fields.all("from")
    boxes = list(islice(_mailboxes(values), _MOST_AUTHORS))
    if not boxes:
        return "", "", False
    first = next((box for box in boxes if box.address), boxes[0])  # "Puig, Anna <anna@example.org>", unquoted
    return first.address, first.name, len(values) == len(boxes) == 1 and first.plain and bool(first.address)


def address_list(values: Iterable[str], most: int = MOST) -> tuple[str, ...]:
    """Return the bare addresses of To, Cc, Bcc or Reply-To fields, in order, without duplicates, at most `most`."""
    found = (box.address for box in _mailboxes(values) if box.address)
    return tuple(islice(dict.fromkeys(islice(found, 4 * most)), most))


def _mailboxes(values: Iterable[str]) -> Iterator[ParsedAddress]:
    for value in values:
        words: list[str] = []
        comments: list[str] = []
        group = angled = False
        depth = 0
        for piece in _TOKEN.findall(value):
            depth = max(0, depth + (piece == "(") - (piece == ")"))
            if depth or piece == ")":
                comments.append(piece.strip("()"))
            elif piece in (",", ";"):
                yield from _mailbox(words, comments, group)
                words, comments, angled = [], [], False
                group = group and piece == ","
            elif piece == ":" and not angled:
                words, comments, group = [], [], True
            else:
                words.append(piece)
                angled = angled or piece[0] == "<"
        yield from _mailbox(words, comments, group)


def _mailbox(words: list[str], comments: list[str], group: bool) -> Iterator[ParsedAddress]:
    """Yield the mailbox that these tokens form; yield nothing if they are blank."""
    if not "".join(words).strip():
        return
    angles = [word for word in words if word[0] == "<"]
    phrase = [word for word in words if word[0] != "<"]
    if angles:  # several: use the last one, where a reply would go; `plain` is false
        address = bare(_without_route(angles[-1].strip("<>")))
        name = display_name(phrase)
        odd = "".join(word for word in phrase if word[0] != '"').strip("' ")
        plain = len(angles) == 1 and ("@" not in odd or odd.lower() == address)
    else:
        text = "".join(phrase)
        address = bare(text) or bare(text[text.rfind("<") + 1 :].strip('>" '))  # an unclosed quote
        name = display_name(comments)
        plain = "<" not in text
    yield ParsedAddress(name, address, plain and not group)


def _without_route(text: str) -> str:
    """Remove a source route: `@relay.example,@other.example:anna@example.org` (RFC 5322 section 4.4)."""
    route, colon, address = text.partition(":")
    return address if colon and route.lstrip().startswith("@") else text


def bare(text: str) -> str:
    """Return `text` as an address in lower case, '' if it is not one; 8-bit addresses (RFC 6532) are decoded."""
    text = charset.decode(text.strip().encode("utf-8", "surrogateescape")) if not text.isascii() else text.strip()
    text = text.removeprefix("mailto:").rstrip(".").lower()
    return text if len(text) <= LONGEST and _ADDR_SPEC.fullmatch(text) else ""


def display_name(words: Iterable[str]) -> str:
    """Return a readable display name: unquoted, decoded, without controls or direction marks, at most 200
    characters."""
    text = " ".join(re.sub(r"\\(.)", r"\1", word.strip('"')) if word[0] == '"' else word for word in words if word)
    text = charset.field(" ".join(text.split())).strip()
    return " ".join(_CONTROLS.sub(" ", text).split())[:200].strip("'\" ")
