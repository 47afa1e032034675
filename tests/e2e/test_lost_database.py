"""A database that is gone while the token key is still there: never green until `rebuild` or `restore`."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen

MakeOffice = Callable[..., RunningOffice]


def _lose(desk: RunningOffice) -> None:
    for file in desk.state.glob("oacmail.db*"):
        file.unlink()


def _codes(desk: RunningOffice) -> list[str]:
    return [problem["code"] for problem in desk.status()["problems"] if problem["severity"] == "critical"]


def test_status_says_that_the_database_is_lost_and_never_to_start_the_service(
    office: MakeOffice, tmp_path: Path
) -> None:
    desk = office()
    desk.oacmail("once")
    desk.oacmail("backup", str(tmp_path / "saved"))
    _lose(desk)
    said = desk.oacmail("status", code=1).stdout
    assert "database-lost: " in said
    assert "oacmail rebuild" in said
    assert "start it" not in said
    assert "the database is lost" in desk.oacmail("case", "note", "1", "hola", code=1).stderr
    assert any("is lost" in line["what"] for line in desk.json("check", code=1))
    desk.oacmail("restore", str(tmp_path / "saved"), "--yes")
    assert "database-lost" not in desk.oacmail("status", code=None).stdout


def test_a_service_that_is_started_all_the_same_is_never_healthy_until_a_rebuild(
    office: MakeOffice, tmp_path: Path
) -> None:
    desk = office(smtp={"self_copy": False})
    desk.oacmail("once")
    _lose(desk)
    for _ in range(2):
        desk.oacmail("once")
        assert _codes(desk) == ["database-lost"]
    (tmp_path / "oacmail-2026-01-01T000000Z.db").write_text("the last one before the loss")
    assert "no older backup is removed" in desk.oacmail("backup", "--keep", "1", str(tmp_path)).stderr
    assert (tmp_path / "oacmail-2026-01-01T000000Z.db").exists()
    desk.oacmail("rebuild", "--yes", "--since", "2026-01-01")
    desk.oacmail("once")
    assert _codes(desk) == []


def test_a_check_before_the_first_start_makes_the_key_and_has_lost_nothing(office: MakeOffice) -> None:
    desk = office()
    desk.oacmail("check", "--online", code=1)
    assert (desk.state / "token.key").exists()
    assert _codes(desk) == ["no-database"]
    desk.oacmail("once")
    assert _codes(desk) == []
    _lose(desk)
    assert _codes(desk) == ["database-lost"]


def test_a_new_installation_with_a_key_from_the_admin_has_lost_nothing(office: MakeOffice, tmp_path: Path) -> None:
    desk = office()
    (tmp_path / "token").write_text("a" * 64)
    (tmp_path / "token").chmod(0o600)
    with desk.running(environ={"OACMAIL_CREDENTIALS": str(tmp_path)}):
        assert _codes(desk) == []


def test_a_file_of_yesterday_that_is_put_back_sends_nothing_until_a_restore_has_got_the_rest(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna, pere = office(), Citizen(mail_servers), Citizen(mail_servers)
    file = desk.state / "oacmail.db"
    with desk.running():
        for person in (anna, pere):
            person.write(desk.address, "Una consulta", f"Bon dia, com es fa el tràmit de {person.address}?")
            person.wait_for_mail()
    yesterday = file.read_bytes()
    with desk.running():
        desk.oacmail("case", "close", "1", "--reason", "contact")
        desk.oacmail("forget", pere.address, "--even-open", "--yes")
    after = [(case["number"], case["status"]) for case in desk.cases()]
    file.write_bytes(yesterday)
    for verb in ("run", "once"):
        told = desk.oacmail(verb, code=78).stderr
        assert f"oacmail restore {file}" in told
        assert "Traceback" not in told
    assert "database-lost" in _codes(desk)
    desk.oacmail("restore", str(file), "--yes")
    with desk.running():
        desk.wait_until_accounted()
        assert _codes(desk) == []
        assert [(case["number"], case["status"]) for case in desk.cases()] == after
        assert desk.rows("SELECT 1 FROM people WHERE address = ?", pere.address) == []
    assert [len(person.inbox()) for person in (anna, pere)] == [1, 1]


# `oacmail restore` and a database that cannot be opened, as an admin meets them.


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
