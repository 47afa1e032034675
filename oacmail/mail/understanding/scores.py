"""Calculate how likely each kind, topic, level and intent is, and which words made the likeliest so.

The tables come from bench/train.py (weights.py: small numbers, no code). core/classification.py weighs the
result against its rules; this module takes no verdict. The pieces of a message are looked up once for all four
questions. Only words in the table are named, and no word from a single message is ever in it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from types import MappingProxyType

from oacmail.core.model import WORDED, Auto, Evidence, Features, Message
from oacmail.mail.understanding import features, linear, ngrams, weights
from oacmail.mail.understanding.circumstances import OF_TEXT, circumstances
from oacmail.mail.understanding.weights import Weights

ALWAYS = ""  # the name of a circumstance that every message has: its weights are the bias
OWN_TOWN = "owntown"  # stands for the office's town, whatever its name
_TELLING = 4  # letters that a word needs to carry a lesson: "que" and "the" occur in every message
_OLD_WORD = 0.4  # the share of a word in the shipped table, relative to a new word
_STEM = 6  # letters of a word beginning that can carry one
_NAMED = 12  # words named for each question, before mail/understanding/evidence.py removes unreadable ones
_NOTICED = 0.15  # the smallest part of a log-probability that is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question, its classes, and the column of the first one in both tables."""

    name: str
    classes: tuple[str, ...]
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`pieces` and `facts` (circumstances): a column for each class of every field; `common`: words that tell nothing
    by themselves, and are never named."""

    fields: tuple[Field, ...]
    common: Set[str]
    pieces: Weights
    facts: Weights


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
    whole = [piece for piece in read.known if _speaks(piece, table.common)]
    scored: dict[str, Mapping[str, float]] = {}
    spoken: list[Evidence] = []
    for field, reach in zip(table.fields, _margins(table, read, learned), strict=True):
        likely = linear.probabilities(reach)
        scored[field.name] = MappingProxyType({name: round(value, 4) for name, value in likely.items()})
        best = max(likely, key=lambda name: likely[name])
        column = field.column + field.classes.index(best)
        worth = table.pieces.worth[column] * read.share
        parts = {piece: table.pieces.step(piece, column) * worth for piece in whole}
        loud = _loudest(parts, learned.get(f"{field.name}:{best}", _NONE))
        spoken += (Evidence(field.name, best, *why) for why in loud)
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
    pieces = sorted({*new, *filter(_tells, ngrams.pieces(words(message)) & table.pieces.rows.keys())})
    shares = {piece: _OLD_WORD if piece in table.pieces.rows else 1.0 for piece in pieces}
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
    known = ngrams.pieces(said) & table.pieces.rows.keys()
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


def table_of(tables: Mapping[str, Weights]) -> Table:
    """Return the table for reading: its columns are named "<field>:<class>"."""
    pieces, fields = tables["pieces"], []
    columns = [name.partition(":") for name in pieces.columns]
    for name, of in groupby(range(len(columns)), lambda at: columns[at][0]):
        places = [*of]
        fields.append(Field(name=name, classes=tuple(columns[at][2] for at in places), column=places[0]))
    return Table(fields=tuple(fields), common=tables["common"].rows.keys(), pieces=pieces, facts=tables["facts"])


@cache
def shipped() -> Table:
    return table_of(weights.shipped())


def _margins(table: Table, read: _Read, learned: Mapping[str, Mapping[str, float]]) -> Iterator[dict[str, float]]:
    said, held = table.pieces.total(read.known), table.facts.total([ALWAYS, *read.facts])
    for field in table.fields:
        yield {
            name: said[at] * table.pieces.worth[at] * read.share
            + held[at] * table.facts.worth[at]
            + sum(learned.get(f"{field.name}:{name}", _NONE).values())
            for at, name in enumerate(field.classes, field.column)
        }


def _loudest(parts: dict[str, float], learned: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the strongest evidence: whole words and pairs; word beginnings count through them."""
    for piece, added in learned.items():
        parts[piece] = parts.get(piece, 0.0) + added
    loud = sorted((-part, name) for name, part in parts.items() if part > _NOTICED)
    return [(name, round(-part, 3)) for part, name in loud[:_NAMED]]
