"""Find the telephone number in a message, and when its writer wants to be called (R26).

This module decides which of several numbers is meant and which slot an hour belongs to, but not whether a call is
wanted (core/routing/classification.py). Numbers inside longer ones (IBAN), after a word for something else (an
expedient, a fax), and the office's own do not count. Text is already folded by features.fold.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import phonenumbers

Slot = Literal["morning", "afternoon", "any"]

_NUMBER = re.compile(
    r"(?<![\w/@=-])(?<!\d[ .-])(?P<prefix>\(?(?:\+|00)\d{1,3}\)?[ .-]?)?"
    r"(?P<rest>\(?\d(?!\. )(?:[ .()/-]{0,2}\d){5,12})(?![ .-]?\d|[\w@/]|-\w)"
)
_OTHER_THING = re.compile(
    r"\b(?:fax|iban|compte|cuenta|exp(?:edient|ediente)?|ref(?:erencia)?|registre|registro|nif|cif|dni|nie|csv|factura"
    r"|rebut|recibo|codi|codigo|emissora|numero d'entrada|licitaci\w*|ticket|tiquet)\W{0,3}(?:n\W{0,3})?$"
)
_WANTED = re.compile(
    r"\b(?:truc|truqu|llam|call|ring|phone|telefon|mobil|movil|tel|numero|direct[eo]?|deixo|dejo|appeler)\w*\W+(?:\w+\W+){0,4}$"
)
_BETTER = re.compile(r"\b(?:millor|mejor|preferib\w*|primer|better)\W+(?:\w+\W+){0,3}$")
_NOT_WANTED = re.compile(
    r"\b(?:nomes (?:whatsapp|missatges)|no (?:es|truqueu|llamen|el mireu)|del trabajo|whatsapp)\W+(?:\w+\W+){0,3}$"
)


def phone(text: str, own: str = "") -> str:
    """Return the number to call in E.164, '' for none: Spanish ones have nine digits starting with 6 to 9, others keep
    their country code. `own` is the office's telephone as its mails show it, which citizens quote."""
    ours = _ours(own)
    found = [
        (_weight(text, match.start()), -match.start(), number) for match, number in _numbers(text) if number not in ours
    ]
    return max(found)[2] if found else ""


@lru_cache(maxsize=4)
def _ours(shown: str) -> frozenset[str]:
    return frozenset(number for _, number in _numbers(shown))


def _numbers(text: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _NUMBER.finditer(text):
        before = text[max(0, match.start() - 30) : match.start()]
        number = _e164(re.sub(r"\D", "", match["prefix"] or ""), re.sub(r"\D", "", match["rest"]))
        if number and not _OTHER_THING.search(before):
            yield match, number


def _e164(prefix: str, rest: str) -> str:
    """Return E.164 as phonenumbers reads it; '' if no numbering plan has it. `prefix`: digits of a country code."""
    country = prefix.removeprefix("00")
    if not prefix and len(rest) == 11 and rest.startswith("34"):
        country, rest = "34", rest[2:]
    if country in ("", "34") and not (len(rest) == 9 and rest[0] in "6789"):
        return ""
    try:
        number = phonenumbers.parse(f"+{country or '34'}{rest}")
    except phonenumbers.NumberParseException:  # no such country
        return ""
    known = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if known else ""


def _weight(text: str, start: int) -> int:
    before = text[max(0, start - 60) : start]
    return 2 * bool(_BETTER.search(before)) + bool(_WANTED.search(before)) - 2 * bool(_NOT_WANTED.search(before))


# --- when ---------------------------------------------------------------------------------------------

_NOON, _OPENS = 14, 8
_NEAR = re.compile(
    r"\b(?:truqu|truc|llam|call\b|ring\b|phone|telefon|appel|chiam|franja|disponible|\d{3}[ .]?\d{2,3}[ .]?\d{2,3})"
)
_REACH = 110  # characters around the request: hours elsewhere belong to the problem
_GREETING = re.compile(
    r"\b(?:bon|bona|buenas|buena|buenos|good) (?:tarda|tardes|tarde|afternoon|morning|vespre)\b"
    r"|\b(?:dema passat|pasado manana)\b"
)
_DAYPART = r"(?:a les |a la |als |por las? |de )?(?:tard|mati|manana)\w*[^.!?]{0,60}"
_CONTRASTS = (  # "…, que pels matins treballo" before "els matins treballo"
    re.compile(rf"\b(?:que|q|porque|perque|pues) {_DAYPART}"),
    re.compile(rf"\b(?:els?|las?) {_DAYPART}"),
)
_MORNING = r"(?:mati|matins|manana|mananas|matin|morning|mornings|demati)"
_AFTERNOON = r"(?:tarda|tardes|tarde|apres-midi|afternoon|afternoons|vespre|pomeriggio)"
_CHOSEN = re.compile(
    r"\b(?:(?:franja(?: horaria)?|horari|horario|slot)\W{1,3}|(?:millor|mejor|preferib\w+|better) )"
    rf"(?:de |del |al? |als |les |la |las |por |per |in |the |el )*(?P<slot>{_MORNING}|{_AFTERNOON})\b"
)
_QUARTERS = re.compile(r"\b(?:un|dos|tres) quarts (?:de |d')(\w+)")  # a quarter of an hour does not change the slot
_ANY_HOUR = re.compile(
    r"\b(?:tot|todo|all) (?:el )?(?:dia|day) (?:menys|menos|excepte|excepto|salvo|tret|except)\b"
    r"|\b(?:ara mateix|ahora mismo|right now|com mes aviat|cuanto antes|as soon as)\b"
)
_NOT = r",? (?:que )?no (?:puc|puedo|hi soc|estoy|em va|hi ha)\b"
_WORDING: tuple[tuple[str, Slot], ...] = (  # each match is removed, so the more exact ones come first
    (rf"\b{_AFTERNOON}{_NOT}", "morning"),
    (rf"\b{_MORNING}{_NOT}", "afternoon"),
    (r"\b(?:qualsevol|cualquier) hora\b|\bany ?time\b|\b(?:tot|todo) el dia\b", "any"),
    (r"\bquan (?:pugueu|vulgueu|us vagi)\b|\bcuando (?:puedan|quieran)\b", "any"),
    (r"\b(?:abans|antes) de (?:dinar|comer|mediodia|migdia)\b|\bbefore (?:noon|lunch)\b|\besmorzar\b", "morning"),
    (r"\bprimera hora(?! de la tard)\b", "morning"),
    (r"\b(?:despres de|passat|despues de) (?:dinar|comer)\b|\bafter lunch\b", "afternoon"),
    (rf"\b{_MORNING}\b", "morning"),
    (rf"\b{_AFTERNOON}\b", "afternoon"),
)
_WORDS = tuple((re.compile(pattern), meant) for pattern, meant in _WORDING)
_NAMES = {
    **{"una": 1, "dues": 2, "dos": 2, "tres": 3, "quatre": 4, "cuatro": 4, "cinc": 5, "cinco": 5, "sis": 6, "seis": 6},
    **{"set": 7, "siete": 7, "vuit": 8, "ocho": 8, "nou": 9, "nueve": 9, "deu": 10, "diez": 10, "onze": 11, "once": 11},
    **{"dotze": 12, "doce": 12},
}


def _hour_pattern(name: str) -> str:
    number = rf"(?P<{name}>\d{{1,2}}|{'|'.join(_NAMES)})(?:[:.h]\d{{2}})?"
    late = r"(?:del vespre|de la tarda|de la tarde|de la noche|de la nit)"
    return rf"(?:les |las |la |l')?{number}(?P<{name}unit> ?(?:h|hores|horas|am|pm)\b| {late}\b)?"


_BUSY = re.compile(
    rf"\b(?:treball|trabaj|dorm|duerm|no puc|no puedo)\w*[^.!?]{{0,40}} (?:fins a|hasta) {_hour_pattern('a')}"
)
_FROM_TO = re.compile(
    rf"\b(?:de|entre|d'|from|between) ?{_hour_pattern('a')} ?(?:a|i|y|-|to|and) ?{_hour_pattern('b')}\b"
)
_FROM = re.compile(
    rf"\b(?:a partir d[e']|despres de|despues de|desde|des de|after|apres|passades) ?{_hour_pattern('a')}\b"
)
_UNTIL = re.compile(
    rf"\b(?:abans d[e']|antes de|before|fins a|hasta|avant) ?{_hour_pattern('b')}\b"
    r"(?! (?!que|si|o|i|y|per|por|al|de)[a-z])"
)
_AT = re.compile(rf"\b(?:a les|a las|sobre las|sobre les|at) {_hour_pattern('a')}\b")


def slot(text: str) -> Slot:
    """Return morning [08,14), afternoon [14,20), or any (nothing found, or both). Hours take precedence over words."""
    if chosen := _CHOSEN.search(text):
        return "morning" if re.fullmatch(_MORNING, chosen["slot"]) else "afternoon"
    near = _QUARTERS.sub(r"a les \1", _GREETING.sub(" ", _around(text)))
    if _ANY_HOUR.search(near):
        return "any"
    if not near:
        return "any"
    hours = list(_spans(near))
    if hours:
        start, end = max(span[0] for span in hours), min(span[1] for span in hours)
        return "morning" if end <= _NOON else "afternoon" if start >= _NOON else "any"
    slots = _slots(near)
    for contrast in _CONTRASTS:
        if len(slots) > 1:
            near = contrast.sub(" ", near)
            slots = _slots(near) or slots
    return slots.pop() if len(slots) == 1 else "any"


def _around(text: str) -> str:
    """Return the text near a word for calling or a number."""
    spans = [(max(0, found.start() - _REACH), found.end() + _REACH) for found in _NEAR.finditer(text)]
    return " ".join(text[start:end] for start, end in spans[:4])


def _slots(text: str) -> set[Slot]:
    slots: set[Slot] = set()
    for pattern, meant in _WORDS:
        text, times = pattern.subn(" ", text)
        if times:
            slots.add(meant)
    return slots


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the hours [from, to) in which a call is requested."""
    yield from ((_hour(found, "a"), 24) for found in _BUSY.finditer(text))
    text = _BUSY.sub(" ", text)
    for found in _FROM_TO.finditer(text):
        if _hour(found, "a") <= _hour(found, "b"):
            yield _hour(found, "a"), max(_hour(found, "b"), _hour(found, "a") + 1)
    text = _FROM_TO.sub(" ", text)
    yield from ((_hour(found, "a"), 24) for found in _FROM.finditer(text))
    yield from ((0, _hour(found, "b")) for found in _UNTIL.finditer(text))
    yield from (
        (_hour(found, "a"), _hour(found, "a") + 1) for found in _AT.finditer(_UNTIL.sub(" ", _FROM.sub(" ", text)))
    )


def _hour(found: re.Match[str], name: str) -> int:
    """Return 0..24; an hour below eight means the afternoon, since nobody is called at night."""
    word, unit = found[name], (found[f"{name}unit"] or "").strip()
    hour = _NAMES.get(word) or (int(word) if word.isdigit() else 0)
    late = unit == "pm" or unit.startswith("de")
    return min(24, hour + 12 if hour < _OPENS or (late and hour < 12) else hour)
