"""A database of a whole year that nobody has lived: cases, deadlines, acknowledgements, events and votes, by a seed.

Written by SQL, since the desk itself would take hours. The shares of what is late, derived, called or complained about
are invented; what a report costs depends on the number of rows alone.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from oacmail.adapters.store import SqliteStore
from oacmail.adapters.store.connection import FILE

YEAR = 2026
MADRID = ZoneInfo("Europe/Madrid")
TOPICS = ("certificate", "application", "grant", "procurement", "notification", "enrolment", "folder", "other")
_INSERTS = {
    "cases": """INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, slot,
      subject, subject_key, opened_at, touched_at, answered_at, closed_at, operator, platform, cause)
      VALUES(?,?,?,1,?,'request',?,?,?,?,?,'','',?,?,?,?,?,?,?)""",
    "messages": """INSERT INTO messages(fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
      subject, subject_key, received_at, lang, fresh, body_hash, rung, folder)
      VALUES(?,?,?,1,?,'case','request','new','[]','','',?,?,'','','full','INBOX')""",
    "deadlines": """INSERT INTO deadlines(armed_by, kind, level, case_id, armed_at, due_at, met_at, void_at)
      VALUES(?,?,0,?,?,?,?,?)""",
    "outbox": """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, length, state, sent_at,
      created_at)
      VALUES(?,?,?,?,'','',1,'sent',?,?)""",
    "events": "INSERT INTO events(at, case_id, fingerprint, kind, data) VALUES(?,?,?,?,?)",
    "votes": "INSERT INTO votes(message, case_id, score, signed, at) VALUES(?,?,?,1,?)",
}


class _Rows(NamedTuple):
    """Table -> values of the rows of one case."""

    case: list[tuple[str, tuple[Any, ...]]]


def make(state: Path, cases: int, year: int = YEAR, seed: int = 7) -> None:
    """Write the database of a new state directory."""
    SqliteStore(state).close()
    with closing(sqlite3.connect(state / FILE)) as con:
        con.execute("PRAGMA synchronous=OFF")
        con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
        started = _text(datetime(year - 1, 12, 31, tzinfo=MADRID))
        con.execute("INSERT INTO folders VALUES('INBOX','intake',1,1,?,?,?)", (started, started, started))
        for _, statement, values in rows(cases, year, seed):
            con.execute(statement, values)
        con.commit()


def rows(cases: int, year: int, seed: int) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Yield each row of the year: table, its INSERT, the values."""
    random = Random(seed)
    for number in range(1, cases + 1):
        for table, values in _case(number, cases, year, random).case:
            yield table, _INSERTS[table], values


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _worked(day: datetime) -> datetime:
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def _case(number: int, cases: int, year: int, random: Random) -> _Rows:
    begin, end = (datetime(one, 1, 1, tzinfo=MADRID) for one in (year, year + 1))
    asked = begin + (end - begin) * ((number - 0.5) / cases) * 0.9999
    asked = asked.replace(hour=random.choice((8, 9, 10, 11, 12, 13, 16, 17, 18, 21)), minute=random.randrange(60))
    due = _worked(asked + timedelta(days=1)).replace(hour=20, minute=0, second=0)
    kind, chance = random.random(), random.random()
    callback, derived = kind < 0.1, 0.1 <= kind < 0.2
    answered = (
        None
        if chance < 0.002
        else due + timedelta(hours=1 if chance < 0.008 else 15 if chance < 0.02 else -random.randrange(1, 24))
    )
    answered = max(answered, asked + timedelta(minutes=9)) if answered else None
    closed = answered + timedelta(days=14) if answered and answered + timedelta(days=14) < end else None
    print_, lang = f"{number:064x}", random.choices(("ca", "es", "en"), (70, 25, 5))[0]
    intent = "callback" if callback else "complaint" if kind > 0.98 else "question"
    slot = random.choice(("morning", "afternoon")) if callback else None
    if slot == "morning":
        due = due.replace(hour=14)
    fault = ("town", "Seu electrònica", "platform") if derived else ("", "", "")
    at, met, over = _text(asked), _text(answered) if answered else None, _text(closed) if closed else None
    found: list[tuple[str, tuple[Any, ...]]] = [
        ("cases", (
            number, f"OAC-{year}-{number:06d}", print_, "closed" if closed else "answered" if answered else "open",
            random.choice(TOPICS), "second" if derived else "first" if kind < 0.95 else "out_of_scope", intent, lang,
            slot, at, over or met or at, met, over, *fault,
        )),
        ("messages", (print_, f"<{number}@x>", number, "citizen", at, lang)),
        ("deadlines", (print_, "answer", number, at, _text(due), met, None)),
        ("deadlines", (print_, "remind", number, at, _text(due), met, None)),
        ("outbox", (f"ack:{print_}", f"<a{number}@x>", number, "ack", _text(asked + timedelta(seconds=40)), at)),
        ("events", (at, number, print_, "opened", '{"rule": "new"}')),
    ]  # fmt: skip
    if intent == "complaint":
        found.append(("events", (at, number, print_, "opinion", '{"intent": "complaint"}')))
    if derived:
        found.append(("events", (at, number, print_, "escalated", '{"why": "second-level"}')))
    if answered:
        assert met is not None
        by = json.dumps({"by": "call" if callback else "answer-in-sent", "message": "", "at": answered.isoformat()})
        reply = f"{number + 10**9:064x}"
        found.append(("messages", (reply, f"<r{number}@x>", number, "agent", met, lang)))
        if derived:
            found.append(
                ("events", (met, number, None, "solved", json.dumps({"by": "services", "at": answered.isoformat()})))
            )
        found.append(("events", (met, number, reply, "answered", by)))
    if closed:
        assert over is not None
        found.append(("events", (over, number, None, "closed", '{"by": "silence"}')))
        if random.random() < 0.2:
            score = random.choices((1, 2, 3, 4, 5), (2, 2, 8, 30, 58))[0]
            voted = _text(closed + timedelta(hours=30))
            found.append(("outbox", (f"survey:{number}", f"<s{number}@x>", number, "survey", over, over)))
            found.append(("votes", (f"{number + 2 * 10**9:064x}", number, score, voted)))
    return _Rows(found)
