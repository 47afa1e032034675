"""What people are told of why a message was read so: its own words, nothing made for machines."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oacmail.core.classification import classify
from oacmail.mail.parse import parse
from oacmail.mail.understanding import features, learning, scores


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
