"""What a rebuild writes beside the effects of decisions: the numbers that citizens were told, and what no copy proves.

Nothing is decided here (oacmail/rebuild/). `given:` marks a number that a case of the lost database had, so that no
other case gets it while the mailbox is played; afterwards the counter stands above all of them. `gap:` is a row of
numbers of which no mail tells, between two that were told: a case of which no mail tells gets one of these if its
message was read between those of the two, else one above all, which `beyond:` knows. A number that only the
acknowledgement of a later message tells is such a gap for the first message of the same person.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.adapters.store import kv
from oacmail.adapters.store.connection import at, moment, stamp
from oacmail.adapters.store.outbox_queue import LIVE
from oacmail.adapters.store.running_answers import RUNNING_ANSWER
from oacmail.adapters.store.write_context import person_id, raise_serial, remember
from oacmail.core.model import Kind, MessageRef, Outcome, Role, Status
from oacmail.core.outbox.kinds import of_name
from oacmail.core.outgoing import MailKind

GIVEN = "given:"  # before a number
BEYOND = "beyond:"  # before a year: the highest number that was given
GAP = "gap:"  # before a person, a year, the latest moment at which the number above was given, and the first number
SOON = timedelta(hours=1)  # in which a message is read after it has arrived, if the service runs
REBUILT_AT = "rebuilt_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """A mail to a citizen that would have left, and of which no copy was found."""

    key: str
    kind: MailKind
    case: str | None
    queued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenNumber:
    """When a mail of ours first named it, and to whom, and when the message arrived that this mail acknowledged, if it
    did."""

    told_at: datetime
    told_to: str
    arrived_at: datetime | None


def give(con: sqlite3.Connection, told: Mapping[str, GivenNumber], now: datetime, *, from_the_first: bool) -> None:
    """`from_the_first`: the mailbox reaches back to the first case. Otherwise the numbers below the first one that a
    mail names may have been given to cases of which nothing is left, and stay free."""
    serials: dict[str, dict[int, GivenNumber]] = {}
    for number, given in told.items():
        remember(con, GIVEN + number, "", now)
        _, year, serial = number.rsplit("-", 2)
        serials.setdefault(year, {})[int(serial)] = given
    for year, of_year in serials.items():
        remember(con, BEYOND + year, str(max(of_year)), now)
        below = from_the_first or year != min(serials)
        for key, gap in _gaps(year, of_year, before=0 if below else min(of_year) - 1):
            remember(con, key, gap, now)


def _gaps(year: str, given: Mapping[int, GivenNumber], *, before: int) -> Iterator[tuple[str, str]]:
    """(key, [first number, last number, the moment after which they were given]) of each gap above `before`, and of
    each given number whose first mail acknowledged another message than the one that opened the case. A number was
    given at the latest when a mail first named it or one above it, and not before the message arrived that its first
    mail acknowledged. If that message is younger than one with a number above, it did not open the case."""
    latest: dict[int, datetime] = {}
    opened: dict[int, datetime] = {}
    by = oldest = max(one.told_at for one in given.values())
    for serial in sorted(given, reverse=True):
        one = given[serial]
        by = latest[serial] = min(by, one.told_at)
        if one.arrived_at is not None and one.arrived_at <= min(by, oldest):
            oldest = opened[serial] = one.arrived_at
    since = ""
    for serial in sorted(given):
        moment = stamp(latest[serial])
        if serial > before + 1:
            yield f"{_gap('', year)}{moment}:{before + 1:06}", json.dumps([before + 1, serial - 1, since])
        if serial not in opened and given[serial].arrived_at is not None:
            yield f"{_gap(given[serial].told_to, year)}{moment}:{serial:06}", json.dumps([serial, serial, since])
        before, since = serial, stamp(opened[serial]) if serial in opened else since


def next_serial(
    con: sqlite3.Connection, year: int, number: Callable[[int], str], *, author: str, arrived: datetime, now: datetime
) -> int:
    """Return the serial of the next new case, whose message this author wrote, and which arrived at that moment.
    `number` makes a number of a serial."""
    beyond, position = _serial(con, BEYOND + str(year)), _serial(con, f"serial:{year}") or 0
    if beyond is None:
        return position + 1
    free = (
        serial
        for told_to in (author, "")
        for serial in _serials_in_gaps(con, _gap(told_to, str(year)), arrived, now)
        if status(con, number(serial)) is None
    )
    return next(free, max(beyond, position) + 1)


def _serials_in_gaps(con: sqlite3.Connection, prefix: str, arrived: datetime, now: datetime) -> Iterator[int]:
    gaps = con.execute(
        "SELECT value FROM kv WHERE key BETWEEN ? AND ? ORDER BY key", (prefix + stamp(arrived), f"{prefix}~")
    )
    for row in gaps:
        first, last, since = json.loads(row["value"])
        if since > stamp(now + SOON):
            return
        yield from range(first, last + 1)


def _gap(told_to: str, year: str) -> str:
    """`told_to`: the person who was told of it, '' = no mail tells of it."""
    return f"{GAP}{told_to}:{year}:"


def _serial(con: sqlite3.Connection, key: str) -> int | None:
    known = kv.value(con, key)
    return int(known) if known is not None else None


def reserve(con: sqlite3.Connection, message: str, number: str, now: datetime) -> None:
    """The message with this fingerprint has this number."""
    remember(con, f"reserved:{message}", number, now)


def reserve_thread(con: sqlite3.Connection, recipient: str, refs: Iterable[str], number: str, now: datetime) -> None:
    """A message of the recipient with one of these Message-IDs that opens a case, and of whose own acknowledgement
    nothing is left, has this number."""
    con.executemany(
        "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
        [(f"told:{recipient} {ref}", number, stamp(now)) for ref in refs],
    )


def raise_above_given(con: sqlite3.Connection, now: datetime) -> list[str]:
    """Set the counters above every number that was given or is in use; return those that no case has."""
    given = [row[0] for row in con.execute(f"SELECT substr(key, {len(GIVEN) + 1}) FROM kv WHERE key GLOB '{GIVEN}*'")]
    cases = {row[0] for row in con.execute("SELECT number FROM cases")}
    for number in (*given, *cases):
        raise_serial(con, number, now)
    con.execute(f"DELETE FROM kv WHERE key GLOB '{GIVEN}*' OR key GLOB '{BEYOND}*' OR key GLOB '{GAP}*'")
    return sorted(set(given) - cases)


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
          WHERE met_at IS NULL AND fired_at IS NULL AND void_at IS NULL AND due_at > ?1
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


def changed(con: sqlite3.Connection, number: str) -> datetime:
    """When the last message of a person arrived on the case."""
    row = con.execute(
        "SELECT max(m.received_at) FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.number = ?", (number,)
    ).fetchone()
    return at(row[0])


def all_lie_in(con: sqlite3.Connection, number: str, folder: str, folders: Sequence[str]) -> bool:
    """Whether each message of this case that lies in one of these folders lies in this one, our own aside."""
    row = con.execute(
        """SELECT 1 FROM cases c JOIN messages m ON m.case_id = c.id
        JOIN sightings s ON s.fingerprint = m.fingerprint AND s.folder IN (SELECT value FROM json_each(?1))
        WHERE c.number = ?2 AND m.outcome <> 'ours' AND s.outcome <> 'gone'
        GROUP BY m.fingerprint HAVING max(s.folder = ?3) = 0 LIMIT 1""",
        (json.dumps(list(folders)), number, folder),
    ).fetchone()
    return row is None


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
    """Those of these cases that wait for an answer."""
    rows = con.execute(
        f"""SELECT DISTINCT c.number FROM cases c JOIN deadlines d ON d.case_id = c.id AND {RUNNING_ANSWER}
        WHERE c.number IN (SELECT value FROM json_each(?)) ORDER BY c.number""",
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


def finish(con: sqlite3.Connection, now: datetime) -> None:
    """Leave a trace of the rebuild, and let nothing of the played past look like a problem of today."""
    con.execute("DELETE FROM kv WHERE key GLOB 'problem:*' OR key GLOB 'cause:*' OR key GLOB 'alert:*'")
    remember(con, REBUILT_AT, stamp(now), now)
    con.execute("INSERT INTO events(at, kind) VALUES(?, 'rebuilt')", (stamp(now),))


def numbers(con: sqlite3.Connection) -> list[str]:
    return [row[0] for row in con.execute("SELECT number FROM cases ORDER BY number")]


def cases(con: sqlite3.Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in con.execute("SELECT status, count(*) FROM cases GROUP BY status ORDER BY status")}


def unworked(con: sqlite3.Connection) -> int:
    return int(con.execute("SELECT count(*) FROM sightings WHERE outcome IS NULL").fetchone()[0])
