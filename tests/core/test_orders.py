"""Which lines are orders: all that our own pages and mails name, and no sentence of a person."""

import re
from pathlib import Path

import pytest

from oacmail.core.routing.orders import MOST, Order, Verb, read_orders

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guia-agents.md").read_text("utf-8")
ROWS = re.findall(r"^   \| (?!escri|---)(.+?) \| ", GUIDE, re.MULTILINE)
LISTED = [
    said
    for lang in ("ca", "es", "en")
    for said in (ROOT / "templates" / lang / "transcript.txt.j2").read_text("utf-8").splitlines()[-1].split(" · ")
]


@pytest.mark.parametrize("said", sorted({said.strip("`") for row in ROWS for said in row.split(", ")} | set(LISTED)))
def test_every_order_that_our_guide_and_our_mails_name_is_read(said: str) -> None:
    (order,) = read_orders(f"{said}\n\nMarta")
    assert order.verb is not Verb.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tanca el cas si us plau",
        "Ja he trucat i no era a casa, hi torno demà",
        "Trucat, però no em queda clar",
        "Bon dia,\nMEVA",
        "Nota que ho sé",
        "Hola: heu de portar el DNI",
        "Gràcies. Tanca",
        "> TRUCAT",
    ],
)
def test_a_sentence_is_no_order(text: str) -> None:
    assert read_orders(text) == ()


def test_the_run_ends_at_the_first_line_that_is_no_order() -> None:
    assert read_orders("#meu\nTrucat, tanca.\n\n#nota Ja hi és: 10 h\nMarta\n#spam") == (
        Order(Verb.MINE),
        Order(Verb.CALLED),
        Order(Verb.CLOSE),
        Order(Verb.NOTE, "Ja hi és: 10 h"),
    )


def test_a_word_after_a_hash_that_is_no_order_is_named_and_a_long_run_is_cut() -> None:
    assert read_orders("#volar lluny") == (Order(Verb.UNKNOWN, "volar"),)
    assert len(read_orders("#meu\n" * 1_000)) == MOST
