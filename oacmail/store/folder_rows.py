"""The methods of `SqliteStore` for folders and for the places in which messages were seen: each is one transaction over
seen_messages.py, and holds no rule."""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from hashlib import sha256

from oacmail.core.model import MessageRef, Outcome
from oacmail.core.ports.mailbox import FolderRead, FolderRow, MessageMeta, WatchedFolder
from oacmail.store import seen_messages
from oacmail.store.connection import Rows, stamp


class FolderRows(Rows):
    def folders(self) -> Mapping[str, FolderRow]:
        with self._read():
            return seen_messages.folders(self.con)

    def begin_folder(self, watched: WatchedFolder, uidvalidity: int, uidnext: int, now: datetime) -> None:
        with self._write():
            seen_messages.begin_folder(self.con, watched, uidvalidity, uidnext, now)

    def watching(self, watched: Sequence[WatchedFolder]) -> None:
        with self._write():
            seen_messages.watching(self.con, watched)

    def synced(self, folders: Iterable[FolderRead], now: datetime) -> None:
        with self._write():
            seen_messages.synced(self.con, folders, now)

    def known(self, name: str, uidvalidity: int, uids: Sequence[int] | None) -> dict[int, MessageMeta]:
        with self._read():
            return seen_messages.known(self.con, name, uidvalidity, uids)

    def known_uids(self, name: str, uidvalidity: int) -> set[int]:
        with self._read():
            return seen_messages.known_uids(self.con, name, uidvalidity)

    def forget(self, name: str, uidvalidity: int, uids: Iterable[int]) -> None:
        with self._write():
            seen_messages.forget(self.con, name, uidvalidity, uids)

    def sight(
        self, name: str, uidvalidity: int, found: Iterable[MessageMeta], baseline: set[int], now: datetime
    ) -> None:
        with self._write():
            seen_messages.sight(self.con, name, uidvalidity, found, baseline, now)

    def begin_epoch(self, name: str, uidvalidity: int) -> None:
        with self._write():
            seen_messages.begin_epoch(self.con, name, uidvalidity)

    def of_the_past(self, found: Iterable[MessageMeta], identities: Mapping[int, str]) -> set[int]:
        with self._read():
            return seen_messages.of_the_past(self.con, found, identities)

    def met_elsewhere(self, found: Iterable[MessageMeta]) -> set[int]:
        with self._read():
            return seen_messages.met_elsewhere(self.con, found)

    def unidentified(self, name: str, uidvalidity: int) -> list[int]:
        with self._read():
            return seen_messages.unidentified(self.con, name, uidvalidity)

    def identify(self, name: str, uidvalidity: int, identities: Mapping[int, str]) -> None:
        with self._write():
            seen_messages.identify(self.con, name, uidvalidity, identities)

    def revive(self, name: str, uidvalidity: int, present: Iterable[int]) -> None:
        with self._write():
            seen_messages.revive(self.con, name, uidvalidity, present)

    def with_unworked(self) -> Set[tuple[str, int]]:
        with self._read():
            return seen_messages.with_unworked(self.con)

    def unworked(self, name: str, uidvalidity: int, now: datetime) -> dict[int, tuple[MessageMeta, int, bool]]:
        with self._read():
            return seen_messages.unworked(self.con, name, uidvalidity, now)

    def put_off(self, message_ref: MessageRef, until: datetime) -> None:
        with self._write():
            seen_messages.put_off(self.con, message_ref, until)

    def any_failed(self) -> bool:
        with self._read():
            return seen_messages.any_failed(self.con)

    def attempt(self, name: str, uidvalidity: int, uids: Sequence[int], *, alone: bool) -> None:
        with self._write():
            seen_messages.attempt(self.con, name, uidvalidity, uids, alone=alone)

    def attempt_ended(
        self, name: str, uidvalidity: int, uids: Sequence[int], *, passing: bool, error: str | None
    ) -> None:
        with self._write():
            seen_messages.attempt_ended(self.con, name, uidvalidity, uids, passing=passing, error=error)

    def count_failure(self, message_ref: MessageRef, error: str) -> None:
        with self._write():
            seen_messages.count_failure(self.con, message_ref, error)

    def end(self, message_ref: MessageRef, outcome: Outcome) -> None:
        with self._write():
            seen_messages.end(self.con, message_ref, outcome)

    def quarantine(self, message_ref: MessageRef, raw: bytes | None, reason: str, now: datetime) -> None:
        """Store the bytes of the message, if there are any, by their hash, and add it to the review list."""
        with self._write():
            checksum = sha256(raw).hexdigest() if raw is not None else None
            seen_messages.end(self.con, message_ref, Outcome.QUARANTINED, checksum, error=reason)
            if raw is not None:
                self.con.execute("INSERT OR IGNORE INTO originals(sha256, bytes) VALUES(?,?)", (checksum, raw))
                self.con.execute(
                    """INSERT INTO reviews(fingerprint, reason, at) VALUES(?,?,?)
                    ON CONFLICT(fingerprint) DO UPDATE SET reason = excluded.reason, done_at = NULL""",
                    (checksum, reason, stamp(now)),
                )

    def to_file(self) -> list[tuple[MessageRef, str]]:
        with self._read():
            return seen_messages.to_file(self.con)

    def filed(self, message_refs: Iterable[MessageRef]) -> None:
        with self._write():
            seen_messages.filed(self.con, message_refs)
