"""The short forms of the long instruments, so that none of them rots: each fails on harm, none on slowness."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHORT = [
    ("tests.chaos", "--kills", "5", "--mails", "50", "--seed", "1"),
    ("bench.run", "200"),
]


@pytest.mark.servers
@pytest.mark.timeout(300)
@pytest.mark.parametrize("words", SHORT, ids=lambda words: words[0])
def test_a_short_run_finds_no_harm(words: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert any(char.isdigit() for char in done.stdout)
