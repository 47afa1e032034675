"""Persons and machines without header fields: brevity is no sign of a machine, and no person is set aside."""

import json
from pathlib import Path

import pytest

from oacmail.core.classification import classify
from oacmail.core.model import Kind, Message
from oacmail.mail.parse import parse

UNMARKED: list[dict[str, str]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "unmarked_messages.jsonl").read_text(encoding="utf-8").splitlines()
]
# the messages that people write who have little time, or little to say
TERSE = (
    "Necessito ajuda",
    "Quiero pedir cita",
    "Vull demanar hora",
    "Truqueu-me al 612 345 678 de 9 a 12.",
    "Truqueu-me",
    "llamadme por favor 699 10 20 30",
    "Call me on 612 345 678, please",
    "Rappelez-moi s'il vous plaît",
    "Ajuda!!",
    "Ayuda",
    "Help",
    "Aidez-moi",
    "Hola?",
    "Padró",
    "IBI",
    "cita",
    "Com ho faig?",
    "No va.",
    "no me deja",
    "Error 500",
    "La web no va",
    "It does not work",
    "Ça ne marche pas",
    "Quan obriu?",
    "¿Está abierto mañana?",
    "Us envio el que em vau demanar.",
    "Adjunto lo solicitado",
    "Sí",
    "No",
    "El DNI és 12345678Z",
    "Encara espero resposta",
    "Sigo esperando",
    "Ja ho he fet però no surt res",
    "Vull anul·lar la inscripció",
    "Doneu-me de baixa del casal",
    "Em dic Pere i visc al carrer Major",
    "Per quan el certificat?",
    "Pagament fet, i ara?",
    "Una queixa: ningú contesta",
    "Esborreu les meves dades",
    "Brauche Hilfe beim Zertifikat",
    "Ho bisogno di aiuto",
    "Preciso de ajuda",
    "нужна помощь",
    "请帮助我",
    "Estic de vacances fora i no puc pagar el rebut, com ho faig des d'aquí?",
    "He rebut un correu vostre que diu que és automàtic. Qui em respon de veritat?",
)


def message(text: str, subject: str = "", sender: str = "a@b.cat") -> Message:
    """A message without a To field, as some clients and all blind copies make them."""
    return parse(f"From: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode())


@pytest.mark.parametrize("text", TERSE)
def test_the_tersest_message_is_a_person_s(text: str) -> None:
    assert classify(message(text)).kind is Kind.REQUEST
    assert classify(message("", text)).kind is Kind.REQUEST


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Re: Re: Re: parada mercat",
            "Pagat fa una setmana i encara hi diu pendent, com a totes les altres parades. Gràcies igualment",
        ),
        (
            "Re: licitació pintura",
            "Gràcies per la paciència, però el model d'oferta continua sumant malament l'IVA (posa 12 %).",
        ),
        (
            "Re: Re: rebut",
            "Ja és el tercer rebut que m'arriba amb el nom del difunt corregit i tornat a espatllar. Prou.",
        ),
        ("Re: your file", "Easier if you ring. UK number: 07700 900 614. After lunch, your time."),
    ],
)
def test_a_reply_that_goes_on_after_its_thanks_or_has_none_is_a_request(subject: str, text: str) -> None:
    assert classify(message(text, subject, "neus.puig@gmail.com")).kind is Kind.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "castellano",
        "Bon dia, encara no puc signar la sol·licitud, m'ho torneu a explicar si us plau",
        "Bon dia,\n\nExerceixo el dret d'accés a les meves dades personals (RGPD): envieu-me'n una còpia.",
    ],
)
def test_a_reply_with_the_subject_of_our_acknowledgement_is_no_mail_of_a_machine(text: str) -> None:
    """Its words are those of receipts that programs send."""
    subject = "Re: [OAC-2026-000001-K7Q] Hem rebut la vostra consulta"
    assert classify(message(text, subject, "neus.puig@gmail.com")).kind is Kind.REQUEST


@pytest.mark.parametrize("end", ["Muchas gracias,\nXènia Muñoz", "Atentamente,\nRamon Roca", ""])
@pytest.mark.parametrize(
    "text",
    [
        "La farola del número 107 de la calle Verdaguer lleva días apagada.",
        "Sale agua de la acera desde anoche, a la altura del número 75. Somos varios vecinos.",
        "Querría saber qué día pasa la recogida de muebles y si hay que avisar con antelación.",
        "Tras la herencia de mi padre no sé qué plazo tengo para presentar la plusvalía.",
    ],
)
def test_who_waits_for_an_answer_and_thanks_in_advance_is_a_person_who_asks(text: str, end: str) -> None:
    awaits = "Quedo a la espera de su respuesta y les doy las gracias por adelantado."
    assert classify(message(f"Hola:\n\n{text}\n\n{awaits}\n\n{end}", "Consulta", "r@gmail.com")).kind is Kind.REQUEST


def test_who_thanks_in_advance_for_patience_may_be_a_machine() -> None:
    text = "Estoy de vacaciones hasta el 15. Gracias de antemano por su comprensión."
    assert classify(message(text, "Respuesta automática")).kind is Kind.AUTO_REPLY


def unmarked(row: dict[str, str]) -> Kind:
    """The kind of a message without any field of a machine's."""
    return classify(message(row["text"], row["subject"], row["from"])).kind


def test_a_person_who_speaks_of_machines_absences_or_mail_is_a_person() -> None:
    """Of the 110 the reading loses one, whose subject and first sentence are those of an automatic answer."""
    people = [row for row in UNMARKED if row["kind"] == "request"]
    assert {row["subject"] for row in people if unmarked(row) is not Kind.REQUEST} <= {"Gràcies per contactar"}


def test_six_in_seven_machines_without_header_fields_are_known_by_their_words() -> None:
    machines = [row for row in UNMARKED if row["kind"] != "request"]
    assert sum(unmarked(row) in (Kind.AUTO_REPLY, Kind.BOUNCE, Kind.BULK) for row in machines) >= 6 / 7 * len(machines)
