"""Random days: whatever people, servers and kills do, and in any order, the invariants hold.

Hypothesis plays: messages, replies, doubles, machines, answers, reports, a clock that runs, a mailbox and a relay that
fail, processes that die. When all is well again, no message is unaccounted for.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from oacmail.core import calendar
from testbed.relay import DOWN, NO_COPY, DeliveryOutcome, deferred, no_reply, refused
from tests.engine.world import AGENT, OPERATOR, SUPERVISOR, World

CITIZENS = ("anna@example.org", "pere@example.net", "rosa@gmail.com")
ROBOTS = ("butlleti@example.org", "mailer-daemon@relay.example")
FATES: tuple[DeliveryOutcome, ...] = (
    DOWN, NO_COPY, deferred(450), deferred(451, "DATA"), refused(550), refused(552, "5.3.4", "DATA"),
    no_reply(lost=True), no_reply(lost=False),
)  # fmt: skip
KILL_POINTS = (
    "before commit", "after commit", "after claim", "before RCPT", "before the first byte", "after the last byte",
)  # fmt: skip
WORDS = st.sampled_from(["la beca", "el padró", "l'IBI", "una llicència", "el casal", "la cita prèvia"])
citizens = st.sampled_from(CITIZENS)


class AnyDay(RuleBasedStateMachine):
    """`messages`: what citizens really wrote, by Message-ID. Hours are those of the town; it begins on a Tuesday."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name), now="2026-11-24 17:00", digest={"to": [AGENT]})
        self.messages: dict[str, EmailMessage] = {}
        self.answers: list[EmailMessage] = []

    def teardown(self) -> None:
        try:
            self._all_is_well()
        finally:
            self.world.stop()
            self._folder.cleanup()

    # --- people -----------------------------------------------------------------------------------

    @initialize(sender=citizens)
    def the_first_message(self, sender: str) -> None:
        self._write(sender, "Una consulta", "Com demano la beca menjador?")
        self.world.turn()

    def _write(self, sender: str, subject: str, text: str, answers: EmailMessage | None = None) -> None:
        mail = self.world.citizen_writes(sender, subject, text, answers=answers)
        self.messages[str(mail["Message-ID"])] = mail

    @rule(sender=citizens, what=WORDS)
    def a_citizen_writes(self, sender: str, what: str) -> None:
        self._write(sender, f"Sobre {what}", f"Bon dia, com es demana {what}?")

    @rule(sender=citizens, what=WORDS, data=st.data())
    def a_citizen_replies(self, sender: str, what: str, data: st.DataObject) -> None:
        known = [*self.world.received(sender), *(mail for mail in self.answers if mail["To"] == sender)]
        if known:
            self._write(sender, "", f"I {what}, com es fa?", data.draw(st.sampled_from(known)))

    @rule(data=st.data())
    def a_message_comes_twice(self, data: st.DataObject) -> None:
        self.world.deliver(data.draw(st.sampled_from(list(self.messages.values()))))

    @rule(sender=st.sampled_from(ROBOTS))
    def a_machine_writes(self, sender: str) -> None:
        self.world.robot_writes(sender, "Butlletí")

    @rule(data=st.data())
    def an_agent_answers(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(list(self.messages.values())))
        self.answers.append(self.world.agent_answers(message))

    @rule(data=st.data(), action=st.sampled_from(["failed", "delayed"]))
    def a_mail_comes_back(self, data: st.DataObject, action: str) -> None:
        sent = [*self.answers, *(mail for who in CITIZENS for mail in self.world.received(who))]
        if sent:
            self.world.report_on(data.draw(st.sampled_from(sent)), action=action)

    # --- time and servers -------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 2, 16, 61, 240, 960, 1440, 4320]))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.forward(minutes=minutes)
        self.world.turn()

    @rule(loops=st.lists(st.sampled_from(["sync", "tick", "drain"]), min_size=1, max_size=4))
    def the_loops_run(self, loops: list[str]) -> None:
        for loop in loops:
            getattr(self.world, loop)()

    @rule(outcome=st.sampled_from(FATES), to=st.sampled_from([SUPERVISOR, OPERATOR, ""]), times=st.integers(1, 3))
    def the_relay_will(self, outcome: DeliveryOutcome, to: str, times: int) -> None:
        self.world.relay.when(outcome, to=to, times=times)

    @rule(outcome=st.sampled_from(FATES), sender=citizens, what=WORDS, times=st.integers(1, 2))
    def the_relay_answers_a_message_with(self, outcome: DeliveryOutcome, sender: str, what: str, times: int) -> None:
        self.world.relay.when(outcome, to=sender, times=times)
        self.a_citizen_writes(sender, what)
        self.world.turn()

    @rule(copies=st.sampled_from(["delivered", "held", "lost"]))
    def copies_are(self, copies: str) -> None:
        self.world.relay.copies = copies  # type: ignore[assignment]

    @rule()
    def kept_copies_arrive(self) -> None:
        self.world.relay.release_copies()

    @rule(away=st.booleans(), refuses=st.booleans())
    def the_mailbox_fails(self, away: bool, refuses: bool) -> None:
        self.world.mailbox.away = away
        self.world.mailbox.refused = {"Sent"} if refuses else set()

    @rule(folder=st.sampled_from(["INBOX", "Sent"]))
    def a_folder_is_made_anew(self, folder: str) -> None:
        self.world.mailbox.renew(folder)

    @rule(point=st.sampled_from(KILL_POINTS), loop=st.sampled_from(["sync", "tick", "drain", "turn"]))
    def it_is_killed(self, point: str, loop: str) -> None:
        work: Callable[[], object] = getattr(self.world, loop)
        self.world.kill_if_reached(point, work)

    @rule(point=st.sampled_from(KILL_POINTS), sender=citizens, what=WORDS)
    def it_is_killed_over_a_message(self, point: str, sender: str, what: str) -> None:
        self.a_citizen_writes(sender, what)
        self.world.kill_if_reached(point, self.world.turn)

    @rule()
    def it_is_restarted(self) -> None:
        self.world.restart()

    # --- what always holds ------------------------------------------------------------------------

    @invariant()
    def nobody_is_acknowledged_twice_for_one_message(self) -> None:
        relay = self.world.relay
        for sender in CITIZENS:
            counted = Counter(mail.key for mail in relay.accepted if mail.recipient == sender)
            assert [key for key, count in counted.items() if count > 1 and key not in relay.unproven] == []

    @invariant()
    def no_machine_gets_mail(self) -> None:
        assert not any(self.world.received(robot) for robot in ROBOTS)

    @invariant()
    def each_clock_ends_once(self) -> None:
        rows = self.world.rows("SELECT * FROM deadlines")
        for row in rows:
            ends = [row["met_at"] is not None, row["withdrawn_at"] is not None]
            if not (row["kind"] == "answer" and row["level"] == 0):  # which runs on after it rang
                ends.append(row["fired_at"] is not None)
            assert sum(ends) <= 1, row

    @invariant()
    def who_waits_for_an_answer_has_a_clock_and_nobody_else(self) -> None:
        running = {
            row["case_id"]
            for row in self.world.rows(
                "SELECT case_id FROM deadlines WHERE kind = 'answer' AND level = 0 AND met_at IS NULL "
                "AND withdrawn_at IS NULL"
            )
        }
        for case in self.world.rows("SELECT id, number, status FROM cases"):
            assert (case["id"] in running) == (case["status"] in ("open", "derived")), case

    @invariant()
    def a_late_case_is_told_once_a_day_and_only_in_service_hours(self) -> None:
        rows = self.world.rows("SELECT case_id, recipient, created_at FROM outbox WHERE kind = 'overdue'")
        told = Counter((row["case_id"], row["recipient"], row["created_at"][:10]) for row in rows if row["case_id"])
        keys = self.world.rows("SELECT key FROM outbox WHERE key LIKE 'overdue:%:bare'")
        assert all(count <= 1 + len(keys) for count in told.values()), told
        for row in self.world.rows(
            "SELECT created_at FROM outbox WHERE kind IN ('overdue', 'overdue_digest', 'remind')"
        ):
            assert calendar.in_hours(_moment(row["created_at"]), self.world.policy), row

    # --- the end ----------------------------------------------------------------------------------

    def _all_is_well(self) -> None:
        world = self.world
        world.mailbox.away, world.mailbox.refused = False, set()
        world.relay.recover()
        world.relay.copies = "delivered"
        world.relay.release_copies()
        for _ in range(8):
            world.clock.forward(minutes=61)
            world.turn()
        assert world.rows("SELECT * FROM sightings WHERE outcome IS NULL") == []
        assert world.rows("SELECT key, state FROM outbox WHERE state IN ('claimed', 'sending', 'uncertain')") == []
        for message_id in self.messages:
            rows = world.rows("SELECT * FROM messages WHERE message_id = ?", message_id)
            assert len(rows) == 1, message_id
            waits = world.rows("SELECT 1 FROM reviews WHERE fingerprint = ?", rows[0]["fingerprint"])
            assert rows[0]["case_id"] is not None or waits, message_id


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


AnyDay.TestCase.settings = settings(max_examples=8, stateful_step_count=40, suppress_health_check=list(HealthCheck))
TestAnyDay = AnyDay.TestCase
