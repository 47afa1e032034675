"""Show the evidence for a verdict in readable form: the writer's own words, or the name of a cue.

This module decides which pieces and signals of mail/understanding/scores.py are shown, and how. The model's pieces are
folded and have masked digits; here they are mapped back to the writer's words, and meaningless ones ("o", "? i") are
left out. A sum of lexicon terms is shown as these terms. Long numbers are never shown: they may be secrets.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from oacmail.core.features import Evidence, Features, Term
from oacmail.mail.understanding import features

_TOKEN = re.compile(r"(?:[^\W\d_]|(?<=l)[·•‧∙・.-](?=l))+|\d+", re.I)
_LONGEST = 20_000  # characters that the model reads
_MOST = 4  # for each question
_TERMS = 2  # for each sum of them
_WORD = re.compile(r"[a-z]{4}")  # meaningful by itself
_DIGITS = 3  # of a number that may be shown: "error 500"
_HIDDEN = re.compile(rf"\d{{{_DIGITS + 1}}}|[.!?] ")  # a long number; the end of one sentence and the start of the next
_SUMS = ("topic:", "level:", "intent:")

_Token = tuple[str, int, int]


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
        for words in _readable(spoken.words, text, found.terms):
            readable.setdefault((*verdict, words), spoken._replace(words=words))
            counts[verdict] += 1
    return tuple(readable.values())


def _readable(what: str, text: "_Text", found: Mapping[Term, float]) -> list[str]:
    if what.startswith(_SUMS):
        terms = sorted((-weight, term.term) for term, weight in found.items() if f"{term.group}:{term.label}" == what)
        return [text.own(term) or term for _, term in terms[:_TERMS]]
    if ":" in what:
        return [what]
    own = text.own(what) if _WORD.search(what) else ""
    return [own] if own else []


class _Text:
    """The text together with its words as the model reads them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._places: dict[str, list[int]] = {}
        for at, (word, _, _) in enumerate(self._tokens):
            self._places.setdefault(word, []).append(at)

    def own(self, folded: str) -> str:
        """Return the first passage that folds to this piece, as written; '' if none may be shown."""
        wanted = [word for word, _, _ in _tokens(folded)]
        for at in self._beginnings(wanted):
            words = [word for word, _, _ in self._tokens[at : at + len(wanted)]]
            if len(words) == len(wanted) and words[:-1] == wanted[:-1] and words[-1].startswith(wanted[-1]):
                own = " ".join(self._text[self._tokens[at][1] : self._tokens[at + len(wanted) - 1][2]].split())
                if not _HIDDEN.search(own):
                    return own
        return ""

    def _beginnings(self, wanted: list[str]) -> Iterable[int]:
        """Yield where the first word is; a single word may be a stem and also matches longer words."""
        if not wanted:
            return ()
        if len(wanted) > 1 or wanted[0] in self._places:
            return self._places.get(wanted[0], ())
        return range(len(self._tokens))


def _tokens(text: str) -> Iterator[_Token]:
    """Yield (word as the model reads it, its start, its end)."""
    for match in _TOKEN.finditer(text):
        word = match.group()
        yield ("0" if word.isdigit() else features.plain(word)), match.start(), match.end()
