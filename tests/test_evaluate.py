"""`evaluate DIR`: figures of labelled mail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oacmail.cli import figures


def labels(file: str, kind: str = "request", **more: object) -> dict[str, object]:
    empty = {"topic": None, "level": None, "intent": None, "language": "ca", "callback": None}
    return {"file": file, "kind": kind, **empty, **more}


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "oacmail", "evaluate", str(folder), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    one = labels(
        "1.eml", topic="payment", level="first", intent="callback", callback={"phone": "+34600111222", "slot": "any"}
    )
    rows = [one, labels("2.eml", "auto_reply")]
    (tmp_path / "1.eml").write_text("From: a@example.org\nSubject: IBI\n\nCom pago l'IBI? Truqueu-me al 600 111 222.\n")
    (tmp_path / "2.eml").write_text(
        "From: b@example.org\nAuto-Submitted: auto-replied\nSubject: Re\n\nSoc de vacances.\n"
    )
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return tmp_path


def test_figures_of_a_folder_as_json(folder: Path) -> None:
    found = json.loads(run(folder, "--json").stdout)

    assert found["n"] == 2
    assert found["kind"] == {"accuracy": 1.0, "macro_f1": 1.0}
    assert found["callback"] == {"phone_exact": 1.0, "slot_accuracy": 1.0}
    assert (found["people_lost"], found["machines_acknowledged"]) == (0.0, 0.0)


def test_figures_of_a_folder_for_people(folder: Path) -> None:
    assert "level second precision" in run(folder).stdout


def test_a_folder_without_labels_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 2


def test_macro_f1_is_the_mean_over_the_labels_that_occur() -> None:
    pairs = [({"topic": "a"}, {"topic": "a"}), ({"topic": "b"}, {"topic": "a"}), ({"topic": "b"}, {"topic": "b"})]

    assert figures.macro_f1(pairs, "topic") == pytest.approx(2 / 3, abs=1e-3)
