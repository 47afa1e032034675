"""Telephones dictated in words."""

import pytest

from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.phones import in_digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("al seis cero cero 12 34 56 por favor", "al 600123456 por favor"),
        ("al seiscientos doce, treinta y cuatro, setenta y ocho, cero nueve", "al 612347809"),
        ("sis-cents dotze, trenta-quatre, setanta-vuit, zero nou", "612347809"),
        ("sis quaranta-dos, trenta-u, vint, quinze", "642312015"),
    ],
)
def test_nine_digits_said_in_words_are_a_number(text: str, digits: str) -> None:
    assert in_digits(fold(text)) == digits


@pytest.mark.parametrize("text", ["a les cinc o dos quarts de sis", "tinc dos o tres dubtes", "una, dues, tres"])
def test_other_words_of_number_stay_words(text: str) -> None:
    assert in_digits(text) == text
