"""A mailbox in memory that follows the rules of IMAP: UIDs rise and are never reused within a UIDVALIDITY (RFC 9051).

It simulates what servers and other clients do between two scans: deliver, move, expunge, restore yesterday's state,
change UIDVALIDITY, refuse a folder, be unreachable. The port half of the class is what oacmail sees.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.parser import HeaderParser
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache

from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder
from oacmail.core.ports import Fetched, FolderState, FolderTree, MessageMeta, WatchedFolder

_ROLES = {"INBOX": Folder.INTAKE, "Sent": Folder.SENT, "Junk": Folder.JUNK}
_DRAFTS = ("Drafts", "Esborranys", "Borradores")


@dataclass
class StoredMessage:
    raw: bytes
    internal_date: datetime
    seen: bool = False
    flagged: bool = False
    deleted: bool = False
    draft: bool = False
    bad: bool = False  # the server cannot return it

    @cached_property
    def fields(self) -> Mapping[bytes, bytes]:
        """Its header fields; the mailbox is searched every simulated hour."""
        return _fields(self.raw)

    @property
    def message_id(self) -> str:
        return self.fields.get(b"message-id", b"").decode("utf-8", "replace").strip()

    def has(self, field: str, value: str) -> bool:
        """As SEARCH HEADER compares: a part of the field, in any case (RFC 9051 section 6.4.4)."""
        return any(value.lower() in text for text in self._texts.get(field.lower(), ()))

    @cached_property
    def _texts(self) -> Mapping[str, list[str]]:
        """Field in small letters -> each of its values on one line, in small letters."""
        texts: dict[str, list[str]] = {}
        for name, value in HeaderParser().parsestr(self.raw.decode("utf-8", "replace")).items():
            texts.setdefault(name.lower(), []).append(" ".join(str(value).split()).lower())
        return texts


@dataclass
class SimulatedFolder:
    """One folder."""

    uidvalidity: int
    uidnext: int = 1
    messages: dict[int, StoredMessage] = field(default_factory=dict)
    _bearing: dict[bytes, tuple[int, set[int]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def bearing(self, name: bytes) -> set[int]:
        """The UIDs of its messages with this header field. Only what came since the last question is read: a UID never
        names another message."""
        until, found = self._bearing.get(name, (1, set()))
        for uid in reversed(self.messages):
            if uid < until:
                break
            if name in self.messages[uid].fields:
                found.add(uid)
        self._bearing[name] = (self.uidnext, found)
        return found & self.messages.keys()

    def add(self, message: StoredMessage) -> int:
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.messages[uid] = message
        return uid

    def copy(self) -> "SimulatedFolder":
        return replace(self, messages={uid: replace(message) for uid, message in self.messages.items()})


class SimulatedMailbox:
    """Port `Mailbox`. `away`: the server cannot be reached; `refused`: folders that it does not open; `unwatched`:
    folders that nobody has configured to be watched; `deletes`: it has UIDPLUS; `unwritable`:
    folders that take no message and no flag; `returns_nothing`: it lists messages and returns none; `tells_copyuid`: it
    says where a moved message is; `moves`: how many messages of people oacmail has moved; `moved`: those since somebody
    cleared the list (Message-ID, folder); `touched`: the Message-IDs of what people moved, copied or removed since;
    `changes`: rises with every change."""

    def __init__(self, *folders: str) -> None:
        names = folders or ("INBOX", "Sent", "Junk")
        self.folders = {name: SimulatedFolder(uidvalidity=1_000 + number) for number, name in enumerate(names)}
        self.away = False
        self.returns_nothing = False
        self.refused: set[str] = set()
        self.unwatched = {"oacmail"}
        self.deletes = True
        self.unwritable: set[str] = set()
        self.tells_copyuid = True
        self.moves = 0
        self.moved: list[tuple[str, str]] = []
        self.touched: set[str] = set()
        self.changes = 0
        self._open = ""

    # --- what others do to it ---------------------------------------------------------------------

    def append(self, folder: str, raw: bytes, at: datetime, *, seen: bool = False) -> int:
        """Deliver a message, or APPEND it as a client; return the new UID. INTERNALDATE has whole seconds."""
        self.changes += 1
        date = at.astimezone(UTC).replace(microsecond=0)
        return self.folders[folder].add(StoredMessage(raw, date, seen))

    def move(self, folder: str, uid: int, target: str) -> int:
        self._touch(folder, uid)
        return self._moved(folder, uid, target)

    def copy(self, folder: str, uid: int, target: str) -> int:
        """COPY keeps INTERNALDATE (RFC 9051 section 6.4.7)."""
        self._touch(folder, uid)
        return self.folders[target].add(replace(self.folders[folder].messages[uid]))

    def mark_deleted(self, folder: str, uid: int) -> None:
        r"""Flag it \Deleted, as a client does that expunges later."""
        self._touch(folder, uid)
        self.folders[folder].messages[uid].deleted = True

    def _touch(self, folder: str, *uids: int) -> None:
        self.changes += 1
        messages = self.folders[folder].messages
        self.touched.update(messages[uid].message_id for uid in uids or messages)

    def _moved(self, folder: str, uid: int, target: str) -> int:
        self.changes += 1
        return self.folders[target].add(self.folders[folder].messages.pop(uid))

    def rename(self, folder: str, name: str) -> None:
        """RENAME keeps UIDs and UIDVALIDITY; the levels below go along."""
        self._touch(folder)
        for old in [one for one in self.folders if one == folder or one.startswith(folder + "/")]:
            self.folders[name + old.removeprefix(folder)] = self.folders.pop(old)

    def create_folder(self, folder: str) -> None:
        self.create(folder)

    def drop_folder(self, folder: str) -> None:
        del self.folders[folder]

    def expunge(self, folder: str, uid: int) -> None:
        self._touch(folder, uid)
        del self.folders[folder].messages[uid]

    def snapshot(self) -> Mapping[str, SimulatedFolder]:
        """A backup of the server's disk."""
        return {name: box.copy() for name, box in self.folders.items()}

    def restore(self, snapshot: Mapping[str, SimulatedFolder]) -> None:
        """Restore a snapshot with its UIDVALIDITY and UIDNEXT: new messages reuse UIDs."""
        for name in self.folders:
            self._touch(name)
        self.folders = {name: box.copy() for name, box in snapshot.items()}

    def renew(self, folder: str) -> None:
        """Change the UIDVALIDITY of the folder and renumber its messages."""
        self._touch(folder)
        old = self.folders[folder]
        self.folders[folder] = SimulatedFolder(uidvalidity=old.uidvalidity + 100)
        for message in old.messages.values():
            self.folders[folder].add(message)

    def raws(self, folder: str) -> list[bytes]:
        return [message.raw for message in self.folders[folder].messages.values()]

    # --- the port ---------------------------------------------------------------------------------

    def watched(self) -> Sequence[WatchedFolder]:
        self._reach()
        names = [name for name in self.folders if name not in {*_DRAFTS, *self.unwatched}]
        return [WatchedFolder(name=name, role=_ROLES.get(name, Folder.OTHER)) for name in names]

    def drafts(self) -> str:
        return next((name for name in self.folders if name in _DRAFTS), "")

    def append_draft(self, folder: str, raw: bytes) -> None:
        self.open(folder)
        self.changes += 1
        self._box().add(StoredMessage(raw, parsedate_to_datetime(_fields(raw)[b"date"].decode()), draft=True))

    def append_piece(self, folder: str, raw: bytes) -> None:
        self.open(folder)
        self.append(folder, raw, parsedate_to_datetime(_fields(raw)[b"date"].decode()), seen=True)

    def names(self) -> Sequence[str]:
        self._reach()
        return sorted(self.folders)

    def offers(self) -> frozenset[str]:
        return frozenset(["UIDPLUS"] if self.deletes else [])

    def remove_pieces(self, folder: str, uids: Collection[int]) -> None:
        for uid in sorted(uids):
            self.remove(folder, uid)

    def missing(self) -> Sequence[str]:
        return [] if "Sent" in self.folders else ["Sent"]

    def fill(self) -> float:
        return 0.0

    def open(self, folder: str) -> FolderState:
        self._reach()
        if folder in self.refused:
            raise Transient("IMAP SELECT: NO")
        self._open = folder
        box = self.folders[folder]
        return FolderState(uidvalidity=box.uidvalidity, uidnext=box.uidnext, exists=len(box.messages))

    def uids(self) -> set[int]:
        return set(self._box().messages)

    def bearing(self, field: str, value: str = "") -> set[int]:
        box = self._box()
        found = box.bearing(field.lower().encode())
        return {uid for uid in found if box.messages[uid].has(field, value)} if value else found

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        messages = self._box().messages
        return [
            MessageMeta(uid=uid, size=len(messages[uid].raw), internal_date=messages[uid].internal_date)
            for uid in (messages if uids is None else uids)
            if uid in messages
        ]

    def identifying(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        messages = self._box().messages
        return {uid: messages[uid].raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0] for uid in uids if uid in messages}

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        messages = self._box().messages
        self._check_readable()
        got = {uid: Fetched(raw=messages[uid].raw) for uid in uids if uid in messages and not messages[uid].bad}
        if len(uids) == 1 and not got and uids[0] in messages:
            raise UnreadableMessage(uids[0])
        return got

    def file(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> None:
        self._reach()
        for uid in sorted(self.folders[folder].messages.keys() & uids):
            self.folders[folder].messages[uid].seen |= seen
            self._moved(folder, uid, target)

    def tree(self) -> FolderTree:
        self._reach()
        return FolderTree(separator="/", prefix="", names=frozenset(self.folders))

    def create(self, folder: str, *, subscribe: bool = True) -> bool:
        self._reach()
        if folder in self.refused:
            return False
        self.folders.setdefault(folder, SimulatedFolder(uidvalidity=2_000 + len(self.folders)))
        return True

    def can_move(self) -> bool:
        return True

    def move_messages(self, folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        self._reach()
        self._check_writable(target, "MOVE")
        present = sorted(self.folders[folder].messages.keys() & uids)
        self.moves += len(present)
        self.moved += [(self.folders[folder].messages[uid].message_id, target) for uid in present]
        found = {uid: (self.folders[target].uidvalidity, self._moved(folder, uid, target)) for uid in present}
        return found if self.tells_copyuid else {}

    def remove(self, folder: str, uid: int) -> None:
        self._reach()
        self.changes += 1
        if self.deletes:
            self.folders[folder].messages.pop(uid, None)

    def erase(self, folder: str, uids: Collection[int]) -> None:
        for uid in uids:
            self.remove(folder, uid)

    def flag(self, folder: str, uids: Collection[int], *, on: bool) -> None:
        self._reach()
        self._check_writable(folder, "STORE")
        for uid in self.folders[folder].messages.keys() & uids:
            self.folders[folder].messages[uid].flagged = on

    def _check_writable(self, folder: str, command: str) -> None:
        if folder in self.unwritable:
            raise Transient(f"IMAP {command}: NO [NOPERM]")

    def number(self, folder: str, uid: int) -> str:
        return ""

    def deleted(self, folder: str) -> set[int]:
        self._reach()
        return {uid for uid, message in self.folders[folder].messages.items() if message.deleted}

    def wait(self, seconds: float) -> bool:
        return False

    def wake(self) -> None:
        """Do nothing: `wait` never blocks."""

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _reach(self) -> None:
        if self.away:
            raise Transient("IMAP: the server is away")

    def _check_readable(self) -> None:
        """Raise Transient unless another message can be read, as the real adapter does before it blames one message."""
        others = (message for box in self.folders.values() for message in box.messages.values())
        if self.returns_nothing or all(message.bad for message in others):
            raise Transient("IMAP FETCH: no message can be read")

    def _box(self) -> SimulatedFolder:
        self._reach()
        return self.folders[self._open]


@lru_cache(maxsize=10_000)  # copies have the same bytes
def _fields(raw: bytes) -> Mapping[bytes, bytes]:
    """Names of the header fields, in lower case, with what stands on their first line."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    lines = (line.partition(b":") for line in head.split(b"\n") if b":" in line)
    return {name.lower(): value for name, _, value in lines}
