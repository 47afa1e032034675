"""`status --all`: a line for each town of one machine, whatever is wrong with another one."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from oacmail import cli, config
from oacmail.cli import status
from testbed.office import as_toml, changed
from tests.world import ANNA, MADRID, World

STATES = {"vila": ("enabled", "active"), "old": ("disabled", "inactive"), "broken": ("disabled", "failed")}
"""UnitFileState and ActiveState of systemctl."""


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configurations, on a machine without systemd; every town is the user of the tests."""
    monkeypatch.setattr(status, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(status, "user_of", lambda _: "root")
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def _configure(etc: Path, name: str, world: World) -> None:
    sections = changed(world.sections, {"office": {"state": str(world.config.office.state)}})
    (etc / f"{name}.toml").write_text(as_toml(sections))


@pytest.fixture
def living(town: Callable[..., World]) -> World:
    """A town that has read its mailbox a moment ago."""
    world = town(now=f"{datetime.now(MADRID):%Y-%m-%d %H:%M:%S}", office={"calendar": "none"})
    world.citizen_asks(ANNA)
    return world


def _status(etc: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.oacmail, ["--config", str(etc / "config.toml"), "status", "--all", *words])


def _rows(etc: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in _status(etc, "--json").stdout.splitlines()]
    return {row["town"]: row for row in rows}


def _codes(row: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in row["problems"]]


def test_a_line_for_each_town_and_a_broken_one_stops_nothing(etc: Path, living: World) -> None:
    _configure(etc, "vila", living)
    (etc / "holidays.toml").write_text('[2026]\nlocal = ["2026-05-01"]\n')
    (etc / "broken.toml").write_text("[office\n")
    (etc / "another.toml").write_text('[office]\naddress = "a@b.example"\n')
    said = _status(etc)
    assert said.exit_code == 1
    heads = [line.split()[:2] for line in said.stdout.splitlines()]
    assert heads == [["town", "state"], ["another", "UNHEALTHY"], ["broken", "UNHEALTHY"], ["vila", "healthy"]]
    assert "config-refused: " in said.stdout
    rows = _rows(etc)
    assert (rows["vila"]["ok"], rows["vila"]["cases"]["open"], _codes(rows["broken"])) == (True, 1, ["config-refused"])


def test_all_healthy_is_exit_0_and_no_town_at_all_a_configuration_error(etc: Path, living: World) -> None:
    assert "holds no configuration" in str(_status(etc).exception)
    _configure(etc, "vila", living)
    assert _status(etc).exit_code == 0
    assert _status(etc, "--nagios").exit_code == 2


def test_a_town_whose_status_dies_or_hangs_is_its_own_line(
    etc: Path, living: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dies", "hangs", "vila"):
        _configure(etc, name, living)
    monkeypatch.setattr(status, "LONGEST", 0.3)
    ends: dict[str, Callable[[], object]] = {"dies": lambda: os._exit(3), "hangs": lambda: os.read(os.pipe()[0], 1)}
    load = config.load
    monkeypatch.setattr(config, "load", lambda path: ends.get(path.stem, list)() or load(path))
    rows = _rows(etc)
    assert [*rows] == ["dies", "hangs", "vila"]
    assert (_codes(rows["dies"]), _codes(rows["hangs"])) == (["no-answer"], ["no-answer"])


def test_a_town_is_looked_at_with_the_rights_of_its_own_user(
    etc: Path, living: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "user_of", {"vila": "root", "theirs": "daemon", "new": "oacmail-new"}.__getitem__)
    for name in ("vila", "theirs", "new"):
        _configure(etc, name, living)
        (etc / f"{name}.toml").chmod(0o600)
    rows = _rows(etc)
    assert {name: row["ok"] for name, row in rows.items()} == {"vila": True, "theirs": False, "new": False}
    assert "Permission denied" in rows["theirs"]["problems"][0]["text"]
    assert "there is no user oacmail-new" in rows["new"]["problems"][0]["text"]


def test_a_town_that_systemd_does_not_start_is_off_and_harms_nothing(
    etc: Path, living: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in STATES:
        _configure(etc, name, living)
    (etc / "broken.toml").write_text("[office")
    blocks = (
        f"Id=oacmail@{name}.service\nUnitFileState={enabled}\nActiveState={active}\n"
        for name, (enabled, active) in STATES.items()
    )
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\ncat <<END\n" + "\n".join(blocks) + "END\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(status, "SYSTEMD", tmp_path)
    assert {name: (row["enabled"], row["ok"]) for name, row in _rows(etc).items()} == {
        "broken": (True, False),
        "old": (False, True),
        "vila": (True, True),
    }
    (etc / "broken.toml").unlink()
    said = _status(etc)
    assert (said.exit_code, [line.split() for line in said.stdout.splitlines()][1]) == (0, ["old", "off"])
