"""Every regular expression of the layers that read strangers' bytes costs no more than the length of what it reads.

The patterns are found by walking the modules, so that a new one is tried without being listed. The bait is made of a
pattern's own words: repeated, with gaps that never end, and with an end that does not fit. The cost is a number of
steps (tests/hostile/backtracking.py): the same each time and on each machine.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import oacmail.core
import oacmail.mail
import oacmail.words
from oacmail.core.model import LateRegex
from oacmail.mail.understanding import secrets
from tests.hostile.backtracking import CountingPattern, TooManySteps

LENGTH = 32  # characters of the shortest bait
LONGEST = 4  # times of what has an upper bound: a short bait reaches the bound too
FEW = 10  # steps a character: what costs less grows with nothing
LIMIT = 1_000_000  # steps after which it is slow, whatever would follow
SQUARE = 0.5
"""What grows with the length adds as many steps to each character, however long the bait is, what grows with the square
adds more and more: half a step for each pair of characters adds three for each pair of the shortest bait."""
MOST = 5_000_000  # steps that a text of bounded length may cost: 0.1 s
# Patterns that never see more than so many characters, whatever comes: the text is cut before they are asked.
SHORT = {
    "oacmail.core.cases._ADDRESS": 320,
    "oacmail.mail.mime.headers._ADDR_SPEC": 320,
    "oacmail.words.compose._ADDRESS": 254,
    "oacmail.words.compose._MSG_ID": 900,
    "oacmail.mail.understanding.phones._OTHER_THING": 30,
    "oacmail.mail.understanding.phones._BETTER_BEFORE": 70,
    "oacmail.mail.understanding.scores._NOISE": 600,
    "oacmail.mail.understanding.scores._WORD": 600,
    "oacmail.mail.understanding.secrets._OF_SOMEBODY_ELSE": 80,
    "oacmail.core.threading._PREFIX": 998,
    **{f"oacmail.mail.understanding.secrets._VALUES[{kind!r}]": secrets._REACH for kind in secrets._VALUES},
}
WORDS_TRIED = 4
ROOT = Path(__file__).parent.parent.parent
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
Source = tuple[Any, int]  # a pattern, of str or bytes, and its flags
_CHARS = (" ", "a", "<", ":", "\n", "@", "-", "1")


def _patterns(value: object, name: str, depth: int = 0) -> Iterator[tuple[str, Source]]:
    if isinstance(value, re.Pattern | LateRegex):
        yield name, (value.pattern, int(value.flags))
    elif isinstance(value, tuple | list | frozenset) and depth < 3:
        for number, item in enumerate(value):
            yield from _patterns(item, f"{name}[{number}]", depth + 1)
    elif isinstance(value, dict) and depth < 3:
        for key, item in value.items():
            yield from _patterns(item, f"{name}[{key!r}]", depth + 1)
    elif callable(value) and getattr(
        value, "__closure__", None
    ):  # a test made of a pattern (mail/understanding/machines.py)
        for cell in value.__closure__:  # type: ignore[attr-defined]
            yield from _patterns(cell.cell_contents, name, depth + 1)


def _all() -> dict[str, Source]:
    found: dict[str, Source] = {}
    for package in (oacmail.core, oacmail.mail, oacmail.words):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                found |= dict(_patterns(value, f"{info.name}.{name}"))
    unique = {source: name for name, source in reversed(found.items())}
    return {name: source for source, name in reversed(unique.items())}


PATTERNS = _all()
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8")
    for package in (oacmail.core, oacmail.mail, oacmail.words)
    for path in Path(package.__path__[0]).rglob("*.py")
}


def _bait(source: str, times: int) -> Iterator[str]:
    words = list(dict.fromkeys(_WORD.findall(source)))
    step = max(1, len(words) // WORDS_TRIED)
    for piece in (*_CHARS, *words[::step][:WORDS_TRIED]):
        for unit in (piece, piece + " ", piece + ": ", f"{piece} de ", f"\n{piece}\n> "):
            yield unit * (times * max(1, LENGTH // len(unit)))
        for tail in (" ", "a", "\n", ":"):
            yield piece + tail * (times * LENGTH) + "!x"
    for first, second in product(words[:: max(1, len(words) // 3)][:3], words[-3:]):
        yield f"{first} {second}{' ' * (times * LENGTH)}!x"


def _is_searched(name: str) -> bool:
    """Whether it is asked to begin anywhere; most are asked at the beginning of a line or a value only."""
    module, _, bare = name.rpartition(".")
    source = SOURCES[module] if bare.startswith("_") else "\n".join(SOURCES.values())
    return "[" in name or bool(re.search(rf"\b{bare}\.(?:search|finditer|findall|subn?|split)\b", source))


def _cost(pattern: CountingPattern, text: str, *, searched: bool) -> int:
    """The steps of a search, a match and a match of the whole."""
    pattern.steps = 0
    try:
        if searched:
            pattern.find_all(text)
        pattern.match(text)
        pattern.match(text, full=True)
    except TooManySteps:
        return LIMIT
    return pattern.steps


def _slow(source: Source, *, searched: bool = True, bounded: int = 0) -> list[str]:
    """The beginnings of baits that cost too much. `bounded`: the most characters that it sees; 0 = no bound."""
    text = source[0] if isinstance(source[0], str) else source[0].decode("latin-1")
    pattern, slow = CountingPattern(*source, longest=LONGEST, allowed=LIMIT), []
    for baits in zip(*(_bait(text, times) for times in (4, 2, 1)), strict=True):
        most = _cost(pattern, baits[0], searched=searched)
        if bounded:
            is_slow = most * (bounded / len(baits[0])) ** 2 > MOST
        elif most < FEW * len(baits[0]):
            is_slow = False
        else:
            less, least = (_cost(pattern, bait, searched=searched) for bait in baits[1:])
            is_slow = most >= LIMIT or (most - less) - 2 * (less - least) > SQUARE * len(baits[2]) ** 2
        if is_slow:
            slow.append(baits[0][:60])
    return slow


@pytest.fixture(autouse=True)
def _deep() -> Iterator[None]:
    """The matcher calls itself for each step."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    yield
    sys.setrecursionlimit(before)


def test_the_walk_finds_the_patterns() -> None:
    assert len(PATTERNS) > 100
    assert set(SHORT) <= set(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_costs_no_more_than_what_it_reads_is_long(name: str) -> None:
    searched = name in SHORT or _is_searched(name)
    assert _slow(PATTERNS[name], searched=searched, bounded=SHORT.get(name, 0)) == []


@pytest.mark.parametrize("pattern", [r"contrasenya(?: de\s*)*\s*:", r"@[^:<>]*:", r"[ \t]+(?=\n|\Z)", r"[^@]+@[^@]+"])
def test_a_slow_pattern_would_be_caught(pattern: str) -> None:
    """The faults that this instrument was made for."""
    assert _slow((pattern, 0))


def test_a_pattern_that_is_slow_on_short_texts_would_be_caught() -> None:
    assert _slow((r"(?:a+)+b", 0), bounded=300)


@pytest.mark.parametrize("name", PATTERNS)
def test_the_matcher_whose_steps_are_counted_finds_what_re_finds(name: str) -> None:
    source, flags = PATTERNS[name]
    real, counting = re.compile(source, flags), CountingPattern(source, flags)
    for text in _bait(source if isinstance(source, str) else source.decode("latin-1"), 1):
        data: Any = text if isinstance(source, str) else text.encode()
        seen = text if isinstance(source, str) else text.encode().decode("latin-1")
        assert counting.find_all(seen) == [match.span() for match in real.finditer(data)]
        assert (counting.match(seen, full=True) is None) == (real.fullmatch(data) is None)
