"""The disk of a machine whose power may go: what a folder holds after the calls that a process has made, for certain
and perhaps.

A file's bytes are certain up to its last sync, a name up to the last sync of its folder. Each later write is there,
missing, or there in some of its sectors, each later change of a name there or missing, and no order holds between
them. That is more than a journaling file system loses, and what POSIX allows.
"""

import random
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
_HEAD = struct.Struct("=B3xIIIQq")
_INDEX = "-shm"
"""SQLite's index of the write-ahead log lies in memory: no crash leaves it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`what`: W a write of `data` at `offset`, T the size `offset`, S a sync; C a new file, D a new folder, L a link, R
    another name, U no name any more; ! what no reader here understands. `names`: absolute."""

    what: str
    names: tuple[str, ...]
    data: bytes
    mode: int
    inode: int
    offset: int


def entries(log: Path) -> Iterator[Entry]:
    """What the recorder has written. An entry that a kill has cut off is none. Raises ValueError for what could not be
    recorded."""
    whole = memoryview(log.read_bytes() if log.exists() else b"")
    while len(whole) >= _HEAD.size:
        what, named, length, mode, inode, offset = _HEAD.unpack_from(whole)
        end = _HEAD.size + named + length
        if len(whole) < end:
            return
        name = bytes(whole[_HEAD.size : _HEAD.size + named]).decode()
        entry = Entry(chr(what), tuple(name.split("\0")), bytes(whole[end - length : end]), mode, inode, offset)
        if entry.what == "!":
            raise ValueError(f"no disk here can do this: {entry.names}")
        yield entry
        whole = whole[end:]


@dataclass(frozen=True, slots=True)
class Write:
    """`data` at `offset`; without data the size is `offset`."""

    offset: int
    data: bytes | None

    def on(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def sectors(self) -> Iterator["Write"]:
        data, at = self.data or b"", self.offset
        while data:
            size = SECTOR - at % SECTOR
            yield Write(at, data[:size])
            data, at = data[size:], at + size


@dataclass(slots=True)
class File:
    """`certain`: its bytes at the last sync; `later`: what was written since."""

    mode: int
    certain: bytearray = field(default_factory=bytearray)
    later: list[Write] = field(default_factory=list)

    def sync(self) -> None:
        for write in self.later:
            write.on(self.certain)
        self.later.clear()

    def with_some(self, keep: Callable[[Write], Iterator[Write]]) -> bytes:
        content = bytearray(self.certain)
        for write in self.later:
            for kept in keep(write):
                kept.on(content)
        return bytes(content)


Names = dict[str, File | None]
"""What each path is: None is a folder."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """`folder` makes it certain. `gone`: names that end, `new`: a name that begins, `file`: of what."""

    folder: str
    gone: str = ""
    new: str = ""
    file: File | None = None

    def on(self, names: Names) -> None:
        names.pop(self.gone, None)
        if self.new:
            names[self.new] = self.file


@dataclass(slots=True)
class Lost:
    """What a cut found not yet certain: writes and names, and how many of them are missing or torn."""

    writes: int = 0
    names: int = 0
    missing: int = 0
    torn: int = 0


class Disk:
    """`Disk.of(folder)`: all that lies there is certain, as is the folder. `perform` follows a call."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._certain: Names = {}
        self._names: Names = {}
        self._later: list[Renaming] = []
        self._inodes: dict[int, File | None] = {}
        self._paths: dict[int, str] = {}
        self._certain[self.root] = self._begin(self.root, root.stat().st_ino, None)

    @classmethod
    def of(cls, root: Path) -> "Disk":
        disk = cls(root)
        for path in sorted(root.rglob("*")):
            if not path.name.endswith(_INDEX):
                found = path.stat()
                new = None if path.is_dir() else File(found.st_mode, bytearray(path.read_bytes()))
                file = disk._begin(str(path), found.st_ino, disk._inodes.get(found.st_ino, new))
                disk._certain[str(path)] = file
        return disk

    def perform(self, entry: Entry) -> None:
        name = entry.names[-1]
        match entry.what:
            case "W" | "T":
                file = self._inodes[entry.inode]
                assert file is not None
                file.later.append(Write(entry.offset, entry.data if entry.what == "W" else None))
            case "S":
                self._sync(entry.inode)
            case "C":
                self._change(new=name, file=self._begin(name, entry.inode, File(entry.mode)))
            case "D":
                self._change(new=name, file=self._begin(name, entry.inode, None))
            case "L":
                self._change(new=name, file=self._names[entry.names[0]])
            case "R":
                self._change(gone=entry.names[0], new=name, file=self._names[entry.names[0]])
            case "U":
                self._change(gone=name)
            case _:
                raise ValueError(entry.what)

    def _begin(self, name: str, inode: int, file: File | None) -> File | None:
        self._names[name] = self._inodes[inode] = file
        self._paths[inode] = name
        return file

    def _change(self, *, gone: str = "", new: str = "", file: File | None = None) -> None:
        change = Renaming(str(Path(new or gone).parent), gone, new, file)
        change.on(self._names)
        self._later.append(change)

    def _sync(self, inode: int) -> None:
        file = self._inodes[inode]
        if file is not None:
            file.sync()
            return
        for change in self._later:
            if change.folder == self._paths[inode]:
                change.on(self._certain)
        self._later = [change for change in self._later if change.folder != self._paths[inode]]

    def now(self) -> Mapping[str, bytes | None]:
        """As every process sees it while the power is there."""
        return {
            name: None if file is None else file.with_some(lambda write: iter((write,)))
            for name, file in self._names.items()
        }

    def after_cut(self, chance: random.Random) -> tuple[Mapping[str, tuple[int, bytes] | None], Lost]:
        """One of the states in which the power may leave it: files with their mode. One time in three all that is
        uncertain is missing; else each part has a fate of its own."""
        lost, nothing = Lost(), chance.random() < 1 / 3

        def keep(write: Write) -> Iterator[Write]:
            fate = 0 if nothing else chance.randrange(3)
            lost.writes += 1
            lost.missing += fate == 0
            lost.torn += fate == 1
            if fate == 1 and write.data is not None:
                yield from (sector for sector in write.sectors() if chance.random() < 0.5)
            elif fate == 2:
                yield write

        names = dict(self._certain)
        for change in self._later:
            lost.names += 1
            if nothing or chance.random() < 0.5:
                lost.missing += 1
            else:
                change.on(names)
        contents = {id(file): (file.mode, file.with_some(keep)) for file in names.values() if file is not None}
        left = {name: contents.get(id(file)) for name, file in names.items()}
        return {name: file for name, file in left.items() if all(up in left for up in self._folders(name))}, lost

    def _folders(self, name: str) -> Iterator[str]:
        """Those from the root down to the name."""
        return (str(up) for up in Path(name).parents if str(up).startswith(self.root))


def lay(root: Path, left: Mapping[str, tuple[int, bytes] | None]) -> None:
    """Make the folder what the power has left of it."""
    shutil.rmtree(root, ignore_errors=True)
    for name, file in sorted(left.items()):
        path = Path(name)
        if file is None:
            path.mkdir(mode=0o700)
        else:
            path.write_bytes(file[1])
            path.chmod(file[0] & 0o777)


def seen(root: Path) -> Mapping[str, bytes | None]:
    """What lies there, as `Disk.now` tells it."""
    paths = (root, *root.rglob("*"))
    return {str(path): None if path.is_dir() else path.read_bytes() for path in paths if not path.name.endswith(_INDEX)}
