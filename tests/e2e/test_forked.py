"""A forked process is like a started one: what it was given, how it is told to end, and what its end says."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.forked import ROOT, ForkedProcess
from tests.e2e.office import HOME
from tests.servers.waiting import until

MODULE, WORDS = "tests.e2e.self_portrait", ("--one", "l'altra")
ENVIRON = {**os.environ, "OACMAIL_TEST": "té", "TZ": "Asia/Tokyo"}
Start = Callable[[], ForkedProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[ForkedProcess] = []

    def forked() -> ForkedProcess:
        made.append(HOME.start(MODULE, WORDS, tmp_path / "forked", ENVIRON))
        until(lambda: _lines(tmp_path / "forked"), what="a forked process that is up")
        return made[-1]

    yield forked
    for process in made:
        process.kill()
        process.wait()


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line] if path.exists() else []


def _started(path: Path) -> tuple[dict[str, Any], int]:
    with path.open("ab") as log:
        command = [sys.executable, "-m", MODULE, *WORDS]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRON)
    until(lambda: _lines(path), what="a started process that is up")
    process.terminate()
    return json.loads(_lines(path)[0]), process.wait()


def test_it_is_given_what_a_start_gives_and_its_end_says_the_same(start: Start, tmp_path: Path) -> None:
    given, code = _started(tmp_path / "started")
    process = start()
    assert json.loads(_lines(tmp_path / "forked")[0]) == given
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == code == 3
    assert process.poll() == 3
    assert [path.read_text().splitlines()[1:] for path in tmp_path.iterdir()] == [["the end"]] * 2


def test_it_can_be_killed_and_others_live_on(start: Start) -> None:
    one, other = start(), start()
    one.kill()
    assert one.wait() == -signal.SIGKILL
    one.kill()  # nobody is there any more
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(0)


def test_a_verb_ends_with_its_own_code_and_words() -> None:
    done = HOME.call(("try", "no such file"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such file or directory" in done.stderr
