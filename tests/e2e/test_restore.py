"""`oacmail restore` and a database that cannot be opened, as an admin meets them."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from tests.e2e.office import RunningOffice

MakeOffice = Callable[..., RunningOffice]


def test_a_second_restore_keeps_what_the_first_has_set_aside(office: MakeOffice, tmp_path: Path) -> None:
    desk = office()
    desk.oacmail("once")
    desk.oacmail("backup", str(tmp_path / "saved"))
    first = (desk.state / "oacmail.db").read_bytes()
    for _ in range(3):
        desk.oacmail("restore", str(tmp_path / "saved"), "--yes")
    kept = sorted(file.name for file in desk.state.glob("oacmail.db.before*"))
    assert kept == ["oacmail.db.before-restore", "oacmail.db.before-restore-2", "oacmail.db.before-restore-3"]
    assert (desk.state / kept[0]).read_bytes() == first


def test_a_database_that_cannot_be_opened_is_named_with_its_path_and_its_owner(office: MakeOffice) -> None:
    desk = office()
    desk.state.mkdir()
    file = desk.state / "oacmail.db"
    os.mknod(file, stat.S_IFSOCK | 0o600)  # what not even root can open, who runs the tests
    shown = desk.oacmail("status", code=1).stdout
    told = desk.oacmail("case", "list", code=75).stderr
    file.unlink()
    assert f"unable to open database file: {file}" in shown
    assert f"unable to open database file: {file}" in told
    assert "owner root, mode 600" in told


def test_restore_takes_no_file_that_is_no_backup(office: MakeOffice, tmp_path: Path) -> None:
    desk = office()
    desk.oacmail("once")
    (tmp_path / "message").write_text("Bon dia")
    assert "no such file" in desk.oacmail("restore", str(tmp_path / "nothing"), "--yes", code=2).stderr
    assert desk.oacmail("restore", str(tmp_path / "message"), "--yes", code=1).stderr
    assert desk.oacmail("restore", str(tmp_path / "message"), code=1).stderr  # nobody says yes
    assert desk.cases() == []
