"""IMAP servers that act like two large providers, over a mailbox in memory: what they offer and how they move.

    mailbox = ProviderMailbox(EXCHANGE)      # oacmail reads it by its own adapter; people act on `mailbox.model`

EXCHANGE has no keywords: STORE of another flag than its own is refused; its folders have the names of the mailbox's
language, and no special use. GMAIL has labels: a folder is a label, every
message is in All Mail too, and a message that is copied into a folder in which it already lies stays there once.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from imapclient import imap_utf7

from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from testbed.mailbox import SimulatedFolder, SimulatedMailbox, StoredMessage
from tests.fakes.imap_server import ImapDialogue, ImapListener, among
from tests.servers.ports import HOST

ALL_MAIL = "[Gmail]/All Mail"
TRASH = "[Gmail]/Trash"
_FLAGS = {"\\seen": "seen", "\\flagged": "flagged", "\\deleted": "deleted"}


class LabelMailbox(SimulatedMailbox):
    """Folders as labels."""

    def append(self, folder: str, raw: bytes, at: datetime, *, seen: bool = False) -> int:
        uid = super().append(folder, raw, at, seen=seen)
        super().append(ALL_MAIL, raw, at, seen=seen)
        return uid

    def move(self, folder: str, uid: int, target: str) -> int:
        raw = self.folders[folder].messages[uid].raw
        new = self.copy(folder, uid, target)
        self.expunge(folder, uid)
        if target == TRASH:  # then it is in no other folder
            everywhere = self.folders[ALL_MAIL].messages
            for one in [one for one, message in everywhere.items() if message.raw == raw]:
                super().expunge(ALL_MAIL, one)
        return new

    def copy(self, folder: str, uid: int, target: str) -> int:
        raw = self.folders[folder].messages[uid].raw
        has = (one for one, message in self.folders[target].messages.items() if message.raw == raw)
        return next(has, None) or super().copy(folder, uid, target)

    def expunge(self, folder: str, uid: int) -> None:
        if folder != ALL_MAIL:
            super().expunge(folder, uid)


@dataclass(frozen=True)
class Provider:
    """`special`: LIST attributes by folder; `sent`: the name of the folder of sent mail."""

    capabilities: str
    model: Callable[[], SimulatedMailbox]
    special: Mapping[str, str]
    sent: str


EXCHANGE = Provider(
    "IMAP4 IMAP4rev1 UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
    lambda: SimulatedMailbox("INBOX", "Elements enviats", "Elements suprimits"),
    {"INBOX": "\\Marked"},
    "Elements enviats",
)
GMAIL = Provider(
    "IMAP4rev1 UNSELECT IDLE NAMESPACE ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE SPECIAL-USE LITERAL-",
    lambda: LabelMailbox("INBOX", "[Gmail]/Sent Mail", ALL_MAIL, TRASH),
    {"[Gmail]/Sent Mail": "\\Sent", ALL_MAIL: "\\All", TRASH: "\\Trash"},
    "[Gmail]/Sent Mail",
)


class ProviderMailbox(ImapMailbox):
    """oacmail's adapter on such a server, with the methods of people's clients from `model`."""

    def __init__(self, provider: Provider) -> None:
        self.model = provider.model()
        self.capabilities, self.special = provider.capabilities, provider.special
        self.commands: list[str] = []
        self.denied: list[str] = []
        self._server = ImapListener(self, _ProviderDialogue)
        self._server.start()
        settings = ImapSettings(host=HOST, port=self._server.port, user="office", password="secret", security="none")
        super().__init__(settings)
        self.moves, self.tells_copyuid = 0, True
        self.sent = provider.sent
        for name in ("move", "copy", "expunge", "mark_deleted", "rename", "create_folder", "drop_folder", "raws"):
            setattr(self, name, getattr(self.model, name))

    @property
    def changes(self) -> int:
        return self.model.changes

    @property
    def folders(self) -> dict[str, SimulatedFolder]:
        """Without All Mail, which nobody watches."""
        return {
            "Sent" if name == self.sent else name: box for name, box in self.model.folders.items() if name != ALL_MAIL
        }

    def append(self, folder: str, raw: bytes, at: datetime, *, seen: bool = False) -> int:
        return self.model.append(self.sent if folder == "Sent" else folder, raw, at, seen=seen)

    def move_messages(self, folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        self.moves += len(uids)
        return super().move_messages(folder, uids, target)

    def close(self) -> None:
        super().close()
        self._server.shutdown()
        self._server.server_close()


class _ProviderDialogue(ImapDialogue):
    KNOWN = rf"{ImapDialogue.KNOWN}|SUBSCRIBE|UNSELECT"
    selected = ""

    @property
    def _boxes(self) -> dict[str, SimulatedFolder]:
        folders: dict[str, SimulatedFolder] = self.server.world.model.folders
        return folders

    def do_namespace(self, words: str) -> None:
        self.say('* NAMESPACE (("" "/")) NIL NIL')

    def do_list(self, words: str) -> None:
        if words.endswith('"" ""'):
            self.say('* LIST (\\Noselect) "/" ""')
            return
        for name in self._boxes:
            self.say(f'* LIST ({self.server.world.special.get(name, "")}) "/" {_quoted(name)}')

    def do_create(self, words: str) -> None:
        self.server.world.model.create(_folder(words.partition(" ")[2]))

    def do_append(self, words: str) -> None:
        said = re.fullmatch(r"APPEND (.+) \((.*)\) \{(\d+)\+?\}", words)
        assert said
        if "+}" not in words:
            self.say("+ go on")
        raw = self.rfile.read(int(said[3]) + 2)[:-2]
        self.server.world.model.append(_folder(said[1]), raw, datetime.now(UTC), seen="\\Seen" in said[2])

    def do_select(self, words: str) -> str:
        name = _folder(words.partition(" ")[2])
        if name not in self._boxes:
            return "NO [NONEXISTENT] no such folder"
        self.selected, box = name, self._boxes[name]
        flags = "\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent"
        return self.opened(words, box.messages, box.uidvalidity, box.uidnext, flags)

    do_examine = do_select

    def do_search(self, words: str) -> None:
        messages = self._box.messages
        if found := re.search(r"HEADER (\S+)", words):
            field = found[1].strip('"').lower().encode() + b":"
            uids = [uid for uid, one in messages.items() if re.search(rb"(?im)^" + field, one.raw)]
        else:
            uids = [uid for uid, one in messages.items() if one.deleted or "DELETED" not in words]
        self.found(uids)

    def do_fetch(self, words: str) -> None:
        uids, items = words.split(" ", 3)[2:]
        for number, uid in enumerate(self._uids(uids), 1):
            self.wfile.write(
                f"* {number} FETCH (UID {uid}".encode() + _items(self._box.messages[uid], items) + b")\r\n"
            )

    def do_store(self, words: str) -> str:
        _, _, uids, how, flags = words.split(" ", 4)
        for flag in flags.strip("()").lower().split():
            if flag not in _FLAGS:
                return "BAD Command Argument Error. 11"
            for uid in self._uids(uids):
                setattr(self._box.messages[uid], _FLAGS[flag], how.startswith("+"))
        return "OK done"

    def do_move(self, words: str) -> str:
        return self._moved(words, self.server.world.model.move)

    def do_copy(self, words: str) -> str:
        return self._moved(words, self.server.world.model.copy)

    def _moved(self, words: str, how: Callable[[str, int, str], int]) -> str:
        _, _, uids, rest = words.split(" ", 3)
        target = _folder(rest)
        if target not in self._boxes:
            return "NO [TRYCREATE] no such folder"
        old = self._uids(uids)
        new = [how(self.selected, uid, target) for uid in old]
        if old:
            self.say(f"* OK [COPYUID {self._boxes[target].uidvalidity} {_set(old)} {_set(new)}] moved")
        return "OK done"

    def do_expunge(self, words: str) -> None:
        for uid in self._uids(words.split(" ")[2]):
            if self._box.messages[uid].deleted:
                self.server.world.model.expunge(self.selected, uid)

    @property
    def _box(self) -> SimulatedFolder:
        return self._boxes[self.selected]

    def _uids(self, wanted: str) -> list[int]:
        return among(self._box.messages, wanted)


def _items(message: StoredMessage, items: str) -> bytes:
    if "X-GM-MSGID" in items:
        return b" X-GM-MSGID %d" % crc32(message.raw)
    if "HEADER.FIELDS" in items:
        head = message.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        wanted = re.findall(rb"(?im)^(?:message-id|date|from):.*$", head)
        fields = b"\r\n".join(wanted) + b"\r\n\r\n"
        return b" BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM)] {%d}\r\n%s" % (len(fields), fields)
    if "BODY.PEEK[]" in items:
        return b" BODY[] {%d}\r\n%s" % (len(message.raw), message.raw)
    date = message.internal_date.strftime("%d-%b-%Y %H:%M:%S +0000")
    return f' RFC822.SIZE {len(message.raw)} INTERNALDATE "{date}"'.encode()


def _folder(text: str) -> str:
    return str(imap_utf7.decode(text.strip().strip('"').encode()))


def _quoted(name: str) -> str:
    return f'"{imap_utf7.encode(name).decode()}"'


def _set(uids: Iterable[int]) -> str:
    return ",".join(map(str, uids))
