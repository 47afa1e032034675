"""What citizens answered to surveys: written by a decision, read for figures."""

import sqlite3
from datetime import datetime

from oacmail.core.effects import RecordVote
from oacmail.core.report.figures import VoteRow
from oacmail.store.connection import as_view, stamp
from oacmail.store.writing import WriteContext

# --- Votes of a span -------------------------------------------------------------------------------------------------
# What was voted in a span never changes afterwards: a citizen who votes again later has a vote in the later span too,
# and the earlier one keeps its own (R29).


def votes(con: sqlite3.Connection, since: datetime, until: datetime) -> list[VoteRow]:
    """The votes from `since` on and before `until`, one a case: the last signed one, else the last one."""
    rows = con.execute(
        """SELECT "case", score, at, signed FROM (SELECT c.number AS "case", v.score, v.at, v.signed,
          row_number() OVER (PARTITION BY v.case_id ORDER BY v.signed DESC, v.at DESC, v.id DESC) AS place
          FROM votes v JOIN cases c ON c.id = v.case_id WHERE v.at >= ? AND v.at < ?)
        WHERE place = 1 ORDER BY at, 1""",
        (stamp(since), stamp(until)),
    )
    return [as_view(VoteRow, row) for row in rows]


def surveys_sent(con: sqlite3.Connection, since: datetime, until: datetime) -> int:
    """How many citizens were asked from `since` on and before `until`: the whole of which votes are a part."""
    row = con.execute(
        "SELECT count(*) FROM outbox WHERE kind = 'survey' AND state = 'sent' AND sent_at >= ? AND sent_at < ?",
        (stamp(since), stamp(until)),
    ).fetchone()
    return int(row[0])


# --- Vote of a message -----------------------------------------------------------------------------------------------
# A message votes once; the score of its case is the last signed vote.


def record_vote(con: sqlite3.Connection, effect: RecordVote, context: WriteContext) -> None:
    assert context.arrived is not None
    case = context.case(con, effect.case)
    con.execute(
        "INSERT INTO votes(message, case_id, score, signed, at) VALUES(?,?,?,?,?) ON CONFLICT(message) DO NOTHING",
        (context.arrived.message.fingerprint, case, effect.score, int(effect.signed), stamp(effect.at)),
    )
    con.execute(
        """UPDATE cases SET score = (SELECT score FROM votes WHERE case_id = ?1 AND signed ORDER BY at DESC, id DESC
        LIMIT 1) WHERE id = ?1""",
        (case,),
    )
