"""The admin's own command: run without a shell and without our environment, and ended in time."""

from pathlib import Path

import pytest

from oacmail.host import AdminProgram


def _script(tmp_path: Path, body: str) -> str:
    program = tmp_path / "page me"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


def test_it_gets_the_words_as_they_are_and_no_shell_reads_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = AdminProgram((_script(tmp_path, f"printf '%s\\n' \"$@\" > '{out}'"), "-x"), 10)
    assert program.run(("canary", "down; touch never", "$(id)")) == ""
    assert out.read_text().splitlines() == ["-x", "canary", "down; touch never", "$(id)"]


def test_it_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OACMAIL_SMTP_PASSWORD", "a secret word")
    out = tmp_path / "out"
    assert AdminProgram((_script(tmp_path, f"env > '{out}'"),), 10).run(()) == ""
    assert "secret" not in out.read_text()


def test_what_fails_says_how(tmp_path: Path) -> None:
    assert AdminProgram((_script(tmp_path, "exit 3"),), 10).run(()) == "exit code 3"
    assert AdminProgram((str(tmp_path / "nothing"),), 10).run(()) == "FileNotFoundError"


def test_it_is_ended_in_time(tmp_path: Path) -> None:
    assert AdminProgram((_script(tmp_path, "exec tail -f /dev/null"),), 0.2).run(()) == "ended after 0 s"


def test_without_a_command_nothing_is_run() -> None:
    assert AdminProgram((), 10).run(("canary", "down")) == ""
