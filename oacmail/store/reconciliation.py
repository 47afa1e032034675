"""Compare what the server has with what the database says of it, and the outbox with the copies in the mailbox.

What is found stays as it is, and a person looks at it; a damaged index alone is made anew. It knows places, states and
times, never a text. It reads page by page: between two pages other threads use the store. The thread that records
messages is the one that asks, and each row is judged by one statement, so that nothing is half written between two
pages.
"""

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from oacmail.core.kinds import IN_FLIGHT
from oacmail.core.model import Outcome
from oacmail.core.reconciliation import Discrepancy, Mismatch, MissingMessage
from oacmail.core.watched import COPIES
from oacmail.store import ledger
from oacmail.store.connection import FILE, LIVE, Rows, at, connect_readonly, moment, named_faults, stamp
from oacmail.store.remembered import problems

BEING_WORKED = timedelta(hours=2)  # a message that the server does not deliver is tried four times in 71 minutes
COPIES_OF = timedelta(days=7)
COPY_WITHIN = timedelta(hours=1)
UNDER_WAY = timedelta(days=1)
NAMED_FOR = timedelta(days=1)  # a message that is gone comes back by itself as seldom as a person can bring it back
PAGE = 1000  # rows of one read: about 0.05 s
_RECORDED = (Outcome.CASE, Outcome.AUTOMATIC, Outcome.OURS, Outcome.STAFF, Outcome.SPAM, Outcome.DUPLICATE)

Present = Mapping[tuple[str, int], Set[int]]
"""(folder, UIDVALIDITY) to the UIDs that the server has there."""

_SEEN = """SELECT s.uid, s.outcome, s.first_seen, s.internal_date, s.fingerprint, m.id AS message, m.case_id,
  c.id AS "case", s.fingerprint IS NOT NULL AND s.retry_at IS NULL AS again
  FROM sightings s LEFT JOIN messages m ON m.fingerprint = s.fingerprint
  LEFT JOIN cases c ON c.id = m.case_id WHERE s.folder = ? AND s.uidvalidity = ? AND s.uid > ? ORDER BY s.uid LIMIT ?"""
_WITHOUT_DEADLINE = """SELECT number, opened_at FROM cases c WHERE status <> 'closed' AND kind = 'request'
  AND NOT EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0
    AND (d.met_at IS NOT NULL OR d.withdrawn_at IS NULL))"""
_LIVE_CASE = "(c.status <> 'closed' OR c.closed_at > :copies_of)"
_NAMED = """EXISTS(SELECT 1 FROM events e WHERE e.fingerprint = m.fingerprint AND e.case_id IS m.case_id
  AND e.kind = 'message-gone' AND e.at < :named)"""
_OF_LIVE_CASES = f"""SELECT m.fingerprint, m.message_id, m.received_at, m.folder, c.number
  FROM (SELECT id, number FROM cases WHERE status <> 'closed' UNION ALL
    SELECT id, number FROM cases WHERE status = 'closed' AND closed_at > :copies_of) c
  CROSS JOIN messages m ON m.case_id = c.id WHERE m.erased_at IS NULL AND m.role <> 'ours'
  AND m.folder <> '' AND NOT {_NAMED}"""
"""What others wrote; of what they said by telephone or at the desk there is no mail."""
_SENT = f"""SELECT o.kind, o.message_id, o.alias, o.copied_at, o.sent_at, c.number FROM outbox o
  LEFT JOIN cases c ON c.id = o.case_id WHERE o.state = 'sent' AND o.erased_at IS NULL AND o.kind <> 'probe'
  AND o.data_at <= :copy_within AND (o.data_at >= :copies_of AND o.copy_expected
    OR o.copied_at IS NOT NULL AND (o.data_at >= :copies_of OR {_LIVE_CASE}))
  ORDER BY o.data_at"""
_COPY = (
    f"SELECT m.fingerprint, {_NAMED} AS named FROM messages m WHERE m.message_id IN (:name, :alias) AND role = 'ours'"
)
_OF_INDEX = re.compile(r"\bindex (\w+)$|^Tree (\d+)\b")
_STUCK = f"""SELECT o.kind, coalesce(o.data_at, o.created_at) AS since, c.number FROM outbox o
  LEFT JOIN cases c ON c.id = o.case_id WHERE o.state IN({", ".join(f"'{state}'" for state in IN_FLIGHT)})
  AND o.{LIVE} AND coalesce(o.data_at, o.created_at) < ? ORDER BY o.id"""


class ReconciliationRows(Rows):
    """The methods of `SqliteStore` for the nightly proof."""

    file: Path
    keys: Sequence[bytes]

    def rows_as_recorded(self) -> tuple[list[Discrepancy], Mapping[str, int]]:
        """Compare the rows with the ledger on a connection of its own, while other threads use the store. Return what
        differs, and how many rows of each table were compared."""
        with closing(connect_readonly(self.file)) as beside, named_faults(self.file):
            proof = ledger.prove(beside, self.keys)
        if proof.broken:
            return [Discrepancy(what=Mismatch.LEDGER, where=Mismatch.LEDGER, detail=proof.broken)], {}
        with self._write():
            ledger.advance(self.con, self.keys, proof)
        return list(proof.differences), proof.compared

    def mend_indexes(self) -> list[Discrepancy]:
        """Return what SQLite finds wrong with the file (https://sqlite.org/pragma.html#pragma_integrity_check). An
        index that is not as its table hides rows from each query that uses it: it is made anew."""
        with closing(connect_readonly(self.file)) as beside, named_faults(self.file):
            said = [line for row in beside.execute("PRAGMA integrity_check") for line in str(row[0]).splitlines()]
            trees = dict(beside.execute("SELECT rootpage, name FROM sqlite_master WHERE type = 'index'").fetchall())
        faults: list[tuple[Mismatch, str, str]] = []
        for line in said:
            of_index = _OF_INDEX.search(line)
            index = of_index and (of_index[1] or trees.get(int(of_index[2])))
            if index:
                faults.append((Mismatch.INDEX, index, ""))
            elif line != "ok" and not line.startswith("***"):
                faults.append((Mismatch.FILE, FILE, line))
        for what, index, _ in set(faults):
            if what is Mismatch.INDEX:
                with self._write():
                    self.con.execute(f'REINDEX "{index}"')
        return [Discrepancy(what=what, where=where, detail=detail) for what, where, detail in sorted(set(faults))]

    @contextmanager
    def ledger_pieces(self, copied: str, now: datetime) -> Iterator[tuple[Iterator[bytes], str]]:
        """Yield what the mailbox does not have of the ledger, piece by piece, and what to remember as `copied` then; on
        a connection of its own, while other threads use the store."""
        with closing(connect_readonly(self.file)) as beside, named_faults(self.file):
            beside.execute("BEGIN")
            yield ledger.pieces(beside, copied, now)

    def ledger_knows(self, bodies: Sequence[bytes]) -> bool:
        """Whether the ledger has all that these pieces of a copy tell of."""
        with self._read():
            return ledger.knows(self.con, bodies)

    def discrepancies(self, present: Present, now: datetime) -> tuple[list[Discrepancy], list[MissingMessage]]:
        """Return what the server has, by folder and UIDVALIDITY, and the database cannot account for, with cases and
        mails that nobody would notice any more; and what is in none of these folders: messages of live cases, and
        copies of what we have sent."""
        ours: set[str] = set()
        since = {
            "copies_of": stamp(now - COPIES_OF),
            "copy_within": stamp(now - COPY_WITHIN),
            "named": stamp(now - NAMED_FOR),
        }
        live = {row["fingerprint"]: row for row in self._page(_OF_LIVE_CASES, since)}
        messages = [
            found
            for (folder, uidvalidity), uids in sorted(present.items())
            for found in self._messages(folder, uidvalidity, uids, ours, live, now)
        ]
        gone = [
            MissingMessage(
                fingerprint=fingerprint,
                message_ids=(row["message_id"],),
                discrepancy=Discrepancy(
                    what=Mismatch.GONE, where=row["number"], at=_when(row["received_at"]), detail=row["folder"]
                ),
            )
            for fingerprint, row in live.items()
        ]
        return [*messages, *self._cases(), *self._stuck(now)], [*gone, *self._without_copy(ours, since)]

    def identified(self, folder: str, uidvalidity: int, uids: Collection[int]) -> set[int]:
        """Those of these UIDs of which the database knows the message."""
        query = """SELECT uid FROM sightings WHERE folder = ? AND uidvalidity = ? AND fingerprint IS NOT NULL
          AND uid IN (SELECT value FROM json_each(?))"""
        return {row["uid"] for row in self._page(query, (folder, uidvalidity, json.dumps(sorted(uids))))}

    def named_as_gone(self, gone: Iterable[MissingMessage], now: datetime) -> None:
        """Record that the message is gone, on its case if it has one: it is named for a day and no longer."""
        with self._write():
            self.con.executemany(
                """INSERT INTO events(at, case_id, fingerprint, kind) SELECT ?1, case_id, fingerprint, 'message-gone'
                FROM messages m WHERE fingerprint = ?2 AND NOT EXISTS(SELECT 1 FROM events e
                  WHERE e.case_id IS m.case_id AND e.fingerprint = m.fingerprint AND e.kind = 'message-gone')""",
                [(stamp(now), message.fingerprint) for message in gone],
            )

    def _page(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """One short read."""
        with self._read():
            return self.con.execute(query, values).fetchall()

    def _messages(
        self, folder: str, uidvalidity: int, uids: Set[int], ours: set[str], live: dict[str, sqlite3.Row], now: datetime
    ) -> Iterator[Discrepancy]:
        """Also fill `ours` with the fingerprints of our own mail that the server has, and remove from `live` those
        messages of live cases."""
        missing, after = set(uids), 0
        while page := self._page(_SEEN, (folder, uidvalidity, after, PAGE)):
            after = page[-1]["uid"]
            for row in page:
                if row["uid"] not in uids:
                    continue
                missing.discard(row["uid"])
                live.pop(row["fingerprint"], None)
                if row["outcome"] == Outcome.OURS or (row["outcome"] == Outcome.DUPLICATE and row["fingerprint"]):
                    ours.add(row["fingerprint"])
                what = _wrong(row, now)
                if what is not None:
                    yield Discrepancy(what=what, where=folder, at=_when(row["internal_date"]))
        yield from (Discrepancy(what=Mismatch.MESSAGE, where=folder) for _ in missing)

    def _cases(self) -> Iterator[Discrepancy]:
        for row in sorted(self._page(_WITHOUT_DEADLINE), key=lambda row: str(row["number"])):
            yield Discrepancy(what=Mismatch.CASE, where=row["number"], at=_when(row["opened_at"]))

    def _without_copy(self, ours: Set[str], since: Mapping[str, str]) -> Iterator[MissingMessage]:
        with self._read():
            explained = COPIES in problems(self.con)
        sent = self._page(_SENT, since)
        for start in range(0, len(sent), PAGE):
            page = sent[start : start + PAGE]
            with self._read():
                known = [
                    self.con.execute(_COPY, {"name": row["message_id"], "alias": row["alias"], **since}).fetchall()
                    for row in page
                ]
            for row, copies in zip(page, known, strict=True):
                is_here = not ours.isdisjoint(copy["fingerprint"] for copy in copies)
                never_came = row["copied_at"] is None
                if is_here or (explained and never_came) or any(copy["named"] for copy in copies):
                    continue
                yield MissingMessage(
                    fingerprint=copies[0]["fingerprint"] if copies else "",
                    message_ids=(row["message_id"], row["alias"] or ""),
                    discrepancy=Discrepancy(
                        what=Mismatch.COPY, where=row["number"] or row["kind"], at=_when(row["sent_at"])
                    ),
                )

    def _stuck(self, now: datetime) -> Iterator[Discrepancy]:
        for row in self._page(_STUCK, (stamp(now - UNDER_WAY),)):
            yield Discrepancy(what=Mismatch.STUCK, where=row["number"] or row["kind"], at=_when(row["since"]))


def _when(text: str | None) -> datetime | None:
    """A moment by which a person finds it; None also where a hand or a disk has made it none."""
    try:
        return moment(text)
    except ValueError:
        return None


def _wrong(row: sqlite3.Row, now: datetime) -> Mismatch | None:
    if row["outcome"] is None:
        if row["again"]:  # it was read before, and what this pass brought has it read anew in the next one
            return None
        return Mismatch.MESSAGE if now - at(row["first_seen"]) > BEING_WORKED else None
    lost = row["outcome"] in _RECORDED and row["message"] is None
    homeless = row["outcome"] == Outcome.CASE and row["case"] is None
    return Mismatch.RECORD if lost or homeless else None
