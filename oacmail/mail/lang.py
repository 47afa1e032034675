"""Which language a person wrote in: ca, es, en, fr, or other. Measured by bench/train_lang.py.

Decides by a table of words and letter triples (naive Bayes, lang.json) over the languages that we answer in and
their neighbours; another script is another language. What is too short to tell is Catalan, the default of the
house. Never reads a header: a mail program's language is not its user's.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

NAMES = ("ca", "es", "en", "fr", "it", "pt", "gl", "de", "nl", "ro", "pl", "eu", "oc")
ANSWERED = ("ca", "es", "en", "fr")
BIAS = 60  # scores lie in -60..60; packed they are stored as 0..120

_LONGEST = 600  # characters: more tell no more
_SHORTEST = 4  # letters: "ok" is said everywhere
_LANE = 32  # bits a language has in a packed row: sums of up to 2**24 pieces do not touch the next
_NOISE = re.compile(r"\S*(?:@|://|www\.)\S*|\S*\d\S*")
_WORD = re.compile(r"[^\W\d_]+(?:['·][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zà-ɏ]")
_LETTER = re.compile(r"[^\W\d_]")
# What speaks for a language before a word is read: how many letters come in it, in tenths of a natural logarithm.
_PRIOR = {"ca": 0, "es": -8, "en": -40, "fr": -60}
_RARE = -90


def detect(text: str, table: Mapping[str, int] | None = None) -> str:
    """The language of `text`: "ca", "es", "en", "fr" or "other"; "ca" where it cannot be told."""
    text = _NOISE.sub(" ", text[:_LONGEST]).lower().replace("’", "'")
    letters = len(_LETTER.findall(text))
    if letters < _SHORTEST and text.isascii():
        return "ca"
    if letters > 2 * len(_LATIN.findall(text)):
        return "other"
    table = _table() if table is None else table
    rows = [row for piece in pieces(text) if (row := table.get(piece)) is not None]
    total = sum(rows)
    scores = [((total >> _LANE * place) & (2**_LANE - 1)) - BIAS * len(rows) for place in range(len(NAMES))]
    best = max(range(len(NAMES)), key=lambda place: scores[place] + _PRIOR.get(NAMES[place], _RARE))
    return NAMES[best] if NAMES[best] in ANSWERED else "other"


def pieces(text: str) -> Iterator[str]:
    """Words ("=word") and triples of letters with the word's ends marked."""
    for word in _WORD.findall(text.lower().replace("’", "'")):
        yield "=" + word
        marked = f" {word} "
        for place in range(len(marked) - 2):
            yield marked[place : place + 3]


def packed(table: Mapping[str, list[int]]) -> dict[str, int]:
    """Each row of scores as one number with a lane a language, so that a text is scored by one sum."""
    return {
        piece: sum((score + BIAS) << _LANE * place for place, score in enumerate(row)) for piece, row in table.items()
    }


@cache
def _table() -> dict[str, int]:
    return packed(json.loads(files("oacmail.mail").joinpath("lang.json").read_text(encoding="utf-8")))
