"""Extract the identifiers of messages and cases: Message-IDs, references, case tokens.

This module decides what has the form of an identifier, not whose it is, and trusts none of them. RFC 5322 section 3.6.4
is read leniently: Exchange folds long ids in the middle, Python's email package turns them into encoded words, and some
clients omit the brackets.
"""

import re
from collections.abc import Iterable, Iterator

from oacmail.core.order_words import find_order_tokens as find_order_tokens
from oacmail.core.tokens import find_vote_tokens as find_vote_tokens
from oacmail.mail.mime import charset
from oacmail.mail.mime.addresses import address_list
from oacmail.mail.mime.fields import Fields
from oacmail.mail.parser_config import ParserConfig

MOST = 200
LONGEST = 998

_ID = re.compile(r"<([^<>]{1,1100})>")
_BARE = re.compile(r"(?<![^\s<>()\[\],;:\"@])[^\s<>()\[\],;:\"@]{1,500}@[^\s<>()\[\],;:\"@]{1,500}")
_NOT_ID = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def message_id(fields: Fields) -> str:
    """Return the Message-ID with its angle brackets, '' if there is none."""
    return next(_ids(fields.first("message-id")), "")


_FIELDS = ("references", "in-reply-to")


def references(fields: Fields) -> tuple[str, ...]:
    """Return the ids of References and In-Reply-To, oldest first, without duplicates; of more than 200 the first and
    the last 199. In-Reply-To comes last, wherever References name it."""
    earlier, parent = ([name for value in fields.all(field) for name in _ids(value)] for field in _FIELDS)
    found = list(dict.fromkeys((*(name for name in earlier if name not in parent), *parent)))
    return tuple(found if len(found) <= MOST else [found[0], *found[1 - MOST :]])


def _ids(value: str) -> Iterator[str]:
    text = charset.field(value) if "=?" in value else value
    names = _ID.findall(text) or _BARE.findall(text)
    for name in names:
        name = _NOT_ID.sub("", name).encode("ascii", "replace").decode("ascii")
        if name and len(name) < LONGEST:
            yield f"<{name}>"


def tokens(details: Iterable[str], subject: str, parser_config: ParserConfig) -> tuple[str, ...]:
    """Return case tokens PREFIX-YYYY-NNNNNN-XXX from the subject or from `details`, in upper case."""
    found = (token for text in (subject, *details) for token in find_tokens(text, parser_config))
    return tuple(dict.fromkeys(found))


def order_tokens(details: Iterable[str], subject: str) -> tuple[str, ...]:
    """Return what looks like tokens of buttons, from the same places as `tokens`."""
    return find_order_tokens((*details, subject))


def vote_tokens(details: Iterable[str], subject: str) -> tuple[str, ...]:
    """Return what looks like tokens of surveys, from the same places as `tokens`."""
    return find_vote_tokens((*details, subject))


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
