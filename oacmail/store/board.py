"""What the board remembers: a row for each place and one for each message of the board.

A place is a row of board_places, with `passes` LEFT once the message lies there no longer: a UID that comes back then
was restored by the server, and moved by nobody. board_messages says where a message was last put. This module
decides nothing; `SqliteStore` has its methods.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Literal

from msgspec import Struct

from oacmail.core.board import PASSES, CurrentPlace, LastSeen, Standing
from oacmail.core.model import MessageRef, Outcome, Role
from oacmail.store.connection import ANSWER_DUE, Rows, as_view, at, reads, stamp, writes

LEFT = -1
_HERE = "folder = ? AND uidvalidity = ? AND uid = ?"
# Copies of ours that are on their way to Sent are no messages of the board.
_ON_THE_BOARD = """fingerprint IS NOT NULL AND outcome NOT IN ('baseline', 'gone')
  AND NOT (outcome = 'ours' AND wanted IS NOT NULL)"""
_UNSETTLED = """SELECT b.*, b.fingerprint AS message, m.outcome, m.role, c.number AS "case", p.folder AS p_folder,
    p.uidvalidity AS p_uidvalidity, p.uid AS p_uid, p.internal_date AS p_date, p.passes
  FROM board_messages b LEFT JOIN board_places p ON p.fingerprint = b.fingerprint AND p.passes >= 0
  LEFT JOIN sightings s ON s.folder = p.folder AND s.uidvalidity = p.uidvalidity AND s.uid = p.uid
  LEFT JOIN messages m ON m.fingerprint = b.fingerprint LEFT JOIN cases c ON c.id = m.case_id
  WHERE b.unsettled ORDER BY b.fingerprint, p.passes DESC, s.first_seen, p.folder, p.uid"""
_STANDING = """m.outcome, c.status, c.assignee, c.close_reason, c.board_folder,
    EXISTS(SELECT 1 FROM reviews r WHERE r.fingerprint = b.fingerprint AND r.done_at IS NULL) AS in_review,
    EXISTS(SELECT 1 FROM reviews r WHERE r.fingerprint = b.fingerprint AND r.done_at IS NOT NULL) AS reviewed"""
_PLACED = f"""SELECT b.fingerprint AS message, b.folder, b.uidvalidity, b.uid, b.flagged, b.target, {_STANDING},
    {ANSWER_DUE} AS due_at
  FROM board_messages b LEFT JOIN messages m ON m.fingerprint = b.fingerprint LEFT JOIN cases c ON c.id = m.case_id
  WHERE b.word IS NULL AND EXISTS(SELECT 1 FROM board_places p WHERE p.folder = b.folder
    AND p.uidvalidity = b.uidvalidity AND p.uid = b.uid AND p.fingerprint = b.fingerprint AND p.passes >= 0)"""
# CROSS JOIN: SQLite begins with the few cases, not with all messages
_LIVE = """b.fingerprint IN (
  SELECT m.fingerprint FROM cases c CROSS JOIN messages m ON m.case_id = c.id WHERE c.status <> 'closed'
  UNION ALL SELECT m.fingerprint FROM cases c CROSS JOIN messages m ON m.case_id = c.id
    WHERE c.status = 'closed' AND c.closed_at >= :since
  UNION ALL SELECT fingerprint FROM board_messages WHERE unsettled
  UNION ALL SELECT fingerprint FROM board_messages WHERE flagged
  UNION ALL SELECT fingerprint FROM reviews WHERE done_at IS NULL
  UNION ALL SELECT fingerprint FROM reviews WHERE done_at >= :since)"""

Word = Literal["waits", "carry out", "undo"]
"""What a person said of a move that is one of many: nothing yet, yes, no."""


class Unsettled(Struct, frozen=True, kw_only=True):
    """A message that may have been moved. `outcome`, `role` None: it could not be read and has no record. `places`: all
    that exist now, oldest first, their `means` and `deleted` unknown."""

    message: str
    case: str | None
    outcome: Outcome | None
    role: Role | None
    last: LastSeen
    word: Word | None
    places: tuple[CurrentPlace, ...]


class Placed(Struct, frozen=True, kw_only=True):
    """A message that lies where it was last put. `due_at`: of its case's earliest running response deadline;
    `flagged`: as we left it; `target`: the folder to which a move of ours is under way."""

    message: str
    ref: MessageRef
    standing: Standing
    due_at: datetime | None
    flagged: bool
    target: str | None


class BoardRows(Rows):
    """The methods of `SqliteStore` for the board."""

    def board_places(self) -> Mapping[tuple[str, int], set[int]]:
        """(folder, UIDVALIDITY) -> UIDs that are recorded as lying there."""
        found: dict[tuple[str, int], set[int]] = {}
        with self._read():
            query = "SELECT folder, uidvalidity, uid FROM board_places WHERE passes >= 0"
            for folder, uidvalidity, uid in self.con.execute(query):
                found.setdefault((folder, uidvalidity), set()).add(uid)
        return found

    @writes
    def board_seen(self, folder: str, uidvalidity: int, new: Collection[int], gone: Collection[int]) -> set[int]:
        """These lie there now and these no longer. Returns those of `new` that are no messages of the board."""
        self._left("folder = ? AND uidvalidity <> ?", [(folder, uidvalidity)])
        self._left(_HERE, [(folder, uidvalidity, uid) for uid in gone])
        return {uid for uid in sorted(new) if not self._lies(folder, uidvalidity, uid)}

    def _lies(self, folder: str, uidvalidity: int, uid: int) -> bool:
        """Whether it is a message of the board, or may become one when it is processed."""
        ref = (folder, uidvalidity, uid)
        row = self.con.execute(f"SELECT * FROM sightings WHERE {_HERE}", ref).fetchone()
        if row is None or row["outcome"] is None:
            self._left(_HERE, [ref])  # the UID names another message now
            return True
        found = self.con.execute(
            f"""INSERT INTO board_places(folder, uidvalidity, uid, fingerprint, internal_date)
            SELECT folder, uidvalidity, uid, fingerprint, internal_date FROM sightings
            WHERE {_HERE} AND {_ON_THE_BOARD} ON CONFLICT DO UPDATE SET
            passes = iif(fingerprint <> excluded.fingerprint, 0, iif(passes = {LEFT}, {PASSES}, passes)),
            fingerprint = excluded.fingerprint, internal_date = excluded.internal_date RETURNING fingerprint""",
            ref,
        ).fetchone()
        if found:
            self._unsettle([found[0]])
        return found is not None or row["outcome"] in ("quarantined", "ours")

    def _left(self, where: str, values: Iterable[Sequence[object]]) -> None:
        for place in values:
            query = f"UPDATE board_places SET passes = {LEFT} WHERE {where} AND passes >= 0 RETURNING fingerprint"
            rows = self.con.execute(query, place).fetchall()
            self._unsettle([row[0] for row in rows])

    def _unsettle(self, messages: Iterable[str]) -> None:
        self.con.executemany(
            "UPDATE board_messages SET unsettled = 1 WHERE fingerprint = ?", [(message,) for message in messages]
        )

    @writes
    def board_folders(self, names: Collection[str]) -> None:
        """Only these folders exist: what lay in others lies there no longer."""
        known = {row[0] for row in self.con.execute("SELECT DISTINCT folder FROM board_places WHERE passes >= 0")}
        self._left("folder = ?", [(name,) for name in known.difference(names)])

    @writes
    def board_begin(self) -> None:
        """A message that is new on the board was put where it was first seen: that orders nothing."""
        self.con.execute(
            """INSERT INTO board_messages(fingerprint, folder, uidvalidity, uid, internal_date)
            SELECT p.fingerprint, p.folder, p.uidvalidity, p.uid, p.internal_date FROM board_places p
            JOIN sightings s ON s.folder = p.folder AND s.uidvalidity = p.uidvalidity AND s.uid = p.uid
            WHERE p.passes = 0 AND NOT EXISTS(SELECT 1 FROM board_messages b WHERE b.fingerprint = p.fingerprint)
            ORDER BY s.outcome = 'duplicate', s.first_seen, p.folder, p.uid ON CONFLICT DO NOTHING"""
        )

    def board_unsettled(self) -> Sequence[Unsettled]:
        with self._read():
            rows = self.con.execute(_UNSETTLED).fetchall()
        found = []
        for _, group in groupby(rows, key=lambda row: row["message"]):
            row, *more = group
            places = (
                CurrentPlace(
                    ref=MessageRef(folder=place["p_folder"], uidvalidity=place["p_uidvalidity"], uid=place["p_uid"]),
                    internal_date=at(place["p_date"]),
                    passes=place["passes"],
                )
                for place in (row, *more)
                if place["p_folder"] is not None
            )
            last = as_view(LastSeen, row, ref=as_view(MessageRef, row))
            found.append(as_view(Unsettled, row, last=last, places=tuple(places)))
        return found

    def board_placed(self, since: datetime | None) -> Sequence[Placed]:
        """Those that may have to be moved or flagged: without those that were at rest before `since`; None = all."""
        query, values = (_PLACED, {}) if since is None else (f"{_PLACED} AND {_LIVE}", {"since": stamp(since)})
        with self._read():
            return [
                as_view(Placed, row, ref=as_view(MessageRef, row), standing=_standing(row))
                for row in self.con.execute(query, values)
            ]

    @reads
    def board_case(self, message: str) -> str | None:
        row = self.con.execute(
            "SELECT c.number FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.fingerprint = ?", (message,)
        ).fetchone()
        return row["number"] if row else None

    @writes
    def board_accept(self, message: str, at: CurrentPlace) -> None:
        """It counts as put there from now on, with no move under way."""
        self._put(message, at.ref, stamp(at.internal_date), ours=False)
        # the others were there too, and are copies
        self.con.execute(f"UPDATE board_places SET passes = {PASSES} WHERE fingerprint = ? AND passes >= 0", (message,))

    def _put(self, message: str, ref: MessageRef, internal_date: str, *, ours: bool) -> None:
        self.con.execute(
            """UPDATE board_messages SET folder = ?, uidvalidity = ?, uid = ?, internal_date = ?, target = NULL,
            ours = ?, missing = 0, word = NULL, unsettled = 1 WHERE fingerprint = ?""",
            (ref.folder, ref.uidvalidity, ref.uid, internal_date, PASSES * ours, message),
        )
        self.con.execute("UPDATE messages SET folder = ? WHERE fingerprint = ?", (ref.folder, message))

    @writes
    def board_arrived(self, moved: Sequence[tuple[str, MessageRef, MessageRef]], now: datetime) -> None:
        """Our move has put (message, from, to) there, by COPYUID: they are not read again."""
        for message, old, new in moved:
            self._arrived(message, old, new, now)

    def _arrived(self, message: str, old: MessageRef, new: MessageRef, now: datetime) -> None:
        before = (old.folder, old.uidvalidity, old.uid)
        after = (new.folder, new.uidvalidity, new.uid)
        self.con.execute(
            f"""INSERT INTO sightings(folder, uidvalidity, uid, size, internal_date, first_seen, outcome,
            fingerprint, error) SELECT ?, ?, ?, size, internal_date, ?, outcome, fingerprint, error
            FROM sightings WHERE {_HERE} ON CONFLICT DO NOTHING""",
            (*after, stamp(now), *before),
        )
        query = f"UPDATE board_places SET passes = {LEFT} WHERE {_HERE} RETURNING fingerprint, internal_date"
        row = self.con.execute(query, before).fetchone()
        if row:
            self.con.execute(
                f"INSERT INTO board_places VALUES(?,?,?,?,?,{PASSES}) ON CONFLICT DO NOTHING",
                (*after, row["fingerprint"], row["internal_date"]),
            )
            self._put(message, new, row["internal_date"], ours=True)

    def board_target(self, messages: Iterable[str], target: str) -> None:
        """We are about to move these."""
        self._set("target = ?, unsettled = 1", target, messages)

    def board_settled(self, message: str) -> None:
        """Nothing more is to be found out about it."""
        self._set("unsettled = ?", 0, [message])

    def board_missing(self, message: str, passes: int) -> None:
        self._set("missing = ?", passes, [message])

    def board_word(self, messages: Iterable[str], word: Word | None) -> None:
        self._set("word = ?, unsettled = 1", word, messages)

    def board_flagged(self, messages: Iterable[str], *, on: bool) -> None:
        self._set("flagged = ?", int(on), messages)

    @writes
    def _set(self, columns: str, value: object, messages: Iterable[str]) -> None:
        self.con.executemany(
            f"UPDATE board_messages SET {columns} WHERE fingerprint = ?", [(value, message) for message in messages]
        )

    @reads
    def board_waits(self) -> int:
        """How many messages wait for a word."""
        return waiting(self.con)

    @writes
    def board_passed(self) -> None:
        """A pass over all folders has ended: each new place is one pass older, unless its message waits for a word."""
        self.con.execute(
            f"""UPDATE board_places SET passes = passes + 1 WHERE passes BETWEEN 0 AND {PASSES - 1}
            AND fingerprint NOT IN (SELECT fingerprint FROM board_messages WHERE unsettled AND word IS NOT NULL)"""
        )
        self.con.execute("UPDATE board_messages SET ours = ours - 1 WHERE unsettled AND ours > 0")


def waiting(con: sqlite3.Connection) -> int:
    """Return how many messages wait for a word."""
    query = "SELECT count(*) FROM board_messages WHERE unsettled AND word = 'waits'"
    return int(con.execute(query).fetchone()[0])


def say(con: sqlite3.Connection, word: Word) -> int:
    """Say it of all moves that wait; return how many there are."""
    with con:
        return con.execute("UPDATE board_messages SET word = ? WHERE unsettled AND word = 'waits'", (word,)).rowcount


def _standing(row: sqlite3.Row) -> Standing:
    return as_view(Standing, row, outcome=Outcome(row["outcome"] or Outcome.QUARANTINED))
