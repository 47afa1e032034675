"""The outbox against every answer of a relay: no mail is sent twice or lost, and failures are reported."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from oacmail.cli.status import health
from oacmail.core import tokens
from oacmail.core.effects import (
    Decision,
    DropOutgoing,
    Effect,
    ImportSent,
    OutboxCommand,
    Send,
    SendWithoutOriginal,
    Tick,
    UpdateOutbox,
)
from oacmail.core.kinds import NEXT, MailEvent, MailKind, MailState
from oacmail.core.outbox import ALTERED
from oacmail.engine.watch import HostChecks
from oacmail.store import admin
from oacmail.store.connection import FILE, LIVE
from oacmail.store.store import SqliteStore
from oacmail.words.compose import FinalMail
from testbed.relay import DOWN, NO_COPY, DeliveryOutcome, deferred, no_reply, refused
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, SUPERVISOR, World, empty_database, text_of

TOWN = Callable[..., World]


def _overdue_at_eight(world: World) -> None:
    """A message with an attachment's weight, unanswered; it is 08:00 of the day after its end."""
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 08:00")
    world.sync()
    world.tick()


def test_the_copy_proves_the_sending_and_is_filed_in_sent_as_seen(world: World) -> None:
    world.citizen_asks(ANNA)
    mail = world.mail()
    assert (mail["state"], mail["copy_expected"]) == ("sent", 1)
    assert mail["copied_at"] is not None
    (copy,) = world.mailbox.folders["Sent"].messages.values()
    assert copy.seen
    assert len(world.mailbox.folders["INBOX"].messages) == 1
    world.turn()
    assert len(world.cases()) == 1
    assert world.reviews() == []


def test_a_mail_to_staff_has_no_copy(world: World) -> None:
    _overdue_at_eight(world)
    world.drain()
    assert [mail.copy_to for mail in world.relay.accepted if mail.recipient == SUPERVISOR] == [""]
    assert world.mail("overdue")["copy_expected"] == 0


def test_an_acknowledgement_leaves_under_the_null_sender_and_a_notice_under_the_office(world: World) -> None:
    _overdue_at_eight(world)
    world.drain()
    assert [mail.envelope_from for mail in world.relay.accepted] == ["", "oac360@castellbisbal.example"]


@pytest.mark.parametrize(("setting", "begins"), [("bounce", "oac360+b."), ("office", "oac360@")])
def test_the_envelope_of_an_acknowledgement_can_be_the_offices(town: TOWN, setting: str, begins: str) -> None:
    world = town(smtp={"ack_envelope": setting})
    world.citizen_asks(ANNA)
    assert world.relay.accepted[0].envelope_from.startswith(begins)


@pytest.mark.parametrize("setting", ["null", "bounce", "office"])
def test_mail_leaves_under_the_envelope_senders_in_use_and_no_other(
    town: TOWN, setting: Literal["null", "bounce", "office"]
) -> None:
    world = town(smtp={"ack_envelope": setting})
    _overdue_at_eight(world)
    world.drain()
    used = {(mail.envelope_from, str(message_from_bytes(mail.mime)["Message-ID"])) for mail in world.relay.accepted}
    assert used
    for sender, number in used:
        assert sender in tokens.envelope_senders(world.engine.policy, number).values()


# --- killed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["before commit", "after commit"])
def test_killed_while_a_message_is_worked(world: World, point: str) -> None:
    world.citizen_writes(ANNA)
    world.kill(point, world.sync)
    world.turn()
    assert len(world.cases()) == 1
    assert world.kinds(ANNA) == ["ack"]


@pytest.mark.parametrize("point", ["before the hand-over", "before RCPT"])
def test_killed_before_it_was_handed_over_it_is_simply_sent(world: World, point: str) -> None:
    world.citizen_writes(ANNA)
    world.sync()
    world.kill(point, world.drain)
    assert world.mail()["state"] == "queued"
    assert world.mail()["attempts"] == 0
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert world.mail()["state"] == "sent"


def test_killed_before_the_first_byte_it_is_in_doubt_and_goes_once_more(world: World) -> None:
    world.citizen_writes(PERE)
    world.turn()  # copies come back here
    world.citizen_writes(ANNA)
    world.sync()
    world.kill("before the first byte", world.drain)
    mail = world.mails("ack")[-1]
    assert (mail["state"], mail["last_error"]) == ("uncertain", "killed while sending")
    world.live("2026-11-25 09:30", minutes=1)
    assert world.kinds(ANNA) == ["ack"]
    assert world.mails("ack")[-1]["state"] == "sent"


@pytest.mark.parametrize("point", ["after the last byte", "before commit"])
def test_killed_after_the_last_byte_its_copy_proves_that_it_left(world: World, point: str) -> None:
    world.citizen_writes(ANNA)
    world.sync()
    world.kill(point, world.drain)
    assert world.mail()["state"] == "uncertain"
    world.turn()
    assert world.mail()["state"] == "sent"
    world.live("2026-11-25 18:00")
    assert world.kinds(ANNA) == ["ack"]


def test_while_nobody_knows_whether_a_mail_has_left_the_desk_is_not_well(world: World) -> None:
    world.relay.copies = "held"
    world.relay.when(no_reply(lost=False), to=ANNA, times=1)
    world.citizen_asks(ANNA)
    told = health(world.config, world.clock.now())
    assert (told["ok"], told["problems"][0]["code"]) == (False, "uncertain")
    world.relay.release_copies()
    world.turn()
    assert health(world.config, world.clock.now())["ok"]


def test_killed_after_the_sending_was_recorded(world: World) -> None:
    world.citizen_writes(ANNA)
    world.sync()
    world.kill("after commit", world.drain)
    assert world.mail()["state"] == "sent"
    world.live("2026-11-25 18:00")
    assert world.kinds(ANNA) == ["ack"]


@pytest.mark.parametrize("point", ["before commit", "after commit"])
def test_killed_in_a_tick_the_supervisor_is_notified_once(world: World, point: str) -> None:
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 08:00")
    world.sync()
    world.kill(point, world.tick)
    world.turn()
    world.turn()
    assert world.kinds(SUPERVISOR) == ["overdue"]


# --- refused ------------------------------------------------------------------------------------------


def test_a_refused_citizen_fails_and_the_office_has_no_copy_of_what_never_left(world: World) -> None:
    world.relay.when(refused(550, "5.1.1"), to=ANNA)
    world.citizen_asks(ANNA)
    assert world.mail()["state"] == "failed"
    assert world.mailbox.raws("Sent") == []
    assert len(world.mailbox.raws("INBOX")) == 1
    (told,) = world.received(AGENT)
    assert world.case()["number"] in str(told["Subject"])
    assert "550" in text_of(told)
    assert ANNA not in text_of(told)
    assert world.case()["status"] == "open", "the deadline runs on: somebody must find another way to her"


def test_what_staff_did_not_get_is_reported_to_the_operator_and_no_further(world: World) -> None:
    world.relay.when(refused(), to=SUPERVISOR)
    world.relay.when(refused(), to=OPERATOR, kind="bounced")
    _overdue_at_eight(world)
    world.drain()
    world.turn()
    assert [mail.key.partition(":")[0] for mail in world.relay.offered if mail.recipient == OPERATOR] == ["bounced"]
    assert world.mail("bounced")["state"] == "failed"


def test_a_busy_server_is_asked_again_after_1_5_15_and_60_minutes(world: World) -> None:
    world.relay.when(deferred(450), to=ANNA)
    world.citizen_asks(ANNA)
    waits: list[float] = []
    for _ in range(5):
        before = world.clock.now()
        while len(world.relay.offered) == len(waits) + 1:
            world.clock.forward(minutes=1)
            world.drain()
        waits.append((world.clock.now() - before).total_seconds() / 60)
    assert waits == [1, 5, 15, 60, 60]
    world.relay.recover()
    world.clock.forward(minutes=60)
    world.turn()
    assert world.kinds(ANNA) == ["ack"]


@pytest.mark.parametrize("code", [450, 421])
def test_after_give_up_days_it_fails_and_the_agents_are_notified(town: TOWN, code: int) -> None:
    world = town(smtp={"give_up_days": 1})
    world.relay.when(deferred(code), to=ANNA)
    world.citizen_writes(ANNA)
    world.live("2026-11-26 08:30", minutes=30)
    assert world.mail()["state"] == "queued"
    world.live("2026-11-26 11:00", minutes=30)
    assert world.mail()["state"] == "failed"
    assert world.kinds(AGENT).count("bounced") == 1


def test_after_an_outage_longer_than_give_up_days_a_mail_is_not_given_up_at_its_first_deferral(town: TOWN) -> None:
    world = town(smtp={"give_up_days": 1})
    world.relay.when(DOWN)
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 09:00")
    world.relay.recover()
    world.relay.when(deferred(450), to=ANNA, times=2)
    world.live("2026-11-27 09:20", minutes=5)
    assert world.kinds(ANNA) == ["ack"]


def test_a_mail_that_a_person_retries_is_not_given_up_at_its_first_deferral(town: TOWN) -> None:
    """A mailbox was full for days; the person has made room, and the relay lets the first try wait."""
    world = town(smtp={"give_up_days": 1})
    world.relay.when(deferred(450), to=ANNA)
    world.citizen_writes(ANNA)
    world.live("2026-11-26 11:00", minutes=30)
    mail = world.mail()
    assert mail["state"] == "failed"
    world.relay.recover()
    world.relay.when(deferred(450), to=ANNA, times=1)
    world.engine.perform(OutboxCommand(verb="retry", key=mail["key"], by="admin"))
    world.live("2026-11-26 11:30", minutes=5)
    assert world.kinds(ANNA) == ["ack"]


@pytest.mark.parametrize(
    "outcome", [refused(552, "5.3.4", "DATA"), refused(554, "5.0.0", "DATA"), refused(550, "5.7.1")]
)
def test_refused_for_its_original_it_goes_without_it_in_the_same_drain(world: World, outcome: object) -> None:
    _overdue_at_eight(world)
    world.relay.when(outcome, to=SUPERVISOR, times=1)  # type: ignore[arg-type]
    world.drain()
    (mail,) = world.received(SUPERVISOR)
    assert list(mail.iter_attachments()) == []
    assert world.case()["number"] in str(mail["Subject"])
    assert [row["key"].endswith(":bare") for row in world.mails("overdue")] == [False, True]


def test_a_notice_to_somebody_who_is_gone_is_not_tried_without_its_original(world: World) -> None:
    _overdue_at_eight(world)
    world.relay.when(refused(550, "5.1.1"), to=SUPERVISOR, times=1)
    world.drain()
    assert world.kinds(SUPERVISOR) == []
    assert [(row["key"].endswith(":bare"), row["state"]) for row in world.mails("overdue")] == [(False, "failed")]


def test_a_notice_refused_even_without_its_original_fails_and_is_reported(world: World) -> None:
    _overdue_at_eight(world)
    world.relay.when(refused(552, "5.3.4"), to=SUPERVISOR)
    world.drain()
    assert {row["state"] for row in world.mails("overdue")} == {"failed"}
    assert world.kinds(OPERATOR) == ["bounced"]


def test_a_refusal_after_the_data_is_a_refusal(world: World) -> None:
    world.relay.when(refused(550, "5.7.1", "DATA"), to=ANNA)
    world.citizen_asks(ANNA)
    assert world.mail()["state"] == "failed"


# --- the relay's own trouble --------------------------------------------------------------------------


def test_the_relays_trouble_never_counts_against_a_mail(town: TOWN) -> None:
    world = town(smtp={"give_up_days": 1})
    world.relay.when(DOWN)
    world.citizen_writes(ANNA)
    world.live("2026-11-28 09:00")
    assert (world.mail()["state"], world.mail()["attempts"]) == ("queued", 0)
    assert "smtp" in world.problems()
    world.relay.recover()
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert "smtp" not in world.problems()


def test_a_relay_that_refuses_the_null_sender_holds_up_no_other_mail(world: World) -> None:
    world.relay.when(DOWN, sender="")
    for number in range(30):
        world.citizen_writes(
            f"veina{number}@poble{number}.example", f"Tràmit {'abcdefghijklmnopqrstuvwxyzàéíó'[number]}"
        )
    world.turn()
    world.advance("2026-11-27 08:00")
    world.sync()
    world.tick()
    for _ in range(3):
        world.clock.forward(seconds=5)
        world.drain()
    assert world.kinds(SUPERVISOR) == ["overdue_digest"]


def test_a_mail_that_breaks_the_line_takes_turns_with_the_others(world: World) -> None:
    world.relay.when(DOWN, to=ANNA)
    world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    world.clock.forward(seconds=5)
    world.drain()
    assert world.kinds(PERE) == ["ack"]


def test_a_mail_that_ends_the_line_counts_its_attempt_and_the_others_leave_at_once(world: World) -> None:
    world.relay.when(deferred(421), to=ANNA)
    world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    assert world.kinds(PERE) == ["ack"]
    (mail,) = [mail for mail in world.mails("ack") if mail["state"] == "queued"]
    assert (mail["recipient"], mail["attempts"], mail["last_error"]) == (ANNA, 1, "SMTP RCPT: 421")


_ANOTHER_TEXT = "UPDATE mails SET mime = CAST(replace(CAST(mime AS TEXT), 'Hem rebut', 'Hem perdut') AS BLOB)"


@pytest.mark.parametrize(
    "change",
    [_ANOTHER_TEXT, f"{_ANOTHER_TEXT}, seal = NULL", "UPDATE outbox SET recipient = 'lladre@example.com'"],
    ids=["bytes", "bytes and seal", "recipient"],
)
def test_a_queued_mail_that_a_hand_has_changed_is_held_and_told_and_never_sent(tmp_path: Path, change: str) -> None:
    world = World(tmp_path)
    world.relay.when(DOWN)
    world.citizen_asks(ANNA)
    with closing(sqlite3.connect(world.store.file)) as hand:
        assert hand.execute(change).rowcount == 1
        hand.commit()
    world.relay.recover()
    world.live("2026-11-25 09:30", minutes=5)
    assert any(mail.key.startswith("held:") for mail in world.relay.accepted if mail.recipient == OPERATOR)
    ack = world.mail()
    assert (ack["state"], ack["last_error"]) == ("held", ALTERED)
    world.engine.perform(OutboxCommand(verb="retry", key=ack["key"], by="admin"))
    world.turn()
    assert world.mail()["state"] == "held"
    assert world.kinds(ANNA) == world.kinds("lladre@example.com") == []
    world.stop()


def test_a_relay_that_ends_the_line_at_two_mails_is_in_trouble_and_no_third_one_is_offered(world: World) -> None:
    world.relay.when(deferred(421))
    for person in (ANNA, PERE, MARTA):
        world.citizen_writes(person)
    world.sync()
    assert not world.drain()
    assert [mail.recipient for mail in world.relay.offered] == [ANNA, PERE]
    world.relay.recover()
    world.drain()
    assert world.kinds(MARTA) == ["ack"]


def test_no_more_than_so_many_a_minute(town: TOWN) -> None:
    world = town(smtp={"per_minute": 2})
    for number in range(5):
        world.citizen_writes(f"veina{number}@poble{number}.example", f"Tràmit {'abcde'[number]}")
    world.sync()
    world.drain()
    assert len(world.relay.accepted) == 2
    world.clock.forward(seconds=61)
    world.drain()
    assert len(world.relay.accepted) == 4


def test_a_notice_that_the_relay_did_not_take_in_time_waits_for_the_morning(world: World) -> None:
    _overdue_at_eight(world)
    world.relay.when(DOWN)
    world.live("2026-11-27 20:01", minutes=60)
    world.relay.recover()
    world.live("2026-11-30 07:59", minutes=60)
    assert world.received(SUPERVISOR) == []
    world.live("2026-11-30 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue"] * 2, "the one of Friday, and the second level"


def test_a_reminder_that_the_relay_did_not_take_in_time_is_stale(world: World) -> None:
    world.citizen_writes(ANNA)
    world.live("2026-11-26 15:30", minutes=30)
    world.relay.when(DOWN)
    world.live("2026-11-26 20:30", minutes=30)
    world.relay.recover()
    world.live("2026-11-27 12:00", minutes=30)
    assert world.kinds(AGENT) == []
    assert world.mail("remind")["state"] == "dropped"


# --- who waits for the mailbox ------------------------------------------------------------------------


def test_mail_to_citizens_waits_until_all_folders_were_read_after_a_start(world: World) -> None:
    world.citizen_writes(ANNA)
    world.sync()
    world.restart()
    world.drain()
    assert world.received(ANNA) == []
    world.mailbox.refused = {"Sent"}
    world.sync()
    world.drain()
    assert world.received(ANNA) == []
    world.mailbox.refused = set()
    world.turn()
    assert world.kinds(ANNA) == ["ack"]


def test_the_alert_that_the_mailbox_is_away_leaves_while_citizens_mail_waits(world: World) -> None:
    world.citizen_writes(ANNA)
    world.sync()
    world.mailbox.away = True
    world.live("2026-11-25 09:20", minutes=1)
    assert world.kinds(OPERATOR) == ["alert"]
    assert "No es pot llegir la bústia" in str(world.received(OPERATOR)[0]["Subject"])
    assert world.received(ANNA) == []
    world.mailbox.away = False
    world.turn()
    assert world.kinds(ANNA) == ["ack"]


def test_one_outage_is_one_alert_at_any_hour(town: TOWN) -> None:
    world = town(now="2026-11-28 23:00")
    world.mailbox.away = True
    world.live("2026-11-30 10:00", minutes=30)
    assert world.kinds(OPERATOR) == ["alert"]
    world.mailbox.away = False
    world.turn()
    world.mailbox.away = True
    world.live("2026-11-30 12:00", minutes=30)
    assert world.kinds(OPERATOR) == ["alert"] * 2


# --- without copies -----------------------------------------------------------------------------------


def test_without_self_copies_no_second_rcpt_is_asked_for(town: TOWN) -> None:
    world = town(smtp={"self_copy": False})
    world.citizen_asks(ANNA)
    assert [mail.copy_to for mail in world.relay.accepted] == [""]
    assert (world.mail()["state"], world.mail()["copy_expected"]) == ("sent", 0)


def test_a_provider_that_keeps_its_own_copies_is_believed(town: TOWN) -> None:
    world = town(smtp={"self_copy": "server"})
    world.relay.server_copies = True
    world.citizen_asks(ANNA)
    assert [mail.copy_to for mail in world.relay.accepted] == [""]
    assert (world.mail()["state"], world.mail()["copy_expected"]) == ("sent", 1)
    assert world.mail()["copied_at"] is not None
    assert len(world.mailbox.raws("Sent")) == 1


def test_when_the_offices_rcpt_is_refused_the_citizen_gets_her_mail_all_the_same(world: World) -> None:
    world.relay.when(NO_COPY)
    world.citizen_asks(ANNA)
    assert world.kinds(ANNA) == ["ack"]
    assert (world.mail()["state"], world.mail()["copy_expected"]) == ("sent", 0)


def test_a_relay_that_rewrites_message_ids_does_not_break_threads(world: World) -> None:
    world.relay.rewrites = True
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    assert world.mail()["alias"] == str(ack["Message-ID"]) != world.mail()["message_id"]
    stranger = "germana@example.edu"
    world.citizen_asks(stranger, "", "Li envio jo el document, d'acord?", answers=ack)
    assert len(world.case()["messages"]) == 2
    assert world.received(stranger) == []


# Self-copies that no longer return: the proof of sending is gone, and the operator is notified once.


@pytest.fixture
def look(world: World) -> Callable[[str], None]:
    """Until that moment, every ten minutes: the three loops, and the jobs of the tick."""
    host_checks = HostChecks(engine=world.engine, free=lambda: 10**12)

    def live(to: str) -> None:
        world.live(to, minutes=10)
        host_checks.look_at_copies()
        world.engine.perform(Tick())

    return live


def test_an_hour_without_a_copy_is_a_problem_and_one_alert_until_a_copy_comes(
    world: World, look: Callable[[str], None]
) -> None:
    world.citizen_writes(PERE)
    look("2026-11-25 09:10")
    world.relay.copies = "lost"
    world.citizen_writes(ANNA)
    look("2026-11-25 10:00")
    assert "self-copies" not in world.problems()
    look("2026-11-25 10:40")
    assert "self-copies" in world.problems()
    for minute in ("10:50", "11:00", "12:00"):
        look(f"2026-11-25 {minute}")
    assert world.kinds(OPERATOR) == ["alert"]
    assert "còpia" in world.subjects(OPERATOR)[0]
    world.relay.copies = "delivered"
    world.citizen_writes(MARTA)
    look("2026-11-25 12:10")
    assert "self-copies" not in world.problems()
    assert world.kinds(OPERATOR) == ["alert"]


def test_an_office_whose_address_the_relay_refuses_has_no_proof_either(
    world: World, look: Callable[[str], None]
) -> None:
    world.relay.when(DeliveryOutcome(copy=False), to=ANNA)
    world.citizen_writes(ANNA)
    look("2026-11-25 10:30")
    assert "self-copies" in world.problems()


def test_late_copies_are_no_problem_and_silence_neither(world: World, look: Callable[[str], None]) -> None:
    world.relay.copies = "held"
    world.citizen_writes(ANNA)
    look("2026-11-25 09:40")
    world.relay.release_copies()
    look("2026-11-25 20:00")
    assert "self-copies" not in world.problems()


def test_where_no_copies_are_wanted_none_is_missed(town: Callable[..., World]) -> None:
    world = town(smtp={"self_copy": False})
    host_checks = HostChecks(engine=world.engine, free=lambda: 10**12)
    world.citizen_writes(ANNA)
    world.live("2026-11-25 12:00", minutes=30)
    host_checks.look_at_copies()
    assert "self-copies" not in world.problems()


def test_where_no_copies_are_wanted_no_mail_is_looked_through(town: Callable[..., World]) -> None:
    world = town(smtp={"self_copy": False})
    world.citizen_asks(ANNA)
    asked: list[str] = []
    world.store.con.set_trace_callback(asked.append)
    HostChecks(engine=world.engine, free=lambda: 10**12).look_at_copies()
    world.store.con.set_trace_callback(None)
    assert asked
    assert not [query for query in asked if "outbox" in query]


# The table of the states of outgoing mail, held against the schema and every statement of the store, on SQLite.

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
MOMENT, CASE, KEY = "2026-11-25T08:00:00+00:00", "OAC-2026-000001", "ack:5f1e"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    (tmp_path / FILE).write_bytes(empty_database())
    opened = SqliteStore(tmp_path)
    opened.con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
    opened.con.execute(
        """INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
        subject_key, opened_at, touched_at) VALUES(1, ?, '5f1e', 1, 'open', 'request', 'other', 'first', 'question',
        'ca', '', '', ?, ?)""",
        (CASE, MOMENT, MOMENT),
    )
    yield opened
    opened.close()


def _row_in(store: SqliteStore, state: MailState) -> None:
    store.con.execute(
        """INSERT INTO outbox(id, key, message_id, case_id, kind, recipient, domain, bare_id, length, state, next_at,
        created_at) VALUES(1, ?, '<1@office.example>', 1, 'ack', 'anna@example.org', 'example.org',
        '<2@office.example>', 1, ?, ?, ?)""",
        (KEY, state, MOMENT, MOMENT),
    )
    store.con.execute("INSERT INTO mails(id, mime, bare) VALUES(1, x'00', x'00')")


def _states(store: SqliteStore) -> dict[str, str]:
    return {row["key"]: row["state"] for row in store.con.execute("SELECT key, state FROM outbox")}


def _apply(store: SqliteStore, effect: Effect, *, shadow: bool = False) -> None:
    frozen = FinalMail(message_id="<9@office.example>", mime=b"1", length=1, bare=None, bare_id=None)
    with store.turn() as turn:
        turn.apply(Decision(effects=(effect,), because=()), now=NOW, mails={"warned:1": frozen}, shadow=shadow)


_BY_A_STATEMENT_OF_ITS_OWN: Mapping[MailEvent, Callable[[SqliteStore], object]] = {
    MailEvent.HANDING_OVER: lambda store: store.sending(KEY, NOW, copy_expected=True),
    MailEvent.RECOVERED: lambda store: store.recover(),
    MailEvent.KEY_LOST: lambda store: admin.key_lost(store.con, NOW),
    MailEvent.CANCELLED: lambda store: _apply(store, DropOutgoing(case=CASE, kinds=(MailKind.ACK,))),
}


@pytest.mark.parametrize(("event", "state"), list(product(MailEvent, MailState)))
def test_the_store_does_to_each_state_what_the_table_says(
    store: SqliteStore, event: MailEvent, state: MailState
) -> None:
    _row_in(store, state)
    if event in _BY_A_STATEMENT_OF_ITS_OWN:
        _BY_A_STATEMENT_OF_ITS_OWN[event](store)
    else:
        _apply(store, UpdateOutbox(key=KEY, event=event))
    assert _states(store) == {KEY: NEXT[event].get(state, state)}


def test_the_table_names_every_event_and_every_state_is_reached() -> None:
    assert set(NEXT) == set(MailEvent)
    begins = {MailState.QUEUED, MailState.SHADOW, MailState.SENT}  # to be sent, in shadow, known to have left before
    assert begins | {reached for states in NEXT.values() for reached in states.values()} == set(MailState)


def test_what_is_not_under_way_leaves_by_a_person_a_proof_or_a_relay_that_recovers() -> None:
    live = {MailState(name) for name in re.findall(r"'(\w+)'", LIVE.partition(" IN ")[2])}
    out = {
        event
        for event, states in NEXT.items()
        if any(before not in live and reached in live for before, reached in states.items())
    }
    assert out == {MailEvent.RETRIED_BY_HAND, MailEvent.RELAY_AT_FAULT}


def test_a_row_begins_in_one_of_the_first_states(store: SqliteStore) -> None:
    send = Send(key="warned:1", kind=MailKind.WARNED, lang="ca", recipient="anna@example.org", release=NOW)
    for shadow in (False, True):
        _apply(store, send, shadow=shadow)
        assert set(_states(store).values()) == {"shadow" if shadow else "queued"}
        store.con.execute("DELETE FROM mails")
        store.con.execute("DELETE FROM outbox")
    sent = ImportSent(
        key="ack:7c", kind=MailKind.ACK, case=CASE, message="7c", refs=(), message_id="<7c@office.example>",
        recipient="anna@example.org", sent_at=NOW,
    )  # fmt: skip
    _apply(store, sent)
    assert _states(store) == {"ack:7c": "sent"}
    store.con.execute("DELETE FROM outbox")
    _row_in(store, MailState.FAILED)
    _apply(store, SendWithoutOriginal(key=KEY, next_at=NOW))
    assert _states(store)[f"{KEY}:bare"] == "queued"
