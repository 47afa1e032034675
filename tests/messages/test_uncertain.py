"""Uncertain deliveries: what proves that a mail left, and what proves that it did not.

The rules: docs/subjects.md, "Uncertain deliveries".
"""

from collections.abc import Callable

import pytest

from testbed.relay import NO_COPY, deferred, no_reply
from tests.world import AGENT, ANNA, OPERATOR, PERE, SUPERVISOR, World

TOWN = Callable[..., World]
LOST, ARRIVES = no_reply(lost=True), no_reply(lost=False)


@pytest.fixture
def proven(world: World) -> World:
    """A town where copies have come back: one mail was sent and seen."""
    world.citizen_asks(PERE)
    world.clock.forward(minutes=5)
    return world


def _doubtful(world: World, *, lost: bool) -> None:
    world.relay.when(no_reply(lost=lost), to=ANNA, times=1)
    world.citizen_writes(ANNA)
    world.sync()
    world.tick()
    world.drain()
    assert _state(world) == "uncertain"


def _state(world: World) -> str:
    (mail,) = [mail for mail in world.mails("ack") if mail["recipient"] == ANNA]
    return str(mail["state"])


def test_its_copy_proves_that_it_left(proven: World) -> None:
    _doubtful(proven, lost=False)
    proven.sync()
    assert _state(proven) == "sent"
    proven.live("2026-11-25 20:00", minutes=30)
    assert proven.kinds(ANNA) == ["ack"]


def test_a_copy_quicker_than_the_broken_line_proves_it_too(proven: World) -> None:
    """The relay delivers, we read the copy, and only then does the line time out."""
    proven.relay.when(ARRIVES, to=ANNA, times=1)
    proven.citizen_writes(ANNA)
    proven.sync()

    def reads_the_copy(point: str) -> None:
        if point == "after the last byte":
            proven.sync()

    proven.relay.at_kill_point = reads_the_copy
    proven.drain()
    assert _state(proven) == "sent"
    proven.live("2026-11-25 20:00", minutes=30)
    assert proven.kinds(ANNA) == ["ack"]


def test_a_reply_that_names_it_proves_it(proven: World) -> None:
    proven.relay.copies = "lost"
    _doubtful(proven, lost=False)
    proven.citizen_writes(ANNA, "", "D'acord, espero.", answers=proven.received(ANNA)[0])
    proven.sync()
    assert _state(proven) == "sent"


@pytest.mark.parametrize("action", ["delayed", "failed"])
def test_a_delivery_report_that_names_it_proves_that_the_relay_had_it(proven: World, action: str) -> None:
    proven.relay.copies = "lost"
    _doubtful(proven, lost=False)
    proven.report_on(proven.received(ANNA)[0], action=action, status="4.4.1" if action == "delayed" else "5.1.1")
    proven.sync()
    assert _state(proven) == ("sent" if action == "delayed" else "failed")
    proven.relay.copies = "delivered"
    proven.live("2026-11-25 20:00", minutes=30)
    assert proven.kinds(ANNA) == ["ack"]


def test_overtaken_by_two_mails_whose_copies_came_it_goes_once_more_with_the_same_bytes(proven: World) -> None:
    _doubtful(proven, lost=True)
    proven.clock.forward(seconds=61)
    for number in range(2):
        proven.citizen_writes(f"veina{number}@poble.example", f"Un altre tràmit, {'ab'[number]}")
    proven.sync()
    proven.drain()
    proven.turn()
    assert proven.mails("probe") == []
    proven.clock.forward(seconds=800)
    proven.turn()
    assert _state(proven) == "uncertain", "not before fifteen minutes have gone"
    proven.clock.forward(seconds=60)
    proven.turn()
    proven.turn()
    assert _state(proven) == "sent"
    assert proven.kinds(ANNA) == ["ack"]
    first, second = [mail.mime for mail in proven.relay.offered if mail.recipient == ANNA]
    assert first == second


def test_where_there_is_no_traffic_two_probes_overtake_it(proven: World) -> None:
    _doubtful(proven, lost=True)
    proven.live("2026-11-25 09:30", minutes=1)
    assert _state(proven) == "sent"
    assert proven.kinds(ANNA) == ["ack"]
    assert [mail["state"] for mail in proven.mails("probe")] == ["sent", "sent"]
    assert len(proven.cases()) == 2, "a probe is nobody's message"


def test_a_mail_sent_within_the_minute_overtakes_nothing(proven: World) -> None:
    _doubtful(proven, lost=True)
    proven.clock.forward(seconds=30)
    for number in range(2):
        proven.citizen_writes(f"veina{number}@poble.example", f"Un altre tràmit, {'ab'[number]}")
    proven.turn()
    proven.clock.forward(minutes=20)
    proven.tick()
    assert _state(proven) == "uncertain"


def test_absence_proves_nothing_while_the_mailbox_is_away(proven: World) -> None:
    _doubtful(proven, lost=True)
    proven.clock.forward(seconds=61)
    for number in range(2):
        proven.citizen_writes(f"veina{number}@poble.example", f"Un altre tràmit, {'ab'[number]}")
    proven.turn()
    proven.mailbox.away = True
    proven.live("2026-11-25 11:00", minutes=10)
    assert _state(proven) == "uncertain"


def test_in_doubt_a_second_time_it_is_held_and_the_operator_is_notified(proven: World) -> None:
    proven.relay.when(LOST, to=ANNA)
    proven.citizen_writes(ANNA)
    proven.live("2026-11-25 11:00", minutes=1)
    assert _state(proven) == "held"
    assert len([mail for mail in proven.relay.offered if mail.recipient == ANNA]) == 2
    assert "retingut" in str(proven.received(OPERATOR)[0]["Subject"])
    proven.live("2026-11-25 20:00")
    assert proven.kinds(OPERATOR) == ["alert"]
    assert _state(proven) == "held"


def test_a_held_mail_whose_copy_turns_up_was_sent(proven: World) -> None:
    proven.relay.copies = "held"
    proven.relay.when(ARRIVES, to=ANNA)
    proven.citizen_writes(ANNA)
    proven.sync()
    proven.drain()
    proven.relay.copies = "delivered"
    proven.live("2026-11-25 11:00", minutes=1)
    assert proven.kinds(ANNA) == ["ack", "ack"], "the relay kept the first one too long: this is its lie"
    proven.relay.release_copies()
    proven.turn()
    assert _state(proven) == "sent"


def test_a_busy_answer_between_is_no_second_doubt(proven: World) -> None:
    """4xx after the data is an answer: only silence counts."""
    proven.relay.when(LOST, to=ANNA, times=1)
    proven.relay.when(deferred(451, "DATA"), to=ANNA, times=2)
    proven.citizen_writes(ANNA)
    proven.live("2026-11-25 10:00", minutes=1)
    assert proven.kinds(ANNA) == ["ack"]


def test_self_copies_that_no_longer_arrive_are_noticed_after_four_hours(proven: World) -> None:
    proven.relay.copies = "lost"
    _doubtful(proven, lost=True)
    proven.live("2026-11-25 13:00", minutes=10)
    assert _state(proven) == "uncertain"
    proven.live("2026-11-25 13:20", minutes=10)
    assert proven.kinds(ANNA) == ["ack"]


def test_self_copies_that_no_longer_arrive_are_noticed_an_hour_before_the_end(proven: World) -> None:
    proven.advance("2026-11-26 18:30")  # her message came yesterday and was not seen
    proven.relay.copies = "lost"
    proven.relay.when(LOST, to=ANNA, times=1)
    proven.advance("2026-11-25 19:00")
    proven.citizen_writes(ANNA)
    proven.advance("2026-11-26 18:30")
    proven.sync()
    proven.drain()
    assert _state(proven) == "uncertain"
    proven.live("2026-11-26 18:59", minutes=10)
    assert _state(proven) == "uncertain"
    proven.live("2026-11-26 19:00")
    assert proven.kinds(ANNA) == ["ack"]


def test_who_was_answered_meanwhile_is_not_acknowledged_once_more(proven: World) -> None:
    proven.relay.when(LOST, to=ANNA, times=1)
    message = proven.citizen_writes(ANNA)
    proven.sync()
    proven.drain()
    proven.clock.forward(minutes=3)
    proven.agent_answers(message)
    proven.live("2026-11-25 11:00", minutes=5)
    assert _state(proven) == "dropped"
    assert proven.received(ANNA) == []


@pytest.mark.parametrize("why", ["no self-copies", "the office's RCPT refused", "never a copy"])
def test_without_a_copy_to_wait_for_it_goes_once_more_after_an_hour(town: TOWN, why: str) -> None:
    world = town(smtp={"self_copy": why != "no self-copies"})
    world.relay.copies = "lost"
    if why == "the office's RCPT refused":
        world.relay.when(NO_COPY)
    _doubtful(world, lost=True)
    world.live("2026-11-25 09:59", minutes=10)
    assert _state(world) == "uncertain"
    world.live("2026-11-25 10:00")
    assert world.kinds(ANNA) == ["ack"]


def _nobody_looks(world: World, *, minutes: int) -> None:
    """The mail and its copy arrive; the mailbox is not read while the service goes on, then it is."""
    _doubtful(world, lost=False)
    world.clock.forward(minutes=minutes)
    world.tick()
    world.drain()
    assert _state(world) == "uncertain"
    world.turn()
    assert (_state(world), world.kinds(ANNA)) == ("sent", ["ack"])


def test_a_copy_that_nobody_has_looked_for_is_not_missing(world: World) -> None:
    """The first mail of all: no copy has ever come back."""
    _nobody_looks(world, minutes=70)


def test_a_proven_path_counts_as_no_broken_one_while_nobody_has_looked(proven: World) -> None:
    _nobody_looks(proven, minutes=300)


def test_mail_to_staff_goes_once_more_after_a_quarter_of_an_hour(proven: World) -> None:
    proven.citizen_writes(ANNA)
    proven.live("2026-11-27 07:50", minutes=60)
    proven.relay.when(LOST, to=SUPERVISOR, times=2)
    proven.live("2026-11-27 08:14", minutes=2)
    assert proven.received(SUPERVISOR) == []
    proven.live("2026-11-27 08:20", minutes=1)
    assert proven.kinds(SUPERVISOR) == ["overdue"] * 2
    assert proven.kinds(AGENT) == ["remind"]


def test_an_uncertain_notice_that_is_no_longer_true_does_not_go_once_more(town: TOWN) -> None:
    world = town(people={"technical": ["tic@town.example"]})
    world.relay.when(LOST, kind="second_level", times=1)
    question = world.citizen_asks(ANNA, "Error 500", "Des d'ahir la seu electrònica dóna error 500 a tothom.")
    assert [mail["state"] for mail in world.mails("second_level")] == ["uncertain"]
    world.clock.forward(minutes=3)
    world.agent_answers(question)
    world.live("2026-11-25 11:00", minutes=5)
    assert [mail["state"] for mail in world.mails("second_level")] == ["dropped"]


def test_a_survey_whose_case_is_open_again_does_not_go_once_more(town: TOWN) -> None:
    world = town(survey={"enabled": True})
    world.citizen_asks(ANNA)
    world.order("close", "OAC-2026-000001", reason="contact")
    world.relay.when(LOST, kind="survey", times=1)
    world.live("2026-11-26 08:04", minutes=2)
    assert [mail["state"] for mail in world.mails("survey")] == ["uncertain"]
    world.order("reopen", "OAC-2026-000001")
    world.citizen_writes(PERE)
    world.citizen_writes("altre@example.org")
    world.live("2026-11-26 20:00", minutes=10)
    assert [mail["state"] for mail in world.mails("survey")] == ["dropped"]
    assert "survey" not in world.kinds(ANNA)
