"""What each mail must say to its reader, in every language that the office writes."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from oacmail import wiring
from oacmail.core.errors import ConfigError
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores
from oacmail.words.facts import SAMPLES
from oacmail.words.renderer import Renderer
from testbed.messages import as_bytes
from tests.orders.test_orders import reply
from tests.relayed import relayed_answers
from tests.words.test_templates import LANGUAGES, VOICE, body, render, send
from tests.world import ANNA, SUPERVISOR, World, text_of

AUTOMATIC: Mapping[str, str] = {"ca": "Missatge automàtic", "es": "Mensaje automático", "en": "Automatic message"}
GREETING: Mapping[str, str] = {"ca": "Bon dia,", "es": "Buenos días:", "en": "Good morning,"}
NO_TERM: Mapping[str, str] = {
    "ca": "- Termini del tràmit: no n'indica cap",
    "es": "- Plazo del trámite: no indica ninguno",
    "en": "- The person's deadline: none named",
}
REMOVED: Mapping[str, str] = {
    "ca": "documents d'identitat o de salut",
    "es": "documentos de identidad o de salud",
    "en": "identity and health documents",
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", ["passed_on", "progress", "warned", "not_reached"])
def test_an_automatic_mail_to_a_citizen_greets_and_says_that_it_is_automatic(template: str, lang: str) -> None:
    text = body(render(send(template, lang)))
    assert text.startswith(GREETING[lang])
    assert text.rstrip().endswith(AUTOMATIC[lang] + ".")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_is_pointed_to_another_body_is_greeted(lang: str) -> None:
    assert body(render(send("referred", lang, facts=SAMPLES["referred"][0]))).startswith(GREETING[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_company_that_runs_the_desk_is_named_only_if_there_is_one(lang: str) -> None:
    named = Renderer(replace(VOICE, processor="Serveis, SL"))
    assert "Serveis, SL" in body(render(send(lang=lang), renderer=named))
    clause = body(render(send(lang=lang))).split("\n\n")[-1]
    assert not re.search("empresa|company|servei\\.|servicio\\.", clause), "nobody is said to have access"
    assert len(clause.splitlines()) == 2, "two lines"
    later = body(render(send(lang=lang, facts={"first": False}))).split("\n\n")[-1]
    assert later.endswith(VOICE.privacy_url)
    assert len(later.splitlines()) == 1, "a link after the first"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("road", ["complaint", "suggestion"])
def test_nobody_who_is_angry_or_sarcastic_is_thanked_for_an_opinion(road: str, lang: str) -> None:
    mail = render(send(lang=lang, facts={"road": road}))
    assert not re.search("gràcies|gracias|thank|opini|feedback", f"{mail['Subject']} {body(mail)}".lower())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", ["derived", "second_level"])
def test_a_case_without_a_term_of_the_person_says_so_in_words(template: str, lang: str) -> None:
    assert NO_TERM[lang] in body(render(send(template, lang))).splitlines()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", ["derived", "second_level", "incident"])
def test_platform_and_operator_are_lines_of_their_own(template: str, lang: str) -> None:
    lines = body(render(send(template, lang, facts=SAMPLES[template][-1]))).splitlines()
    assert "- Plataforma: e-NOTUM".replace("Plataforma", "Platform" if lang == "en" else "Plataforma") in lines
    assert not [line for line in lines if "e-NOTUM/" in line]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", ["derived", "overdue", "opinion", "rights"])
def test_a_mail_with_an_original_names_all_that_is_taken_out_of_it(template: str, lang: str) -> None:
    assert REMOVED[lang] in body(render(send(template, lang), originals=(b"Subject: x\r\n\r\nx",)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_digest_is_in_the_order_of_action(lang: str) -> None:
    """Late, urgent, due today, calls, to be told, and then the rest (docs/config.md, [digest])."""
    text = body(render(send("digest", lang, facts=SAMPLES["digest"][1])))
    heads = {
        "ca": ("Vençuts:", "Urgents:", "Vencen avui:", "Trucades:", "sense dir a la persona", "La resta"),
        "es": ("Vencidos:", "Urgentes:", "Vencen hoy:", "Llamadas:", "la persona aún no sabe nada", "El resto"),
        "en": ("Overdue:", "Urgent:", "Due today:", "Calls:", "the person does not know yet", "Others to answer:"),
    }
    places = [text.index(head) for head in heads[lang]]
    assert places == sorted(places)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_acknowledgement_shows_the_case_number_and_the_day_in_bold(lang: str) -> None:
    days = {"ca": "dilluns 30 de novembre", "es": "lunes 30 de noviembre", "en": "Monday 30 November"}
    page = body(render(send(lang=lang)), "html")
    assert re.findall(r"<strong>(.*?)</strong>", page) == ["OAC-2026-000123", days[lang]]


def test_an_acknowledgement_of_a_call_shows_the_day_of_the_call_in_bold() -> None:
    facts = {"road": "callback", "phone3": "678", "call_day": date(2026, 11, 30)}
    page = body(render(send(facts=facts, lang="ca+es")), "html")
    bold = re.findall(r"<strong>(.*?)</strong>", page)
    assert bold == ["dilluns 30 de novembre", "OAC-2026-000123", "lunes 30 de noviembre", "OAC-2026-000123"]


@pytest.mark.parametrize("lang", ["ca", "es"])
def test_who_has_just_chosen_a_language_is_not_offered_the_other(lang: str) -> None:
    offer = {"ca": "¿Prefiere castellano?", "es": "Preferiu el català?"}[lang]
    assert offer in body(render(send(lang=lang, facts={"first": False})))
    assert offer not in body(render(send(lang=lang, facts={"first": False, "new_language": True})))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refusal_without_a_case_names_none(lang: str) -> None:
    refusal = body(render(send("not_relayed", lang, facts={"reason": "no-case"}, case=None, token="")))
    assert not re.search(r"(cas|caso|case)  ", refusal)


@pytest.mark.parametrize(
    ("lang", "asked"),
    [("ca", "a quin número us truquem?"), ("es", "a qué número le llamamos?"), ("en", "which number should we call?")],
)
def test_who_has_a_term_today_and_left_no_number_is_asked_for_the_number_alone(lang: str, asked: str) -> None:
    """The morning or the afternoon is asked of who has time to choose."""
    facts = {"road": "no_number", "slot": "any", "ends_on": date(2026, 11, 27)}
    on_that_day, before = (
        body(render(send(lang=lang, facts=facts), datetime(2026, 11, day, 9, tzinfo=UTC))) for day in (27, 26)
    )
    assert asked in on_that_day
    assert asked not in before


# Mails are read in the colours that the reader has chosen: they set none of their own but grey borders.

BORDER = "#767676"
"""Seen on white and on black: contrast 4.5 and 4.6."""


@pytest.mark.parametrize("kind", ["ack", "survey", "overdue", "report"])
def test_a_mail_takes_the_readers_light_or_dark_colours(kind: str) -> None:
    page = body(render(send(kind, facts=SAMPLES[kind][-1])), "html")
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "color-scheme:light dark" in page
    assert "background" not in page
    assert set(re.findall(r"#[0-9a-f]{6}\b", page)) <= {BORDER}


# [[topic]], office.tax_operator and office.website: what a town says of itself counts, and shows in its mails.

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
