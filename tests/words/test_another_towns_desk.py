"""A desk with another town, telephone and languages: what it reads and says follows its configuration."""

from pathlib import Path

import pytest

from oacmail import config as settings
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores
from testbed.messages import as_bytes
from tests.orders.test_orders import reply
from tests.relayed import relayed_answers
from tests.world import ANNA, SUPERVISOR, World, text_of

OLESA = {
    "town": "Olesa de Montserrat",
    "name": "Atenció Olesa",
    "phone": "937 780 050",
    "languages": ["es", "ca"],
}


@pytest.fixture
def olesa(tmp_path: Path) -> World:
    return World(tmp_path, office=OLESA)


def test_its_own_telephone_in_a_message_is_nobody_to_call(olesa: World) -> None:
    text = "Buenos días, ¿me pueden llamar? He probado en el 93 778 00 50 y nadie contesta."
    olesa.citizen_asks(ANNA, "Llámenme, por favor", text)
    assert olesa.case()["intent"] == "callback"
    assert olesa.rows("SELECT phone FROM cases") == [{"phone": None}]
    assert "ningún teléfono" in text_of(olesa.received(ANNA)[0])


def test_the_telephone_of_another_desk_is_one_to_call(olesa: World) -> None:
    olesa.citizen_asks(ANNA, "Llámenme, por favor", "Buenos días, ¿me pueden llamar al 900 772 772? Gracias.")
    assert "terminado en 772" in text_of(olesa.received(ANNA)[0])


def test_a_message_without_words_is_answered_in_the_language_of_the_office(olesa: World) -> None:
    olesa.citizen_asks(ANNA, "", "-")
    assert str(olesa.received(ANNA)[0]["Content-Language"]).startswith("es")


def test_what_was_taken_out_of_an_original_is_reported_in_the_language_of_the_office(tmp_path: Path) -> None:
    world = World(tmp_path, office=OLESA)
    mail = world.message(ANNA, "Certificado", "Buenos días, adjunto lo que piden. ¿Está bien?")
    mail.add_attachment(b"MZ\x90\x00", maintype="application", subtype="octet-stream", filename="factura.exe")
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    world.live("2026-11-27 09:00")
    (told,) = [mail for mail in world.received(SUPERVISOR) if str(mail["X-Oacmail-Kind"]).startswith("overdue")]
    whole = "".join(str(part.get_payload(decode=True)) for part in told.walk() if part.get_content_maintype() == "text")
    assert "Parte retirada al reenviar el mensaje" in whole
    assert "Motivo: programa" in whole
    assert "OAC 360" not in told.as_string()


@pytest.mark.parametrize(("text", "elsewhere"), [("Olesa de Montserrat", False), ("Castellbisbal", True)])
def test_the_council_of_another_town_is_distinguished_from_its_own(olesa: World, text: str, elsewhere: bool) -> None:
    words = f"Buenos días, ¿cómo pago el recibo del Ayuntamiento de {text}? No encuentro la página."
    mail = olesa.message(ANNA, "Recibo", words)
    read = parse(as_bytes(mail), settings.parser_config(olesa.config))
    assert (scores.OWN_TOWN not in scores.words(read)) == elsewhere


def test_a_prefix_with_a_digit_is_read_in_orders_and_subjects(tmp_path: Path) -> None:
    world = World(tmp_path, office={"prefix": "OAC2"}, digest={"to": [SUPERVISOR]})
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    (sent,) = relayed_answers.relayed(world)
    world.citizen_writes(ANNA, "", "I si no en tinc, d'idCAT?", answers=sent)
    world.live("2026-12-01 09:00")
    *_, notice = world.received(SUPERVISOR, "overdue")
    relayed_answers.send(world, relayed_answers.mail(world, notice, "Bon dia, demaneu-lo a l'oficina."))
    assert str(relayed_answers.relayed(world)[1]["Subject"]).count("OAC2-2026-000001") == 1
    *_, digest = world.received(SUPERVISOR, "digest")
    reply(world, digest, "OAC2-2026-000001 agent")
    assert world.case()["assignee"] == "agent"
