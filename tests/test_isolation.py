"""Towns on one machine, laid down as docs/towns.md says: no town reads a file of another."""

import multiprocessing
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oacmail import config
from oacmail.config import secrets
from oacmail.store.connection import FILE
from oacmail.store.store import SqliteStore

ROOT = Path(__file__).parent.parent
USERS = {"vila": 61001, "olesa": 61002}


@pytest.fixture(scope="module")
def machine() -> Iterator[Path]:
    """A tree that other users may enter, after `systemd/deploy` and the steps of the manual for two towns."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        subprocess.run([ROOT / "systemd/deploy", "files"], env={**os.environ, "DESTDIR": folder}, check=True)
        for town, uid in USERS.items():
            for line in _steps():
                words = line.replace("oacmail-vila ", f"{uid} ").replace("vila", town)
                here = re.sub(r"(?<=\s)/(etc|var)/", rf"{root}/\1/", words)
                subprocess.run(["sh", "-ec", here], cwd=ROOT, input="secret\n", text=True, check=True)
            assert _as(uid, partial(_live, root / "var/lib/oacmail" / town)) == ["1"]
            (root / "var/lib/oacmail" / town).chmod(0o711)  # StateDirectoryMode of the unit
        yield root


def _steps() -> list[str]:
    """The lines of the manual that lay down files, without `sudo`."""
    section = (ROOT / "docs" / "towns.md").read_text("utf-8").partition("\n## 1. ")[2].partition("\n## ")[0]
    return [
        line.replace("sudo ", "") for line in re.findall(r"^    sudo ((?:install|chmod) .*)$", section, re.MULTILINE)
    ]


def _live(state: Path) -> list[str]:
    """What a first start leaves: the database with its log, and the token key."""
    os.umask(0o077)  # of the unit
    store = SqliteStore(state)
    shipped = config.builtin()
    secrets.make(shipped.model_copy(update={"office": shipped.office.model_copy(update={"state": state})}))
    return [str(row[0]) for row in store.con.execute("SELECT 1")]


def _as(uid: int, work: Callable[[], list[str]]) -> list[str]:
    """What `work` returns in a process of this user."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def _child() -> None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        theirs.send(work())

    process = context.Process(target=_child)
    process.start()
    theirs.close()
    answer: list[str] = ours.recv()  # EOFError: it raised
    process.join()
    return answer


def _readable(paths: list[Path]) -> list[str]:
    def _opens(path: Path) -> bool:
        try:
            path.open("rb").close()
        except OSError:
            return False
        return True

    return [path.name for path in paths if _opens(path)]


def test_no_town_reads_a_file_of_another(machine: Path) -> None:
    lists: dict[str, list[Path]] = {
        town: sorted(
            path for path in machine.rglob("*") if path.is_file() and any(re.match(town, part) for part in path.parts)
        )
        for town in USERS
    }
    names = {"vila.toml", "imap", "smtp", FILE, "token.key"}
    assert names <= {path.name for path in lists["vila"]}
    assert set(_as(USERS["vila"], lambda: _readable(lists["vila"]))) == {path.name for path in lists["vila"]}
    assert _as(USERS["olesa"], lambda: _readable(lists["vila"])) == []
    assert _as(USERS["vila"], lambda: _readable(lists["olesa"])) == []


def test_every_folder_that_towns_share_can_be_passed_and_none_written(machine: Path) -> None:
    shared: list[Any] = [machine / name for name in ("etc/oacmail", "etc/oacmail/credentials", "var/lib/oacmail")]
    uid = USERS["vila"]
    assert _as(uid, lambda: [path.name for path in shared if not os.access(path, os.X_OK)] + ["asked"]) == ["asked"]
    assert _as(uid, lambda: [path.name for path in shared if os.access(path, os.W_OK)] + ["asked"]) == ["asked"]
