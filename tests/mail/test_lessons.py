"""Lessons out of corrections: far enough for a like message, nowhere for an unlike one, and never for the worse."""

from collections.abc import Sequence, Set

import pytest

from oacmail.core.classification import classify
from oacmail.core.model import Classification
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import learning, scores
from oacmail.mail.understanding.learning import Example
from oacmail.mail.understanding.scores import Lessons

PLOT = "Hort municipal :: Bon dia, voldria demanar una parcel·la a l'hort municipal del torrent. Com ho faig?"
LIKE = "Hort :: Bona tarda, com es demana una parcel·la d'hort municipal?"
UNLIKE = "IBI :: Com puc pagar el rebut de l'IBI?"


def corrected(said: str, **labels: str) -> Example:
    return Example(message=parse(learning.message(said)), labels=labels)


def held_out() -> Sequence[Example]:
    return [
        Example(message=parse(raw), labels={name: label for name, label in labels.items() if label})
        for labels, raw in learning.held_out()
    ]


COMMON = learning.common([("anna@example.org", PLOT), ("pere@example.net", LIKE)])


def taught(*examples: Example, common: Set[str] = COMMON) -> Lessons:
    found, _ = learning.learn(scores.shipped(), examples, held_out(), common)
    return found


def read(said: str, learned: Lessons) -> Classification:
    return classify(parse(learning.message(said), ParserConfig(lessons=learned)))


def test_a_like_message_is_read_as_the_corrected_one_and_says_by_which_words() -> None:
    learned = taught(corrected(PLOT, topic="enrolment"))

    assert read(LIKE, scores.NOTHING).topic == "application"
    reading = read(LIKE, learned)
    assert reading.topic == "enrolment"
    assert {"topic:enrolment: Hort", "topic:enrolment: parcel·la"} <= set(reading.because)


def test_an_unlike_message_stays_where_it_was() -> None:
    learned = taught(corrected(PLOT, topic="application"))

    assert read(UNLIKE, learned) == read(UNLIKE, scores.NOTHING)


def test_the_same_corrections_give_the_same_lessons_and_survive_being_kept() -> None:
    examples = [corrected(PLOT, topic="application"), corrected(UNLIKE, level="second")]
    learned = taught(*examples)

    assert learned == taught(*examples)
    assert learning.loaded(learning.dumped(learned)) == learned
    assert learning.loaded("") == {}


@pytest.mark.parametrize("name", ["Filigrana Quebrantahuesos", "filigrana quebrantahuesos"])
def test_nobody_s_name_is_kept_even_in_small_messages(name: str) -> None:
    said = f"Hort :: soc {name} i vull un hort."
    again = f"Hort :: {name}, encara vull un hort."
    common = learning.common(
        [
            ("anna@example.org", said),
            ("anna@example.org", again),
            ("pere@example.net", LIKE),
            ("pere@example.net", LIKE),
        ]
    )
    learned = taught(corrected(said, topic="application"), corrected(again, topic="application"), common=common)

    assert "hort" in learned
    assert not any("filigr" in piece or "quebra" in piece for piece in learned)


def test_a_word_that_one_person_alone_writes_carries_no_lesson() -> None:
    learned = taught(corrected(PLOT, topic="application"), common=frozenset())

    assert learned
    assert set(learned) <= set(scores.shipped().pieces.rows)


def test_what_would_make_messages_held_out_worse_is_refused() -> None:
    wrong = [
        corrected(said, level="out_of_scope")
        for said in (
            "Error 500 :: En enviar la instància surt error 500 a tothom, també als companys.",
            "La pàgina :: El formulari no funciona, a la meva germana li passa el mateix amb un altre ordinador.",
            "Formulari :: Falta el camp del NIE al formulari i no deixa continuar, als veïns tampoc.",
            "Pagament :: Em va cobrar dues vegades el rebut, i a la veïna igual.",
            "Carpeta :: A la carpeta hi surt el document d'una altra persona.",
        )
    ]
    learned, (outcome,) = learning.learn(scores.shipped(), 3 * wrong, [*held_out(), *_second()], COMMON)

    assert (outcome.field, outcome.taken, learned) == ("level", False, {})
    assert outcome.after < outcome.before


def _second() -> list[Example]:
    """Faults in the same words, rightly read as such."""
    said = (
        "En enviar surt error 500 a tothom.",
        "Als companys tampoc els funciona el formulari.",
        "A la meva germana li passa el mateix amb un altre ordinador.",
        "Al formulari falta el camp del NIE i no deixa continuar.",
        "Em va cobrar dues vegades el rebut.",
        "A la carpeta surt el document d'una altra persona.",
    )
    return [corrected(text, level="second") for text in said]


def test_a_correction_of_what_is_no_question_of_the_model_teaches_nothing() -> None:
    assert learning.learn(scores.shipped(), [corrected(PLOT, language="es")], held_out(), COMMON) == ({}, [])


def test_each_correction_is_judged_by_what_the_others_taught() -> None:
    near = "Hort municipal :: Bona tarda, vull demanar una parcel·la a l'hort municipal del torrent."
    examples = [corrected(PLOT, topic="enrolment"), corrected(near, topic="enrolment")]
    _, (outcome,) = learning.learn(scores.shipped(), examples, [], COMMON)

    assert (outcome.corrections, outcome.messages, outcome.before) == (2, 2, 0)
    assert outcome.after == 2


@pytest.mark.parametrize("block", ["[topic grant]\n1q Beca :: Com es demana?", "[kind thanks]\nBeca :: Com es demana?"])
def test_a_labelled_line_is_a_message_with_its_subject(block: str) -> None:
    ((labels, said),) = learning.lines("# remark\n\n" + block)
    message = parse(learning.message(said, {"Precedence": "bulk"}))

    assert labels["kind"] == ("request" if "grant" in block else "thanks")
    assert (message.subject, message.fresh.strip(), message.reasons) == (
        "Beca",
        "Com es demana?",
        ("precedence: bulk",),
    )
