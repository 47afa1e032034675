"""What a rebuild takes from our own mail in the mailbox: mail without a copy, forged fields, the last sign of life."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from oacmail.core.errors import Refused
from testbed.messages import as_bytes
from testbed.relay import refused
from tests.rebuild.rebuilding import expunge, lose, rebuild, taken
from tests.relayed import relayed_answers
from tests.world import ANNA, OFFICE, PERE, SUPERVISOR, World, local

TOWN = Callable[..., World]


def test_an_acknowledgement_without_a_copy_is_held_and_reviewed_and_never_sent(world: World) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    expunge(world, "Sent", b"To: anna@example.org")
    lose(world)
    report = rebuild(world, since=world.clock.now() - timedelta(hours=2))
    assert [(one.case, report.by_order) for one in report.held] == [("OAC-2026-000001", ("OAC-2026-000001",))]
    world.live("2026-11-25 20:00")
    assert [len(world.received(who)) for who in (ANNA, PERE)] == [1, 1]
    assert world.reviews() == ["acknowledgement-not-found"]
    assert {mail["recipient"]: mail["state"] for mail in world.mails("ack")} == {ANNA: "held", PERE: "sent"}


def test_an_answer_through_the_answer_address_that_nothing_proves_is_owed_again(world: World) -> None:
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
    case = world.case("OAC-2026-000001")
    before = taken(world)
    assert case["status"] == "open"
    lose(world)
    report = rebuild(world)
    assert report.owed == ("OAC-2026-000001",)
    assert [row for key, row in taken(world)["deadlines"].items() if ":answer:0" in key] == [
        row for key, row in before["deadlines"].items() if ":answer:0" in key
    ]
    assert world.case("OAC-2026-000001")["status"] == "open"
    world.live("2026-11-27 19:00")
    assert relayed_answers.relayed(world) == []


def test_what_arrives_after_the_last_sign_of_life_is_acknowledged_by_the_service(world: World) -> None:
    world.citizen_asks(ANNA)
    world.stop()
    world.clock.forward(hours=3)
    world.citizen_writes(PERE, "Beca", "On es demana la beca?")
    world.start()
    lose(world)
    report = rebuild(world)
    assert (report.held, report.waiting) == ((), 1)
    assert world.received(PERE) == []
    world.turn()
    assert [world.kinds(who) for who in (ANNA, PERE)] == [["ack"], ["ack"]]


def test_without_self_copies_every_acknowledgement_is_held(town: TOWN) -> None:
    world = town(smtp={"self_copy": False})
    began = world.clock.now()
    world.citizen_asks(ANNA)
    lose(world)
    with pytest.raises(Refused, match="--since"):
        rebuild(world)
    report = rebuild(world, since=began)
    assert (len(report.held), report.waiting) == (1, 0)
    world.live("2026-11-25 20:00")
    assert len(world.received(ANNA)) == 1


def test_forged_fields_rebuild_nothing(world: World) -> None:
    message = world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    mark = str(world.received(ANNA)[0]["X-Oacmail"])
    before = taken(world)
    lose(world)
    for forged in (mark.replace("c=OAC-2026-000001", "c=OAC-2026-000777"), mark, "v=2; k=ack:1; c=OAC-2026-000009"):
        mail = world.message(OFFICE, "Justificant", "Hem rebut la consulta.", to=PERE, answers=message)
        mail["X-Oacmail"] = forged
        world.mailbox.append("Sent", as_bytes(mail), world.clock.now() - timedelta(minutes=5))
        world.deliver(mail, sender="dolent@example.cat")
    report = rebuild(world)
    assert (report.proven, report.by_order, report.without_message) == (1, (), ())
    assert [case["number"] for case in world.cases()] == ["OAC-2026-000001"]
    assert {key: row for key, row in taken(world)["outbox"].items() if key.startswith("ack:")} == before["outbox"]


def test_a_copy_that_a_citizen_sends_again_is_no_sign_of_life(world: World) -> None:
    world.citizen_asks(ANNA)
    world.stop()
    world.clock.forward(hours=3)
    world.citizen_writes(PERE, "Beca", "On es demana la beca?")
    world.clock.forward(hours=1)
    world.deliver(world.received(ANNA)[0], sender=ANNA)
    world.start()
    lose(world)
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
    lose(world)
    report = rebuild(world)
    assert report.lived_until == local("2026-11-25 15:00")
    assert [mail["key"] for mail in world.mails("probe")] == sent
    assert {mail["state"] for mail in world.mails("probe")} == {"sent"}
    world.live("2026-11-25 18:00")
    assert len(world.mails("probe")) <= len(sent) + 4
    assert len(world.received(ANNA)) == 1
