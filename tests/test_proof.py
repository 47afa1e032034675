"""What `make proof` says of a row that holds, fails, cannot run, or was interrupted."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof import Row, main

HOLDS = Row("holds", "echo run >> ../runs; echo kills: 3 of 3", r"kills: (.*)")
FAILS = Row("fails", "echo kills: 3 of 3; exit 4", r"kills: (.*)")
SILENT = Row("silent", "echo skipped: no machine can be booted", "held")
TOO_FEW = Row("few", "echo held; echo held", "held", times=3)
MISSING = Row("missing", "echo held", "held", needs=("sh", "no-such-program-at-all"))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    (root / ".gitignore").write_text(".cache/\n")
    git = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@y.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], check=True)
    here = "{}.{}".format(*sys.version_info)
    monkeypatch.setattr("tests.proof.PYTHONS", {"3.13": (sys.executable,), here: (sys.executable,)})
    return root


def _proof(root: Path, monkeypatch: pytest.MonkeyPatch, *rows: Row, again: tuple[str, ...] = ()) -> int:
    monkeypatch.setattr("sys.argv", ["proof", *again])
    here = "{}.{}".format(*sys.version_info)
    return main(root, [row._replace(python=here) for row in rows])


def test_a_row_holds_if_it_ends_well_and_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _proof(root, monkeypatch, HOLDS, FAILS, SILENT, TOO_FEW, MISSING) == 1
    said = capsys.readouterr().out
    commit = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    assert f"{commit.strip()}, " in said
    assert "1 of 5 rows hold" in said
    assert "| holds | holds | 3 of 3 |" in said
    assert "| fails | fails | it ended with 4: " in said
    assert "| silent | fails | it said what it says when it holds 0 times of 1: " in said
    assert "| few | fails | it said what it says when it holds 2 times of 3: " in said
    assert "| missing | fails | not run: no-such-program-at-all is not installed |" in said


def test_what_has_run_on_this_commit_is_not_run_again_unless_it_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _proof(root, monkeypatch, HOLDS) == 0
    assert _proof(root, monkeypatch, HOLDS, FAILS) == 1
    (runs,) = root.glob(".cache/proof/*/runs")
    assert runs.read_text() == "run\n"
    assert _proof(root, monkeypatch, HOLDS, FAILS._replace(command="echo kills: none"), again=("fails",)) == 0
    assert "| fails | holds, 1 of 2 runs failed | none |" in capsys.readouterr().out
    assert _proof(root, monkeypatch, HOLDS, again=("unknown",)) == 2


def test_nothing_is_said_of_a_checkout_that_is_no_commit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "changed").write_text("x")
    assert _proof(root, monkeypatch, HOLDS) == 2
    assert not (root / ".cache").exists()
