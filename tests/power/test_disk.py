"""What a cut may leave of a file and of a folder: what was synced always, each other part sometimes."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.power.disk import SECTOR, Disk, Entry, entries

FILE, FOLDER = 1, 2


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path)
    disk.perform(Entry("D", (f"{tmp_path}/folder",), b"", 0o700, FOLDER, 0))
    disk.perform(Entry("S", ("",), b"", 0, tmp_path.stat().st_ino, 0))
    _new(disk, "a")
    return disk


def _new(disk: Disk, name: str, inode: int = FILE) -> None:
    disk.perform(Entry("C", (f"{disk.root}/folder/{name}",), b"", 0o600, inode, 0))


def _write(disk: Disk, data: bytes, offset: int = 0) -> None:
    disk.perform(Entry("W", ("",), data, 0, FILE, offset))


def _sync(disk: Disk, *inodes: int) -> None:
    for inode in inodes:
        disk.perform(Entry("S", ("",), b"", 0, inode, 0))


def _left(disk: Disk, cuts: int = 200) -> set[tuple[tuple[str, bytes], ...]]:
    """Every state that so many cuts have left: names in the folder with what is in them."""
    return {_files(disk, disk.after_cut(random.Random(seed))[0].items()) for seed in range(cuts)}


def _files(disk: Disk, left: Iterable[tuple[str, tuple[int, bytes] | None]]) -> tuple[tuple[str, bytes], ...]:
    return tuple(sorted((Path(name).name, file[1]) for name, file in left if file is not None))


def test_what_was_synced_with_its_name_is_there(disk: Disk) -> None:
    _write(disk, b"one")
    _sync(disk, FILE, FOLDER)
    assert _left(disk) == {(("a", b"one"),)}


def test_a_new_file_without_a_sync_of_its_folder_may_have_no_name(disk: Disk) -> None:
    _write(disk, b"one")
    _sync(disk, FILE)
    assert _left(disk) == {(), (("a", b"one"),)}


def test_a_write_that_was_not_synced_is_there_or_missing_whatever_came_after(disk: Disk) -> None:
    _sync(disk, FILE, FOLDER)
    _write(disk, b"1")
    _write(disk, b"2", 1)
    assert {file for ((_, file),) in _left(disk)} == {b"", b"1", b"\0002", b"12"}


def test_a_long_write_is_torn_between_sectors(disk: Disk) -> None:
    _write(disk, b"-" * 2 * SECTOR)
    _sync(disk, FILE, FOLDER)
    _write(disk, b"+" * SECTOR, SECTOR // 2)
    halves = {(file[: SECTOR // 2], file[SECTOR // 2 : SECTOR], file[SECTOR:][:1]) for ((_, file),) in _left(disk)}
    kept = b"-" * (SECTOR // 2)
    new = b"+" * (SECTOR // 2)
    assert halves == {(kept, kept, b"-"), (kept, kept, b"+"), (kept, new, b"-"), (kept, new, b"+")}


def test_a_file_that_was_cut_short_may_be_long_again(disk: Disk) -> None:
    _write(disk, b"long")
    _sync(disk, FILE, FOLDER)
    disk.perform(Entry("T", ("",), b"", 0, FILE, 0))
    assert {file for ((_, file),) in _left(disk)} == {b"", b"long"}


def test_a_file_has_its_old_name_or_its_new_one_and_never_both(disk: Disk) -> None:
    _sync(disk, FILE, FOLDER)
    disk.perform(Entry("R", (f"{disk.root}/folder/a", f"{disk.root}/folder/b"), b"", 0, 0, 0))
    assert _left(disk) == {(("a", b""),), (("b", b""),)}
    _sync(disk, FOLDER)
    assert _left(disk) == {(("b", b""),)}


def test_a_second_name_shows_the_same_bytes(disk: Disk) -> None:
    _sync(disk, FOLDER)
    disk.perform(Entry("L", (f"{disk.root}/folder/a", f"{disk.root}/folder/b"), b"", 0, 0, 0))
    _sync(disk, FOLDER)
    _write(disk, b"1")
    assert _left(disk) == {(("a", b""), ("b", b"")), (("a", b"1"), ("b", b"1"))}


def test_a_removed_name_may_be_there_again(disk: Disk) -> None:
    _sync(disk, FOLDER)
    disk.perform(Entry("U", (f"{disk.root}/folder/a",), b"", 0, 0, 0))
    assert _left(disk) == {(), (("a", b""),)}


def test_what_the_recorder_could_not_express_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"!" + bytes(3) + (6).to_bytes(4, "little") + bytes(24) + b"writev")
    with pytest.raises(ValueError, match="writev"):
        list(entries(log))
