"""What an acknowledgement says of its case is so: number, day, hours of a call, telephone, term. Read back from the
mail and compared with what the database holds, for each language, at each sort of hour."""

import re
from datetime import UTC, date, datetime, time
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace

from oacmail.words.dates import at_hour_words, day_words
from oacmail.words.labels import group
from oacmail.words.renderer import Renderer
from tests.words.test_templates import DUE, LANGUAGES, VOICE, send
from tests.world import ANNA, MADRID, World, text_of

PHONE = "93 123 45 67"
NOWS = ("2026-11-25 09:00", "2026-11-25 06:30", "2026-11-27 21:10", "2026-11-28 11:00")
CALLS = {
    "morning": {"ca": "al matí", "es": "por la mañana", "en": "in the morning"},
    "afternoon": {"ca": "a la tarda", "es": "por la tarde", "en": "in the afternoon"},
}
OFFERED = {
    ("2026-11-25 09:00", "morning"): date(2026, 11, 26),
    ("2026-11-25 09:00", "afternoon"): date(2026, 11, 25),
    **dict.fromkeys(product(NOWS[1:2], CALLS), date(2026, 11, 25)),
    **dict.fromkeys(product(NOWS[2:], CALLS), date(2026, 11, 30)),
}
"""The first slot that has not begun (R27); the call is due at the end of the slot on the due day, perhaps later."""
SLOTS = {
    "morning": {"ca": "de 8 a 14 h", "es": "de 8 a 14 h", "en": "between 8 am and 2 pm"},
    "afternoon": {"ca": "de 14 a 20 h", "es": "de 14 a 20 h", "en": "between 2 and 8 pm"},
}
CALL = {
    "ca": "Bon dia, em podeu trucar {part} al 612 345 678? Tinc un dubte amb la instància.",
    "es": "Buenos días, ¿me pueden llamar {part} al 612 345 678? Tengo una duda con la instancia.",
    "en": "Good morning, could you call me {part} on 612 345 678? I have a question about the form.",
}
ASK = {
    "ca": "Bon dia, com puc signar la instància amb l'idCAT?",
    "es": "Buenos días, ¿cómo puedo firmar la instancia con el certificado digital?",
    "en": "Good morning, how can I sign the application with my digital certificate?",
}
TERM = {
    "ca": " El termini s'acaba el 9 de desembre a les 14 h.",
    "es": " El plazo termina el 9 de diciembre a las 14 h.",
    "en": " The deadline ends on 9 December at 2 pm.",
}
ANGRY = {
    "ca": "Vull posar una queixa: fa dies que ningú no em respon i el tracte que he rebut ha estat pèssim.",
    "es": "Quiero poner una queja: hace días que nadie me responde y el trato que he recibido ha sido pésimo.",
    "en": "I want to make a complaint: nobody has answered me for days and I was treated terribly.",
}


def _plain(text: str) -> str:
    return text.replace("\xa0", " ")


def _acknowledged(tmp_path: Path, now: str, lang: str, text: str) -> tuple[World, str]:
    world = World(tmp_path, now=now, office={"phone": PHONE})
    world.citizen_asks(ANNA, {"ca": "Instància", "es": "Instancia", "en": "Application"}[lang], text)
    (ack,) = world.received(ANNA)
    assert ack["Content-Language"] == lang
    return world, _plain(text_of(ack))


def _days(said: str, lang: str, year: int = 2026) -> set[str]:
    """All days that the text names."""
    names = {day_words(date(year, month, day), lang) for month in (11, 12) for day in range(1, 31)}
    return {name for name in names if re.search(rf"\b{name}\b", said)}


def _due(world: World) -> date:
    return datetime.fromisoformat(world.case()["due_at"]).astimezone(MADRID).date()


@pytest.mark.parametrize(("lang", "now"), list(product(ASK, NOWS)))
@pytest.mark.parametrize("texts", [ASK, ANGRY], ids=["question", "complaint"])
def test_number_day_and_telephone_are_those_of_the_case(
    tmp_path: Path, lang: str, now: str, texts: dict[str, str]
) -> None:
    world, said = _acknowledged(tmp_path, now, lang, texts[lang])
    assert re.findall(r"OAC-\d{4}-\d{6}", said) == [world.case()["number"]]
    assert _days(said, lang) == {day_words(_due(world), lang)}, "one day, the one by which the answer is due"
    assert PHONE in said


@pytest.mark.parametrize(("lang", "now", "part"), list(product(ASK, NOWS, CALLS)))
def test_a_call_is_said_for_the_first_slot_of_the_persons_choice_and_no_later_than_due(
    tmp_path: Path, lang: str, now: str, part: str
) -> None:
    world, said = _acknowledged(tmp_path, now, lang, CALL[lang].format(part=CALLS[part][lang]))
    (row,) = world.rows("SELECT slot, phone FROM cases")
    assert row["slot"] == part
    assert _days(said, lang) == {day_words(OFFERED[now, part], lang)}
    assert OFFERED[now, part] <= _due(world)
    assert SLOTS[part][lang] in said
    assert row["phone"].endswith("678")
    assert "678" in said
    ends = {"morning": 14, "afternoon": 20}[part]
    assert datetime.fromisoformat(world.case()["due_at"]).astimezone(MADRID).hour == ends


@pytest.mark.parametrize(("lang", "now"), list(product(ASK, NOWS)))
def test_the_persons_own_term_is_said_as_the_case_has_it(tmp_path: Path, lang: str, now: str) -> None:
    world, said = _acknowledged(tmp_path, now, lang, ASK[lang] + TERM[lang])
    case = world.case()
    ends_on = date.fromisoformat(case["ends_on"])
    assert (case["ends_on"], case["ends_hour"]) == ("2026-12-09", "14:00")
    assert _days(said, lang) == {day_words(ends_on, lang), day_words(_due(world), lang)}
    hour = at_hour_words(datetime.strptime(case["ends_hour"], "%H:%M").time(), lang)
    assert f"{day_words(ends_on, lang)} {hour}" in said


# What an acknowledgement says of the hour at which a message came, if the mailbox could not be read for a night.


@pytest.mark.parametrize(("came", "said"), [("2026-11-24 11:00", False), ("2026-11-24 21:00", True)])
def test_outside_hours_is_said_of_when_the_message_came_not_of_when_it_was_read(
    tmp_path: Path, came: str, said: bool
) -> None:
    world = World(tmp_path, now=came)
    world.mailbox.away = True
    world.citizen_writes(ANNA)
    world.mailbox.away = False
    world.turn_at("2026-11-25 07:30")
    assert ("fora d'horari" in text_of(world.received(ANNA)[0])) == said


# An acknowledgement is read by somebody who waits: at most ninety words beside the data-protection lines.

MOST = 90
TODAY = date(2026, 11, 27)
TOMORROW = date(2026, 11, 28)
CALL_BACK: dict[str, object] = {"road": "callback", "phone3": "678", "call_day": date(2026, 11, 30)}
ROADS: tuple[dict[str, object], ...] = (
    {},
    {"empty": True},
    {"first": False, "still_fails": True},
    {"road": "nothing", "first": False, "new_language": True},
    {"first": False, "new_language": True},
    *({**CALL_BACK, "slot": slot} for slot in ("morning", "afternoon", "any")),
    {**CALL_BACK, "slot": "afternoon", "outside": True},
    *({**CALL_BACK, "slot": "any", "call_hours": hours} for hours in (((600, 720),), ((570, 690), (990, 1110)))),
    *(dict[str, object](road="no_number", slot=slot) for slot in ("morning", "afternoon", "any")),
    *(dict[str, object](road=road) for road in ("complaint", "suggestion", "data_rights")),
)
TERMS: tuple[dict[str, object], ...] = ({}, *({"ends_on": day, "ends_hour": time(14, 30)} for day in (TOMORROW, TODAY)))
BESIDE = tuple(dict.fromkeys(names, True) for names in ((), ("missing",), ("secret",), ("missing", "secret")))
MOMENTS = tuple(datetime(2026, 11, 27, hour, tzinfo=UTC) for hour in (4, 9, 20))  # before opening, open, closed
RENDERER = Renderer(replace(VOICE, website="https://www.castellbisbal.example/"))
VARIANTS = tuple({**road, **term, **beside} for road, term, beside in product(ROADS, TERMS, BESIDE))


def _words(text: str) -> int:
    """Words beside the data-protection lines and the line that says where the other language begins; a sign between two
    of them is none."""
    below = group("line")["below"].values()
    own = (block for block in text.split("\n\n") if VOICE.privacy_url not in block and block not in below)
    return sum(any(map(str.isalnum, word)) for block in own for word in block.split())


@pytest.mark.parametrize("now", MOMENTS, ids=["before-opening", "open", "closed"])
@pytest.mark.parametrize("lang", [*LANGUAGES, "ca+es", "ca+en"])
def test_no_acknowledgement_has_more_than_ninety_words_a_language(lang: str, now: datetime) -> None:
    said: list[str] = []

    def sign(text: str) -> str:
        said.append(text)
        return "v=1"

    for facts in VARIANTS:
        RENDERER.render(send(lang=lang, facts=facts, due_at=DUE), "<0f@x>", sign, now)
    long = [text for text in said if _words(text) > MOST * len(lang.split("+"))]
    assert (long, len(said)) == ([], len(VARIANTS))
