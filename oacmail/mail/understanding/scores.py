"""How likely each kind, topic, level and intent is, and which words made the likeliest so.

Decides by a table that bench/train_understanding.py has learned (understanding.json: weights as small numbers, no
code). Computes what core/routing/classification.py weighs against its rules; takes no verdict itself. A message's
pieces are looked up once for all four questions: a piece's weights lie in the lanes of one number, so that a message is
one sum. Of the words only those are named that stand in the table, where no word of one message alone ever stands.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from oacmail.core.model import Message
from oacmail.mail.understanding import features, linear, ngrams, signals

SCALE = 40  # pieces' weights are kept as 1/40ths
MOST = 127  # and no larger than this, either way
_LANE = 32
_MASK = 2**_LANE - 1
_TELLING = 4  # messages that a word must have to carry a lesson: "que" and "the" stand in every message
_OLD_WORD = 0.4  # the share of a word that the shipped table knows beside one that is new to it
_STEM = 6  # messages of the beginning of a word that carries one
_NAMED = (
    12  # words and signals named for a question, before mail/understanding/evidence.py leaves out what nobody can read
)
_NOTICED = 0.04  # the least share of a margin that is worth a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question: its classes, the lane of the first, the temperature, and a row of weights a signal and bias."""

    name: str
    classes: tuple[str, ...]
    lane: int
    temperature: float
    signals: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`pieces`: piece -> its weights for every class of every field, each plus MOST, a lane a class."""

    fields: tuple[Field, ...]
    pieces: Mapping[str, int]


Lessons = Mapping[str, Mapping[str, float]]
"""piece -> "<field>:<class>" -> what the house's corrections add to its weight (mail/understanding/lessons.py)."""
NOTHING: Lessons = MappingProxyType({})
_NONE: Mapping[str, float] = MappingProxyType({})


def scores(message: Message, table: Table | None = None, lessons: Lessons = NOTHING) -> dict[str, float]:
    """ "score:<field>:<class>" -> probability; "why:<field>:<class>:<word or signal>" -> its part, for the likeliest;
    "cue:<name>" -> 1 for each cue, "mark:<name>" -> its worth for each mark of a machine that holds."""
    table = table or shipped()
    said = signals.signals(message)
    known = sorted(signals.pieces(message) & table.pieces.keys())
    found = {name: 1.0 for name in said if name.startswith("cue:")}
    found |= {name: worth for name, worth in said.items() if name.startswith("mark:")}
    learned = _learned(table, message, lessons)
    said_whole = {piece: table.pieces[piece] for piece in known if piece[-1] not in "*?!."}
    share = _share(known)
    for field, reach in zip(table.fields, _margins(table, known, said, learned), strict=True):
        likely = linear.probabilities(reach, field.temperature)
        found |= {f"score:{field.name}:{name}": round(value, 4) for name, value in likely.items()}
        best = max(likely, key=lambda name: likely[name])
        found |= {
            f"why:{field.name}:{best}:{what}": part
            for what, part in _why(field, best, said_whole, share, said, learned)
        }
    return found


def margins(table: Table, message: Message, lessons: Lessons = NOTHING) -> list[dict[str, float]]:
    """A field's margins of each class, in the order of the table's fields."""
    known = sorted(signals.pieces(message) & table.pieces.keys())
    return list(_margins(table, known, signals.signals(message), _learned(table, message, lessons)))


def telling(table: Table, message: Message) -> dict[str, float]:
    """The pieces of a message that can carry a lesson, none of them short, with their shares: new words most, then what
    the table knows already."""
    new = small_words(f"{message.subject} {message.fresh}")
    pieces = sorted({*new, *filter(_tells, signals.pieces(message) & table.pieces.keys())})
    shares = {piece: _OLD_WORD if piece in table.pieces else 1.0 for piece in pieces}
    length = math.sqrt(sum(share * share for share in shares.values()))
    return {piece: share / length for piece, share in shares.items()}


def small_words(text: str) -> set[str]:
    """The words of a text, and their beginnings, that can carry a lesson though the table does not know them: those
    written in small messages, as people do not write names."""
    small = " ".join(word for word in text.split() if not word[:1].isupper())
    return {piece for piece in ngrams.pieces(ngrams.tokens(features.fold(small))) if " " not in piece and _tells(piece)}


def _tells(piece: str) -> bool:
    if piece[-1] == "*":
        return len(piece) > _STEM
    return all(len(word) >= _TELLING for word in piece.split())


def _learned(table: Table, message: Message, lessons: Lessons) -> dict[str, dict[str, float]]:
    """ "<field>:<class>" -> piece -> what the lessons add to the margin."""
    if not lessons:
        return {}
    added: dict[str, dict[str, float]] = {}
    for piece, share in telling(table, message).items():
        for name, weight in lessons.get(piece, _NONE).items():
            added.setdefault(name, {})[piece] = weight * share
    return added


def of(content: Mapping[str, Any]) -> Table:
    """The table out of its JSON content: {"fields": [...], "pieces": {piece: [weights]}}."""
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
    return of(
        json.loads(files("oacmail.mail.understanding").joinpath("understanding.json").read_text(encoding="utf-8"))
    )


def _packed(row: list[int]) -> int:
    return int.from_bytes(b"".join((weight + MOST).to_bytes(_LANE // 8, "little") for weight in row), "little")


def _margins(
    table: Table, known: list[str], said: Mapping[str, float], learned: Mapping[str, Mapping[str, float]]
) -> Iterator[dict[str, float]]:
    total = sum(table.pieces[piece] for piece in known)
    share = _share(known)
    for field in table.fields:
        rows = [(field.signals[linear.BIAS], 1.0)]
        rows += [(field.signals[name], value) for name, value in said.items() if name in field.signals]
        yield {
            name: ((total >> _LANE * (field.lane + at) & _MASK) - MOST * len(known)) * share
            + sum(row[at] * value for row, value in rows)
            + sum(learned.get(f"{field.name}:{name}", _NONE).values())
            for at, name in enumerate(field.classes)
        }


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
    """What spoke loudest for `best`: whole words and pairs, signals; the beginnings of words speak through them."""
    at = field.classes.index(best)
    shift = _LANE * (field.lane + at)
    parts = {piece: ((weights >> shift & _MASK) - MOST) * share for piece, weights in pieces.items()}
    parts |= {name: field.signals[name][at] * value for name, value in said.items() if name in field.signals}
    for piece, added in learned.get(f"{field.name}:{best}", _NONE).items():
        parts[piece] = parts.get(piece, 0.0) + added
    loud = sorted((-part, name) for name, part in parts.items() if part > _NOTICED)
    return [(name, round(-part, 3)) for part, name in loud[:_NAMED]]
