"""When a relayed answer counts, and what brings it back."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from testbed.relay import deferred, no_reply, refused
from tests.relayed import relayed_answers
from tests.world import AGENT, ANNA, PASS, SUPERVISOR, TECHNICAL, World


def test_it_counts_once_the_relay_has_taken_it_and_not_before(world: World) -> None:
    notice = relayed_answers.notice(world)
    refusal = world.relay.when(deferred(), to=ANNA)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert world.case()["answered_at"] is None
    assert world.mail("relayed")["state"] == "queued"
    world.relay.remove(refusal)
    world.clock.set(world.clock.now() + timedelta(hours=2))
    world.turn()
    assert world.case()["status"] == "answered"


def test_what_she_writes_while_it_waits_is_still_owed(world: World) -> None:
    notice = relayed_answers.notice(world)
    refusal = world.relay.when(deferred(), to=ANNA)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.citizen_asks(ANNA, "", "I quant costa?", answers=world.received(ANNA)[0])
    world.relay.remove(refusal)
    world.clock.set(world.clock.now() + timedelta(hours=2))
    world.turn()
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["answered_at"] is not None
    assert world.case()["status"] == "open"


def test_a_report_that_it_did_not_arrive_opens_the_case_again(world: World) -> None:
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    assert world.case()["status"] == "answered"
    world.bounce(relayed_answers.relayed(world)[0])
    assert (world.case()["status"], world.case()["answered_at"]) == ("open", None)
    assert "bounced" in world.kinds(AGENT)


def test_an_answer_that_comes_back_takes_no_case_from_the_technical_services(world: World) -> None:
    world.citizen_asks(ANNA, "Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància.")
    (notice,) = world.received(AGENT, "second_level")
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert world.case()["status"] == "derived"
    world.bounce(relayed_answers.relayed(world)[0])
    assert (world.case()["status"], world.case()["answered_at"]) == ("derived", None)
    running = "met_at IS NULL AND withdrawn_at IS NULL"
    assert {row["kind"] for row in world.rows(f"SELECT kind FROM deadlines WHERE {running}")} == {
        "answer", "remind", "nudge",
    }  # fmt: skip
    world.live("2026-11-27 09:00")
    assert "nudge" in world.kinds(SUPERVISOR)


def test_the_same_mail_twice_and_after_a_restart_goes_once(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    relayed_answers.send(world, mail)
    world.restart()
    relayed_answers.send(world, mail)
    assert len(relayed_answers.relayed(world)) == 1


def test_a_signed_mail_that_is_sent_again_days_later_relays_nothing(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    del mail["Date"]
    mail["Date"] = format_datetime(world.clock.true() - timedelta(days=2))
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)


@pytest.mark.parametrize("lost", [True, False])
def test_if_the_relay_gives_no_reply_it_goes_once_and_counts_when_a_copy_proves_it(world: World, lost: bool) -> None:
    notice = relayed_answers.notice(world)
    world.relay.when(no_reply(lost=lost), kind="relayed", times=1)
    world.deliver(relayed_answers.mail(world, notice), verdict=PASS, sender=SUPERVISOR)
    world.sync()
    world.drain()
    assert world.mail("relayed")["state"] == "uncertain"
    assert world.case()["answered_at"] is None
    world.live("2026-11-27 09:05", minutes=5)
    world.live("2026-11-27 19:00", minutes=30)
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["status"] == "answered"


@pytest.mark.parametrize("point", ["before the first byte", "after the last byte"])
def test_a_kill_while_it_is_sent_sends_it_once(world: World, point: str) -> None:
    notice = relayed_answers.notice(world)
    world.deliver(relayed_answers.mail(world, notice), verdict=PASS, sender=SUPERVISOR)
    world.kill(point, world.turn)
    world.live("2026-11-27 09:05", minutes=5)
    world.live("2026-11-27 19:00", minutes=30)
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["status"] == "answered"


def test_a_mail_that_the_relay_refuses_answers_nothing_and_the_agents_are_told(world: World) -> None:
    notice = relayed_answers.notice(world)
    world.relay.when(refused(), kind="relayed")
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert world.mail("relayed")["state"] == "failed"
    assert world.case()["status"] == "open"
    assert "bounced" in world.kinds(AGENT)


def test_an_answer_to_a_late_reply_to_a_relayed_answer_belongs_to_the_case_of_that_reply(world: World) -> None:
    """The answer's References name our relayed mail too, but it replies to the citizen's message (RFC 5322, 3.6.4)."""
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    first = world.case()["number"]
    world.live("2027-01-11 09:00", minutes=600)
    assert world.case()["status"] == "closed"
    late = world.citizen_asks(
        ANNA, "", "Ara em demana un altre document. Quin és?", answers=relayed_answers.relayed(world)[0]
    )
    (child,) = [case["number"] for case in world.cases() if case["number"] != first]
    world.agent_replies(late)
    assert world.case(child)["answered_at"] is not None


def test_an_answer_written_before_the_services_solved_it_does_not_tell_the_person_so(
    town: Callable[..., World],
) -> None:
    """Both lie in the mailbox when the service comes back."""
    world = town(people={"technical": [TECHNICAL]})
    world.citizen_asks(ANNA, "Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància.")
    (notice,) = world.received(AGENT, "second_level")
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-26 10:00")
    (derived,) = world.received(TECHNICAL)
    world.deliver(relayed_answers.mail(world, notice), verdict=PASS, sender=SUPERVISOR)
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.staff_writes(TECHNICAL, "", "Ja està resolt.", answers=derived)
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.turn()
    world.turn()
    assert len(relayed_answers.relayed(world)) == 1
    assert world.events("solved")
    assert world.case()["status"] == "derived"
    assert world.rows("SELECT 1 FROM deadlines WHERE kind = 'answer' AND met_at IS NULL AND withdrawn_at IS NULL")
