"""What the mail layer must know of the office to read a message: its addresses, its town, how its servers sign.

Values only, built by wiring from the configuration; the parser never sees the rest of it.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from oacmail.core.model import LANGUAGES

Sentence = tuple[tuple[str, ...], ...]
"""Runs of words as they are compared; between two runs stands what is filled in, the last is () where it ends so."""


class Wording(Struct, frozen=True):
    """Our sentences by their first word: `long` ones, that are ours wherever they stand, `short` ones, and `filled`
    ones that begin with something filled in. `anchors`: the longest word of each long one, with the two
    that are next to it in length."""

    long: Mapping[str, tuple[Sentence, ...]] = MappingProxyType({})
    short: Mapping[str, tuple[Sentence, ...]] = MappingProxyType({})
    filled: Mapping[str, tuple[Sentence, ...]] = MappingProxyType({})
    anchors: Mapping[str, tuple[frozenset[str], ...]] = MappingProxyType({})


class TownWords(Struct, frozen=True):
    """What the town calls a matter of its own: `words` point to topic `name` at `level` (core.model's values)."""

    name: str
    level: str
    words: tuple[str, ...]


class ParserConfig(Struct, frozen=True, kw_only=True):
    """`own`: our addresses in lower case. `prefix`: first part of case numbers, e.g. "OAC". `town`: its name.

    `phone`: the office's own, as its mails show it; nobody asks to be called there. `language`: that of a message in
    which too little is written to tell; `timezone`: the office's.

    `provider`, `authserv_id`, `mx`, `internal_relays`: docs/interfaces.md section 5, [trust]; `mx` are host names
    that stand behind "by" in Received lines of our own exchanger, `internal_relays` are networks in CIDR form.
    `wording`: the sentences of our own mails (mail/understanding/reply_text.py).
    `lessons`: what people's corrections have taught (mail/understanding/learning.py).
    """

    own: frozenset[str] = frozenset()
    prefix: str = "OAC"
    town: str = ""
    phone: str = ""
    language: str = LANGUAGES[0]
    timezone: tzinfo = UTC
    topics: tuple[TownWords, ...] = ()
    provider: Literal["postfix", "gmail", "exchange", "none"] = "none"
    authserv_id: str = ""
    mx: tuple[str, ...] = ()
    internal_relays: tuple[str, ...] = ()
    wording: Wording = Wording()
    lessons: Mapping[str, Mapping[str, float]] = MappingProxyType({})
