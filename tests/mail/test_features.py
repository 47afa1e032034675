"""Words that mean something: folded, longest first, weighed; the telephone and the hour of a call-back."""

import pytest

from oacmail.mail.understanding import features
from tests.work import PER_CHARACTER, calls


@pytest.mark.parametrize(
    "spelling", ["instal·lar", "instal•lar", "instal.lar", "instal-lar", "instaŀlar", "INSTAL·LAR"]
)
def test_every_spelling_of_the_double_l_is_one_word(spelling: str) -> None:
    assert features.fold(f"{spelling} el certificat") == "installar el certificat"


def test_accents_and_apostrophes_make_no_difference() -> None:
    assert features.fold("L’idCAT MÒBIL") == features.fold("l'idcat mobil")


def test_a_usual_text_costs_no_more_than_its_length() -> None:
    text = "Bon dia, no puc presentar la sol·licitud d'ajuts a la seu perquè surt un error. Em podeu trucar? " * 10
    features.find("", "the tables are laid out")
    assert calls(lambda: features.find("Error en la sol·licitud", text)) < PER_CHARACTER * len(text)


@pytest.mark.parametrize(
    "text", ["1 " * 200_000, "a les " * 100_000, "6" * 300_000, "truqueu " * 60_000, "l·" * 200_000]
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    assert calls(lambda: features.find("", text)) < PER_CHARACTER * len(text)


def test_the_telephone_of_the_signature_counts_where_the_text_has_none() -> None:
    signed = features.find("", "Truqueu-me", "Anna Puig\nTel. 600 111 222").callback
    written = features.find("", "Truqueu-me al 600 333 444", "Tel. 600 111 222").callback

    assert (signed and signed.phone, written and written.phone) == ("+34600111222", "+34600333444")
