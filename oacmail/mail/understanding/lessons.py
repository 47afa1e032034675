"""What the house's corrections add to the shipped weights: a shift of the words of the corrected messages.

Decides how far each word moves so that corrected messages come out as a person said, and which fields are the
better for it. Never touches the shipped table, never keeps a word that one person alone uses, as names are, shifts
neither signals nor bias, so that unlike messages stay where they were. The same corrections give the same lessons.
"""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from oacmail.core.model import Message
from oacmail.mail.understanding import linear, scores
from oacmail.mail.understanding.scores import Lessons, Table

COSTS = (4.0, 1.0, 0.25)
"""How boldly to learn: the first at which a field does not become worse."""
_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message and what people say of it: field (kind, topic, level, intent) -> label."""

    message: Message
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningResult:
    """One field: messages held out (the shipped ones, and each correction judged by what the others taught), how many
    of them are read rightly as shipped and after; `taken`: False = worse at any boldness, nothing is learned."""

    field: str
    corrections: int
    messages: int
    before: int
    after: int
    taken: bool


def common(messages: Iterable[tuple[str, str]]) -> Set[str]:
    """What at least two people have written, of (person, text): town's words, not anybody's name."""
    by: dict[str, str] = {}
    found: set[str] = set()
    for person, text in messages:
        found.update(piece for piece in scores.small_words(text) if by.setdefault(piece, person) != person)
    return found


def learn(
    table: Table, corrections: Sequence[Example], held_out: Sequence[Example], common: Set[str]
) -> tuple[Lessons, list[LearningResult]]:
    """The lessons of all corrections together, field by field, and what they do to messages held out. A word carries
    one if the shipped table knows it or it is among the `common` ones."""
    lessons: dict[str, dict[str, float]] = {}
    outcomes: list[LearningResult] = []
    for field in table.fields:
        told = [example for example in corrections if example.labels.get(field.name) in field.classes]
        asked = [example for example in held_out if field.name in example.labels]
        if told:
            found, outcome = _field(table, field.name, told, asked, {*table.pieces, *common})
            outcomes.append(outcome)
            for piece, shifts in found.items():
                lessons.setdefault(piece, {}).update(shifts)
    return MappingProxyType(lessons), outcomes


def dumped(lessons: Lessons) -> str:
    return json.dumps({piece: dict(shifts) for piece, shifts in sorted(lessons.items())}, separators=(",", ":"))


@lru_cache(maxsize=2)
def loaded(text: str) -> Lessons:
    """Of what `dumped` wrote; '' = none."""
    return MappingProxyType(json.loads(text)) if text else scores.NOTHING


def _field(
    table: Table, name: str, told: Sequence[Example], asked: Sequence[Example], kept: Set[str]
) -> tuple[Lessons, LearningResult]:
    messages = len(told) * (len(told) > 1) + len(asked)
    before = _right(table, scores.NOTHING, name, [*asked, *(told if len(told) > 1 else ())])
    found, after = scores.NOTHING, before
    for cost in COSTS:
        found = _shifts(table, name, told, cost, kept)
        after = _right(table, found, name, asked) + _right_of_unseen(table, name, told, cost, kept)
        if after >= before:
            break
    taken = after >= before
    outcome = LearningResult(
        field=name, corrections=len(told), messages=messages, before=before, after=after, taken=taken
    )
    return (found if taken else scores.NOTHING), outcome


def _right_of_unseen(table: Table, name: str, told: Sequence[Example], cost: float, kept: Set[str]) -> int:
    """Corrections that come out right by what the others taught."""
    if len(told) < 2:
        return 0
    count = min(_FOLDS, len(told))
    right = 0
    for fold in range(count):
        others = [example for at, example in enumerate(told) if at % count != fold]
        right += _right(table, _shifts(table, name, others, cost, kept), name, told[fold::count])
    return right


def _right(table: Table, lessons: Lessons, name: str, examples: Sequence[Example]) -> int:
    return sum(_read(table, lessons, name, example.message) == example.labels[name] for example in examples)


def _read(table: Table, lessons: Lessons, name: str, message: Message) -> str:
    reach = _margins(table, lessons, name, message)
    return max(reach, key=lambda label: reach[label])


def _margins(table: Table, lessons: Lessons, name: str, message: Message) -> dict[str, float]:
    at = next(at for at, field in enumerate(table.fields) if field.name == name)
    return scores.margins(table, message, lessons)[at]


def _shifts(table: Table, name: str, told: Sequence[Example], cost: float, kept: Set[str]) -> Lessons:
    rows = [_row(table, example.message, kept) for example in told]
    starts = [_margins(table, scores.NOTHING, name, example.message) for example in told]
    shifts: dict[str, dict[str, float]] = {}
    for label in starts[0]:
        truths = [example.labels[name] == label for example in told]
        moved = linear.shift(rows, truths, [start[label] for start in starts], cost)
        for piece, weight in moved.items():
            shifts.setdefault(piece, {})[f"{name}:{label}"] = round(weight, 4)
    return shifts


def _row(table: Table, message: Message, kept: Set[str]) -> dict[str, float]:
    """With the shares that the pieces have in the whole message, as in reading."""
    return {piece: share for piece, share in scores.telling(table, message).items() if piece in kept}
