"""Find the day on which a deadline in a message ends ("el termini s'acaba demà"), the basis for "urgent" (R32).

This module does not decide how near that is; core/routing/derivation.py knows the message's date. Only a day next to a
word for ending counts: people name days for all sorts of reasons. A day of the week counts only if its sentence
speaks of nothing past. Text is folded.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from oacmail.core.features import EndDay

_ENDS = (
    r"\b(?:termini|plazo|deadline|term|s'acaba|acaba|se acaba|finalitza|finaliza|venc|vence|vencimiento|venciment"
    r"|caduca|expires?|ends?|closes|due|ultim dia|ultimo dia|last day|es tanca|se cierra|com a molt tard"
    r"|como muy tarde)\b"
)
_WEEK = (
    r"dilluns|lunes|monday", r"dimarts|martes|tuesday", r"dimecres|miercoles|wednesday", r"dijous|jueves|thursday",
    r"divendres|viernes|friday", r"dissabte|sabado|saturday", r"diumenge|domingo|sunday",
)  # fmt: skip
_MONTHS = (
    r"gener|enero|january", r"febrer|febrero|february", r"marc|marzo|march", r"abril|april", r"maig|mayo|may",
    r"juny|junio|june", r"juliol|julio|july", r"agost|agosto|august", r"setembre|septiembre|september",
    r"octubre|october", r"novembre|noviembre|november", r"desembre|diciembre|december",
)  # fmt: skip
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
    *((rf"(?:{day})", EndDay(weekday=at)) for at, day in enumerate(_WEEK)),
)
_PAST = re.compile(
    r"\b(?:va|van|vaig|varem|vam|he|hem|ha|han|acabava|vencia|era|acabo|vencio|termino|finalizo|caduco|envie|presente"
    r"|mande|fue|ended|expired|closed|sent|was|passat|pasado|last (?!day))\b"
)
_END = re.compile(_ENDS)  # part of each of the patterns below
_NEAR_END = tuple(
    (re.compile(rf"{_ENDS}[^.!?]{{0,40}}?\b{day}\b{_PASSED}|\b{day}\b[^.!?]{{0,25}}{_ENDS}"), code)
    for day, code in _DAYS
)
_MONTH = "|".join(f"(?P<m{at}>{names})" for at, names in enumerate(_MONTHS, 1))
_DATE = re.compile(
    rf"{_ENDS}[^.!?]{{0,40}}?\b(?P<day>[0-3]?\d)"
    rf"(?:(?: de | d'| )(?:{_MONTH})\b(?:,? (?:del? )?(?P<year>20\d\d)\b)?"
    r"|[/-](?P<month>[01]?\d)(?:[/-](?P<short>\d{2,4}))?\b)"
)


def ends(text: str) -> Iterator[EndDay]:
    """Yield each day on which a deadline ends, by the folded text; a day named twice may come twice."""
    if not _END.search(text):
        return
    for pattern, day in _NEAR_END:
        if any(day.weekday is None or not _PAST.search(_sentence(text, found)) for found in pattern.finditer(text)):
            yield day
    for found in _DATE.finditer(text):
        named = next((at for at in range(1, 13) if found[f"m{at}"]), 0)
        year = int(found["year"] or found["short"] or 0)
        day = EndDay(month_day=(int(found["month"] or named), int(found["day"])))
        yield replace(day, year=year + 2000 * (year < 100)) if year else day


def _sentence(text: str, found: re.Match[str]) -> str:
    """The sentence in which it was found, up to its end."""
    begins = max(text.rfind(mark, 0, found.start()) for mark in ".!?")
    return text[begins + 1 : found.end()]
