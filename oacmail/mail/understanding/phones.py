"""The telephone that a writer wants to be called at: digits and numerals in words, fields of forms, and numbers that
are none.

A wrong number is worse than none.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from oacmail.core.model import regex
from oacmail.mail.understanding import phrases

# --- Numerals --------------------------------------------------------------------------------------------------------
# Convert number words (ca, es, en, fr; de: units) to digits: people also spell out their telephone number.
#
# This section does not decide what a number means. It works on folded text and rewrites only runs of numerals that give
# a telephone's digits, so that "a les cinc" and "una trucada" stay words, and the ending of a telephone that its
# writer corrects.

_UNITS = {
    "0": "zero cero sero oh nought null",
    "1": "un una u uno one une eins",
    "2": "dos dues two deux zwei zwo",
    "3": "tres three trois drei",
    "4": "quatre cuatro four vier",
    "5": "cinc cinco five cinq funf",
    "6": "sis seis six sechs sei",
    "7": "set siete seven sept sieben",
    "8": "vuit ocho eight huit uit acht",
    "9": "nou nueve nine neuf neun",
}
_TWENTIES = ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
_TEENS = {
    "10": "deu diez ten dix",
    "11": "onze once eleven",
    "12": "dotze doce twelve douze",
    "13": "tretze trece thirteen treize",
    "14": "catorze catorce fourteen quatorze",
    "15": "quinze quince fifteen",
    "16": "setze dieciseis sixteen seize",
    "17": "disset desset diecisiete seventeen",
    "18": "divuit devuit dieciocho eighteen",
    "19": "dinou denou diecinueve nineteen",
    **{f"2{unit}": f"veinti{word}" for unit, word in enumerate(_TWENTIES, 1)},
}
_TENS = {
    "20": "vint veinte twenty vingt",
    "30": "trenta treinta thirty trente",
    "40": "quaranta cuarenta forty quarante",
    "50": "cinquanta cincuenta fifty cinquante",
    "60": "seixanta sesenta sixty soixante xixanta",
    "70": "setanta setenta seventy",
    "80": "vuitanta ochenta eighty huitanta",
    "90": "noranta noventa ninety",
}
_HUNDREDS = {
    "100": "cent cien ciento",
    "200": "doscientos",
    "300": "trescientos",
    "400": "cuatrocientos",
    "500": "quinientos cincocientos",
    "600": "siscents seiscientos",
    "700": "setcents setecientos",
    "800": "ochocientos",
    "900": "noucents novecientos",
}
_TENS_WORDS = " ".join(_TENS.values()).split()
_TABLES = (_UNITS, _TEENS, _TENS, _HUNDREDS)
_VALUES = {word: int(value) for table in _TABLES for value, words in table.items() for word in words.split()}
_VALUES |= {  # written together
    f"{ten}{link}{unit}": _VALUES[ten] + value
    for ten in _TENS_WORDS
    for link in ("", "i", "y")
    for unit, value in list(_VALUES.items())
    if 0 < value < 10
}
_ARTICLES = frozenset({"un", "una", "u", "one", "une", "cent"})  # words that also mean something else
_TIMES_100 = frozenset({"cents", "hundred"})
_TELLING = (frozenset(_VALUES) | _TIMES_100) - _ARTICLES
_SEVERAL = {  # "tres zeros", "dos cincos"
    word: digit
    for digit, words in {
        "0": "zeros ceros zeroes", "1": "ones", "2": "doses dosos twos", "3": "treses tresos threes",
        "4": "cuatros quatres fours", "5": "cincos cincs fives", "6": "seises sisos sixes", "7": "sietes sevens",
        "8": "ochos vuits eights", "9": "nueves nines",
    }.items()
    for word in words.split()
}  # fmt: skip
_REPEATED = {"doble": 2, "double": 2, "triple": 3}
_NUMERALS = _TIMES_100.union(_VALUES, _SEVERAL, _REPEATED)
_NATIONAL, _LONGEST = 9, 14  # digits
_ABROAD = range(10, 13)  # digits of a number of another country that begins with 0
_DIGIT_BESIDE = 1  # digit of an article, or of another sentence, after them ("…, una abraçada", "… 3. Fins …")
_LINKS = frozenset({"i", "y", "et", "and"})
_PLUS = frozenset({"plus", "mas", "mes"})
_MARKS = frozenset({"punt", "punto", "point", "dot", "coma", "guio", "guion", "dash", "espai", "espacio"})

_ENDS = frozenset({". ", ": "})  # signs after an hour that stands before a telephone: "fins a les nou. Sis-set-zero …"
_OF_AN_HOUR = 2  # numerals before such a sign
_FEWEST_WORDS = 2  # words of number that are no articles
_LONG_WORD = 18  # letters of digits written without a space
_THENS = ("then", "luego", "despues", "despres", "llavors", "puis")
_THEN = regex(  # "617, luego 349 y después 082", "00 33 y luego 6 41"
    rf"(?:,(?<=\d\d,) | (?<=\d\d )(?:, )?)(?:(?:i|y|and|et) )?(?:{'|'.join(_THENS)}) (?:el |la |l')?(?=\d{{1,3}}\b)"
)
_DIALLED = regex(r"\b[6-9]\d{2}[\d ]*$|\b00 ?\d{2}$")
_UNIT = "|".join(sorted({word for words in _UNITS.values() for word in words.split() if len(word) > 1}, key=len)[::-1])
_GLUED = regex(rf"\b(?:{_UNIT}){{6,}}\b")
_O = regex(r"o(?:(?<=\do)(?=\d)|(?<=\d o)(?=\d\d))")  # O for zero: "655 o18 342"
_GLUED_UNIT = regex(_UNIT)
_CHINESE = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SPACES = str.maketrans(dict.fromkeys("-,.;:/·", " "))
_SIGNS = {code: " " for code in range(128) if not chr(code).isalnum()}
_TOKEN = regex(r"\d+|[^\W\d_]+|[\W_]+")
_GAP = regex(r"[ ,.;:/·…‐-—-]{1,4}")
_DIGIT = regex(r"\d")
_TOGETHER = regex(r" |-")
CORRECTED = (
    r"(?:no\W{1,2})?(?:esper[ae]?\b|perdon\w*|perdo\b|pardon\b|sorry\b|vull dir|quiero decir|i mean|m'he equivocat"
    r"|me he equivocado)"
)
"""What stands between a telephone and the one, or the ending, that replaces it."""
_SAID_AGAIN = regex(rf"\d(?:\W{{1,3}}{CORRECTED}|[ ,]{{1,3}}(?:(?:{'|'.join(_LINKS)}) )?(?:{'|'.join(_THENS)}) )")
_AT_THE_END = r"(?:al final|a la fi|a la fin|at the end)\b"
_ENDING = regex(  # "619 33 70 28, perdo, 82 al final"
    r"(?P<number>[6-9](?<!\d\d)(?:[ .,·/-]{0,3}\d){8})\W{1,3}" + CORRECTED + r"\W{1,3}"
    r"(?:(?:que )?(?:acaba|termina|ends) (?:en|amb|con|in|with) |(?:es|is|el|the) )?"
    r"(?P<end>\d{2,4}|[a-z]{2,20}(?:[ -][a-z]{1,20}){0,6}?)"
    rf" ?(?:{_AT_THE_END}|(?=[,.;)!](?!\d)|$))"
)


def may_change(folded: str) -> bool:
    """Whether `in_digits` may change a text or a line of it: numerals stand together, or a number is corrected."""
    said = phrases.words(folded)
    if not folded.isascii() or max(map(len, said), default=0) >= _LONG_WORD:
        return True
    if not _TELLING.isdisjoint(said):
        words = ["", *folded.translate(_SIGNS).split(), ""]
        for at in [at for at, word in enumerate(words) if word in _TELLING]:
            if any(_is_numeral(word) or word in _LINKS or word in _MARKS for word in (words[at - 1], words[at + 1])):
                return True
    return _O.search(folded) is not None or _SAID_AGAIN.search(folded) is not None


def in_digits(text: str) -> str:
    """ "al 655, trenta, trenta-dos, vuitanta-u" -> "al 655303281": runs that give the digits of a telephone."""
    if not text.isascii():
        text = text.translate(_CHINESE)
    if max(map(len, text.split()), default=0) >= _LONG_WORD:  # number words without spaces
        text = _GLUED.sub(lambda found: " ".join(_GLUED_UNIT.findall(found.group())), text)
    words = text.translate(_SPACES).split()
    is_spelled = not _TELLING.isdisjoint(words) and sum(map(_TELLING.__contains__, words)) >= _FEWEST_WORDS
    if not is_spelled and not _DIGIT.search(text):
        return text
    text = _O.sub("0", text)
    for then in reversed([*_THEN.finditer(text)]):
        if _DIALLED.search(_THEN.sub(" ", text[: then.start()])):
            text = f"{text[: then.start()]} {text[then.end() :]}"
    return _ENDING.sub(_corrected, _spelled(text) if is_spelled else text)


def _spelled(text: str) -> str:
    """Write each run of numerals that gives a telephone as its digits."""
    words = _TOKEN.findall(text)
    at, whole = 0, []
    for start, end in _runs(words):
        plus = not _PLUS.isdisjoint(words[max(0, start - 2) : start])
        digits = _telephone(words[start:end], abroad=plus or words[max(0, start - 1)].endswith("+"))
        whole += [
            *words[at:start],
            "+" * (plus and digits.isdigit() and len(digits) > _NATIONAL),
            digits or "".join(words[start:end]),
        ]
        at = end
    return "".join([*whole, *words[at:]])


def _corrected(found: re.Match[str]) -> str:
    words = _TOKEN.findall(found["end"])
    if not all(word.isdigit() or word in _VALUES or word in _LINKS or word in " -" for word in words):
        return found[0]
    end = "".join(_read_numerals(words, joined=True))
    number = [*found["number"]]
    for place in reversed([at for at, sign in enumerate(number) if sign.isdigit()]):
        if not end:
            break
        number[place], end = end[-1], end[:-1]
    return "".join(number)


def _runs(words: list[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of numerals, from the first to the last."""
    start = last = -1
    for at in [at for at, word in enumerate(words) if _is_numeral(word)]:
        if start >= 0 and not all(map(_joins, words[last + 1 : at])):
            yield start, last + 1
            start = -1
        start, last = (at if start < 0 else start), at
    if start >= 0:
        yield start, last + 1


def _is_numeral(word: str) -> bool:
    return word in _NUMERALS or (word.isdigit() and len(word) <= 4)


def _joins(word: str) -> bool:
    """Whether a run of numerals goes on after it."""
    return word in _LINKS or word in _MARKS or _GAP.fullmatch(word) is not None


def _telephone(run: list[str], abroad: bool) -> str:
    """Return the digits of the run, '' if they are no telephones; an article beside them does not count."""
    if len(run) == 1 or all(word not in _VALUES for word in run):
        return ""
    first = next((at for at, word in enumerate(run) if word in _ENDS), 0)
    few = sum(map(_is_numeral, run[:first])) <= _OF_AN_HOUR
    if first and few and (found := _telephone(run[first + 1 :], abroad=False)):
        return "".join(run[: first + 1]) + found
    without_articles = [  # before a digit: "tres ceros y un tres" ends with 0003
        word
        for at, word in enumerate(run)
        if word not in _ARTICLES - {"u"} or run[at + 1 : at + 2] != [" "] or run[at + 2] in _LINKS | _ARTICLES
    ]
    readings = ((words, joined) for words in (run, without_articles) for joined in (True, False))
    return next((found for words, joined in readings if (found := _in_groups(words, joined, abroad))), "")


def _in_groups(run: list[str], joined: bool, abroad: bool) -> str:
    numbers = list(_read_numerals(run, joined))
    whole = "".join(numbers)
    foreign = abroad or whole.startswith(("00", "34"))
    if (foreign and 10 <= len(whole) <= _LONGEST) or (len(whole) in _ABROAD and whole[0] == "0"):
        return whole
    if numbers and run[0] in _ARTICLES:
        numbers = numbers[1:]
    found = [""]
    for number in numbers:
        found[-1] += number
        if len(found[-1]) == _NATIONAL and found[-1][0] in "6789":
            found.append("")
    beside = _DIGIT_BESIDE if run[-1] in _ARTICLES or "." in "".join(run[-2:-1]) else 0
    return " ".join(found[:-1]) if len(found[-1]) <= beside else ""


def _read_numerals(run: list[str], joined: bool) -> Iterator[str]:
    """Yield the number of each numeral; "six cents douze" is one, and so is "treinta y dos". `joined`: also "trenta
    dos" without a hyphen."""
    at = 0
    while at < len(run):
        word = run[at]
        if word in _REPEATED:
            at = next((after for after in range(at + 1, len(run)) if run[after].isalnum()), len(run))
            again = run[at] if at < len(run) else ""
            yield (again if again.isdigit() else str(_VALUES.get(again, ""))) * _REPEATED[word]
        elif word in _VALUES:
            value, at = _compound(run, at, joined)
            several = _adjoining(run, at, joined=True)
            digit = _SEVERAL.get(run[several]) if several else None
            at = several + 1 if digit else at
            yield digit * value if digit else str(value)
            continue
        elif word.isdigit():
            yield word
        at += 1


def _compound(run: list[str], at: int, joined: bool) -> tuple[int, int]:
    """Return (value, place after it) of the numeral that begins at `at`."""
    value, end = _VALUES[run[at]], at + 1
    after = _adjoining(run, end, joined)
    if after and run[after] in _TIMES_100 and value < 10:
        value, end = value * 100, after + 1
        after = _adjoining(run, end, joined)
    if value == 4 and after and run[after] in ("vingt", "vingts"):
        value, end = 80, after + 1
        after = _adjoining(run, end, joined)
    # what the number that follows in the same numeral is less than: "soixante-dix-huit", "quatre-cents set"
    room = 0
    if value and value % 100 == 0:
        room = 100
    elif value in (60, 80):
        room = 20
    elif run[at] == "dix" or (value >= 20 and value % 10 == 0):
        room = 10
    if after and 0 < _VALUES.get(run[after], 0) < room:
        more, end = _compound(run, after, joined)
        return (value + more, end) if more < room else (value, after - 1)
    return value, end


def _adjoining(run: list[str], at: int, joined: bool) -> int:
    """Return the place of the word that a space, a hyphen or "i" joins to the one before `at`; 0 = none."""
    gap = run[at] if at < len(run) else ""
    if not _TOGETHER.fullmatch(gap) or at + 1 >= len(run):
        return 0
    if run[at + 1] in _LINKS:
        return at + 3 if at + 3 < len(run) and _TOGETHER.fullmatch(run[at + 2]) else 0
    return at + 1 if joined or gap == "-" else 0


# --- Form fields -----------------------------------------------------------------------------------------------------
# Find the labelled fields of a web form's mail: "Nom: …", "Telèfon: …", "E-mail: …", each on its own line.
#
# This section decides which kinds of field a text has; core/sender.py decides what follows. The work is linear.

_MOST = 200  # lines that are read: a form begins with its fields
_LABELS = {
    "name": r"nom|nom i cognoms?|nom complet|cognoms?|nombre|nombre y apellidos?|nombre completo|apellidos?|name"
    r"|first name|last name|full name|contact name|remitent|remitente|sol·licitant|solicitante|persona de contact[eo]"
    r"|nom et pr[ée]nom",
    "address": r"e-?mail|mail|correu|correu electr[òo]nic|correo|correo electr[óo]nico"
    r"|adre[çc]a (?:electr[òo]nica|de correu)|direcci[óo]n (?:electr[óo]nica|de correo)|e-?mail address"
    r"|email de contact[eo]",
    "phone": r"tel[èée]fone?o?|tel|tel[èée]fono? de contact[eo]|m[òóo]bil|m[óo]vil|phone|phone number|telephone|mobile",
    "text": r"missatge|mensaje|message|consulta|comentaris?|comentarios?|comments?|assumpte|asunto|subject|motiu|motivo"
    r"|tema|descripci[óo]n?|pregunta|petici[óo]n?|question",
}
_FIELD = {
    name: regex(
        rf"^\W{{0,4}}(?:(?:el|la|su|tu|your|vostre|vostra) )?(?:{labels})\.?\s?(?:\([^)\n]{{1,40}}\))?\s?\*?\s?[:=]",
        re.I,
    )
    for name, labels in _LABELS.items()
}

_TITLE = regex(
    r"^\W{0,3}(?:\[?web\b|formulari\w*|contact[eo]?\b[^\n]{0,20}\bweb|(?:nou|nova|nuev[oa]|new) "
    r"(?:missatge|mensaje|message|consulta|contact[eo]?|sol·licitud|solicitud|submission|formulari\w*))"
    r"|\b(?:formulari\w*|contact form|web ?form|bústia ciutadana|buzón ciudadano|des del web|desde la web)\b",
    re.I,
)
_CALL_FORM = regex(
    r"\[truca['’]m\]|truca['’]m - nova"
    r"|f(?<!\wf)(?:ormulari (?:truca['’]m|de contacte|web)|ranja hor[àa]ria)\b"
)


def is_call_form(text: str) -> bool:
    """True if a text has the words of the call-back form."""
    return _CALL_FORM.search(text.lower()) is not None


def is_title(subject: str) -> bool:
    """True if a subject names a web form."""
    return _TITLE.search(subject[:200]) is not None


def form_fields(text: str) -> frozenset[str]:
    """Return which of name, address, phone and text are labels at the start of a line."""
    lines = [line[:120] for line in text.split("\n", _MOST)[:_MOST]]
    return frozenset(name for name, label in _FIELD.items() if any(label.match(line) for line in lines))


# --- Phones ----------------------------------------------------------------------------------------------------------
# Find the telephone numbers in a message, and the one that its writer wants to be called on (R26).
#
# This section does not decide whether a call is wanted (core/classification.py), nor when
# (mail/understanding/slots.py). A number may be written in groups of any length. Digits inside longer ones (IBAN),
# after a word for something else (an expedient, a fax), and the office's own number do not count. Text is already
# folded by features.fold, its number words are digits (`in_digits`).


class Telephone(NamedTuple):
    """A number in E.164 and where it stands in the text."""

    number: str
    start: int
    end: int


_DIGITS = regex(r"[+\d][\d ().,/·:+_*|•…‐-—-]{6,}")
_NO_DIGIT = regex(r"\D+")
_GROUP = regex(r"(?:\+ ?)?\d+")
# between two numbers rather than between two groups; the first part them before the second do
_LOOSE = (regex(r"[,:/+|•]| \("), regex(r"[,:/+|•…]| \(|\. | [‐-—-] "))
_BOUND_BEFORE = regex(r"(?:[\d@=/-]|[^\W\d_])$")
# "telefon2=93 …"
_LABEL = regex(r"\b(?:tel|tlf|telf|telefono?|telephone|phone|mobil|movil|mobile|fix|fijo)\d?=?$")
_BOUND_AFTER = regex(r"(?!ext)[a-z_@/]|-\w")
_MOST_GROUPS = 24
_FEWEST = 8  # digits
_BESIDE = 5  # digits beside a number: an hour, a post code
_OTHER_THING = regex(
    r"\b(?:(?<!/)(?<!\b[iy] )fax|iban|compte|cuenta"
    r"|exp(?:edient|ediente)?|ref(?:erencia)?|registre|registro|nif|cif|dni|nie|csv|factura"
    r"|rebut|recibo|codi|codigo|emissora|numero d'entrada|licitaci\w*|ticket|tiquet)\W{0,3}(?:n\W{0,3})?$"
)


def phone(text: str, own: str = "") -> str:
    """Return the number to call in E.164, '' for none: Spanish ones have nine digits starting with 6 to 9, others keep
    their country code. `own` is the office's telephone as its mails show it, which citizens quote."""
    found = telephones(text, own)
    chosen = choose(text, found) if found else None
    return chosen.number if chosen else ""


def telephones(text: str, own: str = "") -> list[Telephone]:
    """Return the numbers in `text` except the office's `own`, in their order."""
    ours = _ours(own)
    return [found for found in _found(text) if found.number not in ours]


@lru_cache(maxsize=4)
def _ours(shown: str) -> frozenset[str]:
    return frozenset(found.number for found in _found(shown))


def _found(text: str) -> Iterator[Telephone]:
    for run in _DIGITS.finditer(text):
        if len(_NO_DIGIT.sub("", run.group())) < _FEWEST:
            continue
        groups = list(islice(_GROUP.finditer(text, run.start(), run.end()), _MOST_GROUPS))
        before = text[max(0, run.start() - 12) : run.start()]
        if _BOUND_BEFORE.search(before) and not _LABEL.search(before):
            if len(groups) < 2 or text[groups[0].end() : groups[1].start()] != ". ":
                continue
            del groups[0]  # it ends a sentence: "els de P1. 659 77 20 41"
        if _BOUND_AFTER.match(text, groups[-1].end()):
            groups.pop()
        for part in _parts(text, groups):
            yield from _numbers(text, part)


def _parts(text: str, groups: list[re.Match[str]], signs: int = 0) -> Iterator[list[re.Match[str]]]:
    """Yield the groups, together if they give one number; otherwise those between signs that part numbers."""
    if signs == len(_LOOSE) or _e164(text, groups):
        yield groups
        return
    start = 0
    for at in range(1, len(groups)):
        between = text[groups[at - 1].end() : groups[at].start()]
        if _LOOSE[signs].search(between) or groups[at].group().startswith("+"):
            yield from _parts(text, groups[start:at], signs + 1)
            start = at if between != "/" or _e164(text, groups[start:at]) else at + 1
    yield from _parts(text, groups[start:], signs + 1)


def _numbers(text: str, groups: list[re.Match[str]]) -> Iterator[Telephone]:
    """Yield the number of all groups, or those of a sequence of numbers with no other digits than an hour, or than the
    end of the line above."""
    found: list[tuple[list[re.Match[str]], str]] = []
    rest = groups
    while rest:
        whole = ((rest[:end], _e164(text, rest[:end])) for end in range(len(rest), 0, -1))
        one, number = next((pair for pair in whole if pair[1]), ([], ""))
        if not number and rest is groups and len(rest) > 1 and len(rest[0].group()) <= _BESIDE:
            rest = rest[1:]
            continue
        if not number:
            break
        found.append((one, number))
        rest = rest[len(one) :]
    if sum(len(group.group()) for group in rest) > _BESIDE:
        return
    for one, number in found:
        first = one[0].start()
        if not _OTHER_THING.search(text[max(0, first - 30) : first].rstrip("(")):
            yield Telephone(number, first, one[-1].end())


# --- one number -----------------------------------------------------------------------------------

_AROUND = 300  # characters beside a number that may name its country
_COUNTRIES = (  # of a number without its country code: 06 12 34 56 78
    ("FR", regex(r"\bfranc(?:ais|es|esa|e|ia)\b|\bfrench\b|\+33|\bappel|\brappel|\bportable\b")),
    ("NL", regex(r"\bneerland\w+|\bholand\w+|\bdutch\b|\+31")),
    ("GB", regex(r"\buk\b|\benglish\b|\bengland\b|\bbritish\b|\bangl(?:es|aterra)\b|\bingles\b|\+44")),
    ("IT", regex(r"\bitalia\w*|\+39")),
    ("DE", regex(r"\balem\w+|\bgerman\w*|\bdeutsch\w*|\+49")),
    ("BE", regex(r"\bbelg\w+|\+32")),
)


def _e164(text: str, groups: Sequence[re.Match[str]]) -> str:
    """Return E.164 as phonenumbers reads it; '' if no numbering plan has it."""
    digits = "".join(group.group() for group in groups).replace(" ", "")
    if "+" in digits[1:] or not _FEWEST <= len(digits) <= 17:
        return ""
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif len(digits) == 11 and digits.startswith("34"):
        digits = f"+{digits}"
    if digits.startswith("+34") or (digits[0] in "6789" and len(digits) == 9):
        national = digits.removeprefix("+34")
        return f"+34{national}" if len(national) == 9 and national[0] in "6789" else ""
    if digits.startswith("+"):
        return _read(digits, None)
    if not 10 <= len(digits) <= 13:
        return ""
    near = text[max(0, groups[0].start() - _AROUND) : groups[-1].end() + _AROUND]
    return next((_read(digits, region) for region, named in _COUNTRIES if named.search(near)), "")


def _read(digits: str, region: str | None) -> str:
    import phonenumbers  # few messages have a number of another country

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:  # no such country
        return ""
    known = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if known else ""


# --- which of several -----------------------------------------------------------------------------

_MOST_NUMBERS = 24  # that are weighed against each other: who names more lists them
_CLOSE = 30  # characters
_OPENING = " ,:("  # signs between a number and what is said of it
_BESIDE_IT = 160  # characters beside a number that say whose it is and what it is for
_SENTENCE = regex(r"[.;!?…](?=\W|$)")
_JOINT = regex(r",|\b(?:i|y|o|and|or|pero|sino|but)\b(?! si\b)")
_ASIDE = regex(r" ?\([^()]*\)")
_CALL = regex(r"\b(?:truc|truqu|llam|call|ring|phone|telefon|tel\b|numero|direct[eo]?|deixo|dejo|appel|rappel)")
_CALLS = r"(?:truqu\w*|truca(?!n?t)\w*|llam[ae](?!n?d[oa])\w*|call|ring|phone)"
_BETTER = regex(
    r"\b(?:millor|mejor|preferib\w*|preferentment|preferentemente|better|rather|plutot|mieux|use|voldria)\b"
    r"(?P<what>(?:[^\w.!?;]+(?!que\b|i\b|y\b|and\b|o\b)[a-z']+){0,5})"
)
_BETTER_AFTER = regex(
    r"\W*(?:(?:el|the) (?:mobil|movil|mobile|fix|fijo) )?(?:es )?"
    r"(?:millor|mejor|preferib\w*|preferent\w*|better|best|preferably)(?: aquest[ae]?| est[ea]| this(?: one)?)?(?! \w)"
)
_KIND_BETTER = regex(
    r"\b(?P<what>mobil|movil|mobile|fix|fijo|landline) (?:millor|mejor|better|preferib\w*)(?! (?:no|que)\b)"
)
_CALL_ONE = regex(  # "call my wife"
    rf"\b{_CALLS}(?:-\w+)? (?:al?|on|to) (?:de |la )?(?:meva |mia |meu |mi )?"
    r"(?P<what>[a-z]+)"
    r"|\b(?:parl(?:ar|eu|i|in)|habl(?:ar|e|en|ad)|speak|talk) "
    r"(?:(?:amb|con|to|with) (?:la )?(?P<with>[a-z]+)|(?P<me>conmigo))"
)
_NOT_BEFORE = regex(r"\b(?:no|not|don't|never|nunca|mai|ni)(?: [\w']+){0,2} $|\b(?:si|if) $")
_NOT_ONE = regex(  # "not to me"
    r"(?<!si )\b(?:no|not|ni) (?:pas )?(?:al?|el|la|to|on the) (?:de |la )?(?P<what>[a-z]+)"
    r"|\bnot (?P<who>him|hers?|me)\b"
)
_ABOUT_ANOTHER = regex(  # "… that I cannot hear", "… not the landline"
    r"\b(?:per)?que (?:jo|yo)\b|\bporque yo\b|\b(?:because|as|since) i\b"
    r"|\b(?:no|not|ni) (?:pas )?(?:al|a la|(?:el|la) (?:que|del?)|(?:on )?the)\b"
    r"|\b(?:millor|mejor|better) (?:al|el|on|the)\b"
)
_HERS, _MINE = "hers", "mine"
_BETTER_BEFORE = regex(
    rf"{_BETTER.pattern}\W*$"
    r"|\b(?:ara|ahora|now|nou|nuevo|new|el bo|el bueno|correcte|correcto|right|ha de ser|tiene que ser|should be)\b"
    r"[^,.;]*$"
)
_WORSE = regex("|".join((  # what is said of a number that is not to be called
    # "do not call", "I never use"
    r"\b(?<!si )(?:no|not|don't|never|nunca|mai|jamas|ni)\b(?: (?!dub|dud|hesit|deix|dej)[\w']+){0,2}?"
    rf" (?:{_CALLS}|us[ae]\w*|utilit\w*|util[iy]\w*|marqu\w*|contact\w*|molest\w*|prov\w*|feu servir)\b",
    r"\bno (?:al?|en)\b|\bno\W*$|\bm(?:ej|ill)or no\b|^\W*not?\b(?! (?:the|al?|el|la|en)\b)|\bnever\b",
    r"\bn'\w* ?appel\w*|\bne (?:pas )?appel\w*|\b(?:evit\w+|avoid|ignor\w+)\b",
    r"\b(?:instead of|en lugar|en vez|en lloc|encara que|aunque|although)\b",
    # nobody answers there
    r"(?<!si )\bno (?:ho |hi |lo |la |el |li |l'|m'hi )?(?:facin|sent\w*|contest\w*|agaf\w*|soc|es|oigo|oyen|cog\w+"
    r"|estoy|tinc|tengo|mir\w*|funciona|va\b|exist\w*|trob\w*)|\b(?:ya|ja) no\b|\bno longer\b",
    r"\b(?:espatllat|trencat|rot|roto|averiado|estropeado|broken|dead|perdut|perdido|robat|robado|stolen|bateria)\b",
    r"\b(?:engaged|switched off|de guardia|difunt\w*)\b",
    r"\b(?:esta|is) (?:away|abroad|on holiday|fora|fuera|malalt\w*|enferm\w*|de (?:viatge|viaje|vaca\w+|baixa|baja))\b",
    # it takes no calls
    r"\bwhatsapp|\b(?:nomes|solo|solament|only)\b[^,.;]{0,20}\b(?:missatges?|mensajes?|sms|texts?|messages?|urg\w+|emerg\w+)\b",
)))  # fmt: skip
_PAST = regex("|".join((  # a number that was called, given or used, or that the writer is told to call
    r"\b(?:he|hem|hemos|ha|han|va|vam|vaig|vau|van|m'ha|ens ha|m'heu|ens heu|i've|have|tinc|tengo que|hay que)"
    r" (?:ja |ya |us |os |de |to )?"
    r"(?:trucat|llamado|trucar|llamar|call|called|rung|posar|donar|donat|dado|deixat|deixar|escrit|escriure|escrito|written|typed)\b",
    r"\b(?:(?:les|os) di\b|llamando|trucant|calling|marcando"
    r"|llame|llamo yo|llamasteis|called|rang|puse|gave|escribi|wrote|typed|posava|ponia|deia|decia"
    r"|tenia|era|eren|was|antic|antiga|antiguo|viejo|vell|old)\b",
    r"\b(?:ja|ya|hi|que|already|number) (?:en )?(?:te|tene|teni|have|consta|on my file)\w*",
)))  # fmt: skip
_THIS = r"(?:aquest|aquell|este|ese|aquel|celui-ci|celui-la|(?:this|that) one)"
_NOT_THIS = regex(  # the one named last: "pero aquest no", "a ese no llameis"
    rf"\b(?:no|not|pas) (?:(?:a|en|on) )?{_THIS}(?! (?!que\b|please\b|si ?us\b|por f)\w)"
    rf"|\b{_THIS},? (?:no|non)"
    rf"(?= (?:per)?que\b| porque\b|(?: (?:hi|el|lo|me|em|us|os))? (?:{_CALLS}|us[ae]|utili|feu servir)"
    r"|\W*(?:[,.;:!)\n]|$))"
)
_YOURS = regex(  # the office's own number
    r"\b(?:al?|el) (?:vostre|vuestro)(?: (?:numero|telefon\w*|fix|fijo))?(?=\W*$|, )"
    r"|\byour (?:number|phone|line)\b|\bvotre (?:numero|telephone|ligne)\b"
    r"|\b(?:telefon\w*|numero|number) (?:de l'ajuntament|del ayuntamiento|de l'oac|de la oac|of the town hall)\b"
)
_FAX = regex(  # "the fax, if anybody uses one, is …"
    r"^\W*(?:[iy] |and )?fax\W*$|\b(?:el|al|del?|the|our|nostre|nuestro|numero) fax\b"
    r"(?:(?!\b(?:meu|mi|my|mobil|movil|mobile|telefon|phone|truqu|llam|call))[^.;\d]){0,60}$"
)
_IS_FAX = regex(r"\W*(?:que )?(?:es|is|era|was) (?:(?:el|un|the|a|our|nostre|nuestro) ){0,2}fax\b|\W*\(fax\)")
_NOT_WITH = regex(r"\bno al (\d{3})\b(?![ .-]?\d)")  # "no al 699, al 688 …"
_LAST_RESORT = regex(
    r"\b[iy] si es\b|\bsi (?:no|comunica|per de cas)\b"
    r"|\bpor si\b|\bper si\b|\bif (?:no|not|nobody|i don't)\b|\botherwise\b|\bau cas\b"
)
_CORRECTED = regex(rf"\W*{CORRECTED}")  # the next number stands for this one: "espere que está mal, 670 …"
_FIXED = regex(r"\b(?:fix|fijo|landline|casa|office|oficina|despatx|despacho|feina|trabajo|work|recepcio\w*)\b")
_MOBILE = regex(r"\b(?:mobil|movil|mobile|cell|portable)\b")
_THEIRS = regex(
    r"\b(?:dona|muller|marit|parella|fill|filla|mare|pare|germa|germana|sogra|cunyada|mujer|marido|pareja|hijo|hija|madre"
    r"|padre|hermano|hermana|suegra|suegro|sogre|wife|husband|partner|son|daughter|mother|father|brother|sister|ell|ella"
    r"|seu|suyo|him|hers?)\b|\ba el\b"
)
_OWN = regex(r"\b(?:meu|meva|mi|conmigo|mio|mia|my|mine|jo|yo|mon)\b")
_PLACES = (
    {"primer", "primero", "first", "premier"},
    {"segon", "segundo", "second", "deuxieme", "ultim", "ultimo", "last"},
)
_WORD = regex(r"[a-z']+")
_NO_NAMES = frozenset(
    _WORD.findall(
        "al el la del de a the lo en au le mon ma my mi meu seva seu su vostre vuestro your aquest este this me em us"
        " os es is"
    )
)


class _Beside(NamedTuple):
    """The text beside a number, as far as the numbers beside it; `lead`, `tail`: what of it is said of this one."""

    before: str
    after: str
    lead: str
    tail: str


def choose(text: str, found: Sequence[Telephone]) -> Telephone | None:
    """Return the number that the writer prefers, else the first beside a word for calling, else the first; never one
    that is the office's, a fax or "not this one"."""
    found = found[:_MOST_NUMBERS]
    beside = [_beside(text, at, found) for at in range(len(found))]
    refused = _refused(text, found)
    left = [
        at
        for at, (one, said) in enumerate(zip(found, beside, strict=True))
        if one.number not in refused
        and not (_YOURS.search(said.lead) or _FAX.search(said.lead) or _IS_FAX.match(said.tail))
    ]
    if len(left) < 2:
        return next((found[at] for at in left), None)
    asked = (
        said
        for said in _CALL_ONE.finditer(text)
        if not _NOT_BEFORE.search(text[max(0, said.start() - _CLOSE) : said.start()])
    )
    said = chain(_BETTER.finditer(text), _KIND_BETTER.finditer(text), asked)
    wanted = set().union(*map(_named, said))
    denied = set().union(*map(_named, _NOT_ONE.finditer(text)))

    def weight(at: int) -> tuple[int, int]:
        place = _PLACES[0] if at == 0 else _PLACES[1] if at == len(found) - 1 else set()
        near = _near(found[at], beside[at].lead) | place
        preferred, no = not near.isdisjoint(wanted), not near.isdisjoint(denied)
        return _weight(beside[at], last=at == len(found) - 1) + 3 * preferred - 3 * no, -at

    return found[max(left, key=weight)]


def _named(said: re.Match[str]) -> set[str]:
    """The names of a number in a wish: "the landline", "hers"."""
    words = {word for word in _WORD.findall(said[said.lastgroup or 0]) if not _CALL.match(word)}
    return words - _NO_NAMES | _whose(said.group())


def _whose(text: str) -> set[str]:
    return {_HERS} if _THEIRS.search(text) else {_MINE} if _OWN.search(text) else set()


def _refused(text: str, found: Sequence[Telephone]) -> set[str]:
    """Return the numbers that the writer refuses without naming them in full."""
    starts = {f"+34{said[1]}" for said in _NOT_WITH.finditer(text)}
    before = [[one.number for one in found if one.end <= said.start()][-1:] for said in _NOT_THIS.finditer(text)]
    return {one.number for one in found if one.number[:6] in starts} | {number for last in before for number in last}


def _beside(text: str, at: int, found: Sequence[Telephone]) -> _Beside:
    one = found[at]
    before = text[max(0, one.start - _BESIDE_IT, found[at - 1].end if at else 0) : one.start]
    after = text[one.end : min([one.end + _BESIDE_IT, *(other.start for other in found[at + 1 : at + 2])])]
    sentences = [part for part in _SENTENCE.split(before) if _WORD.search(part)]
    lead = sentences[-1] if sentences else ""
    tail = _SENTENCE.split(after)[0]
    if at and len(sentences) == 1:
        lead = lead[_joint(lead) or 0 :]
    if at + 1 < len(found) and tail == after:
        tail = tail[: _joint(tail)]
    return _Beside(before, after, lead, _ABOUT_ANOTHER.split(tail)[0])


def _joint(between: str) -> int | None:
    """Where the words between two numbers stop to be of the first and begin to be of the second; None = nowhere."""
    joints = [joint.start() for joint in _JOINT.finditer(between.rstrip(_OPENING))]
    aside = _ASIDE.match(between)
    return joints[-1] if joints else aside.end() if aside else None


def _near(one: Telephone, lead: str) -> set[str]:
    """The words that name a number: its label, its kind, whose it is."""
    label = next((part for part in reversed(lead.split(":")) if _WORD.search(part)), "")[-40:]
    near = set(_WORD.findall(label)) | _whose(lead)
    if _MOBILE.search(label) or (one.number[3] in "67" and not _FIXED.search(label)):
        near |= {"mobil", "movil", "mobile", "cell"}
    if _FIXED.search(label) or one.number[3] in "89":
        near |= {"fix", "fijo", "landline"}
    return near


def _weight(beside: _Beside, last: bool) -> int:
    before, after, lead, tail = beside
    clause = lead[lead.rstrip(_OPENING).rfind(",") + 1 :]
    refused, said_after = bool(_WORSE.search(clause)), bool(_BETTER_AFTER.match(tail))
    return (
        2 * (said_after or (not refused and bool(_BETTER_BEFORE.search(lead))))
        + bool(_CALL.search(lead) or _CALL.search(tail))
        - 2 * (refused or bool(_WORSE.search(tail)))
        - 2 * bool(_PAST.search(clause) or _PAST.search(tail))
        - 2 * (not said_after and bool(_LAST_RESORT.search(_SENTENCE.split(before)[-1])))
        - 3 * (not last and bool(_CORRECTED.match(after)))
    )
