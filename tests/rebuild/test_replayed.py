"""A mailbox without a copy of the ledger: what a replay takes from the signed copies of our own mail, and what not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from oacmail.core.errors import Refused
from testbed.clock import SimulatedClock
from testbed.database import Recorded, differences, recorded
from testbed.mailbox import SimulatedMailbox
from testbed.messages import as_bytes, message
from testbed.relay import refused
from tests.rebuild.rebuilding import expunge, lose, rebuild
from tests.relayed import relayed_answers
from tests.world import ANNA, MARTA, OFFICE, PERE, SUPERVISOR, World, local

TOWN = Callable[..., World]
SENDING = ("attempts", "copy_expected", "created_at", "data_at", "next_at", "released_at", "sent_at")
UNTOLD = {("deadlines", "fired_at"), ("events", "at"), ("messages", "folder"), *(("outbox", name) for name in SENDING)}
"""What no mail tells to the second: when a deadline was looked at, and how a mail was sent."""


def told_otherwise(before: Recorded, world: World) -> list[tuple[str, str, str]]:
    """What the mail tells and is not as it was; stored values are the desk's own."""
    found = differences(before, recorded(world.store.con))
    return [one for one in found if one[:2] not in UNTOLD and one[0] != "kv"]


def acknowledged(rows: Recorded) -> list[tuple[str, str, str]]:
    mails = rows["outbox"].values()
    return sorted((mail["key"], mail["recipient"], mail["state"]) for mail in mails if mail["kind"] == "ack")


def test_each_case_and_its_number_come_from_the_mail(world: World) -> None:
    answered = world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    world.clock.forward(minutes=7)
    world.citizen_asks(PERE)
    world.clock.forward(minutes=7)
    world.agent_replies(answered)
    world.live("2026-11-27 09:30")
    world.citizen_asks(MARTA, "Beca", "On es demana la beca?")
    before = recorded(world.store.con)
    lose(world, copied=False)
    report = rebuild(world)
    assert told_otherwise(before, world) == []
    assert (report.proven, report.by_order, report.held, report.ledger.why) == (3, (), (), "none")
    sent = {who: len(world.received(who)) for who in (ANNA, MARTA, PERE, SUPERVISOR)}
    world.live("2026-11-27 20:00")
    assert {who: len(world.received(who)) for who in sent} == sent


def test_a_case_of_which_no_mail_tells_gets_a_number_above_all(world: World) -> None:
    since = world.clock.now()
    for who in (ANNA, PERE, MARTA):
        world.citizen_asks(who)
        world.clock.forward(hours=1)
    expunge(world, "Sent", b"To: pere@")
    lose(world, copied=False)
    report = rebuild(world, since=since)
    assert report.by_order == ("OAC-2026-000004",)
    assert [(case["number"], case["citizen"]) for case in world.cases()] == [
        ("OAC-2026-000001", ANNA),
        ("OAC-2026-000003", MARTA),
        ("OAC-2026-000004", PERE),
    ]


def test_a_number_that_was_told_and_of_which_no_message_is_left_is_listed_and_never_given_again(world: World) -> None:
    world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    world.clock.forward(minutes=10)
    world.citizen_asks(PERE)
    expunge(world, "INBOX", b"Com demano el volant")
    lose(world, copied=False)
    assert rebuild(world).without_message == ("OAC-2026-000001",)
    world.citizen_asks(MARTA)
    assert [case["number"] for case in world.cases()] == ["OAC-2026-000002", "OAC-2026-000003"]


def test_an_acknowledgement_without_a_copy_is_held_and_reviewed_and_never_sent(world: World) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    expunge(world, "Sent", b"To: anna@example.org")
    lose(world, copied=False)
    report = rebuild(world, since=world.clock.now() - timedelta(hours=2))
    assert [(one.case, report.by_order) for one in report.held] == [("OAC-2026-000003", ("OAC-2026-000003",))]
    world.live("2026-11-25 20:00")
    assert [len(world.received(who)) for who in (ANNA, PERE)] == [1, 1]
    assert world.reviews() == ["acknowledgement-not-found"]
    assert {mail["recipient"]: mail["state"] for mail in world.mails("ack")} == {ANNA: "held", PERE: "sent"}


def test_what_arrives_after_the_last_sign_of_life_is_acknowledged_by_the_service(world: World) -> None:
    world.citizen_asks(ANNA)
    world.stop()
    world.clock.forward(hours=3)
    world.citizen_writes(PERE, "Beca", "On es demana la beca?")
    world.start()
    lose(world, copied=False)
    report = rebuild(world)
    assert (report.held, report.waiting) == ((), 1)
    assert world.received(PERE) == []
    world.turn()
    assert [world.kinds(who) for who in (ANNA, PERE)] == [["ack"], ["ack"]]


def test_without_self_copies_every_acknowledgement_is_held(town: TOWN) -> None:
    world = town(smtp={"self_copy": False})
    began = world.clock.now()
    world.citizen_asks(ANNA)
    lose(world, copied=False)
    with pytest.raises(Refused, match="--since"):
        rebuild(world)
    report = rebuild(world, since=began)
    assert (len(report.held), report.waiting) == (1, 0)
    world.live("2026-11-25 20:00")
    assert len(world.received(ANNA)) == 1


def test_forged_fields_rebuild_nothing(world: World) -> None:
    message = world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    mark = str(world.received(ANNA)[0]["X-Oacmail"])
    before = recorded(world.store.con)
    lose(world, copied=False)
    for forged in (mark.replace("c=OAC-2026-000001", "c=OAC-2026-000777"), mark, "v=2; k=ack:1; c=OAC-2026-000009"):
        mail = world.message(OFFICE, "Justificant", "Hem rebut la consulta.", to=PERE, answers=message)
        mail["X-Oacmail"] = forged
        world.mailbox.append("Sent", as_bytes(mail), world.clock.now() - timedelta(minutes=5))
        world.deliver(mail, sender="dolent@example.cat")
    report = rebuild(world)
    assert (report.proven, report.by_order, report.without_message) == (1, (), ())
    assert [case["number"] for case in world.cases()] == ["OAC-2026-000001"]
    assert acknowledged(recorded(world.store.con)) == acknowledged(before) != []


def test_a_copy_that_a_citizen_sends_again_is_no_sign_of_life(world: World) -> None:
    world.citizen_asks(ANNA)
    world.stop()
    world.clock.forward(hours=3)
    world.citizen_writes(PERE, "Beca", "On es demana la beca?")
    world.clock.forward(hours=1)
    world.deliver(world.received(ANNA)[0], sender=ANNA)
    world.start()
    lose(world, copied=False)
    report = rebuild(world)
    assert report.lived_until == local("2026-11-25 09:00")
    assert (report.held, report.waiting) == ((), 1)
    world.turn()
    assert [world.kinds(who) for who in (ANNA, PERE)] == [["ack"], ["ack"]]


def test_canaries_show_when_the_service_last_lived(town: TOWN) -> None:
    world = town(canary={"enabled": True})
    world.citizen_writes(ANNA)
    world.live("2026-11-25 15:00")
    sent = [mail["key"] for mail in world.mails("probe")]
    lose(world, copied=False)
    report = rebuild(world)
    assert report.lived_until == local("2026-11-25 15:00")
    assert [mail["key"] for mail in world.mails("probe")] == sent
    assert {mail["state"] for mail in world.mails("probe")} == {"sent"}
    world.live("2026-11-25 18:00")
    assert len(world.mails("probe")) <= len(sent) + 4
    assert len(world.received(ANNA)) == 1


def test_a_relayed_answer_that_nothing_proves_is_held_for_a_person(world: World) -> None:
    question = world.citizen_asks(ANNA)
    world.live("2026-11-27 09:00")
    (notice,) = [mail for mail in world.received(SUPERVISOR) if mail["X-Oacmail-Kind"] == "overdue"]
    world.agent_replies(question)
    world.relay.when(refused(550), to=ANNA)
    world.clock.forward(minutes=7)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    world.turn()
    world.clock.forward(minutes=7)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    lose(world, copied=False)
    report = rebuild(world)
    assert [one.case for one in report.held] == ["OAC-2026-000001"]
    assert world.reviews() == ["acknowledgement-not-found"]
    world.live("2026-11-27 19:00")
    assert relayed_answers.relayed(world) == []


def test_with_another_key_it_says_so_and_counts_again_only_if_told(world: World) -> None:
    began = world.clock.now()
    world.citizen_asks(PERE)
    world.clock.forward(minutes=5)
    world.citizen_asks(ANNA)
    expunge(world, "INBOX", PERE.encode())  # and nobody gets his number
    lose(world, copied=False)
    (world.config.office.state / "token.key").write_text("quite another secret than the one before\n")
    with pytest.raises(Refused, match="2 are signed with another key"):
        rebuild(world)
    report = rebuild(world, since=began)
    assert (report.proven, report.by_order, report.foreign) == (1, (), 2)
    assert report.without_message == ("OAC-2026-000001",)
    assert [(case["number"], case["citizen"]) for case in world.cases()] == [("OAC-2026-000002", ANNA)]
    world.live("2026-11-25 20:00")
    assert len(world.received(ANNA)) == 1


def test_older_messages_than_the_first_that_was_answered_are_the_past(town: TOWN) -> None:
    mailbox, clock = SimulatedMailbox(), SimulatedClock(local("2026-11-20 10:00"))
    earlier = message(MARTA, OFFICE, "Fa dies", "Una consulta?", at=clock.now())
    mailbox.append("INBOX", as_bytes(earlier), clock.now())
    world = town(mailbox=mailbox)
    world.citizen_asks(ANNA)
    before = recorded(world.store.con)
    lose(world, copied=False)
    report = rebuild(world)
    assert report.past == 1
    assert told_otherwise(before, world) == []
