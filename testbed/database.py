"""The database of a simulated desk, as the people of the town and the checks read it: each question is a method here.

It reads the tables, never the product's own queries. Times in the database are text: `text` and `at` convert.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from oacmail.store import ledger

_PROMISE = "d.kind = 'answer' AND d.level = 0"
"""The deadline by which a citizen is answered."""
_RUNS = "d.met_at IS NULL AND d.withdrawn_at IS NULL"
CLAIMS: Mapping[str, str] = {
    "late": f"""SELECT 1 FROM deadlines d WHERE d.case_id = :id AND {_PROMISE} AND d.due_at <= :now AND {_RUNS}""",
    "waiting for an answer": f"SELECT 1 FROM deadlines d WHERE d.case_id = :id AND d.kind = 'answer' AND {_RUNS}",
    "with the services": "SELECT 1 FROM cases WHERE id = :id AND status = 'derived' AND solved_at IS NULL",
    "derived and the person untold": """SELECT 1 FROM cases c WHERE c.id = :id AND c.status = 'derived'
      AND c.told_at IS NULL AND NOT EXISTS(
      SELECT 1 FROM outbox o WHERE o.case_id = c.id AND o.kind = 'passed_on' AND o.state = 'sent')""",
    "solved": "SELECT 1 FROM cases WHERE id = :id AND solved_at IS NOT NULL",
    "closed": "SELECT 1 FROM cases WHERE id = :id AND status = 'closed'",
    "one of which a move was refused": "SELECT 1 FROM events WHERE case_id = :id AND kind = 'move-refused'",
}
"""What a notice may claim of a case -> the query that finds the case if it is so."""
_COUNTED = (
    "SELECT number, status, kind, topic, level, intent, opened_at, answered_at, closed_at, close_reason FROM cases",
    "SELECT * FROM deadlines",
    "SELECT at, case_id, kind, data FROM events WHERE kind <> 'erased'",
    "SELECT case_id, role, outcome, kind, received_at FROM messages",
    "SELECT kind, state, case_id, sent_at, created_at FROM outbox",
    "SELECT case_id, score, at, signed FROM votes",
)

Rows = list[sqlite3.Row]


class TownDatabase:
    """`connection` is asked each time: every start of the process opens another."""

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connection

    # --- cases ------------------------------------------------------------------------------------

    def numbers(self) -> dict[str, int]:
        """Number -> id."""
        return {row["number"]: row["id"] for row in self._all("SELECT id, number FROM cases")}

    def case(self, number: str) -> sqlite3.Row | None:
        return self._one("SELECT * FROM cases WHERE number = ?", number)

    def dates(self) -> Rows:
        """Number, status and dates of each case, in the order of the numbers."""
        return self._all("SELECT number, status, opened_at, answered_at FROM cases ORDER BY number")

    def citizen_of(self, number: str) -> str:
        """The address of the case's citizen, "" if there is none."""
        row = self._one("SELECT p.address FROM cases c JOIN people p ON p.id = c.citizen_id WHERE c.number = ?", number)
        return row["address"] if row else ""

    def derived_and_untold(self) -> sqlite3.Row | None:
        """The first derived case of whose derivation the citizen gets no notice: number, message_id, address."""
        return self._one(
            """SELECT c.number, m.message_id, p.address FROM cases c JOIN messages m ON m.fingerprint = c.opened_by
            JOIN people p ON p.id = c.citizen_id WHERE c.status = 'derived' AND NOT EXISTS(
            SELECT 1 FROM outbox o WHERE o.case_id = c.id AND o.kind = 'passed_on') ORDER BY c.number"""
        )

    def derived_and_solved(self) -> Rows:
        """Number and first message of each derived case that counts as solved."""
        return self._all(
            """SELECT c.number, m.message_id FROM cases c JOIN messages m ON m.fingerprint = c.opened_by
            WHERE c.status = 'derived' AND c.solved_at IS NOT NULL ORDER BY c.number"""
        )

    def derived_without_a_deadline(self) -> Rows:
        """Derived cases of which nobody is reminded: the services, or, once it is solved, who owes the answer."""
        return self._all(
            f"""SELECT c.number FROM cases c WHERE c.status = 'derived' AND NOT EXISTS(
            SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND {_RUNS}
            AND CASE WHEN c.solved_at IS NULL THEN d.kind = 'nudge' AND d.fired_at IS NULL ELSE {_PROMISE} END)"""
        )

    def solved(self) -> list[str]:
        return self._column("SELECT number FROM cases WHERE solved_at IS NOT NULL")

    def ended(self) -> set[str]:
        """The cases that are answered or closed, without those whose citizen was erased."""
        return set(
            self._column(
                """SELECT number FROM cases c WHERE status IN ('answered', 'closed') AND NOT EXISTS(
                SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind = 'erased')"""
            )
        )

    def closed_without_a_reason(self) -> list[str]:
        return self._column(
            """SELECT number FROM cases WHERE status = 'closed' AND (close_reason IS NULL OR closed_at IS NULL
            OR (close_reason IN ('answered', 'contact') AND answered_at IS NULL))"""
        )

    def unacknowledged(self) -> list[str]:
        """The cases whose first message is neither acknowledged nor on the review list."""
        return self._column(
            """SELECT c.number FROM cases c WHERE NOT EXISTS(SELECT 1 FROM outbox WHERE key = 'ack:' || c.opened_by)
            AND NOT EXISTS(SELECT 1 FROM reviews WHERE fingerprint = c.opened_by)"""
        )

    def is_so(self, claim: str, case: int, now: str, since: str) -> bool:
        """Whether the claim (see CLAIMS) is true of the case, or the case has changed since then."""
        values = {"id": case, "now": now, "since": since}
        changed = "SELECT 1 FROM events WHERE case_id = :id AND at >= :since"
        con = self._connection()
        return any(con.execute(query, values).fetchone() for query in (CLAIMS[claim], changed))

    def happened_since(self, case: int, since: datetime) -> bool:
        """Whether anything but a note has happened to the case."""
        query = "SELECT 1 FROM events WHERE case_id = ? AND at >= ? AND kind <> 'note' LIMIT 1"
        return self._one(query, case, text(since)) is not None

    def calls_not_reached(self, case: int) -> int:
        return len(self._all("SELECT 1 FROM events WHERE case_id = ? AND kind = 'call-not-reached'", case))

    # --- messages ---------------------------------------------------------------------------------

    def message_ids(self) -> set[str]:
        return set(self._column("SELECT message_id FROM messages"))

    def messages_on_cases(self) -> Rows:
        """message_id, case_id and number of each."""
        return self._all("SELECT m.message_id, m.case_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id")

    def open_case_of(self, message_id: str) -> str:
        """The number of the case on which it lies, unless that is closed or a guest wrote it: then ""."""
        found = self._column(
            """SELECT c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.message_id = ? AND m.guest = 0 AND c.status <> 'closed'""",
            message_id,
        )
        return found[0] if found else ""

    def read_at(self) -> dict[str, str]:
        """Fingerprint -> the time of its first event."""
        rows = self._all("SELECT fingerprint, min(at) AS at FROM events GROUP BY fingerprint")
        return {row["fingerprint"]: row["at"] for row in rows}

    def placed(self) -> dict[str, list[bool]]:
        """Message-ID -> for each message of others: whether it is on a case or has been on the review list."""
        found: dict[str, list[bool]] = {}
        for row in self._all(
            """SELECT m.message_id, m.case_id, r.reason FROM messages m
            LEFT JOIN reviews r ON r.fingerprint = m.fingerprint WHERE m.role <> 'ours'"""
        ):
            placed = row["case_id"] is not None or row["reason"] is not None
            found.setdefault(row["message_id"], []).append(placed)
        return found

    def set_aside(self) -> set[str]:
        """Messages of citizens that start nothing and are neither votes, also refused ones (of a link that is too old),
        acknowledged nor on the review list."""
        return set(
            self._column(
                """SELECT m.message_id FROM messages m WHERE m.role = 'citizen' AND m.kind NOT IN ('request', 'spam')
                AND m.erased_at IS NULL AND NOT EXISTS(SELECT 1 FROM votes v WHERE v.message = m.fingerprint)
                AND NOT EXISTS(SELECT 1 FROM events e WHERE e.fingerprint = m.fingerprint AND e.kind = 'vote-refused')
                AND NOT EXISTS(SELECT 1 FROM outbox o WHERE o.key = 'ack:' || m.fingerprint)
                AND NOT EXISTS(SELECT 1 FROM reviews r WHERE r.fingerprint = m.fingerprint)"""
            )
        )

    def of_strangers(self) -> Rows:
        """Messages on a case that its citizen did not write, without those of guests."""
        return self._all(
            """SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.role = 'citizen' AND m.guest = 0 AND m.author_id <> c.citizen_id"""
        )

    def standing(self) -> Rows:
        """Each message of others with its case; `waits`: it is on the review list (1), or was (0); `word`: what the
        operator said of its move."""
        return self._all(
            """SELECT m.message_id, m.case_id, m.outcome, c.number, c.status, c.assignee, c.close_reason,
            (SELECT max(r.done_at IS NULL) FROM reviews r WHERE r.fingerprint = m.fingerprint) AS waits,
            (SELECT b.word FROM board_messages b WHERE b.fingerprint = m.fingerprint) AS word
            FROM messages m LEFT JOIN cases c ON c.id = m.case_id WHERE m.role <> 'ours' AND m.outcome <> 'baseline'"""
        )

    # --- places in the mailbox --------------------------------------------------------------------

    def without_an_outcome(self) -> Rows:
        return self._all("SELECT folder, uid FROM sightings WHERE outcome IS NULL")

    def unreadable(self) -> Rows:
        """Places in quarantine (on the review list by folder and UID) or waiting for a retry."""
        return self._all(
            """SELECT folder, uid FROM sightings WHERE fingerprint IS NULL
            AND (outcome = 'quarantined' OR (outcome IS NULL AND retry_at IS NOT NULL))"""
        )

    def seen(self, folder: str, uidvalidity: int) -> set[tuple[int, int, str]]:
        """UID, size and date of what was seen there."""
        query = "SELECT uid, size, internal_date FROM sightings WHERE folder = ? AND uidvalidity = ?"
        return {(row["uid"], row["size"], row["internal_date"]) for row in self._all(query, folder, uidvalidity)}

    def folders_read_at(self) -> str:
        """When the folders of mail and of answers had both been read."""
        return str(self._all("SELECT min(synced_at) FROM folders WHERE role IN ('intake', 'sent')")[0][0])

    def nightly_proof(self) -> dict[str, Any]:
        """What the last proof found, {} before the first."""
        rows = self._column("SELECT value FROM kv WHERE key = 'reconciled'")
        return dict(json.loads(rows[0])) if rows else {}

    def on_live_cases(self, since: datetime) -> Rows:
        """Message-ID and number of others' messages on cases that are open or were closed after `since`."""
        return self._all(
            """SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.role <> 'ours' AND m.erased_at IS NULL AND (c.status <> 'closed' OR c.closed_at > ?)""",
            text(since),
        )

    # --- deadlines --------------------------------------------------------------------------------

    def ended_twice(self) -> Rows:
        return self._all(
            f"""SELECT started_by, kind, level FROM deadlines d WHERE (met_at IS NOT NULL) + (withdrawn_at IS NOT NULL)
            + (fired_at IS NOT NULL AND NOT ({_PROMISE})) > 1"""
        )

    def fired_since(self, since: datetime) -> Rows:
        return self._all("SELECT * FROM deadlines WHERE fired_at IS NOT NULL AND fired_at >= ?", text(since))

    def ended_deadlines(self) -> Rows:
        return self._all("SELECT * FROM deadlines WHERE coalesce(met_at, withdrawn_at, fired_at) IS NOT NULL")

    def promises(self) -> Rows:
        """The deadlines of answers that a message started, with its id and writer, and the citizen of the case."""
        return self._all(
            f"""SELECT d.*, m.message_id, p.address AS asked_by, w.address AS citizen FROM deadlines d
            JOIN messages m ON m.fingerprint = d.started_by JOIN people p ON p.id = m.author_id
            JOIN cases c ON c.id = d.case_id JOIN people w ON w.id = c.citizen_id
            WHERE {_PROMISE} AND d.withdrawn_at IS NULL"""
        )

    def promised_by(self) -> set[str]:
        """Message-IDs of the messages that started such a deadline."""
        return set(
            self._column(
                f"SELECT m.message_id FROM deadlines d JOIN messages m ON m.fingerprint = d.started_by WHERE {_PROMISE}"
            )
        )

    def requests_without_a_promise(self) -> Rows:
        """Requests without a deadline of their own, and without one that ran when they came. One that ran may be met by
        an earlier answer that became known after the request had its own: it covered the request all the same."""
        return self._all(
            f"""SELECT m.message_id, m.case_id, m.received_at, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.role = 'citizen' AND m.kind = 'request' AND NOT EXISTS(
            SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND {_PROMISE}
            AND (d.started_by = m.fingerprint OR d.started_at <= m.received_at
            AND (coalesce(d.met_at, d.withdrawn_at) IS NULL OR coalesce(d.met_at, d.withdrawn_at) >= m.received_at
            OR EXISTS(SELECT 1 FROM events own JOIN events late ON late.case_id = own.case_id AND late.id > own.id
            WHERE own.case_id = c.id AND own.kind = 'answered' AND late.kind = 'answered'
            AND {_told("late")} = substr(d.met_at, 1, 19) AND {_told("own")} >= substr(m.received_at, 1, 19)))))"""
        )

    def is_promised_by(self, case: int, latest: datetime, since: str) -> bool:
        """Whether a promise of the case ends no later, and was not kept before `since`."""
        query = f"""SELECT 1 FROM deadlines d WHERE case_id = ? AND {_PROMISE} AND withdrawn_at IS NULL AND due_at <= ?
            AND coalesce(met_at, due_at) >= ?"""
        return self._one(query, case, text(latest), since) is not None

    def late(self, since: datetime) -> Rows:
        """Number of each case whose promise was due before, and when it was: it may have become a case after that."""
        return self._all(
            f"""SELECT c.number, max(d.due_at, coalesce((SELECT max(e.at) FROM events e WHERE e.case_id = c.id
            AND e.kind IN ('opened', 'asked-anew')), '')) AS due_at FROM deadlines d JOIN cases c ON c.id = d.case_id
            WHERE {_PROMISE} AND {_RUNS} AND d.due_at < ?""",
            text(since),
        )

    def due(self, case: int, kind: str) -> list[datetime]:
        """When the deadlines of this kind are due."""
        return [
            at(due) for due in self._column("SELECT due_at FROM deadlines WHERE case_id = ? AND kind = ?", case, kind)
        ]

    def counted_requests(self, ends: datetime) -> Rows:
        """The promises that a report of the months before may count, the first one first."""
        return self._all(
            f"""SELECT d.started_by, d.started_at, d.due_at, d.met_at, d.withdrawn_at, c.number, c.opened_by,
            m.message_id FROM deadlines d JOIN cases c ON c.id = d.case_id
            LEFT JOIN messages m ON m.fingerprint = d.started_by
            WHERE {_PROMISE} AND d.started_at < ? ORDER BY d.started_at""",
            text(ends),
        )

    # --- mails ------------------------------------------------------------------------------------

    def queued(self) -> Rows:
        """Key and kind of every mail."""
        return self._all("SELECT key, kind FROM outbox")

    def queued_at(self, key: str) -> str:
        """ "" if there is no such mail."""
        row = self._one("SELECT created_at FROM outbox WHERE key = ?", key)
        return row["created_at"] if row else ""

    def released_at(self, key: str) -> datetime | None:
        """When the mail was free to leave."""
        row = self._one("SELECT coalesce(released_at, created_at) AS at FROM outbox WHERE key = ?", key)
        return at(row["at"]) if row else None

    def sent(self) -> Rows:
        """Key and kind of every mail that counts as sent."""
        return self._all("SELECT key, kind FROM outbox WHERE state = 'sent'")

    def sent_about(self, where: str) -> list[str]:
        """Keys of the sent mails of the case with this number, or of those of this kind that have no case."""
        return self._column(
            """SELECT o.key FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
            WHERE o.state = 'sent' AND coalesce(c.number, o.kind) = ?""",
            where,
        )

    def written_about(self, where: str, before: datetime) -> int:
        """How many mails of the case with this number, or of this kind without a case, were written before."""
        row = self._one(
            """SELECT count(*) AS n FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
            WHERE coalesce(c.number, o.kind) = ? AND o.created_at < ?""",
            where,
            text(before),
        )
        return int(row["n"]) if row else 0

    def stuck(self, now: datetime, since: datetime, opening: datetime) -> Rows:
        """Key and state of mails that are being sent, or older than `since` and not put off until `opening` at most."""
        return self._all(
            """SELECT key, state FROM outbox WHERE state = 'sending'
            OR state IN ('queued', 'uncertain') AND created_at < ? AND coalesce(next_at, '') NOT BETWEEN ? AND ?""",
            text(since),
            text(now),
            text(opening),
        )

    def has_mail(self, case: int, kind: str) -> bool:
        return self._one("SELECT 1 FROM outbox WHERE case_id = ? AND kind = ? LIMIT 1", case, kind) is not None

    def written_at(self, kind: str) -> list[datetime]:
        """When the mails of this kind were written."""
        return [at(moment) for moment in self._column("SELECT created_at FROM outbox WHERE kind = ?", kind)]

    def surveyed(self) -> set[str]:
        """Numbers of the cases of whose survey the database knows. A restored one does not know a survey of which no
        copy was taken; a reply to it is a request."""
        return set(
            self._column("SELECT c.number FROM outbox o JOIN cases c ON c.id = o.case_id WHERE o.kind = 'survey'")
        )

    def fate_of_relayed(self, message_id: str) -> bool | None:
        """Whether an agent's answer was relayed or refused; None: it was not read."""
        row = self._one(
            """SELECT EXISTS(SELECT 1 FROM outbox o WHERE o.key = 'relayed:' || m.fingerprint
            OR o.key LIKE 'not_relayed:' || substr(m.fingerprint, 1, 16) || '%') AS ended
            FROM messages m WHERE m.message_id = ?""",
            message_id,
        )
        return None if row is None else bool(row["ended"])

    # --- reports ----------------------------------------------------------------------------------

    def reports(self) -> dict[str, str]:
        """Month -> its published figures as JSON."""
        return {row["month"]: row["figures"] for row in self._all("SELECT month, figures FROM reports")}

    def counted(self) -> list[list[str]]:
        """All that a report counts, in an order of its own."""
        con = self._connection()
        return [sorted(repr(tuple(row)) for row in con.execute(query)) for query in _COUNTED]

    # --- asking -----------------------------------------------------------------------------------

    def _all(self, query: str, *values: object) -> Rows:
        return self._connection().execute(query, values).fetchall()

    def _one(self, query: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection().execute(query, values).fetchone()
        return row

    def _column(self, query: str, *values: object) -> list[Any]:
        return [row[0] for row in self._all(query, *values)]


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(event: str) -> str:
    """When the answer of an event was given, to the second."""
    return f"substr(json_extract({event}.data, '$.at'), 1, 19)"


# --- What the ledger covers ---------------------------------------------------------------------------

Recorded = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Table to primary key to column to value."""


def recorded(con: sqlite3.Connection) -> Recorded:
    """Every column that the ledger covers, as it is in the database; of a message whether its bytes are kept."""
    con.row_factory = sqlite3.Row
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table, names in ledger.columns(con).items():
        covered = ledger.TABLES[table]
        query = f"SELECT * FROM {table} WHERE {covered.only.format(of='')}"
        found[table] = {
            " ".join(str(row[name]) for name in covered.key): {
                name: int(row[name] is not None) if name == "original" else row[name] for name in names
            }
            for row in con.execute(query)
        }
    return found


LATER = ("restored_at", "rebuilt")


def differences(before: Recorded, after: Recorded) -> list[tuple[str, str, str]]:
    """(table, column, row with both values) of all that a rebuild has changed, beside its own traces; the column is ''
    where the whole row is on one side only."""
    found = []
    for table, some in before.items():
        for key in sorted(some.keys() | after[table].keys()):
            was, now = some.get(key), after[table].get(key)
            if key in LATER or (now or {}).get("kind") in LATER:
                continue
            if was is None or now is None:
                found.append((table, "", f"{key}: {was} -> {now}"))
            else:
                found += [(table, name, f"{key}: {was[name]} -> {now[name]}") for name in was if was[name] != now[name]]
    return found
