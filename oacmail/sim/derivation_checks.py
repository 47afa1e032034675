"""Check derived cases: no case is derived twice automatically, and only a notified citizen gets progress notices.

The checks use the mails that left and the ground truth; they call no rule of the core. `deadline_checks` checks that a
derivation ends no deadline, `invariants` that no reminder leaves outside service hours.
"""

from dataclasses import dataclass, field
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from oacmail.sim.expected_due import require
from oacmail.sim.town import SimulatedTown

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
            case in self._notified,
            "no progress notice goes to a citizen without notice of the derivation",
            lambda: case,
        )
