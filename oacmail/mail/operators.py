"""Which platforms a letter names, and whose they are (domain.md section 3): the facts behind "operator".

Decides nothing: core/derivation.py says who is to blame. Terms are folded (features.fold).
"""

import re
from collections.abc import Iterator

_TERMS: dict[str, str] = {
    "town": (
        r"seu electronica|la seu|oficina virtual|sede electronica|la sede|e-office|registre electronic"
        r"|registro electronico|carpeta ciuta\w+|carpeta ciuda\w+|citizen folder|cita previa|sistema de cit\w+"
        r"|la (?:vostra|seva) (?:web|pagina)"
        r"|su (?:web|pagina)|vuestra (?:web|pagina)|your (?:web ?site|site|portal)|padro|padron|volant|volante"
    ),
    "aoc": r"idcat(?: mobil| movil)?|valid(?=\W)|e-?notum|e-tram|e\.?fact(?!ur)|representa|seu-e"
    r"|e-tauler|eacat|via oberta",
    "generalitat": (
        r"pscp|plataforma de (?:serveis de )?contractacio(?: publica)?|plataforma de (?:servicios de )?contratacion"
        r"|sobre digital|elicita|oferta telematica|raisc"
    ),
    "age": (
        r"cl@ve\w*|clave (?:pin|permanente|movil)|fnmt|dnie|dni electronic\w?|auto ?firma|@firma|dehu|placsp|rolece"
        r"|bdns|apodera\b|face\b(?!book)"
    ),
    "orgt": r"orgt|organisme de gestio tributaria|diputacio(?:n)? de barcelona",
}
_PATTERNS = tuple((name, re.compile(rf"(?<!\w)(?:{terms})")) for name, terms in _TERMS.items())
_SUBJECT = 2.0


def named(subject: str, text: str) -> Iterator[tuple[str, float]]:
    """("operator:<whose>:<term>", how much it was named); what stands in the subject counts twice."""
    for name, pattern in _PATTERNS:
        sums: dict[str, float] = {}
        for part, weight in ((subject, _SUBJECT), (text, 1.0)):
            for found in pattern.findall(part):
                sums[found] = sums.get(found, 0.0) + weight
        yield from ((f"operator:{name}:{term}", weight) for term, weight in sums.items())
