"""Fold text for comparison, and find the telephone, platforms, addresses, days and words of the town that it names.

This module decides nothing; core/classification.py and core/derivation.py judge. Folded text has no
accents and one spelling of l·l, so that people's spelling makes no difference.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import time
from functools import lru_cache

from msgspec.structs import replace

from oacmail.core.common_words import MONTHS, WEEKDAYS
from oacmail.core.model import EndDay, Features, TownWord, regex
from oacmail.core.threading import FORWARD, REPLY
from oacmail.mail.parser_config import TownWords
from oacmail.mail.understanding import phones, phrases, slots, time_words

LONGEST = 20_000  # characters of the text that are looked at: nobody asks a question later than that
_TWO_L = regex(r"l[·•‧∙・.\-](?=l)")
_ACCENTS = regex("[\u0300-\u036f]+")
_SIGNS = (*zip("’‘´`ŀĿ", "''''ll", strict=True),)
_LETTERS = (*zip("àáèéíïòóúüçñ", "aaeeiioouucn", strict=True),)
"""Each is found, or not, faster than str.translate or a decomposition asks for each character."""
_FILLED_IN = regex(
    r"\b(?:e-?mail|mail|correu|correo|adreca|direccion|address)(?: (?:electronic[ao]?|de correu|de correo))?"
    r"[ \t]{0,8}[:=]\s{0,8}<?([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"
)
_ANSWER = regex(rf"(?:{REPLY}|{FORWARD})(?:\[\d+\])?\s?:")


def fold(text: str) -> str:
    """Lower case, no accents, plain apostrophes, "l·l" and its misspellings as "ll", single spaces."""
    return _folded(text[:LONGEST])


def folded_lines(text: str) -> list[str]:
    """Each line folded."""
    return [*map(_spaced, _plain(text[:LONGEST]).splitlines())]


@lru_cache(maxsize=8192)  # the same words come back in every message
def plain(word: str) -> str:
    """One word folded."""
    word = word.casefold()
    return word if word.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", _TWO_L.sub("l", word)))


@lru_cache(maxsize=16)  # a message's subject and text are asked for by each who reads it
def _folded(text: str) -> str:
    return _spaced(_plain(text))


@lru_cache(maxsize=16)
def _plain(text: str) -> str:
    for sign, plain_sign in _SIGNS:
        text = text.replace(sign, plain_sign)
    text = _TWO_L.sub("l", text.casefold())
    for letter, bare in _LETTERS:
        text = text.replace(letter, bare)
    return text if text.isascii() else _TWO_L.sub("l", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def _spaced(text: str) -> str:
    words = " ".join(text.split())
    return f"{' ' * text[:1].isspace()}{words}{' ' * (text[-1:].isspace() and bool(words))}"


def title(subject: str) -> str:
    """The subject folded, without the marks of an answer or a forward in front."""
    folded = fold(subject)
    while (front := _ANSWER.match(folded)) is not None:
        folded = folded[front.end() :].strip()
    return folded


def is_answer(subject: str) -> bool:
    """Whether the subject begins with the mark of an answer or a forward."""
    return _ANSWER.match(fold(subject)) is not None


def find(subject: str, fresh: str, signature: str = "", *, phone: str = "", town: str = "") -> Features:
    """Return the `Features` that stand in the text: platforms, end days, addresses, call-back and town; no others.

    `signature` is searched for a telephone if the text has none; `phone`: the office's own, which never counts; `town`:
    the office's.
    """
    title, text, lines = fold(subject), fold(fresh), folded_lines(fresh)
    whole, town = f"{title} . {text}", fold(town)
    said = [whole, title, *lines]
    if phones.may_change(whole):
        said = [*map(phones.in_digits, said)]
    callback = slots.find_call(said[0], said[1:], fold(signature), phone)
    filled_in = _FILLED_IN.search(text) if "@" in text else None
    return Features(
        platforms=tuple(phrases.named(title, text)),
        end_days=tuple(dict.fromkeys(end_days(whole))),
        addresses=(filled_in[1],) if filled_in else (),
        callback=callback,
        other_time=slots.other_time(said[2:]) if is_answer(subject) else None,
        town=town if town in whole else "",
    )


# --- Town words ------------------------------------------------------------------------------------------------------
# The town's own words for topics, configured in [[topic]]; core/classification.py says how they count.


def town_words(subject: str, fresh: str, topics: tuple[TownWords, ...]) -> tuple[TownWord, ...]:
    """Return each configured word that occurs in subject or text, as the configuration spells it."""
    if not topics:
        return ()
    text = f"{fold(subject)} . {fold(fresh)}"
    counts = Counter(
        (topic.name, topic.level, topic.words[(match.lastindex or 1) - 1])
        for topic, pattern in _patterns(topics)
        for match in pattern.finditer(text)
    )
    return tuple(TownWord(*word, count) for word, count in counts.items())


@lru_cache(maxsize=4)
def _patterns(topics: tuple[TownWords, ...]) -> tuple[tuple[TownWords, re.Pattern[str]], ...]:
    return tuple(
        (topic, re.compile("|".join(f"({_word(word)})" for word in topic.words))) for topic in topics if topic.words
    )


def _word(word: str) -> str:
    ending = r"\w*" if word.endswith("*") else r"(?!\w)"
    return rf"(?<!\w){re.escape(fold(word).removesuffix('*'))}{ending}"


# --- Fault words -----------------------------------------------------------------------------------------------------
# Nouns of documents and forms, and of platforms: of which a message tells a fault (R11), if it tells one
# (mail/understanding/scores.py). Text is folded.

_PAPER = regex(
    r"\b(?:formulari\w*|forms?|formularios?|pdfs?|documents?|documentos?|annex\w*|anexos?|plantill\w+|models?|modelos?"
    r"|camps?|campos?|fields?|casell\w+|casillas?|box|desplegables?|dropdown|opcio\w*|opcion\w*|option|imports?|importes?"
    r"|rebuts?|recibos?|certificats? d|volants?|volantes?|errat|errad[ao]|equivocad[ao]|equivocat)\b"
)
_PLATFORM = regex(
    r"\b(?:error (?:\d{3}|intern\w*|del? servidor)|50[0-4]|404|bad gateway|servidor|server|caigu\w+|caid[ao]|down"
    r"|blanc|blanco|blank|carrega\w*|carga\w*|loading|loads?|penja\w*|colgad[ao]|timeout|sessio|sesion|session|web|pagina"
    r"|page|seu|sede|portal|plataforma|platform|passarel\w+|pasarela|cobr\w+|tpv|enlla[cç]\w*|enlace|link|boto|boton|button)\b"
)


def of_paper(folded: str) -> bool:
    """True if the text speaks more of documents and forms than of a platform."""
    return bool(papers := _PAPER.findall(folded)) and len(papers) > len(_PLATFORM.findall(folded))


# --- Terms -----------------------------------------------------------------------------------------------------------
# The day on which a deadline in a message ends ("el termini s'acaba demà"), the basis for "urgent" (R32);
# core/derivation.py knows the message's date. Only a day next to a word for ending counts: people name days for all
# sorts of reasons. A day without a month counts only if the deadline is not said to have ended. The hour is that of
# the same sentence, near the day. Text is folded.

_ENDS = (
    r"\b(?:termini|plazo|deadline|term|s'acaba|acaba|se acaba|finalitza|finaliza|venc|vence|vencimiento|venciment"
    r"|caduca|expires?|ends?|closes|due|ultim dia|ultimo dia|last day|es tanca|se cierra|com a molt tard"
    r"|como muy tarde)\b"
)
_MONTHS = [names.replace(" ", "|") for names in MONTHS]
_PASSED = r"(?!\W+(?:\w+\W+){0,2}(?:de l'any passat|del ano pasado))"
_DAYS: tuple[tuple[str, EndDay], ...] = (
    (
        r"(?:dema passat|pasado manana|day after tomorrow"
        r"|(?:en|in|d'aqui a|dins de|dentro de) (?:dos|two|2) (?:dies|dias|days))",
        EndDay(in_days=2),
    ),
    (r"(?:dema(?! passat)|(?<!la )(?<!esta )(?<!pasado )manana|tomorrow)", EndDay(in_days=1)),
    (
        r"(?:avui|hoy|today|tonight|aquesta nit|esta noche|a mitjanit|a medianoche|ara mateix"
        r"|d'aqui a (?:una|dues) hor\w+)",
        EndDay(in_days=0),
    ),
    *((rf"(?:{names.replace(' ', '|')})", EndDay(weekday=at)) for at, names in enumerate(WEEKDAYS)),
)
_ENDED = regex(
    r"\b(?:va|van) (?:acabar|vencer|finalitzar|caducar|tancar|ser)\b"
    r"|\b(?:ha|han) (?:acabat|vencut|finalitzat|caducat|acabado|vencido|finalizado|terminado|caducado)\b"
    r"|\b(?:acabava|vencia|era|acabo|vencio|termino|finalizo|caduco|fue|ended|expired|closed|was|passat|pasado)\b"
    r"|\blast (?!day)"
)
# "ho vaig enviar dilluns"
_DONE = regex(r"\b(?:vaig|vam|varem|he|hem|envie|presente|mande|sent) (?:[\w'-]{1,20} ){0,2}$")
_BEFORE = 60  # characters, more than the longest such words
_END = regex(_ENDS)  # part of each of the patterns below
_LAST_WORDS = """
termini plazo deadline term acaba finalitza finaliza venc vence vencimiento venciment caduca expire expires end ends
closes due ultim ultimo last tanca cierra tard tarde
"""
_END_WORDS = frozenset(_LAST_WORDS.split())  # of which each of them has one

_NEAR = 32  # characters from the day to its hour
_STOP = regex(r"[!?;\n]|\.(?!\d)|\b(?:i|y|and|pero|but|des de|desde|since)\b(?! a )")
_MIDNIGHT = regex(r"\b(?:mitjanit|mitja nit|medianoche|midnight)\b")
_NOON = regex(r"\b(?:noon|midday)\b")
_LEFT = regex(r"\b(?:d'aqui a|en|dentro de|in|queda|queden|quedan|falten|faltan|left)\b[^.!?]{0,12}$")  # "2 hores"


def _near_end(day: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The day after the word for ending, and before it."""
    return regex(rf"{_ENDS}[^.!?]{{0,40}}?\b{day}"), regex(rf"\b{day}[^.!?]{{0,25}}{_ENDS}")


_NEAR_END = tuple((_near_end(rf"{day}\b{_PASSED}"), code, phrases.words(day)) for day, code in _DAYS)
"""With all words of the pattern: none of them stands in most texts."""
_MONTH = "|".join(f"(?P<m{at}>{names})" for at, names in enumerate(_MONTHS, 1))
_DATES = _near_end(
    rf"(?P<day>[0-3]?\d)(?:(?: de | d'| )(?:{_MONTH})\b(?:,? (?:del? )?(?P<year>20\d\d)\b)?"
    r"|[/-](?P<month>[01]?\d)(?:[/-](?P<short>\d{2,4}))?\b)"
)
_ALONE = _near_end(
    rf"(?:dia (?P<day>[0-3]?\d)|the (?P<nth>[0-3]?\d)(?:st|nd|rd|th))\b(?![/-]| (?:de |d'|of )?(?:{'|'.join(_MONTHS)}))"
)


def end_days(text: str) -> Iterator[EndDay]:
    """Yield each day on which a deadline ends, by the folded text; a day named twice may come twice."""
    said = phrases.words(text)
    if _END_WORDS.isdisjoint(said) or not _END.search(text):
        return
    for patterns, day, words in _NEAR_END:
        if words.isdisjoint(said):
            continue
        ends = [match for match in _matches(patterns, text) if day.weekday is None or not _is_past(text, match)]
        if ends:
            yield replace(day, hour=next(filter(None, (_hour(text, end) for end in ends)), None))
    for found in _matches(_DATES, text):
        named = next((at for at in range(1, 13) if found[f"m{at}"]), 0)
        year = int(found["year"] or found["short"] or 0)
        day = EndDay(month_day=(int(found["month"] or named), int(found["day"])), hour=_hour(text, found))
        yield replace(day, year=year + 2000 * (year < 100)) if year else day
    for found in _matches(_ALONE, text):
        if not _is_past(text, found):
            yield EndDay(month_day=(0, int(found["day"] or found["nth"])), hour=_hour(text, found))


def _matches(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from pattern.finditer(text)


def _hour(text: str, found: re.Match[str]) -> time | None:
    """The hour at which the term ends, inside the words that name its day, after them or before them."""
    after = _STOP.split(text[found.end() : found.end() + _NEAR], maxsplit=1)[0]
    before = _STOP.split(text[max(0, found.start() - _NEAR) : found.start()])[-1]
    return next(filter(None, (_hour_in(part) for part in (found[0] + after, before))), None)


def _hour_in(text: str) -> time | None:
    if _MIDNIGHT.search(text):
        return time.max
    if _NOON.search(text):
        return time(12)
    text = re.sub(r"\bby\b", "before", text)
    said = time_words.tokens(text)
    for last, token in zip([None, *said], said, strict=False):
        if token.kind != "clock" or (last is not None and last.kind == "from") or token.start >= 24 * 60:
            continue
        if token.text.endswith(("hores", "horas", "hours")) and _LEFT.search(text[: text.index(token.text)]):
            continue
        return time(*divmod(token.start, 60))
    return None


def _is_past(text: str, found: re.Match[str]) -> bool:
    """Whether the deadline has ended, or the day before its word is that of something else that was done."""
    at = found.start()
    begins_with_day = _END.match(text, at) is None
    return bool(_ENDED.search(found[0]) or (begins_with_day and _DONE.search(text, max(0, at - _BEFORE), at)))
