"""An order on top of a mail that a person gets: the mail counts as ever, the order does not, its writer hears it."""

import pytest

from tests.engine import compose
from tests.engine.compose import OFFICE
from tests.engine.test_orders import PASS, transcripts
from tests.engine.world import AGENT, ANNA, World

TEXT = "Tanca\n\nBon dia, ja us hem enviat el certificat."


@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_the_mail_is_an_answer_and_its_writer_is_told_that_the_order_was_not_done(world: World, sender: str) -> None:
    asked = world.citizen_writes(ANNA)
    world.turn()
    mail = compose.message(world.clock, sender, "", TEXT, to=ANNA, answers=asked)
    if sender == OFFICE:
        world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now())
    else:
        mail["Cc"] = OFFICE
        world.deliver(mail, verdict=PASS)
    world.turn()
    world.turn()
    assert world.case()["status"] == "answered"
    (told,) = transcripts(world, AGENT)
    assert "| OAC-2026-000001 | tancar el cas | no fet: el correu anava també a fora de la casa" in told
    assert [event["kind"] for event in world.events("order-refused")] == ["order-refused"]
    assert world.kinds(ANNA) == ["ack"]


def test_of_a_mail_about_no_case_too(world: World) -> None:
    mail = compose.message(world.clock, OFFICE, "Horari", "DERIVA: error 500", to="altres@example.net")
    world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now())
    world.turn()
    (told,) = transcripts(world, AGENT)
    assert "no fet" in told
    assert "error 500" not in told


@pytest.mark.parametrize(
    "text",
    [
        "Bon dia, ja està resolt.",
        "Bon dia,\n\nJa està resolt.\n\nSalutacions",
        "#Castellbisbal us convida",
        "> Tanca\n\nFet.",
    ],
)
def test_an_ordinary_answer_is_not_commented(world: World, text: str) -> None:
    asked = world.citizen_writes(ANNA)
    world.turn()
    world.agent_answers(asked, text)
    world.turn()
    assert world.case()["status"] == "answered"
    assert not transcripts(world, AGENT)
