"""The short forms of the long programs: each fails on harm, none on slowness."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHORT = {
    ("tests.chaos", "--kills", "3", "--mails", "30", "--seed", "1"): (
        r"^chaos: seed 1, 30 mails, 3 kills .*: (0 [a-z ]+, )+0 held; \d+ s$"
    ),
    ("tests.power", "--cuts", "3", "--each", "2", "--filtered", "0"): (
        r"^power: seed 1, .* [1-9] lost something: .*: (0 [a-z ]+, )+0 held; \d+ s$"
    ),
    ("bench.run", "200"): r"^N 200; .*; faults none$",
}


@pytest.mark.servers
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("words", "said"), SHORT.items(), ids=[words[0] for words in SHORT])
def test_a_short_run_did_what_was_asked_and_finds_no_harm(words: tuple[str, ...], said: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert re.search(said, done.stdout, re.M), done.stdout
