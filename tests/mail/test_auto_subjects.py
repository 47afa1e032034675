"""What a subject calls its message."""

import pytest

from oacmail.mail.understanding.machines import title_kind


@pytest.mark.parametrize(
    "subject",
    [
        "Resposta automàtica: Volant",
        "Fuera de la oficina: Consulta",
        "Réponse automatique : volant",
        "Abwesenheitsnotiz: Anfrage",
        "Permís de paternitat - resposta automàtica",
        "Queixa: resposta automàtica",
    ],
)
def test_the_titles_of_autoresponders_are_known(subject: str) -> None:
    assert title_kind(subject, "", answers=False) == "automatic"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Resposta automàtica: no entenc què em dieu",
        "RE: Fora de l'oficina",
        "Soc fora de l'oficina i no puc signar",
        "La resposta automàtica no m'arriba",
        "Resposta automàtica",
        "Read the form twice and still lost",
        "Leído: no lo entiendo",
    ],
)
def test_subjects_of_people_say_nothing(subject: str) -> None:
    assert title_kind(subject, "", answers=False) == ""


def test_a_receipt_answers_something() -> None:
    assert title_kind("Leído: Re: Volante", "", answers=True) == "receipt"
    assert title_kind("Acuse de recibo", "", answers=True) == "receipt"


def test_who_tells_a_trouble_of_his_own_is_a_person() -> None:
    assert title_kind("Resposta automàtica: no em serveix", "El formulari em surt en blanc.", answers=True) == ""


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Fora de l'oficina", "Soc fora de l'oficina fins al 15.", "automatic"),
        ("Out of office", "I am away until Monday.", "automatic"),
        ("Fora de l'oficina", "Soc fora de l'oficina fins al 15. Em podeu canviar la cita?", ""),
        ("Fora de l'oficina", "Ahir hi vaig anar i era tancat.", ""),
    ],
)
def test_a_bare_title_counts_where_its_writer_says_that_he_is_away(subject: str, text: str, kind: str) -> None:
    assert title_kind(subject, text, answers=False) == kind
