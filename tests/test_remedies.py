"""What the command says to a user without access to a file: never to repeat what failed."""

import getpass
from collections.abc import Iterator

import pytest

from oacmail import config as settings
from oacmail.cli import check
from oacmail.cli.findings import Finding
from oacmail.config import Config

FILE = "/etc/oacmail/credentials/imap"


def _refused(_: Config) -> Iterator[Finding]:
    raise PermissionError(13, "Permission denied", FILE)


def _remedy() -> str:
    (found,) = check._guarded(_refused, settings.builtin())
    assert found.where == FILE
    return found.do


def test_any_other_user_is_told_to_run_the_command_with_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OACMAIL_CREDENTIALS", raising=False)
    assert "sudo oacmail" in _remedy()


def test_the_services_own_user_is_told_to_be_given_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of systemd/oacmail sets this."""
    monkeypatch.setenv("OACMAIL_CREDENTIALS", "/etc/oacmail/credentials")
    assert "sudo oacmail" not in _remedy()
    assert f"chown {getpass.getuser()}: {FILE}" in _remedy()
