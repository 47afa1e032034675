"""Compare the database of a program with the truth, and count the differences.

A program's store is read into `Stored`: the case and the text of each message by Message-ID; a robot's message has the
case None.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.corpus import Truth

HUMAN = frozenset({"new", "reply", "agent"})
Stored = Mapping[str, list[tuple[int | None, str]]]
_OACMAIL = "SELECT message_id, case_id, fresh FROM messages WHERE role <> 'ours'"
_BUSY = """SELECT 1 FROM sightings WHERE outcome IS NULL
UNION ALL SELECT 1 FROM outbox
WHERE state IN ('queued', 'sending') AND coalesce(released_at, '') <= :now LIMIT 1"""
_FLOOR = "SELECT message_id, case_id, body FROM messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Right: `cases` and `acks` = `requests`, `threads` = `replies`, all others 0. `further`: acknowledgements of a
    reply, which are right after an answer (R6). `lost`: people's messages in no case. `doubled`: messages stored or
    acknowledged twice, and second cases of one request. `robots`: automatic messages answered or made a case."""

    requests: int
    cases: int
    acks: int
    further: int
    replies: int
    threads: int
    lost: int
    doubled: int
    damaged: int
    robots: int

    @property
    def good(self) -> bool:
        right = (self.cases, self.acks, self.threads) == (self.requests, self.requests, self.replies)
        return right and not any((self.lost, self.doubled, self.damaged, self.robots))

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items())


def oacmail(database: Path) -> Stored:
    return _stored(database, _OACMAIL)


def idle(database: Path) -> bool:
    """Whether oacmail has read a folder to its end and nothing waits for an outcome or for the relay.

    Mail for the staff that is kept for the next service hours does not count: at night that is hours away.
    """
    if not database.exists():
        return False
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    con = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        read = con.execute("SELECT 1 FROM folders WHERE role = 'intake' AND synced_at <> ''").fetchone()
        return read is not None and con.execute(_BUSY, {"now": now}).fetchone() is None
    except sqlite3.OperationalError:  # the schema does not exist yet
        return False
    finally:
        con.close()


def floor(database: Path) -> Stored:
    return _stored(database, _FLOOR)


def _stored(database: Path, query: str) -> Stored:
    found: dict[str, list[tuple[int | None, str]]] = defaultdict(list)
    con = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    for message_id, case, text in con.execute(query):
        found[message_id].append((case, re.sub(r"\s+", " ", text)))
    con.close()
    return found


def verdict(truths: Sequence[Truth], stored: Stored, mails: Iterable[Mapping[str, Any]]) -> Verdict:
    acks = Counter(mail["in_reply_to"] for mail in mails)
    cases = {truth.message_id: _case(stored, truth) for truth in truths}
    human = [truth for truth in truths if truth.kind in HUMAN]
    news = [truth for truth in human if truth.kind == "new"]
    robots = [truth for truth in truths if truth.kind not in HUMAN]
    replies = [truth for truth in human if truth.kind != "new"]
    return Verdict(
        requests=len(news),
        cases=len({cases[truth.message_id] for truth in news} - {None}),
        acks=sum(acks[truth.message_id] > 0 for truth in news),
        further=sum(acks[truth.message_id] for truth in replies),
        replies=len(replies),
        threads=sum(cases[t.message_id] is not None and cases[t.message_id] == cases.get(t.root) for t in replies),
        lost=sum(cases[truth.message_id] is None for truth in human),
        doubled=sum(len(stored.get(t.message_id, ())) > 1 or acks[t.message_id] > 1 for t in truths),
        damaged=sum(_damaged(stored, truth) for truth in human),
        robots=sum(acks[t.message_id] > 0 or cases[t.message_id] is not None for t in robots),
    )


def _case(stored: Stored, truth: Truth) -> int | None:
    return next((case for case, _ in stored.get(truth.message_id, ())), None)


def _damaged(stored: Stored, truth: Truth) -> bool:
    return any(truth.phrase not in text for _, text in stored.get(truth.message_id, ()))
