"""What a machine says of itself in the body, and that brevity says nothing."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from oacmail.core.model import Kind, Message
from oacmail.core.routing.classification import classify
from oacmail.mail.parse import parse
from oacmail.mail.understanding import machine_words

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


def message(text: str, subject: str = "", head: Iterable[str] = ()) -> Message:
    """A message without a To field, as some clients and all blind copies make them."""
    lines = ("From: a@b.cat", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", *head)
    return parse(("\n".join(lines) + f"\n\n{text}\n").encode())


def marks(text: str, subject: str = "") -> set[str]:
    return set(machine_words.indicators(message(text, subject)))


def of_a_machine(text: str, subject: str = "") -> set[str]:
    """All marks that hold, as where the header fields have told already that it is a machine's."""
    return set(machine_words.indicators(message(text, subject, ["Auto-Submitted: auto-generated"])))


@pytest.mark.parametrize("text", TERSE)
def test_a_terse_message_without_a_receiver_is_a_person_s_request(text: str) -> None:
    assert classify(message(text)).kind is Kind.REQUEST
    assert classify(message("", text)).kind is Kind.REQUEST


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Seré fora de l'oficina fins al dia 9.", "away"),
        ("Me encuentro de baja. Escriban a mi compañera.", "away"),
        ("I'm on annual leave until Monday.", "away"),
        ("Je suis en congé jusqu'au 3 mai.", "away"),
        ("Ich bin bis Montag nicht im Büro.", "away"),
        ("Sono in ferie fino a lunedì.", "away"),
        ("Hem rebut la vostra petició amb el número 4471.", "received"),
        ("Gracias por contactar con nosotros.", "received"),
        ("We have received your message.", "received"),
        ("El vostre missatge es va llegir dilluns.", "read"),
        ("Confirm that you are not a robot to complete delivery.", "challenge"),
        ("Aquest és un missatge automàtic.", "says it is automatic"),
        ("No respongueu a aquest correu.", "says it is automatic"),
        ("Delivery has failed to these recipients.", "undelivered"),
        ("Si no vols rebre més correus, dona't de baixa aquí.", "leave the list"),
        ("You are receiving this email because you signed up.", "why it is sent"),
        ("Heu estat convidat a una reunió.", "invitation"),
        ("Benvolgudes famílies, comença el curs.", "to many"),
        ("La vostra factura ja està disponible.", "notice"),
        ("Renting de impresoras por 29 € al mes.", "offer"),
    ],
)
def test_a_machine_s_own_words_are_marks(text: str, mark: str) -> None:
    assert mark in of_a_machine(text)


def test_one_mark_is_a_coincidence_and_two_are_none() -> None:
    assert marks("Hem rebut la vostra petició.") == set()
    assert marks("Hem rebut la vostra petició. Us respondrem en 48 hores.") == {"received", "promises an answer"}


def test_what_somebody_quotes_or_says_beside_trouble_of_his_own_is_no_mark() -> None:
    assert of_a_machine("La web respon «hem rebut la vostra petició, us respondrem en 48 hores» i prou.") == set()
    assert of_a_machine("Em surt que heu rebut la vostra petició i que us respondrem en 48 hores.") == set()


UNMARKED = [
    json.loads(line) for line in Path(__file__).with_name("unmarked_messages.jsonl").read_text("utf-8").splitlines()
]


def unmarked(row: dict[str, str]) -> Kind:
    """The kind of a message without any field of a machine's."""
    head = f"From: {row['from']}\nTo: oac360@castellbisbal.cat\nSubject: {row['subject']}\nMessage-ID: <x@y.z>\n"
    return classify(parse(f"{head}Content-Type: text/plain; charset=utf-8\n\n{row['text']}\n".encode())).kind


@pytest.mark.parametrize(
    "row", [row for row in UNMARKED if row["kind"] == "request"], ids=lambda row: str(row["subject"])
)
def test_a_person_who_speaks_of_machines_absences_or_mail_is_a_person(row: dict[str, str]) -> None:
    assert unmarked(row) is Kind.REQUEST


def test_nine_in_ten_machines_without_header_fields_are_known_by_their_words() -> None:
    machines = [row for row in UNMARKED if row["kind"] != "request"]
    assert sum(unmarked(row) in (Kind.AUTO_REPLY, Kind.BOUNCE, Kind.BULK) for row in machines) >= 0.9 * len(machines)


def test_what_people_write_every_day_is_no_mark() -> None:
    assert marks("Benvolguts, us escric perquè no puc pagar el rebut. Gràcies per la resposta. Salutacions.") == set()
    assert marks("Em podeu trucar demà al matí? No entenc el formulari.") == set()


def test_our_own_subject_behind_the_case_token_is_no_mark_of_who_answers_it() -> None:
    assert marks("És el 612 345 678.", "Re: [OAC-2026-000123-K7Q] Hem rebut la vostra consulta") == set()
    assert "received" in of_a_machine("Text.", "Hem rebut la vostra consulta")


def test_an_address_that_only_services_bear_and_a_calendar_are_marks() -> None:
    raw = b"From: newsletter@shop.example\nContent-Type: text/calendar; name=i.ics\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n"

    assert set(machine_words.indicators(parse(raw))) == {"a service's address", "calendar"}


def test_a_machine_without_header_fields_is_taken_for_one_and_says_by_which_mark() -> None:
    reading = classify(
        message("Estic de vacances fins al dia 12. Durant aquests dies no llegiré el correu.", "Absència")
    )

    assert reading.kind is Kind.AUTO_REPLY
    assert "mark:away" in reading.because
