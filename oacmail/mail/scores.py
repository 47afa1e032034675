"""How likely each kind, topic, level and intent is, and which words made the likeliest so.

Decides by a table that bench/train_understanding.py has learned (understanding.json: weights as small numbers, no
code). Computes what core/classify.py weighs against its rules; takes no verdict itself. A letter's pieces are
looked up once for all four questions: a piece's weights lie in the lanes of one number, so that a letter is one
sum. Of the words only those are named that stand in the table, where no word of one letter alone ever stands.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from oacmail.core.model import Message
from oacmail.mail import linear, signals

SCALE = 40  # pieces' weights are kept as 1/40ths
MOST = 127  # and no larger than this, either way
_LANE = 32
_MASK = 2**_LANE - 1
_NAMED = 4  # words and signals named for a question
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


def scores(message: Message, table: Table | None = None) -> dict[str, float]:
    """ "score:<field>:<class>" -> probability; "why:<field>:<class>:<word or signal>" -> its part, for the likeliest;
    "cue:<name>" and "mark:<name>" -> 1 for each cue and each mark of a machine that holds."""
    table = table or shipped()
    said = signals.signals(message)
    known = sorted(signals.pieces(message) & table.pieces.keys())
    found = {name: 1.0 for name in said if name.startswith(("cue:", "mark:"))}
    for field, reach in zip(table.fields, _margins(table, known, said), strict=True):
        likely = linear.probabilities(reach, field.temperature)
        found |= {f"score:{field.name}:{name}": round(value, 4) for name, value in likely.items()}
        best = max(likely, key=lambda name: likely[name])
        found |= {f"why:{field.name}:{best}:{what}": part for what, part in _why(table, field, best, known, said)}
    return found


def margins(table: Table, message: Message) -> list[dict[str, float]]:
    """A field's margins of each class, in the order of the table's fields."""
    return list(_margins(table, sorted(signals.pieces(message) & table.pieces.keys()), signals.signals(message)))


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
    return of(json.loads(files("oacmail.mail").joinpath("understanding.json").read_text(encoding="utf-8")))


def _packed(row: list[int]) -> int:
    return int.from_bytes(b"".join((weight + MOST).to_bytes(_LANE // 8, "little") for weight in row), "little")


def _margins(table: Table, known: list[str], said: Mapping[str, float]) -> Iterator[dict[str, float]]:
    total = sum(table.pieces[piece] for piece in known)
    share = 1 / (SCALE * math.sqrt(len(known) or 1))
    for field in table.fields:
        rows = [(field.signals[linear.BIAS], 1.0)]
        rows += [(field.signals[name], value) for name, value in said.items() if name in field.signals]
        yield {
            name: ((total >> _LANE * (field.lane + at) & _MASK) - MOST * len(known)) * share
            + sum(row[at] * value for row, value in rows)
            for at, name in enumerate(field.classes)
        }


def _why(table: Table, field: Field, best: str, known: list[str], said: Mapping[str, float]) -> list[tuple[str, float]]:
    """What spoke loudest for `best`: whole words and pairs, signals; the beginnings of words speak through them."""
    at = field.classes.index(best)
    shift = _LANE * (field.lane + at)
    share = 1 / (SCALE * math.sqrt(len(known) or 1))
    parts = {
        piece: ((table.pieces[piece] >> shift & _MASK) - MOST) * share for piece in known if piece[-1] not in "*?!."
    }
    parts |= {name: field.signals[name][at] * value for name, value in said.items() if name in field.signals}
    loud = sorted((-part, name) for name, part in parts.items() if part > _NOTICED)
    return [(name, round(-part, 3)) for part, name in loud[:_NAMED]]
