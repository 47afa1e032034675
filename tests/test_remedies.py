"""What the command says to a user without access to a file: never to repeat what failed."""

import getpass
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from oacmail import config as settings
from oacmail.cli import check, permission_remedy, status
from oacmail.cli.check import Finding
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


def test_what_belongs_to_another_town_is_named_and_never_given_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OACMAIL_CREDENTIALS", "/etc/oacmail/credentials/vila")
    monkeypatch.setenv("LOGNAME", "oacmail-vila")
    for owner, town in (("oacmail-olesa", "olesa"), ("oacmail", "config")):
        monkeypatch.setattr(pwd, "getpwuid", lambda _, name=owner: SimpleNamespace(pw_name=name))
        said = permission_remedy(str(tmp_path / "not there" / "oacmail.lock"))
        assert f'it belongs to the town "{town}"' in said
        assert "chown" not in said


def test_a_state_folder_of_another_towns_user_is_that_towns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As `check` of the town "vila" sees it, which can read no configuration of another."""
    file = tmp_path / "vila.toml"
    file.write_text('[office]\naddress = "oac@vila.cat"\n')
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 61001, 61001)
    for owner, town in (("oacmail", "config"), ("oacmail-olesa", "olesa"), ("oacmail-vila", ""), ("anna", "")):
        monkeypatch.setattr(pwd, "getpwuid", lambda _, name=owner: SimpleNamespace(pw_name=name))
        assert status.other_town(file, tmp_path / "state") == town
