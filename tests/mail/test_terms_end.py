"""The day on which a term ends, as people say it."""

from datetime import time

import pytest

from oacmail.core.model import EndDay
from oacmail.mail.understanding.features import end_days, fold


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("El termini s'acaba demà a les 14 h.", [EndDay(in_days=1, hour=time(14))]),
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
        ("El termini s'acaba el dia 30 a les 14 h", [EndDay(month_day=(0, 30), hour=time(14))]),
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
    assert list(end_days(fold(text))) == days


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("El termini acaba AVUI a les 14h", time(14)),
        ("El termini s'acaba avui a les 14.30 h.", time(14, 30)),
        ("S'acaba avui a les dues del migdia i no puc entrar", time(14)),
        ("Abans de les 14 h d'avui s'acaba el termini", time(14)),
        ("El termini finalitza avui a 2/4 de dues", time(13, 30)),
        ("el termini és fins a mitjanit d'avui, venç avui", time.max),
        ("El termini s'acaba avui, fins a mitjanit", time.max),
        ("El plazo termina hoy, antes de las 2", time(14)),
        ("el plazo vence hoy a las 15:00 horas", time(15)),
        ("El plazo acaba hoy a medianoche", time.max),
        ("El plazo finaliza hoy a las 9 de la mañana", time(9)),
        ("The deadline is today by 14:00", time(14)),
        ("The deadline is today at 2 pm", time(14)),
        ("It closes today at noon", time(12)),
        ("The deadline is today before 3pm", time(15)),
        ("the deadline ends tomorrow at 11.30 am", time(11, 30)),
        ("El termini acaba avui", None),
        ("El termini acaba avui. Truqueu-me a les 10 h", None),
        ("El termini acaba avui i porto des de les 9 provant-ho", None),
        ("El termini acaba avui, queden 2 hores", None),
        ("El termini s'acaba d'aquí a dues hores", None),
        ("El plazo acaba hoy y tengo 2 hijos", None),
        ("El termini acaba avui i em surt l'error 500", None),
        ("El plazo termina el 30 de noviembre de 2026", None),
        ("El plazo termina hoy 25/11/2026", None),
        ("El termini acaba avui, telèfon 612 345 678", None),
    ],
)
def test_the_hour_is_the_one_beside_the_day(text: str, hour: time | None) -> None:
    hours = {day.hour for day in end_days(fold(text)) if day.hour is not None}
    assert hours == ({hour} if hour else set())
