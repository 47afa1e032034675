"""A mailbox in memory that keeps to IMAP's rules: UIDs rise and are never used again within a UIDVALIDITY.

It does what servers and other people do to a mailbox between two of our looks: deliver, move, expunge, restore
yesterday's state, change UIDVALIDITY, refuse a folder, go away. The port's half is what oacmail sees of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from oacmail.core.errors import Transient, UnreadableLetter
from oacmail.core.model import Folder
from oacmail.core.ports.mailbox import Fetched, FolderState, Place, WatchedFolder

_ROLES = {"INBOX": Folder.INTAKE, "Sent": Folder.SENT, "Junk": Folder.JUNK}


@dataclass
class Letter:
    raw: bytes
    internal_date: datetime
    seen: bool = False
    bad: bool = False  # the server cannot give it out


@dataclass
class Box:
    """One folder."""

    uidvalidity: int
    uidnext: int = 1
    letters: dict[int, Letter] = field(default_factory=dict)

    def add(self, letter: Letter) -> int:
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.letters[uid] = letter
        return uid

    def copy(self) -> "Box":
        return replace(self, letters={uid: replace(letter) for uid, letter in self.letters.items()})


class PlayedMailbox:
    """Port `Mailbox`. `away`: the server cannot be reached; `refused`: folders it does not open; `gives_nothing`: it
    lists messages and gives out none."""

    def __init__(self, *folders: str) -> None:
        names = folders or ("INBOX", "Sent", "Junk")
        self.boxes = {name: Box(uidvalidity=1_000 + number) for number, name in enumerate(names)}
        self.away = False
        self.gives_nothing = False
        self.refused: set[str] = set()
        self._open = ""

    # --- what others do to it ---------------------------------------------------------------------

    def append(self, folder: str, raw: bytes, at: datetime, *, seen: bool = False) -> int:
        """A delivery or a client's APPEND; the new UID. INTERNALDATE has whole seconds."""
        return self.boxes[folder].add(Letter(raw, at.astimezone(UTC).replace(microsecond=0), seen))

    def move(self, folder: str, uid: int, target: str) -> int:
        return self.boxes[target].add(self.boxes[folder].letters.pop(uid))

    def copy(self, folder: str, uid: int, target: str) -> int:
        """COPY keeps INTERNALDATE (RFC 9051 section 6.4.7)."""
        return self.boxes[target].add(replace(self.boxes[folder].letters[uid]))

    def expunge(self, folder: str, uid: int) -> None:
        del self.boxes[folder].letters[uid]

    def snapshot(self) -> Mapping[str, Box]:
        """A backup of the server's disk."""
        return {name: box.copy() for name, box in self.boxes.items()}

    def restore(self, snapshot: Mapping[str, Box]) -> None:
        """The disk as it was, UIDVALIDITY and UIDNEXT too: new letters take used UIDs again."""
        self.boxes = {name: box.copy() for name, box in snapshot.items()}

    def renew(self, folder: str) -> None:
        """The folder under another UIDVALIDITY, its letters numbered anew."""
        old = self.boxes[folder]
        self.boxes[folder] = Box(uidvalidity=old.uidvalidity + 100)
        for letter in old.letters.values():
            self.boxes[folder].add(letter)

    def raws(self, folder: str) -> list[bytes]:
        return [letter.raw for letter in self.boxes[folder].letters.values()]

    # --- the port ---------------------------------------------------------------------------------

    def watched(self) -> Sequence[WatchedFolder]:
        self._reach()
        return [WatchedFolder(name=name, role=_ROLES.get(name, Folder.OTHER)) for name in self.boxes]

    def missing(self) -> Sequence[str]:
        return [] if "Sent" in self.boxes else ["Sent"]

    def fill(self) -> float:
        return 0.0

    def open(self, folder: str) -> FolderState:
        self._reach()
        if folder in self.refused:
            raise Transient("IMAP SELECT: NO")
        self._open = folder
        box = self.boxes[folder]
        return FolderState(uidvalidity=box.uidvalidity, uidnext=box.uidnext, exists=len(box.letters))

    def uids(self) -> set[int]:
        return set(self._box().letters)

    def bearing(self, field: str) -> set[int]:
        wanted = field.lower().encode()
        return {uid for uid, letter in self._box().letters.items() if wanted in _fields(letter.raw)}

    def places(self, uids: Sequence[int] | None = None) -> Sequence[Place]:
        letters = self._box().letters
        return [
            Place(uid=uid, size=len(letters[uid].raw), internal_date=letters[uid].internal_date)
            for uid in (letters if uids is None else uids)
            if uid in letters
        ]

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        letters = self._box().letters
        self._prove_well()
        got = {uid: Fetched(raw=letters[uid].raw) for uid in uids if uid in letters and not letters[uid].bad}
        if len(uids) == 1 and not got and uids[0] in letters:
            raise UnreadableLetter(uids[0])
        return got

    def file(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> None:
        self._reach()
        for uid in sorted(self.boxes[folder].letters.keys() & uids):
            self.boxes[folder].letters[uid].seen |= seen
            self.move(folder, uid, target)

    def wait(self, seconds: float) -> bool:
        return False

    def wake(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """There is no line."""

    def _reach(self) -> None:
        if self.away:
            raise Transient("IMAP: the server is away")

    def _prove_well(self) -> None:
        """As the real one: a message is blamed only where another can be read."""
        others = (letter for box in self.boxes.values() for letter in box.letters.values())
        if self.gives_nothing or all(letter.bad for letter in others):
            raise Transient("IMAP FETCH: no message can be read")

    def _box(self) -> Box:
        self._reach()
        return self.boxes[self._open]


@lru_cache(maxsize=10_000)  # a town's mailbox is searched every hour
def _fields(raw: bytes) -> frozenset[bytes]:
    """Names of the header fields, in lower case."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return frozenset(line.lower().partition(b":")[0] for line in head.split(b"\n") if b":" in line)
