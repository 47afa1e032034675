"""The orders that an agent writes on top of a reply: which lines are orders, and what each says.

Orders are the unbroken run of order lines at the very top of the text, empty lines aside: `#word argument`, or a plain
line that says nothing else (docs/interfaces.md section 7). It never decides who may give orders, and performs none.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MOST = 20
"""Orders in one message; a longer run is no list that a person wrote."""


class Verb(StrEnum):
    """What an order does. The same name is its label in the transcript (mail/outgoing/labels.py)."""

    ASSIGN = "assign"
    MINE = "mine"
    CLOSE = "close"
    SPAM = "spam"
    REOPEN = "reopen"
    SECOND_LEVEL = "second_level"
    FIRST_LEVEL = "first_level"
    NOTE = "note"
    TOPIC = "topic"
    CALLED = "called"
    NOT_REACHED = "not_reached"
    LANGUAGE = "language"
    HELP = "help"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """`argument`: what follows the word, as written; of `UNKNOWN`, the word itself."""

    verb: Verb
    argument: str = ""


_WORDS: Mapping[Verb, str] = {
    Verb.ASSIGN: "assign assigna asigna",
    Verb.MINE: "mine meu meva mio mia",
    Verb.CLOSE: "close tanca cierra",
    Verb.SPAM: "spam brossa",
    Verb.REOPEN: "reopen reobre reabre",
    Verb.SECOND_LEVEL: "level2 deriva nivell2 nivel2",
    Verb.FIRST_LEVEL: "level1 nivell1 nivel1",
    Verb.NOTE: "note nota",
    Verb.TOPIC: "topic tema",
    Verb.CALLED: "called trucat llamado",
    Verb.LANGUAGE: "language idioma",
    Verb.HELP: "help ajuda ayuda",
}
_HASHED = {word: verb for verb, words in _WORDS.items() for word in words.split()}
_SAID: Mapping[Order, str] = {
    Order(Verb.MINE): "meva|meu|es meva|me la quedo|mia|mio|me lo quedo|mine|i take it",
    Order(Verb.CLOSE): "tanca|tanqueu|tancar|tancat|cierra|cierre|cerrar|close",
    Order(Verb.SPAM): "tanca brossa|brossa|es brossa|cierra spam|es spam|spam|close spam|it is spam",
    Order(Verb.CLOSE, "duplicate"): "tanca duplicat|duplicat|cierra duplicado|duplicado|close duplicate|duplicate",
    Order(Verb.REOPEN): "reobre|reobriu|reabre|reabra|reopen",
    Order(Verb.SECOND_LEVEL): (
        "deriva|deriveu|deriva-ho|deriveu-ho|deriva'l|deriveu-lo|derivar|derivelo|derivalo|nivell 2|nivel 2|level 2"
    ),
    Order(Verb.FIRST_LEVEL): "nivell 1|nivel 1|level 1",
    Order(Verb.CALLED): "trucat|trucada feta|he trucat|ja he trucat|llamado|he llamado|ya he llamado|called|i called",
    Order(Verb.NOT_REACHED): "no contesta|no contesten|no agafa el telefon|no coge el telefono|no answer",
    Order(Verb.LANGUAGE, "ca"): "catala|catalan",
    Order(Verb.LANGUAGE, "es"): "castella|castellano|espanyol|espanol|spanish",
    Order(Verb.LANGUAGE, "en"): "angles|ingles|english",
    Order(Verb.HELP): "ajuda|ayuda|help",
}
_PLAIN = {phrase: order for order, phrases in _SAID.items() for phrase in phrases.split("|")}
_WITH_COLON = (Verb.ASSIGN, Verb.SECOND_LEVEL, Verb.NOTE, Verb.TOPIC)
_HASH_LINE = re.compile(r"#\s?([^\W_][\w-]{0,40})[:.,]?(?:\s+(.*))?")
_COLON_LINE = re.compile(r"([^\W\d_]{2,20})\s?:\s*(\S.*)")


def read_orders(text: str) -> tuple[Order, ...]:
    """The orders at the top of `text` (all of the decoded text), in their order; () = it begins with none."""
    found: list[Order] = []
    lines = (line.strip() for line in text.splitlines())
    for line in filter(None, lines):  # Outlook writes a paragraph for each line, with an empty one between
        orders = _line(line)
        if not orders:
            break
        found += orders
    return tuple(found[:MOST])


def _line(line: str) -> list[Order]:
    if hashed := _HASH_LINE.fullmatch(line):
        word, argument = hashed[1], (hashed[2] or "").strip()
        verb = _HASHED.get(folded(word))
        return [Order(verb, argument) if verb else Order(Verb.UNKNOWN, word)]
    if colon := _COLON_LINE.fullmatch(line):
        verb = _HASHED.get(folded(colon[1]))
        return [Order(verb, colon[2].strip())] if verb in _WITH_COLON else []
    said = [_PLAIN.get(part) for part in re.split(r"\s*[,;.]\s*", folded(line).strip(" .!,;"))]
    return [order for order in said if order] if all(said) else []


def folded(text: str) -> str:
    """Lower case, without accents, single spaces, and one sort of apostrophe."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(bare.lower().replace("\u2019", "'").split())
