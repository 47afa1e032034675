"""`evaluate DIR`: figures of labelled mail."""

import json
import mailbox
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench.verdicts import at_once
from oacmail.cli import oacmail, reading


def labels(file: str, kind: str = "request", **more: object) -> dict[str, object]:
    empty = {"topic": None, "level": None, "intent": None, "language": "ca", "callback": None}
    return {"file": file, "kind": kind, **empty, **more}


def run(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(oacmail, ["evaluate", str(folder), *more])


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
    assert run(tmp_path).exit_code == 2


def test_macro_f1_is_the_mean_over_the_labels_that_occur() -> None:
    pairs = [({"topic": "a"}, {"topic": "a"}), ({"topic": "b"}, {"topic": "a"}), ({"topic": "b"}, {"topic": "b"})]

    assert reading.macro_f1(pairs, "topic") == pytest.approx(2 / 3, abs=1e-3)


def _sure(label: str, said: str, sure: float) -> tuple[dict[str, str], dict[str, object]]:
    return {"kind": "request", "level": label}, {"kind": "request", "level": said, "confidence": {"level": sure}}


def test_sureness_is_held_against_how_often_it_is_right() -> None:
    pairs = [_sure("second", "second", 0.95), _sure("first", "second", 0.91), _sure("first", "first", 0.4)]

    assert reading.reliability(pairs, "level") == [(0.0, 1, 0.4, 1.0), (0.9, 2, 0.93, 0.5)]


def test_what_would_be_derived_at_once_is_what_is_sure_enough() -> None:
    pairs = [_sure("second", "second", 0.9), _sure("second", "second", 0.6), _sure("first", "second", 0.75)]

    assert at_once(pairs, 0.8) == {"precision": 1.0, "recall": 0.5}
    assert at_once(pairs, 0.7) == {"precision": 0.5, "recall": 0.5}


# An archive through today's rules: `oacmail replay` as an admin uses it before a change of rules.

MESSAGES = [
    (
        "Fri, 27 Nov 2026 19:59:00 +0100",
        b"From: Anna <anna@example.cat>\nTo: oac360@castellbisbal.cat\nMessage-ID: <1@example.cat>\n"
        b"Subject: Instancia\n\nNo puc presentar la instancia.\n",
    ),
    (
        "Mon, 30 Nov 2026 09:00:00 +0100",
        b"From: OAC 360 <oac360@castellbisbal.cat>\nTo: anna@example.cat\nMessage-ID: <2@castellbisbal.cat>\n"
        b"In-Reply-To: <1@example.cat>\nSubject: Re: Instancia\n\nProveu amb un altre navegador.\n",
    ),
    (
        "Mon, 30 Nov 2026 10:00:00 +0100",
        b"From: Butlleti <news@example.com>\nTo: oac360@castellbisbal.cat\nList-Id: <news.example.com>\n"
        b"Subject: Ofertes\n\nCompreu.\n",
    ),
]


def _replayed(archive: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "oacmail", "replay", str(archive), "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=archive.parent,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _mbox(path: Path) -> Path:
    box = mailbox.mbox(path)
    for date, raw in reversed(MESSAGES):  # an archive need not be in order
        box.add(b"Date: " + date.encode() + b"\n" + raw)
    box.close()
    return path


def test_an_archive_is_replayed_on_its_own_days_and_sends_nothing(tmp_path: Path) -> None:
    asked, answered, bulk = _replayed(_mbox(tmp_path / "archive.mbox"))
    assert (asked["role"], asked["joined_by"], asked["received_at"]) == ("citizen", "new", "2026-11-27T18:59:00+00:00")
    assert "open, due 2026-11-30T19:00:00+00:00" in asked["effects"]
    assert (answered["role"], answered["case"]) == ("agent", asked["case"])
    assert "end_deadlines" in answered["effects"]
    assert (bulk["role"], bulk["case"], bulk["effects"]) == ("robot", None, ["record_message"])


def test_a_maildir_tells_the_same_story_as_an_mbox(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "archive")
    for date, raw in MESSAGES:
        box.add(b"Date: " + date.encode() + b"\n" + raw)
    assert _replayed(tmp_path / "archive") == _replayed(_mbox(tmp_path / "archive.mbox"))
