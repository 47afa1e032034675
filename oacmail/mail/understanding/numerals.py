"""Convert number words in Catalan and Spanish to digits: people also spell out their telephone number.

This module does not decide what a number means. It works on folded text and rewrites only runs of two or more numerals,
so that "a les cinc" and "una trucada" stay words.
"""

import re

_UNITS = {
    "0": "zero cero",
    "1": "un una u uno",
    "2": "dos dues",
    "3": "tres",
    "4": "quatre cuatro",
    "5": "cinc cinco",
    "6": "sis seis",
    "7": "set siete",
    "8": "vuit ocho",
    "9": "nou nueve",
}
_TENS = {
    "10": "deu diez",
    "11": "onze once",
    "12": "dotze doce",
    "13": "tretze trece",
    "14": "catorze catorce",
    "15": "quinze quince",
    "16": "setze dieciseis",
    "17": "disset diecisiete",
    "18": "divuit dieciocho",
    "19": "dinou diecinueve",
    "20": "vint veinte",
    "30": "trenta treinta",
    "40": "quaranta cuarenta",
    "50": "cinquanta cincuenta",
    "60": "seixanta sesenta",
    "70": "setanta setenta",
    "80": "vuitanta ochenta",
    "90": "noranta noventa",
}
_HUNDREDS = {
    "600": "sis-cents siscents seiscientos",
    "700": "set-cents setcents setecientos",
    "900": "nou-cents noucents novecientos",
}
_TWENTIES = ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")

_VALUES = {
    word: int(value) for table in (_UNITS, _TENS, _HUNDREDS) for value, words in table.items() for word in words.split()
}
_VALUES |= {f"veinti{unit}": at for at, unit in enumerate(_TWENTIES, 21)}
_WORD = "|".join(sorted(_VALUES, key=len, reverse=True))
_UNIT = "|".join(sorted(" ".join(_UNITS.values()).split(), key=len, reverse=True))
_GAP = r"[ ,.;-]{1,3}"
_ITEM = rf"(?:{_WORD})(?:(?:-i-| y |-)(?:{_UNIT}))?"
_RUN = re.compile(rf"(?<![\w-]){_ITEM}(?:{_GAP}(?:{_ITEM}|\d{{1,3}}))+(?![\w-])")
_ONE = re.compile(rf"{_ITEM}|\d{{1,3}}")


def in_digits(text: str) -> str:
    """ "seis siete siete 41 00 92" -> "67741 00 92" with its digits together: "677410092"."""
    return _RUN.sub(lambda run: _digits(run.group()), text)


def _digits(run: str) -> str:
    """Return the run as a telephone number if it has nine digits, else unchanged."""
    found = "".join(_number(part) for part in _together(_ONE.findall(run)))
    return found if len(found) == 9 else run


def _together(parts: list[str]) -> list[str]:
    """Combine "seiscientos", "doce" into one number of three digits."""
    joined: list[str] = []
    for part in parts:
        if joined and not part[0].isdigit() and _number(joined[-1])[-2:] == "00" and len(_number(joined[-1])) == 3:
            joined[-1] = str(int(_number(joined[-1])) + int(_number(part)))
        else:
            joined.append(part)
    return joined


def _number(part: str) -> str:
    if part.isdigit():
        return part
    return str(sum(_VALUES[word] for word in re.split(r"-i-| y |-(?!cents)", part)))
