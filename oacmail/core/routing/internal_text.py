"""Whether a text repeats something that must reach no citizen: lines of notices, notes and colleagues' remarks.

It compares characters and digits alone, so that line breaks, quote marks and another encoding hide nothing. Short lines
("Bon dia") belong to everybody and do not count. It never decides what is internal: its caller gives the texts.
"""

import unicodedata
from collections.abc import Iterable

SHORT = 12  # characters that count; a shorter line is no evidence


def lines(texts: Iterable[str], but: Iterable[str] = ()) -> frozenset[str]:
    """The lines by which these texts are recognised, without those that stand in the texts `but` too, and without
    lines that quote (`> …`)."""
    public = plain("\n".join(but))
    found = (plain(line) for text in texts for line in text.splitlines() if not line.lstrip().startswith(">"))
    return frozenset(line for line in found if len(line) >= SHORT and line not in public)


def footers(texts: Iterable[str], others: Iterable[str]) -> list[str]:
    """The last lines of these texts that end one of `others` too, if something else stands above them in both: a
    signature or the town's footer, which no mark sets off. `others`: texts about other cases."""
    below = [_lines(other) for other in others]
    return ["\n".join(_common_end(_lines(text), other)) for text in texts for other in below]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _common_end(one: list[str], other: list[str]) -> list[str]:
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return one[len(one) - count :] if count < min(len(one), len(other)) else []


def found(text: str, internal: Iterable[str]) -> bool:
    said = plain(text)
    return any(line in said for line in internal)


def plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())
