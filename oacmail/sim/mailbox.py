"""A mailbox in memory that keeps to IMAP's rules: UIDs rise and are never used again within a UIDVALIDITY.

It does what servers and other people do to a mailbox between two of our looks: deliver, move, expunge, restore
yesterday's state, change UIDVALIDITY, refuse a folder, go away. The port's half is what oacmail sees of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder
from oacmail.core.ports.mailbox import Fetched, FolderState, MessageMeta, WatchedFolder

_ROLES = {"INBOX": Folder.INTAKE, "Sent": Folder.SENT, "Junk": Folder.JUNK}


@dataclass
class StoredMessage:
    raw: bytes
    internal_date: datetime
    seen: bool = False
    bad: bool = False  # the server cannot give it out


@dataclass
class Box:
    """One folder."""

    uidvalidity: int
    uidnext: int = 1
    messages: dict[int, StoredMessage] = field(default_factory=dict)

    def add(self, message: StoredMessage) -> int:
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.messages[uid] = message
        return uid

    def copy(self) -> "Box":
        return replace(self, messages={uid: replace(message) for uid, message in self.messages.items()})


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
        return self.boxes[folder].add(StoredMessage(raw, at.astimezone(UTC).replace(microsecond=0), seen))

    def move(self, folder: str, uid: int, target: str) -> int:
        return self.boxes[target].add(self.boxes[folder].messages.pop(uid))

    def copy(self, folder: str, uid: int, target: str) -> int:
        """COPY keeps INTERNALDATE (RFC 9051 section 6.4.7)."""
        return self.boxes[target].add(replace(self.boxes[folder].messages[uid]))

    def expunge(self, folder: str, uid: int) -> None:
        del self.boxes[folder].messages[uid]

    def snapshot(self) -> Mapping[str, Box]:
        """A backup of the server's disk."""
        return {name: box.copy() for name, box in self.boxes.items()}

    def restore(self, snapshot: Mapping[str, Box]) -> None:
        """The disk as it was, UIDVALIDITY and UIDNEXT too: new messages take used UIDs again."""
        self.boxes = {name: box.copy() for name, box in snapshot.items()}

    def renew(self, folder: str) -> None:
        """The folder under another UIDVALIDITY, its messages numbered anew."""
        old = self.boxes[folder]
        self.boxes[folder] = Box(uidvalidity=old.uidvalidity + 100)
        for message in old.messages.values():
            self.boxes[folder].add(message)

    def raws(self, folder: str) -> list[bytes]:
        return [message.raw for message in self.boxes[folder].messages.values()]

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
        return FolderState(uidvalidity=box.uidvalidity, uidnext=box.uidnext, exists=len(box.messages))

    def uids(self) -> set[int]:
        return set(self._box().messages)

    def bearing(self, field: str) -> set[int]:
        wanted = field.lower().encode()
        return {uid for uid, message in self._box().messages.items() if wanted in _fields(message.raw)}

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        messages = self._box().messages
        return [
            MessageMeta(uid=uid, size=len(messages[uid].raw), internal_date=messages[uid].internal_date)
            for uid in (messages if uids is None else uids)
            if uid in messages
        ]

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        messages = self._box().messages
        self._prove_well()
        got = {uid: Fetched(raw=messages[uid].raw) for uid in uids if uid in messages and not messages[uid].bad}
        if len(uids) == 1 and not got and uids[0] in messages:
            raise UnreadableMessage(uids[0])
        return got

    def file(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> None:
        self._reach()
        for uid in sorted(self.boxes[folder].messages.keys() & uids):
            self.boxes[folder].messages[uid].seen |= seen
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
        others = (message for box in self.boxes.values() for message in box.messages.values())
        if self.gives_nothing or all(message.bad for message in others):
            raise Transient("IMAP FETCH: no message can be read")

    def _box(self) -> Box:
        self._reach()
        return self.boxes[self._open]


@lru_cache(maxsize=10_000)  # a town's mailbox is searched every hour
def _fields(raw: bytes) -> frozenset[bytes]:
    """Names of the header fields, in lower case."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return frozenset(line.lower().partition(b":")[0] for line in head.split(b"\n") if b":" in line)
