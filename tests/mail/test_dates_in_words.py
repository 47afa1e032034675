"""Days, hours and greetings as the town writes them."""

from datetime import date, datetime, time

import pytest

from oacmail.core.model import LANGUAGES, EndDay
from oacmail.mail.understanding.features import end_days, fold
from oacmail.words.dates import (
    date_words,
    day_words,
    greeting,
    hour_words,
    hours_words,
    moment_words,
    nth_working_day,
    short_moment,
)


@pytest.mark.parametrize(
    ("day", "ca", "es", "en"),
    [
        ("2026-11-30", "dilluns 30 de novembre", "lunes 30 de noviembre", "Monday 30 November"),
        ("2026-04-01", "dimecres 1 d'abril", "miércoles 1 de abril", "Wednesday 1 April"),
        ("2026-08-21", "divendres 21 d'agost", "viernes 21 de agosto", "Friday 21 August"),
        ("2026-10-11", "diumenge 11 d'octubre", "domingo 11 de octubre", "Sunday 11 October"),
        ("2026-03-07", "dissabte 7 de març", "sábado 7 de marzo", "Saturday 7 March"),
    ],
)
def test_a_day_in_three_languages(day: str, ca: str, es: str, en: str) -> None:
    assert tuple(day_words(date.fromisoformat(day), lang) for lang in LANGUAGES) == (ca, es, en)


def test_catalan_elides_before_april_august_and_october_only() -> None:
    months = [date_words(date(2026, month, 1), "ca") for month in range(1, 13)]
    assert [month for month in months if "d'" in month] == [
        "1 d'abril de 2026",
        "1 d'agost de 2026",
        "1 d'octubre de 2026",
    ]


@pytest.mark.parametrize(
    ("lang", "moment"),
    [
        ("ca", "30 de novembre a les 9.05 h"),
        ("es", "30 de noviembre a las 9.05 h"),
        ("en", "30 November at 9:05 am"),
    ],
)
def test_a_moment(lang: str, moment: str) -> None:
    assert moment_words(datetime(2026, 11, 30, 9, 5), lang, this_year=2026) == moment


@pytest.mark.parametrize(
    ("lang", "moment"),
    [
        ("ca", "31 de desembre de 2026 a la 1 h"),
        ("es", "31 de diciembre de 2026 a la 1 h"),
        ("en", "31 December 2026 at 1 am"),
    ],
)
def test_a_moment_of_another_year_names_the_year_and_one_oclock_is_singular(lang: str, moment: str) -> None:
    assert moment_words(datetime(2026, 12, 31, 1), lang, this_year=2027) == moment


@pytest.mark.parametrize(
    ("lang", "moment"), [("ca", "dt. 24/11, 16.03 h"), ("es", "mar. 24/11, 16.03 h"), ("en", "Tue 24/11, 4:03 pm")]
)
def test_a_moment_in_a_line_for_a_telephone(lang: str, moment: str) -> None:
    assert short_moment(datetime(2026, 11, 24, 16, 3), lang) == moment


@pytest.mark.parametrize(
    ("hour", "ca", "en"),
    [
        (time(0), "0 h", "midnight"),
        (time(8), "8 h", "8 am"),
        (time(12), "12 h", "noon"),
        (time(12, 30), "12.30 h", "12:30 pm"),
        (time(20), "20 h", "8 pm"),
        (time.max, "24 h", "midnight"),
    ],
)
def test_an_hour(hour: time, ca: str, en: str) -> None:
    assert (hour_words(hour, "ca"), hour_words(hour, "en")) == (ca, en)


def test_opening_hours() -> None:
    said = [hours_words(time(8), time(20), lang) for lang in LANGUAGES]
    assert said == ["de 8 a 20 h", "de 8 a 20 h", "8 am–8 pm"]


@pytest.mark.parametrize(
    ("hour", "ca", "es", "en"),
    [
        (3, "Bona nit", "Buenas noches", "Good evening"),
        (8, "Bon dia", "Buenos días", "Good morning"),
        (13, "Bon dia", "Buenos días", "Good afternoon"),
        (14, "Bona tarda", "Buenas tardes", "Good afternoon"),
        (20, "Bona nit", "Buenas noches", "Good evening"),
    ],
)
def test_a_greeting_goes_by_the_hour(hour: int, ca: str, es: str, en: str) -> None:
    assert tuple(greeting(datetime(2026, 11, 30, hour), lang) for lang in LANGUAGES) == (ca, es, en)


@pytest.mark.parametrize(
    ("day", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (5, "5th"), (12, "12th"), (21, "21st"), (112, "112th")]
)
def test_the_nth_working_day_has_its_english_ending(day: int, words: str) -> None:
    assert nth_working_day(day, "en") == f"the {words} working day from today"


# The day on which a term ends, as people say it.


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
