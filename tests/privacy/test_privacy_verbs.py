"""The verbs `forget`, `purge`, `export` and `certificate` as an admin types them, beside a running desk."""

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.hostile.enemy import oacmail
from tests.privacy.test_forgetting import _answered_and_closed, _writes, left_in
from tests.world import ANNA, World

TOWN = Callable[..., World]


@pytest.fixture
def world(town: TOWN) -> World:
    """Long ago: the verbs ask the clock of this machine."""
    return town(now="2020-01-08 09:00")


def test_a_purge_shows_first_and_removes_when_told(world: World) -> None:
    number = _answered_and_closed(world)
    shown = oacmail(world, "purge")
    assert (shown.exit_code, shown.stdout.splitlines()[0]) == (0, number)
    assert "to erase" in shown.stdout
    assert world.case()["citizen"] == ANNA
    done = oacmail(world, "purge", "--yes", "--json")
    assert json.loads(done.stdout)["cases"] == [number]
    assert left_in(world.config.office.state) == set()
    assert json.loads(oacmail(world, "purge", "--json").stdout) == {
        "cases": [], "erased": {}, "emptied": {}, "done": False
    }  # fmt: skip


def test_forgetting_asks_first_and_certifies(world: World) -> None:
    _answered_and_closed(world)
    assert oacmail(world, "forget", ANNA).exit_code == 1  # nobody says yes
    assert world.case()["citizen"] == ANNA
    folder = world.root / "officer"
    done = oacmail(world, "forget", ANNA, "--yes", "--certificate", str(folder))
    assert done.exit_code == 0, done.output
    assert left_in(world.config.office.state) == left_in(folder) == set()
    (sealed,) = folder.glob("*.json")
    assert oacmail(world, "certificate", str(sealed), ANNA).stdout == "genuine\n"
    sealed.write_text(sealed.read_text().replace('"by": ', '"By": '))
    assert oacmail(world, "certificate", str(sealed)).exit_code == 1
    assert oacmail(world, "forget", ANNA, "--yes").exit_code == 1  # nothing is held any more


def test_a_backup_that_cannot_be_rewritten_is_in_the_certificate_with_the_reason(world: World, tmp_path: Path) -> None:
    _answered_and_closed(world)
    assert oacmail(world, "backup", str(tmp_path / "monday")).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "monday")) as con:
        con.execute("DROP TABLE refs")
    done = oacmail(world, "forget", ANNA, "--yes", "--backups", str(tmp_path))
    assert (done.exit_code, "monday: could not be rewritten: database: no such table" in done.stderr) == (0, True)
    (file,) = (world.config.office.state / "certificates").glob("*.json")
    (backup,) = json.loads(file.read_text())["backups"]
    assert (backup["erased"], "no such table" in backup["problem"]) == (False, True)
    assert "monday (" in done.stdout
    assert "; no s'hi ha pogut suprimir: database: no such table" in done.stdout


def test_what_is_open_is_named_with_what_to_do(world: World) -> None:
    _writes(world)
    world.turn()
    refused = oacmail(world, "forget", ANNA, "--yes")
    assert refused.exit_code == 1
    assert f"oacmail case close {world.case()['number']} --reason" in refused.stderr
    assert world.case()["citizen"] == ANNA


@pytest.mark.parametrize(("words", "said"), [
    (("forget", ANNA, "--mailbox"), "switched off"),
    (("forget", "agent@town.example"), "staff"),
    (("export", "nobody at all"), "neither a bare mail address"),
    (("certificate", "no-such-file"), "no such file"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(world: World, words: tuple[str, ...], said: str) -> None:
    _answered_and_closed(world)
    refused = oacmail(world, *words)
    assert refused.exit_code != 0
    assert said in refused.stderr + str(refused.exception)


def test_an_export_is_written_once_and_recorded(world: World, tmp_path: Path) -> None:
    number = _answered_and_closed(world)
    target = str(tmp_path / "copy.zip")
    assert oacmail(world, "export", ANNA, "--no-mailbox", "--to", target).exit_code == 0
    with zipfile.ZipFile(target) as packed:
        assert json.loads(packed.read("data.json"))["cases"][0]["number"] == number
    assert len(world.events("exported")) == 1
    assert oacmail(world, "export", ANNA, "--no-mailbox", "--to", target).exit_code == 2
    assert oacmail(world, "export", "nobody@example.org", "--no-mailbox", "--to", f"{target}.zip").exit_code == 1
