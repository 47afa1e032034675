"""Where messages were seen: folders, UIDVALIDITY, and which message is processed (docs/subjects.md, "One message").

A row is (folder, UIDVALIDITY, UID) with size and date, which reveal a reused UID. This module never reads a message and
knows its outcome only.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from oacmail.core.model import Folder, MessageRef, Outcome
from oacmail.core.ports import FolderRead, FolderRow, MessageMeta, WatchedFolder
from oacmail.store.connection import Rows, as_view, moment, reads, stamp, writes

UNREADABLE = "unreadable: the server gives up on it"
"""Why a message is quarantined that the server does not deliver."""


class FolderRows(Rows):
    """The methods of `SqliteStore` for folders and for the places in which messages were seen."""

    @reads
    def folders(self) -> dict[str, FolderRow]:
        """All that are known, by name."""
        rows = self.con.execute("SELECT *, synced_at <> '' AS read_once FROM folders")
        return {row["name"]: as_view(FolderRow, row) for row in rows}

    @writes
    def begin_folder(self, watched: WatchedFolder, uidvalidity: int, uidnext: int, now: datetime) -> None:
        """Record a new folder: messages older than `now` are its past."""
        self.con.execute(
            """INSERT INTO folders(name, role, uidvalidity, uidnext, started_at, synced_at, compared_at)
            VALUES(?,?,?,?,?,'','') ON CONFLICT(name) DO NOTHING""",
            (watched.name, watched.role, uidvalidity, uidnext, stamp(now)),
        )

    @writes
    def watching(self, watched: Iterable[WatchedFolder]) -> None:
        """Exactly these folders are watched from now on. One that was replaced is an ordinary folder."""
        roles = {folder.name: folder.role for folder in watched}
        for row in self.con.execute("SELECT name, role FROM folders").fetchall():
            replaced = row["name"] not in roles and row["role"] in roles.values()
            role = Folder.OTHER if replaced else roles.get(row["name"], row["role"])
            if role != row["role"]:
                self.con.execute("UPDATE folders SET role = ? WHERE name = ?", (role, row["name"]))

    @writes
    def synced(self, folders: Iterable[FolderRead], now: datetime) -> None:
        """These folders were read to their end by a pass that began at `now`."""
        at = stamp(now)
        self.con.executemany(
            """UPDATE folders SET uidvalidity = ?, uidnext = ?, synced_at = ?,
            compared_at = CASE WHEN ? THEN ? ELSE compared_at END WHERE name = ?""",
            [(folder.uidvalidity, folder.uidnext, at, folder.compared, at, folder.name) for folder in folders],
        )

    @reads
    def known(self, name: str, uidvalidity: int, uids: Sequence[int] | None) -> dict[int, MessageMeta]:
        """Return the messages seen under this UIDVALIDITY, by UID: those of `uids`, or all."""
        query = "SELECT uid, size, internal_date FROM sightings WHERE folder = ? AND uidvalidity = ?"
        some = f" AND uid IN ({','.join('?' * len(uids))})" if uids is not None else ""
        rows = self.con.execute(query + some, (name, uidvalidity, *(uids or ())))
        return {row["uid"]: as_view(MessageMeta, row) for row in rows}

    @reads
    def known_uids(self, name: str, uidvalidity: int) -> set[int]:
        rows = self.con.execute("SELECT uid FROM sightings WHERE folder = ? AND uidvalidity = ?", (name, uidvalidity))
        return {row["uid"] for row in rows}

    @writes
    def forget(self, name: str, uidvalidity: int, uids: Iterable[int]) -> None:
        """Forget these UIDs, which now name other messages."""
        self.con.executemany(
            "DELETE FROM sightings WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            [(name, uidvalidity, uid) for uid in uids],
        )

    @writes
    def sight(
        self,
        name: str,
        uidvalidity: int,
        metas: Iterable[MessageMeta],
        baseline: set[int],
        now: datetime,
    ) -> None:
        """Record new messages; those in `baseline` were in the folder before the first start."""
        self.con.executemany(
            """INSERT INTO sightings(folder, uidvalidity, uid, size, internal_date, first_seen, outcome)
            VALUES(?,?,?,?,?,?,?) ON CONFLICT(folder, uidvalidity, uid) DO NOTHING""",
            [
                (
                    name,
                    uidvalidity,
                    meta.uid,
                    meta.size,
                    stamp(meta.internal_date),
                    stamp(now),
                    Outcome.BASELINE if meta.uid in baseline else None,
                )
                for meta in metas
            ],
        )

    @writes
    def begin_epoch(self, name: str, uidvalidity: int) -> None:
        """End the rows of an older UIDVALIDITY: what waits there is seen again under the new one."""
        self.con.execute(
            """UPDATE sightings SET outcome = 'gone', in_flight = 0 WHERE folder = ? AND uidvalidity <> ?
            AND (outcome IS NULL OR (outcome = 'quarantined' AND error IS NOT NULL))""",
            (name, uidvalidity),
        )
        self.con.execute(
            "UPDATE sightings SET wanted = NULL WHERE folder = ? AND uidvalidity <> ? AND wanted IS NOT NULL",
            (name, uidvalidity),
        )

    @reads
    def of_the_past(self, metas: Iterable[MessageMeta], identities: Mapping[int, str]) -> set[int]:
        """Return the UIDs that a baseline message in any folder equals: in size and date if it was moved or renumbered,
        in identity (oacmail/mail/mime/headers.py) if it was copied, since a copying tool changes both."""
        moved, copied = "size = ? AND internal_date = ?", "identity = ?"
        sought: list[tuple[int, str, tuple[object, ...]]] = [
            *((meta.uid, moved, (meta.size, stamp(meta.internal_date))) for meta in metas),
            *((uid, copied, (one,)) for uid, one in identities.items() if one),
        ]
        query = "SELECT 1 FROM sightings WHERE outcome = 'baseline' AND "
        return {uid for uid, where, values in sought if self.con.execute(query + where, values).fetchone()}

    @reads
    def met_elsewhere(self, metas: Iterable[MessageMeta]) -> set[int]:
        """Return the UIDs that a message which was processed equals in size and date, whether or not it is still there:
        it was moved."""
        query = """SELECT 1 FROM sightings WHERE size = ? AND internal_date = ?
            AND outcome IS NOT NULL AND outcome <> 'baseline' LIMIT 1"""
        return {
            meta.uid for meta in metas if self.con.execute(query, (meta.size, stamp(meta.internal_date))).fetchone()
        }

    @reads
    def unidentified(self, name: str, uidvalidity: int) -> list[int]:
        """Return the baseline messages whose identity was not stored, as in the records of early versions."""
        query = """SELECT uid FROM sightings
            WHERE folder = ? AND uidvalidity = ? AND outcome = 'baseline' AND identity IS NULL ORDER BY uid"""
        return [row["uid"] for row in self.con.execute(query, (name, uidvalidity))]

    @writes
    def identify(self, name: str, uidvalidity: int, identities: Mapping[int, str]) -> None:
        """Store the identity of baseline messages; '' = the message has none."""
        self.con.executemany(
            "UPDATE sightings SET identity = ? WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            [(one, name, uidvalidity, uid) for uid, one in identities.items()],
        )

    @writes
    def revive(self, name: str, uidvalidity: int, present: Iterable[int]) -> None:
        """A UID is never used again within an epoch (RFC 9051 section 2.3.1.1): what counts as gone and lies there was
        hidden by the server. What the server could not give out has one try, then it is set aside again: 3 is the
        number of tries after which the next failure does so (engine/intake.py, SPACING), below MAX_CRASHES."""
        lost = self.con.execute(
            """SELECT uid FROM sightings WHERE folder = ? AND uidvalidity = ?
            AND (outcome = 'gone' OR (outcome = 'quarantined' AND error = ?))""",
            (name, uidvalidity, UNREADABLE),
        ).fetchall()
        again = {row["uid"] for row in lost}.intersection(present)
        self.con.executemany(
            """UPDATE sightings SET outcome = NULL, retry_at = NULL, attempts = min(attempts, 3)
            WHERE folder = ? AND uidvalidity = ? AND uid = ?""",
            [(name, uidvalidity, uid) for uid in sorted(again)],
        )

    @reads
    def with_unworked(self) -> set[tuple[str, int]]:
        """(folder, UIDVALIDITY) of all in which a message has no outcome yet."""
        query = "SELECT DISTINCT folder, uidvalidity FROM sightings INDEXED BY sightings_open WHERE outcome IS NULL"
        rows = self.con.execute(query)  # without the name of the index SQLite would read all, in order of the key
        return {(row["folder"], row["uidvalidity"]) for row in rows}

    @reads
    def unworked(self, name: str, uidvalidity: int, now: datetime) -> dict[int, tuple[MessageMeta, int, bool]]:
        """Return uid -> (message, attempts, was processed when a process died) without an outcome and not put off."""
        rows = self.con.execute(
            """SELECT uid, size, internal_date, attempts, in_flight FROM sightings
            WHERE folder = ? AND uidvalidity = ? AND outcome IS NULL AND (retry_at IS NULL OR retry_at <= ?)""",
            (name, uidvalidity, stamp(now)),
        )
        return {row["uid"]: (as_view(MessageMeta, row), row["attempts"], bool(row["in_flight"])) for row in rows}

    @writes
    def put_off(self, message_ref: MessageRef, until: datetime) -> None:
        """Leave it out of `unworked` until then."""
        self.con.execute(
            "UPDATE sightings SET retry_at = ? WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            (stamp(until), message_ref.folder, message_ref.uidvalidity, message_ref.uid),
        )

    @reads
    def any_failed(self) -> bool:
        """Whether any message is in quarantine because handling it failed."""
        return any_failed(self.con)

    @writes
    def attempt(self, name: str, uidvalidity: int, uids: Sequence[int], *, alone: bool) -> None:
        """Record before FETCH that these are processed. Only a message that is processed alone counts an attempt."""
        self.con.executemany(
            f"""UPDATE sightings SET in_flight = 1{", attempts = attempts + 1" if alone else ""}
            WHERE folder = ? AND uidvalidity = ? AND uid = ?""",
            [(name, uidvalidity, uid) for uid in uids],
        )

    def attempt_ended(
        self, name: str, uidvalidity: int, uids: Sequence[int], *, passing: bool, error: str | None
    ) -> None:
        """Record that these are no longer processed. `passing`: the connection failed: the attempt does not count."""
        less = ", attempts = max(attempts - 1, 0)" if passing else ""
        with self._write():
            self.con.executemany(
                f"""UPDATE sightings SET in_flight = 0, error = ?{less}
                WHERE folder = ? AND uidvalidity = ? AND uid = ? AND in_flight""",
                [(error, name, uidvalidity, uid) for uid in uids],
            )

    @writes
    def count_failure(self, message_ref: MessageRef, error: str) -> None:
        """Count a failure of the message itself."""
        self.con.execute(
            """UPDATE sightings SET attempts = attempts + 1, in_flight = 0, error = ?
            WHERE folder = ? AND uidvalidity = ? AND uid = ?""",
            (error, message_ref.folder, message_ref.uidvalidity, message_ref.uid),
        )

    @writes
    def end(
        self, message_ref: MessageRef, outcome: Outcome, fingerprint: str | None = None, *, error: str | None = None
    ) -> None:
        """`error`: why it could not be processed; None for a message quarantined for its content."""
        self.con.execute(
            """UPDATE sightings SET outcome = ?, fingerprint = coalesce(?, fingerprint), in_flight = 0, error = ?
            WHERE folder = ? AND uidvalidity = ? AND uid = ?""",
            (outcome, fingerprint, error, message_ref.folder, message_ref.uidvalidity, message_ref.uid),
        )

    @writes
    def quarantine(self, message_ref: MessageRef, raw: bytes | None, reason: str, now: datetime) -> None:
        """Store the bytes of the message, if there are any, by their hash, and add it to the review list."""
        checksum = sha256(raw).hexdigest() if raw is not None else None
        self.end(message_ref, Outcome.QUARANTINED, checksum, error=reason)
        if raw is not None:
            self.con.execute("INSERT OR IGNORE INTO originals(key, bytes) VALUES(?,?)", (checksum, raw))
            self.con.execute(
                """INSERT INTO reviews(fingerprint, reason, at) VALUES(?,?,?)
                ON CONFLICT(fingerprint) DO UPDATE SET reason = excluded.reason, done_at = NULL""",
                (checksum, reason, stamp(now)),
            )

    @reads
    def to_file(self) -> list[tuple[MessageRef, str]]:
        """Return (message, wanted role) of messages that are in another folder than they should be."""
        rows = self.con.execute("SELECT folder, uidvalidity, uid, wanted FROM sightings WHERE wanted IS NOT NULL")
        return [(as_view(MessageRef, row), row["wanted"]) for row in rows]

    @writes
    def filed(self, message_refs: Iterable[MessageRef]) -> None:
        self.con.executemany(
            "UPDATE sightings SET wanted = NULL WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            [(message_ref.folder, message_ref.uidvalidity, message_ref.uid) for message_ref in message_refs],
        )


def any_failed(con: sqlite3.Connection) -> bool:
    """Whether a message could not be processed and waits for a person."""
    query = """SELECT 1 FROM sightings s LEFT JOIN reviews r ON r.fingerprint = s.fingerprint
        WHERE s.outcome = 'quarantined' AND s.error IS NOT NULL AND r.done_at IS NULL LIMIT 1"""
    return con.execute(query).fetchone() is not None


def synced_at(con: sqlite3.Connection) -> datetime | None:
    """When the least recently read of INBOX and Sent was read."""
    return moment(con.execute("SELECT min(synced_at) FROM folders WHERE role IN ('intake', 'sent')").fetchone()[0])


def unread(con: sqlite3.Connection) -> tuple[str, ...]:
    """Return the folders that were read less recently than the others; all if the server is unreachable."""
    rows = con.execute("SELECT name, synced_at FROM folders WHERE role IN ('intake', 'sent') ORDER BY name").fetchall()
    latest = max((row["synced_at"] for row in rows), default="")
    behind = [row["name"] for row in rows if row["synced_at"] < latest]
    return tuple(behind or (row["name"] for row in rows)) or ("INBOX",)
