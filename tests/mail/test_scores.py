"""The linear model and what it makes of messages."""

import pytest

from oacmail.core.classification import classify
from oacmail.core.model import Classification, Intent, Kind, Level, Topic
from oacmail.mail.parse import parse
from oacmail.mail.understanding import scores


def read(text: str, subject: str = "", head: str = "") -> Classification:
    return classify(
        parse(f"From: anna@example.org\nTo: oac@example.org\n{head}Subject: {subject}\n\n{text}\n".encode())
    )


def test_probabilities_add_up_and_the_farther_margin_is_surer() -> None:
    mild, sure = (scores.probabilities({"a": margin, "b": 0.0}) for margin in (0.5, 4.0))

    assert sum(mild.values()) == pytest.approx(1)
    assert mild["a"] < sure["a"] < 1


def test_pieces_are_words_pairs_and_beginnings_and_never_digits() -> None:
    assert scores.word_pieces(scores.word_tokens("error 500 tramitant?")) == {
        *("error", "0", "tramitant", "?", "error 0", "0 tramitant", "tramitant ?", "erro*", "tram*", "tramit*"),
    }


def test_the_kind_of_a_machine_s_message_without_marks_is_seen() -> None:
    text = "Estic de vacances fins al dia 12. Durant aquests dies no llegiré el correu."

    assert read(text, "Fora de l'oficina: consulta").kind is Kind.AUTO_REPLY
    assert read("Podeu dir-me quan torna la Marta de vacances? No em contesta el correu.").kind is Kind.REQUEST


def test_a_fault_is_second_level_with_the_words_that_decided() -> None:
    reading = read("En enviar la instància surt error 500. Als meus companys els passa el mateix des d'ahir.")

    assert (reading.kind, reading.topic, reading.level) == (Kind.REQUEST, Topic.APPLICATION, Level.SECOND)
    assert reading.confidence["level"] > 0.8
    assert "level:second: error 500" in reading.because


@pytest.mark.parametrize(
    ("text", "topic", "level", "intent"),
    [
        ("No sé com instal·lar l'idCAT. On és la guia?", Topic.CERTIFICATE, Level.FIRST, Intent.QUESTION),
        ("La impressora no m'imprimeix el volant.", Topic.FOLDER, Level.OUT_OF_SCOPE, Intent.QUESTION),
        ("Quiero ejercer mi derecho de acceso a mis datos personales.", Topic.OTHER, Level.FIRST, Intent.DATA_RIGHTS),
        ("Please call me back about my grant application.", Topic.GRANT, Level.FIRST, Intent.CALLBACK),
    ],
)
def test_messages_are_read_as_a_colleague_would(text: str, topic: Topic, level: Level, intent: Intent) -> None:
    reading = read(text)

    assert (reading.topic, reading.level, reading.intent) == (topic, level, intent)


def test_only_words_of_the_table_are_named() -> None:
    reading = read("Soc la Filigrana Quebrantahuesos i el rebut de l'IBI surt amb error 500.")

    assert not any("filigrana" in reason or "quebranta" in reason for reason in reading.because)


def test_a_message_without_a_word_is_read_too() -> None:
    assert read("").kind is Kind.REQUEST
