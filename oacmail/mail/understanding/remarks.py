"""Two small things that a message can say: the language its writer wants, and that something is attached.

Decides nothing: core/cases/acknowledgement.py says what the acknowledgement makes of it. Works on text folded by
features.fold.
"""

import re
from collections.abc import Iterator

_LANGUAGES = {
    "ca": ("catala", "catalan", "en catala", "en catalan", "in catalan"),
    "es": ("castella", "castellano", "espanyol", "espanol", "en castella", "en castellano", "spanish", "in spanish"),
    "en": ("angles", "ingles", "english", "en angles", "en ingles", "in english"),
}
_INSIDE = re.compile(r"\w(?:.*\w)?", re.DOTALL)  # a search for \W+ at the end would begin anew at every space
_POLITE = re.compile(r"\W+(?:si us plau|sisplau|per favor|por favor|please|gracies|gracias|thanks|thank you)$")
_ATTACHED = re.compile(
    r"\b(?:us |hi |te |le |les |os )?adjunt(?:o|em|amos) (?!al |a la |a l'|amb |con )"
    r"|\b(?:trobareu|trobaran|va|us envio|li envio) adjunt\w*\b|\b(?:document|fitxer|pdf|archivo) adjunt[oa]?\b"
    r"|\b(?:please find attached|i (?:have )?attach(?:ed)? (?:the|my|a|it)|attached (?:is|are|you will find))\b"
)


def language(text: str) -> str:
    """ "ca", "es" or "en" where the whole text is the name of that language; else ''."""
    said = _trimmed(_POLITE.sub("", _trimmed(text)))
    return next((lang for lang, names in _LANGUAGES.items() if said in names), "")


def names_attachment(text: str) -> bool:
    """Whether the text says that something is attached."""
    return bool(_ATTACHED.search(text))


def found(text: str) -> Iterator[str]:
    """ "only:language:<lang>" and "names:attachment", where they hold."""
    if lang := language(text):
        yield f"only:language:{lang}"
    if names_attachment(text):
        yield "names:attachment"


def _trimmed(text: str) -> str:
    """From the first letter or digit to the last."""
    found = _INSIDE.search(text)
    return found[0] if found else ""
