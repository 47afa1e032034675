"""Check derived cases: none is derived twice automatically, none is forgotten, and only a citizen who knows of the
derivation gets progress notices.

The checks use the mails that left and the ground truth; they call no rule of the core. `deadline_checks` checks that a
derivation ends no deadline, `invariants` that no reminder leaves outside service hours.
"""

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
        messages = {row["message_id"] for row in self.town.database.messages_on_cases() if row["number"] == case}
        return (
            any(answer.to == citizen and answer.message in messages for answer in truth.answers)
            or any(said.to == citizen and said.case == case for said in truth.relayed)
            or any(act.meets and (act.case == case or act.message in messages) for act in truth.acts)
        )

    def none_forgotten(self) -> None:
        """While a case is with the services, they are reminded; when it is solved, somebody owes the citizen the news;
        and nothing but the news of a solution or the erasure of the citizen ends it."""
        rows = self.town.database.derived_without_a_deadline()
        require(not rows, "no derived case is forgotten", lambda: f"{rows[0]['number']}: no deadline runs")
        wrong = [number for number in self.town.database.solved() if not self.town.truth.is_said_solved(number)]
        require(not wrong, "nothing counts as solved that nobody has said to be solved", lambda: str(wrong[:3]))
        silent = [
            number
            for number in sorted(self.town.database.ended() & self._held_by_services())
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
        number = {row["message_id"]: row["number"] for row in self.town.database.messages_on_cases()}
        return {act.case or number.get(act.message, "") for act in acts}

    def _held_by_services(self) -> set[str]:
        """Numbers of the cases whose card the services got, and no restored database has forgotten since."""
        return {case for (_, case), (_, restored) in self._handed_over.items() if restored == self.town.restored}
