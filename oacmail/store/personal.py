"""What the database holds on a person: which columns, which rows, and where else the person is named
(docs/privacy.md).

It changes nothing; store/erase.py erases, and who may ask a person decides.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Mail
from typing import Any, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core.kinds import NOT_ENDED
from oacmail.core.model import regex
from oacmail.core.review import FILED
from oacmail.core.view import CaseColumns
from oacmail.store.connection import moment
from oacmail.store.health import waiting

# --- Columns ---------------------------------------------------------------------------------------------------------
# Every text and blob column of the schema: personal, derived from personal data, or free of it.
# tests/privacy/test_personal_columns.py compares them: a new column has no place until somebody decides here what
# becomes of it. The erasure reads ERASED; the other tables are for people.

ERASED: Mapping[str, Mapping[str, str]] = {
    "cases": {"phone": "NULL", "subject": "''", "subject_key": "''"},
    "messages": {
        "message_id": "''",
        "because": "'[]'",
        "subject": "''",
        "subject_key": "''",
        "fresh": "''",
        "body_hash": "''",
        "reply_to": "''",
        "original": "NULL",
        "attachments": "'[]'",
    },
    "outbox": {
        "message_id": "'<erased.' || id || '@invalid>'",
        "alias": "NULL",
        "bare_id": "NULL",
        "last_error": "NULL",
    },
    "mails": {"mime": "x''", "bare": "NULL", "seal": "NULL"},
}
"""Table -> column -> what it holds afterwards, as an SQL expression. The row stays: the indicators count it."""

ROWS: Mapping[str, Mapping[str, str]] = {
    "people": {
        "address": "becomes erased.ID@invalid (RFC 2606), which no mail can reach",
        "name": "erased with the address",
        "lang": "erased with the address",
    },
    "outbox": {
        "recipient": "becomes erased.ID@invalid if it was the person's",
        "domain": "becomes invalid, likewise",
        "mailbox": "becomes empty, likewise",
    },
    "originals": {"key": "the row is deleted", "bytes": "the row is deleted"},
    "refs": {"ref": "the rows that name the message, and those of the message, are deleted"},
    "notes": {"text": "the row is deleted"},
    "drafts": {"message_id": "the row is deleted", "mime": "the row is deleted"},
    "kv": {
        "key": "the rows about the address or the message are deleted",
        "value": "likewise; lessons are learned again without the person's messages",
    },
}
"""Personal columns that are erased by rows: `erase.py` says which."""

DERIVED: Mapping[str, Mapping[str, str]] = {
    "cases": {"opened_by": "fingerprint"},
    "messages": {"fingerprint": "keeps the message in the mailbox from being processed as a new one"},
    "reviews": {"fingerprint": "fingerprint"},
    "sightings": {
        "fingerprint": "fingerprint",
        "identity": "hash of Message-ID and Date of the baseline's mail; deleted with it",
    },
    "board_places": {"fingerprint": "fingerprint"},
    "board_messages": {"fingerprint": "fingerprint"},
    "votes": {"message": "fingerprint"},
    "deadlines": {"started_by": "fingerprint, or the key of an order"},
    "events": {"fingerprint": "fingerprint"},
    "outbox": {"key": "kind and fingerprint; of notices also a hash of the colleague's address"},
    "drafts": {"key": "kind and fingerprint"},
    "tick_failures": {"item": "fingerprint or key; deleted at the next tick that succeeds"},
    "forgotten": {"person": "keyed hash of an address, with which a restored backup is erased again"},
    "ledger": {"row": "fingerprint", "image": "derived and free columns of a row, and keyed hashes of its addresses"},
    "ledger_rows": {"row": "fingerprint", "image": "likewise"},
}
"""Hashes from which nobody can read a person, and which the desk needs afterwards."""

FREE: Mapping[str, tuple[str, ...]] = {
    "people": (),
    "cases": (
        *("number", "parent", "opened_at", "erased_at"),
        *(
            name
            for name, kind in get_type_hints(CaseColumns, include_extras=True).items()
            if kind not in (str, str | None)
        ),
    ),
    "messages": (
        *("role", "outcome", "kind", "rule", "lang", "rung", "folder", "sent_at", "received_at", "erased_at"),
    ),
    "reviews": ("reason", "at", "done_at"),
    "folders": ("name", "role", "started_at", "synced_at", "compared_at"),
    "sightings": ("folder", "internal_date", "first_seen", "outcome", "error", "wanted", "retry_at"),
    "board_places": ("folder", "internal_date"),
    "board_messages": ("folder", "internal_date", "target", "word"),
    "deadlines": ("kind", "started_at", "due_at", "met_at", "fired_at", "withdrawn_at"),
    "outbox": (
        *("kind", "state", "budget", "released_at", "copied_at", "next_at", "data_at", "sent_at", "created_at"),
        *("refused_at", "erased_at"),
    ),
    "events": ("at", "kind", "data"),  # `data` names staff, and nobody else: tests/privacy/events.py
    "votes": ("at",),
    "kv": ("at",),
    "tick_failures": ("case", "since", "retry_at", "error"),
    "drafts": ("created_at", "settled_at"),
    "forgotten": ("at", "key"),
    "reports": ("month", "published_at", "figures"),  # counts, and case numbers with the cause of a breach
    "report_corrections": ("month", "indicator", "measure", "at", "why"),
    "ledger": ("table", "mac"),
    "ledger_rows": ("table",),
    "ledger_snapshot": ("chained", "schema", "signed", "mac"),
}
"""Times, labels, states, numbers, and names of staff and folders."""


def setting(table: str) -> str:
    """`column = expression, …` for an UPDATE of this table."""
    return ", ".join(f"{column} = {value}" for column, value in ERASED[table].items())


# --- Scope -----------------------------------------------------------------------------------------------------------
# What an erasure covers and an export shows: a person's cases with everything on them, what they wrote on other
# people's cases, and the mails to them.

NEVER = "9999"  # sorts behind every time


class Scope(Struct, frozen=True, kw_only=True):
    """Ids of rows. `addresses`: of the people whose link to these rows is cut; `people`: their ids."""

    addresses: tuple[str, ...]
    people: tuple[int, ...]
    cases: tuple[int, ...]
    messages: tuple[int, ...]
    mails: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.people or self.cases or self.messages or self.mails)


class Hold(Struct, frozen=True, kw_only=True):
    """Why the rows must not be erased yet. `kind`: "open-case" (`ref`: its number), "open-case-of-another",
    "waits-for-a-person" (the reference of the review list) or "mail" (the key of the outbox)."""

    kind: str
    ref: str


def ids(values: Iterable[int]) -> str:
    """For `IN (SELECT value FROM json_each(?))`, which has no limit of parameters."""
    return json.dumps(list(values))


IN = "IN (SELECT value FROM json_each(?))"


def _ids(con: sqlite3.Connection, query: str, *values: object) -> tuple[Any, ...]:
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
    )


def with_mail_about(con: sqlite3.Connection, scope: Scope) -> Scope:
    """Add the mail of staff and services that concerns these rows and is on another case, or on none: what did
    something to one of the cases, perhaps beside others (orders, forwards), and what replies to a message of theirs or
    to a mail to them (on a case that was merged since). An erasure covers it; no export does: it may name others."""
    about = _ids(
        con,
        f"""SELECT id FROM messages WHERE role IN ('agent', 'technical') AND erased_at IS NULL AND (
          fingerprint IN (SELECT fingerprint FROM events WHERE case_id {IN} AND fingerprint IS NOT NULL)
          OR id IN (SELECT message_id FROM refs WHERE ref IN (
            SELECT message_id FROM messages WHERE id {IN} UNION SELECT message_id FROM outbox WHERE id {IN})))""",
        ids(scope.cases),
        ids(scope.messages),
        ids(scope.mails),
    )
    return replace(scope, messages=tuple(sorted({*scope.messages, *about})))


def with_mail_naming(con: sqlite3.Connection, scope: Scope, until: str) -> Scope:
    """Add the mail of staff and services on no case that came until then and whose own words name one of these cases or
    addresses. It reads each of them, so that a purge case by case leaves it out: there they are past their time by
    themselves."""
    numbers = _ids(con, f"SELECT number FROM cases WHERE id {IN}", ids(scope.cases))
    sought = _Sought([*numbers, *(address.removeprefix("tel:") for address in scope.addresses)])
    rows = con.execute(
        """SELECT id, subject || ' ' || fresh AS text FROM messages
        WHERE case_id IS NULL AND role IN ('agent', 'technical') AND erased_at IS NULL AND received_at < ?""",
        (until,),
    )
    naming = (row["id"] for row in rows if sought.search(row["text"]))
    return replace(scope, messages=tuple(sorted({*scope.messages, *naming})))


def of_case(con: sqlite3.Connection, case: int, staff: Iterable[str]) -> Scope:
    """Everything on one case, and everybody who wrote on it but `staff`."""
    messages = _ids(con, "SELECT id FROM messages WHERE case_id = ? ORDER BY id", case)
    mails = _ids(con, "SELECT id FROM outbox WHERE case_id = ? ORDER BY id", case)
    return replace(of_messages(con, messages, staff, (case,)), mails=mails)


def of_messages(
    con: sqlite3.Connection, messages: Sequence[int], staff: Iterable[str], cases: Sequence[int] = ()
) -> Scope:
    """These messages and cases, and everybody whose they are but `staff`."""
    rows = con.execute(
        f"""SELECT id, address FROM people WHERE address NOT {IN}
        AND (id IN (SELECT citizen_id FROM cases WHERE id {IN})
        OR id IN (SELECT author_id FROM messages WHERE id {IN} AND role IN ('citizen', 'robot', 'technical')))""",
        (json.dumps(sorted(staff)), ids(cases), ids(messages)),
    ).fetchall()
    return Scope(
        addresses=tuple(row["address"] for row in rows),
        people=tuple(row["id"] for row in rows),
        cases=tuple(cases),
        messages=tuple(messages),
        mails=(),
    )


def holds(con: sqlite3.Connection, scope: Scope, unprocessed: Set[str] = frozenset()) -> tuple[Hold, ...]:
    """Return what stands against the erasure, cases first. `unprocessed`: see `Mentions`."""
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
    waits = [row["fingerprint"] for row in own_messages if row["fingerprint"] in listed]
    waits += sorted(unprocessed & listed)
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


class Traces(Struct, frozen=True, kw_only=True):
    """What messages in the mailbox are known by. `message_ids` and `cases` (the numbers) stand in their heads;
    `fingerprints` are those of their rows, also of erased ones, and `arrivals` the (size, arrival as stored) that each
    of them had, which a move does not change. `reports`: fingerprints of delivery reports, which nobody wrote."""

    message_ids: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    arrivals: frozenset[tuple[int, str]] = frozenset()
    reports: frozenset[str] = frozenset()


def traces(con: sqlite3.Connection, scope: Scope, forgotten: Iterable[str] = ()) -> Traces:
    """Return by what the mailbox knows these rows, and those that were erased at these moments, as stored."""
    moments = json.dumps(list(forgotten))
    found = {
        table: ids(_ids(con, f"SELECT id FROM {table} WHERE id {IN} OR erased_at {IN}", ids(rows), moments))
        for table, rows in (("cases", scope.cases), ("messages", scope.messages), ("outbox", scope.mails))
    }
    of_messages = f"SELECT fingerprint FROM messages WHERE id {IN}"
    message_ids = f"""SELECT message_id FROM messages WHERE id {IN} AND message_id <> '' UNION
        SELECT message_id FROM outbox WHERE id {IN} UNION
        SELECT alias FROM outbox WHERE id {IN} AND alias IS NOT NULL"""
    arrivals = f"SELECT DISTINCT size, internal_date FROM sightings WHERE fingerprint IN ({of_messages})"
    return Traces(
        message_ids=frozenset(_ids(con, message_ids, found["messages"], found["outbox"], found["outbox"])),
        cases=frozenset(_ids(con, f"SELECT number FROM cases WHERE id {IN}", found["cases"])),
        fingerprints=frozenset(_ids(con, of_messages, found["messages"])),
        arrivals=frozenset(map(tuple, con.execute(arrivals, (found["messages"],)))),
        reports=frozenset(_ids(con, f"{of_messages} AND role = 'robot' AND kind = 'bounce'", found["messages"])),
    )


def related(con: sqlite3.Connection, scope: Scope) -> tuple[str, ...]:
    """Return other addresses and numbers, known here, that these people seem to use too."""
    rows = con.execute(
        f"""SELECT 'tel:' || phone AS other FROM cases WHERE id {IN} AND phone IN
        (SELECT substr(address, 5) FROM people WHERE address GLOB 'tel:*')
        UNION SELECT reply_to FROM messages WHERE author_id {IN} AND reply_to IN (SELECT address FROM people)""",
        (ids(scope.cases), ids(scope.people)),
    )
    return tuple(row["other"] for row in rows if row["other"] not in scope.addresses)


# --- Mentions --------------------------------------------------------------------------------------------------------
# Where else a person's address stands: in stored mails to staff, and in messages of other people. Bytes are decoded as
# far as an erasure needs it (base64, quoted-printable, attached messages).

SHORTEST = 7  # characters of a name or number that says something
_SPACED = regex(r"(?<=\d)[ .-](?=\d)")  # between the digits of a number
_TEXTS = """SELECT m.id, m.subject || char(10) || m.fresh || char(10) || m.reply_to AS texts, o.bytes
  FROM messages m LEFT JOIN originals o ON o.key = m.original"""
# The texts are strangers', and whole files: each character is read once. The second pattern finds an address behind a
# sign that only few addresses have.
_ADDRESSES = [
    regex(r"(?<![^\s<>\"(),;:\[\]@])[^\s<>\"(),;:\[\]@]{1,64}+@[\w.-]{1,253}(?<=\w)"),
    regex(r"(?<![\w.+-])[\w.+-]{1,64}+@[\w.-]{1,253}(?<=\w)"),
    regex(r"(?<!\w)\+\d{9,15}(?!\d)"),
]
UNPROCESSED = """originals o LEFT JOIN reviews r ON r.fingerprint = o.key
  WHERE NOT EXISTS(SELECT 1 FROM messages WHERE original = o.key)"""
"""The originals of messages that could not be processed, also if a later pass has, with their entries of the review
list."""


class Mentions(Struct, frozen=True, kw_only=True):
    """Ids of rows of `outbox` and `messages`; the rows up to `last_mail` and `last_message` were looked at.
    `unprocessed`: keys of originals that no message has, since it could not be processed."""

    mails: frozenset[int] = frozenset()
    messages: frozenset[int] = frozenset()
    unprocessed: frozenset[str] = frozenset()
    last_mail: int = 0
    last_message: int = 0


def find_mentions(
    con: sqlite3.Connection, address: str, needles: Iterable[str], seen: Mentions | None = None, until: str = NEVER
) -> Mentions:
    """Return the messages that contain the address, and the stored mails that contain it or one of the needles; with
    `seen` also what that has, and only later rows are looked at. `until`: only rows older than that time, as stored.

    A connection of its own may look first, since this takes about a millisecond for each stored mail.
    """
    start = seen or Mentions()
    own = address.removeprefix("tel:")
    named, about = _Sought([own]), _Sought([own, *needles])
    mails, messages = set(start.mails), set(start.messages)
    last_mail, last_message = start.last_mail, start.last_message
    stored = con.execute(
        """SELECT o.id, m.mime, coalesce(m.bare, x'') AS bare FROM outbox o JOIN mails m ON m.id = o.id
        WHERE o.id > ? AND o.created_at < ? AND o.erased_at IS NULL AND length(m.mime) > 0 ORDER BY o.id""",
        (last_mail, until),
    )
    for row in stored:
        last_mail = row["id"]
        if about.is_in(row["mime"]) or about.is_in(row["bare"]):
            mails.add(last_mail)
    received = con.execute(
        f"{_TEXTS} WHERE m.id > ? AND m.received_at < ? AND m.erased_at IS NULL ORDER BY m.id", (last_message, until)
    )
    for row in received:
        last_message = row["id"]
        if named.search(row["texts"]) or named.is_in(row["bytes"] or b""):
            messages.add(last_message)
    aside = con.execute(f"SELECT o.key, o.bytes FROM {UNPROCESSED} AND coalesce(r.at, '') < ?", (until,))
    return Mentions(
        mails=frozenset(mails),
        messages=frozenset(messages),
        unprocessed=frozenset(row["key"] for row in aside if named.is_in(row["bytes"])),
        last_mail=last_mail,
        last_message=last_message,
    )


class _Sought:
    """Texts that are looked for as whole words, in any case. A pattern of hundreds of them is tried at every character;
    so it is asked only where one of them occurs at all."""

    def __init__(self, texts: Iterable[str]) -> None:
        wanted = [text for text in texts if text]
        self._folded = [text.casefold() for text in wanted]
        self._words = re.compile("|".join(rf"(?<![\w.+-]){re.escape(text)}(?![\w-])" for text in wanted), re.IGNORECASE)

    def search(self, text: str) -> bool:
        folded = text.casefold()
        return any(word in folded for word in self._folded) and self._words.search(text) is not None

    def is_in(self, raw: bytes) -> bool:
        return self.search(raw.decode("utf-8", "replace")) or any(map(self.search, decoded(raw)))


def decoded(raw: bytes) -> Iterator[str]:
    """Yield each header field and text part, decoded."""
    try:
        mail = message_from_bytes(raw)
    except (MessageError, ValueError, LookupError):
        return
    for part in mail.walk():
        yield from (decoded_field(str(value)) for value in part.values())
        if not part.is_multipart():
            yield _text(part)


def decoded_field(value: str) -> str:
    try:
        return "".join(
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(value)
        )
    except (MessageError, ValueError, LookupError):
        return value


def _text(part: Mail) -> str:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return ""
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def named_addresses(con: sqlite3.Connection, after: Sequence[int], until: str) -> tuple[frozenset[str], list[int]]:
    """Return the addresses (and numbers, as tel:+34…) that stand in the messages and stored mails after these rows and
    before that time, as stored, and the last rows that there are."""
    messages = con.execute(f"{_TEXTS} WHERE m.id > ? AND m.received_at < ? AND m.erased_at IS NULL", (after[0], until))
    mails = con.execute(
        """SELECT '' AS texts, m.mime AS bytes FROM outbox o JOIN mails m ON m.id = o.id
        WHERE o.id > ? AND o.created_at < ? AND length(m.mime) > 0""",
        (after[1], until),
    )
    texts = (text for row in (*messages, *mails) for text in (row["texts"], *decoded(row["bytes"] or b"")))
    found = {hit.lower() for text in texts for pattern in _ADDRESSES for hit in pattern.findall(text)}
    last = con.execute("SELECT (SELECT max(id) FROM messages), (SELECT max(id) FROM outbox)").fetchone()
    return frozenset(f"tel:{one}" if one[0] == "+" else one for one in found), [row or 0 for row in last]


def named_elsewhere(con: sqlite3.Connection, scope: Scope) -> tuple[str, ...]:
    """Return other people's cases, and the messages on no case (the beginning of the fingerprint), in which the
    person's name or telephone number stands: a person must judge whether it is theirs. A name of one word says too
    little."""
    names = con.execute(f"SELECT name FROM people WHERE id {IN} AND name LIKE '% %'", (ids(scope.people),))
    phones = con.execute(f"SELECT substr(phone, -9) FROM cases WHERE id {IN} AND phone <> ''", (ids(scope.cases),))
    sought = [text.casefold() for (text,) in (*names, *phones) if len(text) >= SHORTEST]
    rows = con.execute(
        f"""SELECT coalesce(c.number, substr(m.fingerprint, 1, 16)) AS ref, m.subject || ' ' || m.fresh AS text
        FROM messages m LEFT JOIN cases c ON c.id = m.case_id WHERE m.id NOT {IN}
        UNION ALL SELECT c.number, n.text FROM notes n JOIN cases c ON c.id = n.case_id WHERE c.id NOT {IN}""",
        (ids(scope.messages), ids(scope.cases)),
    )
    texts = ((row["ref"], f"{row['text']}\n{_SPACED.sub('', row['text'])}".casefold()) for row in rows if sought)
    return tuple(dict.fromkeys(ref for ref, text in texts if any(one in text for one in sought)))


# --- Held ------------------------------------------------------------------------------------------------------------
# The rows for the copy that a person may ask for, table by table. Bytes of messages are with the person's own messages
# and the mails to them alone.

_CASES = f"""SELECT id AS "case", number, status, kind, topic, level, intent, lang AS language, phone, slot, call_hours,
  subject, opened_at, answered_at, closed_at, close_reason, score, ends_on, ends_hour, operator, platform, cause
  FROM cases WHERE id {IN} ORDER BY id"""
_MESSAGES = f"""SELECT m.id, c.number AS "case", m.message_id, m.role, m.kind, m.subject, m.fresh AS text, m.sent_at,
  m.received_at, m.lang AS language, m.folder, m.reply_to, m.attachments, m.because,
  iif(m.author_id {IN}, o.bytes, NULL) AS bytes, m.author_id {IN} AS own,
  iif(m.role = 'citizen', m.author_id NOT {IN}, m.role IN ('agent', 'technical')
    AND EXISTS(SELECT 1 FROM refs r JOIN messages a ON a.message_id = r.ref
      WHERE r.message_id = m.id AND a.role = 'citizen' AND a.author_id NOT {IN})
    AND NOT EXISTS(SELECT 1 FROM refs r JOIN messages a ON a.message_id = r.ref
      WHERE r.message_id = m.id AND a.author_id {IN})) AS others
  FROM messages m LEFT JOIN cases c ON c.id = m.case_id LEFT JOIN originals o ON o.key = m.original
  WHERE m.id {IN} ORDER BY m.received_at, m.id"""
_MAILS = f"""SELECT o.id, c.number AS "case", o.kind, o.recipient, o.state, o.created_at, o.sent_at, o.last_error,
  iif(o.recipient {IN} AND length(b.mime) > 0, b.mime, NULL) AS mime, o.recipient {IN} AS own
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id LEFT JOIN mails b ON b.id = o.id
  WHERE o.id {IN} ORDER BY o.id"""
_EVENTS = f"""SELECT c.number AS "case", e.at, e.kind, e.data FROM events e JOIN cases c ON c.id = e.case_id
  WHERE e.case_id {IN} ORDER BY e.id"""
_NOTES = f"""SELECT c.number AS "case", e.at, n.text FROM notes n JOIN events e ON e.id = n.event_id
  LEFT JOIN cases c ON c.id = n.case_id WHERE n.case_id {IN} ORDER BY n.event_id"""
_DEADLINES = f"""SELECT c.number AS "case", d.kind, d.level, d.started_at, d.due_at, d.met_at, d.fired_at,
    d.withdrawn_at
  FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE d.case_id {IN} ORDER BY d.started_at, d.kind, d.level"""
_VOTES = f"""SELECT c.number AS "case", v.score, v.at FROM votes v JOIN cases c ON c.id = v.case_id
  WHERE v.case_id {IN} ORDER BY v.id"""
_REVIEWS = f"""SELECT r.reason, r.at, r.done_at FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint
  WHERE m.id {IN} ORDER BY r.at"""
_STAFF_NAMES = ("by", "name")  # keys of an event's data that name the account


def held(con: sqlite3.Connection, scope: Scope) -> dict[str, list[dict[str, Any]]]:
    """Return a list of rows for each table. Times are UTC texts. A message or mail with `file` has its bytes too; a
    message with `others` has no words, which are another person's."""
    cases, messages, mails, people = map(ids, (scope.cases, scope.messages, scope.mails, scope.people))
    addresses = json.dumps(scope.addresses)
    rows = {
        "people": _all(con, f"SELECT address, name, lang AS language FROM people WHERE id {IN}", people),
        "cases": _all(con, _CASES, cases),
        "messages": _all(con, _MESSAGES, people, people, people, people, people, messages),
        "mails": _all(con, _MAILS, addresses, addresses, mails),
        "deadlines": _all(con, _DEADLINES, cases),
        "events": _all(con, _EVENTS, cases),
        "notes": _all(con, _NOTES, cases),
        "votes": _all(con, _VOTES, cases),
        "reviews": _all(con, _REVIEWS, messages),
        "facts": [row for address in scope.addresses for row in _stored_values(con, address)],
    }
    for number, row in enumerate(rows["messages"], 1):
        row |= {"attachments": json.loads(row["attachments"]), "because": json.loads(row["because"])}
        if row["others"]:  # what another person wrote on the case, or was answered: theirs to see (GDPR, article 15.4)
            row |= {"message_id": "", "subject": "", "text": "", "reply_to": "", "attachments": [], "because": []}
            row["role"] = "another" if row["role"] == "citizen" else row["role"]
        row["file"] = f"messages/{number:05d}.eml" if row["bytes"] else None
    for number, row in enumerate(rows["mails"], 1):
        row["file"] = f"mails/{number:05d}.eml" if row["mime"] else None
    for row in rows["events"]:
        row["data"] = {name: one for name, one in json.loads(row["data"]).items() if name not in _STAFF_NAMES}
    return rows


def _all(con: sqlite3.Connection, query: str, *values: str) -> list[dict[str, Any]]:
    return [dict(row) for row in con.execute(query, values)]


def _stored_values(con: sqlite3.Connection, address: str) -> list[dict[str, Any]]:
    return _all(con, "SELECT key, value, at FROM kv WHERE instr(lower(key || ' ' || value), ?)", address)
