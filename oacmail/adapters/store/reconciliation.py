"""Compare what the server has with what the database says of it, and the outbox with the copies in the mailbox.

Selects only: what is found stays as it is, and a person looks at it. It knows places, states and times, never a text.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import at, moment, stamp
from oacmail.adapters.store.load_tick import problems
from oacmail.adapters.store.rows import Rows
from oacmail.core.model import Outcome
from oacmail.core.outbox.states import IN_FLIGHT
from oacmail.core.reconciliation import Discrepancy, Mismatch

BEING_WORKED = timedelta(hours=2)  # a message that the server does not deliver is tried four times in 71 minutes
COPIES_OF = timedelta(days=7)
COPY_WITHIN = timedelta(hours=1)
UNDER_WAY = timedelta(days=1)
SELF_COPIES = "self-copies"  # the code of the problem that explains missing copies
_RECORDED = (Outcome.CASE, Outcome.AUTOMATIC, Outcome.OURS, Outcome.STAFF, Outcome.SPAM, Outcome.DUPLICATE)

Present = Mapping[tuple[str, int], Set[int]]
"""(folder, UIDVALIDITY) to the UIDs that the server has there."""

_SEEN = """SELECT s.uid, s.outcome, s.first_seen, s.internal_date, s.fingerprint, m.id AS message, m.case_id,
  c.id AS "case" FROM sightings s LEFT JOIN messages m ON m.fingerprint = s.fingerprint
  LEFT JOIN cases c ON c.id = m.case_id WHERE s.folder = ? AND s.uidvalidity = ?"""
_WITHOUT_DEADLINE = """SELECT number, opened_at FROM cases c WHERE status <> 'closed' AND kind = 'request'
  AND NOT EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0
    AND (d.met_at IS NOT NULL OR d.void_at IS NULL)) ORDER BY number"""
_SENT = """SELECT o.kind, o.message_id, o.alias, o.copied_at, o.sent_at, c.number FROM outbox o
  LEFT JOIN cases c ON c.id = o.case_id WHERE o.data_at IS NOT NULL AND o.data_at BETWEEN ? AND ? AND o.state = 'sent'
  AND (o.copy_expected OR o.copied_at IS NOT NULL) AND o.erased_at IS NULL
  AND o.kind <> 'probe' ORDER BY o.data_at"""
_STUCK = f"""SELECT o.kind, coalesce(o.data_at, o.created_at) AS since, c.number FROM outbox o
  LEFT JOIN cases c ON c.id = o.case_id WHERE o.state IN({", ".join(f"'{state}'" for state in IN_FLIGHT)})
  AND coalesce(o.data_at, o.created_at) < ? ORDER BY o.id"""


class ReconciliationRows(Rows):
    """The method of `SqliteStore` for the nightly proof."""

    def discrepancies(self, present: Present, now: datetime) -> list[Discrepancy]:
        with self._read():
            ours: set[str] = set()
            return [
                *_messages(self.con, present, ours, now),
                *_cases(self.con),
                *_copies(self.con, ours, now),
                *_stuck(self.con, now),
            ]


def _messages(con: sqlite3.Connection, present: Present, ours: set[str], now: datetime) -> Iterator[Discrepancy]:
    """Also fill `ours` with the fingerprints of our own mail that the server has."""
    for (folder, uidvalidity), uids in sorted(present.items()):
        missing = set(uids)
        for row in con.execute(_SEEN, (folder, uidvalidity)):
            if row["uid"] not in uids:
                continue
            missing.discard(row["uid"])
            if row["outcome"] == Outcome.OURS or (row["outcome"] == Outcome.DUPLICATE and row["fingerprint"]):
                ours.add(row["fingerprint"])
            what = _wrong(row, now)
            if what is not None:
                yield Discrepancy(what=what, where=folder, at=at(row["internal_date"]))
        yield from (Discrepancy(what=Mismatch.MESSAGE, where=folder) for _ in missing)


def _wrong(row: sqlite3.Row, now: datetime) -> Mismatch | None:
    if row["outcome"] is None:
        return Mismatch.MESSAGE if now - at(row["first_seen"]) > BEING_WORKED else None
    lost = row["outcome"] in _RECORDED and row["message"] is None
    homeless = row["outcome"] == Outcome.CASE and row["case"] is None
    return Mismatch.RECORD if lost or homeless else None


def _cases(con: sqlite3.Connection) -> Iterator[Discrepancy]:
    for row in con.execute(_WITHOUT_DEADLINE):
        yield Discrepancy(what=Mismatch.CASE, where=row["number"], at=at(row["opened_at"]))


def _copies(con: sqlite3.Connection, ours: Set[str], now: datetime) -> Iterator[Discrepancy]:
    explained = SELF_COPIES in problems(con)
    for row in con.execute(_SENT, (stamp(now - COPIES_OF), stamp(now - COPY_WITHIN))):
        if row["copied_at"] is None and explained:
            continue
        names = con.execute(
            "SELECT fingerprint FROM messages WHERE message_id IN (?, ?) AND role = 'ours'",
            (row["message_id"], row["alias"]),
        )
        if ours.isdisjoint(name["fingerprint"] for name in names):
            yield Discrepancy(what=Mismatch.COPY, where=row["number"] or row["kind"], at=moment(row["sent_at"]))


def _stuck(con: sqlite3.Connection, now: datetime) -> Iterator[Discrepancy]:
    for row in con.execute(_STUCK, (stamp(now - UNDER_WAY),)):
        yield Discrepancy(what=Mismatch.STUCK, where=row["number"] or row["kind"], at=at(row["since"]))
