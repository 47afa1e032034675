"""Calculate how likely each kind, topic, level and intent is, and which words made the likeliest so.

The table comes from bench/train_understanding.py (understanding.json: weights as small numbers, no code).
core/routing/classification.py weighs the result against its rules; this module takes no verdict. The pieces of a
message are looked up once for all four questions: the weights of a piece are lanes of one number, so that one sum
scores a message. Only words in the table are named, and no word from a single message is ever in it.
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from oacmail.core.features import Evidence, Features
from oacmail.core.model import Message
from oacmail.mail.understanding import features, linear, ngrams, signals

SCALE = 40  # weights of pieces are stored as 1/40ths
MOST = 127  # the largest stored absolute weight
_LANE = 32  # bits: "I" of struct
_MASK = 2**_LANE - 1
_TELLING = 4  # letters that a word needs to carry a lesson: "que" and "the" occur in every message
_OLD_WORD = 0.4  # the share of a word in the shipped table, relative to a new word
_STEM = 6  # letters of a word beginning that can carry one
_NAMED = 12  # words and signals named for each question, before mail/understanding/evidence.py removes unreadable ones
_NOTICED = 0.04  # the smallest share of a margin that is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question: its classes, the lane of the first, the temperature, and a row of weights for each signal and
    bias."""

    name: str
    classes: tuple[str, ...]
    lane: int
    temperature: float
    signals: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`pieces`: piece -> its weights for every class of every field, each plus MOST, one lane for each class."""

    fields: tuple[Field, ...]
    pieces: Mapping[str, int]


Lessons = Mapping[str, Mapping[str, float]]
"""piece -> "<field>:<class>" -> what staff corrections add to its weight (mail/understanding/lessons.py)."""
NOTHING: Lessons = MappingProxyType({})
_NONE: Mapping[str, float] = MappingProxyType({})


def weigh(message: Message, table: Table | None = None, lessons: Lessons = NOTHING) -> Features:
    """Return the message's features with `scores`, `cues`, `marks`, and `evidence` whose words are the model's pieces
    and signals."""
    table = table or shipped()
    said = signals.signals(message)
    known = sorted(signals.pieces(message) & table.pieces.keys())
    learned = _learned(table, message, lessons)
    said_whole = {piece: table.pieces[piece] for piece in known if piece[-1] not in "*?!."}
    share = _share(known)
    scored: dict[str, Mapping[str, float]] = {}
    spoken: list[Evidence] = []
    for field, reach in zip(table.fields, _margins(table, known, said, learned), strict=True):
        likely = linear.probabilities(reach, field.temperature)
        scored[field.name] = MappingProxyType({name: round(value, 4) for name, value in likely.items()})
        best = max(likely, key=lambda name: likely[name])
        why = _why(field, best, said_whole, share, said, learned)
        spoken += (Evidence(field.name, best, what, part) for what, part in why)
    return replace(
        message.features,
        scores=MappingProxyType(scored),
        cues=frozenset(_named(said, "cue:")),
        marks=MappingProxyType(_named(said, "mark:")),
        evidence=tuple(spoken),
    )


def _named(said: Mapping[str, float], head: str) -> dict[str, float]:
    return {name.removeprefix(head): value for name, value in said.items() if name.startswith(head)}


def margins(table: Table, message: Message, lessons: Lessons = NOTHING) -> list[dict[str, float]]:
    """Return the margins of each class, for each field in the order of the table."""
    known = sorted(signals.pieces(message) & table.pieces.keys())
    return list(_margins(table, known, signals.signals(message), _learned(table, message, lessons)))


def telling(table: Table, message: Message) -> dict[str, float]:
    """Return the pieces of a message that can carry a lesson, none of them short, with their shares: new words have the
    largest."""
    new = small_words(f"{message.subject} {message.fresh}")
    pieces = sorted({*new, *filter(_tells, signals.pieces(message) & table.pieces.keys())})
    shares = {piece: _OLD_WORD if piece in table.pieces else 1.0 for piece in pieces}
    length = math.sqrt(sum(share * share for share in shares.values()))
    return {piece: share / length for piece, share in shares.items()}


def small_words(text: str) -> set[str]:
    """Return the words of a text, and their beginnings, that can carry a lesson though the table does not have them:
    only words in lower case, since names are capitalised."""
    small = " ".join(word for word in text.split() if not word[:1].isupper())
    return {piece for piece in ngrams.pieces(ngrams.tokens(features.fold(small))) if " " not in piece and _tells(piece)}


def _tells(piece: str) -> bool:
    if piece[-1] == "*":
        return len(piece) > _STEM
    return all(len(word) >= _TELLING for word in piece.split())


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
    """Build the table from its JSON content: {"fields": [...], "pieces": {piece: [weights]}}."""
    fields, lane = [], 0
    for raw in content["fields"]:
        rows = {name: tuple(row) for name, row in raw["signals"].items()}
        fields.append(
            Field(
                name=raw["name"],
                classes=tuple(raw["classes"]),
                lane=lane,
                temperature=raw["temperature"],
                signals=rows,
            )
        )
        lane += len(raw["classes"])
    return Table(fields=tuple(fields), pieces={piece: _packed(row) for piece, row in content["pieces"].items()})


@cache
def shipped() -> Table:
    return table_from(
        json.loads(files("oacmail.mail.understanding").joinpath("understanding.json").read_text(encoding="utf-8"))
    )


def _packed(row: list[int]) -> int:
    return int.from_bytes(struct.pack(f"<{len(row)}I", *[weight + MOST for weight in row]), "little")


def _unpacked(total: int, table: Table) -> tuple[int, ...]:
    count = table.fields[-1].lane + len(table.fields[-1].classes)
    return struct.unpack(f"<{count}I", total.to_bytes(count * _LANE // 8, "little"))


def _margins(
    table: Table, known: list[str], said: Mapping[str, float], learned: Mapping[str, Mapping[str, float]]
) -> Iterator[dict[str, float]]:
    lanes = _unpacked(sum([table.pieces[piece] for piece in known]), table)
    share, least = _share(known), MOST * len(known)
    for field in table.fields:
        reached = [*field.signals[linear.BIAS]]
        for name, value in said.items():
            if (row := field.signals.get(name)) is not None:
                reached = [sum_ + weight * value for sum_, weight in zip(reached, row, strict=True)]
        margins = {
            name: (lanes[field.lane + at] - least) * share + reached[at] for at, name in enumerate(field.classes)
        }
        for name in margins if learned else ():
            margins[name] += sum(learned.get(f"{field.name}:{name}", _NONE).values())
        yield margins


def _share(known: list[str]) -> float:
    return 1 / (SCALE * math.sqrt(len(known) or 1))


def _why(
    field: Field,
    best: str,
    pieces: Mapping[str, int],
    share: float,
    said: Mapping[str, float],
    learned: Mapping[str, Mapping[str, float]],
) -> list[tuple[str, float]]:
    """Return the strongest evidence for `best`: whole words, pairs and signals; word beginnings count through them."""
    at = field.classes.index(best)
    shift = _LANE * (field.lane + at)
    parts = {piece: ((weights >> shift & _MASK) - MOST) * share for piece, weights in pieces.items()}
    parts |= {name: field.signals[name][at] * value for name, value in said.items() if name in field.signals}
    for piece, added in learned.get(f"{field.name}:{best}", _NONE).items():
        parts[piece] = parts.get(piece, 0.0) + added
    loud = sorted((-part, name) for name, part in parts.items() if part > _NOTICED)
    return [(name, round(-part, 3)) for part, name in loud[:_NAMED]]
