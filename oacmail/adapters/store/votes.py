"""What citizens answered to surveys, for figures: the votes of a span of time, and how many surveys were sent in it.

Selects only. What was voted in a span never changes afterwards: a citizen who votes again later has a vote in the later
span too, and the earlier one keeps its own (R29).
"""

import sqlite3
from datetime import datetime

from oacmail.adapters.store.connection import at, stamp
from oacmail.core.report.figures import VoteRow


def votes(con: sqlite3.Connection, since: datetime, until: datetime) -> list[VoteRow]:
    """The votes from `since` on and before `until`, one a case: the last signed one, else the last one."""
    rows = con.execute(
        """SELECT number, score, at, signed FROM (SELECT c.number, v.score, v.at, v.signed,
          row_number() OVER (PARTITION BY v.case_id ORDER BY v.signed DESC, v.at DESC, v.id DESC) AS place
          FROM votes v JOIN cases c ON c.id = v.case_id WHERE v.at >= ? AND v.at < ?)
        WHERE place = 1 ORDER BY at, number""",
        (stamp(since), stamp(until)),
    )
    return [
        VoteRow(case=row["number"], score=row["score"], at=at(row["at"]), signed=bool(row["signed"])) for row in rows
    ]


def surveys_sent(con: sqlite3.Connection, since: datetime, until: datetime) -> int:
    """How many citizens were asked from `since` on and before `until`: the whole of which votes are a part."""
    row = con.execute(
        "SELECT count(*) FROM outbox WHERE kind = 'survey' AND state = 'sent' AND sent_at >= ? AND sent_at < ?",
        (stamp(since), stamp(until)),
    ).fetchone()
    return int(row[0])
