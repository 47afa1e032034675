"""Check that no notice says what is not so: each kind of notice claims something of its case at the moment it leaves.

A claim is compared with the case as it stands after the step in which the mail left; what the service has learned in
that very step may make it untrue, and of a list of cases what it has learned since it wrote the list. After a restore
of the database nothing is compared for some days: it sends again what it has forgotten.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from testbed.database import text
from testbed.sim.expected_due import require
from testbed.sim.town import SimulatedTown

RESTORED_BEFORE = timedelta(days=5)
_NUMBER = re.compile(r"\b[A-Z]+-\d{4}-\d{6}\b")


def _always(subject: str) -> bool:
    return True


CLAIMS: Mapping[str, tuple[tuple[Callable[[str], bool], str], ...]] = {
    "overdue": ((_always, "late"),),
    "overdue_digest": ((_always, "late"),),
    "remind": ((_always, "waiting for an answer"),),
    "nudge": ((_always, "with the services"),),
    "passed_on": ((_always, "with the services"),),
    "progress": ((_always, "with the services"),),
    "second_level": ((lambda subject: "Derivat" in subject, "derived and the person untold"),),
    "solved": ((_always, "solved"),),
    "survey": ((_always, "closed"),),
    "moved_back": ((_always, "one of which a move was refused"),),
}
"""Kind -> (which subjects, what is claimed: see database.CLAIMS)."""


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
        database = self.town.database
        since = now if named else database.queued_at(mail.key) or now
        cases = database.numbers()
        for number in [str(named)] if named else dict.fromkeys(_NUMBER.findall(words())):
            for _, claim in claims if number in cases else ():
                require(
                    database.is_so(claim, cases[number], now, since),
                    "no notice says what is not so",
                    lambda number=number, claim=claim: f"{kind} says that {number} is {claim}",  # type: ignore[misc]
                )
