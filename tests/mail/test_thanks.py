"""Thanks need words of thanks or of closing, and nothing that asks, denies or turns; the rest is a person who waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core.classification import classify
from oacmail.core.model import Classification, Kind
from oacmail.mail.parse import parse
from oacmail.mail.understanding import asking, features
from oacmail.mail.understanding.asking import read_votes
from testbed.messages import message as everyday

OLD = "Re: Cita prèvia al padró"


def read(
    text: str, subject: str = OLD, name: str = "Marta Puig", *, answers: bool = True, file: bool = False
) -> Classification:
    refs = ["<answer@example.org>"] if answers else []
    mail = everyday(f"{name} <m.puig@example.org>", "oac360@example.org", subject, text, refs=refs)
    if file:
        mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="rebut.pdf")
    return classify(parse(mail.as_bytes()))


@pytest.mark.parametrize(
    "text",
    [
        "Moltes gràcies!",
        "Gràcies per tot, salutacions",
        "Moltíssimes gràcies per la vostra ràpida resposta i l'ajuda.\n\nSalutacions cordials,\n\nMarta Puig",
        "Bon dia, Laura,\n\nMoltes gràcies per l'aclariment!\n\nMarta Puig Ferrer",
        "GRÀCIES!!! 🙏😊",
        "D'acord, gràcies. Que tingueu bon cap de setmana",
        "Perfecte, us ho agraeixo molt. Bones festes!",
        "Perfecto, muchas gracias por todo.\nUn saludo,\nMarta",
        "Hola Laura, mil gracias por su ayuda y su paciencia. Muy amables.",
        "Ok gracias",
        "Recibido, muchísimas gracias. Buen fin de semana",
        "Thank you so much",
        "Dear Laura,\nThank you very much for your quick reply.\nKind regards,\nMarta Puig",
        "Great, thanks a lot for all your help! Have a nice day",
        "Bonjour,\nMerci beaucoup pour votre aide.\nBonne journée,\nMarta Puig",
        "Perfecte",
        "Tot bé",
        "👍",
        "Gràcies per tot :-)",
        "Muy bien todo",
        "Todo perfecto, muy amables",
        "Molt contenta amb l'atenció, gràcies",
        "No cal res més, moltes gràcies",
    ],
)
def test_thanks_and_praise_are_thanks_whatever_the_old_subject_says(text: str) -> None:
    for subject in (OLD, "RE: No em funciona l'idCAT, error 500", "Re: Queixa", "Re: Què he de fer?", ""):
        assert read(text, subject).kind is Kind.THANKS, subject


@pytest.mark.parametrize(
    "text",
    [
        "Gràcies, però encara no funciona",
        "Moltes gràcies. Com ho faig?",
        "Moltes gràcies. Com ho faig",
        "Gràcies per avançat",
        "Gracias de antemano",
        "Thanks in advance",
        "Gràcies per res",
        "Gràcies per la vostra ajuda 🙄",
        "Gràcies per la resposta😡",
        "👎 gracias",
        "Gracias :-(",
        "Gràcies, sou uns inútils",
        "Gracias, sois unos inútiles",
        "Thanks, you are useless",
        "No, gràcies",
        "Gràcies\nTruqueu-me",
        "Gracias Llámenme",
        "Gràcies ?",
        "Moltes gràcies, volia saber els horaris",
        "Perfecto, gracias. Entonces espero la llamada",
        "Thank you, can you send it again",
        "Thanks, it still fails",
        "Merci, mais je ne trouve pas",
        "Molt malament",
        "No m'ha agradat gens",
        "Tot bé, només que falta el rebut",
        "Todo bien, llamadme",
        "Cap resposta",
        "He perdut la beca",
        "Us ho vaig enviar ahir i no he rebut res",
        "Ya me han cobrado el recargo.",
        "Ja he trucat i m'han penjat.",
        "Ya lo he enviado dos veces",
        "Moltes gràcies per fer-me perdre el termini.",
        "Fantàstic, he perdut la beca.",
        "Funciona fatal.",
        "Gràcies\n-- \nMarta\nPD: el segon rebut és d'una altra finca",
        "Bon dia",
        "",
    ],
)
def test_who_asks_denies_or_adds_a_fact_is_a_person_who_waits(text: str) -> None:
    assert read(text).kind is Kind.REQUEST


@pytest.mark.parametrize(
    ("text", "closes", "goes_on"),
    [
        ("Ja he trucat", False, False),
        ("Gràcies, ja ho tinc", True, False),
        ("No cal que em truqueu, ja funciona", True, False),
        ("Cap problema, tot correcte", True, False),
        ("Gràcies, però falta el rebut", True, True),
        ("Gracias de antemano", True, True),
        ("Gràcies. I si no tinc contracte", True, True),
        ("Us ho vaig enviar ahir", False, False),
        ("Thanks, it doesn't open", True, True),
    ],
)
def test_what_ends_a_matter_and_what_goes_on(text: str, closes: bool, goes_on: bool) -> None:
    folded = features.fold(text)
    assert (asking.closes(folded), asking.goes_on(folded)) == (closes, goes_on)


def test_a_new_subject_may_ask_what_the_text_does_not() -> None:
    assert read("Moltes gràcies!", "No puc demanar el volant", answers=False).kind is Kind.REQUEST


@pytest.mark.parametrize("subject", [OLD, ""])
@pytest.mark.parametrize(
    "text",
    [
        "trucar si us plau gràcies",
        "Trucar. Gràcies",
        "Truqueu-me gràcies\n\nMarta Puig",
        "Ajuda gràcies",
        "informació, gràcies",
        "Cita prèvia. Moltes gràcies",
        "Perfecte, gràcies. Un altre tema: la brossa",
        "llamar por favor gracias",
        "Llamar. Gracias",
        "Llámenme al 600 123 456. Gracias",
        "Ayuda gracias",
        "información, gracias",
        "Hola, el certificado. Muchas gracias",
        "Perfecto, gracias. Otro tema: la basura",
        "call please thanks",
        "Call me. Thank you",
        "Help thanks",
        "Information, thanks",
        "Perfect, thanks. Another matter: the rubbish",
    ],
)
def test_who_names_what_they_want_beside_the_thanks_is_a_person_who_waits(text: str, subject: str) -> None:
    assert read(text, subject, answers=bool(subject)).kind is Kind.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "Gràcies per la trucada",
        "Moltes gràcies per l'ajuda i la informació",
        "Recibido el certificado, gracias",
        "No cal que em truqueu, ja funciona. Gràcies",
        "No hace falta llamar, gracias",
        "Moltes gràcies!\n\nMarta Puig\nTelèfon: 600 123 456",
        "Merci.\nM.",
    ],
)
def test_what_was_given_is_no_wish(text: str) -> None:
    assert read(text).kind is Kind.THANKS


def test_thanks_as_a_new_subject_are_thanks() -> None:
    assert read("Moltes gràcies a tots!", "Gràcies", answers=False).kind is Kind.THANKS


def test_thanks_with_a_file_bring_something() -> None:
    assert read("Moltes gràcies!", file=True).kind is Kind.REQUEST


@pytest.mark.parametrize("subject", [OLD, ""])
def test_thanks_of_a_client_that_drops_the_references_are_thanks(subject: str) -> None:
    assert read("Moltes gràcies!", subject, answers=False).kind is Kind.THANKS


# What a reply to "from 1 to 5?" says, as a sensible reader takes it.


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
