"""Show the evidence for a verdict in readable form: the writer's own words.

This module decides which pieces of mail/understanding/scores.py are shown, and how. The model's pieces are folded and
have masked digits; here they are mapped back to the writer's words, and meaningless ones ("o", "? i") are left out.
Long numbers are never shown: they may be secrets.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache

from oacmail.core.model import Evidence, Features
from oacmail.mail.understanding import features

_TOKEN = re.compile(r"[^\W\d_]+(?:(?<=l)[·•‧∙・.-](?=l)[^\W\d_]+)*|\d+", re.I)
_LONGEST = 20_000  # characters that the model reads
_MOST = 4  # for each question
_WORD = re.compile(r"[a-z]{4}")  # meaningful by itself
_DIGITS = 3  # of a number that may be shown: "error 500"
_HIDDEN = re.compile(rf"\d{{{_DIGITS + 1}}}|[.!?] ")  # a long number; the end of one sentence and the start of the next


def shown(found: Features, subject: str, fresh: str) -> tuple[Evidence, ...]:
    """Return the evidence of mail/understanding/scores.py in readable words: at most `_MOST` for each verdict, the
    loudest first."""
    text = _Text(f"{subject}\n{fresh}"[:_LONGEST])
    readable: dict[tuple[str, str, str], Evidence] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for spoken in sorted(found.evidence, key=lambda spoken: (-spoken.part, spoken)):
        verdict = (spoken.field, spoken.verdict)
        if counts[verdict] >= _MOST:
            continue
        words = text.own(spoken.words) if _WORD.search(spoken.words) else ""
        named = (shown for *of, shown in readable if (of[0], of[1]) == verdict)
        if words and not any(_overlap(words, shown) for shown in named):
            readable[(*verdict, words)] = spoken._replace(words=words)
            counts[verdict] += 1
    return tuple(readable.values())


def _overlap(words: str, others: str) -> bool:
    """Whether the one stands in the other: "idCAT" in "idCAT Mòbil"."""
    words, others = f" {words.casefold()} ", f" {others.casefold()} "
    return words in others or others in words


class _Text:
    """The text together with its words as the model reads them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._matches = list(_TOKEN.finditer(text))
        self._words = _words(self._matches)

    def own(self, folded: str) -> str:
        """Return the first passage that folds to this piece, as written; '' if none may be shown."""
        wanted = _pieces(folded)
        for at in self._beginnings(wanted):
            end = at + len(wanted)
            words = self._words[at:end]
            if len(words) == len(wanted) and words[:-1] == wanted[:-1] and words[-1].startswith(wanted[-1]):
                own = " ".join(self._text[self._matches[at].start() : self._matches[end - 1].end()].split())
                if not _HIDDEN.search(own):
                    return own
        return ""

    def _beginnings(self, wanted: tuple[str, ...]) -> Iterable[int]:
        """Yield where the first word is; a single word may be a stem and also matches longer words."""
        if not wanted:
            return ()
        if len(wanted) > 1 or wanted[0] in self._words:
            return self._places(wanted[0])
        return (at for at, word in enumerate(self._words) if word.startswith(wanted[0]))

    def _places(self, word: str) -> Iterator[int]:
        at = -1
        with suppress(ValueError):
            while True:
                at = self._words.index(word, at + 1)
                yield at


@lru_cache(maxsize=8192)  # the same pieces of the model decide about most messages
def _pieces(folded: str) -> tuple[str, ...]:
    return _words(_TOKEN.finditer(folded))


def _words(tokens: Iterable[re.Match[str]]) -> tuple[str, ...]:
    """Return the words as the model reads them."""
    return tuple(["0" if (word := match[0]).isdigit() else features.plain(word) for match in tokens])
