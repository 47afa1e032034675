"""The day on which a term ends, as people say it."""

import pytest

from oacmail.core.features import EndDay
from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.terms_end import ends


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("El termini s'acaba demà a les 14 h.", [EndDay(in_days=1)]),
        ("Avui és l'últim dia per presentar-ho!", [EndDay(in_days=0)]),
        ("El plazo termina hoy", [EndDay(in_days=0)]),
        ("el plazo vence mañana", [EndDay(in_days=1)]),
        ("el plazo acaba pasado mañana", [EndDay(in_days=2)]),
        ("The deadline is tonight", [EndDay(in_days=0)]),
        ("El termini finalitza divendres", [EndDay(weekday=4)]),
        ("el plazo acaba el 30 de noviembre", [EndDay(month_day=(11, 30))]),
        ("termini: 3/12/2026", [EndDay(month_day=(12, 3), year=2026)]),
        ("termini: 3/12/26", [EndDay(month_day=(12, 3), year=2026)]),
        ("el plazo acaba el 30 de noviembre de 2026", [EndDay(month_day=(11, 30), year=2026)]),
        ("el plazo acaba el 30 de noviembre del 2025", [EndDay(month_day=(11, 30), year=2025)]),
        ("Divendres s'acaba el termini", [EndDay(weekday=4)]),
        ("No he pogut signar i el termini s'acaba divendres", [EndDay(weekday=4)]),
        ("El 3 de desembre s'acaba el termini", [EndDay(month_day=(12, 3))]),
        ("El termini s'acaba el dia 30 a les 14 h", [EndDay(month_day=(0, 30))]),
        ("El día 30 acaba el plazo", [EndDay(month_day=(0, 30))]),
        ("The deadline is the 30th", [EndDay(month_day=(0, 30))]),
        ("el termini s'acaba el dia 3 de desembre", [EndDay(month_day=(12, 3))]),
        ("El termini va acabar el dia 20", []),
        ("El termini ha vençut divendres", []),
        ("El termini va acabar divendres", []),
        ("El plazo terminó el lunes", []),
        ("Ho vaig enviar dilluns, dins del termini", []),
        ("Demà us trucaré.", []),
        ("Ho vaig enviar dilluns i no en sé res", []),
        ("el plazo acaba por la mañana", []),
    ],
)
def test_only_a_day_beside_a_word_of_ending_counts(text: str, days: list[EndDay]) -> None:
    assert list(ends(fold(text))) == days
