"""The person in Bcc: the client keeps the field in its copy in Sent, so that the answer is seen. In mail that arrives
it proves nothing."""

import pytest

from tests.orders.test_orders import transcripts
from tests.relayed import relayed_answers
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, World


@pytest.mark.parametrize("subject", ["", "La vostra pregunta"])
@pytest.mark.parametrize("to", [OFFICE, "undisclosed-recipients:;", AGENT, "urbanisme@town.example"])
def test_an_answer_with_the_person_in_blind_copy_alone_is_an_answer(world: World, to: str, subject: str) -> None:
    """As a reply (an empty subject), and as a new mail."""
    asked = world.citizen_asks(ANNA)
    answers = None if subject else asked
    mail = world.message(OFFICE, subject, "Ja està fet.", to=to, answers=answers)
    mail["Bcc"] = f"Anna Puig <{ANNA}>"
    world.see_in_sent(mail)
    assert world.case()["status"] == "answered"
    assert world.kinds(AGENT) == []


def test_its_copy_in_the_inbox_which_has_no_such_field_takes_nothing_from_it(world: World) -> None:
    """The office writes to itself and to her; the copy in INBOX is read in a pass of its own, before that in Sent."""
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "Ja està fet.", to=OFFICE, answers=asked)
    world.receive(mail)
    mail["Bcc"] = ANNA
    world.see_in_sent(mail)
    assert world.case()["status"] == "answered"
    assert world.reviews() == []


@pytest.mark.parametrize("verdict", [PASS, ""])
def test_in_mail_that_arrives_the_field_proves_nothing(world: World, verdict: str) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(AGENT, "", "Ja està fet.", to=OFFICE, answers=asked)
    mail["Bcc"] = ANNA
    world.receive(mail, verdict=verdict)
    assert world.case()["status"] == "open"


def test_an_answer_to_somebody_else_in_blind_copy_is_none(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "Ja està fet.", to=OFFICE, answers=asked)
    mail["Bcc"] = PERE
    world.see_in_sent(mail)
    assert world.case()["status"] == "open"


def test_an_order_on_top_of_a_mail_that_she_gets_in_blind_copy_is_not_done(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "#nivell2 no signa\n\nBon dia.", to=OFFICE, answers=asked)
    mail["Bcc"] = ANNA
    world.see_in_sent(mail)
    assert world.case()["status"] == "answered"
    assert "no fet" in transcripts(world, AGENT)[0]


@pytest.mark.parametrize("text", ["1 trucat", "#nota parlat amb el gestor\n\n> Bon dia"])
def test_a_blind_copy_to_a_colleague_takes_nothing_from_an_order_of_the_mailbox_to_itself(
    world: World, text: str
) -> None:
    """Some clients send one of every mail to a colleague, or to its writer."""
    asked = world.citizen_asks(ANNA)
    answers = None if text.startswith("1") else asked
    mail = world.message(OFFICE, "Nota", text, to=OFFICE, answers=answers)
    mail["Bcc"] = AGENT
    world.see_in_sent(mail)
    (told,) = transcripts(world, AGENT)
    assert "| fet" in told


@pytest.mark.parametrize("blind", [AGENT, "arxiu@town.example"])
def test_a_blind_copy_does_not_keep_an_answer_from_the_person(world: World, blind: str) -> None:
    to = relayed_answers.address(relayed_answers.notice(world))
    mail = world.message(OFFICE, "Resposta", relayed_answers.TEXT, to=to)
    mail["Bcc"] = blind
    world.see_in_sent(mail)
    assert len(relayed_answers.relayed(world)) == 1
    assert "not_relayed" not in world.kinds(AGENT)
