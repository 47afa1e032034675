"""What each mail must say to its reader, in every language that the office writes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from oacmail.words.facts import SAMPLES
from oacmail.words.renderer import Renderer
from tests.words.test_templates import LANGUAGES, VOICE, body, render, send

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
