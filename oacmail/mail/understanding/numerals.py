"""Convert number words (ca, es, en, fr; de: units) to digits: people also spell out their telephone number.

This module does not decide what a number means. It works on folded text and rewrites only runs of numerals that give a
telephone's digits, so that "a les cinc" and "una trucada" stay words, and the ending of a telephone that its writer
corrects.
"""

import re
from collections.abc import Iterator

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
_NATIONAL, _LONGEST = 9, 14  # digits
_ABROAD = range(10, 13)  # digits of a number of another country that begins with 0
_BESIDE = 1  # digit of an article, or of another sentence, after them ("…, una abraçada", "… 3. Fins …")
_LINKS = frozenset({"i", "y", "et", "and"})
_PLUS = frozenset({"plus", "mas", "mes"})
_MARKS = frozenset({"punt", "punto", "point", "dot", "coma", "guio", "guion", "dash", "espai", "espacio"})

_ENDS = frozenset({". ", ": "})  # signs after an hour that stands before a telephone: "fins a les nou. Sis-set-zero …"
_OF_AN_HOUR = 2  # numerals before such a sign
_FEWEST = 2  # words of number that are no articles
_LONG_WORD = 18  # letters of digits written without a space
_THEN = re.compile(  # "617, luego 349 y después 082", "00 33 y luego 6 41"
    r"(?<=\d\d)(?:,| ,)? (?:(?:i|y|and|et) )?(?:then|luego|despues|despres|llavors|puis) (?:el |la |l')?(?=\d{1,3}\b)"
)
_DIALLED = re.compile(r"\b[6-9]\d{2}[\d ]*$|\b00 ?\d{2}$")
_UNIT = "|".join(sorted({word for words in _UNITS.values() for word in words.split() if len(word) > 1}, key=len)[::-1])
_GLUED = re.compile(rf"\b(?:{_UNIT}){{6,}}\b")
_O = re.compile(r"(?<=\d)o(?=\d)|(?<=\d )o(?=\d\d)")  # O for zero: "655 o18 342"
_GLUED_UNIT = re.compile(_UNIT)
_CHINESE = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SPACES = str.maketrans(dict.fromkeys("-,.;:/·", " "))
_TOKEN = re.compile(r"\d+|[^\W\d_]+|[\W_]+")
_GAP = re.compile(r"[ ,.;:/·…‐-—-]{1,4}")
_TOGETHER = re.compile(r" |-")
CORRECTED = (
    r"(?:no\W{1,2})?(?:esper[ae]?\b|perdon\w*|perdo\b|pardon\b|sorry\b|vull dir|quiero decir|i mean|m'he equivocat"
    r"|me he equivocado)"
)
"""What stands between a telephone and the one, or the ending, that replaces it."""
_AT_THE_END = r"(?:al final|a la fi|a la fin|at the end)\b"
_ENDING = re.compile(  # "619 33 70 28, perdo, 82 al final"
    r"(?<!\d)(?P<number>[6-9](?:[ .,·/-]{0,3}\d){8})\W{1,3}" + CORRECTED + r"\W{1,3}"
    r"(?:(?:que )?(?:acaba|termina|ends) (?:en|amb|con|in|with) |(?:es|is|el|the) )?"
    r"(?P<end>\d{2,4}|[a-z]{2,20}(?:[ -][a-z]{1,20}){0,6}?)"
    rf" ?(?:{_AT_THE_END}|(?=[,.;)!](?!\d)|$))"
)


def in_digits(text: str) -> str:
    """ "al 655, trenta, trenta-dos, vuitanta-u" -> "al 655303281": runs that give the digits of a telephone."""
    return _ENDING.sub(_corrected, _spelled(_plain(text)))


def _corrected(found: re.Match[str]) -> str:
    words = _TOKEN.findall(found["end"])
    if not all(word.isdigit() or word in _VALUES or word in _LINKS or word in " -" for word in words):
        return found[0]
    end = "".join(_numbers(words, joined=True))
    number = [*found["number"]]
    for place in reversed([at for at, sign in enumerate(number) if sign.isdigit()]):
        if not end:
            break
        number[place], end = end[-1], end[:-1]
    return "".join(number)


def _spelled(text: str) -> str:
    if sum(map(_TELLING.__contains__, text.translate(_SPACES).split())) < _FEWEST:
        return text
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


def _plain(text: str) -> str:
    """Chinese digits as ours, O as zero, number words without spaces apart, no "then" inside a telephone."""
    if not text.isascii():
        text = text.translate(_CHINESE)
    text = _O.sub("0", text)
    if len(max(text.split(), key=len, default="")) >= _LONG_WORD:
        text = _GLUED.sub(lambda found: " ".join(_GLUED_UNIT.findall(found.group())), text)
    for then in reversed([*_THEN.finditer(text)]):
        if _DIALLED.search(_THEN.sub(" ", text[: then.start()])):
            text = f"{text[: then.start()]} {text[then.end() :]}"
    return text


def _runs(words: list[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of numerals, from the first to the last."""
    start = last = -1
    for at, word in enumerate(words):
        if _is_numeral(word):
            start, last = (at if start < 0 else start), at
        elif start >= 0 and not (word in _LINKS or word in _MARKS or _GAP.fullmatch(word)):
            yield start, last + 1
            start = -1
    if start >= 0:
        yield start, last + 1


def _is_numeral(word: str) -> bool:
    return (
        word in _VALUES
        or word in _TIMES_100
        or word in _SEVERAL
        or word in _REPEATED
        or (word.isdigit() and len(word) <= 4)
    )


def _telephone(run: list[str], abroad: bool) -> str:
    """Return the digits of the run, '' if they are no telephones; an article beside them does not count."""
    if all(word not in _VALUES for word in run):
        return ""
    first = next((at for at, word in enumerate(run) if word in _ENDS), 0)
    few = sum(map(_is_numeral, run[:first])) <= _OF_AN_HOUR
    if first and few and (found := _telephone(run[first + 1 :], abroad=False)):
        return "".join(run[: first + 1]) + found
    readings = ((words, joined) for words in (run, _without_articles(run)) for joined in (True, False))
    return next((found for words, joined in readings if (found := _in_groups(words, joined, abroad))), "")


def _without_articles(run: list[str]) -> list[str]:
    """The run without the articles before a digit: "tres ceros y un tres" ends with 0003."""
    return [
        word
        for at, word in enumerate(run)
        if word not in _ARTICLES - {"u"} or run[at + 1 : at + 2] != [" "] or run[at + 2] in _LINKS | _ARTICLES
    ]


def _in_groups(run: list[str], joined: bool, abroad: bool) -> str:
    numbers = list(_numbers(run, joined))
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
    beside = _BESIDE if run[-1] in _ARTICLES or "." in "".join(run[-2:-1]) else 0
    return " ".join(found[:-1]) if len(found[-1]) <= beside else ""


def _numbers(run: list[str], joined: bool) -> Iterator[str]:
    """Yield the number of each numeral; "six cents douze" is one, and so is "treinta y dos". `joined`: also "trenta
    dos" without a hyphen."""
    at = 0
    while at < len(run):
        word = run[at]
        if word in _REPEATED:
            times, at = _REPEATED[word], _next(run, at)
            yield _digits(run[at]) * times if at < len(run) else ""
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


def _digits(word: str) -> str:
    return word if word.isdigit() else str(_VALUES.get(word, ""))


def _next(run: list[str], at: int) -> int:
    """Return the place of the next word."""
    at += 1
    while at < len(run) and not run[at].isalnum():
        at += 1
    return at


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
    room = _room(value, run[at])
    if after and 0 < _VALUES.get(run[after], 0) < room:
        more, end = _compound(run, after, joined)
        return (value + more, end) if more < room else (value, after - 1)
    return value, end


def _room(value: int, word: str) -> int:
    """Return what the number that follows in the same numeral is less than: "soixante-dix-huit", "quatre-cents set"."""
    if value and value % 100 == 0:
        return 100
    if value in (60, 80):
        return 20
    return 10 if word == "dix" or (value >= 20 and value % 10 == 0) else 0


def _adjoining(run: list[str], at: int, joined: bool) -> int:
    """Return the place of the word that a space, a hyphen or "i" joins to the one before `at`; 0 = none."""
    gap = run[at] if at < len(run) else ""
    if not _TOGETHER.fullmatch(gap) or at + 1 >= len(run):
        return 0
    if run[at + 1] in _LINKS:
        return at + 3 if at + 3 < len(run) and _TOGETHER.fullmatch(run[at + 2]) else 0
    return at + 1 if joined or gap == "-" else 0
