"""Find three remarks in a message: the language its writer wants, that something is attached, that it still fails.

core/acknowledgement.py decides how the acknowledgement uses them. Text is folded by features.fold.
"""

import re

from oacmail.core import polite_words

_LANGUAGES = {
    "ca": ("catala", "catalan", "en catala", "en catalan", "in catalan"),
    "es": ("castella", "castellano", "espanyol", "espanol", "en castella", "en castellano", "spanish", "in spanish"),
    "en": ("angles", "ingles", "english", "en angles", "en ingles", "in english"),
}
_NAMES = tuple(name for names in _LANGUAGES.values() for name in names)
_INSIDE = re.compile(r"\w(?:.*\w)?", re.DOTALL)  # a search for \W+ at the end would restart at every space
_POLITE = re.compile(rf"(?<=\w)\W{{1,9}}(?:{polite_words.PLEASE})$")
_ATTACHED = re.compile(
    r"\b(?:us |hi |te |le |les |os )?adjunt(?:o|em|amos) (?!al |a la |a l'|amb |con )"
    r"|\b(?:trobareu|trobaran|va|us envio|li envio) adjunt\w*\b"
    r"|(?<!\bpel )(?<!\bpor el )\b(?:document|fitxer|pdf|archivo) adjunt[oa]?\b"
    r"|\b(?:please find attached|i (?:have )?attach(?:ed)? (?:the|my|a|it)|attached (?:is|are|you will find))\b"
)

_STILL = r"(?:encara|todavia|aun|still|segueix|continua|sigue)"
_FAILS = r"(?:funciona|funcionar|va|anar|ir|works?|working|puc|puedo|deixa|deja|let me)"
_STILL_FAILS = re.compile(
    rf"\b{_STILL} (?:no|sense|sin|not|doesn't|does not|isn't|is not|won't|can't) (?:em |me |m')?{_FAILS}\b"
    rf"|\bno (?:em |me )?{_FAILS} (?:encara|todavia|aun)\b|\b(?:doesn't|does not|isn't) {_FAILS} (?:yet|still)\b"
    r"|\b(?:segueix|continua|sigue|encara|todavia|aun|still) (?:fallant|fallando|falla|failing|fails|igual|the same)\b"
)


def still_fails(text: str) -> bool:
    """True if the text says that something still does not work."""
    return _STILL_FAILS.search(text) is not None


def language(text: str) -> str:
    """Return "ca", "es" or "en" if the whole text is the name of that language; else ''."""
    said = _trimmed(text)
    if not said.startswith(_NAMES):
        return ""
    phrase = _trimmed(_POLITE.sub("", said))
    return next((lang for lang, names in _LANGUAGES.items() if phrase in names), "")


def names_attachment(text: str) -> bool:
    """True if the text says that something is attached."""
    return ("adjunt" in text or "attach" in text) and _ATTACHED.search(text) is not None


def _trimmed(text: str) -> str:
    """Return the text from its first to its last letter or digit."""
    found = _INSIDE.search(text)
    return found[0] if found else ""
