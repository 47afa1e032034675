"""An archive through today's rules: `oacmail replay` as an admin uses it before a change of rules."""

import json
import mailbox
import subprocess
import sys
from pathlib import Path
from typing import Any

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
