"""A running Litestream is found by its process and its folder beside the database."""

from pathlib import Path

import pytest

from oacmail.host import litestream_replicates


@pytest.mark.parametrize(
    ("program", "opened", "folder", "found"),
    [
        ("litestream", "oacmail.db", ".oacmail.db-litestream", True),
        ("litestream", "other.db", ".oacmail.db-litestream", False),  # another town's
        ("litestream", "oacmail.db", ".other.db-litestream", False),
        ("python3", "oacmail.db", ".oacmail.db-litestream", False),  # the daemon itself; Litestream was stopped
    ],
)
def test_a_litestream_that_has_the_database_open_is_found(
    tmp_path: Path, program: str, opened: str, folder: str, found: bool
) -> None:
    database, process = tmp_path / "oacmail.db", tmp_path / "proc" / "4711"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text(program + "\n")
    (process / "fd" / "7").symlink_to(tmp_path / opened)
    (tmp_path / "proc" / "4712").mkdir()  # has just ended
    (tmp_path / folder).mkdir()
    assert litestream_replicates(database, tmp_path / "proc") is found
