"""A message that only its words call a delivery report: a person may have written it, so a person looks at it."""

import pytest

from tests.world import ANNA, World

RETURNED = [
    ("No s'ha pogut lliurar el missatge", "Em va tornar el correu: «no s'ha pogut lliurar el missatge». Vull hora."),
    ("Correu retornat", "Bon dia, el missatge que us vaig enviar no s'ha lliurat. Demano el volant d'empadronament."),
    ("Mensaje devuelto", "El mensaje que les mandé ayer ha sido rechazado. Se lo mando otra vez: solicito cita."),
    ("Delivery failure", "Hello, your message about my permit could not be delivered. Please use this address."),
]


@pytest.mark.parametrize(("subject", "text"), RETURNED)
def test_a_citizen_who_tells_of_a_returned_message_waits_for_a_person(world: World, subject: str, text: str) -> None:
    world.citizen_asks(ANNA, subject, text)
    assert (world.reviews(), world.received(ANNA)) == (["looks-automatic: bounce"], [])


@pytest.mark.parametrize(("subject", "text"), RETURNED)
def test_words_alone_do_not_mark_our_mail_as_undelivered(world: World, subject: str, text: str) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    mail = world.message(ANNA, subject, text, answers=ack)
    del mail["Subject"]
    mail["Subject"] = subject
    world.receive(mail)
    assert (world.mail()["state"], world.reviews()) == ("sent", ["looks-automatic: bounce"])


def test_words_that_return_our_mail_are_a_report(world: World) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    text = (
        f"Your message to {ANNA} could not be delivered: user unknown.\n\n"
        f"----- Original message -----\n\nMessage-ID: {ack['Message-ID']}\nSubject: x\n\n"
    )
    world.receive(world.message("correu@example.org", "Undelivered mail", text))
    assert (world.mail()["state"], world.reviews()) == ("failed", [])
