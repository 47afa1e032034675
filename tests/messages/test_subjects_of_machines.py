"""Subjects that read like an automatic reply: words alone never make a person's message vanish."""

from collections.abc import Callable

import pytest

from oacmail.core.effects import Arrived
from oacmail.core.model import Folder
from oacmail.mail.parse import parse
from testbed.messages import as_bytes
from tests.world import ANNA, OFFICE, World

TOWN = Callable[..., World]
NOT_SIGNED = "El formulari em surt en blanc i no puc signar la instància. Què puc fer?"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Resposta automàtica", NOT_SIGNED),
        ("RE: Fora de l'oficina", NOT_SIGNED),
        ("RE: Fuera de la oficina: Consulta", "Me pide un certificado y no me deja seguir. ¿Qué hago?"),
        ("Resposta automàtica: no em serveix", NOT_SIGNED),
    ],
)
def test_a_person_whose_subject_names_an_automatic_reply_has_a_case_and_an_acknowledgement(
    world: World, subject: str, text: str
) -> None:
    world.citizen_asks(ANNA, subject, text)
    assert (world.case()["status"], world.kinds(ANNA)) == ("open", ["ack"])


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Queixa: resposta automàtica", "Cada cop que us escric rebo el mateix i ningú no em diu res."),
        ("Resposta automàtica: Volant", "Torno dilluns."),
        ("Fuera de la oficina: Consulta", "Vuelvo el lunes."),
        ("Abwesenheitsnotiz: Anfrage", "Bis bald."),
        ("Permís de paternitat - resposta automàtica", ""),
    ],
)
def test_what_only_a_subject_calls_automatic_waits_for_a_person_and_is_not_acknowledged(
    world: World, subject: str, text: str
) -> None:
    mail = world.citizen_asks(ANNA, subject, text)
    assert world.reviews() == ["looks-automatic: auto_reply"]
    assert (world.cases(), world.received(ANNA)) == ([], [])

    raw = as_bytes(mail)
    message = parse(raw)
    world.engine.perform(
        Arrived(message=message, received_at=world.clock.now(), folder=Folder.INTAKE, forced=True), raw=raw
    )
    assert (world.case()["citizen"], world.reviews()) == (ANNA, [])


@pytest.mark.parametrize("subject", ["Acuse de recibo de mi instancia 2026/114", "Leído: no entiendo el requerimiento"])
def test_a_person_who_writes_like_a_read_receipt_within_a_thread_is_on_a_list(world: World, subject: str) -> None:
    first = world.citizen_asks(ANNA, "Requerimiento", "Bon dia, com responc a un requeriment?")
    world.agent_replies(first)
    world.advance("2026-11-25 11:00")
    world.citizen_asks(ANNA, subject, "No entiendo lo que pone en la página tres.", answers=first)
    shown = {case["status"] for case in world.cases()}
    assert "open" in shown or "filed-automatic" in world.reviews()


def test_a_robot_that_only_its_subject_tells_is_never_answered_in_a_thread(world: World) -> None:
    first = world.citizen_asks(ANNA)
    world.agent_replies(first)
    world.advance("2026-11-25 11:00")
    subject = "Resposta automàtica: Re: No puc signar la instància"
    for _ in range(3):
        world.citizen_asks(ANNA, subject, "Torno dilluns.", answers=first)
    assert world.kinds(ANNA) == ["ack"]
    assert set(world.reviews()) == {"filed-automatic"}
    assert world.case()["status"] == "answered"


def test_an_agents_answer_to_an_automatic_reply_counts_as_the_answer(world: World) -> None:
    first = world.citizen_asks(ANNA)
    answer = world.message(OFFICE, "Re: Resposta automàtica", "Ja podeu signar.", to=ANNA, answers=first)
    answer.replace_header("Subject", "Re: Resposta automàtica")
    world.see_in_sent(answer)
    assert world.case()["answered_at"] is not None
