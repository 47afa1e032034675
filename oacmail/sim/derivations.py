"""What must hold of derived cases: none is derived twice by itself, and only who holds the notice hears of progress.

It looks at the mails that left, and at the ledger; no rule of the core is asked. That a derivation meets no clock is
held in `promises`, that no nudge leaves outside service hours in `invariants`.
"""

from dataclasses import dataclass, field
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from oacmail.sim.expected_due import demand
from oacmail.sim.town import SimulatedTown

TO_CITIZENS = frozenset({"passed_on", "progress"})
_ADDED = (":escalate:", ":term:")  # in the keys of what a person has added, and of a term that the citizen named


@dataclass(slots=True)
class Derivations:
    town: SimulatedTown
    _handed_over: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def handed_over(self, mail: Outgoing, case: str) -> None:
        """The services got the card. What people add is told as well; a restored database may have forgotten it."""
        if any(mark in mail.key for mark in _ADDED):
            return
        key, restored = mail.key.removesuffix(":bare"), self.town.restored
        before = self._handed_over.setdefault((mail.recipient, case), (key, restored))
        demand(
            before[0] == key or before[1] != restored,
            "no case is derived twice by itself",
            lambda: f"{case} to {mail.recipient}",
        )

    def told(self, mail: Outgoing, head: Message, kind: str) -> None:
        """The person got a notice of it."""
        case = str(head["X-Oacmail-Case"])
        message = self.town.ledger.written.get(str(head["In-Reply-To"]))
        demand(
            message is not None and message.sender == mail.recipient,
            "a derivation is told to who asked",
            lambda: f"{kind} of {case} to {mail.recipient}",
        )
        if kind == "passed_on":
            self._told.add(case)
        demand(case in self._told, "who was not told of a derivation hears of no progress", lambda: case)
