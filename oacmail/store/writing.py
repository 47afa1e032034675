"""What every effect needs to become rows: the context of the decision, the ids of people and cases, stored values."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from oacmail.core.derivation import hour_text
from oacmail.core.model import MessageRef
from oacmail.core.stored_values import FAMILIES, SERIAL, End
from oacmail.store.connection import hours_stored, stamp

if TYPE_CHECKING:
    from oacmail.core.effects import Arrived
    from oacmail.words.compose import FinalMail

WAITS_AT_MOST = timedelta(days=60)
ERASED_DOMAIN = "invalid"


class WriteContext(Struct, frozen=True, kw_only=True):
    """The context of the effects: the moment, the message and where it is, the rendered mail of each Send. `people` and
    `cases`: the ids of those that the effects have named so far."""

    now: datetime
    arrived: "Arrived | None" = None
    raw: bytes | None = None
    message_ref: MessageRef | None = None
    mails: "Mapping[str, FinalMail]" = field(default_factory=dict)
    because: tuple[str, ...] = ()
    shadow: bool = False
    people: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)

    def person(self, con: sqlite3.Connection, address: str) -> int:
        if address not in self.people:
            self.people[address] = person_id(con, address)
        return self.people[address]

    def case(self, con: sqlite3.Connection, number: str | None) -> int | None:
        if not number:
            return None
        if number not in self.cases and (found := case_id(con, number)):
            self.cases[number] = found
        return self.cases.get(number)


_STORED: Mapping[type, Callable[[Any], object]] = {
    datetime: stamp,
    date: date.isoformat,
    time: hour_text,
    tuple: hours_stored,
}


def stored(value: object) -> object:
    """The value as a column holds it: a time in UTC, a day, an hour, hours; any other as it is."""
    how = _STORED.get(type(value))
    return value if how is None else how(value)


@lru_cache(64)  # a text that is the same object has its hash already, by which the compiled statement is found
def _insertion(table: str, columns: tuple[str, ...], otherwise: str) -> str:
    return f"INSERT INTO {table}({', '.join(columns)}) VALUES({','.join('?' * len(columns))}) {otherwise}"


def insert(con: sqlite3.Connection, table: str, columns: Mapping[str, object], otherwise: str = "") -> sqlite3.Cursor:
    """Insert a row. `otherwise`: what follows VALUES, such as ON CONFLICT DO NOTHING or RETURNING."""
    return con.execute(_insertion(table, tuple(columns), otherwise), [*map(stored, columns.values())])


def add_event(
    con: sqlite3.Connection,
    case: int | None,
    kind: str,
    data: Mapping[str, object],
    now: datetime,
    *,
    message: str | None = None,
) -> int:
    """Write an event and return its id. `case`: a row id, None = of no case; `message`: the fingerprint of the one that
    caused it."""
    text = json.dumps(dict(data), ensure_ascii=False)
    event = {"at": now, "case_id": case, "fingerprint": message, "kind": kind, "data": text}
    return int(insert(con, "events", event).lastrowid or 0)


def person_id(con: sqlite3.Connection, address: str) -> int:
    row = con.execute("SELECT id FROM people WHERE address = ?", (address,)).fetchone()
    if row is None:
        row = con.execute("INSERT INTO people(address) VALUES(?) RETURNING id", (address,)).fetchone()
    return int(row[0])


def nobody(con: sqlite3.Connection) -> int:
    """A new row that stands for a person of whom nothing is known: `erased.12@invalid` (RFC 2606 section 2: no mail
    reaches it). Anybody may write from such an address: a number that is taken is left out."""
    number = con.execute("SELECT coalesce(max(id), 0) + 1 FROM people").fetchone()[0]
    taken = "SELECT 1 FROM people WHERE address = ?"
    addresses = (f"erased.{at}@{ERASED_DOMAIN}" for at in count(number))
    free = next(address for address in addresses if con.execute(taken, (address,)).fetchone() is None)
    return person_id(con, free)


def case_id(con: sqlite3.Connection, number: str | None) -> int | None:
    if not number:
        return None
    row = con.execute("SELECT id FROM cases WHERE number = ?", (number,)).fetchone()
    return int(row[0]) if row else None


def raise_serial(con: sqlite3.Connection, number: str, now: datetime) -> bool:
    """Give new cases numbers above the highest seen. Return whether this one is higher than those before."""
    _, year, serial = number.rsplit("-", 2)
    raised = con.execute(
        """INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO UPDATE SET value = excluded.value,
        at = excluded.at WHERE CAST(kv.value AS INTEGER) < CAST(excluded.value AS INTEGER)""",
        (SERIAL + year, str(int(serial)), stamp(now)),
    )
    return raised.rowcount > 0


def remember(con: sqlite3.Connection, name: str, value: str, now: datetime) -> None:
    con.execute(
        """INSERT INTO kv(key, value, at) VALUES(?,?,?)
        ON CONFLICT(key) DO UPDATE SET value = excluded.value, at = excluded.at""",
        (name, value, stamp(now)),
    )


def tidy(con: sqlite3.Connection, now: datetime) -> None:
    """Delete the stored values whose message has not come within WAITS_AT_MOST."""
    end_values(con, End.WAITED, before=now - WAITS_AT_MOST)


def end_values(con: sqlite3.Connection, end: End, *, before: datetime | None = None) -> None:
    """Delete the stored values that end so; with `before`, those that were written earlier."""
    old = stamp(before) if before else None
    con.executemany(
        "DELETE FROM kv WHERE key GLOB ?1 AND (?2 IS NULL OR at < ?2)",
        [(f"{name}*" if name.endswith(":") else name, old) for name, one in FAMILIES.items() if one.ends is end],
    )
