"""Which lines are orders: all that our own pages and mails name, and no sentence of a person."""

import ast
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from oacmail.core import order_words
from oacmail.core.derivation import topic_named
from oacmail.core.model import LANGUAGES, Order, Topic, Verb
from oacmail.core.order_words import (
    MOST_ORDERS,
    misplaced,
    names_order,
    out_of_reach,
    read_list,
    read_note,
    read_orders,
)
from oacmail.core.orders.actions import ACTIONS
from oacmail.words.labels import group, label

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
GUIDE = (ROOT / "docs" / "guia-agents.md").read_text("utf-8")
ROWS = re.findall(r"^   (?:\| (?!escri|---)(.+?) \| |(?=`[A-Z]+: )(`[^`]+`))", GUIDE, re.MULTILINE)
_QUOTED = re.compile(r"`[^`]+`|[^,`\s][^,`]*")
LISTED = [said for row in group("help").values() for words in row.values() for said in words.split(" · ")]
NO_ORDERS = {Verb.UNKNOWN, Verb.TOO_MANY}
INTERFACES = (ROOT / "docs" / "interfaces.md").read_text("utf-8").partition("\n| order | plain words |")[2]
DOCUMENTED = re.findall(r"^\| (.*?) \| (.*?) ?\| ", INTERFACES.partition("\n\n")[0].replace(r"\|", "/"), re.MULTILINE)[
    1:
]


def test_the_guide_fits_two_printed_pages_a_language() -> None:
    """With its pictures, at 10 points on A4, as Chromium prints it."""
    words = [len(part.split()) for part in re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]]
    assert len(words) == 2
    assert max(words) <= 1000


def test_every_order_has_its_two_rows_and_no_module_a_further_one() -> None:
    """CONTRIBUTING.md, "Recipes", names these files for a new order."""
    assert set(order_words.ROWS) == set(ACTIONS) == set(Verb)
    keyed = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "oacmail").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Dict) and any(key and ast.unparse(key).startswith("Verb.") for key in node.keys)
    }
    tables = {"oacmail/core/order_words.py", "oacmail/core/orders/actions.py"}
    assert keyed == tables | {"oacmail/core/services_reply.py"}  # what three of them mean in a reply of the services
    recipes = CONTRIBUTING.partition("\n## Recipes\n")[2].splitlines()
    recipe = next(line for line in recipes if line.startswith("| an order by mail |"))
    assert tables | {"templates/catalogue.toml"} <= set(re.findall(r"`([\w/]+\.\w+)`", recipe))


@pytest.mark.parametrize("verb", Verb)
def test_every_order_is_named_and_listed_as_it_is_read(verb: Verb) -> None:
    """tests/mail/test_labels.py: each text in each language."""
    button = order_words.ROWS[verb].button
    assert verb in group("order")
    assert (verb in group("button")) == (button is not None)
    for words in button.words if button else ():
        assert [order.verb for order in read_orders(words)] == [verb]
    assert (verb in group("help")) == (verb not in NO_ORDERS and verb is not Verb.PERSON)  # which the digest explains
    for words in group("help").get(verb, {}).values():
        assert {order.verb for said in words.split(" · ") for order in read_orders(said)} == {verb}


def test_every_order_is_promised_in_the_interfaces() -> None:
    found = {said for row in DOCUMENTED for said in re.findall(r"`(#\w+)|([A-ZÀ-Ý' ]{4,})", " ".join(row))}
    read = [order.verb for pair in found for order in read_orders(("".join(pair)).strip())]
    assert set(read) - NO_ORDERS == set(Verb) - NO_ORDERS


@pytest.mark.parametrize(
    "said", sorted({said.strip("`") for row in ROWS for said in _QUOTED.findall("".join(row))} | set(LISTED))
)
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
        "Bon dia, MEVA",
        "Bon dia,\nja he trucat i hi torno demà",
        "Bon dia, Anna,\nTrucat",
        "Nota que ho sé",
        "Hola: heu de portar el DNI",
        "Gràcies. Tanca",
        "> TRUCAT",
    ],
)
def test_a_sentence_is_no_order(text: str) -> None:
    assert read_orders(text) == ()


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ("Ho agafo jo", Order(Verb.MINE)),
        ("és duplicat", Order(Verb.CLOSE, "duplicate")),
        ("Tanca com a duplicat.", Order(Verb.CLOSE, "duplicate")),
        ("Derivar: no s'obre", Order(Verb.SECOND_LEVEL, "no s'obre")),
        ("Ja està solucionat!", Order(Verb.SOLVED)),
        ("Ja l’he trucat", Order(Verb.CALLED)),
        ("Ya la he llamado", Order(Verb.CALLED)),
        ("Nivell 2: error 500", Order(Verb.SECOND_LEVEL, "error 500")),
        ("ESCALATE: error 500", Order(Verb.SECOND_LEVEL, "error 500")),
        ("Pass on: error 500", Order(Verb.SECOND_LEVEL, "error 500")),
        ("It's a person", Order(Verb.PERSON)),
        ("IS PERSON", Order(Verb.PERSON)),
        ("CIERRA BASURA", Order(Verb.SPAM)),
        ("Tanca, gràcies!", Order(Verb.CLOSE)),
        ("Ciérralo, por favor", Order(Verb.CLOSE)),
        ("Close it please", Order(Verb.CLOSE)),
        ("És meu", Order(Verb.MINE)),
        ("Reobriu-lo si us plau.", Order(Verb.REOPEN)),
        ("#TANCA!", Order(Verb.CLOSE)),
    ],
)
def test_what_people_write_for_an_order_is_read_on_a_notice_and_in_a_list(said: str, order: Order) -> None:
    assert read_orders(said) == (order,)
    assert read_list(f"Cas 12: {said}") == (replace(order, case="12"),)


@pytest.mark.parametrize(
    "said",
    [
        "#called no answer",
        "#trucat no contesta",
        "#trucat: no contesten",
        "#llamado NO CONTESTA.",
        "#called no-answer",
        "TRUCAT, NO CONTESTA",
        "He trucat, però no contesta",
        "Trucat i no contesta",
        "Trucat no contesta",
        "Le he llamado y no contesta",
        "Llamado: no contesta",
        "I called but no answer",
        "Trucat, no ha contestat",
        "He llamado y no responde",
        "#trucat no",
    ],
)
def test_a_call_that_nobody_answered_reached_nobody_however_it_is_written(said: str) -> None:
    assert read_orders(said) == (Order(Verb.NOT_REACHED),)
    assert read_list(f"12 {said}") == (Order(Verb.NOT_REACHED, case="12"),)


def test_a_call_and_the_line_below_it_that_nobody_answered_are_one_call() -> None:
    assert read_orders("#trucat\n\nNo contesta\n") == (Order(Verb.NOT_REACHED),)
    assert read_list("12 trucat\n12 no contesta") == (Order(Verb.NOT_REACHED, case="12"),)
    assert read_list("12 trucat\n13 no contesta") == (Order(Verb.CALLED, case="12"), Order(Verb.NOT_REACHED, case="13"))


@pytest.mark.parametrize(
    "said",
    ["#called reached", "#trucat ha contestat", "#llamado ha contestado", "#trucat, gràcies", "#called. Thank you!"],
)
def test_a_call_that_somebody_answered_reached_the_person(said: str) -> None:
    assert read_orders(said) == (Order(Verb.CALLED),)


@pytest.mark.parametrize("number", ["[OAC-2026-000012-K7Q]", "[OAC-2026-000012-K7Q]:", "#OAC-2026-000012-K7Q"])
def test_a_number_is_copied_from_a_subject_with_its_brackets(number: str) -> None:
    assert read_list(f"{number} tanca") == (Order(Verb.CLOSE, case="OAC-2026-000012-K7Q"),)


def test_a_telephone_capitalizes_the_first_letter_of_a_reference() -> None:
    assert read_list("A73bf0cd és persona") == (Order(Verb.PERSON, case="A73bf0cd"),)


def test_an_order_below_a_sentence_is_out_of_reach_and_a_signature_or_a_quoted_line_is_none() -> None:
    text = "1 meva\nla 2 és del Jordi\n3 tanca\n08755 Castellbisbal\n-- \nMarta\n4 tanca\n> 5 tanca"
    assert read_note(text) == (Order(Verb.MINE, case="1"),)
    assert out_of_reach("TRUCAT\nLi he dit que sí.\nTANCA\n-- \nMEVA", listed=False) == (Order(Verb.CLOSE),)
    assert read_list(text) == (
        Order(Verb.MINE, case="1"),
        Order(Verb.UNKNOWN, "la 2 és del Jordi"),
        Order(Verb.CLOSE, case="3"),
    )
    assert out_of_reach("TRUCAT\nDe: OAC 360\nRESOLT", listed=False) == ()
    assert out_of_reach("Li he dit que sí.\nRESOLT", listed=False) == ()


@pytest.mark.parametrize(
    "first", ["Bon dia Marta, us passo els canvis:", "el 9 és del Jordi", "Hola equip. Aquí van.", "118tanca"]
)
def test_a_line_of_a_reply_to_a_list_that_cannot_be_read_drops_no_other(first: str) -> None:
    quote = "El 27/11/2026, l'OAC 360 va escriure:\n14 tanca"
    assert read_list(f"{first}\n\n12 tanca\n13 meva\n\nMarta\n\n{quote}") == (
        Order(Verb.UNKNOWN, first[:MOST_ORDERS]),
        Order(Verb.CLOSE, case="12"),
        Order(Verb.MINE, case="13"),
    )
    assert read_list(f"12 tanca\n{first}\nMarta\n08755 Castellbisbal") == (Order(Verb.CLOSE, case="12"),)


def test_an_order_below_the_quote_or_the_signature_or_in_the_subject_is_found_and_the_quoted_ones_are_not() -> None:
    text = "Va escriure:\n> 12 · carpeta\n12 tanca\n> 13 · altres\n> 13 tanca\n\n13 meva\nMarta\n-- \n14 meva"
    assert [order for order, _ in misplaced(text, "", listed=True)] == [
        Order(Verb.CLOSE, case="12"),
        Order(Verb.MINE, case="13"),
    ]
    telephone = "> TRUCAT\n\nTANCA\n\nEnviat des del meu iPhone"
    assert misplaced(telephone, "", listed=False) == ((Order(Verb.CLOSE), "below-quote"),)
    assert misplaced("TANCA\n\nDe: OAC 360\nRESOLT", "", listed=False) == ()
    assert misplaced("> Bon dia\nGràcies, ja els truco jo.\n12 Marta", "", listed=True) == ()
    signed = "Bon dia\n-- \nMarta Soler\nTANCA\n> TRUCAT"
    assert misplaced(signed, "12 tanca", listed=False) == (
        (Order(Verb.CLOSE), "below-signature"),
        (Order(Verb.CLOSE, case="12"), "in-subject"),
    )


@pytest.mark.parametrize("greeting", ["Bon dia,", "Hola!", "Bona tarda a tothom.", "Buenos días:", "Hello all,"])
def test_a_greeting_on_a_line_of_its_own_hides_no_order(greeting: str) -> None:
    assert read_orders(f"{greeting}\n\nRESOLT\n\nMarta") == (Order(Verb.SOLVED),)
    assert read_list(f"{greeting}\n12 tanca\n") == (Order(Verb.CLOSE, case="12"),)


def test_the_run_ends_at_the_first_line_that_is_no_order() -> None:
    assert read_orders("#meu\nTrucat, tanca.\n\n#nota Ja hi és: 10 h\nMarta\n#spam") == (
        Order(Verb.MINE),
        Order(Verb.CALLED),
        Order(Verb.CLOSE),
        Order(Verb.NOTE, "Ja hi és: 10 h"),
    )


def test_a_word_after_a_hash_that_is_no_order_is_named_and_a_long_run_is_none() -> None:
    assert read_orders("#volar lluny") == (Order(Verb.UNKNOWN, "volar"),)
    assert len(read_orders("#meu\n" * MOST_ORDERS)) == MOST_ORDERS
    assert read_orders("#meu\n" * 1_000) == (Order(Verb.TOO_MANY),)


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ("#nivell 2", Order(Verb.SECOND_LEVEL)),
        ("# Nivel 2: error 500", Order(Verb.SECOND_LEVEL, "error 500")),
        ("#level 2 error 500", Order(Verb.SECOND_LEVEL, "error 500")),
        ("#n2 error 500", Order(Verb.SECOND_LEVEL, "error 500")),
        ("#nivell 1", Order(Verb.FIRST_LEVEL)),
        ("#not ours", Order(Verb.NOT_OURS)),
        ("#no és nostre", Order(Verb.NOT_OURS)),
        ("#no es nuestro", Order(Verb.NOT_OURS)),
        ("#out of scope ATC", Order(Verb.OUT_OF_SCOPE, "ATC")),
        ("#fora d’abast ATC", Order(Verb.OUT_OF_SCOPE, "ATC")),
        ("#no contesta", Order(Verb.NOT_REACHED)),
        ("#nivell 3", Order(Verb.UNKNOWN, "nivell")),
        ("#nota:no li digueu res", Order(Verb.NOTE, "no li digueu res")),
        ("#nota no és nostre", Order(Verb.NOTE, "no és nostre")),
    ],
)
def test_the_word_of_an_order_may_be_written_as_several(said: str, order: Order) -> None:
    assert read_orders(said) == (order,)
    assert read_list(f"12 {said}") == (replace(order, case="12"),)
    assert names_order(f"Us ho passo.\n{said}") is (order.verb is not Verb.UNKNOWN)


@pytest.mark.parametrize(
    "said",
    [
        "no té certificat",  # note
        "No te'n preocupis",
        "se para al firmar",  # separa
        "me va bé dijous",  # meva
        "not a resident",  # nota
        "de riva a riva",
    ],
)
def test_words_that_run_together_give_an_order_are_none(said: str) -> None:
    assert read_orders(f"#{said}") == (Order(Verb.UNKNOWN, said.split()[0]),)
    assert read_list(f"12 {said}") == (Order(Verb.UNKNOWN, said, case="12"),)
    assert not names_order(f"Us ho passo.\n12 {said}")


def test_a_long_text_goes_on_in_the_line_that_a_client_broke() -> None:
    said = "#trucada Anna Puig, 612 345 678: vol saber com es demana un certificat de\nconvivència per a l'escola\n"
    text = "Anna Puig, 612 345 678: vol saber com es demana un certificat de convivència per a l'escola"
    assert read_orders(said + "Resolt\nMarta") == (Order(Verb.CALL, text), Order(Verb.CALLED))
    assert read_orders("#nota curta\nMarta") == (Order(Verb.NOTE, "curta"),)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("12 tanca", Order(Verb.CLOSE, "", "12")),
        ("12: TANCA BROSSA", Order(Verb.SPAM, "", "12")),
        ("15 anna", Order(Verb.ASSIGN, "anna", "15")),
        ("18 n2 error 500 al formulari", Order(Verb.SECOND_LEVEL, "error 500 al formulari", "18")),
        ("18 nivell 1", Order(Verb.FIRST_LEVEL, "", "18")),
        ("#21 nota Ve cada setmana: paciència", Order(Verb.NOTE, "Ve cada setmana: paciència", "21")),
        ("21 #nota Ve cada setmana", Order(Verb.NOTE, "Ve cada setmana", "21")),
        ("OAC-2026-000021 trucat", Order(Verb.CALLED, "", "OAC-2026-000021")),
        ("oac-2026-000021-K7Q trucat", Order(Verb.CALLED, "", "oac-2026-000021-K7Q")),
        ("a07c11de99 és persona", Order(Verb.PERSON, "", "a07c11de99")),
        ("12 què en fem d'aquest?", Order(Verb.UNKNOWN, "què en fem d'aquest?", "12")),
    ],
)
def test_a_line_of_a_reply_to_a_list_begins_with_the_number_of_its_case(line: str, order: Order) -> None:
    assert read_list(f"{line}\n> 13 tanca") == (order,)
    assert not {one.verb for one in read_orders(line)} - {Verb.UNKNOWN}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("12 tanca\n\nBon dia", True),
        ("#12 nota paciència", True),
        ("Bon dia,\n#nota paciència", True),
        ("15 persones poden venir", False),
        ("15 places lliures", False),
        ("Bon dia, 12 tanca", False),
    ],
)
def test_a_text_that_begins_with_an_order_after_a_number_is_for_nobody_outside(text: str, named: bool) -> None:
    assert names_order(text) is named


# The topic of `#tema`: agents copy it from our mails, or write a word for it.


@pytest.mark.parametrize("topic", Topic)
def test_every_label_of_a_topic_in_our_mails_names_it(topic: Topic) -> None:
    said = [label(table, topic, language, "OAC 360") for table in ("topic", "short_topic") for language in LANGUAGES]
    assert {topic_named(text) for text in (*said, topic.upper())} == {topic}


@pytest.mark.parametrize("text", ["subvencions o padró", "llum del carrer", ""])
def test_what_names_no_topic_or_two_is_no_topic(text: str) -> None:
    assert topic_named(text) not in set(Topic)
