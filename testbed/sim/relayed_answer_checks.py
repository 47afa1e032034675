"""Check answers through a case's answer address: the person gets them, or the agent hears that nothing left.

What was written comes from the ground truth. Whether a mail may be relayed is for the service to say; that nothing
internal is in it, `invariants` checks.
"""

from dataclasses import dataclass
from datetime import timedelta
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from testbed.sim.expected_due import require
from testbed.sim.ground_truth import RelayedAnswer
from testbed.sim.town import SimulatedTown

PATIENCE = timedelta(hours=1)


@dataclass(slots=True)
class RelayedAnswerChecks:
    town: SimulatedTown
    _settled: int = 0

    def left(self, mail: Outgoing, head: Message, words: str) -> None:
        """A relayed answer has left: it is what an agent wrote to this person about this case."""
        case = str(head["X-Oacmail-Case"])
        written = [one for one in self.town.truth.relayed if one.case == case and one.text in words]
        require(
            any(one.to == mail.recipient for one in written),
            "a relayed answer is what an agent wrote to this person",
            lambda: f"{mail.key[:24]} to {mail.recipient}",
        )

    def settled(self) -> None:
        """Each of them had an end."""
        truth, now = self.town.truth, self.town.clock.true()
        for said in truth.relayed[self._settled :]:
            if now - said.at < PATIENCE:
                return
            self._ended(said)
            self._settled += 1

    def _ended(self, said: RelayedAnswer) -> None:
        ended = self.town.database.fate_of_relayed(said.message)
        if ended is None or said.message in self.town.unreadable_ids():
            return
        require(
            ended,
            "who answers through the office hears if nothing left",
            lambda: f"{said.case}: what {said.writer} wrote to {said.to} was neither relayed nor refused",
        )
