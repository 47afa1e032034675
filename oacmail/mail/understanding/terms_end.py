"""Find the day on which a deadline in a message ends ("el termini s'acaba demà"), the basis for "urgent" (R32).

This module does not decide how near that is; core/derivation.py knows the message's date. Only a day next to a
word for ending counts: people name days for all sorts of reasons. A day without a month counts only if the deadline
is not said to have ended. The hour is that of the same sentence, near the day. Text is folded.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time

from oacmail.core.common_words import MONTHS, WEEKDAYS
from oacmail.core.model import EndDay
from oacmail.mail.understanding import time_words

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
_ENDED = re.compile(
    r"\b(?:va|van) (?:acabar|vencer|finalitzar|caducar|tancar|ser)\b"
    r"|\b(?:ha|han) (?:acabat|vencut|finalitzat|caducat|acabado|vencido|finalizado|terminado|caducado)\b"
    r"|\b(?:acabava|vencia|era|acabo|vencio|termino|finalizo|caduco|fue|ended|expired|closed|was|passat|pasado)\b"
    r"|\blast (?!day)"
)
# "ho vaig enviar dilluns"
_DONE = re.compile(r"\b(?:vaig|vam|varem|he|hem|envie|presente|mande|sent) (?:[\w'-]{1,20} ){0,2}$")
_BEFORE = 60  # characters, more than the longest such words
_END = re.compile(_ENDS)  # part of each of the patterns below

_NEAR = 32  # characters from the day to its hour
_STOP = re.compile(r"[!?;\n]|\.(?!\d)|\b(?:i|y|and|pero|but|des de|desde|since)\b(?! a )")
_MIDNIGHT = re.compile(r"\b(?:mitjanit|mitja nit|medianoche|midnight)\b")
_NOON = re.compile(r"\b(?:noon|midday)\b")
_LEFT = re.compile(r"\b(?:d'aqui a|en|dentro de|in|queda|queden|quedan|falten|faltan|left)\b[^.!?]{0,12}$")  # "2 hores"


def _near_end(day: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The day after the word for ending, and before it."""
    return re.compile(rf"{_ENDS}[^.!?]{{0,40}}?\b{day}"), re.compile(rf"\b{day}[^.!?]{{0,25}}{_ENDS}")


_NEAR_END = tuple((_near_end(rf"{day}\b{_PASSED}"), code) for day, code in _DAYS)
_MONTH = "|".join(f"(?P<m{at}>{names})" for at, names in enumerate(_MONTHS, 1))
_DATES = _near_end(
    rf"(?P<day>[0-3]?\d)(?:(?: de | d'| )(?:{_MONTH})\b(?:,? (?:del? )?(?P<year>20\d\d)\b)?"
    r"|[/-](?P<month>[01]?\d)(?:[/-](?P<short>\d{2,4}))?\b)"
)
_ALONE = _near_end(
    rf"(?:dia (?P<day>[0-3]?\d)|the (?P<nth>[0-3]?\d)(?:st|nd|rd|th))\b(?![/-]| (?:de |d'|of )?(?:{'|'.join(_MONTHS)}))"
)


def ends(text: str) -> Iterator[EndDay]:
    """Yield each day on which a deadline ends, by the folded text; a day named twice may come twice."""
    if not _END.search(text):
        return
    for patterns, day in _NEAR_END:
        ends = [one for one in _found(patterns, text) if day.weekday is None or not _is_past(text, one)]
        if ends:
            yield replace(day, hour=next(filter(None, (_hour(text, end) for end in ends)), None))
    for found in _found(_DATES, text):
        named = next((at for at in range(1, 13) if found[f"m{at}"]), 0)
        year = int(found["year"] or found["short"] or 0)
        day = EndDay(month_day=(int(found["month"] or named), int(found["day"])), hour=_hour(text, found))
        yield replace(day, year=year + 2000 * (year < 100)) if year else day
    for found in _found(_ALONE, text):
        if not _is_past(text, found):
            yield EndDay(month_day=(0, int(found["day"] or found["nth"])), hour=_hour(text, found))


def _found(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[re.Match[str]]:
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
