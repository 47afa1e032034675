"""The day on which a term ends, as people say it."""

import pytest

from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.terms_end import ends


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("El termini s'acaba demà a les 14 h.", ["in:1"]),
        ("Avui és l'últim dia per presentar-ho!", ["in:0"]),
        ("El plazo termina hoy", ["in:0"]),
        ("el plazo vence mañana", ["in:1"]),
        ("el plazo acaba pasado mañana", ["in:2"]),
        ("The deadline is tonight", ["in:0"]),
        ("El termini finalitza divendres", ["weekday:4"]),
        ("el plazo acaba el 30 de noviembre", ["date:11-30"]),
        ("termini: 3/12/2026", ["date:12-3"]),
        ("Demà us trucaré.", []),
        ("Ho vaig enviar dilluns i no en sé res", []),
        ("el plazo acaba por la mañana", []),
    ],
)
def test_only_a_day_beside_a_word_of_ending_counts(text: str, codes: list[str]) -> None:
    assert list(ends(fold(text))) == codes
