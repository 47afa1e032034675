"""Check what mails claim and promise: no notice says what is not so; no derived case is derived twice by itself,
forgotten, or reported to a citizen who does not know of it; who answers through the office is relayed or hears why
not.

A claim is compared with the case as it stands after the step in which the mail left; what the service has learned in
that very step may make it untrue, and of a list of cases what it has learned since it wrote the list. After a restore
of the database nothing is compared for some days: it sends again what it has forgotten. The checks use the mails that
left and the ground truth; they call no rule of the core.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message

from oacmail.core.ports import Outgoing
from testbed.database import text
from testbed.sim.expected_due import require
from testbed.sim.ground_truth import RelayedAnswer
from testbed.sim.town import SimulatedTown

TO_CITIZENS = frozenset({"passed_on", "progress"})
_ADDED = (":escalate:", ":term:")  # in the keys of additions by a person, and of a term that the citizen named
RELAYED_WITHIN = timedelta(hours=1)
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


@dataclass(slots=True)
class DerivationChecks:
    """`deadline_checks` checks that a derivation ends no deadline, `invariants` that no reminder leaves at night."""

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


@dataclass(slots=True)
class RelayedAnswerChecks:
    """What was written comes from the ground truth; that nothing internal is in it, `invariants` checks."""

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
            if now - said.at < RELAYED_WITHIN:
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
