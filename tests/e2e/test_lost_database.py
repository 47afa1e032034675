"""A database that is gone while the token key is still there: never green until `rebuild` or `restore`."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.office import RunningOffice

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
