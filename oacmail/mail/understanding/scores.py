"""Calculate how likely each kind, topic, level and intent is, and which words made the likeliest so.

The table comes from bench/train_understanding.py (understanding.json: weights as small numbers, no code).
core/routing/classification.py weighs the result against its rules; this module takes no verdict. The pieces of a
message are looked up once for all four questions: the weights of a piece are lanes of one number, so that one sum
scores a message. Only words in the table are named, and no word from a single message is ever in it.
"""

import json
import math
import struct
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from oacmail.core.features import WORDED, Evidence, Features
from oacmail.core.model import Auto, Message
from oacmail.mail.understanding import features, linear, ngrams
from oacmail.mail.understanding.circumstances import OF_TEXT, circumstances

MOST = 127  # the largest stored absolute step; a weight is its square, so that small weights are as exact as large ones
_ZERO = MOST * MOST  # added to each weight, so that no lane is negative
_WEIGHTS = tuple((step - MOST) * abs(step - MOST) + _ZERO for step in range(2 * MOST + 1))
_LANE = 32  # bits: "I" of struct
_MASK = 2**_LANE - 1
OWN_TOWN = "owntown"  # stands for the office's town, whatever its name
_TELLING = 4  # letters that a word needs to carry a lesson: "que" and "the" occur in every message
_OLD_WORD = 0.4  # the share of a word in the shipped table, relative to a new word
_STEM = 6  # letters of a word beginning that can carry one
_NAMED = 12  # words named for each question, before mail/understanding/evidence.py removes unreadable ones
_NOTICED = 0.15  # the smallest part of a log-probability that is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question: its classes, the lane of the first, what one step of a piece's weight is worth, the bias of each
    class, and a row of weights for each circumstance."""

    name: str
    classes: tuple[str, ...]
    lane: int
    step: float
    bias: tuple[float, ...]
    facts: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`pieces`: piece -> its weights for every class of every field, each plus _ZERO, one lane for each class;
    `common`: words that tell nothing by themselves, and are never named."""

    fields: tuple[Field, ...]
    common: frozenset[str]
    pieces: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a message has of the table: its pieces there, the share of each, its circumstances."""

    known: Set[str]
    share: float
    facts: Sequence[str]


Lessons = Mapping[str, Mapping[str, float]]
"""piece -> "<field>:<class>" -> what staff corrections add to its weight (mail/understanding/lessons.py)."""
NOTHING: Lessons = MappingProxyType({})
_NONE: Mapping[str, float] = MappingProxyType({})


def words(message: Message) -> list[str]:
    """Return the words of subject and new text; "Re:" is left out, since being a reply says nothing about the content.
    A subject with the number of a case is ours: its words, "Hem rebut la vostra consulta", are those of a machine."""
    title, text = "" if message.tokens else features.title(message.subject), features.fold(message.fresh)
    if town := message.features.town:
        title, text = title.replace(town, OWN_TOWN), text.replace(town, OWN_TOWN)
    return [*ngrams.tokens(title), ".", *ngrams.tokens(text)]


def weigh(message: Message, table: Table | None = None, lessons: Lessons = NOTHING) -> Features:
    """Return the message's features with `scores`, and `evidence` whose words are the model's pieces."""
    table = table or shipped()
    read = _read(table, message)
    learned = _learned(table, message, lessons)
    whole = {piece: table.pieces[piece] for piece in read.known if _speaks(piece, table.common)}
    scored: dict[str, Mapping[str, float]] = {}
    spoken: list[Evidence] = []
    for field, reach in zip(table.fields, _margins(table, read, learned), strict=True):
        likely = linear.probabilities(reach)
        scored[field.name] = MappingProxyType({name: round(value, 4) for name, value in likely.items()})
        best = max(likely, key=lambda name: likely[name])
        spoken += (Evidence(field.name, best, *why) for why in _why(field, best, whole, read.share, learned))
    if message.auto is not Auto.NONE:
        of_text = [fact for fact in read.facts if fact.startswith(OF_TEXT)]
        worded = linear.probabilities(next(_margins(table, replace(read, facts=of_text), learned)))
        scored[WORDED] = MappingProxyType({name: round(value, 4) for name, value in worded.items()})
    return replace(message.features, scores=MappingProxyType(scored), evidence=tuple(spoken))


def margins(table: Table, message: Message, lessons: Lessons = NOTHING) -> list[dict[str, float]]:
    """Return the log-probability of each class, up to a constant, for each field in the order of the table."""
    return list(_margins(table, _read(table, message), _learned(table, message, lessons)))


def telling(table: Table, message: Message) -> dict[str, float]:
    """Return the pieces of a message that can carry a lesson, none of them short, with their shares: new words have the
    largest."""
    new = small_words(f"{message.subject} {message.fresh}")
    pieces = sorted({*new, *filter(_tells, ngrams.pieces(words(message)) & table.pieces.keys())})
    shares = {piece: _OLD_WORD if piece in table.pieces else 1.0 for piece in pieces}
    length = math.sqrt(sum(share * share for share in shares.values()))
    return {piece: share / length for piece, share in shares.items()}


def small_words(text: str) -> set[str]:
    """Return the words of a text, and their beginnings, that can carry a lesson though the table does not have them:
    only words in lower case, since names are capitalised."""
    small = " ".join(word for word in text.split() if not word[:1].isupper())
    return {piece for piece in ngrams.pieces(ngrams.tokens(features.fold(small))) if " " not in piece and _tells(piece)}


def _speaks(piece: str, common: Set[str]) -> bool:
    """Whether a piece may be named: a word, or a pair that ends with one, that tells something by itself."""
    return piece[-1] not in "*?!." and piece.rpartition(" ")[2] not in common


def _tells(piece: str) -> bool:
    if piece[-1] == "*":
        return len(piece) > _STEM
    return all(len(word) >= _TELLING for word in piece.split())


def _read(table: Table, message: Message) -> _Read:
    said = words(message)
    known = ngrams.pieces(said) & table.pieces.keys()
    return _Read(known=known, share=1 / math.sqrt(len(set(said))), facts=sorted(circumstances(message)))


def _learned(table: Table, message: Message, lessons: Lessons) -> dict[str, dict[str, float]]:
    """Return "<field>:<class>" -> piece -> what the lessons add to the margin."""
    if not lessons:
        return {}
    added: dict[str, dict[str, float]] = {}
    for piece, share in telling(table, message).items():
        for name, weight in lessons.get(piece, _NONE).items():
            added.setdefault(name, {})[piece] = weight * share
    return added


def table_from(content: Mapping[str, Any]) -> Table:
    """Build the table from its JSON content: {"fields": [...], "common": [...],
    "pieces": {piece: one byte for each weight, base64: MOST plus its step}}."""
    fields, lane = [], 0
    for raw in content["fields"]:
        fields.append(
            Field(
                name=raw["name"],
                classes=tuple(raw["classes"]),
                lane=lane,
                step=raw["step"],
                bias=tuple(raw["bias"]),
                facts={name: tuple(row) for name, row in raw["facts"].items()},
            )
        )
        lane += len(raw["classes"])
    lanes = struct.Struct(f"<{lane}I")
    pieces = {piece: _packed(row, lanes) for piece, row in content["pieces"].items()}
    return Table(fields=tuple(fields), common=frozenset(content["common"]), pieces=pieces)


@cache
def shipped() -> Table:
    return table_from(
        json.loads(files("oacmail.mail.understanding").joinpath("understanding.json").read_text(encoding="utf-8"))
    )


def _packed(row: str, lanes: struct.Struct) -> int:
    return int.from_bytes(lanes.pack(*(_WEIGHTS[step] for step in b64decode(row))), "little")


def _unpacked(total: int, table: Table) -> tuple[int, ...]:
    count = table.fields[-1].lane + len(table.fields[-1].classes)
    return struct.unpack(f"<{count}I", total.to_bytes(count * _LANE // 8, "little"))


def _margins(table: Table, read: _Read, learned: Mapping[str, Mapping[str, float]]) -> Iterator[dict[str, float]]:
    lanes = _unpacked(sum([table.pieces[piece] for piece in read.known]), table)
    least = _ZERO * len(read.known)
    for field in table.fields:
        reached = [*field.bias]
        for row in filter(None, map(field.facts.get, read.facts)) if field.facts else ():
            reached = [sum_ + weight for sum_, weight in zip(reached, row, strict=True)]
        worth = field.step * read.share
        margins = {
            name: (lanes[field.lane + at] - least) * worth + reached[at] for at, name in enumerate(field.classes)
        }
        for name in margins if learned else ():
            margins[name] += sum(learned.get(f"{field.name}:{name}", _NONE).values())
        yield margins


def _why(
    field: Field, best: str, pieces: Mapping[str, int], share: float, learned: Mapping[str, Mapping[str, float]]
) -> list[tuple[str, float]]:
    """Return the strongest evidence for `best`: whole words and pairs; word beginnings count through them."""
    shift = _LANE * (field.lane + field.classes.index(best))
    worth = field.step * share
    parts = {piece: ((weights >> shift & _MASK) - _ZERO) * worth for piece, weights in pieces.items()}
    for piece, added in learned.get(f"{field.name}:{best}", _NONE).items():
        parts[piece] = parts.get(piece, 0.0) + added
    loud = sorted((-part, name) for name, part in parts.items() if part > _NOTICED)
    return [(name, round(-part, 3)) for part, name in loud[:_NAMED]]
