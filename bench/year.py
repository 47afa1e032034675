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

from oacmail.store.connection import FILE
from oacmail.store.store import SqliteStore

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
    "deadlines": """INSERT INTO deadlines(started_by, kind, level, case_id, started_at, due_at, met_at, withdrawn_at)
      VALUES(?,?,0,?,?,?,?,?)""",
    "outbox": """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, length, state, sent_at,
      created_at)
      VALUES(?,?,?,?,'','',1,'sent',?,?)""",
    "events": "INSERT INTO events(at, case_id, fingerprint, kind, data) VALUES(?,?,?,?,?)",
    "votes": "INSERT INTO votes(message, case_id, score, signed, at) VALUES(?,?,?,1,?)",
}


_Row = tuple[str, tuple[Any, ...]]
"""A table, and the values of a row of it."""


class _Life(NamedTuple):
    """What becomes of a case; times in Madrid's, `answered` and `closed` None if that never happens. `lang`, `intent`
    and `level`: as stored."""

    number: int
    fingerprint: str
    asked: datetime
    due: datetime
    answered: datetime | None
    closed: datetime | None
    lang: str
    intent: str
    slot: str | None
    level: str


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
        life = _life(number, cases, year, random)
        for table, values in (*_asked(life, year, random), *_answered(life), *_closed(life, random)):
            yield table, _INSERTS[table], values


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _worked(day: datetime) -> datetime:
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def _life(number: int, cases: int, year: int, random: Random) -> _Life:
    begin, end = (datetime(one, 1, 1, tzinfo=MADRID) for one in (year, year + 1))
    asked = begin + (end - begin) * ((number - 0.5) / cases) * 0.9999
    asked = asked.replace(hour=random.choice((8, 9, 10, 11, 12, 13, 16, 17, 18, 21)), minute=random.randrange(60))
    due = _worked(asked + timedelta(days=1)).replace(hour=20, minute=0, second=0)
    kind, chance = random.random(), random.random()
    answered = (
        None
        if chance < 0.002
        else due + timedelta(hours=1 if chance < 0.008 else 15 if chance < 0.02 else -random.randrange(1, 24))
    )
    answered = max(answered, asked + timedelta(minutes=9)) if answered else None
    closed = answered + timedelta(days=14) if answered and answered + timedelta(days=14) < end else None
    lang = random.choices(("ca", "es", "en"), (70, 25, 5))[0]
    intent = "callback" if kind < 0.1 else "complaint" if kind > 0.98 else "question"
    level = "second" if 0.1 <= kind < 0.2 else "first" if kind < 0.95 else "out_of_scope"
    slot = random.choice(("morning", "afternoon")) if intent == "callback" else None
    if slot == "morning":
        due = due.replace(hour=14)
    return _Life(number, f"{number:064x}", asked, due, answered, closed, lang, intent, slot, level)


def _asked(life: _Life, year: int, random: Random) -> Iterator[_Row]:
    """The case, its message, its deadlines, the acknowledgement, and what the message caused besides."""
    number, print_, at = life.number, life.fingerprint, _text(life.asked)
    met = _text(life.answered) if life.answered else None
    over = _text(life.closed) if life.closed else None
    status = "closed" if over else "answered" if met else "open"
    fault = ("town", "Seu electrònica", "platform") if life.level == "second" else ("", "", "")
    yield "cases", (
        number, f"OAC-{year}-{number:06d}", print_, status, random.choice(TOPICS), life.level, life.intent, life.lang,
        life.slot, at, over or met or at, met, over, *fault,
    )  # fmt: skip
    yield "messages", (print_, f"<{number}@x>", number, "citizen", at, life.lang)
    for kind in ("answer", "remind"):
        yield "deadlines", (print_, kind, number, at, _text(life.due), met, None)
    acknowledged = _text(life.asked + timedelta(seconds=40))
    yield "outbox", (f"ack:{print_}", f"<a{number}@x>", number, "ack", acknowledged, at)
    yield "events", (at, number, print_, "opened", '{"rule": "new"}')
    if life.intent == "complaint":
        yield "events", (at, number, print_, "opinion", '{"intent": "complaint"}')
    if life.level == "second":
        yield "events", (at, number, print_, "escalated", '{"why": "second-level"}')


def _answered(life: _Life) -> Iterator[_Row]:
    """The answer; of a derived case also that the services have solved it."""
    if life.answered is None:
        return
    number, met, at = life.number, _text(life.answered), life.answered.isoformat()
    reply = f"{number + 10**9:064x}"
    by = json.dumps({"by": "call" if life.intent == "callback" else "answer-in-sent", "message": "", "at": at})
    yield "messages", (reply, f"<r{number}@x>", number, "agent", met, life.lang)
    if life.level == "second":
        yield "events", (met, number, None, "solved", json.dumps({"by": "services", "at": at}))
    yield "events", (met, number, reply, "answered", by)


def _closed(life: _Life, random: Random) -> Iterator[_Row]:
    """That nobody wrote for 14 days; one citizen in five is asked, and votes."""
    if life.closed is None:
        return
    number, over = life.number, _text(life.closed)
    yield "events", (over, number, None, "closed", '{"by": "silence"}')
    if random.random() < 0.2:
        score = random.choices((1, 2, 3, 4, 5), (2, 2, 8, 30, 58))[0]
        yield "outbox", (f"survey:{number}", f"<s{number}@x>", number, "survey", over, over)
        yield "votes", (f"{number + 2 * 10**9:064x}", number, score, _text(life.closed + timedelta(hours=30)))
