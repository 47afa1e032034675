"""What the learned weights say of a message: the file they lie in, pieces of words, circumstances, language, and the
margins.

No score alone decides anything; core/classification.py judges them.
"""

import math
import random
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, groupby, pairwise
from operator import itemgetter, mul
from types import MappingProxyType

from oacmail.core.errors import Fatal
from oacmail.core.model import WORDED, Auto, Evidence, Features, Message
from oacmail.mail.understanding import features

# --- Ngrams ----------------------------------------------------------------------------------------------------------
#
# Split a text into the pieces that the model weighs: words, pairs of words, and word beginnings.
#
# Text is folded (features.fold), so that accents, l·l and capitals make no difference. All digits are equal, so that
# no telephone or file number becomes a piece. Beginnings (four and six letters) stand for the stems of Catalan and
# Spanish verbs and connect the two languages.


_TOKEN = re.compile(r"[a-z]+|\d+|[?!€@]")
_STEMS = (4, 6)


def word_tokens(folded: str) -> list[str]:
    return ["0" if token.isdigit() else token for token in _TOKEN.findall(folded)]


def word_pieces(words: list[str]) -> set[str]:
    """ "word", "word next", "begi*"."""
    found = set(words)
    found.update(map(" ".join, pairwise(words)))
    for length in _STEMS:
        found.update([word[:length] + "*" for word in words if len(word) > length])
    return found


# --- Linear ----------------------------------------------------------------------------------------------------------
#
# Move the weights of a linear model so that corrected examples get their class: squared hinge loss from given margins.
#
# This module calculates shifts; the caller decides what an example contains. The algorithm is dual coordinate descent
# (Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, algorithm 1, L2 loss) in a seeded order: the same examples give the
# same shifts on any machine.


Row = Mapping[str, float]
LinearWeights = dict[str, float]

_ROUNDS = 25
_STEP = 0.01  # training stops when the largest change of a round is below this


def shift(rows: Sequence[Row], truths: Sequence[bool], starts: Sequence[float], cost: float) -> LinearWeights:
    """Return what to add to the weights of one class with margins `starts`, so that these examples match `truths`.

    The bias stays: messages without a common feature do not move.
    """
    return _one(rows, truths, starts, (cost, cost))


def probabilities(reached: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities whose logarithms, up to a constant, are `reached`."""
    top = max(reached.values())
    raised = {name: math.exp(margin - top) for name, margin in reached.items()}
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


def _one(
    rows: Sequence[Row], truths: Sequence[bool], starts: Sequence[float], costs: tuple[float, float]
) -> LinearWeights:
    names = {name: at for at, name in enumerate(sorted({name for row in rows for name in row}))}
    weights = [0.0] * max(1, len(names))
    places = [[*map(names.__getitem__, row)] for row in rows]
    values = [[*row.values()] for row in rows]
    # two extra places, since itemgetter returns no tuple for a single one
    picked = [itemgetter(*of, 0, 0) for of in places]
    softness = [1 / (2 * costs[0 if truth else 1]) for truth in truths]
    squares = [sum(map(mul, of, of)) + soft for of, soft in zip(values, softness, strict=True)]
    alphas = [0.0] * len(rows)
    order = list(range(len(rows)))
    shuffle = random.Random(1).shuffle  # noqa: S311  # an order, no secret
    for _ in range(_ROUNDS):
        shuffle(order)
        largest = 0.0
        for at in order:
            sign = 1.0 if truths[at] else -1.0
            reach = starts[at] + sum(map(mul, values[at], picked[at](weights)))
            gradient = sign * reach - 1 + alphas[at] * softness[at]
            alpha = max(0.0, alphas[at] - gradient / squares[at])
            if move := alpha - alphas[at]:
                largest = max(largest, abs(move))
                alphas[at] = alpha
                for place, value in zip(places[at], values[at], strict=True):
                    weights[place] += sign * move * value
        if largest < _STEP:
            break
    return {name: weights[at] for name, at in names.items() if weights[at]}


# --- Weights ---------------------------------------------------------------------------------------------------------
#
# Read and write weights.bin: the tables of small numbers that read a text (scores.py) and its language (lang.py).
#
# Everything is little endian. The file is
#
#     8 bytes    the magic b"OACMAILW"
#     u16        the version of this format: 1
#     u32, u32   the length and the CRC-32 of what follows once it is unpacked
#     ...        a zlib stream
#
# and holds one table after another, each as
#
#     u32        the length of the text     UTF-8      a line with the names of the table and of its columns, parted by
# tabs; then a line for each row, in the                order of their names: how many characters it shares with the
# row above (a character, 32 added), the rest     f32        what one step is worth, for each column     u8         the
# cells, row after row: steps from -128 to 127, 128 added
#
# bench/train.py writes the file; the same tables are the same bytes. A file that is cut, damaged or of another version
# raises Fatal, since a service that cannot read a text must not start.


NAME = "weights.bin"
_MAGIC, _VERSION = b"OACMAILW", 1
_FILE = struct.Struct("<8sHII")
_LENGTH = struct.Struct("<I")
_ZERO = 128
_NONE_SHARED, _MOST_SHARED = 32, 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """`rows`: the number of each row by its name; `worth`: of one step, for each column; `cells`: as in the file."""

    columns: tuple[str, ...]
    rows: Mapping[str, int]
    worth: tuple[float, ...]
    cells: bytes

    def total(self, names: Iterable[str]) -> list[int]:
        """Return the steps of these rows, added up for each column; a name that has no row adds nothing.

        Whole numbers: in any order the same sum.
        """
        width = len(self.columns)
        places = [width * row for row in map(self.rows.get, names) if row is not None]
        found = [self.cells[place : place + width] for place in places]
        least = _ZERO * len(places)
        return [total - least for total in map(sum, zip(*found, strict=True))] or [0] * width

    def step(self, name: str, column: int) -> int:
        return self.cells[self.rows[name] * len(self.columns) + column] - _ZERO


def weights_of(columns: Iterable[str], worth: Iterable[float], rows: Mapping[str, Iterable[int]]) -> Weights:
    """Return the table of these rows, in the order of their names."""
    names = sorted(rows)
    cells = bytes(step + _ZERO for name in names for step in rows[name])
    numbers = {name: number for number, name in enumerate(names)}
    exact = struct.Struct(f"<{len(worth := [*worth])}f")
    return Weights(columns=tuple(columns), rows=numbers, worth=exact.unpack(exact.pack(*worth)), cells=cells)


@cache
def shipped_weights() -> Mapping[str, Weights]:
    """Return the tables of the installed program by their names. Raises Fatal."""
    return unpacked(files("oacmail.mail.understanding").joinpath(NAME).read_bytes())


def unpacked(content: bytes) -> dict[str, Weights]:
    """Return the tables of a file by their names. Raises Fatal."""
    if content[:8] != _MAGIC or len(content) < _FILE.size:
        raise _unusable("is no file of weights, or cut")
    _, version, length, checksum = _FILE.unpack_from(content)
    if version != _VERSION:
        raise _unusable(f"has version {version}, and this program reads version {_VERSION}")
    try:
        body = zlib.decompress(content[_FILE.size :])
    except zlib.error:
        raise _unusable("is cut or damaged") from None
    if (len(body), zlib.crc32(body)) != (length, checksum):
        raise _unusable("is damaged")
    tables, at = {}, 0
    while at < length:
        name, tables[name], at = _table(body, at)
    return tables


def packed(tables: Mapping[str, Weights]) -> bytes:
    """Return the file that holds these tables."""
    body = b"".join(_packed(name, table) for name, table in tables.items())
    return _FILE.pack(_MAGIC, _VERSION, len(body), zlib.crc32(body)) + zlib.compress(body, 9)


def _unusable(why: str) -> Fatal:
    return Fatal(f"{NAME}, the weights that read a message, {why}: install oacmail again")


def _table(body: bytes, at: int) -> tuple[str, Weights, int]:
    """Return the name of the table at this place, the table, and where it ends."""
    (length,) = _LENGTH.unpack_from(body, at)
    at += _LENGTH.size
    head, *lines = body[at : at + length].decode().split("\n")
    at += length
    name, *columns = head.split("\t")
    worth = struct.unpack_from(f"<{len(columns)}f", body, at)
    at += 4 * len(columns)
    end = at + len(lines) * len(columns)
    rows, row = {}, ""
    for number, line in enumerate(lines):
        row = row[: ord(line[0]) - _NONE_SHARED] + line[1:]
        rows[row] = number
    return name, Weights(columns=tuple(columns), rows=rows, worth=worth, cells=body[at:end]), end


def _packed(name: str, table: Weights) -> bytes:
    lines, above = ["\t".join((name, *table.columns))], ""
    for row in table.rows:
        shared = next(at for at in range(min(len(above), _MOST_SHARED), -1, -1) if row.startswith(above[:at]))
        lines.append(chr(_NONE_SHARED + shared) + row[shared:])
        above = row
    text = "\n".join(lines).encode()
    return _LENGTH.pack(len(text)) + text + struct.pack(f"<{len(table.worth)}f", *table.worth) + table.cells


# --- Circumstances ---------------------------------------------------------------------------------------------------
#
# Name the circumstances of a message: header fields, sender's words, shape, files, and what its text does.
#
# Nothing is decided here: each circumstance holds or not, and the model (`weigh`) has learned what it weighs for the
# kind, and those of the text also for the intent. Words of the text are pieces (`word_pieces`), not circumstances.


OF_TEXT = "text:"  # begins the names of what the text does, which no header field tells
_MANY = 3  # recipients
_TINY, _BRIEF, _SHORT, _LONG = 5, 12, 25, 60  # words
_WORD = re.compile(r"[a-z]{2,}")
_NAME = re.compile(r"[a-z]{3,}")
_DIGIT = re.compile(r"\d")
_FIRM = re.compile(
    r"no-?re|info|contact|atenci|sup+ort|soporte|hello|hola|ventas|comercial|news|notif|avis|alert|admin|marketing"
    r"|billing|service|servei|butllet|bolet|promo|sistema|system|robot|bot|auto|mailer|notice|recordat"
)


def circumstances(message: Message) -> frozenset[str]:
    """Return the names of all that hold: "auto:bulk", "field:list-id", "@news" (a word of the sender's name at his
    host), "@.example" (a word of the host), "text:thanks" (it has a word of thanks) …"""
    parts = (
        _of_fields(message),
        _of_text(message),
        _of_deeds(message),
        _of_manner(message),
        _of_sender(message.sender),
    )
    return frozenset(chain.from_iterable(parts))


def _of_fields(message: Message) -> Iterator[str]:
    yield f"auto:{message.auto}"
    yield from (f"field:{reason.partition(':')[0]}" for reason in message.reasons)
    held = {
        "machine": message.auto is not Auto.NONE,
        "report": message.delivery_status is not None,
        "in a thread": bool(message.refs),
        "many receive it": len(message.to) + len(message.cc) > _MANY,
        "answers go elsewhere": message.reply_to not in ("", message.sender),
        "calendar": any(part.mime == "text/calendar" or part.name.endswith(".ics") for part in message.attachments),
    }
    yield from (name for name, holds in held.items() if holds)


def _of_text(message: Message) -> Iterator[str]:
    found = message.features
    yield from (f"form:{name}" for name in found.form_fields)
    held = {
        "form:subject": found.subject_form,
        f"subject:{found.subject_says}": found.subject_says != "",
        "asks": "?" in message.fresh,
    }
    yield from (name for name, holds in held.items() if holds)


def _of_deeds(message: Message) -> Iterator[str]:
    """What the text does: it asks, ends a matter, goes on, gives a telephone."""
    found, brief = message.features, len(message.fresh.split()) <= _SHORT
    asks, closes, on, call = found.asks or message.questions, found.closes, found.goes_on, found.callback
    held = {
        "asks": asks,
        "question": message.questions,
        "closes": closes,
        "goes on": on,
        "closes and goes on": closes and on,
        "closes and does not go on": closes and not on,
        "closes and does not ask": closes and not asks,
        "brief and closes": closes and not on and brief,
        "brief and does not close": not closes and brief,
        "telephone": bool(call and call.phone),
        "time to call": call is not None and bool(call.phone) and (call.slot != "any" or call.outside),
    }
    yield from (OF_TEXT + name for name, holds in held.items() if holds)


def _of_manner(message: Message) -> Iterator[str]:
    """How the text is written: how long, by whom it is signed, with digits, files, a quote of ours."""
    found, length = message.features, len(message.fresh.split())
    text, name = features.fold(message.fresh), features.fold(message.name)
    held = {
        "signs": any(word in text for word in _NAME.findall(name)),
        "sender of a firm": _FIRM.match(message.sender) is not None,
        "answers": features.is_answer(message.subject),
        "quotes us": message.quotes_us,
        "calls out": "!" in message.fresh,
        "digits": _DIGIT.search(message.fresh) is not None,
        "tiny": length <= _TINY,
        "brief": length <= _BRIEF,
        "brief and asks": length <= _BRIEF and (found.asks or message.questions),
        "short": length <= _SHORT,
        "long": length > _LONG,
        "files": bool(message.attachments) or found.names_attachment,
    }
    yield from (OF_TEXT + name for name, holds in held.items() if holds)


def _of_sender(address: str) -> Iterator[str]:
    name, _, host = address.partition("@")
    yield from (f"@{word}" for word in _WORD.findall(name))
    yield from (f"@.{word}" for word in _WORD.findall(host))


# --- Lang ------------------------------------------------------------------------------------------------------------
#
# Detect the language of a message: ca, es, en, fr, or other. bench/train_lang.py learns and measures it.
#
# The result comes from a table of words and letter triples (naive Bayes, weights.bin) over the languages we answer in
# and their neighbours; another script is another language. Text that is too short counts as the office's first
# language. No header is read: the language of a mail program is not that of its user.


NAMES = ("ca", "es", "en", "fr", "it", "pt", "gl", "de", "nl", "ro", "pl", "eu", "oc")
ANSWERED = ("ca", "es", "en", "fr")

_LONGEST = 600  # characters; more add no information
_NOISE = re.compile(r"@|://|www\.|\d")  # in a word: addresses and numbers have no language
_LATIN_WORD = re.compile(r"[^\W\d_]+(?:['·][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zà-ɏ]")
_FOREIGN = re.compile(r"(?![a-zà-ɏ])[^\W\d_]")
_ENOUGH = re.compile(r"(?:[a-z][^a-z]*){4}")  # letters: "ok" exists in every language
# The prior of each language: how many messages use it, in tenths of a natural logarithm.
_PRIOR = {"ca": 0, "es": -8, "en": -40, "fr": -60}
_RARE = -90


def detect_language(text: str, unknown: str = NAMES[0], table: Weights | None = None) -> str:
    """Return the language of `text`: "ca", "es", "en", "fr" or "other"; `unknown` if it cannot be detected."""
    text = " ".join([word for word in text[:_LONGEST].split() if not _NOISE.search(word)]).lower().replace("’", "'")
    if text.isascii() and not _ENOUGH.search(text):
        return unknown
    foreign = len(_FOREIGN.findall(text))
    if foreign and foreign > len(_LATIN.findall(text)):
        return "other"
    words = _LATIN_WORD.findall(text)
    scored = map(_cached, words) if table is None else (table.total(_pieces(word)) for word in words)
    scores = [*map(sum, zip(*scored, strict=True))] or [0] * len(NAMES)
    best = max(range(len(NAMES)), key=lambda place: scores[place] + _PRIOR.get(NAMES[place], _RARE))
    return NAMES[best] if NAMES[best] in ANSWERED else "other"


def language_pieces(text: str) -> Iterator[str]:
    """Yield words ("=word") and letter triples with the word's ends marked."""
    for word in _LATIN_WORD.findall(text.lower().replace("’", "'")):
        yield from _pieces(word)


def _pieces(word: str) -> Iterator[str]:
    yield "=" + word
    marked = f" {word} "
    for place in range(len(marked) - 2):
        yield marked[place : place + 3]


@lru_cache(maxsize=8192)  # a few words are frequent: the cache halves the work
def _cached(word: str) -> list[int]:
    return shipped_weights()["language"].total(_pieces(word))


# --- Scores ----------------------------------------------------------------------------------------------------------
#
# Calculate how likely each kind, topic, level and intent is, and which words made the likeliest so.
#
# The tables come from bench/train.py (weights.py: small numbers, no code). core/classification.py weighs the
# result against its rules; this module takes no verdict. The pieces of a message are looked up once for all four
# questions. Only words in the table are named, and no word from a single message is ever in it.


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
"""piece -> "<field>:<class>" -> what staff corrections add to its weight (mail/understanding/learning.py)."""
NOTHING: Lessons = MappingProxyType({})
_NONE: Mapping[str, float] = MappingProxyType({})


def words(message: Message) -> list[str]:
    """Return the words of subject and new text; "Re:" is left out, since being a reply says nothing about the content.
    A subject with the number of a case is ours: its words, "Hem rebut la vostra consulta", are those of a machine."""
    title, text = "" if message.tokens else features.title(message.subject), features.fold(message.fresh)
    if town := message.features.town:
        title, text = title.replace(town, OWN_TOWN), text.replace(town, OWN_TOWN)
    return [*word_tokens(title), ".", *word_tokens(text)]


def weigh(message: Message, table: Table | None = None, lessons: Lessons = NOTHING) -> Features:
    """Return the message's features with `scores`, and `evidence` whose words are the model's pieces."""
    table = table or shipped()
    read = _read(table, message)
    learned = _learned(table, message, lessons)
    whole = [piece for piece in read.known if _speaks(piece, table.common)]
    scored: dict[str, Mapping[str, float]] = {}
    spoken: list[Evidence] = []
    for field, reach in zip(table.fields, _margins(table, read, learned), strict=True):
        likely = probabilities(reach)
        scored[field.name] = MappingProxyType({name: round(value, 4) for name, value in likely.items()})
        best = max(likely, key=lambda name: likely[name])
        column = field.column + field.classes.index(best)
        worth = table.pieces.worth[column] * read.share
        parts = {piece: table.pieces.step(piece, column) * worth for piece in whole}
        loud = _loudest(parts, learned.get(f"{field.name}:{best}", _NONE))
        spoken += (Evidence(field.name, best, *why) for why in loud)
    if message.auto is not Auto.NONE:
        of_text = [fact for fact in read.facts if fact.startswith(OF_TEXT)]
        worded = probabilities(next(_margins(table, replace(read, facts=of_text), learned)))
        scored[WORDED] = MappingProxyType({name: round(value, 4) for name, value in worded.items()})
    return replace(message.features, scores=MappingProxyType(scored), evidence=tuple(spoken))


def margins(table: Table, message: Message, lessons: Lessons = NOTHING) -> list[dict[str, float]]:
    """Return the log-probability of each class, up to a constant, for each field in the order of the table."""
    return list(_margins(table, _read(table, message), _learned(table, message, lessons)))


def telling(table: Table, message: Message) -> dict[str, float]:
    """Return the pieces of a message that can carry a lesson, none of them short, with their shares: new words have the
    largest."""
    new = small_words(f"{message.subject} {message.fresh}")
    pieces = sorted({*new, *filter(_tells, word_pieces(words(message)) & table.pieces.rows.keys())})
    shares = {piece: _OLD_WORD if piece in table.pieces.rows else 1.0 for piece in pieces}
    length = math.sqrt(sum(share * share for share in shares.values()))
    return {piece: share / length for piece, share in shares.items()}


def small_words(text: str) -> set[str]:
    """Return the words of a text, and their beginnings, that can carry a lesson though the table does not have them:
    only words in lower case, since names are capitalised."""
    small = " ".join(word for word in text.split() if not word[:1].isupper())
    return {piece for piece in word_pieces(word_tokens(features.fold(small))) if " " not in piece and _tells(piece)}


def _speaks(piece: str, common: Set[str]) -> bool:
    """Whether a piece may be named: a word, or a pair that ends with one, that tells something by itself."""
    return piece[-1] not in "*?!." and piece.rpartition(" ")[2] not in common


def _tells(piece: str) -> bool:
    if piece[-1] == "*":
        return len(piece) > _STEM
    return all(len(word) >= _TELLING for word in piece.split())


def _read(table: Table, message: Message) -> _Read:
    said = words(message)
    known = word_pieces(said) & table.pieces.rows.keys()
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
    return table_of(shipped_weights())


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
