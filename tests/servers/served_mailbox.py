"""A user's mailbox on a real Dovecot with the methods of `SimulatedMailbox`, so that a test of `World` runs on both.

oacmail reads it through its own adapter; what people do goes over a second connection. Folder names are written with /
and without prefix, whatever the server uses.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from imapclient import IMAPClient

from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from testbed.client import MailClient
from testbed.mailbox import StoredMessage
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import HOST


@dataclass
class ServedFolder:
    """One folder as it is now."""

    messages: Mapping[int, StoredMessage]


class ServedMailbox(ImapMailbox):
    """`moves`: how many messages of people oacmail has moved; `after_move`: called after each, with its Message-ID
    and its target. `person`: the connection of people's client. `port`: where oacmail reads, if not at the server."""

    def __init__(self, server: Dovecot, user: str, port: int = 0) -> None:
        super().__init__(
            ImapSettings(
                host=HOST,
                port=port or server.imap_port,
                user=user,
                password=PASSWORD,
                security="none",
                max_bytes=5_000_000,
            )
        )
        self.server = server
        self.tells_copyuid = server.without != "UIDPLUS"
        self.moves = self._asked = 0
        self.after_move: Callable[[str, str], None] = lambda message_id, target: None
        person = IMAPClient(HOST, port=server.imap_port, ssl=False)
        person.login(user, PASSWORD)
        self.person = MailClient(person)

    @property
    def changes(self) -> int:
        """Never the same twice: a server does not count its changes, so each look may find one."""
        self._asked += 1
        return self._asked

    # --- people -----------------------------------------------------------------------------------

    def append(self, folder: str, raw: bytes, at: datetime, *, seen: bool = False) -> int:
        name = self._named(folder)
        self.person.append(raw, name, *(["\\Seen"] if seen else []), at=at.replace(microsecond=0))
        return self.person.uids(name)[-1]

    def move(self, folder: str, uid: int, target: str) -> None:
        self.person.move(uid, self._named(target), self._named(folder))

    def copy(self, folder: str, uid: int, target: str) -> None:
        self.person.copy(uid, self._named(target), self._named(folder))

    def mark_deleted(self, folder: str, uid: int) -> None:
        self.person.flag(uid, "\\Deleted", folder=self._named(folder))

    def expunge(self, folder: str, uid: int) -> None:
        self.person.delete(uid, self._named(folder))

    def rename(self, folder: str, name: str) -> None:
        self.person.client.rename_folder(self._named(folder), self._named(name))

    def create_folder(self, folder: str) -> None:
        self.person.create(self._named(folder))

    def drop_folder(self, folder: str) -> None:
        self.person.client.delete_folder(self._named(folder))

    @property
    def folders(self) -> dict[str, ServedFolder]:
        return {self._plain(name): ServedFolder(self._messages(name)) for name in self.person.folders()}

    def names_of_people(self) -> set[str]:
        """The folders that can be opened."""
        return set(map(self._plain, self.person.folders()))

    def letters(self, folder: str) -> dict[int, str]:
        """UID to Message-ID of what lies there."""
        field = "BODY[HEADER.FIELDS (MESSAGE-ID)]"
        found = self.person.fetched(self._named(folder), field.replace("BODY", "BODY.PEEK"))
        return {uid: data[field.encode()].decode().partition(":")[2].strip() for uid, data in found.items()}

    def holds(self, folder: str, uid: int) -> bool:
        return uid in self.letters(folder)

    def raws(self, folder: str) -> list[bytes]:
        return [message.raw for message in self.folders[folder].messages.values()]

    def _messages(self, name: str) -> dict[int, StoredMessage]:
        found = self.person.fetched(name, "BODY.PEEK[]", "FLAGS", "INTERNALDATE")
        return {
            uid: StoredMessage(
                raw=data[b"BODY[]"],
                internal_date=data[b"INTERNALDATE"],
                seen=b"\\Seen" in data[b"FLAGS"],
                flagged=b"\\Flagged" in data[b"FLAGS"],
                deleted=b"\\Deleted" in data[b"FLAGS"],
            )
            for uid, data in sorted(found.items())
        }

    def _named(self, folder: str) -> str:
        if folder == "INBOX" or (self.server.prefix and folder.startswith(self.server.prefix)):
            return folder
        return self.server.prefix + folder.replace("/", self.server.separator)

    def _plain(self, name: str) -> str:
        return name.removeprefix(self.server.prefix).replace(self.server.separator, "/")

    # --- the port ---------------------------------------------------------------------------------

    def move_messages(self, folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        there = self.letters(self._plain(folder))
        found = super().move_messages(folder, uids, target)
        for uid in sorted(there.keys() & set(uids)):  # a move that failed is none
            self.moves += 1
            self.after_move(there[uid], target)
        return found

    def close(self) -> None:
        super().close()
        self.person.close()
