"""[[topic]], office.tax_operator and office.website: what a town says of itself counts, and shows in its mails."""

from pathlib import Path

import pytest

from oacmail.core.errors import ConfigError
from tests.world import ANNA, World, text_of

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
