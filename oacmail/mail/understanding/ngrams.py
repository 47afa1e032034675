"""Split a text into the pieces that the model weighs: words, pairs of words, and word beginnings.

Text is folded (features.fold), so that accents, l·l and capitals make no difference. All digits are equal, so that no
telephone or file number becomes a piece. Beginnings (four and six letters) stand for the stems of Catalan and Spanish
verbs and connect the two languages.
"""

import re
from itertools import pairwise

_TOKEN = re.compile(r"[a-z]+|\d+|[?!€@]")
_STEMS = (4, 6)


def tokens(folded: str) -> list[str]:
    return ["0" if token.isdigit() else token for token in _TOKEN.findall(folded)]


def pieces(words: list[str]) -> set[str]:
    """ "word", "word next", "begi*"."""
    found = set(words)
    found.update(map(" ".join, pairwise(words)))
    for length in _STEMS:
        found.update([word[:length] + "*" for word in words if len(word) > length])
    return found
