"""What the learned weights say of a message: the file they lie in, pieces of words, circumstances, language, and the
margins.

No score alone decides anything; core/classification.py judges them.
"""

import math
import re
import struct
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import cache, lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core.errors import Fatal
from oacmail.core.model import WORDED, Auto, Evidence, Features, Intent, Level, Message, regex
from oacmail.mail.understanding import features

# --- Ngrams ----------------------------------------------------------------------------------------------------------
# Split a text into the pieces that the model weighs: words, pairs of words, and word beginnings.
#
# Text is folded (features.fold), so that accents, l·l and capitals make no difference. All digits are equal, so that
# no telephone or file number becomes a piece. Beginnings (four and six letters) stand for the stems of Catalan and
# Spanish verbs and connect the two languages.

_TOKEN = regex(r"[a-z]+|\d+|[?!€@]")
_NUMBER = regex(r"\d+")
_SIGNS = {code: " " for code in range(128) if not chr(code).islower() and chr(code) not in "0?!@"}
_STEMS = (4, 6)


def word_tokens(folded: str) -> list[str]:
    """Return the words and the signs "?", "!", "€" and "@"; each number is "0"."""
    text = _NUMBER.sub(" 0 ", folded)
    if not text.isascii():
        return _TOKEN.findall(text)
    for sign in "?!@":
        text = text.replace(sign, f" {sign} ")
    return text.translate(_SIGNS).split()


def word_pieces(words: list[str]) -> set[str]:
    """ "word", "word next", "begi*"."""
    alone = set(words)
    found = alone.union(map(" ".join, pairwise(words)))
    for length in _STEMS:
        found.update([word[:length] + "*" for word in alone if len(word) > length])
    return found


# --- Weights ---------------------------------------------------------------------------------------------------------
# Read weights.bin: the tables of small numbers that read a text and its language.
#
# Everything is little endian. The file is
#
#     8 bytes    the magic b"OACMAILW"
#     u16        the version of this format: 2
#     u32        the length of the file
#     ...        two zlib streams for each table
#
# The first is UTF-8 text: a line with the names of the table and of its columns, parted by tabs, then a line with the
# name of each row. The second is
#
#     f32        what one step is worth, for each column
#     u8         the cells, row after row: steps from -128 to 127, 128 added
#
# bench/weights.py writes the file; the same tables are the same bytes. A file that is cut, damaged or of another
# version raises Fatal, since a service that cannot read a text must not start.

NAME = "weights.bin"
MAGIC, VERSION = b"OACMAILW", 2
FILE = struct.Struct("<8sHI")
ZERO = 128


class Weights(Struct, frozen=True, kw_only=True):
    """`rows`: the number of each row by its name; `worth`: of one step, for each column; `cells`: as in the file."""

    columns: tuple[str, ...]
    rows: Mapping[str, int]
    worth: tuple[float, ...]
    cells: bytes

    def rows_of(self, names: Set[str]) -> dict[str, bytes]:
        """Return the cells of those of these rows that there are, by their names."""
        rows, cells, width = self.rows, self.cells, len(self.columns)
        return {name: cells[(at := rows[name] * width) : at + width] for name in names if name in rows}

    def total(self, rows: Collection[bytes]) -> list[int]:
        """Return the steps of these rows, added up for each column. Whole numbers: in any order the same sum."""
        cells, width, least = b"".join(rows), len(self.columns), ZERO * len(rows)
        return [sum(cells[column::width]) - least for column in range(width)]


@cache
def shipped_weights() -> Mapping[str, Weights]:
    """Return the tables of the installed program by their names. Raises Fatal."""
    return unpacked(Path(__file__).with_name(NAME).read_bytes())


def unpacked(content: bytes) -> dict[str, Weights]:
    """Return the tables of a file by their names. Raises Fatal."""
    if content[:8] != MAGIC or len(content) < FILE.size:
        raise _unusable("is no file of weights, or cut")
    _, version, length = FILE.unpack_from(content)
    if version != VERSION:
        raise _unusable(f"has version {version}, and this program reads version {VERSION}")
    if len(content) != length:
        raise _unusable("is cut or damaged")
    streams, rest = list[bytes](), content[FILE.size :]
    while rest:
        stream = zlib.decompressobj()
        with suppress(zlib.error):
            streams.append(stream.decompress(rest))
        if not stream.eof:  # zlib compares its checksum at the end alone
            raise _unusable("is damaged")
        rest = stream.unused_data
    return dict(map(_table, streams[::2], streams[1::2]))


def _table(text: bytes, numbers: bytes) -> tuple[str, Weights]:
    head, *names = text.decode().split("\n")
    name, *columns = head.split("\t")
    worth = struct.Struct(f"<{len(columns)}f")
    rows = dict(zip(names, range(len(names)), strict=True))
    return name, Weights(
        columns=tuple(columns), rows=rows, worth=worth.unpack_from(numbers), cells=numbers[worth.size :]
    )


def _unusable(why: str) -> Fatal:
    return Fatal(f"{NAME}, the weights that read a message, {why}: install oacmail again")


# --- Circumstances ---------------------------------------------------------------------------------------------------
# Name the circumstances of a message: header fields, sender's words, shape, files, and what its text does.
#
# Nothing is decided here: each circumstance holds or not, and the model (`weigh`) has learned what it weighs for the
# kind, and those of the text also for the intent. Words of the text are pieces (`word_pieces`), not circumstances.

OF_TEXT = "text:"  # begins the names of what the text does, which no header field tells
_MANY = 3  # recipients
_TINY, _BRIEF, _SHORT, _LONG = 5, 12, 25, 60  # words
_WORD = regex(r"[a-z]{2,}")
_NAME = regex(r"[a-z]{3,}")
_DIGIT = regex(r"\d")
_FIRM = regex(
    r"no-?re|info|contact|atenci|sup+ort|soporte|hello|hola|ventas|comercial|news|notif|avis|alert|admin|marketing"
    r"|billing|service|servei|butllet|bolet|promo|sistema|system|robot|bot|auto|mailer|notice|recordat"
)


def circumstances(message: Message) -> frozenset[str]:
    """Return the names of all that hold: "auto:bulk", "field:list-id", "@news" (a word of the sender's name at his
    host), "@.example" (a word of the host), "text:thanks" (it has a word of thanks) …"""
    found, length = message.features, len(message.fresh.split())
    text, call = features.fold(message.fresh), found.callback
    closes, on = found.closes, found.goes_on
    asks, brief = found.asks or message.questions, length <= _SHORT
    of_fields = {
        "machine": message.auto is not Auto.NONE,
        "report": message.delivery_status is not None,
        "in a thread": bool(message.refs),
        "many receive it": len(message.to) + len(message.cc) > _MANY,
        "answers go elsewhere": message.reply_to not in ("", message.sender),
        "calendar": any(part.mime == "text/calendar" or part.name.endswith(".ics") for part in message.attachments),
        "form:subject": found.subject_form,
        f"subject:{found.marked_as}": found.marked_as in ("automatic", "receipt"),
        "asks": "?" in message.fresh,
    }
    of_text = {
        # what it does
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
        # how it is written
        "signs": any(word in text for word in _NAME.findall(features.fold(message.name))),
        "sender of a firm": _FIRM.match(message.sender) is not None,
        "answers": features.is_answer(message.subject),
        "quotes us": message.quotes_us,
        "calls out": "!" in message.fresh,
        "digits": _DIGIT.search(message.fresh) is not None,
        "tiny": length <= _TINY,
        "brief": length <= _BRIEF,
        "brief and asks": length <= _BRIEF and asks,
        "short": brief,
        "long": length > _LONG,
        "files": bool(message.attachments) or found.names_attachment,
    }
    name, _, host = message.sender.partition("@")
    return frozenset(
        (
            f"auto:{message.auto}",
            *(f"field:{reason.partition(':')[0]}" for reason in message.reasons),
            *(f"form:{field}" for field in found.form_fields),
            *(circumstance for circumstance, holds in of_fields.items() if holds),
            *(OF_TEXT + circumstance for circumstance, holds in of_text.items() if holds),
            *(f"@{word}" for word in _WORD.findall(name)),
            *(f"@.{word}" for word in _WORD.findall(host)),
        )
    )


# --- Lang ------------------------------------------------------------------------------------------------------------
# Detect the language of a message: ca, es, en, fr, or other. bench/train_lang.py learns and measures it.
#
# The result comes from a table of words and letter triples (naive Bayes, weights.bin) over the languages we answer in
# and their neighbours; another script is another language. Text that is too short counts as the office's first
# language. No header is read: the language of a mail program is not that of its user.

NAMES = ("ca", "es", "en", "fr", "it", "pt", "gl", "de", "nl", "ro", "pl", "eu", "oc")
ANSWERED = ("ca", "es", "en", "fr")

_LONGEST = 600  # characters; more add no information
_NOISE = regex(r"@|://|www\.|\d")  # in a word: addresses and numbers have no language
LATIN_WORD = regex(r"[^\W\d_]+(?:['·][^\W\d_]+)*")
_LATIN = regex(r"[a-zà-ɏ]")
_FOREIGN = regex(r"[^\W\d_a-zà-ɏ]")
_MAY_BE_FOREIGN = regex("[ª²³µ¹º¼½¾ß\u0250-\U0010ffff]")
_ENOUGH = regex(r"(?:[a-z][^a-z]*){4}")  # letters: "ok" exists in every language
# The prior of each language: how many messages use it, in tenths of a natural logarithm.
_PRIOR = {"ca": 0, "es": -8, "en": -40, "fr": -60}
_RARE = -90


def detect_language(text: str, unknown: str = NAMES[0], table: Weights | None = None) -> str:
    """Return the language of `text`: "ca", "es", "en", "fr" or "other"; `unknown` if it cannot be detected."""
    plain = [word for word in text[:_LONGEST].split() if word.isalpha() or not _NOISE.search(word)]
    text = " ".join(plain).lower().replace("’", "'")
    if text.isascii() and not _ENOUGH.search(text):
        return unknown
    foreign = len(_FOREIGN.findall(text)) if _MAY_BE_FOREIGN.search(text) else 0
    if foreign and foreign > len(_LATIN.findall(text)):
        return "other"
    words = [word for said in text.split() for word in ((said,) if said.isalpha() else LATIN_WORD.findall(said))]
    scored = map(_cached, words) if table is None else (_steps(table, word) for word in words)
    scores = [*map(sum, zip(*scored, strict=True))] or [0] * len(NAMES)
    best = max(range(len(NAMES)), key=lambda place: scores[place] + _PRIOR.get(NAMES[place], _RARE))
    return NAMES[best] if NAMES[best] in ANSWERED else "other"


def language_pieces(word: str) -> Iterator[str]:
    """Yield the word ("=word") and its letter triples, with its ends marked."""
    yield "=" + word
    marked = f" {word} "
    for place in range(len(marked) - 2):
        yield marked[place : place + 3]


@lru_cache(maxsize=8192)  # a few words are frequent: the cache halves the work
def _cached(word: str) -> "array[int]":
    return array("i", _steps(shipped_weights()["language"], word))  # a fifth of a list's memory


def _steps(table: Weights, word: str) -> list[int]:
    pieces = [*language_pieces(word)]
    rows = table.rows_of({*pieces})
    return table.total([rows[piece] for piece in pieces if piece in rows])


# --- Scores ----------------------------------------------------------------------------------------------------------
# Calculate how likely each kind, topic, level and intent is, and which words made the likeliest so.
#
# The tables come from bench/train.py. core/classification.py weighs the result against its rules. The pieces of a
# message are looked up once for all four questions. Only words in the table are named, and no word from a single
# message is ever in it.

ALWAYS = ""  # the name of a circumstance that every message has: its weights are the bias
OWN_TOWN = "owntown"  # stands for the office's town, whatever its name
_TELLING = 4  # letters that a word needs to carry a lesson: "que" and "the" occur in every message
_OLD_WORD = 0.4  # the share of a word in the shipped table, relative to a new word
_STEM = 6  # letters of a word beginning that can carry one
_MAY_BE = 0.3  # probability that the likeliest of the three levels has


class Field(Struct, frozen=True, kw_only=True):
    """One question, its classes, and the column of the first one in both tables."""

    name: str
    classes: tuple[str, ...]
    column: int


class Table(Struct, frozen=True, kw_only=True):
    """`pieces` and `facts` (circumstances): a column for each class of every field; `common`: words that tell nothing
    by themselves, and are never named."""

    fields: tuple[Field, ...]
    common: Set[str]
    pieces: Weights
    facts: Weights


class _Read(Struct, frozen=True, kw_only=True):
    """What a message has of the table: its pieces there with their cells, the steps of these for each column, the share
    of each, its circumstances."""

    known: Mapping[str, bytes]
    steps: Sequence[int]
    share: float
    facts: Set[str]


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
    """Return the message's features with `scores` and `evidence`: the words for its topic, its level and what it wants
    beside an answer. The kind is told by the rule that decided it, and a question goes without saying. `of_paper` is
    read where it may be of the second level."""
    table = table or shipped()
    read = _read(table, message)
    learned = _learned(table, message, lessons)
    text = WrittenText(f"{message.subject}\n{message.fresh}"[: features.LONGEST])
    scored: dict[str, Mapping[str, float]] = {}
    evidence: list[Evidence] = []
    for field, reach in zip(table.fields, _margins(table, read, learned), strict=True):
        likely = probabilities(reach)
        scored[field.name] = MappingProxyType({name: round(value, 4) for name, value in likely.items()})
        best = max(likely, key=lambda name: likely[name])
        if field.name == "kind" or best == Intent.QUESTION:
            continue
        loud = _loudest(
            table, read, field.column + field.classes.index(best), learned.get(f"{field.name}:{best}", _NONE)
        )
        evidence += (Evidence(field.name, best, *why) for why in shown(loud, text))
    if message.auto is not Auto.NONE:
        of_text = {fact for fact in read.facts if fact.startswith(OF_TEXT)}
        worded = probabilities(next(_margins(table, replace(read, facts=of_text), learned)))
        scored[WORDED] = MappingProxyType({name: round(value, 4) for name, value in worded.items()})
    may_be_second = scored.get("level", _NONE).get(Level.SECOND, 0.0) >= _MAY_BE or bool(message.features.town_words)
    whole = f"{features.fold(message.subject)} . {features.fold(message.fresh)}"
    return replace(
        message.features,
        scores=MappingProxyType(scored),
        evidence=tuple(evidence),
        of_paper=may_be_second and features.of_paper(whole),
    )


def probabilities(reached: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities whose logarithms, up to a constant, are `reached`."""
    top = max(reached.values())
    raised = {name: math.exp(margin - top) for name, margin in reached.items()}
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


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


def _tells(piece: str) -> bool:
    if piece[-1] == "*":
        return len(piece) > _STEM
    return all(len(word) >= _TELLING for word in piece.split())


def _read(table: Table, message: Message) -> _Read:
    said = words(message)
    known = table.pieces.rows_of(word_pieces(said))
    steps = table.pieces.total(known.values())
    return _Read(known=known, steps=steps, share=1 / math.sqrt(len(set(said))), facts=circumstances(message))


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
    held = table.facts.total(table.facts.rows_of({ALWAYS, *read.facts}).values())
    for field in table.fields:
        reach = {
            name: read.steps[at] * table.pieces.worth[at] * read.share + held[at] * table.facts.worth[at]
            for at, name in enumerate(field.classes, field.column)
        }
        if learned:
            reach = {name: of + sum(learned.get(f"{field.name}:{name}", _NONE).values()) for name, of in reach.items()}
        yield reach


# --- Evidence --------------------------------------------------------------------------------------------------------
# Name the writer's own words that speak for a verdict.
#
# The model's pieces are folded and have masked digits; here they are mapped back to the words as written, and
# meaningless ones ("o", "? i") are left out. Long numbers are never shown: they may be secrets.

_WRITTEN_WORD = regex(r"[^\W\d_]+(?:(?<=l)[·•‧∙・.-](?=l)[^\W\d_]+)*|\d+", re.I)
_NOTICED = 0.15  # the smallest part of a log-probability that is named
_NAMED, _SHOWN = 12, 4  # pieces for each question: the loudest, and how many of these are shown
_MEANINGFUL = regex(r"[a-z]{4}")  # by itself
_SHORT_TEXT = 32  # characters: what is kept between two messages
_HIDDEN = regex(r"\d{4}|[.!?] ")  # a number longer than "error 500"; the end of a sentence and the next one's start


class WrittenText:
    """A text, and its words as the model reads them."""

    def __init__(self, text: str) -> None:
        self._chunks = text.split()
        self._places = [(at, place) for at, chunk in enumerate(self._chunks) for place in _words_of(chunk)]
        self._words = [place[0] for _, place in self._places]

    def passage(self, piece: str) -> str:
        """Return the first passage that folds to a piece of the model, as written; '' if none may be shown. The last
        word of a pair may be a stem, and so may a single word that does not stand there."""
        *before, last = [word for word, _, _ in _words_of(piece)] or [""]
        for at in self._begins(before[0] if before else last, may_be_stem=not before):
            end = at + len(before)
            if self._words[at:end] == before and "".join(self._words[end : end + 1]).startswith(last):
                (first, (_, start, _)), (final, (_, _, stop)) = self._places[at], self._places[end]
                written = " ".join([*self._chunks[first:final], self._chunks[final][:stop]])[start:]
                if not _HIDDEN.search(written):
                    return written
        return ""

    def _begins(self, first: str, *, may_be_stem: bool) -> Iterator[int]:
        if first in self._words:
            at = -1
            for _ in range(self._words.count(first)):
                yield (at := self._words.index(first, at + 1))
        elif may_be_stem and first:
            yield from (at for at, word in enumerate(self._words) if word.startswith(first))


def shown(loud: Iterable[tuple[str, float]], text: WrittenText) -> Iterator[tuple[str, float]]:
    """Yield (words as written, part) of at most `_SHOWN` pieces, none of which stands in another: "idCAT" in "idCAT
    Mòbil"."""
    named: list[str] = []
    for piece, part in loud:
        words = text.passage(piece) if _MEANINGFUL.search(piece) else ""
        bare = f" {words.casefold()} "
        if words and not any(bare in other or other in bare for other in named):
            named.append(bare)
            yield words, part
        if len(named) == _SHOWN:
            return


def _loudest(table: Table, read: _Read, column: int, learned: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return (piece, part) of the whole words and pairs that tell something by themselves and speak loudest for a
    class; word beginnings count through them."""
    worth = table.pieces.worth[column] * read.share
    least = -1 if learned else ZERO + math.floor(_NOTICED / worth)
    parts = {
        piece: (cells[column] - ZERO) * worth
        for piece, cells in read.known.items()
        if cells[column] > least and piece[-1] not in "*?!." and piece.rpartition(" ")[2] not in table.common
    }
    for piece, added in learned.items():
        parts[piece] = parts.get(piece, 0.0) + added
    loud = sorted((-part, piece) for piece, part in parts.items() if part > _NOTICED)[:_NAMED]
    return [(piece, -part) for part, piece in sorted((round(part, 3), piece) for part, piece in loud)]


def _words_of(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return (folded, start, end) of each word; most messages have the same ones."""
    return _read_words(text) if len(text) <= _SHORT_TEXT else _read_words.__wrapped__(text)


@lru_cache(maxsize=8192)
def _read_words(text: str) -> tuple[tuple[str, int, int], ...]:
    found = _WRITTEN_WORD.finditer(text)
    return tuple([("0" if (word := at[0]).isdigit() else features.plain(word), *at.span()) for at in found])
