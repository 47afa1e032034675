"""Take the person out of rows that stay: addresses, names, numbers, subjects, texts, identifiers and bytes.

Numbers, times, states and labels stay, and so do the events and deadlines: what the monthly indicators count is the
same before and after. It runs inside the caller's transaction and decides nothing; `columns.py` says what becomes of
each column.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.privacy.columns import setting
from oacmail.adapters.store.privacy.mentions import Mentions
from oacmail.adapters.store.privacy.scope import IN, Scope, ids
from oacmail.adapters.store.write_context import ERASED_DOMAIN, nobody
from oacmail.core.kinds import NOT_ENDED
from oacmail.core.outgoing import MailKind
from oacmail.core.view import FORWARDED_BY, FORWARDED_TO, UNDELIVERED, UNPLACED

_ABOUT_A_MESSAGE = (FORWARDED_BY, FORWARDED_TO, UNPLACED, "reserved:")  # before a fingerprint, in kv
_QUOTED = ", ".join(f"'{state}'" for state in NOT_ENDED)
CLOSED_FOR = "erased"  # the reason with which a case ends that was erased while it was open


def erase(con: sqlite3.Connection, scope: Scope, now: datetime) -> Counter[str]:
    """Return the number of rows changed or deleted, by table. Rows that were erased before are not counted again."""
    counts: Counter[str] = Counter()
    names = _identifiers(con, scope)
    originals = _originals(con, scope)
    stand_in = nobody(con) if scope.people else None
    counts["cases"] = _set(con, "cases", scope.cases, now)
    counts["messages"] = _set(con, "messages", scope.messages, now)
    counts["outbox"] = _set(con, "outbox", scope.mails, now)
    counts["mails"] = con.execute(
        f"UPDATE mails SET {setting('mails')} WHERE id {IN} AND length(mime) > 0",
        (ids((*scope.mails, *_with_first_words(con, scope))),),
    ).rowcount
    counts["originals"] = _unused(con, originals)
    counts["notes"] = _deleted(con, "notes", f"case_id {IN}", ids(scope.cases))
    counts["drafts"] = _deleted(con, "drafts", f"case_id {IN}", ids(scope.cases))
    counts["refs"] = _references(con, scope, names)
    counts["kv"] = _stored_values(con, scope, names) + _lessons(con, scope)
    con.execute(
        f"""UPDATE reviews SET done_at = ? WHERE done_at IS NULL
        AND fingerprint IN (SELECT fingerprint FROM messages WHERE id {IN})""",
        (stamp(now), ids(scope.messages)),
    )
    if stand_in is not None:
        counts["people"] = _cut(con, scope, stand_in)
    return +counts


def _set(con: sqlite3.Connection, table: str, rows: Iterable[int], now: datetime) -> int:
    return con.execute(
        f"UPDATE {table} SET {setting(table)}, erased_at = ? WHERE id {IN} AND erased_at IS NULL",
        (stamp(now), ids(rows)),
    ).rowcount


def _with_first_words(con: sqlite3.Connection, scope: Scope) -> list[int]:
    """The mails to agents that have left and may show the first words of these messages: summaries and cards name what
    its text alone has set aside."""
    listed = con.execute(
        f"""SELECT m.fingerprint, m.received_at FROM messages m JOIN reviews r ON r.fingerprint = m.fingerprint
        WHERE m.id {IN} ORDER BY m.received_at""",
        (ids(scope.messages),),
    ).fetchall()
    if not listed:
        return []
    rows = con.execute(  # the conditions are those of the index outbox_digests
        f"SELECT id FROM outbox WHERE kind = 'digest' AND created_at >= ? AND state NOT IN ({_QUOTED})",
        (listed[0]["received_at"],),
    ).fetchall()
    for row in listed:
        card = f"{MailKind.IN_JUNK}:{row['fingerprint']}:"
        query = f"SELECT id FROM outbox WHERE key >= ? AND key < ? AND state NOT IN ({_QUOTED})"
        rows += con.execute(query, (card, f"{card}\uffff")).fetchall()
    return [row["id"] for row in rows]


def _deleted(con: sqlite3.Connection, table: str, where: str, *values: object) -> int:
    return con.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount


def _identifiers(con: sqlite3.Connection, scope: Scope) -> list[tuple[str, str]]:
    """(Message-ID, fingerprint) of the messages; the Message-ID is '' if it has none."""
    rows = con.execute(f"SELECT message_id, fingerprint FROM messages WHERE id {IN}", (ids(scope.messages),))
    return [(row["message_id"], row["fingerprint"]) for row in rows]


def _originals(con: sqlite3.Connection, scope: Scope) -> list[str]:
    query = f"SELECT DISTINCT original FROM messages WHERE id {IN} AND original IS NOT NULL"
    return [row["original"] for row in con.execute(query, (ids(scope.messages),))]


def _unused(con: sqlite3.Connection, originals: Iterable[str]) -> int:
    """Delete those of these originals that no message refers to; return how many there were."""
    query = """DELETE FROM originals WHERE sha256 = ?
        AND NOT EXISTS(SELECT 1 FROM messages WHERE original = originals.sha256)"""
    return sum(con.execute(query, (one,)).rowcount for one in originals)


def _references(con: sqlite3.Connection, scope: Scope, names: Iterable[tuple[str, str]]) -> int:
    count = _deleted(con, "refs", f"message_id {IN}", ids(scope.messages))
    gone = [message_id for message_id, _ in names if message_id]
    return count + sum(_deleted(con, "refs", "ref = ?", one) for one in gone)


def _stored_values(con: sqlite3.Connection, scope: Scope, names: Iterable[tuple[str, str]]) -> int:
    """Stored values about the addresses and the messages. Hashes of an address are guessable: they go too."""
    keys: list[str] = []
    for address in scope.addresses if scope.whole else ():
        whole = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", re.IGNORECASE)
        rows = con.execute("SELECT key, value FROM kv WHERE instr(lower(key || ' ' || value), ?)", (address,))
        keys += [row["key"] for row in rows if whole.search(f"{row['key']} {row['value']}")]
        added = (f"added:*:{sha256(address.encode()).hexdigest()[:16]}",)
        keys += [row["key"] for row in con.execute("SELECT key FROM kv WHERE key GLOB ?", added)]
    for message_id, fingerprint in names:
        keys += [kind + fingerprint for kind in _ABOUT_A_MESSAGE] + [UNDELIVERED + message_id] * bool(message_id)
    return sum(_deleted(con, "kv", "key = ?", key) for key in keys)


def _lessons(con: sqlite3.Connection, scope: Scope) -> int:
    """What was learned from a correction of one of these cases: the lessons are learned again from the others."""
    corrected = f"EXISTS(SELECT 1 FROM events WHERE kind IN ('corrected', 'confirmed') AND case_id {IN})"
    return _deleted(con, "kv", f"key = 'lessons' AND {corrected}", ids(scope.cases))


def _cut(con: sqlite3.Connection, scope: Scope, stand_in: int) -> int:
    """Put `stand_in` in the place of the people on these rows; return how many people are left on no row at all."""
    people = ids(scope.people)
    con.execute(
        f"UPDATE cases SET citizen_id = ? WHERE id {IN} AND citizen_id {IN}", (stand_in, ids(scope.cases), people)
    )
    con.execute(
        f"UPDATE messages SET author_id = ? WHERE id {IN} AND author_id {IN}", (stand_in, ids(scope.messages), people)
    )
    con.execute(
        f"""UPDATE outbox SET domain = '{ERASED_DOMAIN}', mailbox = '',
        recipient = (SELECT address FROM people WHERE id = ?) WHERE id {IN} AND recipient {IN}""",
        (stand_in, ids(scope.mails), json.dumps(scope.addresses)),
    )
    nowhere = """id NOT IN (SELECT citizen_id FROM cases) AND id NOT IN (SELECT author_id FROM messages)"""
    con.execute(f"DELETE FROM people WHERE id = ? AND {nowhere}", (stand_in,))
    return _deleted(con, "people", f"id {IN} AND {nowhere}", people)


def erase_mentions(con: sqlite3.Connection, found: Mentions, scope: Scope) -> Counter[str]:
    """Empty the stored mails to others that name the person, and take the address out of other people's messages."""
    counts: Counter[str] = Counter()
    others = sorted(found.mails - set(scope.mails))
    counts["mails"] = con.execute(
        f"""UPDATE mails SET {setting("mails")} WHERE length(mime) > 0
        AND id IN (SELECT id FROM outbox WHERE id {IN} AND state NOT IN ({_QUOTED}))""",
        (ids(others),),
    ).rowcount
    messages = sorted(found.messages - set(scope.messages))
    rows = con.execute(f"SELECT id, original, subject, fresh, reply_to FROM messages WHERE id {IN}", (ids(messages),))
    originals = []
    for row in rows.fetchall():
        texts = [_without(row[name], scope.addresses) for name in ("subject", "fresh", "reply_to")]
        con.execute(
            "UPDATE messages SET subject = ?, fresh = ?, reply_to = ?, original = NULL WHERE id = ?",
            (*texts, row["id"]),
        )
        originals += [row["original"]] if row["original"] else []
        counts["messages"] += 1
    counts["originals"] = _unused(con, originals)
    return +counts


def _without(text: str, addresses: Iterable[str]) -> str:
    """Whole addresses alone: the end of `joanna@…` is no `anna@…`."""
    whole = "|".join(rf"(?<![\w.+-]){re.escape(one)}(?![\w-])" for one in addresses)
    return re.sub(whole, "[…]", text, flags=re.IGNORECASE)


def end_open_cases(con: sqlite3.Connection, scope: Scope, now: datetime) -> None:
    """Close the open cases, void their deadlines and drop the mails that wait, so that nothing is sent to nobody."""
    at = stamp(now)
    con.execute(
        f"""UPDATE cases SET status = 'closed', closed_at = ?, close_reason = '{CLOSED_FOR}'
        WHERE id {IN} AND status <> 'closed'""",
        (at, ids(scope.cases)),
    )
    con.execute(
        f"""UPDATE deadlines SET void_at = ? WHERE case_id {IN} AND met_at IS NULL AND void_at IS NULL
        AND (fired_at IS NULL OR (kind IN ('answer', 'rights') AND level = 0))""",
        (at, ids(scope.cases)),
    )
    con.execute(
        f"UPDATE outbox SET state = 'dropped' WHERE id {IN} AND state IN ('queued', 'held')", (ids(scope.mails),)
    )
