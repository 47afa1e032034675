"""What a rebuild reads and writes beside the effects of decisions, such as the mails that no copy proves.

Nothing is decided here (oacmail/rebuild/); which number a case gets is the matter of rebuilt_numbers.py.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from oacmail.core.kinds import MailKind, of_name
from oacmail.core.model import Kind, MessageRef, Outcome, Role, Status
from oacmail.core.stored_values import ACKNOWLEDGED_IN_THREAD, REBUILT_AT, RESERVED, End
from oacmail.store.connection import at, moment, stamp
from oacmail.store.outbox import LIVE
from oacmail.store.reports import RUNNING_ANSWER
from oacmail.store.writing import end_values, person_id, remember


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """A mail to a citizen that would have left, and of which no copy was found."""

    key: str
    kind: MailKind
    case: str | None
    queued_at: datetime


def reserve(con: sqlite3.Connection, message: str, number: str, now: datetime) -> None:
    """The message with this fingerprint has this number."""
    remember(con, RESERVED + message, number, now)


def reserve_thread(con: sqlite3.Connection, recipient: str, refs: Iterable[str], number: str, now: datetime) -> None:
    """A message of the recipient with one of these Message-IDs that opens a case, and of whose own acknowledgement
    nothing is left, has this number."""
    con.executemany(
        "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
        [(f"{ACKNOWLEDGED_IN_THREAD}{recipient} {ref}", number, stamp(now)) for ref in refs],
    )


def unproven(con: sqlite3.Connection, staff: Iterable[str]) -> list[Unproven]:
    rows = con.execute(
        f"""SELECT o.key, o.kind, c.number, o.created_at FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
        WHERE {LIVE} AND o.recipient NOT IN (SELECT value FROM json_each(?)) ORDER BY o.id""",
        (json.dumps(sorted(staff)),),
    )
    return [
        Unproven(key=row["key"], kind=of_name(row["kind"]), case=row["number"], queued_at=at(row["created_at"]))
        for row in rows
    ]


def next_wake(con: sqlite3.Connection, now: datetime) -> datetime | None:
    """The next moment at which a deadline or a queued mail is due, after `now`."""
    row = con.execute(
        f"""SELECT min(at) FROM (
        SELECT min(due_at) AS at FROM deadlines
          WHERE met_at IS NULL AND fired_at IS NULL AND withdrawn_at IS NULL AND due_at > ?1
        UNION ALL SELECT min(next_at) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at > ?1)""",
        (stamp(now),),
    ).fetchone()
    return moment(row[0])


def to_decide_again(con: sqlite3.Connection, fingerprint: str) -> list[MessageRef]:
    rows = con.execute(
        "SELECT folder, uidvalidity, uid FROM sightings WHERE fingerprint = ? AND outcome IS NULL", (fingerprint,)
    )
    return [MessageRef(folder=row["folder"], uidvalidity=row["uidvalidity"], uid=row["uid"]) for row in rows]


def status(con: sqlite3.Connection, number: str) -> Status | None:
    row = con.execute("SELECT status FROM cases WHERE number = ?", (number,)).fetchone()
    return Status(row[0]) if row else None


def last_arrival(con: sqlite3.Connection, number: str) -> datetime:
    """When the last message of a person arrived on the case."""
    row = con.execute(
        "SELECT max(m.received_at) FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.number = ?", (number,)
    ).fetchone()
    return at(row[0])


def first_message(con: sqlite3.Connection, number: str) -> list[MessageRef]:
    """Where the message that opened this case lies."""
    rows = con.execute(
        """SELECT s.folder, s.uidvalidity, s.uid FROM cases c JOIN sightings s ON s.fingerprint = c.opened_by
        WHERE c.number = ? AND s.outcome IS NOT 'gone'""",
        (number,),
    )
    return [MessageRef(folder=row["folder"], uidvalidity=row["uidvalidity"], uid=row["uid"]) for row in rows]


def is_thanks(con: sqlite3.Connection, fingerprint: str) -> bool:
    query = "SELECT 1 FROM messages WHERE fingerprint = ? AND kind = ?"
    return con.execute(query, (fingerprint, Kind.THANKS)).fetchone() is not None


def is_known(con: sqlite3.Connection, fingerprint: str) -> bool:
    return con.execute("SELECT 1 FROM messages WHERE fingerprint = ?", (fingerprint,)).fetchone() is not None


def stand_in(
    con: sqlite3.Connection,
    fingerprint: str,
    case: str,
    author: str,
    refs: Sequence[str],
    received_at: datetime,
    rule: str,
) -> None:
    """A row for a message that is gone, without its words; the last of `refs` is its Message-ID."""
    con.execute(
        """INSERT INTO messages(fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
        subject, subject_key, received_at, lang, fresh, body_hash, rung, folder)
        SELECT ?, ?, c.id, ?, ?, ?, ?, ?, '[]', '', '', ?, c.lang, '', '', 'opaque', '' FROM cases c WHERE c.number = ?
        ON CONFLICT(fingerprint) DO NOTHING""",
        (
            fingerprint,
            refs[-1] if refs else "",
            person_id(con, author),
            Role.CITIZEN,
            Outcome.CASE,
            Kind.REQUEST,
            rule,
            stamp(received_at),
            case,
        ),
    )


def is_queued(con: sqlite3.Connection, key: str) -> bool:
    return con.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone() is not None


def owing(con: sqlite3.Connection, numbers: Iterable[str]) -> list[str]:
    """Those of these cases that wait for an answer, or for what the technical services find out."""
    rows = con.execute(
        f"""SELECT c.number FROM cases c WHERE c.number IN (SELECT value FROM json_each(?)) AND (c.status = 'derived'
        OR EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND {RUNNING_ANSWER})) ORDER BY c.number""",
        (json.dumps(list(numbers)),),
    )
    return [row[0] for row in rows]


def begins(con: sqlite3.Connection, prefix: str) -> bool:
    """Whether there is a mail whose key begins like this."""
    query = "SELECT 1 FROM outbox WHERE key BETWEEN ?1 AND ?1 || 'g' LIMIT 1"
    return con.execute(query, (prefix,)).fetchone() is not None


def adopt(con: sqlite3.Connection, prefix: str, key: str, message_id: str) -> bool:
    """Give the unsent mail whose key begins like this the key and id under which it left; return whether there is
    one."""
    row = con.execute(
        """UPDATE outbox SET key = ?, message_id = ? WHERE id = (SELECT max(id) FROM outbox
        WHERE state = 'queued' AND substr(key, 1, ?) = ?)""",
        (key, message_id, len(prefix), prefix),
    )
    return row.rowcount == 1


def begin(con: sqlite3.Connection) -> None:
    """A rebuild asks for each message where it lies, which the service never does for all."""
    con.execute("CREATE INDEX rebuilt_sightings ON sightings(fingerprint)")


def finish(con: sqlite3.Connection, now: datetime) -> None:
    """Leave a trace of the rebuild, and let nothing of the played past look like a problem of today."""
    con.execute("DROP INDEX rebuilt_sightings")
    end_values(con, End.PROBLEM)
    remember(con, REBUILT_AT, stamp(now), now)
    con.execute("INSERT INTO events(at, kind) VALUES(?, 'rebuilt')", (stamp(now),))


def numbers(con: sqlite3.Connection) -> list[str]:
    return [row[0] for row in con.execute("SELECT number FROM cases ORDER BY number")]


def cases(con: sqlite3.Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in con.execute("SELECT status, count(*) FROM cases GROUP BY status ORDER BY status")}


def unworked(con: sqlite3.Connection) -> int:
    return int(con.execute("SELECT count(*) FROM sightings WHERE outcome IS NULL").fetchone()[0])
