"""What a reply to "from 1 to 5?" says, as a sensible reader takes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.mail.understanding.asking import read_votes


def _read(text: str) -> tuple[int, bool, str]:
    found = read_votes(text, "Anna Puig", "anna@example.org", asked=True)
    assert found is not None
    return found.score, found.unclear, found.beside


@pytest.mark.parametrize(
    ("text", "score", "beside"),
    [
        ("5", 5, ""),
        ("5\r\n", 5, ""),
        ("5.", 5, ""),
        ("5!!!", 5, ""),
        ("5 😊", 5, ""),
        ("*4*", 4, ""),
        ("5\ufe0f\u20e3", 5, ""),
        ("⭐⭐⭐⭐⭐", 5, ""),
        ("★★★☆☆", 3, ""),
        ("4/5", 4, ""),
        ("4 de 5", 4, ""),
        ("4 out of 5", 4, ""),
        ("cinco sobre cinco", 5, ""),
        ("cinc", 5, ""),
        ("tres", 3, ""),
        ("four", 4, ""),
        ("un", 1, ""),
        ("Un 10!", 5, ""),
        ("10", 5, ""),
        ("0", 1, ""),
        ("Nota: 4", 4, ""),
        ("La meva valoració és un 4", 4, ""),
        ("Us poso un 5", 5, ""),
        ("5 moltes gràcies", 5, "thanks"),
        ("5, molt bé", 5, "thanks"),
        ("Le doy un 4, gracias", 4, "thanks"),
        ("Thank you, 5 stars", 5, "thanks"),
        ("5\n\nAnna Puig", 5, ""),
        ("Molt bona atenció. 5", 5, "thanks"),
        ("De l'1 al 5, un 4", 4, "words"),
        ("No us poso un 5, us poso un 3", 3, "words"),
        ("2 Massa lents", 2, "words"),
        ("3. Es pot millorar", 3, "words"),
        ("5 Com puc demanar un volant?", 5, "asks"),
        ("2. Encara no em funciona", 2, "asks"),
        ("2, sigue sin funcionar", 2, "asks"),
        ("1. can't log in", 1, "asks"),
        ("1. It does not work", 1, "asks"),
        ("2 No em deixa entrar", 2, "asks"),
        ("4 no me puedo quejar", 4, "words"),
        ("5. Necessito també el certificat de convivència", 5, "asks"),
        ("5 Us envio el document que faltava", 5, "words"),
    ],
)
def test_a_mark_is_read_with_what_stands_beside_it(text: str, score: int, beside: str) -> None:
    assert _read(text) == (score, False, beside)


@pytest.mark.parametrize(
    "text",
    [
        "Un 8",
        "7",
        "9/10",
        "8/10",
        "10/10",
        "8 sobre 10",
        "Us poso un 9 de 10",
        "80/100",
        "15/20",
        "4,5",
        "4 o 5",
        "1. He provat A\n2. He provat B",
        "un 2 i un 4. Un 5",
    ],
)
def test_a_mark_between_ours_or_two_of_them_is_unclear(text: str) -> None:
    score, unclear, _ = _read(text)
    assert (score, unclear) == (0, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Un problema nou",
        "5 dies sense resposta",
        "2 vegades us he escrit",
        "El 5 de maig vinc",
        "600 123 456",
        "100%",
        "Tinc 3 preguntes",
        "Gràcies",
    ],
)
def test_a_number_that_counts_something_is_no_mark(text: str) -> None:
    score, unclear, _ = _read(text)
    assert (score, unclear) == (0, False)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    score, unclear, beside = _read(text)
    assert score in range(6)
    assert not (unclear and score)
    assert beside in ("", "thanks", "words", "asks")


def test_a_reply_without_a_mark_and_without_a_link_of_a_survey_is_no_vote() -> None:
    assert (
        read_votes("Encara no ho veig a la seu. Què he de fer?", "Anna Puig", "anna@example.org", asked=False) is None
    )
