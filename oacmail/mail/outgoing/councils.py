"""Name a town's council in each language: "Ajuntament d'Olesa", "Ayuntamiento de Olesa", "Olesa town hall".

Town names are Catalan. Catalan contracts `de` with the article and elides it before a vowel (Institut d'Estudis
Catalans, Gramàtica essencial, 12.3 and 4.3); Spanish keeps the article of a name, capitalised (RAE, Ortografía,
4.2.4.6).
"""

import re
from collections.abc import Mapping

_ARTICLE = re.compile(r"(?:(els?|la|les) |(l)['’])(?=\S)", re.IGNORECASE)
_OF_ARTICLE = {"el": "del ", "els": "dels ", "la": "de la ", "les": "de les ", "l": "de l'"}
_VOWELS = "aàeèéhiíïoòóuúü"


def councils(town: str) -> Mapping[str, str]:
    """Return the council's name by language: "ca", "es", "en"."""
    capital = town[:1].upper() + town[1:]
    return {"ca": f"Ajuntament {_of(town)}", "es": f"Ayuntamiento de {capital}", "en": f"{capital} town hall"}


def _of(town: str) -> str:
    """Return `de` and the town, in Catalan."""
    if article := _ARTICLE.match(town):
        return _OF_ARTICLE[(article[1] or article[2]).lower()] + town[article.end() :]
    return f"d'{town}" if town[:1].lower() in _VOWELS else f"de {town}"
