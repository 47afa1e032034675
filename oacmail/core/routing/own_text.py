"""What a returned mail of ours has beside our own text, by the digest in its signature.

Relays wrap, quote and re-encode; gateways lead links over themselves; lists and scanners add a footer, which looks like
what a person adds. This module finds the addition; it never decides what it is.
"""

import re
import unicodedata
from hashlib import sha256

MOST = 10_000  # characters added at most for our text to be searched: larger additions are a message
LENGTH = 16  # hex digits of a digest
LINK = "(link)"
"""Stands for each link: where it leads is not compared, but one link more is an addition."""
# It begins with a set of characters, which the engine finds faster than a word of any case.
_LINKS = re.compile(r"[HhWw](?:(?<=[Hh])[Tt]{2}[Pp][Ss]?://|(?<=\b[Ww])[Ww]{2}\.)\S+")
_NOT_PLAIN = bytes(set(range(128)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789"))


def text_hash(text: str) -> str:
    """`length.hash.ascii.length.hash`: of the text without spaces and quote marks; of its characters a-z and 0-9
    alone; of the text with LINK for each link. Hashes of early versions have the first three parts, `ascii` with the
    links. It is short enough for one line of a header field."""
    folded, linked = _folded(text), _folded(_linked(text))
    return f"{len(folded)}.{_hash(folded)}.{_hash(_ascii(linked))}.{len(linked)}.{_hash(linked)}"


def added(text: str, of: str) -> str:
    """What `text` has beside the text with the hash `of`, without spaces; all of it if that is not in it."""
    size, exact, plain, *linked = of.split(".")
    beside = _beside(_folded(text), size, exact)
    if beside is None and linked:  # a relay may break a long link, a gateway may rewrite it
        text, size = _folded(_linked(text)), linked[0]
        beside = _beside(text, *linked)
    if beside is not None:
        return beside
    # "demà" becomes "dem?" or "demÃ " if a relay knows no UTF-8: the ASCII part is the same, and little else was added
    folded, length = _folded(text), int(size)
    few = len(folded) - length <= length // 8
    return "" if few and _hash(_ascii(text)) == plain else folded


def _beside(folded: str, size: str, exact: str) -> str | None:
    """None = the text with this hash is not in it."""
    length = int(size)
    beside = len(folded) - length
    for start in range(beside + 1 if beside <= MOST else 0):
        if _hash(folded[start : start + length]) == exact:
            return folded[:start] + folded[start + length :]
    return None


def _linked(text: str) -> str:
    return _LINKS.sub(LINK, text)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).replace(">", "").split())


def _ascii(text: str) -> str:
    return text.lower().encode("ascii", "ignore").translate(None, _NOT_PLAIN).decode()


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:LENGTH]
