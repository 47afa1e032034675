"""[[topic]], office.tax_operator and office.website: what a town says of itself counts, and shows in its mails."""

from pathlib import Path

import pytest

from oacmail import wiring
from oacmail.core.errors import ConfigError
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores
from testbed.messages import as_bytes
from tests.orders.test_orders import reply
from tests.relayed import relayed_answers
from tests.world import ANNA, SUPERVISOR, World, text_of

TOPICS = [
    {"name": "enrolment", "words": ["Ludoteca Xarxa", "esplai*"]},
    {"name": "folder", "level": "out_of_scope", "words": ["deixalleria mòbil"]},
    {"name": "procurement", "level": "second", "words": ["portal del proveïdor"]},
]


def opened(tmp_path: Path, subject: str, text: str) -> dict[str, object]:
    world = World(tmp_path, topic=TOPICS)
    world.citizen_asks(ANNA, subject, text)
    return world.case()


@pytest.mark.parametrize("text", ["la LUDOTECA XARXA", "els esplais d'estiu"])
def test_a_word_of_the_town_decides_the_topic_and_is_named(tmp_path: Path, text: str) -> None:
    case = opened(tmp_path, "Pregunta", f"Bon dia, quin dia obre {text}? Gràcies.")
    assert (case["topic"], case["level"]) == ("enrolment", "first")


def test_a_level_of_the_town_goes_with_its_words(tmp_path: Path) -> None:
    case = opened(tmp_path, "Pregunta", "Bon dia, quin dia ve la deixalleria mòbil al barri? Gràcies.")
    assert (case["topic"], case["level"]) == ("folder", "out_of_scope")
    case = opened(tmp_path / "other", "Consulta", "Bon dia, el portal del proveïdor em demana una clau. Quina és?")
    assert (case["topic"], case["level"]) == ("procurement", "second")


def test_first_level_words_hide_no_fault_of_a_platform(tmp_path: Path) -> None:
    text = "Bon dia, la seu electrònica dona error 500 des d'ahir a la inscripció de l'esplai, a tots els ordinadors."
    case = opened(tmp_path, "La seu electrònica no funciona: error 500", text)
    assert (case["topic"], case["level"]) == ("enrolment", "second")


def test_a_message_without_the_words_is_read_as_ever(tmp_path: Path) -> None:
    case = opened(tmp_path, "Subvenció", "Bon dia, com demano la subvenció per al menjador escolar?")
    assert case["topic"] == "grant"


def test_a_topic_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'topic\.1\.name: is no topic: write one of "certificate", "application"'):
        World(tmp_path, topic=[{"name": "casals", "words": ["casal"]}])


@pytest.mark.parametrize(("collects", "operator"), [("town", "town"), ("orgt", "orgt")])
def test_who_collects_the_taxes_runs_the_platform_of_tax_matters(tmp_path: Path, collects: str, operator: str) -> None:
    world = World(tmp_path, office={"tax_operator": collects})
    text = "Bon dia, la passarel·la de pagament dona error 500 quan pago el rebut de l'IBI. A tots els ordinadors."
    world.citizen_asks(ANNA, "Error 500 en pagar l'IBI: no funciona", text)
    case = world.case()
    assert (case["topic"], case["level"], case["operator"]) == ("payment", "second", operator)


def test_the_web_site_stands_under_what_citizens_get(tmp_path: Path) -> None:
    world = World(tmp_path, office={"website": "https://www.town.example/"})
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    assert "https://www.town.example/" in text_of(ack)
    html = text_of(ack, "html")
    assert '<a href="https://www.town.example/">' in html


# A desk with another town, telephone and languages: what it reads and says follows its configuration.

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
    read = parse(as_bytes(mail), wiring.parser_config(olesa.config))
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
