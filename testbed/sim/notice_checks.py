"""Check that no notice says what is not so: each kind of notice claims something of its case at the moment it leaves.

A claim is compared with the case as it stands after the step in which the mail left; what the service has learned in
that very step may make it untrue, and of a list of cases what it has learned since it wrote the list. After a restore
of the database nothing is compared for some days: it sends again what it has forgotten.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from testbed.sim.expected_due import require, text
from testbed.sim.town import SimulatedTown

RESTORED_BEFORE = timedelta(days=5)
_NUMBER = re.compile(r"\b[A-Z]+-\d{4}-\d{6}\b")
_LATE = """SELECT 1 FROM deadlines d WHERE d.case_id = :id AND d.kind = 'answer' AND d.level = 0 AND d.due_at <= :now
  AND d.met_at IS NULL AND d.void_at IS NULL"""
_RUNS = """SELECT 1 FROM deadlines d WHERE d.case_id = :id AND d.kind = 'answer' AND d.met_at IS NULL
  AND d.void_at IS NULL"""
_AT_THE_SERVICES = "SELECT 1 FROM cases WHERE id = :id AND status = 'derived' AND solved_at IS NULL"
_UNTOLD = """SELECT 1 FROM cases c WHERE c.id = :id AND c.status = 'derived' AND c.told_at IS NULL AND NOT EXISTS(
  SELECT 1 FROM outbox o WHERE o.case_id = c.id AND o.kind = 'passed_on' AND o.state = 'sent')"""
_SOLVED = "SELECT 1 FROM cases WHERE id = :id AND solved_at IS NOT NULL"
_CLOSED = "SELECT 1 FROM cases WHERE id = :id AND status = 'closed'"
_REFUSED = "SELECT 1 FROM events WHERE case_id = :id AND kind = 'move-refused'"
_CHANGED = "SELECT 1 FROM events WHERE case_id = :id AND at >= :since"


def _always(subject: str) -> bool:
    return True


CLAIMS: Mapping[str, tuple[tuple[Callable[[str], bool], str, str], ...]] = {
    "overdue": ((_always, _LATE, "late"),),
    "overdue_digest": ((_always, _LATE, "late"),),
    "remind": ((_always, _RUNS, "waiting for an answer"),),
    "nudge": ((_always, _AT_THE_SERVICES, "with the services"),),
    "passed_on": ((_always, _AT_THE_SERVICES, "with the services"),),
    "progress": ((_always, _AT_THE_SERVICES, "with the services"),),
    "second_level": ((lambda subject: "Derivat" in subject, _UNTOLD, "derived and the person untold"),),
    "solved": ((_always, _SOLVED, "solved"),),
    "survey": ((_always, _CLOSED, "closed"),),
    "moved_back": ((_always, _REFUSED, "one of which a move was refused"),),
}
"""Kind -> (which subjects, the query that finds the case if it is so, what is claimed)."""


@dataclass(slots=True)
class NoticeChecks:
    town: SimulatedTown

    def said(self, mail: Outgoing, head: Message, kind: str, words: Callable[[], str]) -> None:
        """`words`: the text of the mail, for lists of cases."""
        claims = [row for row in CLAIMS.get(kind, ()) if row[0](str(head["Subject"]))]
        restored = self.town.restored_at
        if not claims or self.town.down or self.town.clock.skew:
            return
        if restored is not None and self.town.clock.true() - restored < RESTORED_BEFORE:
            return
        named, now = head["X-Oacmail-Case"], text(self.town.engine.now())
        since = now if named else self._one("SELECT created_at FROM outbox WHERE key = ?", mail.key) or now
        for number in [str(named)] if named else dict.fromkeys(_NUMBER.findall(words())):
            case = self._one("SELECT id FROM cases WHERE number = ?", number)
            for _, query, claim in claims if case else ():
                values = {"id": case, "now": now, "since": since}
                require(
                    self._row(query, values) or self._row(_CHANGED, values),
                    "no notice says what is not so",
                    lambda number=number, claim=claim: f"{kind} says that {number} is {claim}",  # type: ignore[misc]
                )

    def _row(self, query: str, values: Mapping[str, str | None] | tuple[str, ...]) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.town.store.con.execute(query, values).fetchone()
        return row

    def _one(self, query: str, value: str) -> str | None:
        row = self._row(query, (value,))
        return row[0] if row else None
