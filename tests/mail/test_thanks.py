"""Messages of thanks alone, word by word: found without any score, and never where something is asked."""

from email.message import EmailMessage

import pytest

from oacmail.core.model import Classification, Kind
from oacmail.core.routing.classification import classify
from oacmail.mail.parse import parse

OLD = "Re: Cita prèvia al padró"


def read(
    text: str, subject: str = OLD, name: str = "Marta Puig", *, answers: bool = True, file: bool = False
) -> Classification:
    mail = EmailMessage()
    mail["From"] = f"{name} <m.puig@example.org>"
    mail["To"] = "oac360@example.org"
    mail["Subject"] = subject
    mail["Message-ID"] = "<thanks@example.org>"
    if answers:
        mail["In-Reply-To"] = "<answer@example.org>"
    mail.set_content(text)
    if file:
        mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="rebut.pdf")
    return classify(parse(mail.as_bytes()))


def only_thanks(reading: Classification) -> bool:
    return reading.kind is Kind.THANKS and reading.because[0] == "kind: nothing but thanks"


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
        "gracies :)\nm. puig",
        "Perfecte, muchas gracias",
        "Perfecto, muchas gracias por todo.\nUn saludo,\nMarta",
        "Hola Laura, mil gracias por su ayuda y su paciencia. Muy amables.",
        "Ok gracias",
        "Recibido, muchísimas gracias. Buen fin de semana",
        "Thank you so much",
        "Dear Laura,\nThank you very much for your quick reply.\nKind regards,\nMarta Puig",
        "Great, thanks a lot for all your help! Have a nice day",
        "Merci beaucoup",
        "Bonjour,\nMerci beaucoup pour votre aide.\nBonne journée,\nMarta Puig",
    ],
)
def test_a_message_that_only_thanks_is_thanks_whatever_the_old_subject_says(text: str) -> None:
    for subject in (OLD, "RE: No em funciona l'idCAT, error 500", "Re: Queixa", "Re: Què he de fer?", ""):
        assert only_thanks(read(text, subject)), subject


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
        "No, gràcies",
        "Sí, gràcies",
        "Gràcies\nTruqueu-me",
        "Gracias Llámenme",
        "Gracias, Urgente",
        "Gràcies, Dilluns Tarda",
        "Gràcies ?",
        "¿Gracias",
        "Gràcies. 600 111 222",
        "Moltes gràcies, volia saber els horaris",
        "Perfecto, gracias. Entonces espero la llamada",
        "Thank you, can you send it again",
        "Thanks, it still fails",
        "Merci, mais je ne trouve pas",
        "Gràcies\nPere Soler Vila",
        "D'acord",
        "Bon dia",
        "",
    ],
)
def test_one_word_beside_and_it_is_not_only_thanks(text: str) -> None:
    assert not only_thanks(read(text))


@pytest.mark.parametrize(
    "text", ["Gràcies, però encara no funciona", "Moltes gràcies. Com ho faig?", "Thanks, it still fails"]
)
def test_who_thanks_and_asks_is_a_request(text: str) -> None:
    assert read(text).kind is Kind.REQUEST


def test_a_new_subject_may_ask_what_the_text_does_not() -> None:
    assert read("Moltes gràcies!", "Volant d'empadronament urgent").kind is Kind.REQUEST
    assert not only_thanks(read("Moltes gràcies!", "Fwd: Requeriment"))
    assert read("Moltes gràcies!", "Volant d'empadronament", answers=False).kind is Kind.REQUEST


def test_thanks_as_a_new_subject_are_thanks() -> None:
    assert only_thanks(read("Moltes gràcies a tots!", "Gràcies", answers=False))


def test_thanks_without_end_are_not_read_to_the_end() -> None:
    assert not only_thanks(read("Moltes gràcies! " * 100))


def test_thanks_with_a_file_bring_something() -> None:
    assert read("Moltes gràcies!", file=True).kind is Kind.REQUEST


@pytest.mark.parametrize("subject", [OLD, ""])
def test_thanks_of_a_client_that_drops_the_references_are_thanks(subject: str) -> None:
    assert only_thanks(read("Moltes gràcies!", subject, answers=False))
