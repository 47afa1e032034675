"""Find the platforms that a message names, and the operator of each (docs/requirements.md section 3).

This module decides nothing; core/derivation.py says who is responsible. Patterns are folded (features.fold).
The result has the platforms' own names, which are the same in every language, never the citizen's words.
"""

import re
from collections.abc import Iterator

from oacmail.core.model import Platform

# operator -> (platform, how people write it)
_PLATFORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "town": (
        (
            "Seu electrònica",
            r"seu electronica|la seu|oficina virtual|sede electronica|la sede|e-office"
            r"|la (?:vostra|seva) (?:web|pagina)|su (?:web|pagina)|vuestra (?:web|pagina)"
            r"|your (?:web ?site|site|portal)",
        ),
        ("Registre electrònic", r"registre electronic|registro electronico"),
        ("Carpeta ciutadana", r"carpeta ciuta\w+|carpeta ciuda\w+|citizen folder"),
        ("Cita prèvia", r"cita previa|sistema de cit\w+"),
        ("Padró", r"padro|padron|volant|volante"),
    ),
    "aoc": (
        ("idCAT Mòbil", r"idcat mobil|idcat movil"),
        ("idCAT", r"idcat"),
        ("VÀLid", r"valid(?=\W)"),
        ("e-NOTUM", r"e-?notum"),
        ("e-TRAM", r"e-tram"),
        ("e.FACT", r"e\.?fact(?!ur)"),
        ("Representa", r"representa"),
        ("Seu-e", r"seu-e"),
        ("e-TAULER", r"e-tauler"),
        ("EACAT", r"eacat"),
        ("Via Oberta", r"via oberta"),
    ),
    "generalitat": (
        (
            "PSCP",
            r"pscp|plataforma de (?:serveis de )?contractacio(?: publica)?"
            r"|plataforma de (?:servicios de )?contratacion",
        ),
        ("Sobre Digital", r"sobre digital"),
        ("eLicita", r"elicita"),
        ("Oferta telemàtica", r"oferta telematica"),
        ("RAISC", r"raisc"),
    ),
    "age": (
        ("Cl@ve", r"cl@ve\w*|clave (?:pin|permanente|movil)"),
        ("FNMT", r"fnmt"),
        ("DNIe", r"dnie|dni electronic\w?"),
        ("AutoFirma", r"auto ?firma|@firma"),
        ("DEHú", r"dehu"),
        ("PLACSP", r"placsp"),
        ("ROLECE", r"rolece"),
        ("BDNS", r"bdns"),
        ("Apodera", r"apodera\b"),
        ("FACe", r"face\b(?!book)"),
    ),
    "orgt": (("ORGT", r"orgt|organisme de gestio tributaria|diputacio(?:n)? de barcelona"),),
}
_NAMED = tuple((whose, name) for whose, platforms in _PLATFORMS.items() for name, _ in platforms)
_PATTERN = re.compile(rf"(?<!\w)(?:{'|'.join(f'({p})' for platforms in _PLATFORMS.values() for _, p in platforms)})")
_SUBJECT = 2.0


def named(subject: str, text: str) -> Iterator[Platform]:
    """Yield each platform that the folded `subject` and `text` name, once."""
    sums: dict[tuple[str, str], float] = {}
    for part, weight in ((subject, _SUBJECT), (text, 1.0)):
        for found in _PATTERN.finditer(part):
            named = _NAMED[(found.lastindex or 1) - 1]
            sums[named] = sums.get(named, 0.0) + weight
    yield from (Platform(*named, weight) for named, weight in sums.items())
