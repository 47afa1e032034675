"""Which rows belong to a person, or to a case: what an erasure covers and an export shows. It selects only.

A person's rows are their cases with everything on them, what they wrote on other people's cases, and the mails to them.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from oacmail.adapters.store.connection import moment
from oacmail.adapters.store.load_digest import waiting
from oacmail.core.kinds import NOT_ENDED
from oacmail.core.review import FILED

NEVER = "9999"  # sorts behind every time


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Ids of rows. `addresses`: of the people whose link to these rows is cut; `people`: their ids. `whole`: it is all
    that is held on them, so that stored values about their addresses belong to it too."""

    addresses: tuple[str, ...]
    people: tuple[int, ...]
    cases: tuple[int, ...]
    messages: tuple[int, ...]
    mails: tuple[int, ...]
    whole: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.people or self.cases or self.messages or self.mails)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why the rows must not be erased yet. `kind`: "open-case" (`ref`: its number), "open-case-of-another",
    "waits-for-a-person" (the reference of the review list) or "mail" (the key of the outbox)."""

    kind: str
    ref: str


def ids(values: Iterable[int]) -> str:
    """For `IN (SELECT value FROM json_each(?))`, which has no limit of parameters."""
    return json.dumps(list(values))


IN = "IN (SELECT value FROM json_each(?))"


def _ids(con: sqlite3.Connection, query: str, *values: object) -> tuple[int, ...]:
    return tuple(row[0] for row in con.execute(query, values))


def of_person(con: sqlite3.Connection, address: str, until: str = NEVER) -> Scope:
    """`address`: bare and in lower case; `tel:+34…` for a person who only telephoned. `until`: only what came until
    then, as stored, with cases opened until then."""
    people = _ids(con, "SELECT id FROM people WHERE address = ?", address)
    cases = _ids(con, f"SELECT id FROM cases WHERE citizen_id {IN} AND opened_at < ? ORDER BY id", ids(people), until)
    messages = _ids(
        con,
        f"SELECT id FROM messages WHERE case_id {IN} OR (author_id {IN} AND received_at < ?) ORDER BY id",
        ids(cases),
        ids(people),
        until,
    )
    mails = _ids(
        con,
        f"SELECT id FROM outbox WHERE case_id {IN} OR (recipient = ? AND created_at < ?) ORDER BY id",
        ids(cases),
        address,
        until,
    )
    some = bool(cases or messages or mails) or until == NEVER
    return Scope(
        addresses=(address,),
        people=people if some else (),
        cases=cases,
        messages=messages,
        mails=mails,
        whole=until == NEVER,
    )


def of_case(con: sqlite3.Connection, case: int, staff: Iterable[str]) -> Scope:
    """Everything on one case, and everybody who wrote on it but `staff`."""
    rows = con.execute(
        """SELECT p.id, p.address FROM people p WHERE p.id = (SELECT citizen_id FROM cases WHERE id = ?1)
        OR p.id IN (SELECT author_id FROM messages WHERE case_id = ?1 AND role IN ('citizen', 'robot', 'technical'))""",
        (case,),
    ).fetchall()
    kept = set(staff)
    return Scope(
        addresses=tuple(row["address"] for row in rows if row["address"] not in kept),
        people=tuple(row["id"] for row in rows if row["address"] not in kept),
        cases=(case,),
        messages=_ids(con, "SELECT id FROM messages WHERE case_id = ? ORDER BY id", case),
        mails=_ids(con, "SELECT id FROM outbox WHERE case_id = ? ORDER BY id", case),
    )


def of_messages(con: sqlite3.Connection, messages: Sequence[int], staff: Iterable[str]) -> Scope:
    """These messages, which are on no case, and everybody who wrote them but `staff`."""
    kept = json.dumps(sorted(staff))
    rows = con.execute(
        f"""SELECT DISTINCT p.id, p.address FROM messages m JOIN people p ON p.id = m.author_id WHERE m.id {IN}
        AND p.address NOT {IN}""",
        (ids(messages), kept),
    ).fetchall()
    return Scope(
        addresses=(),
        people=tuple(row["id"] for row in rows),
        cases=(),
        messages=tuple(messages),
        mails=(),
    )


def holds(con: sqlite3.Connection, scope: Scope) -> tuple[Hold, ...]:
    """Return what stands against the erasure, cases first."""
    own = con.execute(f"SELECT number FROM cases WHERE id {IN} AND status <> 'closed' ORDER BY id", (ids(scope.cases),))
    found = [Hold(kind="open-case", ref=row["number"]) for row in own]
    others = con.execute(
        f"""SELECT DISTINCT c.number FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.id {IN}
        AND c.id NOT {IN} AND c.status <> 'closed' ORDER BY c.number""",
        (ids(scope.messages), ids(scope.cases)),
    )
    found += [Hold(kind="open-case-of-another", ref=row["number"]) for row in others]
    own_messages = con.execute(f"SELECT fingerprint FROM messages WHERE id {IN} ORDER BY id", (ids(scope.messages),))
    listed = {
        entry.ref for entry in waiting(con) if entry.reason not in FILED
    }  # a summary names these, and nobody has to act
    waits = (row["fingerprint"] for row in own_messages if row["fingerprint"] in listed)
    found += [Hold(kind="waits-for-a-person", ref=fingerprint[:16]) for fingerprint in waits]
    found += [Hold(kind="mail", ref=key) for key in mails_on_their_way(con, scope)]
    return tuple(found)


def mails_on_their_way(con: sqlite3.Connection, scope: Scope, states: Sequence[str] = NOT_ENDED) -> list[str]:
    query = f"SELECT key FROM outbox WHERE id {IN} AND state IN ({','.join('?' * len(states))}) ORDER BY id"
    return [row["key"] for row in con.execute(query, (ids(scope.mails), *states))]


def since(con: sqlite3.Connection, scope: Scope) -> datetime | None:
    """Return when the person was first heard of; None = no row has a time."""
    row = con.execute(
        f"""SELECT min(at) FROM (SELECT min(received_at) AS at FROM messages WHERE id {IN}
        UNION ALL SELECT min(opened_at) FROM cases WHERE id {IN} UNION ALL
        SELECT min(created_at) FROM outbox WHERE id {IN})""",
        (ids(scope.messages), ids(scope.cases), ids(scope.mails)),
    ).fetchone()
    return moment(row[0])


def needles(con: sqlite3.Connection, address: str) -> list[str]:
    """What else shows in a stored mail of ours that it is about the person: case numbers and Message-IDs."""
    found = of_person(con, address)
    rows = con.execute(
        f"""SELECT number FROM cases WHERE id {IN} UNION
        SELECT trim(message_id, '<>') FROM messages WHERE id {IN} AND message_id <> ''""",
        (ids(found.cases), ids(found.messages)),
    )
    return [row[0] for row in rows]


def identifiers(con: sqlite3.Connection, scope: Scope) -> tuple[frozenset[str], frozenset[str]]:
    """Return the Message-IDs and the case numbers by which the mailbox knows these rows."""
    rows = con.execute(
        f"""SELECT message_id FROM messages WHERE id {IN} AND message_id <> '' UNION
        SELECT message_id FROM outbox WHERE id {IN} UNION
        SELECT alias FROM outbox WHERE id {IN} AND alias IS NOT NULL""",
        (ids(scope.messages), ids(scope.mails), ids(scope.mails)),
    )
    numbers = con.execute(f"SELECT number FROM cases WHERE id {IN}", (ids(scope.cases),))
    return frozenset(row[0] for row in rows), frozenset(row[0] for row in numbers)


def related(con: sqlite3.Connection, scope: Scope) -> tuple[str, ...]:
    """Return other addresses and numbers, known here, that these people seem to use too."""
    rows = con.execute(
        f"""SELECT 'tel:' || phone AS other FROM cases WHERE id {IN} AND phone IN
        (SELECT substr(address, 5) FROM people WHERE address GLOB 'tel:*')
        UNION SELECT reply_to FROM messages WHERE author_id {IN} AND reply_to IN (SELECT address FROM people)""",
        (ids(scope.cases), ids(scope.people)),
    )
    return tuple(row["other"] for row in rows if row["other"] not in scope.addresses)
