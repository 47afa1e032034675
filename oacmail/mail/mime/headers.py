"""Header fields as they stand in the message: addresses, dates, identifiers, and what a message is recognised by.

Everything is parsed before encoded words are decoded (RFC 5322, RFC 2047). It decides nothing.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import islice

from msgspec import Struct

from oacmail.core.model import regex
from oacmail.core.tokens import RETURNED
from oacmail.mail.mime import charset
from oacmail.mail.parser_config import ParserConfig

# --- Fields ----------------------------------------------------------------------------------------------------------
# Hold header fields as they stand in the message: in order, unfolded, undecoded, with repetitions.
#
# Bytes above 127 stay surrogate escapes (PEP 383) until `charset` decodes them. The values are unverified sender
# input.


class Fields:
    """`items`: (name in lower case, value unfolded and stripped, surrogate escapes for 8-bit bytes); `names`: each
    name's values."""

    def __init__(self, items: tuple[tuple[str, str], ...]) -> None:
        self.items = items
        self.names: dict[str, list[str]] = {}
        for name, value in items:
            self.names.setdefault(name, []).append(value)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, object]]) -> "Fields":
        """Build from the (name, value) pairs of an email.message.Message with policy compat32, or of
        charset.pairs."""
        return cls(tuple((name.lower(), " ".join(str(value).split())) for name, value in pairs))

    @classmethod
    def of(cls, raw: bytes) -> "Fields":
        """Read those of a message, or of its head alone."""
        return cls.from_pairs(charset.pairs(charset.tidy(raw)[0]))

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field, top to bottom; `name` in lower case."""
        return tuple(self.names.get(name, ()))

    def first(self, name: str) -> str:
        """Return the topmost value, '' if there is none."""
        return self.names.get(name, ("",))[0]


# --- Addresses -------------------------------------------------------------------------------------------------------
# Parse address fields before any encoded word is decoded (RFC 5322 section 3.4, RFC 2047 section 5).
#
# This section decides what the bare addresses are and whether From names exactly one mailbox. It never takes text in a
# display name, encoded or not, for an address. The work is linear in the length of the field; nothing raises.

MOST_ADDRESSES = 500
_MOST_AUTHORS = 10  # a From field with more mailboxes is not read further
LONGEST_ADDRESSES = 320  # octets of an address, RFC 3696 erratum 1690: 64 + 1 + 255

_TOKEN = regex(r'"(?:[^"\\]|\\.)*"?|<[^>]*>?|[(),;:]|[^"(),;:<]+', re.S)
_ADDR_SPEC = regex(r'(?:"(?:[^"\\]|\\.)*"|[^\s@<>(),;:"\[\]\\]+)@(?:[^\s@<>(),;:"\[\]\\]+|\[[^\s\[\]\\]+\])')

_ESCAPED = regex(r"\\(.)")
_DOT_ATOM = regex(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")


class ParsedAddress(Struct, frozen=True):
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


def address_list(values: Iterable[str], most: int = MOST_ADDRESSES) -> tuple[str, ...]:
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
        route, colon, routed = angles[-1].strip("<>").partition(":")  # `@relay.example:anna@…`, RFC 5322 section 4.4
        address = bare_address(routed if colon and route.lstrip().startswith("@") else angles[-1].strip("<>"))
        name = display_name(phrase)
        odd = "".join(word for word in phrase if word[0] != '"').strip("' ")
        plain = len(angles) == 1 and ("@" not in odd or odd.lower() == address)
    else:
        text = "".join(phrase)
        address = bare_address(text) or bare_address(text[text.rfind("<") + 1 :].strip('>" '))  # an unclosed quote
        name = display_name(comments)
        plain = "<" not in text
    yield ParsedAddress(name, address, plain and not group)


def bare_address(text: str) -> str:
    """Return `text` as an address in lower case, '' if it is not one; 8-bit addresses (RFC 6532) are decoded, and a
    local part that needs no quotes has none: it is the same mailbox (RFC 5321, 4.1.2)."""
    text = charset.decode(text.strip().encode("utf-8", "surrogateescape")) if not text.isascii() else text.strip()
    text = text.removeprefix("mailto:").rstrip(".").lower()
    if len(text) > LONGEST_ADDRESSES or not _ADDR_SPEC.fullmatch(text):
        return ""
    local, _, domain = text.rpartition("@")
    unquoted = _ESCAPED.sub(r"\1", local[1:-1]) if local[0] == '"' else ""
    return f"{unquoted}@{domain}" if _DOT_ATOM.fullmatch(unquoted) else text


def display_name(words: Iterable[str]) -> str:
    """Return a readable display name: unquoted, decoded, without controls or direction marks, at most 200
    characters."""
    text = " ".join(re.sub(r"\\(.)", r"\1", word.strip('"')) if word[0] == '"' else word for word in words if word)
    text = charset.field(" ".join(text.split())).strip()
    return charset.readable(text)[:200].strip("'\" ")


# --- Dates -----------------------------------------------------------------------------------------------------------
# Read the Date field: RFC 5322 dates first (mail-parser also reads the obsolete forms), unusual forms after that.
#
# This section decides what instant a Date field means. `core`, which has the server's date, decides whether it is
# plausible. A date without a zone counts as UTC, like "-0000" in RFC 5322 section 3.3. Nothing raises, and missing
# elements are not filled in.

_LONGEST = 100
_ZONES = {
    **{"GMT": 0, "UT": 0, "UTC": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3},
    **{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
}
_DEFAULTS = (datetime(2001, 2, 3), datetime(2004, 5, 6))


_MONTHS = {
    **dict.fromkeys(("gen", "gener", "ene", "enero", "janvier"), "Jan"),
    **dict.fromkeys(("febr", "febrer", "febrero"), "Feb"),
    **dict.fromkeys(("març", "marzo", "mars"), "Mar"),
    **dict.fromkeys(("abr", "abril"), "Apr"),
    **dict.fromkeys(("maig", "mayo", "mai"), "May"),
    **dict.fromkeys(("juny", "junio", "juin"), "Jun"),
    **dict.fromkeys(("jul", "juliol", "julio", "juillet"), "Jul"),
    **dict.fromkeys(("ag", "agost", "ago", "agosto"), "Aug"),
    **dict.fromkeys(("set", "setembre", "septiembre"), "Sep"),
    **dict.fromkeys(("octubre",), "Oct"),
    **dict.fromkeys(("novembre", "noviembre"), "Nov"),
    **dict.fromkeys(("des", "desembre", "dic", "diciembre"), "Dec"),
    **dict.fromkeys(("de", "d", "del", "a", "les", "las", "el", "h"), " "),
    **dict.fromkeys(("dilluns", "dimarts", "dimecres", "dijous", "divendres", "dissabte", "diumenge"), " "),
    **dict.fromkeys(("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"), " "),
    **dict.fromkeys(("dl", "dt", "dc", "dj", "dv", "ds", "dg", "lun", "mié", "jue", "vie", "sáb", "dom"), " "),
}
_WORD = regex(r"[^\W\d_]+['’]?")
_ISO = regex(r"\s*\d{4}\D")
_GMT_AND = regex(r"\b(?:GMT|UTC)(?=[+-]\d)")  # "GMT+1": dateutil inverts the sign as POSIX does
# RFC 5322 has American names only and takes these as UTC
_EUROPEAN = regex(r":\d\d\s+\(?(?:CES?T|WES?T|BST)\)?\s*\Z")


def read_date(value: str) -> datetime | None:
    """Return the instant of a Date field, aware and in UTC; None if it names none."""
    value = value[:_LONGEST]
    if not value.strip():
        return None
    from mailparser.dates import parse_mail_date  # 30 ms, and no start reads a mail

    known: datetime | None = None if _EUROPEAN.search(value) else parse_mail_date(value).value
    if known:
        return known
    from dateutil.parser import ParserError, parse  # few dates need it

    # some web forms write the names of months and days in Catalan or Spanish
    value = _WORD.sub(lambda word: _MONTHS.get(word[0].rstrip("'’").lower(), word[0]), _GMT_AND.sub("", value))
    try:
        dayfirst = not _ISO.match(value)
        readings = {parse(value, default=to, tzinfos=_zone, dayfirst=dayfirst) for to in _DEFAULTS}
        when = readings.pop()
        return None if readings else (when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC))
    except (ParserError, ValueError, OverflowError, TypeError, ArithmeticError):
        return None


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Return the zone by seconds east of UTC, else by name; None for an unknown name."""
    hours = _ZONES.get(name or "")
    if offset is None and hours is None:
        return None
    return timezone(timedelta(seconds=offset) if offset is not None else timedelta(hours=hours or 0))


# --- Message ids -----------------------------------------------------------------------------------------------------
# Extract the identifiers of messages and cases: Message-IDs, references, case tokens.
#
# This section decides what has the form of an identifier, not whose it is, and trusts none of them. RFC 5322 section
# 3.6.4 is read leniently: Exchange folds long ids in the middle, Python's email package turns them into encoded words,
# and some clients omit the brackets.

MOST_IDS = 200
LONGEST_IDS = 998

_ID = regex(r"<([^<>]{1,1100})>")
_BARE = regex(r"(?<![^\s<>()\[\],;:\"@])[^\s<>()\[\],;:\"@]{1,500}@[^\s<>()\[\],;:\"@]{1,500}")
_NOT_ID = regex(r"[\s\x00-\x1f\x7f-\x9f]+")


def message_id(fields: Fields) -> str:
    """Return the Message-ID with its angle brackets, '' if there is none."""
    return next(_ids(fields.first("message-id")), "")


_FIELDS = ("references", "in-reply-to")


def references(fields: Fields) -> tuple[str, ...]:
    """Return the ids of References and In-Reply-To, oldest first, without duplicates; of more than 200 the first and
    the last 199. In-Reply-To comes last, wherever References name it."""
    earlier, parent = ([name for value in fields.all(field) for name in _ids(value)] for field in _FIELDS)
    found = list(dict.fromkeys((*(name for name in earlier if name not in parent), *parent)))
    return tuple(found if len(found) <= MOST_IDS else [found[0], *found[1 - MOST_IDS :]])


def _ids(value: str) -> Iterator[str]:
    text = charset.field(value) if "=?" in value else value
    names = _ID.findall(text) or _BARE.findall(text)
    for name in names:
        name = _NOT_ID.sub("", name).encode("ascii", "replace").decode("ascii")
        if name and len(name) < LONGEST_IDS:
            yield f"<{name}>"


def tokens(details: Iterable[str], subject: str, parser_config: ParserConfig) -> tuple[str, ...]:
    """Return case tokens PREFIX-YYYY-NNNNNN-XXX from the subject or from `details`, in upper case."""
    found = (token for text in (subject, *details) for token in find_tokens(text, parser_config))
    return tuple(dict.fromkeys(found))


def find_tokens(text: str, parser_config: ParserConfig) -> Iterable[str]:
    """Yield case tokens anywhere in `text`."""
    if parser_config.prefix.lower() not in text.lower():
        return ()
    pattern = rf"(?<![A-Z0-9]){re.escape(parser_config.prefix)}-\d{{4}}-\d{{6}}-[A-Z0-9]{{3}}(?![A-Z0-9])"
    return [token.upper() for token in re.findall(pattern, text, re.I | re.A)]


def details(fields: Fields, parser_config: ParserConfig) -> tuple[str, ...]:
    """Return the text after the + in our addresses to which the message was sent (RFC 5233)."""
    names = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
    found: list[str] = []
    for address in address_list(value for name in names for value in fields.all(name) if "+" in value):
        local, _, domain = address.rpartition("@")
        user, plus, detail = local.partition("+")
        if plus and f"{user}@{domain}" in parser_config.own:
            found.append(detail)
    return tuple(found)


def return_marks(fields: Fields, details: Iterable[str], parser_config: ParserConfig) -> tuple[str, ...]:
    """Return the marks of our envelope senders to which the message came. What names the office itself too was written
    to it: a copy to such an address makes no report of a person's message."""
    marks = tuple(detail.removeprefix(RETURNED) for detail in details if detail.startswith(RETURNED))
    addressed = address_list(value for name in ("to", "cc") for value in fields.all(name)) if marks else ()
    return () if parser_config.own.intersection(addressed) else tuple(dict.fromkeys(marks))


# --- Identity --------------------------------------------------------------------------------------------------------
# What a message is recognised by in any mailbox: servers and copying tools keep Message-ID, Date and From, and change
# size, UID, INTERNALDATE and other fields.

LONGEST_IDENTITY = 20_000  # octets of the fields


def identity(fields: bytes) -> str:
    """Return the hex sha256 of Message-ID (else the address in From) and the instant in Date; '' if either is missing.

    `fields`: these three fields, or the whole head. Other people's mail under the same Message-ID has another Date.
    """
    read = Fields.from_pairs(charset.pairs(b"".join(charset.tidy(fields[:LONGEST_IDENTITY].rstrip() + b"\n\n"))))
    name = message_id(read) or sender(read)[0]
    sent_at = read_date(read.first("date"))
    if not name or sent_at is None:
        return ""
    return hashlib.sha256(f"{name} {sent_at.isoformat()}".encode("utf-8", "surrogateescape")).hexdigest()
