"""An ordinary mail client on a real server: what people of the demo and of the tests do to a mailbox over IMAP."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from imapclient import IMAPClient


class MailClient:
    """`client`: a connection that is logged in. Folders have the names that people see; UIDs are per folder."""

    def __init__(self, client: IMAPClient) -> None:
        client.normalise_times = False
        self.client = client

    @contextmanager
    def _in(self, folder: str, *, readonly: bool = False) -> Iterator[IMAPClient]:
        """Open the folder and leave it afterwards: Dovecot ends a session whose folder is deleted."""
        self.client.select_folder(folder, readonly=readonly)
        yield self.client
        if self.client.has_capability("UNSELECT"):
            self.client.unselect_folder()

    def close(self) -> None:
        self.client.logout()

    def folders(self) -> list[str]:
        """Those that hold messages."""
        return [str(name) for flags, _, name in self.client.list_folders() if b"\\Noselect" not in flags]

    def create(self, folder: str) -> None:
        self.client.create_folder(folder)

    def append(self, raw: bytes, folder: str, *flags: str, at: datetime | None = None) -> None:
        """`at`: its INTERNALDATE."""
        self.client.append(folder, raw, flags, at)

    def uids(self, folder: str = "INBOX", *criteria: str) -> list[int]:
        """Those of the messages there, all or those that meet IMAP search `criteria`."""
        with self._in(folder, readonly=True) as client:
            return sorted(client.search(criteria or "ALL"))

    def fetched(self, folder: str, *items: str) -> dict[int, dict[bytes, Any]]:
        """These items of all messages there, by UID in order."""
        with self._in(folder, readonly=True) as client:
            uids = client.search("ALL")
            return dict(sorted(client.fetch(uids, items).items())) if uids else {}

    def place_of(self, message_id: str) -> tuple[str, int]:
        """Folder and UID of the message with that Message-ID. Raises LookupError."""
        for folder in self.folders():
            if found := self.uids(folder, "HEADER", "Message-ID", message_id):
                return folder, found[0]
        raise LookupError(f"{message_id} is in no folder")

    def read(self, uid: int, folder: str = "INBOX") -> EmailMessage:
        """Open a message, which marks it \\Seen. Raises KeyError."""
        with self._in(folder) as client:
            raw = client.fetch([uid], ["BODY[]"])[uid][b"BODY[]"]
        if raw is None:  # NIL: another client has just taken it away
            raise KeyError(uid)
        return message_from_bytes(raw, policy=default)

    def flag(self, uid: int, *flags: str, folder: str = "INBOX", on: bool = True) -> None:
        with self._in(folder) as client:
            (client.add_flags if on else client.remove_flags)([uid], flags)

    def flags(self, uid: int, folder: str = "INBOX") -> set[str]:
        with self._in(folder, readonly=True) as client:
            return {flag.decode() for flag in client.get_flags([uid])[uid]}

    def move(self, uid: int, target: str, folder: str = "INBOX") -> None:
        """By MOVE, or as old clients do."""
        if self.client.has_capability("MOVE"):
            with self._in(folder) as client:
                client.move([uid], target)
        else:
            self.copy(uid, target, folder)
            self.delete(uid, folder)

    def copy(self, uid: int, target: str, folder: str = "INBOX") -> None:
        with self._in(folder) as client:
            client.copy([uid], target)

    def delete(self, uid: int, folder: str = "INBOX") -> None:
        """Flag \\Deleted and expunge at once, as a client without a bin does."""
        with self._in(folder) as client:
            client.add_flags([uid], [b"\\Deleted"])
            client.expunge()
