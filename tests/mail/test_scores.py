"""The linear model and what it makes of messages."""

import json
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import oacmail
from bench import train_lang
from bench.weights import packed
from oacmail.core.classification import classify
from oacmail.core.errors import Fatal
from oacmail.core.model import Classification, Intent, Kind, Level, Topic
from oacmail.mail.parse import parse
from oacmail.mail.understanding import features, learning, scores
from oacmail.shipped import shipped
from tests.work import PER_CHARACTER, calls


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


# The file of weights: what is in it, and what becomes of a wrong one.

FILE = files("oacmail.mail.understanding").joinpath(scores.NAME).read_bytes()


def test_all_weights_are_one_small_file() -> None:
    assert len(FILE) < 600_000
    assert list(scores.shipped_weights()) == ["language", "pieces", "facts", "common"]
    assert scores.shipped_weights()["language"].columns == scores.NAMES


def test_what_is_written_is_read_again() -> None:
    assert scores.unpacked(packed(scores.shipped_weights())) == scores.shipped_weights()


def test_the_labelled_mails_teach_the_shipped_weights_of_the_languages() -> None:
    assert train_lang.learn() == scores.shipped_weights()["language"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no file of weights, or cut"),
        (FILE[:10], "is no file of weights, or cut"),
        (b'{"fields": []}' + FILE, "is no file of weights, or cut"),
        (FILE[:8] + b"\x03\x00" + FILE[10:], "has version 3, and this program reads version 2"),
        (FILE[:-1], "is cut or damaged"),
        (FILE[:100_000], "is cut or damaged"),
        (FILE[:100_000] + b"?" + FILE[100_001:], "damaged"),
        (FILE[:-4] + b"\0\0\0\0", "is damaged"),
        (FILE[:-6] + bytes([FILE[-6] ^ 8]) + FILE[-5:], "is damaged"),
    ],
    ids=[
        "empty",
        "cut in the head",
        "another file",
        "another version",
        "cut",
        "half",
        "a byte",
        "the checksum",
        "no end",
    ],
)
def test_a_wrong_file_says_what_is_wrong(content: bytes, why: str) -> None:
    with pytest.raises(Fatal, match=f"^weights.bin, .*{why}: install oacmail again$"):
        scores.unpacked(content)


def test_no_verb_reads_a_mail_with_a_cut_file(tmp_path: Path) -> None:
    package = tmp_path / "oacmail"
    shutil.copytree(Path(oacmail.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "mail" / "understanding" / scores.NAME).write_bytes(FILE[:-1])
    (tmp_path / "templates").symlink_to(shipped("templates"))
    (tmp_path / "mail.eml").write_text("From: anna@example.org\n\nHola\n")
    command = [sys.executable, "-m", "oacmail", "--config", str(shipped("config.toml")), "try", "mail.eml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "oacmail: error: weights.bin, the weights that read a message, is cut or damaged: install oacmail again\n"
    )


# What people are told of why a message was read so: its own words, nothing made for machines.


def test_evidence_is_of_what_people_are_told() -> None:
    found = parse(b"From: anna@example.org\nSubject: Error\n\nEl web dona error 500 quan pago el rebut.").features
    assert {one.field for one in found.evidence} == {"topic", "level"}
    assert found.scores["intent"]["question"] > 0.5


def _shown(text: str, *pieces: str) -> list[str]:
    loud = [(piece, 0.5) for piece in pieces]
    return [words for words, _ in scores.shown(loud, scores.WrittenText(text))]


@pytest.mark.parametrize(
    ("what", "text", "own"),
    [
        ("l idcat", "Amb l'idCAT no puc", ["l'idCAT"]),
        ("collegi", "Al Col·legi no en saben res", ["Col·legi"]),
        ("error 0", "Surt l'error 500 quan signo", ["error 500"]),
        ("notificacio", "La NOTIFICACIÓ és buida", ["NOTIFICACIÓ"]),
        ("o", "o bé", []),
        ("? i", "Com? I ara", []),
        ("no me", "no me va", []),
        ("contrasenya 0", "la contrasenya 123456 no va", []),
        ("error ja", "Surt un error. Ja està", []),
    ],
)
def test_a_piece_of_the_model_is_shown_as_the_writer_wrote_it_or_not_at_all(
    what: str, text: str, own: list[str]
) -> None:
    assert _shown(text, what) == own


def test_a_word_is_not_named_twice() -> None:
    assert _shown("Amb l'idCAT Mòbil no puc", "idcat mobil", "idcat") == ["idCAT Mòbil"]


def test_no_fragment_of_the_model_stands_in_the_reasons_of_any_held_out_message() -> None:
    for _, raw in learning.held_out():
        message = parse(raw)
        text = " ".join(f"{message.subject} {message.fresh}".split())
        for reason in classify(message).because:
            what = reason.split(": ", 1)[-1]
            if re.match(r"(?:topic|level|intent|kind):\w+: ", reason) and ":" not in what:
                assert what in text, reason
                assert re.search(r"[\w@]{3}|\d", what), reason
                assert features.fold(what) not in scores.shipped().common, reason


def test_try_names_the_writers_words(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(learning.message("Error a la seu :: Surt l'error 500 quan signo la instància amb l'idCAT."))
    command = [sys.executable, "-c", "from oacmail.cli import main; main()", "try", "--json", str(file)]
    because = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=tmp_path).stdout)["because"]
    assert "level:second: error 500" in because
    assert not [reason for reason in because if "error 0" in reason]


# Words that mean something: folded, longest first, weighed; the telephone and the hour of a call-back.


@pytest.mark.parametrize(
    "spelling", ["instal·lar", "instal•lar", "instal.lar", "instal-lar", "instaŀlar", "INSTAL·LAR"]
)
def test_every_spelling_of_the_double_l_is_one_word(spelling: str) -> None:
    assert features.fold(f"{spelling} el certificat") == "installar el certificat"


def test_accents_and_apostrophes_make_no_difference() -> None:
    assert features.fold("L’idCAT MÒBIL") == features.fold("l'idcat mobil")


def test_a_usual_text_costs_no_more_than_its_length() -> None:
    text = "Bon dia, no puc presentar la sol·licitud d'ajuts a la seu perquè surt un error. Em podeu trucar? " * 10
    features.find("", "the tables are laid out")
    assert calls(lambda: features.find("Error en la sol·licitud", text)) < PER_CHARACTER * len(text)


@pytest.mark.parametrize(
    "text", ["1 " * 200_000, "a les " * 100_000, "6" * 300_000, "truqueu " * 60_000, "l·" * 200_000]
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    assert calls(lambda: features.find("", text)) < PER_CHARACTER * len(text)


def test_the_telephone_of_the_signature_counts_where_the_text_has_none() -> None:
    signed = features.find("", "Truqueu-me", "Anna Puig\nTel. 600 111 222").callback
    written = features.find("", "Truqueu-me al 600 333 444", "Tel. 600 111 222").callback

    assert (signed and signed.phone, written and written.phone) == ("+34600111222", "+34600333444")
