"""Check derived cases: none is derived twice automatically, none is forgotten, and only a citizen who knows of the
derivation gets progress notices.

The checks use the mails that left and the ground truth; they call no rule of the core. `deadline_checks` checks that a
derivation ends no deadline, `invariants` that no reminder leaves outside service hours.
"""

import sqlite3
from dataclasses import dataclass, field
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from testbed.sim.expected_due import require
from testbed.sim.town import SimulatedTown

TO_CITIZENS = frozenset({"passed_on", "progress"})
_ADDED = (":escalate:", ":term:")  # in the keys of additions by a person, and of a term that the citizen named


@dataclass(slots=True)
class DerivationChecks:
    town: SimulatedTown
    _handed_over: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    _notified: set[str] = field(default_factory=set)

    def handed_over(self, mail: Outgoing, case: str) -> None:
        """Record that the services got the card. Additions may follow; a restored database may send the card again."""
        if any(mark in mail.key for mark in _ADDED):
            return
        key, restored = mail.key.removesuffix(":bare"), self.town.restored
        before = self._handed_over.setdefault((mail.recipient, case), (key, restored))
        require(
            before[0] == key or before[1] != restored,
            "no case is derived twice by itself",
            lambda: f"{case} to {mail.recipient}",
        )

    def notified(self, mail: Outgoing, head: Message, kind: str) -> None:
        """Record that the citizen got a notice about the derivation."""
        case = str(head["X-Oacmail-Case"])
        message = self.town.truth.written.get(str(head["In-Reply-To"]))
        require(
            message is not None and message.sender == mail.recipient,
            "the notice of a derivation goes to the sender of the message",
            lambda: f"{kind} of {case} to {mail.recipient}",
        )
        if kind == "passed_on":
            self._notified.add(case)
        require(
            case in self._notified or self._answered(case, mail.recipient),
            "no progress notice goes to a citizen without notice of the derivation",
            lambda: case,
        )

    def _answered(self, case: str, citizen: str) -> bool:
        """Whether an agent has told the citizen anything about this case: that tells of the derivation too."""
        truth = self.town.truth
        query = "SELECT m.message_id FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.number = ?"
        messages = {row["message_id"] for row in self._all(query, case)}
        return (
            any(answer.to == citizen and answer.message in messages for answer in truth.answers)
            or any(said.to == citizen and said.case == case for said in truth.relayed)
            or any(act.meets and (act.case == case or act.message in messages) for act in truth.acts)
        )

    def none_forgotten(self) -> None:
        """While a case is with the services, they are reminded; when it is solved, somebody owes the citizen the news;
        and nothing but the news of a solution or the erasure of the citizen ends it."""
        rows = self._all(
            """SELECT c.number FROM cases c WHERE c.status = 'derived' AND NOT EXISTS(
            SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND d.met_at IS NULL AND d.void_at IS NULL
            AND CASE WHEN c.solved_at IS NULL THEN d.kind = 'nudge' AND d.fired_at IS NULL
            ELSE d.kind = 'answer' AND d.level = 0 END)"""
        )
        require(not rows, "no derived case is forgotten", lambda: f"{rows[0]['number']}: no deadline runs")
        solved = self._all("SELECT number FROM cases WHERE solved_at IS NOT NULL")
        wrong = [row["number"] for row in solved if not self.town.truth.is_said_solved(row["number"])]
        require(not wrong, "nothing counts as solved that nobody has said to be solved", lambda: str(wrong[:3]))
        ended = self._all(
            """SELECT number FROM cases c WHERE status IN ('answered', 'closed') AND NOT EXISTS(
            SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind = 'erased')"""
        )
        silent = [
            number
            for number in sorted({row["number"] for row in ended} & self._held_by_services())
            if not (self.town.truth.may_have_ended(number) or number in self._taken_away())
        ]
        require(
            not silent,
            "no derived case is forgotten",
            lambda: f"{silent[0]} has ended, and nobody said that it is solved",
        )

    def _taken_away(self) -> set[str]:
        """Numbers of the cases that an agent has taken from the services, on the board or by a button."""
        acts = [act for act in self.town.truth.acts if act.ends]
        rows = self._all("SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id")
        number = {row["message_id"]: row["number"] for row in rows}
        return {act.case or number.get(act.message, "") for act in acts}

    def _held_by_services(self) -> set[str]:
        """Numbers of the cases whose card the services got, and no restored database has forgotten since."""
        return {case for (_, case), (_, restored) in self._handed_over.items() if restored == self.town.restored}

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self.town.store.con.execute(query, values).fetchall()
