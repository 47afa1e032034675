"""What each mail must say to its reader, in every language that the office writes."""

import re
from collections.abc import Mapping
from datetime import date

import pytest

from oacmail.adapters.templates.facts import SAMPLES
from tests.adapters.test_templates import LANGUAGES, body, render, send

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
    assert bold == ["OAC-2026-000123", "dilluns 30 de novembre", "OAC-2026-000123", "lunes 30 de noviembre"]
