"""Labelled messages as training and evaluation read them, and what is learned from agents' corrections beside the
shipped weights."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from email.message import EmailMessage
from functools import lru_cache
from operator import itemgetter, mul
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from oacmail.core.model import Message
from oacmail.mail.understanding import scores
from oacmail.mail.understanding.scores import Lessons, Table

# --- Labelled --------------------------------------------------------------------------------------------------------
# Read labelled messages, one on each line: training data of bench/ and the evaluation set held_out.txt.
#
# Blocks "[topic grant]" have lines "1q subject :: text": 1, 2, 0 are first level, second level and out of scope; q, c,
# k, s, d are question, call-back, complaint, suggestion, data rights. Blocks "[kind spam]" have plain lines.

Labels = Mapping[str, str | None]

_LEVELS = {"1": "first", "2": "second", "0": "out_of_scope"}
_INTENTS = {"q": "question", "c": "callback", "k": "complaint", "s": "suggestion", "d": "data_rights"}


def lines(text: str) -> Iterator[tuple[Labels, str]]:
    """Yield (labels: kind, topic, level, intent; None if not applicable, "subject :: text") of each message."""
    what = name = ""
    for line in text.splitlines():
        if line.startswith("["):
            what, name = line.strip("[]").split()
        elif line.startswith("#") or not line:
            continue
        elif what == "topic":
            code, text = line.split(" ", 1)
            yield {"kind": "request", "topic": name, "level": _LEVELS[code[0]], "intent": _INTENTS[code[1]]}, text
        else:
            yield {"kind": name, "topic": None, "level": None, "intent": None}, line


def message(text: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the message as a mail client would send it; `headers` are additional header fields."""
    subject, _, body = text.rpartition(" :: ")
    mail = EmailMessage()
    mail["From"] = "person@example.org"
    mail["Subject"] = subject
    mail["To"] = "desk@example.org"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(body)
    return mail.as_bytes()


def held_out() -> Iterator[tuple[Labels, bytes]]:
    """Yield (labels, message) of each message that the shipped weights were not trained on."""
    text = Path(__file__).with_name("held_out.txt").read_text(encoding="utf-8")
    yield from ((labels, message(text)) for labels, text in lines(text))


# --- Lessons ---------------------------------------------------------------------------------------------------------
# Learn from staff corrections: shifts of word weights that are added to the shipped weights.
#
# This section decides how far each word shifts so that corrected messages get the label a person gave, and which fields
# improve. It never changes the shipped table, never keeps a word that only one person uses (a name, for instance), and
# shifts neither signals nor bias, so that unrelated messages keep their result. The same corrections give the same
# lessons.

COSTS = (16.0, 4.0, 1.0, 0.25)
"""Costs to try, from large to small shifts: the first that makes no field worse is used."""
_FOLDS = 5
_LEAD = 2.5  # by how much (in log-probability) a corrected message's class shall lead, and the others stay behind


class Example(Struct, frozen=True, kw_only=True):
    """A message and the labels people gave it: field (kind, topic, level, intent) -> label."""

    message: Message
    labels: Mapping[str, str]


class LearningResult(Struct, frozen=True, kw_only=True):
    """The result for one field: evaluation messages (the shipped ones, and each correction judged by the others), and
    how many are right before and after. `taken` is false if every cost makes it worse and nothing is learned."""

    field: str
    corrections: int
    messages: int
    before: int
    after: int
    taken: bool


def common(messages: Iterable[tuple[str, str]]) -> Set[str]:
    """Return words that at least two people wrote, from (person, text): vocabulary of the town, not names."""
    by: dict[str, str] = {}
    found: set[str] = set()
    for person, text in messages:
        found.update(piece for piece in scores.small_words(text) if by.setdefault(piece, person) != person)
    return found


def learn(
    table: Table, corrections: Sequence[Example], held_out: Sequence[Example], common: Set[str]
) -> tuple[Lessons, list[LearningResult]]:
    """Return the lessons of all corrections, field by field, and their effect on evaluation messages.

    A word can carry a lesson if the shipped table has it or it is among the `common` ones.
    """
    lessons: dict[str, dict[str, float]] = {}
    outcomes: list[LearningResult] = []
    for field in table.fields:
        corrected = [example for example in corrections if example.labels.get(field.name) in field.classes]
        asked = [example for example in held_out if field.name in example.labels]
        if corrected:
            found, outcome = _field(table, field.name, corrected, asked, {*table.pieces.rows, *common})
            outcomes.append(outcome)
            for piece, shifts in found.items():
                lessons.setdefault(piece, {}).update(shifts)
    return MappingProxyType(lessons), outcomes


def dumped(lessons: Lessons) -> str:
    return json.dumps({piece: dict(shifts) for piece, shifts in sorted(lessons.items())}, separators=(",", ":"))


@lru_cache(maxsize=2)
def loaded(text: str) -> Lessons:
    """Read what `dumped` wrote; '' means none."""
    return MappingProxyType(json.loads(text)) if text else scores.NOTHING


def _field(
    table: Table, name: str, corrected: Sequence[Example], asked: Sequence[Example], kept: Set[str]
) -> tuple[Lessons, LearningResult]:
    messages = len(corrected) * (len(corrected) > 1) + len(asked)
    before = _right(table, scores.NOTHING, name, [*asked, *(corrected if len(corrected) > 1 else ())])
    found, after = scores.NOTHING, before
    for cost in COSTS:
        found = _shifts(table, name, corrected, cost, kept)
        after = _right(table, found, name, asked) + _right_of_unseen(table, name, corrected, cost, kept)
        if after >= before:
            break
    taken = after >= before
    outcome = LearningResult(
        field=name, corrections=len(corrected), messages=messages, before=before, after=after, taken=taken
    )
    return (found if taken else scores.NOTHING), outcome


def _right_of_unseen(table: Table, name: str, corrected: Sequence[Example], cost: float, kept: Set[str]) -> int:
    """Count the corrections that are right when only the others were learned."""
    if len(corrected) < 2:
        return 0
    count = min(_FOLDS, len(corrected))
    right = 0
    for fold in range(count):
        others = [example for at, example in enumerate(corrected) if at % count != fold]
        right += _right(table, _shifts(table, name, others, cost, kept), name, corrected[fold::count])
    return right


def _right(table: Table, lessons: Lessons, name: str, examples: Sequence[Example]) -> int:
    reached = ((_margins(table, lessons, name, example.message), example.labels[name]) for example in examples)
    return sum(max(margins, key=lambda label: margins[label]) == right for margins, right in reached)


def _margins(table: Table, lessons: Lessons, name: str, message: Message) -> dict[str, float]:
    at = next(at for at, field in enumerate(table.fields) if field.name == name)
    return scores.margins(table, message, lessons)[at]


def _shifts(table: Table, name: str, corrected: Sequence[Example], cost: float, kept: Set[str]) -> Lessons:
    telling = [scores.telling(table, example.message) for example in corrected]
    rows = [{piece: share for piece, share in pieces.items() if piece in kept} for pieces in telling]
    # by how much each class leads before the best other one, as a share of `_LEAD`
    reached = [_margins(table, scores.NOTHING, name, example.message) for example in corrected]
    starts = [
        {
            label: (value - max(other for of, other in margins.items() if of != label)) / _LEAD
            for label, value in margins.items()
        }
        for margins in reached
    ]
    shifts: dict[str, dict[str, float]] = {}
    for label in starts[0]:
        truths = [example.labels[name] == label for example in corrected]
        moved = shift(rows, truths, [start[label] for start in starts], cost)
        for piece, weight in moved.items():
            shifts.setdefault(piece, {})[f"{name}:{label}"] = round(weight * _LEAD, 4)
    return shifts


# --- Linear ----------------------------------------------------------------------------------------------------------
# Dual coordinate descent (Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, algorithm 1, L2 loss) in a seeded order: the
# same examples give the same shifts on any machine.

_ROUNDS = 25
_STEP = 0.01  # training stops when the largest change of a round is below this


def shift(
    rows: Sequence[Mapping[str, float]], truths: Sequence[bool], starts: Sequence[float], cost: float
) -> dict[str, float]:
    """Return what to add to the weights of one class with margins `starts`, so that these examples match `truths`.

    The bias stays: messages without a common feature do not move.
    """
    names = {name: at for at, name in enumerate(sorted({name for row in rows for name in row}))}
    weights = [0.0] * max(1, len(names))
    places = [[*map(names.__getitem__, row)] for row in rows]
    values = [[*row.values()] for row in rows]
    # two extra places, since itemgetter returns no tuple for a single one
    picked = [itemgetter(*of, 0, 0) for of in places]
    softness = 1 / (2 * cost)
    squares = [sum(map(mul, row, row)) + softness for row in values]
    alphas = [0.0] * len(rows)
    order = list(range(len(rows)))
    shuffle = random.Random(1).shuffle  # noqa: S311  # an order, no secret
    for _ in range(_ROUNDS):
        shuffle(order)
        largest = 0.0
        for at in order:
            sign = 1.0 if truths[at] else -1.0
            reach = starts[at] + sum(map(mul, values[at], picked[at](weights)))
            gradient = sign * reach - 1 + alphas[at] * softness
            alpha = max(0.0, alphas[at] - gradient / squares[at])
            if move := alpha - alphas[at]:
                largest = max(largest, abs(move))
                alphas[at] = alpha
                for place, value in zip(places[at], values[at], strict=True):
                    weights[place] += sign * move * value
        if largest < _STEP:
            break
    return {name: weights[at] for name, at in names.items() if weights[at]}
