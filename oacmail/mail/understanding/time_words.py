"""Split what a person says of times (ca, es, en, fr) into tokens: clock times, parts of the day, words of a grammar.

The words are in time_tables.py; mail/understanding/slots.py reads the sequence of their kinds. This module decides no
slot. Text is folded (features.fold): one sentence. Minutes count from midnight.
"""

import re
from typing import NamedTuple

from oacmail.core.model import late_pattern
from oacmail.mail.understanding import time_tables, trie


class TimeToken(NamedTuple):
    """`kind`: one of time_tables, or clock, phone, stop, comma, open, close, word. `start`, `end`: minutes of a part of
    the day, the same twice of a clock time. `text`: as written."""

    kind: str
    text: str
    start: int = 0
    end: int = 0


def _terms(words: str) -> list[str]:
    return [" ".join(term.split()) for term in words.split(",") if term.strip()]


_KINDS = {term: kind for kind, words in time_tables.WORDS.items() for term in _terms(words)}
_KINDS |= {term: part for part, (_, _, words) in time_tables.PARTS.items() for term in _terms(words)}
_HOURS_OF = {part: (int(start * 60), int(end * 60)) for part, (start, end, _) in time_tables.PARTS.items()}
CALL = re.compile(rf"#|(?<!\w){trie.pattern(_terms(time_tables.WORDS['call']))}")
"""A request for a call, or a telephone: slots.py puts "#" for it."""
_TERM = late_pattern(trie.pattern(_KINDS))
_SIGNS = {"#": "phone", ",": "comma", "(": "open", ")": "close", "/": "or", "-": "to", "–": "to", "—": "stop"}
_SIGN = re.compile(r"[.!?;:…\n]+|[#,()/–—-]")
_ANY_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SHORT = re.compile(
    r"\b(?:(?:[ld]|qu)'(?=\w)|[dx] (?=\w)|est(?:ic|oy) de (?=(?:mati|matins|mananas?|tard(?:a|e|es)|nits?|noches?)\b))"
    r"|(?:(?<=\bvoy de )|(?<=\bestoy de ))manana\b"
)
_WHOLE = {
    "l'": "la ",
    "d'": "de ",
    "qu'": "",
    "d ": "de ",
    "x ": "por ",
    "estic de ": "vaig de ",
    "estoy de ": "voy de ",
    "manana": "mananas",
}
_AGAIN = re.compile(r"(?:torn|v[uo]e?lv)\w* a (?!poder\b|estar\b|ser\b)\w{2,20}[aei]r\b")  # "torno a pujar"
_PERFECT = re.compile(r" (?!de )(?:\w{1,20} )?\w{1,20}(?:at|ut|it|ado|ido|ar|er|ir)\b")
_STEMS = sorted((term[:-1] for term in _KINDS if term.endswith("*")), key=len, reverse=True)


def tokens(text: str) -> list[TimeToken]:
    """Return the tokens of a folded text; white space between them is left out."""
    text = _SHORT.sub(lambda found: _WHOLE[found.group()], text)
    found: list[TimeToken] = []
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        token = _clock(text, at, found) or _sign(text, at) or _word(text, at)
        if token is not None:
            found.append(token)
        at += len(token.text) if token else 1
    return found


def _sign(text: str, at: int) -> TimeToken | None:
    found = _SIGN.match(text, at)
    return TimeToken(_SIGNS.get(found.group(), "stop"), found.group()) if found else None


def _word(text: str, at: int) -> TimeToken | None:
    found = _TERM.match(text, at)
    if found is None:
        other = _ANY_WORD.match(text, at)
        return TimeToken("word", other.group()) if other else None
    term = found.group()
    kind = _KINDS.get(term) or _KINDS[next(stem for stem in _STEMS if term.startswith(stem)) + "*"]
    if kind == "perfect":
        kind = "past" if _PERFECT.match(text, found.end()) else "busy" if term == "vaig" else "word"
    if kind == "leave" and _AGAIN.match(text, at):
        kind = "enter"
    return TimeToken(kind, term, *_HOURS_OF.get(kind, (0, 0)))


# --- clock times ----------------------------------------------------------------------------------

_NAMES = (
    "una one une", "dues dos two deux", "tres three trois", "quatre cuatro four", "cinc cinco five cinq",
    "sis seis six", "set siete seven sept", "vuit ocho eight huit", "nou nueve nine neuf", "deu diez ten dix",
    "onze once eleven", "dotze doce twelve douze",
)  # fmt: skip
_HOURS = {name: hour for hour, names in enumerate(_NAMES, 1) for name in names.split()}
_LATE_HOURS = ("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf", "vingt")
_HOURS |= {f"{name} heures": hour for hour, name in enumerate(_LATE_HOURS, 13)}
_MINUTES = {
    word: minutes
    for minutes, words in {
        5: "cinc cinco five cinq pico", 10: "deu diez ten dix", 15: "quart cuarto quarter",
        20: "vint veinte twenty vingt", 30: "mitja media half demie demi",
    }.items()
    for word in words.split()
}  # fmt: skip
_NAME, _LITTLE = trie.pattern(_HOURS), trie.pattern(_MINUTES)
_OF = r"(?:del |de la |du |in the |a la |al )"
_LATE = rf"{_OF}(?:tarda|tarde|vespre|noche|nit|migdia|mediodia|afternoon|evening|apres[- ]midi|soir)"
_EARLY = rf"{_OF}(?:mati|manana|matin|morning)"
_CLOCK = late_pattern(
    rf"(?:(?P<quarter>un|dos|tres|[123])(?:/4| quarts?) (?:i (?:mig|cinc|deu) )?de (?P<next>{_NAME}|\d\d?\b)"
    rf"|quarts de (?P<about>{_NAME}|\d\d?\b)"
    rf"|(?P<past>{_LITTLE}) (?:minutes )?(?P<sign>past|to) (?P<of>{_NAME}|\d\d?\b)"
    rf"|(?P<named>{_NAME}|\d\d?)(?: ?h)? (?P<way>i|y|et|menys|menos|moins)(?: le| un)? (?P<little>{_LITTLE})"
    rf"|(?P<hour>\d\d?)(?:(?:[:.h]| h ?)(?P<minute>\d\d))?(?![\d/]|[.,:]\d)|(?P<word>{_NAME}))"
    r"(?P<unit> ?(?:h|hores|horas|hrs|heures?|o'clock|en punto?|a\.?m\.?|p\.?m\.?)(?![\w@]))?(?: i pico)?"
    rf"(?P<part> (?:{_LATE}|{_EARLY})\b)?"
)
_NOUN = late_pattern(  # a bare number is no hour before a date or a plural ("fins a 12 terminis", "les tres entitats")
    r" ?(?:[%€/@]|(?<=\bo una )(?!de\b|del\b)\w|de (?:gener|febrer|marc|abril|maig|juny|juliol|agosto?|setembre|octubre"
    r"|novembre|desembre|enero|febrero|marzo|mayo|junio|julio|septiembre|noviembre|diciembre)\b"
    r"|(?!(?:hores|horas|heures|us|ens|els|les|las|los|nos|os|es|is|has|pues|mes|mas|fins|llavors|despres|despues|tocades|tocadas|passades|pasadas|clavades|gracies|gracias|adeus|salutacions|saludos|\w+mos)\b)"
    r"\w+s\b)"
)
_TO_UNIT = re.compile(r" ?(?:-|a) ?\d{1,2}(?: ?h\b|[:.]\d\d)")
_RANGE = re.compile(r"(?: ?h)? ?(?:a|i|y|-|to|fins|hasta|al|(?:en|cap) (?:endavant|adelante))(?![a-z])")
_OPENS = 8
_QUARTERS = {"u": 1, "1": 1, "d": 2, "2": 2, "t": 3, "3": 3}
_LEADS = frozenset({"from", "until", "between"})


def _clock(text: str, at: int, before: list[TimeToken]) -> TimeToken | None:
    """Return the clock time at this place, None if there is none: one without unit and part needs a preposition."""
    found = _CLOCK.match(text, at) if at == 0 or not text[at - 1].isalnum() else None
    if found is None:
        return None
    minutes, sure = _minutes(found)
    if minutes > 24 * 60 or not (sure or found["unit"] or found["part"] or _is_led(before, text, found.end(), minutes)):
        return None
    return TimeToken("clock", found.group(), *(2 * (_of_day(minutes, found["unit"] or "", found["part"] or ""),)))


def _minutes(found: re.Match[str]) -> tuple[int, bool]:
    """Return the minutes as said, and whether only a clock time is said like this."""
    if found["next"]:
        return _hour(found["next"]) * 60 - 60 + 15 * _QUARTERS[found["quarter"][0]], True
    if found["about"]:
        return _hour(found["about"]) * 60 - 30, True
    if found["of"]:
        return _hour(found["of"]) * 60 + _MINUTES[found["past"]] * (1 if found["sign"] == "past" else -1), True
    if found["named"]:
        sign = -1 if found["way"] in ("menys", "menos", "moins") else 1
        return _hour(found["named"]) * 60 + sign * _MINUTES[found["little"]], found["little"] != "pico"
    word = found["word"] or ""
    return _hour(found["hour"] or word) * 60 + int(found["minute"] or 0), word.endswith("heures")


def _hour(word: str) -> int:
    return int(word) if word.isdigit() else _HOURS[word]


def _of_day(minutes: int, unit: str, part: str) -> int:
    """Return the minute of the day: without a part of the day, before eight means the afternoon."""
    late = unit.strip().startswith("p") or bool(re.fullmatch(rf" {_LATE}", part))
    early = unit.strip().startswith("a") or bool(re.fullmatch(rf" {_EARLY}", part))
    if late and minutes < 12 * 60 and not ("dia" in part and minutes >= 11 * 60):
        return minutes + 12 * 60
    return minutes + 12 * 60 if minutes < _OPENS * 60 and not early else minutes


def part_end(clock: TimeToken) -> int:
    """Return the minute at which the part of the day ends that a clock time names; else the day's last."""
    return 14 * 60 if re.search(rf" {_EARLY}$", clock.text) else 24 * 60


def _is_led(before: list[TimeToken], text: str, end: int, minutes: int) -> bool:
    """Whether what stands before a bare number, or a range after it, makes it an hour."""
    if _NOUN.match(text, end):
        return False
    if _TO_UNIT.match(text, end):
        return True
    last, second = (*reversed(before[-2:]), *2 * (TimeToken("stop", ""),))[:2]
    if last.text in ("de", "del") or last.kind in ("stop", "comma", "phone", "open"):
        return _RANGE.match(text, end) is not None
    if last.kind in ("to", "or"):
        return second.kind in ("clock", "noon")
    if last.text == "la":  # "és la una", "cap a la 13:30"; not "l'extensió és la 4"
        return minutes == 60 or second.kind in _LEADS | {"article", "to"}
    return last.kind in _LEADS or (last.kind == "article" and last.text not in ("el", "els", "los", "en"))
