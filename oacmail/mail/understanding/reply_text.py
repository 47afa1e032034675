"""What the writer of a reply has typed: quotes, signatures and our own words are cut away, and a remark is told from
a message.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from types import MappingProxyType

from msgspec import Struct

from oacmail.core import common_words
from oacmail.core.model import regex
from oacmail.mail.parser_config import Sentence, Wording
from oacmail.mail.understanding import features, phrases

# --- Echoes ----------------------------------------------------------------------------------------------------------
# Recognise our own acknowledgement in a message: its subject with a case token, or its last lines as new text.
#
# A match proves nothing about the writer: anyone who saw the mail can repeat it. core/acknowledgement.py decides.
# Quotes do not count: people leave the mail they answer below their own text.

# As in templates/<language>/ack.txt.j2; tests/mail/test_own_words.py checks that. Folded as features.fold does.
_SUBJECTS = (
    *("hem rebut la vostra consulta", "us trucarem", "hem rebut la vostra queixa", "hem rebut la vostra sollicitud"),
    *("hemos recibido su consulta", "le llamaremos", "hemos recibido su queja", "hemos recibido su solicitud"),
    *("we have received your enquiry", "we will call you", "we have received your complaint"),
    *("hem rebut el vostre missatge", "hemos recibido su mensaje", "we have received your message"),
    "we have received your request",
    # up to version 0.1.0
    *("gracies per la vostra opinio", "gracias por su opinion", "thank you for your feedback"),
)
_TEXTS = (
    *("aquest correu es automatic. proteccio de dades", "la resposta us l'enviara una persona. proteccio de dades"),
    *("este correo es automatico. proteccion de datos", "la respuesta se la enviara una persona. proteccion de datos"),
    *("this email is automatic. data protection", "a person will send you the answer. data protection"),
    # up to version 0.1.0
    "missatge automatic que no substitueix la resposta",
    "mensaje automatico que no sustituye a la respuesta",
    "automatic message; it does not replace our reply",
    "aquest missatge es automatic i no substitueix la resposta",
    "este mensaje es automatico y no sustituye a la respuesta",
    "this is an automatic message and does not replace our answer",
)


def repeats(subject: str, fresh: str, *, token: bool) -> bool:
    """True if the text repeats our acknowledgement. `token`: the subject contains something in the form of a case
    token, valid or not: the answer must not reveal to a stranger which."""
    title, text = features.fold(subject), features.fold(fresh)
    return (token and any(words in title for words in _SUBJECTS)) or any(words in text for words in _TEXTS)


# --- Remarks ---------------------------------------------------------------------------------------------------------
# Find three remarks in a message: the language its writer wants, that something is attached, that it still fails.
#
# core/acknowledgement.py decides how the acknowledgement uses them. Text is folded by features.fold.

_LANGUAGES = {
    "ca": ("catala", "catalan", "en catala", "en catalan", "in catalan"),
    "es": ("castella", "castellano", "espanyol", "espanol", "en castella", "en castellano", "spanish", "in spanish"),
    "en": ("angles", "ingles", "english", "en angles", "en ingles", "in english"),
}
_NAMES = tuple(name for names in _LANGUAGES.values() for name in names)
_INSIDE = regex(r"\w(?:.*\w)?", re.DOTALL)  # a search for \W+ at the end would restart at every space
_POLITE = regex(rf"(?<=\w)\W{{1,9}}(?:{common_words.PLEASE})$")
_ATTACHED = regex(
    r"\b(?:us |hi |te |le |les |os )?adjunt(?:o|em|amos) (?!al |a la |a l'|amb |con )"
    r"|\b(?:trobareu|trobaran|va|us envio|li envio) adjunt\w*\b"
    r"|(?<!\bpel )(?<!\bpor el )\b(?:document|fitxer|pdf|archivo) adjunt[oa]?\b"
    r"|\b(?:please find attached|i (?:have )?attach(?:ed)? (?:the|my|a|it)|attached (?:is|are|you will find))\b"
)

_STILL_WORDS = ("encara", "todavia", "aun", "still", "segueix", "continua", "sigue")
_STILL = f"(?:{'|'.join(_STILL_WORDS)})"
_FAILS = r"(?:funciona|funcionar|va|anar|ir|works?|working|puc|puedo|deixa|deja|let me)"
_STILL_FAILS = regex(
    rf"\b(?:{_STILL} (?:no|sense|sin|not|doesn't|does not|isn't|is not|won't|can't) (?:em |me |m')?{_FAILS}\b"
    rf"|no (?:em |me )?{_FAILS} (?:encara|todavia|aun)\b|(?:doesn't|does not|isn't) {_FAILS} (?:yet|still)\b"
    r"|(?:segueix|continua|sigue|encara|todavia|aun|still) (?:fallant|fallando|falla|failing|fails|igual|the same)\b)"
)


def still_fails(text: str) -> bool:
    """True if the text says that something still does not work."""
    return any(map(text.__contains__, (*_STILL_WORDS, "yet"))) and _STILL_FAILS.search(text) is not None


def language(text: str) -> str:
    """Return "ca", "es" or "en" if the whole text is the name of that language; else ''."""
    said = _trimmed_remark(text)
    if not said.startswith(_NAMES):
        return ""
    phrase = _trimmed_remark(_POLITE.sub("", said))
    return next((lang for lang, names in _LANGUAGES.items() if phrase in names), "")


def names_attachment(text: str) -> bool:
    """True if the text says that something is attached."""
    return ("adjunt" in text or "attach" in text) and _ATTACHED.search(text) is not None


def _trimmed_remark(text: str) -> str:
    """Return the text from its first to its last letter or digit."""
    found = _INSIDE.search(text)
    return found[0] if found else ""


# --- Own words -------------------------------------------------------------------------------------------------------
# Remove sentences of our own mails that a reply contains without quote marks.
#
# The templates' sentences (`Wording`) decide which words are ours; they are removed before anything else is evaluated:
# our data-protection clause is not a data rights request. A sentence matches as a whole, whatever its line breaks,
# with up to `_HOLE` words where the template has a variable. A short sentence is ours only next to another of ours:
# people use the same words of thanks. The work is linear in the text.

HOLE = "\0"  # marks a variable in a template's text
_HOLE = 12  # words: an address, a day with its date, a phrase
_NAME_LINE = 4  # words of a variable at the start of a sentence: an office's name
_ENOUGH = 6  # words of a sentence that nobody else would write
_LONGEST = 200_000  # characters that are read
_SENTENCE = regex(r"(?<=[.!?])\s+|\n\s*\n")
_NO_WORD = regex(r"[\W_]+")
_TOKEN = regex(r"\S+")
_ENDED = regex(r"[.!?][»”\"')>\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*\Z")
"""The end of a sentence, and what may stand behind it: a closing mark, a character that nobody sees."""


def wording_of(texts: Iterable[str]) -> Wording:
    """Build the wording from the texts of templates, with `HOLE` for each variable."""
    parted = {_words(piece): piece for text in texts for piece in _SENTENCE.split(text)}
    long: dict[str, tuple[Sentence, ...]] = {}
    short: dict[str, tuple[Sentence, ...]] = {}
    filled: dict[str, tuple[Sentence, ...]] = {}
    anchors: dict[str, tuple[frozenset[str], ...]] = {}
    for sentence, written in parted.items():
        fixed = sum(word != HOLE for word in sentence)
        kinds = [long if fixed >= _ENOUGH else short, *([filled] if sentence[:1] == (HOLE,) else [])]
        if fixed >= _ENOUGH:
            longest, *beside = sorted(phrases.words(features.fold(written)), key=lambda word: (-len(word), word))
            anchors[longest] = (*anchors.get(longest, ()), frozenset(beside[:2]))
        for by_first in kinds if fixed else ():
            runs = [tuple(run) for is_hole, run in groupby(sentence, key=HOLE.__eq__) if not is_hole]
            whole = (*runs, ()) if sentence[-1] == HOLE else tuple(runs)
            by_first[runs[0][0]] = (*by_first.get(runs[0][0], ()), whole)
    return Wording(MappingProxyType(long), MappingProxyType(short), MappingProxyType(filled), MappingProxyType(anchors))


class Parted(Struct, frozen=True):
    """`rest` is the text without our sentences; `ours` are these sentences."""

    rest: str
    ours: str = ""


class _Token(Struct, frozen=True):
    """`word`: without signs, folded; `written`: as it stands at `start`; `last`: of its paragraph."""

    word: str
    written: str
    start: int
    last: bool

    @property
    def end(self) -> int:
        return self.start + len(self.written)

    @property
    def closes(self) -> bool:
        """Whether it ends a sentence or a paragraph."""
        return self.last or _ENDED.search(self.written) is not None


def part(text: str, wording: Wording, *, within_quotes: bool = False) -> Parted:
    """Remove our sentences from `text`; those on quoted lines only with `within_quotes`."""
    # most messages hold no long sentence of ours, and need no word by word search
    if len(text) <= features.LONGEST:
        words = phrases.words(features.fold(text.strip()))
        long = wording.anchors.keys() & words
        if not any(beside <= words for longest in long for beside in wording.anchors[longest]):
            return Parted(text)
    elif not wording.long:
        return Parted(text)
    tokens = list(_tokens(text[:_LONGEST], within_quotes))
    pieces, ours, done = [], [], 0
    for first, end in _spans(tokens, wording):
        start, stop = tokens[first].start, tokens[end - 1].end
        pieces.append(text[done:start])
        ours.append(text[start:stop])
        done = stop
    return Parted("".join((*pieces, text[done:])), "\n".join(ours)) if ours else Parted(text)


def _spans(tokens: Sequence[_Token], wording: Wording) -> Iterator[tuple[int, int]]:
    """Yield (first token, token after the last) of each run of our sentences, in order, without overlap."""
    words = tuple([token.word for token in tokens])

    def ends(at: int, sentences: Mapping[str, tuple[Sentence, ...]]) -> int:
        """Return the end of the longest of these sentences that begins at `at`, 0 for none."""
        begun = sentences.get(words[at], ()) if at < len(words) else ()
        return max([_matched(tokens, words, at, sentence) for sentence in begun], default=0)

    at = free = 0
    while at < len(words):
        end = ends(at, wording.long)
        if not end:
            at += 1
            continue
        first: int | None = at
        while first is not None:  # our short sentences that end directly before
            begin, before = first, range(max(free, first - _ENOUGH), first)
            first = next((start for start in before if ends(start, wording.short) == begin), None)
        further = end
        while further:  # our sentences that follow, also behind a name
            end = further
            named = (ends(end + skipped, wording.filled) for skipped in range(1, _NAME_LINE + 1))
            further = ends(end, wording.long) or ends(end, wording.short) or next(filter(None, named), 0)
        yield begin, end
        at = free = end


def _matched(tokens: Sequence[_Token], words: tuple[str, ...], at: int, sentence: Sentence) -> int:
    """Return the end of this sentence, if it begins at `at`: up to `_HOLE` words stand for each variable."""
    begin, *others = sentence
    if words[at : at + len(begin)] != begin:
        return 0
    at += len(begin)
    for run in others:
        reach = range(at, at + _HOLE + 1)
        found = next((start for start in reach if words[start : start + len(run)] == run), None)
        if found is None:
            return 0
        at = found + len(run)
    if sentence[-1]:
        return at
    closed = (number + 1 for number in range(at, min(at + _HOLE, len(tokens))) if tokens[number].closes)
    return next(closed, at)


def _words(text: str) -> tuple[str, ...]:
    """Return the words; adjacent variables count once."""
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        word = HOLE if HOLE in match[0] else _unsigned(features.plain(match[0]))
        if word and not (word == HOLE and words[-1:] == [HOLE]):
            words.append(word)
    return tuple(words)


def _tokens(text: str, within_quotes: bool) -> Iterator[_Token]:
    start = 0
    for line in text.splitlines(keepends=True):
        end = start + len(line)
        if within_quotes or not line.lstrip().startswith(">"):
            found, folded = [*_TOKEN.finditer(line)], features.plain(line).split()
            if len(folded) != len(found):  # a sign has become a space, or nothing
                folded = [features.plain(match[0]) for match in found]
            words = [(word, match) for match, word in zip(found, map(_unsigned, folded), strict=True) if word]
            ends = not text[end : text.find("\n", end) + 1 or len(text)].strip()
            for number, (word, match) in enumerate(words, 1):
                yield _Token(word, match[0], start + match.start(), ends and number == len(words))
        start = end


def _unsigned(folded: str) -> str:
    return folded if folded.isalnum() else _NO_WORD.sub("", folded)


# --- Reply text ------------------------------------------------------------------------------------------------------
# Separate the new text of a message from quoted text, signatures and text added by programs.
#
# This section decides line by line, in linear time, with tables of the phrases that mail clients write (ca, es, en and
# neighbouring languages). Only evaluation uses the trimmed text: the whole text is kept too, and a message trimmed to
# nothing is taken whole, so that nothing a person wrote is lost. A forwarded text counts only if there is no other.

_INTRO_LINES = 4
_SIGNED = 400  # lines between what is signed and its signature
_MARK = 40  # characters for the start of a postscript
_NOTICE = 400  # and of a disclaimer
_INTRO = 700  # characters of an attribution
_ENDING = 40  # characters: more than a verb of phrases.LAST with the marks after it
_NAME = 60  # characters of the name in it
_BEFORE = 2_000  # characters above a quote that may say where the answers are
_QUOTED = 20_000  # characters of a quote in which writers are looked for
_WRITERS = 20
_MAILBOX = regex(r"[\w.+-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)


class ReplyText(Struct, frozen=True):
    """`fresh` is the new text; `quoted` the quoted or forwarded rest."""

    fresh: str
    quoted: str


class AboveQuote(Struct, frozen=True):
    """`text`: all above the first quote, also a signature; `is_cut`: there was one; `more_below`: new text below it."""

    text: str
    is_cut: bool
    more_below: bool

    @property
    def is_written(self) -> bool:
        """Whether anything but a signature or a program's line stands above the quote."""
        lines = self.text.split("\n")
        first = next((line for line in lines if line.strip()), "")
        return _kind(first) != "sign" and "text" in _kinds(lines)


def above_quote(text: str) -> AboveQuote:
    """Take what stands above the first quote, header block or attribution."""
    lines = _parted(text[:_LONGEST].split("\n"))
    kinds = _kinds(lines)
    own, inner = lines[: len(kinds)], lines[len(kinds) :]
    first = next((number for number, kind in enumerate(kinds) if kind in ("quote", "intro")), len(own))
    within = bool(inner) and bool(phrases.BELOW.search("\n".join(own)[:_BEFORE]))
    below = within or "text" in kinds[first:]
    return AboveQuote("\n".join(own[:first]).rstrip(), first < len(lines), below or len(text) > _LONGEST)


def writers(quoted: str) -> tuple[str, ...]:
    """Return the addresses that a quote's attributions and header blocks name as its writers, in lower case."""
    lines = [line.lstrip("> ") for line in quoted[:_QUOTED].split("\n")]
    found: list[str] = []
    for number, line in enumerate(lines):
        above = " ".join(lines[max(0, number - 1) : number + 1])[-_INTRO:]
        if phrases.FROM.match(line) or (line.rstrip().endswith(":") and phrases.INTRO_END.search(above)):
            found += _MAILBOX.findall(above if line.rstrip().endswith(":") else line)
    return tuple(dict.fromkeys(address.lower() for address in found[:_WRITERS]))


def attribution_at_end(text: str) -> str:
    """Return the attribution with which `text` ends, as a line above a quote; '' = it ends with none."""
    lines = [*text.rstrip().split("\n"), "> "]
    start = _intro_start([*lines[:-1], "> …"], len(lines) - 2)
    return "\n".join(lines[start:-1]) if start is not None else ""


def split(text: str, forwarded: str = "") -> ReplyText:
    """Separate `text`; `forwarded` is the text of an attached message and counts if there is no new text."""
    text = text[:_LONGEST]
    lines = _parted((phrases.ARMOUR.sub("", text) if "-----BEGIN PGP" in text else text).split("\n"))
    kinds = _kinds(lines)
    own, inner = lines[: len(kinds)], lines[len(kinds) :]
    quoted = "\n".join([line for line, kind in zip(own, kinds, strict=True) if kind in ("quote", "intro")] + inner)
    answered_within = inner and phrases.BELOW.search("\n".join(own)[:_BEFORE])
    fresh = _trimmed(lines) if answered_within else _trimmed(_answer(own, kinds))
    return ReplyText(fresh or "\n".join(_without_head(inner)).strip() or forwarded.strip() or text.strip(), quoted)


def _parted(lines: list[str]) -> list[str]:
    """Put each attribution on its own lines if a program joined it to the text before it."""
    for number, line in enumerate(lines[:-1]):
        if line.rstrip().endswith(":") and len(line) < _INTRO and _quote_follows(lines, number):
            found = phrases.RUN_IN.search(line)
            if found:
                return [*lines[:number], line[: found.start()], line[found.end() :], *lines[number + 1 :]]
    return lines


def _with_rule(lines: list[str], number: int) -> int:
    """Include the rule above: Outlook draws a line above its block, other clients write one we do not recognise."""
    above = next((n for n in range(number - 1, max(-1, number - 4), -1) if lines[n].strip()), -1)
    return above if above >= 0 and phrases.RULE.match(lines[above]) else number


def _is_head(line: str) -> bool:
    return ":" in line and bool(phrases.FROM.match(line) or phrases.HEAD.match(line))


def _is_separator(line: str) -> bool:
    """Only a line that begins with a sign, or ends with a colon, is one."""
    return (not line[:1].isalnum() or line.rstrip()[-1:] == ":") and bool(phrases.SEPARATOR.match(line))


def _is_block(lines: list[str], number: int) -> bool:
    """True if three header lines, with "De:" among them, follow each other as Outlook and Gmail write them.

    An address, a date with the time of day or a rule above must show that a program wrote them; with both, two lines
    are enough. People list "De: … A: … Data: …" as well.
    """
    following = [line for line in lines[number : number + 10] if line.strip()][:6]
    heads = [line for line in following if _is_head(line)]
    if len(heads) >= 3 and any(phrases.FROM.match(line) for line in heads):
        printed = any(phrases.PARTY.match(head) or phrases.MOMENT.match(head) for head in heads)
        return printed or _with_rule(lines, number) != number
    two = [line for line in following[:2] if _is_head(line)]
    return any(map(phrases.PARTY.match, two)) and any(map(phrases.MOMENT.match, two))


def _intro_start(lines: list[str], number: int) -> int | None:
    """Return the first line of the attribution that ends on line `number`; clients wrap it over up to four lines.

    Without a quoted line after it, it must contain an address or a time of day: people also write "em va escriure:".
    One without a final colon needs more (phrases.BARE, phrases.PRINTED).
    """
    if not lines[number].rstrip().endswith(":"):
        return _bare_intro(lines, number)
    first = max(0, number + 1 - _INTRO_LINES)
    joined = " ".join(line.strip() for line in lines[first : number + 1])[-_INTRO:]
    if not (phrases.ONE_LINE.match(lines[number][-_INTRO:]) or phrases.INTRO_END.search(joined)):
        return None
    quoted = _quote_follows(lines, number)
    for start, joined in _openings(lines, number):
        if quoted or phrases.SURE.search(joined):
            return start if phrases.ONE_LINE.match(joined) or phrases.INTRO_END.search(joined) else None
    line = lines[number][:_INTRO]
    if not (phrases.ONE_LINE.match(line) and (quoted or phrases.SURE.search(line))):
        return None
    # the name stands alone on the line above if this one begins with its address
    named = number > 0 and phrases.ADDRESSED.match(line) and 0 < len(lines[number - 1].strip()) <= _NAME
    return number - 1 if named and (number < 2 or not lines[number - 2].strip()) else number


def _bare_intro(lines: list[str], number: int) -> int | None:
    line = lines[number][:_INTRO]
    if not (_may_be_last(line) and phrases.LAST.search(line[-_ENDING:])):
        return None
    quoted = _quote_follows(lines, number)
    if quoted and phrases.DATED.match(line):
        return number
    for start, joined in _openings(lines, number):
        if phrases.BARE.search(joined) and phrases.SURE.search(joined) if quoted else phrases.PRINTED.match(joined):
            return start
    return None


def _openings(lines: list[str], number: int) -> Iterator[tuple[int, str]]:
    """Yield (first line, the lines from there to `number` joined), up to a blank line or the wrapping limit, of those
    that begin like an attribution: with a day, or with a name and an address."""
    joined = ""
    reached: list[tuple[int, str]] = []
    for start in range(number, max(-1, number - _INTRO_LINES), -1):
        if not lines[start].strip():
            break
        joined = f"{lines[start].strip()} {joined}"[:_INTRO].rstrip()
        reached.append((start, joined))
    for opener in (phrases.OPENER, phrases.NAMED):
        yield from ((start, joined) for start, joined in reached if opener.match(joined))


def _quote_follows(lines: list[str], number: int) -> bool:
    after = next((later for later in lines[number + 1 : number + 6] if later.strip()), "")
    return after.lstrip().startswith(">")


def _kinds(lines: list[str]) -> list[str]:
    """Return for each line above the first unmarked quote (a separator, a header block, or "On … wrote:" without ">"):
    quote, intro, client, blank, tail (signature or disclaimer) or text."""
    kinds: list[str] = []
    for number, line in enumerate(lines):
        kinds.append(_kind(line))
        if kinds[-1] == "blank" or (line[0].isalnum() and ":" not in line and not _may_be_last(line)):
            continue
        follows = _quote_follows(lines, number)
        separator = _is_separator(line)
        if (separator and not follows) or (_is_head(line) and _is_block(lines, number)):
            del kinds[_with_rule(lines, number) :]
            break
        start = number if separator else _intro_start(lines, number)
        if start is None:
            continue
        if not follows and any(above.strip() for above in lines[:start]):
            del kinds[start:]
            break
        kinds[start:] = ["intro"] * (number + 1 - start)
    tail, text = False, -_SIGNED - 1  # the last line of text above
    for number, kind in enumerate(kinds):
        if kind == "text":
            begins, most = (phrases.POSTSCRIPT, _MARK) if tail else (phrases.DISCLAIMER, _NOTICE)
            tail ^= begins.match(lines[number][:most]) is not None
        elif kind == "sign":
            tail = number - text <= _SIGNED
            kind = kinds[number] = "text"
        elif kind in ("quote", "intro"):
            tail = False
        if tail and kind in ("text", "client"):
            kinds[number] = "tail"
        text = number if kinds[number] == "text" else text
    return kinds


def _may_be_last(line: str) -> bool:
    """Whether an attribution without a colon may end on the line, by its last letters."""
    ending = line.rstrip()[-3:].lower()
    return ending in phrases.LAST_ENDS or ending.endswith((")", ">")) or ending[-1:].isdecimal() or len(line) > _INTRO


def _kind(line: str) -> str:
    if not line or line.isspace():
        return "blank"
    signed = not line[0].isalnum()
    if signed and line.lstrip()[0] == ">":
        return "quote"
    if signed and (phrases.SIGNATURE.match(line.rstrip("\r")) or line == "--"):
        return "sign"
    by_client = (signed or line[:3].lower() in phrases.CLIENT_HEADS) and len(line) < 250 and phrases.CLIENT.match(line)
    return "client" if by_client else "text"


def _answer(lines: list[str], kinds: list[str]) -> list[str]:
    """Return the new lines, and with answers between several quotes also the lines they answer."""
    solid = [kind for kind in kinds if kind in ("text", "quote")]
    inline = [*pairwise(solid)].count(("quote", "text")) >= 2
    kept = {"text", "blank", "quote"} if inline else {"text", "blank"}
    last = max((number for number, kind in enumerate(kinds, 1) if kind == "text"), default=0)
    return [line for line, kind in zip(lines[:last], kinds, strict=False) if kind in kept]


def _trimmed(lines: list[str]) -> str:
    text = "\n".join(map(str.rstrip, lines)).strip()
    return re.sub(r"\n{3,}", "\n\n", text) if "\n\n\n" in text else text


def _without_head(lines: list[str]) -> list[str]:
    """Remove the separator and header block from a forwarded text."""
    seen = 0
    for number, line in enumerate(lines):
        if _is_separator(line) or phrases.RULE.match(line) or _is_head(line):
            seen = number + 1
        elif line.strip() and number > 0:
            break
    return lines[seen:]
