"""The acknowledgement offers the other language in that language; who answers with its name gets it from then on."""

import re
from pathlib import Path

import pytest

from tests.world import AGENT, ANNA, World, text_of


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        ("ca", "Bon dia, no puc presentar la instància perquè no em deixa signar amb el certificat. Què puc fer?"),
        ("es", "Buenos días, no puedo presentar la instancia porque no me deja firmar. ¿Qué puedo hacer?"),
        ("en", "Good morning, I cannot file the application because the page does not let me sign it. What now?"),
        ("ca, en", "Bonjour, je ne peux pas déposer ma demande car la page ne me laisse pas la signer. Que faire ?"),
        ("ca, es", "Hola! IBI 2026"),
    ],
)
def test_it_speaks_the_writers_language_or_two_where_one_may_not_do(world: World, spoken: str, text: str) -> None:
    world.citizen_asks(ANNA, "Instància", text)
    (ack,) = world.received(ANNA)
    said = {"ca": "Número de cas", "es": "Número de caso", "en": "Case number"}
    places = [text_of(ack).find(f"{said[lang]}:") for lang in said if lang in spoken]
    assert ack["Content-Language"] == spoken
    assert sum(f"{words}:" in text_of(ack) for words in said.values()) == len(places)
    assert places == sorted(places)
    page = text_of(ack, "html")
    assert re.findall(r'<section lang="(..)">', page) == spoken.split(", ")


@pytest.mark.parametrize("wish", ["castellano", "«Castellano».", "En castellano, por favor", "CASTELLÀ"])
def test_the_offer_is_obeyed_when_it_is_answered(tmp_path: Path, wish: str) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    assert "¿Prefiere castellano? Responda «castellano»." in text_of(ack)
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", wish, answers=ack)
    assert len(world.cases()) == 1
    assert world.kinds(ANNA) == ["ack", "ack"]
    again = world.received(ANNA)[1]
    assert again["Content-Language"] == "es"
    assert "De ahora en adelante le escribiremos en castellano." in text_of(again)
    assert "como muy tarde el jueves 26 de noviembre" in text_of(again), "the day of the first acknowledgement"
    assert "Preferiu el català?" not in text_of(again), "who has just chosen is not asked at once"
    assert len(world.rows("SELECT * FROM deadlines WHERE kind = 'answer' AND level = 0")) == 1
    world.citizen_asks(ANNA, "Una altra cosa", "Bon dia, com demano un volant d'empadronament per internet?")
    assert world.received(ANNA)[-1]["Content-Language"] == "es"


def test_after_the_answer_the_wish_for_a_language_opens_nothing_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.agent_replies(world.citizen_asks(ANNA))
    world.advance("2026-11-25 12:00")
    (ack,) = world.received(ANNA)
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", "castellano", answers=ack)
    (case,) = world.cases()
    assert case["status"] == "answered"
    assert not world.rows("SELECT * FROM deadlines WHERE met_at IS NULL AND withdrawn_at IS NULL AND kind = 'answer'")
    again = text_of(world.received(ANNA)[-1])
    assert "De ahora en adelante le escribiremos en castellano." in again
    assert "Le responderemos" not in again, "nothing is owed"
    assert not world.reviews()


def test_a_wish_for_a_language_keeps_the_day_of_the_call(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA, "Trucada", "Bon dia, em podeu trucar a la tarda al 612 345 678? Gràcies.")
    (ack,) = world.received(ANNA)
    assert "dimecres 25 de novembre, de 14 a 20 h, al telèfon acabat en 678" in text_of(ack)
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", "Castellano", answers=ack)
    again = text_of(world.received(ANNA)[-1])
    assert "miércoles 25 de noviembre, de 14 a 20 h, al teléfono terminado en 678" in again


WHICH = "Bon dia, en quin idioma voleu el certificat, en català o en castellà?"


@pytest.mark.parametrize("asks", ["by-its-client", "relayed"])
def test_a_language_that_answers_an_agents_question_is_an_answer(tmp_path: Path, asks: str) -> None:
    world = World(tmp_path)
    asked = world.citizen_asks(ANNA)
    if asks == "relayed":
        to = world.message(AGENT, "Certificat, cas 1", WHICH)
        world.receive(to, verdict="dmarc=pass header.from=town.example")
        to = world.received(AGENT)[-1]
        address = text_of(to).partition("mailto:")[2].partition("?")[0]
        world.receive(
            world.message(AGENT, "Certificat", WHICH, to=address),
            verdict="dmarc=pass header.from=town.example",
        )
        question = world.received(ANNA)[-1]
        assert question["X-Oacmail-Kind"] == "relayed"
    else:
        question = world.agent_answers(asked, WHICH)
    world.turn()
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, "Re: Certificat", "Castellano", answers=question)
    (case,) = world.cases()
    assert (case["status"], case["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    assert "De ahora en adelante" not in text_of(world.received(ANNA)[-1])


def test_a_language_with_an_attachment_is_a_request(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked = world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    world.agent_replies(asked)
    world.advance("2026-11-25 12:00")
    mail = world.message(ANNA, f"Re: {ack['Subject']}", "Castellano", answers=ack)
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="instancia.pdf")
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert world.case()["status"] == "open"


def test_a_wish_for_a_language_that_may_not_be_acknowledged_waits_for_a_person(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    for wish in ("castellano", "català", "castellano"):
        world.clock.forward(minutes=1)
        world.citizen_asks(ANNA, f"Re: {ack['Subject']}", wish, answers=ack)
    assert world.kinds(ANNA) == ["ack"] * 3
    assert world.reviews() == ["over-budget"]


def test_a_wish_that_its_own_domain_disowns_changes_no_language(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", "castellano", answers=ack, dmarc="fail")
    world.citizen_asks(ANNA, "Una altra cosa", "Bon dia, com demano un volant d'empadronament per internet?")
    assert world.received(ANNA)[-1]["Content-Language"] == "ca"


def test_a_new_mail_that_only_names_a_language_is_acknowledged_in_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA, "Hola", "castellano")
    assert [mail["Content-Language"] for mail in world.received(ANNA)] == ["es"]


def test_a_message_that_only_speaks_of_a_language_changes_none(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_writes(ANNA, "Formulari", "Bon dia, on trobo el formulari en castellano? No el veig a la web.")
    world.citizen_asks(ANNA, "Formulari 2", "Bon dia, on trobo el formulari de la beca de menjador? Gràcies.")
    assert [mail["Content-Language"] for mail in world.received(ANNA)] == ["ca", "ca"]


def test_a_language_that_the_office_does_not_write_is_not_offered(tmp_path: Path) -> None:
    world = World(tmp_path, office={"languages": ["ca", "en"]})
    world.citizen_asks(ANNA)
    assert "castellano" not in text_of(world.received(ANNA)[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bon dia, us adjunto la instància signada. La podeu registrar?", "No hi hem trobat cap adjunt"),
        ("", "sense text"),
        (
            "Bon dia, com puc presentar la sol·licitud? El termini s'acaba demà.",
            "s'acaba dijous 26 de novembre",
        ),
    ],
)
def test_the_acknowledgement_says_what_a_message_lacks_or_names(tmp_path: Path, text: str, said: str) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA, "La meva instància de la llar d'infants", text)
    assert said in text_of(world.received(ANNA)[0])


@pytest.mark.parametrize(
    "text",
    [
        "Bon dia, com puc signar la instància amb l'idCAT?",
        "Buenos días, ¿cómo puedo firmar la instancia con el certificado digital?",
        "Good morning, how can I sign the application with my digital certificate?",
    ],
)
def test_an_acknowledgement_is_short_without_its_clause(tmp_path: Path, text: str) -> None:
    world = World(tmp_path, office={"online_office_url": "https://www.town.example/oficina"})
    world.citizen_asks(ANNA, "", text)
    (ack,) = world.received(ANNA)
    words = text_of(ack).rpartition("rotec")[0].rpartition("\n")[0] or text_of(ack).partition("Data protection")[0]
    assert 60 < len(words.split()) <= 90


@pytest.mark.parametrize("text", ["Encara no funciona.", "Sigue sin funcionar", "It still doesn't work"])
def test_who_writes_that_it_still_fails_is_told_that_it_is_looked_at_again(tmp_path: Path, text: str) -> None:
    world = World(tmp_path)
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked)
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, "Re: No puc signar la instància", text, answers=asked)
    again = text_of(world.received(ANNA)[-1])
    said = {
        "ca": "Ens sap greu que encara no funcioni. Ho tornem a mirar",
        "es": "Lo volvemos a revisar",
        "en": "again",
    }
    assert said[world.received(ANNA)[-1]["Content-Language"]] in again
    assert "Hem rebut el vostre missatge" not in again
