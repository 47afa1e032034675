"""Detect the language of a message: ca, es, en, fr, or other. bench/train_lang.py measures it.

The result comes from a table of words and letter triples (naive Bayes, lang.json) over the languages we answer in and
their neighbours; another script is another language. Text that is too short counts as the office's first language. No
header is read: the language of a mail program is not that of its user.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

NAMES = ("ca", "es", "en", "fr", "it", "pt", "gl", "de", "nl", "ro", "pl", "eu", "oc")
ANSWERED = ("ca", "es", "en", "fr")
BIAS = 60  # scores are in -60..60 and stored as 0..120

_LONGEST = 600  # characters; more add no information
_LANE = 32  # bits for each language in a packed row: sums of up to 2**24 pieces do not reach the next lane
_NOISE = re.compile(r"@|://|www\.|\d")  # in a word: addresses and numbers have no language
_WORD = re.compile(r"[^\W\d_]+(?:['·][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zà-ɏ]")
_FOREIGN = re.compile(r"(?![a-zà-ɏ])[^\W\d_]")
_ENOUGH = re.compile(r"(?:[a-z][^a-z]*){4}")  # letters: "ok" exists in every language
# The prior of each language: how many messages use it, in tenths of a natural logarithm.
_PRIOR = {"ca": 0, "es": -8, "en": -40, "fr": -60}
_RARE = -90


def detect(text: str, unknown: str = NAMES[0], table: Mapping[str, int] | None = None) -> str:
    """Return the language of `text`: "ca", "es", "en", "fr" or "other"; `unknown` if it cannot be detected."""
    text = " ".join([word for word in text[:_LONGEST].split() if not _NOISE.search(word)]).lower().replace("’", "'")
    if text.isascii() and not _ENOUGH.search(text):
        return unknown
    foreign = len(_FOREIGN.findall(text))
    if foreign and foreign > len(_LATIN.findall(text)):
        return "other"
    scored = [_cached(word) if table is None else _weighed(word, table) for word in _WORD.findall(text)]
    total, known = sum(row for row, _ in scored), sum(count for _, count in scored)
    scores = [((total >> _LANE * place) & (2**_LANE - 1)) - BIAS * known for place in range(len(NAMES))]
    best = max(range(len(NAMES)), key=lambda place: scores[place] + _PRIOR.get(NAMES[place], _RARE))
    return NAMES[best] if NAMES[best] in ANSWERED else "other"


def pieces(text: str) -> Iterator[str]:
    """Yield words ("=word") and letter triples with the word's ends marked."""
    for word in _WORD.findall(text.lower().replace("’", "'")):
        yield from _pieces(word)


def _pieces(word: str) -> Iterator[str]:
    yield "=" + word
    marked = f" {word} "
    for place in range(len(marked) - 2):
        yield marked[place : place + 3]


def _weighed(word: str, table: Mapping[str, int]) -> tuple[int, int]:
    """Return (sum of the rows of its pieces, how many pieces the table has)."""
    rows = [row for piece in _pieces(word) if (row := table.get(piece)) is not None]
    return sum(rows), len(rows)


@lru_cache(maxsize=8192)  # a few words are frequent: the cache halves the work
def _cached(word: str) -> tuple[int, int]:
    return _weighed(word, _table())


def packed(table: Mapping[str, list[int]]) -> dict[str, int]:
    """Pack each row of scores into one number with a lane for each language, so that one sum scores a text."""
    return {
        piece: sum((score + BIAS) << _LANE * place for place, score in enumerate(row)) for piece, row in table.items()
    }


@cache
def _table() -> dict[str, int]:
    return packed(json.loads(files("oacmail.mail.understanding").joinpath("lang.json").read_text(encoding="utf-8")))
