"""Check what must hold in the town after every step, and what must hold when no fault has been active for hours.

The checks compare the database with the ground truth, and deadlines with an independent computation on dates and the
list of holidays. They call no rule of the core. The first failed check raises `InvariantBroken`.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import Message

from oacmail.core.kinds import of_key, of_name
from oacmail.core.ports import Outgoing
from testbed.database import text
from testbed.people import DISOWNED, NEIGHBOURS, ROBOTS
from testbed.service import KillableStore
from testbed.sim.board_checks import BoardChecks
from testbed.sim.deadline_checks import PATIENCE, DeadlineChecks
from testbed.sim.expected_due import ExpectedDue, InvariantBroken, require
from testbed.sim.notice_checks import TO_CITIZENS, DerivationChecks, NoticeChecks, RelayedAnswerChecks
from testbed.sim.proof_checks import ProofChecks
from testbed.sim.report_checks import ReportChecks
from testbed.sim.texts import INTERNAL
from testbed.sim.told_checks import ToldChecks
from testbed.sim.town import SimulatedTown, short

AT_ANY_HOUR = frozenset(
    {
        "alert",
        "derived",
        "transcript",
        "answered_twice",
        "not_relayed",
        "moved_back",
        "low_score",
        "term",
        "opinion",
        "rights",
        "incident",
        "answers_elsewhere",
    }
)
STUCK = timedelta(days=5)
_NUMBER = re.compile(rb"[A-Z]+-\d{4}-\d{6}")


@dataclass(slots=True)
class InvariantChecker:
    """Checks the invariants. It remembers what it has already checked, so that each step stays cheap."""

    town: SimulatedTown
    expected: ExpectedDue = field(init=False)
    deadline_checks: DeadlineChecks = field(init=False)
    derivation_checks: DerivationChecks = field(init=False)
    board_checks: BoardChecks = field(init=False)
    notice_checks: NoticeChecks = field(init=False)
    relayed_answer_checks: RelayedAnswerChecks = field(init=False)
    report_checks: ReportChecks = field(init=False)
    told_checks: ToldChecks = field(init=False)
    proof_checks: ProofChecks = field(init=False)
    _given: int = 0
    _to_citizens: Counter[tuple[str, str]] = field(default_factory=Counter)
    _asked: dict[str, str] = field(default_factory=dict)
    _messages_acked: dict[tuple[str, str], str] = field(default_factory=dict)
    _acked_as: dict[str, tuple[str, str]] = field(default_factory=dict)
    _restored: int = 0
    _seen: tuple[KillableStore, int] | None = None

    def __post_init__(self) -> None:
        self.expected = ExpectedDue(self.town)
        self.deadline_checks = DeadlineChecks(self.town, self.expected)
        self.derivation_checks = DerivationChecks(self.town)
        self.board_checks = BoardChecks(self.town)
        self.notice_checks = NoticeChecks(self.town)
        self.relayed_answer_checks = RelayedAnswerChecks(self.town)
        self.report_checks = ReportChecks(self.town, self.expected)
        self.told_checks = ToldChecks(self.town, self.expected)
        self.proof_checks = ProofChecks(self.town)

    def after_a_step(self) -> None:
        if self.town.restored != self._restored:
            self._restored = self.town.restored
            self.deadline_checks.begin_again()
            self.board_checks.begin_again()
            self.report_checks.begin_again()
        self.proof_checks.follow()
        self.board_checks.follow()
        self._mails()
        self.told_checks.after_a_step()
        if self.town.down:
            return
        store = self.town.store
        if self._seen != (store, store.changes):  # otherwise no deadline has changed
            self._seen = (store, store.changes)
            self.deadline_checks.fired_in_time()
            self.report_checks.published()

    def when_settled(self) -> None:
        """Check what must hold when no fault has been active for hours."""
        if self.town.down:
            return
        self._all_accounted()
        self._every_message_once()
        self._every_opening_acknowledged()
        self._numbers_kept()
        self._nothing_stuck()
        self._nothing_only_believed_sent()
        self._strangers()
        self.deadline_checks.ended_once()
        self.deadline_checks.agree()
        self.deadline_checks.nobody_forgotten()
        self.deadline_checks.ends_are_final()
        self.derivation_checks.none_forgotten()
        self.board_checks.agree()
        self.relayed_answer_checks.settled()
        self._keys_tell_the_kind()
        self._closed_for_a_reason()
        self._nobody_set_aside_in_silence()

    # --- mails ------------------------------------------------------------------------------------

    def _mails(self) -> None:
        given = self.town.relay.accepted
        for mail in given[self._given :]:
            self._mail(mail, message_from_bytes(mail.mime.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"))
        self._given = len(given)

    def _mail(self, mail: Outgoing, head: Message) -> None:
        policy, kind = self.town.policy, str(head["X-Oacmail-Kind"])
        require(mail.recipient not in ROBOTS, "no mail to robots", lambda: mail.key)
        if mail.recipient in policy.people.staff:
            self._staff(mail, head, kind)
        elif mail.recipient not in policy.office.own:
            self._citizen(mail, head)

    def _staff(self, mail: Outgoing, head: Message, kind: str) -> None:
        now = self.town.engine.now()
        require(
            kind in AT_ANY_HOUR or self.expected.open_at(now),
            "no mail to staff outside service hours",
            lambda: f"{kind} at {now.astimezone(self.town.zone):%a %d %b %H:%M:%S}",
        )
        self.notice_checks.said(mail, head, kind, lambda: _words(mail))
        if kind == "derived":
            self.derivation_checks.handed_over(mail, str(head["X-Oacmail-Case"]))
        if kind in ("overdue", "overdue_digest"):
            for number in _NUMBER.findall(mail.mime):
                self.deadline_checks.escalated.add(number.decode())

    def _citizen(self, mail: Outgoing, head: Message) -> None:
        twice = (mail.recipient, mail.key)
        self._to_citizens[twice] += 1
        require(
            self._to_citizens[twice] == 1 or mail.key in self.town.relay.unproven,
            "nobody gets the same mail twice",
            lambda: f"{mail.key[:24]} to {mail.recipient}",
        )
        words, kind = _words(mail), str(head["X-Oacmail-Kind"])
        require(
            mail.recipient != DISOWNED or kind in TO_CITIZENS,  # an agent has ordered these
            "nothing by itself to a sender whose domain disowns the mail",
            lambda: mail.key,
        )
        require(mail.recipient not in NEIGHBOURS, "nothing automatic to a guest", lambda: mail.key)
        require(INTERNAL not in words, "no internal text reaches a citizen", lambda: mail.key)
        self.notice_checks.said(mail, head, kind, lambda: words)
        if kind == "relayed":
            self.relayed_answer_checks.left(mail, head, words)
        elif kind in TO_CITIZENS:
            self.derivation_checks.notified(mail, head, kind)
        elif kind == "survey":
            self._asks_once(mail, head)
        else:
            self._answers_a_message_once(mail, head)

    def _asks_once(self, mail: Outgoing, head: Message) -> None:
        """No case is asked about twice (R30)."""
        other = self._asked.setdefault(str(head["X-Oacmail-Case"]), mail.key)
        require(other == mail.key, "one survey a case", lambda: f"{mail.key[:40]} after {other}")

    def _answers_a_message_once(self, mail: Outgoing, head: Message) -> None:
        message = str(head["In-Reply-To"] or "")
        written = self.town.truth.written.get(message)
        require(
            written is not None and written.sender == mail.recipient,
            "an acknowledgement goes to the sender of the message",
            lambda: f"{mail.key[:24]} to {mail.recipient}",
        )
        other = self._messages_acked.setdefault((mail.recipient, message), mail.key)
        require(
            other == mail.key or {other, mail.key} & self.town.relay.unproven,
            "one acknowledgement for each message",
            lambda: f"{short(message)} of {mail.recipient}",
        )
        self._acked_as[message] = (str(head["X-Oacmail-Case"]), mail.key)

    def _nothing_only_believed_sent(self) -> None:
        given = {mail.key for mail in self.town.relay.accepted}
        rows = self.town.database.sent()
        false = [row["key"] for row in rows if row["kind"] != "probe" and row["key"] not in given]
        require(not false, "every mail in state sent has left", lambda: str(false[:3]))

    def _keys_tell_the_kind(self) -> None:
        """A restored database learns the kind of a mail from the key in its copy."""
        rows = self.town.database.queued()
        false = [row["key"] for row in rows if of_key(row["key"]) is not of_name(row["kind"])]
        require(not false, "a key tells the kind of its mail", lambda: str(false[:3]))

    def _nothing_stuck(self) -> None:
        """A restored database may hold mails that are days old: they may wait until the office has opened once more.
        After a long outage a mail may wait for the next opening.
        """
        restored = self.town.restored_at
        if restored is not None and self.town.engine.now() < self.expected.opening(restored) + PATIENCE:
            return
        now = self.town.engine.now()
        rows = self.town.database.stuck(now, now - STUCK, self.expected.opening(now))
        require(not rows, "no mail is stuck", lambda: str([tuple(row) for row in rows[:3]]))

    def _closed_for_a_reason(self) -> None:
        """A case ends with an answer, or with a reason that says why it needs none."""
        found = self.town.database.closed_without_a_reason()
        require(not found, "no case is closed without an answer or a reason", lambda: str(found[:3]))

    def _nobody_set_aside_in_silence(self) -> None:
        """What a citizen wrote, in any folder, and no deadline follows is a vote or praise, is acknowledged, or has
        been on the review list, which the digest shows."""
        silent = sorted(self.town.database.set_aside() - self.town.truth.starts_nothing)
        require(not silent, "nobody is set aside in silence", lambda: str([short(name) for name in silent[:3]]))
        started = sorted(self.town.database.promised_by() & self.town.truth.starts_nothing)
        require(not started, "praise and a wish of language start nothing", lambda: str([short(started[0])]))

    # --- messages ----------------------------------------------------------------------------------

    def _all_accounted(self) -> None:
        rows = [
            row for row in self.town.database.without_an_outcome() if not self._is_bad(row["folder"], row["uid"])
        ]  # oacmail still retries it, hours apart
        require(not rows, "every message has an outcome", lambda: str([tuple(row) for row in rows[:3]]))
        for name in ("INBOX", "Sent", "Junk", *self.town.board_folders):
            box = self.town.mailbox.folders[name]
            known = self.town.database.seen(name, box.uidvalidity)
            stored = {(uid, len(message.raw), text(message.internal_date)) for uid, message in box.messages.items()}
            if not stored <= known:
                raise InvariantBroken("every message was seen", f"{name}: {sorted(stored - known)[:3]}")

    def _every_message_once(self) -> None:
        found = self.town.database.placed()
        for name in self.town.truth.written.keys() - self.town.truth.lost - self.town.unreadable_ids():
            counted = name in self.town.truth.in_junk and not any(found.get(name, ()))  # as spam, by its words too
            if found.get(name) != [True] and not counted:
                raise InvariantBroken(
                    "every message is in one case or on the review list", f"{short(name)}: {found.get(name)}"
                )

    def _is_bad(self, folder: str, uid: int) -> bool:
        message = self.town.mailbox.folders[folder].messages.get(uid)
        return message is not None and message.bad

    def _every_opening_acknowledged(self) -> None:
        found = self.town.database.unacknowledged()
        require(not found, "every case is acknowledged or on the review list", lambda: str(found[:3]))

    def _numbers_kept(self) -> None:
        rows = self.town.database.messages_on_cases()
        now = {row["message_id"]: row["number"] for row in rows}
        for message, (number, key) in self._acked_as.items():
            if now.get(message, number) != number and key not in self.town.relay.unproven:
                seen = f"{short(message)}: told {number}, now on {now[message]}"
                raise InvariantBroken("a message stays on the case that its sender was told", seen)

    def _strangers(self) -> None:
        rows = self.town.database.of_strangers()
        require(not rows, "no stranger in a case but as a guest", lambda: str([tuple(row) for row in rows[:3]]))


def _words(mail: Outgoing) -> str:
    """All that a person or a program could read in it: headers as they stand, texts decoded."""
    message = message_from_bytes(mail.mime)
    parts = (part.get_payload(decode=True) for part in message.walk() if part.get_content_maintype() == "text")
    return str(message.items()) + "".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes))
