"""Remove sentences of our own mails that a reply contains without quote marks.

The templates' sentences (`Wording`) decide which words are ours; they are removed before anything else is evaluated:
our data-protection clause is not a data rights request. A sentence matches as a whole, whatever its line breaks, with
up to `_HOLE` words where the template has a variable. A short sentence is ours only next to another of ours: people use
the same words of thanks. The work is linear in the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from oacmail.mail.parser_config import Sentence, Wording
from oacmail.mail.understanding import features

HOLE = "\0"  # marks a variable in a template's text
_HOLE = 12  # words: an address, a day with its date, a phrase
_NAME = 4  # words of a variable at the start of a sentence: an office's name
_ENOUGH = 6  # words of a sentence that nobody else would write
_LONGEST = 200_000  # characters that are read
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_NO_WORD = re.compile(r"[\W_]+")
_TOKEN = re.compile(r"\S+")
_WORDS_ALONE = re.compile(r"[^\W\d_]+")


def wording_of(texts: Iterable[str]) -> Wording:
    """Build the wording from the texts of templates, with `HOLE` for each variable."""
    parted = {_words(piece): piece for text in texts for piece in _SENTENCE.split(text)}
    long: dict[str, tuple[Sentence, ...]] = {}
    short: dict[str, tuple[Sentence, ...]] = {}
    filled: dict[str, tuple[Sentence, ...]] = {}
    anchors: set[frozenset[str]] = set()
    for sentence, written in parted.items():
        fixed = sum(word != HOLE for word in sentence)
        kinds = [long if fixed >= _ENOUGH else short, *([filled] if sentence[:1] == (HOLE,) else [])]
        if fixed >= _ENOUGH:
            anchors.add(frozenset(sorted(_WORDS_ALONE.findall(features.fold(written)), key=len)[-2:]))
        for by_first in kinds if fixed else ():
            whole = sentence[sentence[0] == HOLE :]
            by_first[whole[0]] = (*by_first.get(whole[0], ()), whole)
    return Wording(MappingProxyType(long), MappingProxyType(short), MappingProxyType(filled), frozenset(anchors))


@dataclass(frozen=True, slots=True)
class Parted:
    """`rest` is the text without our sentences; `ours` are these sentences."""

    rest: str
    ours: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int
    closes: bool  # ends a sentence or a paragraph


def part(text: str, wording: Wording, *, within_quotes: bool = False) -> Parted:
    """Remove our sentences from `text`; those on quoted lines only with `within_quotes`."""
    if not _may_hold(text, wording):
        return Parted(text)
    tokens = list(_tokens(text[:_LONGEST], within_quotes))
    pieces, ours, done = [], [], 0
    for first, end in _spans(tokens, wording):
        start, stop = tokens[first].start, tokens[end - 1].end
        pieces.append(text[done:start])
        ours.append(text[start:stop])
        done = stop
    return Parted("".join((*pieces, text[done:])), "\n".join(ours)) if ours else Parted(text)


def _may_hold(text: str, wording: Wording) -> bool:
    """Whether a long sentence of ours can be in the text: most messages hold none, and need no word by word search."""
    if len(text) > features.LONGEST:
        return bool(wording.long)
    words = set(_WORDS_ALONE.findall(features.fold(text)))
    return any(map(words.issuperset, wording.anchors))


def _spans(tokens: Sequence[_Token], wording: Wording) -> Iterator[tuple[int, int]]:
    """Yield (first token, token after the last) of each run of our sentences, in order, without overlap."""
    at = free = 0
    while at < len(tokens):
        end = _end(tokens, at, wording.long)
        if end is None:
            at += 1
            continue
        first = _before(tokens, free, at, wording.short)
        while (further := _further(tokens, end, wording)) is not None:
            end = further
        yield first, end
        at = free = end


def _further(tokens: Sequence[_Token], at: int, wording: Wording) -> int | None:
    """Return the end of a sentence of ours that follows another of ours at `at`."""
    end = _end(tokens, at, wording.long) or _end(tokens, at, wording.short)
    begun = (_end(tokens, at + skipped, wording.filled) for skipped in range(1, _NAME + 1))
    return end or next((end for end in begun if end), None)


def _before(tokens: Sequence[_Token], free: int, at: int, short: Mapping[str, tuple[Sentence, ...]]) -> int:
    """Return the start of our short sentences that end directly before `at`."""
    for first in range(max(free, at - _ENOUGH), at):
        if _end(tokens, first, short) == at:
            return _before(tokens, free, first, short)
    return at


def _end(tokens: Sequence[_Token], at: int, sentences: Mapping[str, tuple[Sentence, ...]]) -> int | None:
    """Return the end of the longest of these sentences that begins at `at`."""
    if at >= len(tokens):
        return None
    ends = (_matched(tokens, at, sentence) for sentence in sentences.get(tokens[at].word, ()))
    return max((end for end in ends if end is not None), default=None)


def _matched(tokens: Sequence[_Token], at: int, sentence: Sentence) -> int | None:
    for piece, filled_in in _pieces(sentence):
        reach = range(at, at + (_HOLE if filled_in else 0) + 1)
        found = next((start for start in reach if _stands(tokens, start, piece)), None)
        if found is None:
            return None
        at = found + len(piece)
    return _closed(tokens, at) if sentence[-1] == HOLE else at


def _pieces(sentence: Sentence) -> Iterator[tuple[Sentence, bool]]:
    """Yield the runs of words between variables, and whether a variable precedes each."""
    run: list[str] = []
    filled_in = False
    for word in sentence:
        if word != HOLE:
            run.append(word)
            continue
        if run:
            yield tuple(run), filled_in
        run, filled_in = [], True
    if run:
        yield tuple(run), filled_in


def _stands(tokens: Sequence[_Token], at: int, piece: Sentence) -> bool:
    return at + len(piece) <= len(tokens) and all(tokens[at + number].word == word for number, word in enumerate(piece))


def _closed(tokens: Sequence[_Token], at: int) -> int:
    """Return the end of a variable that ends its sentence."""
    reach = range(at, min(at + _HOLE, len(tokens)))
    return next((number + 1 for number in reach if tokens[number].closes), at)


def _words(text: str) -> Sentence:
    """Return the words; adjacent variables count once."""
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        word = HOLE if HOLE in match[0] else _folded(match[0])
        if word and not (word == HOLE and words[-1:] == [HOLE]):
            words.append(word)
    return tuple(words)


def _tokens(text: str, within_quotes: bool) -> Iterator[_Token]:
    start = 0
    for line in text.splitlines(keepends=True):
        end = start + len(line)
        if within_quotes or not line.lstrip().startswith(">"):
            words = [(word, match) for match in _TOKEN.finditer(line) if (word := _folded(match[0]))]
            ends = not text[end : text.find("\n", end) + 1 or len(text)].strip()
            for number, (word, match) in enumerate(words, 1):
                closes = match[0].rstrip("»”\"')>").endswith((".", "!", "?")) or (ends and number == len(words))
                yield _Token(word, start + match.start(), start + match.end(), closes)
        start = end


def _folded(word: str) -> str:
    return _NO_WORD.sub("", features.plain(word))
