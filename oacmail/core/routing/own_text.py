"""What a returned mail of ours has beside our own text, by the digest in its signature.

Relays wrap, quote and re-encode; lists and scanners add a footer, which looks like what a person adds. This module
finds the addition; it never decides what it is.
"""

import re
import unicodedata
from hashlib import sha256

MOST = 10_000  # characters added at most for our text to be searched: larger additions are a message
LENGTH = 16  # hex digits of a digest
_SPACED = re.compile(r"[\s>]+")
_PLAIN = re.compile(r"[^a-z0-9]+")


def digest(text: str) -> str:
    """`length.digest.digest`: of the text without spaces and quote marks, and of its characters a-z and 0-9 alone."""
    folded = _folded(text)
    return f"{len(folded)}.{_hash(folded)}.{_hash(_ascii(text))}"


def added(text: str, of: str) -> str:
    """What `text` has beside the text with the digest `of`, without spaces; all of it if that is not in it."""
    size, exact, plain = of.split(".")
    folded, length = _folded(text), int(size)
    beside = len(folded) - length
    for start in range(beside + 1 if beside <= MOST else 0):
        if _hash(folded[start : start + length]) == exact:
            return folded[:start] + folded[start + length :]
    # "demà" becomes "dem?" or "demÃ " if a relay knows no UTF-8: the ASCII part is the same, and little else was added
    if beside <= length // 8 and _hash(_ascii(text)) == plain:
        return ""
    return folded


def _folded(text: str) -> str:
    return _SPACED.sub("", unicodedata.normalize("NFC", text))


def _ascii(text: str) -> str:
    return _PLAIN.sub("", text.lower())


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:LENGTH]
