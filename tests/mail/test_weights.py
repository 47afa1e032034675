"""The file of weights: what is in it, and what becomes of a wrong one."""

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import oacmail
from bench import train_lang
from oacmail.core.errors import Fatal
from oacmail.mail.understanding import scores
from oacmail.shipped import shipped

FILE = files("oacmail.mail.understanding").joinpath(scores.NAME).read_bytes()


def test_all_weights_are_one_small_file() -> None:
    assert len(FILE) < 600_000
    assert list(scores.shipped_weights()) == ["language", "pieces", "facts", "common"]
    assert scores.shipped_weights()["language"].columns == scores.NAMES


def test_what_is_written_is_read_again() -> None:
    assert scores.unpacked(scores.packed(scores.shipped_weights())) == scores.shipped_weights()


def test_the_labelled_mails_teach_the_shipped_weights_of_the_languages() -> None:
    assert train_lang.learn() == scores.shipped_weights()["language"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no file of weights, or cut"),
        (FILE[:10], "is no file of weights, or cut"),
        (b'{"fields": []}' + FILE, "is no file of weights, or cut"),
        (FILE[:8] + b"\x02\x00" + FILE[10:], "has version 2, and this program reads version 1"),
        (FILE[:-1], "is cut or damaged"),
        (FILE[:100_000], "is cut or damaged"),
        (FILE[:100_000] + b"?" + FILE[100_001:], "damaged"),
        (FILE[:14] + b"\0\0\0\0" + FILE[18:], "is damaged"),
    ],
    ids=["empty", "cut in the head", "another file", "another version", "cut", "half", "a byte", "the checksum"],
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
