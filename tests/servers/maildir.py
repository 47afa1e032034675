"""The admin's hands on a user's Maildir: put messages in, restore yesterday's, give a new epoch, damage one."""

import itertools
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.servers.dovecot import Dovecot
from tests.servers.waiting import until

_serial = itertools.count(1)


class Maildir:
    """The mailbox of one user of a Dovecot. Folder names are as the server shows them, `INBOX` or `A/B`."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self.server, self.user = server, user
        self.root = server.home(user)

    def path(self, folder: str = "INBOX") -> Path:
        return self.root if folder == "INBOX" else self.root / ("." + folder.replace("/", "."))

    def files(self, folder: str = "INBOX") -> list[Path]:
        """The messages' files in the order of their arrival."""
        found = [*self.path(folder).glob("new/*"), *self.path(folder).glob("cur/*")]
        return sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name))

    def messages(self, folder: str = "INBOX") -> list[EmailMessage]:
        """Read from the disk: no flag changes, no session is needed."""
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in self.files(folder)]

    def deliver(self, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Put one message into new/; `at` becomes its INTERNALDATE."""
        self._make(folder)
        name = f"{int(time.time())}.M{next(_serial)}P{os.getpid()}.test"
        draft = self.path(folder) / "tmp" / name
        draft.write_bytes(raw.replace(b"\r\n", b"\n"))
        if at is not None:
            os.utime(draft, (at.timestamp(), at.timestamp()))
        os.chown(draft, self.server.uid, self.server.gid)
        draft.rename(self.path(folder) / "new" / name)

    def snapshot(self) -> Path:
        """A copy of the whole mailbox with its uidlists and indexes, to be given to `restore`."""
        copy = self.server.root / "snapshots" / f"{self.user}.{next(_serial)}"
        with self._locked(*self._folders()):
            return Path(shutil.copytree(self.root, copy, ignore=shutil.ignore_patterns("*.lock", "*.tmp")))

    def restore(self, snapshot: Path) -> None:
        """The mailbox is what it was at the snapshot: same UIDVALIDITY, UIDs since then will be given anew."""
        fresh, old = (self.root.with_name(f"{self.root.name}.{which}") for which in ("fresh", "old"))
        shutil.copytree(snapshot, fresh)
        self._own(fresh)
        self.root.rename(old)  # in one step: a session may be writing there
        fresh.rename(self.root)
        shutil.rmtree(old, ignore_errors=True)

    def new_epoch(self, folder: str = "INBOX") -> None:
        """UIDVALIDITY changes, as after a migration; the messages keep their files."""
        uidlist = self.path(folder) / "dovecot-uidlist"
        with self._locked(self.path(folder)):
            head, _, rest = uidlist.read_text().partition("\n")
            head = re.sub(r"\bV(\d+)", lambda match: f"V{int(match[1]) + 1}", head)
            self._replace(uidlist, f"{head}\n{rest}")
            for index in self.path(folder).glob("dovecot.index*"):
                index.unlink()

    def corrupt_size(self, uid: int, folder: str = "INBOX") -> None:
        """The message's file name lies about its size, so that Dovecot hangs up in the midst of sending it."""
        self._rename(uid, folder, lambda name, size: f"{name},S={size + 5000},W={size + 5100}")

    def fix_size(self, uid: int, folder: str = "INBOX") -> None:
        """The file name says nothing of the size any more: Dovecot looks for itself."""
        self._rename(uid, folder, lambda name, _: name)

    def _rename(self, uid: int, folder: str, new_name: Callable[[str, int], str]) -> None:
        with self._locked(self.path(folder)):
            self._rename_locked(uid, folder, new_name)

    def _rename_locked(self, uid: int, folder: str, new_name: Callable[[str, int], str]) -> None:
        uidlist = self.path(folder) / "dovecot-uidlist"
        lines = uidlist.read_text().splitlines()
        row = next(number for number, line in enumerate(lines) if number and line.split()[0] == str(uid))
        known = lines[row].partition(":")[2].partition(":2,")[0]
        old = next(file for file in self.files(folder) if file.name.partition(":2,")[0] == known)
        name = new_name(known.partition(",S=")[0], old.stat().st_size)
        old.rename(old.with_name(old.name.replace(known, name)))
        lines[row] = lines[row].replace(known, name)
        self._replace(uidlist, "\n".join(lines) + "\n")
        for index in self.path(folder).glob("dovecot.index.cache*"):
            index.unlink()

    def _folders(self) -> list[Path]:
        return [self.root, *(path for path in self.root.glob(".*") if (path / "cur").is_dir())]

    @contextmanager
    def _locked(self, *folders: Path) -> Iterator[None]:
        """Dovecot writes a folder's uidlist under this lock file, and reads it anew when it has the lock."""
        with ExitStack() as held:
            for folder in folders:
                lock = folder / "dovecot-uidlist.lock"
                until(lambda lock=lock: _created(lock), what=f"{lock} is free")  # type: ignore[misc]
                held.callback(lock.unlink, missing_ok=True)
            yield

    def _replace(self, file: Path, text: str) -> None:
        """In one step, so that a session that has the old one open sees that it is another."""
        draft = file.with_name(f"{file.name}.draft")
        draft.write_text(text)
        os.chown(draft, self.server.uid, self.server.gid)
        draft.rename(file)

    def _make(self, folder: str) -> None:
        for sub in ("cur", "new", "tmp"):
            (self.path(folder) / sub).mkdir(parents=True, exist_ok=True)
        self._own(self.root.parent, deep=False)
        for path in (self.root, self.path(folder)):
            self._own(path, deep=False)
            for sub in ("cur", "new", "tmp"):
                self._own(path / sub, deep=False)

    def _own(self, path: Path, *, deep: bool = True) -> None:
        for one in [path, *(_walk(path) if deep else ())]:
            if one.exists():
                os.chown(one, self.server.uid, self.server.gid)


def _created(lock: Path) -> bool:
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _walk(path: Path) -> Iterator[Path]:
    return path.rglob("*")
