"""Every regular expression of the layers that read strangers' bytes costs no more than the length of what it reads.

The patterns are found by walking the modules, so that a new one is tried without being listed. The bait is made of a
pattern's own words: repeated, with gaps that never end, and with an end that does not fit.
"""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import oacmail.core
import oacmail.mail
import oacmail.words
from oacmail.core.model import LateRegex
from oacmail.mail.understanding import secrets

SHORTEST, SHORTER, LONGEST = 500, 2_000, 8_000  # characters of bait; what costs their cube is seen at the first
QUICK = 0.0003
"""Seconds: a bait that needs less at `SHORTER` is not tried at `LONGEST`. What needs `SELDOM` there and grows with the
square needs 0.003 s."""
GROWTH = 9.0
"""From `SHORTER` to `LONGEST` the cost of what grows with the length becomes four times as much, with the square
sixteen times, on each machine and beside whatever else it does."""
DOUBT = 5.0  # times as much: it is measured again
TURNS = 4
SELDOM = 0.01  # seconds of the processor that few baits need: less is not compared
MOST = 0.1  # seconds that a text of bounded length may cost
ENOUGH = 1.0  # seconds after which it is slow, whatever would follow
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


def _bait(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    words = list(dict.fromkeys(_WORD.findall(source)))
    step = max(1, len(words) // WORDS_TRIED)
    for piece in (*_CHARS, *words[::step][:WORDS_TRIED]):
        for unit in (piece, piece + " ", piece + ": ", f"{piece} de ", f"\n{piece}\n> "):
            yield unit * (length // len(unit))
        for tail in (" ", "a", "\n", ":"):
            yield piece + tail * (length // len(tail)) + "!x"
    for first, second in product(words[:: max(1, len(words) // 3)][:3], words[-3:]):
        yield f"{first} {second}{' ' * length}!x"


def _is_searched(name: str) -> bool:
    """Whether it is asked to begin anywhere; most are asked at the beginning of a line or a value only."""
    module, _, bare = name.rpartition(".")
    source = SOURCES[module] if bare.startswith("_") else "\n".join(SOURCES.values())
    return "[" in name or bool(re.search(rf"\b{bare}\.(?:search|finditer|findall|subn?|split)\b", source))


def _cost(pattern: re.Pattern[Any], text: str, *, searched: bool = True) -> float:
    data: Any = text if isinstance(pattern.pattern, str) else text.encode("utf-8")
    started = time.thread_time()
    for _ in pattern.finditer(data) if searched else ():
        if time.thread_time() - started > ENOUGH:
            break
    pattern.match(data)
    pattern.fullmatch(data)
    return time.thread_time() - started


def _slow(pattern: re.Pattern[Any], *, searched: bool = True) -> Iterator[str]:
    """The beginnings of baits that cost too much, the shortest first."""
    yield from (text[:60] for text in _bait(pattern, SHORTEST) if _cost(pattern, text, searched=searched) > ENOUGH)
    for text, longest in zip(_bait(pattern, SHORTER), _bait(pattern, LONGEST), strict=True):
        if _grows(pattern, text, longest, searched=searched):
            yield text[:60]


def _grows(pattern: re.Pattern[Any], text: str, longest: str, *, searched: bool = True) -> bool:
    """Whether the cost of the longest bait is out of proportion. The least of several measurements in turn counts on
    both sides: what else the machine does adds to some of them, for longer than one lasts."""
    cost = partial(_cost, pattern, searched=searched)
    little = cost(text)
    if not QUICK < little <= ENOUGH:
        return little > ENOUGH
    much = cost(longest)
    for _ in range(TURNS):
        if much <= max(SELDOM, DOUBT * little):
            return False
        little, much = min(little, cost(text)), min(much, cost(longest))
    return much > max(SELDOM, GROWTH * little)


def test_the_walk_finds_the_patterns() -> None:
    assert len(PATTERNS) > 100
    assert set(SHORT) <= set(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_costs_no_more_than_what_it_reads_is_long(name: str) -> None:
    pattern = re.compile(*PATTERNS[name])
    if name in SHORT:
        assert not [text for text in _bait(pattern, SHORT[name]) if _cost(pattern, text) > MOST]
    else:
        assert next(_slow(pattern, searched=_is_searched(name)), None) is None


@pytest.mark.parametrize("pattern", [r"contrasenya(?: de\s*)*\s*:", r"@[^:<>]*:", r"[ \t]+(?=\n|\Z)", r"[^@]+@[^@]+"])
def test_a_slow_pattern_would_be_caught(pattern: str) -> None:
    """The faults that this instrument was made for."""
    assert next(_slow(re.compile(pattern)), None) is not None
