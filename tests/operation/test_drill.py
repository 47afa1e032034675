"""Backups by rotation and restore drills: what stays, what `status` says, and who is told of a failed one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oacmail.cli.status import health
from tests.hostile.enemy import oacmail
from tests.world import ANNA, OPERATOR, World

BY_HAND = "2020-01-07"


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    """The verbs ask the clock of this machine."""
    return town(now="2020-01-08 09:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / BY_HAND).write_text("by hand")
    for day in (1, 2, 3):
        (folder / f"oacmail-2020-01-0{day}T021500Z.db").write_text("old")
    return folder


def _report(world: World, later: timedelta = timedelta(0)) -> dict[str, Any]:
    return health(world.config, datetime.now(UTC) + later)


def _codes(report: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in report["problems"]}


def test_the_newest_backups_by_date_stay_and_other_files_are_never_touched(world: World, folder: Path) -> None:
    done = oacmail(world, "backup", "--keep", "2", str(folder))
    assert done.exit_code == 0, done.output
    old, new = sorted(path for path in folder.iterdir() if path.name != BY_HAND)
    assert old.name == "oacmail-2020-01-03T021500Z.db"
    assert new.stat().st_mode & 0o777 == 0o600
    assert (folder / BY_HAND).exists()
    assert _report(world)["last_backup"] is not None
    assert "backup-old" not in _codes(_report(world))
    assert "backup-old" in _codes(_report(world, timedelta(days=3)))


def test_a_drill_restores_the_newest_backup_and_leaves_nothing_behind(world: World, folder: Path) -> None:
    world.citizen_asks(ANNA)
    before = sorted(world.config.office.state.iterdir())
    oacmail(world, "backup", "--keep", "2", str(folder))
    backups = sorted(folder.iterdir())
    done = oacmail(world, "drill", "--json", str(folder))
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert (result["ok"], result["cases"], result["fault"], result["age_hours"]) == (True, 1, "", 0)
    assert result["messages"] >= 1
    assert sorted(world.config.office.state.iterdir()) == before
    assert sorted(folder.iterdir()) == backups
    assert _report(world)["drill"]["result"] == "passed"
    assert "drill" not in _codes(_report(world))


def test_a_backup_that_cannot_be_restored_is_told_once(world: World, folder: Path) -> None:
    world.turn()
    done = oacmail(world, "drill", str(folder))
    assert done.exit_code == 1
    assert done.stdout.startswith("restore drill FAILED: ")
    assert _report(world)["drill"]["result"] == "failed"
    assert "drill" in _codes(_report(world))
    world.live("2020-01-08 12:00", minutes=60)
    assert world.kinds(OPERATOR).count("alert") == 1
    oacmail(world, "backup", "--keep", "2", str(folder))
    assert oacmail(world, "drill", str(folder)).exit_code == 0
    assert "drill" not in _codes(_report(world))


def test_the_archive_of_an_export_beside_the_backups_is_no_backup(world: World, folder: Path) -> None:
    oacmail(world, "backup", "--keep", "2", str(folder))
    (folder / "anna.zip").write_bytes(b"PK\x03\x04")
    done = oacmail(world, "drill", "--json", str(folder))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["backup"].endswith("Z.db")


def test_a_backup_is_kept_that_is_older_than_those_of_a_clock_that_ran_ahead(world: World, folder: Path) -> None:
    (folder / "oacmail-2199-01-01T021500Z.db").write_text("of a wrong clock")
    done = oacmail(world, "backup", "--keep", "1", str(folder))
    assert done.exit_code == 0, done.output
    made = [path.name for path in folder.glob("*.db") if path.read_bytes().startswith(b"SQLite")]
    assert len(made) == 1
