"""A matcher of regular expressions that counts its steps as `re` takes them: it tries, fails and goes back.

It decides what a pattern costs on a text, and it decides the same on each machine. It is written in Python and so only
for short texts. It reads what `re` has parsed (the private `re._parser`) and raises KeyError for a construct that no
pattern of this project uses. Like `re`, it passes over places and alternatives whose first character does not fit.
"""

from collections.abc import Callable, Sequence
from re import ASCII, DOTALL, IGNORECASE, MULTILINE, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

Step = Callable[[int], int | None]
"""From a place in the text to the end of the match; None = it does not match."""
Fits = Callable[[str], bool]
"""Of one character; "" = the text has ended."""
NO_END = int(_constants.MAXREPEAT)
_ONE = ("LITERAL", "NOT_LITERAL", "IN", "ANY")
_CATEGORIES: dict[str, Fits] = {
    "CATEGORY_DIGIT": str.isdigit,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda char: char.isalnum() or char == "_",
}
_CATEGORIES |= {
    f"CATEGORY_NOT_{name[9:]}": lambda char, fits=fits: not fits(char)  # type: ignore[misc]
    for name, fits in list(_CATEGORIES.items())
}


class TooManySteps(Exception):
    """The matcher has taken more steps than it may."""


class CountingPattern:
    """A pattern that counts the `steps` of all its matches and raises TooManySteps after `allowed`.

    `longest`: what a repetition with an upper bound is cut to, so that the bound is seen on a short text too.
    """

    def __init__(self, source: str | bytes, flags: int, longest: int = NO_END, allowed: int = NO_END) -> None:
        self.steps = 0
        self._allowed, self._longest = allowed, longest
        self._text, self._full = "", False
        tree = _parser.parse(source, flags)
        self._begins = self._sequence(tree, tree.state.flags, self._ends)
        self._fits = self._first(tree, tree.state.flags)

    def match(self, text: str, at: int = 0, *, full: bool = False) -> int | None:
        """The end of the match at a place. `full`: it must be the end of the text."""
        self._text, self._full = text, full
        return self._begins(at)

    def find_all(self, text: str) -> list[tuple[int, int]]:
        """The places of all matches, as `finditer` finds them, but for an empty match at the end of another."""
        found, at = [], 0
        while at <= len(text):
            self._count(1)
            end = self.match(text, at) if self._fits(text[at : at + 1]) else None
            if end is not None:
                found.append((at, end))
            at = max(at + 1, end or 0)
        return found

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self._allowed:
            raise TooManySteps

    def _ends(self, at: int) -> int | None:
        return None if self._full and at < len(self._text) else at

    def _sequence(self, tree: Any, flags: int, then: Step) -> Step:
        for kind, words in reversed(tree):
            then = self._node(str(kind), words, flags, then)
        return then

    def _node(self, kind: str, words: Any, flags: int, then: Step) -> Step:
        if kind in _ONE:
            return self._single(_fits(kind, words, flags), then)
        if kind == "SUBPATTERN":
            _, added, removed, tree = words
            return self._sequence(tree, (flags | added) & ~removed, then)
        if kind == "BRANCH":
            return self._branch(words[1], flags, then)
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self._repeat(kind, words, flags, then)
        if kind in ("ASSERT", "ASSERT_NOT"):
            return self._assert(words, flags, then, wanted=kind == "ASSERT")
        return self._at({"AT": str(words)}[kind], flags, then)

    def _single(self, fits: Fits, then: Step) -> Step:
        def step(at: int) -> int | None:
            self._count(1)
            return then(at + 1) if fits(self._text[at : at + 1]) else None

        return step

    def _branch(self, trees: Any, flags: int, then: Step) -> Step:
        alternatives = [(self._first(tree, flags), self._sequence(tree, flags, then)) for tree in trees]
        chosen: dict[str, list[Step]] = {}

        def step(at: int) -> int | None:
            first = self._text[at : at + 1]
            if first not in chosen:
                chosen[first] = [begins for fits, begins in alternatives if fits(first)]
            for begins in chosen[first]:
                self._count(1)
                if (end := begins(at)) is not None:
                    return end
            return None

        return step

    def _repeat(self, kind: str, words: Any, flags: int, then: Step) -> Step:
        least, most, tree = min(words[0], self._longest), int(words[1]), words[2]
        if most < NO_END:
            most = min(most, self._longest)
        if kind == "POSSESSIVE_REPEAT" or (len(tree) == 1 and str(tree[0][0]) in _ONE and kind == "MAX_REPEAT"):
            one = self._sequence(tree, flags, lambda at: at)
            gives_back = kind == "MAX_REPEAT"

            def run(at: int) -> int | None:
                ends = [at]
                while len(ends) <= most and (end := one(ends[-1])) is not None and end > ends[-1]:
                    ends.append(end)
                for end in reversed(ends[least:] if gives_back else ends[least:][-1:]):
                    self._count(1)
                    if (last := then(end)) is not None:
                        return last
                return None

            return run
        rounds: list[tuple[int, int]] = []  # of each entry of this loop: where the round began, and how many there were

        def again(at: int) -> int | None:
            self._count(1)
            began, count = rounds[-1]
            end = then(at) if kind == "MIN_REPEAT" and count >= least else None
            if end is None and count < most and began != at:
                rounds.append((at, count + 1))
                end = body(at)
                rounds.pop()
            return then(at) if end is None and kind == "MAX_REPEAT" and count >= least else end

        body = self._sequence(tree, flags, again)

        def enter(at: int) -> int | None:
            rounds.append((-1, 0))
            end = again(at)
            rounds.pop()
            return end

        return enter

    def _assert(self, words: Any, flags: int, then: Step, *, wanted: bool) -> Step:
        direction, tree = words
        begins = self._sequence(tree, flags, lambda at: at)
        back = tree.getwidth()[0] if direction < 0 else 0

        def step(at: int) -> int | None:
            holds = at >= back and begins(at - back) is not None
            return then(at) if holds == wanted else None

        return step

    def _at(self, place: str, flags: int, then: Step) -> Step:
        lines, word = flags & MULTILINE, _CATEGORIES["CATEGORY_WORD"]

        def boundary(text: str, at: int) -> bool:
            return (at > 0 and word(text[at - 1])) != word(text[at : at + 1])

        places: dict[str, Callable[[str, int], bool]] = {
            "AT_BEGINNING": lambda text, at: at == 0 or bool(lines and text[at - 1] == "\n"),
            "AT_BEGINNING_STRING": lambda text, at: at == 0,
            "AT_END": lambda text, at: text[at:] in ("", "\n") or bool(lines and text[at] == "\n"),
            "AT_END_STRING": lambda text, at: at == len(text),
            "AT_BOUNDARY": boundary,
            "AT_NON_BOUNDARY": lambda text, at: not boundary(text, at),
        }
        holds = places[place]
        return lambda at: then(at) if holds(self._text, at) else None

    def _first(self, tree: Any, flags: int) -> Fits:
        """What the first character must be for the sequence to be worth a try."""
        for kind, words in ((str(name), words) for name, words in tree):
            if kind in _ONE:
                return _fits(kind, words, flags)
            if kind == "SUBPATTERN":
                return self._first(words[3], (flags | words[1]) & ~words[2])
            if kind == "BRANCH":
                return _any([self._first(alternative, flags) for alternative in words[1]])
            if kind.endswith("_REPEAT") and words[0]:
                return self._first(words[2], flags)
            if kind != "AT":
                break
        return lambda char: True


def _any(several: Sequence[Fits]) -> Fits:
    return _kept(lambda char: any(fits(char) for fits in several))


def _kept(fits: Fits) -> Fits:
    known: dict[str, bool] = {}

    def ask(char: str) -> bool:
        if char not in known:
            known[char] = fits(char)
        return known[char]

    return ask


def _fits(kind: str, words: Any, flags: int) -> Fits:
    """Whether a character is in a literal, a set or `.`; it never is at the end of the text."""
    items = words if kind == "IN" else [(kind, words)]
    wanted = str(items[0][0]) != "NEGATE"

    def among(char: str) -> bool:
        for item, value in items:
            match str(item):
                case "LITERAL" if ord(char) == value:
                    return True
                case "NOT_LITERAL" if ord(char) != value:
                    return True
                case "RANGE" if value[0] <= ord(char) <= value[1]:
                    return True
                case "CATEGORY" if _CATEGORIES[str(value)](char) and (not flags & ASCII or char.isascii()):
                    return True
                case "ANY" if char != "\n" or flags & DOTALL:
                    return True
        return False

    def fits(char: str) -> bool:
        cases = {char, char.lower(), char.upper()} if flags & IGNORECASE else {char}
        return bool(char) and any(among(case) for case in cases if len(case) == 1) == wanted

    return _kept(fits)
