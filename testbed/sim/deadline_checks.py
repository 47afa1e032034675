"""Check deadlines: each ends once, fires in time and agrees with the ground truth, and no request is forgotten.

The checks compute due times and answers from what really happened. They check no mail and no message.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from testbed.database import at, text
from testbed.sim.expected_due import ExpectedDue, InvariantBroken, require
from testbed.sim.ground_truth import Answer, WrittenMessage
from testbed.sim.town import SimulatedTown, short

PATIENCE = timedelta(minutes=30)
ESCALATED_WITHIN = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class _Happened:
    """What agents did. `answers` and `acts`: by case; `elsewhere`: answers that lie on no case; `unreadable`: the
    Message-IDs of messages that the server cannot give out; `read_at`: when each message was read, by fingerprint."""

    answers: Mapping[int, list[Answer]]
    elsewhere: list[Answer]
    acts: Mapping[int, list[datetime]]
    unreadable: Set[str]
    read_at: Mapping[str, str]


@dataclass(slots=True)
class DeadlineChecks:
    """`escalated`: numbers of the cases that the supervisor was notified of."""

    town: SimulatedTown
    expected: ExpectedDue
    escalated: set[str] = field(default_factory=set)
    _ended: dict[tuple[str, str, int], tuple[str | None, ...]] = field(default_factory=dict)
    _fired: set[str] = field(default_factory=set)

    def begin_again(self) -> None:
        """The database was restored: deadlines that had ended may end again."""
        self._ended.clear()
        self._fired.clear()

    def ended_once(self) -> None:
        rows = self.town.database.ended_twice()
        require(not rows, "each deadline ends once", lambda: str([tuple(row) for row in rows[:3]]))

    def fired_in_time(self) -> None:
        for row in self.town.database.fired_since(self.town.engine.now() - timedelta(days=1)):
            key = f"{row['started_by']}:{row['kind']}:{row['level']}"
            if key in self._fired:
                continue
            self._fired.add(key)
            if row["fired_at"] < row["due_at"]:
                raise InvariantBroken("no deadline fires before it is due", key)
            if row["kind"] == "answer" and row["level"] == 0:
                self._read_before_firing(at(row["due_at"]), at(row["fired_at"]), key)

    def _read_before_firing(self, due: datetime, fired: datetime, key: str) -> None:
        if self._skewed(due, fired):
            return
        read = self.town.database.folders_read_at()
        require(
            read >= text(due) or fired >= self.expected.opening(due) + PATIENCE,
            "no deadline fires before the folders were read",
            lambda: f"{key[:12]}, due {due}, fired {fired}, read {read}",
        )

    def _skewed(self, *moments: datetime) -> bool:
        return bool(self.town.clock.skew) or any(a <= moment <= b for a, b in self.town.skews for moment in moments)

    def ends_are_final(self) -> None:
        for row in self.town.database.ended_deadlines():
            key = (row["started_by"], row["kind"], row["level"])
            ends = (row["fired_at"], row["met_at"] or row["withdrawn_at"])
            before = self._ended.setdefault(key, ends)
            if not all(old is None or old == new for old, new in zip(before, ends, strict=True)):
                raise InvariantBroken("an ended deadline stays ended", f"{key}: {before} became {ends}")
            self._ended[key] = ends

    def _answers(self, case_of: Mapping[str, int]) -> tuple[dict[int, list[Answer]], list[Answer]]:
        """The answers of agents by case, and those that lie on none."""
        on_case: dict[int, list[Answer]] = {}
        elsewhere: list[Answer] = []
        for answer in self.town.truth.answers:
            if answer.message in case_of:
                on_case.setdefault(case_of[answer.message], []).append(answer)
            else:
                elsewhere.append(answer)
        return on_case, elsewhere

    def agree(self) -> None:
        """Compare due and met times of every deadline that a message started with the ground truth."""
        happened = self._happened()
        owed = kept = shown = 0
        for row in self.town.database.promises():
            written = self.town.truth.written.get(row["message_id"])
            if written is None:
                continue
            self._due_agrees(row["message_id"], at(row["due_at"]), written)
            meets = self._meets(row, written, happened)
            if meets is None:
                continue
            self._met_agrees(row["message_id"], row["met_at"], meets)
            owed += 1
            kept += bool(meets) and min(meets) <= at(row["due_at"])
            shown += row["met_at"] is not None and row["met_at"] <= row["due_at"]
        require(
            kept == shown or bool(self.town.unread),
            "the number of deadlines met agrees",
            lambda: f"{kept} of {owed} were met, the database says {shown}",
        )

    def _happened(self) -> _Happened:
        case_of = {row["message_id"]: row["case_id"] for row in self.town.database.messages_on_cases()}
        on_case, elsewhere = self._answers(case_of)
        return _Happened(
            answers=on_case,
            elsewhere=elsewhere,
            acts=self._acts(case_of),
            unreadable=self.town.unreadable_ids(),
            read_at=self.town.database.read_at(),
        )

    def _meets(self, row: sqlite3.Row, written: WrittenMessage, happened: _Happened) -> list[datetime] | None:
        """When the answers came that meet the deadline; None: the truth allows it to be met and to be running."""
        answers = happened.answers.get(row["case_id"], [])
        if any(answer.returned for answer in answers):
            return None
        recipients = {row["citizen"], row["asked_by"]}  # an answer to a guest ends the deadline of the guest alone
        after = [answer for answer in answers if answer.at >= at(row["started_at"]) and answer.to in recipients]
        meets = [answer.at for answer in after if _is_known(answer, row["met_at"], happened.unreadable)]
        called = _called_before(after, happened.read_at.get(row["started_by"], ""))
        if row["met_at"] is None and (called or self._read_late(written, answers)):
            return None
        if self._by_an_act(happened.acts.get(row["case_id"], []), row, meets):
            return None
        if row["met_at"] is not None and _of_unread(happened.elsewhere, recipients, at(row["met_at"])):
            return None
        return meets

    def _acts(self, case_of: Mapping[str, int]) -> Mapping[int, list[datetime]]:
        """Case -> when agents did something that may meet a deadline once the service reads it."""
        number = self.town.database.numbers()
        found: dict[int, list[datetime]] = {}
        for act in self.town.truth.acts:
            case = number.get(act.case) or case_of.get(act.message)
            if act.meets and case is not None:
                found.setdefault(case, []).append(act.at)
        for said in self.town.truth.relayed:
            if said.case in number:
                found.setdefault(number[said.case], []).append(said.at)
        return found

    def _by_an_act(self, acts: Iterable[datetime], row: sqlite3.Row, meets: Iterable[datetime]) -> bool:
        """Whether something that an agent did before explains why the deadline is met, or may be met; no answer
        does."""
        if row["met_at"] is None:
            return any(acts) and not any(meets)
        return at(row["met_at"]) not in meets and any(
            text(self.town.earliest_shown(act)) <= row["met_at"] for act in acts
        )

    def _read_late(self, written: WrittenMessage, answers: list[Answer]) -> bool:
        """Whether it arrived while its folder was unreadable, or in junk, and no answer names it: then a new deadline
        starts."""
        unread = any(since <= moment <= until for since, until in self.town.unread for moment in written.at)
        unseen = unread or written.message_id in self.town.truth.in_junk
        return unseen and not any(answer.message == written.message_id for answer in answers)

    def _due_agrees(self, message: str, due: datetime, written: WrittenMessage) -> None:
        expected = self.expected.dues(written)
        require(
            due in expected,
            "deadlines agree with an independent computation",
            lambda: f"{short(message)}: {due}, expected {sorted(expected)}",
        )

    def _met_agrees(self, message: str, met_at: str | None, meets: list[datetime]) -> None:
        agrees = at(met_at) in meets if met_at is not None else not meets
        require(
            agrees,
            "a message counts as answered if and only if it was answered",
            lambda: f"{short(message)}: met {met_at}, answered {[text(moment) for moment in meets]}",
        )

    def nobody_forgotten(self) -> None:
        """Every request has a deadline, its own or one already running; the supervisor knows of every late case. What
        an agent brings in from the junk folder may be late before it is a case."""
        asking = {name for name, message in self.town.truth.written.items() if message.asks}
        rows = self.town.database.requests_without_a_promise()
        uncovered = [row for row in rows if row["message_id"] in asking and not self._promised_by_a_later_one(row)]
        require(not uncovered, "every request has a deadline", lambda: f"{short(uncovered[0][0])} on {uncovered[0][1]}")
        for row in self.town.database.late(self.town.engine.now() - timedelta(days=1)):
            escalated_by = self.expected.opening(max(at(row["due_at"]), self.town.healthy_since)) + ESCALATED_WITHIN
            waits = escalated_by > self.town.engine.now()
            if not waits and row["number"] not in self.escalated:
                raise InvariantBroken("every request is answered or escalated", f"{row['number']}, due {row['due_at']}")

    def _promised_by_a_later_one(self, row: sqlite3.Row) -> bool:
        """Whether what came after the message, and was read before it, started a deadline that ends no later than the
        message's own would: an order, or the same words once more."""
        latest = max(self.expected.dues(self.town.truth.written[row["message_id"]]))
        return self.town.database.is_promised_by(row["case_id"], latest, row["received_at"])


def _is_known(answer: Answer, met_at: str | None, unreadable: Set[str]) -> bool:
    """Whether the service can know of it: an answer from an agent's own address may be a message that the server
    cannot give out. It is on the review list, and the deadline keeps running until a person exports it."""
    return answer.mail is None or met_at == text(answer.at) or str(answer.mail["Message-ID"]) not in unreadable


def _of_unread(answers: Iterable[Answer], recipients: Set[str], met_at: datetime) -> bool:
    """Whether an answer to a message that the service cannot read ended it: only the thread shows the case."""
    return any(answer.to in recipients and answer.at == met_at for answer in answers)


def _called_before(answers: list[Answer], read_at: str) -> bool:
    """Whether the calls came before the message was read: the caller could not know of it, so a new deadline starts."""
    return bool(answers) and all(answer.mail is None and text(answer.at) <= read_at for answer in answers)
