"""Find which of many patterns match a folded text without running each on all of it, by the beginnings of its words.

Most patterns begin at a word boundary with one of a few words: such a pattern runs only where a word of the text begins
like that. The beginnings are derived from the pattern itself; a pattern that begins in any other way runs on the whole
text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from operator import or_

_LENGTH = 8  # characters compared from the start of a word, which may include the next word
_SHORT = 2  # characters used for the lookup
_WORD = re.compile(r"\w+")
_EDGE = r"\b"
_ONE_OF = re.compile(r"\[([a-z0-9']+)\]")
_PLAIN = re.compile(r"[a-z0-9 '-]")
_STRUCTURE = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[|()]", re.DOTALL)
_DIGIT = "[0-9]"  # \d is more than that


class PatternPrefilter:
    """Named patterns that are matched together; compiled on first use."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        self.patterns = tuple(patterns)

    def holding(self, text: str) -> Iterator[str]:
        """Yield the names of the matching patterns, in their order."""
        table, bits = self._table, self._bits
        places = [(at, found) for at, beginning in _beginnings(text) if (found := bits(beginning))]
        possible = reduce(or_, [found for _, found in places], table.always)
        for bit, name, pattern in table.patterns:
            if bit & table.always:
                if pattern.search(text):
                    yield name
            elif bit & possible and any(bit & found and pattern.match(text, at) for at, found in places):
                yield name

    @cached_property
    def _bits(self) -> Callable[[str], int]:
        return lru_cache(maxsize=16384)(self._table.bits)  # the same words come back in every message

    @cached_property
    def _table(self) -> "_Table":
        return _laid_out(self.patterns)


@lru_cache(maxsize=4)  # several filters read the same message
def _beginnings(text: str) -> list[tuple[int, str]]:
    """Return where each word begins, and how."""
    return [(at, text[at : at + _LENGTH]) for at in [word.start() for word in _WORD.finditer(text)]]


@dataclass(frozen=True, slots=True)
class _Table:
    """One bit for each pattern. `lengths`: the lengths of the beginnings that share these two characters."""

    patterns: tuple[tuple[int, str, re.Pattern[str]], ...]
    always: int
    by_start: Mapping[str, int]
    lengths: Mapping[str, tuple[int, ...]]

    def bits(self, beginning: str) -> int:
        """Return the patterns that a word may begin which begins like this."""
        lengths = self.lengths.get(beginning[:_SHORT], ())
        return reduce(or_, [self.by_start.get(beginning[:length], 0) for length in lengths], 0)


def _laid_out(texts: Sequence[tuple[str, str]]) -> _Table:
    always = 0
    by_start: dict[str, int] = {}
    lengths: dict[str, set[int]] = {}
    for at, (_, text) in enumerate(texts):
        found = starts(text)
        always |= (not found) << at
        for start in found:
            by_start[start] = by_start.get(start, 0) | 1 << at
            lengths.setdefault(start[:_SHORT], set()).add(len(start))
    return _Table(
        tuple((1 << at, name, re.compile(text)) for at, (name, text) in enumerate(texts)),
        always,
        by_start,
        {short: tuple(sorted(of)) for short, of in lengths.items()},
    )


def starts(pattern: str) -> set[str]:
    """Return how a text continues after the word boundary at which the pattern begins.

    The result is empty if the pattern begins otherwise, or in a way that this module does not analyse.
    """
    branches = _branches(pattern)
    found = {start for branch in branches for start in _starts(branch, "")}
    long_enough = all(len(start) >= _SHORT for start in found)
    return found if long_enough and all(branch.startswith(_EDGE) for branch in branches) else set()


def _starts(text: str, begun: str) -> set[str]:
    """Return `begun` with each continuation from `text`, cut at the compared length or where the analysis ends."""
    if len(begun) == _LENGTH or not text:
        return {begun}
    if text.startswith(_EDGE):
        return _starts(text.removeprefix(_EDGE), begun)
    if text.startswith("(?:"):
        close = _end_of_group(text)
        return _chosen(_branches(text[3:close]), text[close + 1 :], begun)
    one_of = _ONE_OF.match(text)
    if one_of is not None:
        return _chosen([*one_of[1]], text[one_of.end() :], begun)
    if text.startswith(_DIGIT):
        return _chosen([*"0123456789"], text.removeprefix(_DIGIT), begun)
    return _chosen([text[0]], text[1:], begun) if _PLAIN.match(text) else {begun}


def _chosen(choices: list[str], rest: str, begun: str) -> set[str]:
    """Extend `begun` by one of the choices, or by none if they are optional; stop after a repeated one."""
    if rest.startswith(("*", "{")):
        return {begun}
    if rest.startswith("+"):
        return {start for choice in choices for start in _starts(choice, begun)}
    tail = rest.removeprefix("?")
    missing = _starts(tail, begun) if tail != rest else set()
    if len(choices) == 1 and len(choices[0]) == 1:
        return missing | _starts(tail, begun + choices[0])
    return missing | {start for choice in choices for start in _starts(choice + tail, begun)}


def _branches(pattern: str) -> list[str]:
    """Return the top-level alternatives."""
    found, begin = [], 0
    for at, char, depth in _structure(pattern):
        if char == "|" and depth == 0:
            found.append(pattern[begin:at])
            begin = at + 1
    return [*found, pattern[begin:]]


def _end_of_group(pattern: str) -> int:
    return next((at for at, char, depth in _structure(pattern) if char == ")" and depth == 0), len(pattern))


def _structure(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Yield each bar and parenthesis with its place and the groups still open after it; not those escaped or in
    brackets."""
    depth = 0
    for found in _STRUCTURE.finditer(pattern):
        char = found[0]
        if char in "|()":
            depth += (char == "(") - (char == ")")
            yield found.start(), char, depth
