"""Whether a returned mail of ours still says what we wrote, and what was added: the digest that its mark signs.

Relays wrap, quote and re-encode; lists and scanners add a footer. What a person adds looks the same: only the rest is
told here, never what it is.
"""

import re
import unicodedata
from hashlib import sha256

MOST = 10_000  # added characters that are looked through for our text; nobody adds so much without meaning it
LENGTH = 16  # hex digits of a digest
_SPACED = re.compile(r"[\s>]+")
_PLAIN = re.compile(r"[^a-z0-9]+")


def digest(text: str) -> str:
    """`length.digest.digest`: of the text without spaces and quote marks, and of its ASCII messages and digits
    alone."""
    folded = _folded(text)
    return f"{len(folded)}.{_hash(folded)}.{_hash(_ascii(text))}"


def added(text: str, of: str) -> str:
    """What `text` has beside the text with the digest `of`, without spaces; all of it where ours is not in it."""
    size, exact, plain = of.split(".")
    folded, length = _folded(text), int(size)
    beside = len(folded) - length
    for start in range(beside + 1 if beside <= MOST else 0):
        if _hash(folded[start : start + length]) == exact:
            return folded[:start] + folded[start + length :]
    # "demà" becomes "dem?" or "demÃ " where a relay knows no UTF-8: nothing plain is more, and little else
    if beside <= length // 8 and _hash(_ascii(text)) == plain:
        return ""
    return folded


def _folded(text: str) -> str:
    return _SPACED.sub("", unicodedata.normalize("NFC", text))


def _ascii(text: str) -> str:
    return _PLAIN.sub("", text.lower())


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:LENGTH]
