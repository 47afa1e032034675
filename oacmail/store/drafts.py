"""Draft answers on their way into the folder of drafts: a row each, with its bytes until it is there.

The folder belongs to people: nothing here says what has become of a draft since.
"""

import sqlite3
from datetime import datetime

from oacmail.core.effects import WriteDraft
from oacmail.core.ports.store import WaitingDraft
from oacmail.store.connection import Rows, stamp
from oacmail.store.writing import WriteContext, case_id

_WAITING = """SELECT d.key, d.message_id, d.mime, c.closed_at > d.created_at OR EXISTS(
    SELECT 1 FROM messages m WHERE m.case_id = c.id AND m.role = 'agent' AND m.outcome = 'case'
    AND m.received_at > d.created_at) AS overtaken
  FROM drafts d JOIN cases c ON c.id = d.case_id WHERE d.mime IS NOT NULL ORDER BY d.created_at, d.key"""


def write(con: sqlite3.Connection, effect: WriteDraft, context: WriteContext) -> None:
    if context.shadow:
        return
    mail = context.mails[effect.key]
    con.execute(
        """INSERT INTO drafts(key, message_id, case_id, mime, created_at) VALUES(?,?,?,?,?)
        ON CONFLICT(key) DO NOTHING""",
        (effect.key, mail.message_id, case_id(con, effect.case), mail.mime, stamp(context.now)),
    )


class DraftRows(Rows):
    """The methods of `SqliteStore` for drafts."""

    def drafts(self) -> list[WaitingDraft]:
        with self._read():
            return [
                WaitingDraft(
                    key=row["key"],
                    message_id=row["message_id"],
                    mime=row["mime"],
                    overtaken=bool(row["overtaken"]),
                )
                for row in self.con.execute(_WAITING)
            ]

    def draft_settled(self, key: str, now: datetime) -> None:
        with self._write():
            self.con.execute("UPDATE drafts SET mime = NULL, settled_at = ? WHERE key = ?", (stamp(now), key))
