"""The person in Bcc: the client keeps the field in its copy in Sent, so that the answer is seen. In mail that arrives
it proves nothing."""

import pytest

from tests.engine import compose
from tests.engine.compose import OFFICE
from tests.engine.test_orders import PASS, transcripts
from tests.engine.world import AGENT, ANNA, PERE, World


@pytest.mark.parametrize("subject", ["", "La vostra pregunta"])
@pytest.mark.parametrize("to", [OFFICE, "undisclosed-recipients:;", AGENT, "urbanisme@town.example"])
def test_an_answer_with_the_person_in_blind_copy_alone_is_an_answer(world: World, to: str, subject: str) -> None:
    """As a reply (an empty subject), and as a new mail."""
    asked = world.citizen_writes(ANNA)
    world.turn()
    answers = None if subject else asked
    mail = compose.message(world.clock, OFFICE, subject, "Ja està fet.", to=to, answers=answers)
    mail["Bcc"] = f"Anna Puig <{ANNA}>"
    world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now(), seen=True)
    world.turn()
    assert world.case()["status"] == "answered"
    assert world.kinds(AGENT) == []


def test_its_copy_in_the_inbox_which_has_no_such_field_takes_nothing_from_it(world: World) -> None:
    """The office writes to itself and to her; the copy in INBOX is read in a pass of its own, before that in Sent."""
    asked = world.citizen_writes(ANNA)
    world.turn()
    mail = compose.message(world.clock, OFFICE, "", "Ja està fet.", to=OFFICE, answers=asked)
    world.deliver(mail)
    world.turn()
    mail["Bcc"] = ANNA
    world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now(), seen=True)
    world.turn()
    assert world.case()["status"] == "answered"
    assert world.reviews() == []


@pytest.mark.parametrize("verdict", [PASS, ""])
def test_in_mail_that_arrives_the_field_proves_nothing(world: World, verdict: str) -> None:
    asked = world.citizen_writes(ANNA)
    world.turn()
    mail = compose.message(world.clock, AGENT, "", "Ja està fet.", to=OFFICE, answers=asked)
    mail["Bcc"] = ANNA
    world.deliver(mail, verdict=verdict)
    world.turn()
    assert world.case()["status"] == "open"


def test_an_answer_to_somebody_else_in_blind_copy_is_none(world: World) -> None:
    asked = world.citizen_writes(ANNA)
    world.turn()
    mail = compose.message(world.clock, OFFICE, "", "Ja està fet.", to=OFFICE, answers=asked)
    mail["Bcc"] = PERE
    world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now(), seen=True)
    world.turn()
    assert world.case()["status"] == "open"


def test_an_order_on_top_of_a_mail_that_she_gets_in_blind_copy_is_not_done(world: World) -> None:
    asked = world.citizen_writes(ANNA)
    world.turn()
    mail = compose.message(world.clock, OFFICE, "", "#nivell2 no signa\n\nBon dia.", to=OFFICE, answers=asked)
    mail["Bcc"] = ANNA
    world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now(), seen=True)
    world.turn()
    assert world.case()["status"] == "answered"
    assert "no fet" in transcripts(world, AGENT)[0]
