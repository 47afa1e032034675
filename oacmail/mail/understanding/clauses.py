"""Find the sentences of a message that may say when a call suits, and split them into clauses.

Data about clauses; mail/understanding/slots.py reads the times in them. Hours elsewhere belong to the problem. Text is
folded, its telephones are digits.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from oacmail.mail.understanding.time_tables import PARTS
from oacmail.mail.understanding.time_words import CALL, TimeToken, tokens

_REACH = 2  # sentences around a request for a call
_MOST = 8  # sentences with such a request
_BRIEF = 6  # sentences
_LONGEST = 8_000  # characters that are read
_SPANISH = r"\b[6-9](?:[ .,()/·_\n-]{0,3}\d){8}(?!\d)"
_HOUR = r"\d{1,2}(?:[:.h]\d\d)?"  # before a telephone: "a las 10. 612 30 45 78"
_EXTENSION = r"(?: ?\(?ext(?:ensi\w*)?\.? ?\d{1,5}\)?)?"
_PHONE = re.compile(
    rf"(?:(?<![\d+]){_SPANISH}|(?!{_HOUR}\W{{1,3}}{_SPANISH})\+?\d(?:[ .()/·_\n-]{{0,3}}\d){{7,14}}){_EXTENSION}"
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n")
_STILL_OPEN = 8  # tokens at the end of a clause that the next one continues
SKIPPED = frozenset({"article", "to", "word", "day", "weekday", "function", "already", "also", "thanks"})
_ENDS = frozenset({"stop", "comma", "because", "therefore", "open", "close"})
_ASKED = frozenset({"call", "phone", "free", "better", "alike"})
_TIMES = frozenset({"from", "until", "between", "clock", *PARTS})
_FEW = 3  # tokens
_BARE = frozenset({"before", "abans", "antes", "avant", "after", "apres", "later"})
WAYS = {"from": "from", "until": "until", "between": "between", "leave": "from", "enter": "until"}
"""Kind of token -> what it makes of the time that follows."""


def every(lines: Iterable[str]) -> Iterator[list[TimeToken]]:
    """Yield the tokens of the sentences of a brief message; of a longer one, of none."""
    sentences = [part for part in _SENTENCE.split("\n".join(lines)[:_LONGEST]) if not part.isspace()]
    if len(sentences) <= _BRIEF:
        yield from map(tokens, sentences)


def near(lines: Iterable[str]) -> Iterator[tuple[list[TimeToken], bool]]:
    """Yield the tokens of the sentences near a request for a call or a telephone, and whether it is in the sentence."""
    text = _PHONE.sub(" # ", "\n".join(lines)[:_LONGEST])
    sentences = [part for part in _SENTENCE.split(text) if not part.isspace()]
    anchors = [at for at, sentence in enumerate(sentences) if CALL.search(sentence)][:_MOST]
    for at in sorted({anchor + step for anchor in anchors for step in range(-_REACH, _REACH + 1)}):
        if 0 <= at < len(sentences):
            yield tokens(sentences[at]), at in anchors


@dataclass(frozen=True, slots=True)
class Clause:
    """The tokens up to the next sign or conjunction, and the kind of the one before them."""

    opened_by: str
    tokens: list[TimeToken]

    @property
    def kinds(self) -> set[str]:
        return {one.kind for one in self.tokens}

    @property
    def is_of_the_problem(self) -> bool:
        kinds = [one.kind for one in self.tokens if one.kind not in ("function", "article")]
        told = "past" in self.kinds and not self.kinds & {"phone", "better"}
        told = (
            told or "called" in kinds or any(pair == ("past", "call") for pair in pairwise(kinds))
        )  # "em vau trucar a les 10 al 612 …"
        wish = self.kinds & {"phone", "better", "call", "free"}
        return told or (
            "deadline" in self.kinds
            and "busy" not in self.kinds
            and (not wish or (wish == {"free"} and "not" in self.kinds))
        )

    @property
    def open_way(self) -> str:
        """The way of a time that the next clause names: "quan surti de la granja, que serà a les sis"."""
        times = [at for at, one in enumerate(self.tokens) if one.kind in ("clock", *PARTS)]
        open_tokens = self.tokens[times[-1] + 1 :] if times else self.tokens
        ways = [WAYS[one.kind] for one in open_tokens[-_STILL_OPEN:] if one.kind in WAYS]
        return ways[0] if ways else ""

    @property
    def is_cut_short(self) -> bool:
        """Whether it ends with a bound whose time follows: "fins que marxo, a la una"."""
        kinds = [one.kind for one in self.tokens if one.kind not in ("function", "word")]
        bounds = [one.text for one in self.tokens if one.kind in ("clock", "until", *PARTS)]
        return kinds[-1:] == ["enter"] or kinds[-1:] == ["leave"] or bounds[-1:] in (["fins que"], ["hasta que"])

    @property
    def dangling(self) -> str:
        """The way that ends it without a time of its own: "I start at two, so before that"."""
        last = next((one for one in reversed(self.tokens) if one.kind not in ("function", "word")), None)
        other = self.opened_by == "because" or self.kinds & {"clock", "leave", "enter", "busy", *PARTS}
        return last.kind if last and last.text in _BARE and not other else ""

    @property
    def is_no(self) -> bool:
        """Whether it refuses the time of the clause before: "in the afternoon, impossible"."""
        return self.opened_by in ("therefore", "comma") and {"not"} <= self.kinds <= {"not", "function"}

    @property
    def is_of_a_part(self) -> bool:
        """Whether it names a part of every day and nothing else: "els matins"."""
        parts = [one.text for one in self.tokens if one.kind in PARTS]
        return len(parts) == 1 and parts[0].endswith("s") and self.kinds <= {"article", "function", "to", *PARTS}

    @property
    def is_occupation(self) -> bool:
        """Whether it says in a few words what a part of the day is for: "els matins, jutjats"."""
        few = len(self.tokens) <= _FEW and self.opened_by in ("comma", "stop")
        return few and self.kinds <= {"word", "busy", "article", "function"} and bool(self.kinds & {"word", "busy"})

    @property
    def gives_hours(self) -> bool:
        """Whether it is a range of hours and nothing else: ", de 8 a 14"."""
        return self.kinds <= {"article", "function", "to", "clock"}

    def is_of_work(self, before: "Clause") -> bool:
        """Whether it gives only the hours of an occupation named before it: "treballo a torns: de 6 a 14"."""
        follows = self.opened_by == "stop" and before.opened_by != "because" and before.is_busy
        return follows and self.gives_hours and before.kinds.isdisjoint(_ASKED | _TIMES)

    @property
    def prefers(self) -> bool:
        """Whether it prefers a telephone and names no time: "mine is better, and I can any morning"."""
        return "better" in self.kinds and not self.kinds & {"clock", *PARTS}

    @property
    def is_asked(self) -> bool:
        """Whether it speaks of the call: it names one, a telephone, when the writer is free, or when it has to be. The
        telephone of a busy writer asks for nothing: "a la tarda soc a classe i tinc el telèfon apagat"."""
        kinds = [one.kind for one in self.tokens if one.kind not in ("function", "article", "to")]
        must = any(first == "must" and second in _TIMES for first, second in pairwise(kinds))
        return (
            must or bool(self.kinds & _ASKED) or (bool(self.kinds & {"place", "device"}) and "busy" not in self.kinds)
        )

    @property
    def is_call(self) -> bool:
        """Whether it names the hour of a call: "call me at five"."""
        return {"call", "clock"} <= self.kinds and "not" not in self.kinds

    @property
    def excepts(self) -> bool:
        """Whether it ends with an exception whose time follows: "any hour except when I fetch them, from four on"."""
        kinds = [one.kind for one in self.tokens]
        return "except" in kinds and not {"clock", "day", "weekday", *PARTS} & set(kinds[kinds.index("except") :])

    @property
    def is_of_a_weekday(self) -> bool:
        """Whether it speaks of single days of the week: "els dimarts al matí no puc", not "de dilluns a divendres"."""
        said = [one for one in self.tokens if one.kind != "function"]
        ranges = any(to.text in ("a", "al", "to", "-") and day.kind == "weekday" for to, day in pairwise(said))
        return "weekday" in self.kinds and not ranges

    @property
    def is_busy(self) -> bool:
        kinds = [one.kind for one in self.tokens]
        before = kinds[: kinds.index("busy")] if "busy" in kinds else []
        bounds = [kind for kind in before if kind not in SKIPPED][-1:] in (["until"], ["from"])  # "before I go to work"
        if kinds.count("clock") == 1 and {("clock", "already"), ("already", "not")} & set(pairwise(kinds)):
            return False  # "a les cinc ja soc a classe", "tanquem a la una i ja no obrim": the time before that is free
        shift = any(one == "shift" and part in ("morning", "afternoon", "night") for one, part in pairwise(kinds))
        return shift or ("busy" in kinds and not bounds and not {"when", "enter"} & set(before))


def clauses(sentence: list[TimeToken]) -> Iterator[Clause]:
    """Yield the clauses of a sentence that are not empty."""
    opened_by, clause = "", list[TimeToken]()
    for token in sentence:
        if _begins(token, clause, opened_by):
            yield Clause(opened_by, clause)
            opened_by, clause = "", [token]
        elif token.kind in _ENDS:
            if clause:
                yield Clause(opened_by, clause)
            opened_by, clause = token.kind, []
        else:
            clause.append(token)
    if clause:
        yield Clause(opened_by, clause)


def _begins(token: TimeToken, clause: list[TimeToken], opened_by: str) -> bool:
    """Whether a clause begins here without a sign, as in dictated text: "don't ring this one I'm driving ring my wife",
    "que a la tarda soc a la vinya al 600 11 22 33"."""
    kinds = {one.kind for one in clause}
    if token.kind == "phone":
        return (
            opened_by == "because" and not kinds.isdisjoint({"clock", *PARTS}) and kinds.isdisjoint(_ASKED | {"place"})
        )
    if token.text in ("pero", "but"):  # "no hi sento gaire però al matí hi ha la meva dona"
        return "not" in kinds and kinds.isdisjoint({"clock", *PARTS})
    if token.kind == "better":
        return "busy" in kinds and not kinds.isdisjoint({"clock", *PARTS})
    said = "busy" in kinds and "call" in kinds
    return said and token.kind == "call" and {"when", "not"}.isdisjoint(one.kind for one in clause[-3:])
