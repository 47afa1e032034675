"""Write the vote of a message, and the score of its case: the last signed vote. A message votes once."""

import sqlite3

from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.write_context import WriteContext, case_id
from oacmail.core.effects import RecordVote


def record(con: sqlite3.Connection, effect: RecordVote, context: WriteContext) -> None:
    assert context.arrived is not None
    case = case_id(con, effect.case)
    con.execute(
        "INSERT INTO votes(message, case_id, score, signed, at) VALUES(?,?,?,?,?) ON CONFLICT(message) DO NOTHING",
        (context.arrived.message.fingerprint, case, effect.score, int(effect.signed), stamp(effect.at)),
    )
    con.execute(
        """UPDATE cases SET score = (SELECT score FROM votes WHERE case_id = ?1 AND signed ORDER BY at DESC, id DESC
        LIMIT 1) WHERE id = ?1""",
        (case,),
    )
