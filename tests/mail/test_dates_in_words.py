"""Days, hours and greetings as the town writes them."""

from datetime import date, datetime, time

import pytest

from oacmail.core.model import LANGUAGES
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
