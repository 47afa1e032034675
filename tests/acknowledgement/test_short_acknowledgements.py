"""An acknowledgement is read by somebody who waits: at most ninety words beside the data-protection lines."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import product

import pytest

from oacmail.words.labels import group
from oacmail.words.renderer import Renderer
from tests.words.test_templates import DUE, LANGUAGES, VOICE, body, render, send

MOST = 90
TODAY = date(2026, 11, 27)
TOMORROW = date(2026, 11, 28)
CALL: dict[str, object] = {"road": "callback", "phone3": "678", "call_day": date(2026, 11, 30)}
ROADS: tuple[dict[str, object], ...] = (
    {},
    {"empty": True},
    {"first": False, "still_fails": True},
    {"road": "nothing", "first": False, "new_language": True},
    {"first": False, "new_language": True},
    *({**CALL, "slot": slot} for slot in ("morning", "afternoon", "any")),
    {**CALL, "slot": "afternoon", "outside": True},
    *({**CALL, "slot": "any", "call_hours": hours} for hours in (((600, 720),), ((570, 690), (990, 1110)))),
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
    most = MOST * len(lang.split("+"))
    long = []
    for facts in VARIANTS:
        text = body(render(send(lang=lang, facts=facts, due_at=DUE), now, RENDERER))
        if _words(text) > most:
            long.append((_words(text), facts))
    assert not long, f"{len(long)} of {len(VARIANTS)}: {max(long, key=lambda one: one[0])}"
