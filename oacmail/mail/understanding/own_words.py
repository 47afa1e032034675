"""Sentences of our own mails that stand in a message without any mark of a quotation: a reply below our text.

Decides which words are ours by the templates' sentences (`Wording`), and takes them out before anything is judged: our
data-protection clause is no request of rights. A sentence matches as a whole, whatever its line breaks, with up to
`_HOLE` words where the template fills something in. One of few words is ours only beside another of ours: people thank
in the same words as we do. Linear in the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from oacmail.mail.parser_config import Sentence, Wording
from oacmail.mail.understanding import features

HOLE = "\0"  # stands in a template's text for what is filled in
_HOLE = 12  # words: an address, a day with its date, a phrase of several
_NAME = 4  # words that are filled in before the first word: an office's name
_ENOUGH = 6  # words of a sentence that nobody else writes
_LONGEST = 200_000  # characters that are looked at
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_NO_WORD = re.compile(r"[\W_]+")
_TOKEN = re.compile(r"\S+")


def wording_of(texts: Iterable[str]) -> Wording:
    """From the texts of templates, `HOLE` where they fill something in."""
    parted = dict.fromkeys(_words(piece) for text in texts for piece in _SENTENCE.split(text))
    long: dict[str, tuple[Sentence, ...]] = {}
    short: dict[str, tuple[Sentence, ...]] = {}
    filled: dict[str, tuple[Sentence, ...]] = {}
    for sentence in parted:
        told = sum(word != HOLE for word in sentence)
        kinds = [long if told >= _ENOUGH else short, *([filled] if sentence[:1] == (HOLE,) else [])]
        for by_first in kinds if told else ():
            whole = sentence[sentence[0] == HOLE :]
            by_first[whole[0]] = (*by_first.get(whole[0], ()), whole)
    return Wording(MappingProxyType(long), MappingProxyType(short), MappingProxyType(filled))


@dataclass(frozen=True, slots=True)
class Parted:
    """`rest`: the text without our sentences; `ours`: these."""

    rest: str
    ours: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int
    closes: bool  # a sentence or a paragraph


def part(text: str, wording: Wording, *, within_quotes: bool = False) -> Parted:
    """Takes our sentences out; those on lines marked as quoted only with `within_quotes`."""
    if not wording.long:
        return Parted(text)
    tokens = list(_tokens(text[:_LONGEST], within_quotes))
    pieces, ours, done = [], [], 0
    for first, end in _spans(tokens, wording):
        start, stop = tokens[first].start, tokens[end - 1].end
        pieces.append(text[done:start])
        ours.append(text[start:stop])
        done = stop
    return Parted("".join((*pieces, text[done:])), "\n".join(ours)) if ours else Parted(text)


def _spans(tokens: Sequence[_Token], wording: Wording) -> Iterator[tuple[int, int]]:
    """(first token, the one after the last) of each run of our sentences, in order, without overlap."""
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
    """Where a sentence of ours ends that follows another of ours at `at`."""
    end = _end(tokens, at, wording.long) or _end(tokens, at, wording.short)
    begun = (_end(tokens, at + skipped, wording.filled) for skipped in range(1, _NAME + 1))
    return end or next((end for end in begun if end), None)


def _before(tokens: Sequence[_Token], free: int, at: int, short: Mapping[str, tuple[Sentence, ...]]) -> int:
    """Where the short sentences of ours begin that end right before `at`."""
    for first in range(max(free, at - _ENOUGH), at):
        if _end(tokens, first, short) == at:
            return _before(tokens, free, first, short)
    return at


def _end(tokens: Sequence[_Token], at: int, sentences: Mapping[str, tuple[Sentence, ...]]) -> int | None:
    """Where the longest of these sentences ends that begins at `at`."""
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
    """The runs of words between what is filled in; whether something is filled in before each."""
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
    """Where what is filled in at a sentence's end ends with it."""
    reach = range(at, min(at + _HOLE, len(tokens)))
    return next((number + 1 for number in reach if tokens[number].closes), at)


def _words(text: str) -> Sentence:
    """What is filled in several times in a row counts once."""
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
