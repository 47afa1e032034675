"""Detect the language of a message: ca, es, en, fr, or other. bench/train_lang.py learns and measures it.

The result comes from a table of words and letter triples (naive Bayes, weights.bin) over the languages we answer in and
their neighbours; another script is another language. Text that is too short counts as the office's first language. No
header is read: the language of a mail program is not that of its user.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from oacmail.mail.understanding import weights
from oacmail.mail.understanding.weights import Weights

NAMES = ("ca", "es", "en", "fr", "it", "pt", "gl", "de", "nl", "ro", "pl", "eu", "oc")
ANSWERED = ("ca", "es", "en", "fr")

_LONGEST = 600  # characters; more add no information
_NOISE = re.compile(r"@|://|www\.|\d")  # in a word: addresses and numbers have no language
_WORD = re.compile(r"[^\W\d_]+(?:['·][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zà-ɏ]")
_FOREIGN = re.compile(r"(?![a-zà-ɏ])[^\W\d_]")
_ENOUGH = re.compile(r"(?:[a-z][^a-z]*){4}")  # letters: "ok" exists in every language
# The prior of each language: how many messages use it, in tenths of a natural logarithm.
_PRIOR = {"ca": 0, "es": -8, "en": -40, "fr": -60}
_RARE = -90


def detect(text: str, unknown: str = NAMES[0], table: Weights | None = None) -> str:
    """Return the language of `text`: "ca", "es", "en", "fr" or "other"; `unknown` if it cannot be detected."""
    text = " ".join([word for word in text[:_LONGEST].split() if not _NOISE.search(word)]).lower().replace("’", "'")
    if text.isascii() and not _ENOUGH.search(text):
        return unknown
    foreign = len(_FOREIGN.findall(text))
    if foreign and foreign > len(_LATIN.findall(text)):
        return "other"
    words = _WORD.findall(text)
    scored = map(_cached, words) if table is None else (table.total(_pieces(word)) for word in words)
    scores = [*map(sum, zip(*scored, strict=True))] or [0] * len(NAMES)
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


@lru_cache(maxsize=8192)  # a few words are frequent: the cache halves the work
def _cached(word: str) -> list[int]:
    return weights.shipped()["language"].total(_pieces(word))
