"""A term that is about to end stands on the card of the services and at the head of the queue (R32)."""

import pytest

from oacmail.store import command_line
from tests.services.test_second_level import FAULT, PEOPLE, TOWN
from tests.world import AGENT, ANNA, MADRID, PERE, TECHNICAL, World, local, text_of

ENDS = FAULT[1] + " El termini s'acaba demà."


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people=PEOPLE)


def test_a_term_about_to_end_stands_on_the_card_with_the_law_that_lets_it_be_extended(world: World) -> None:
    world.citizen_asks(ANNA, FAULT[0], ENDS)
    (mail,) = world.received(TECHNICAL)
    said = text_of(mail)
    assert "Termini de la persona: 26 de novembre de 2026" in said
    assert (
        "Si la incidència ha impedit tramitar, valoreu ampliar els terminis i publicar-ho a la seu "
        "(art. 32.4 Llei 39/2015)." in said
    )
    case = world.case()
    assert (case["urgent"], case["ends_on"]) == (True, "2026-11-26")


def test_who_has_a_term_is_first_in_the_queue_and_reminded_of_the_same_day(world: World) -> None:
    world.citizen_writes(PERE)
    world.advance("2026-11-25 10:00")
    world.citizen_asks(ANNA, "Instància", "Com puc signar la instància? El termini s'acaba avui!")
    rows = command_line.cases(world.store.con, MADRID, world.clock.now())
    assert [row["citizen"] for row in rows] == [ANNA, PERE]
    world.live("2026-11-25 15:59")
    assert "remind" not in world.kinds(AGENT)
    world.live("2026-11-25 16:00", minutes=1)
    (_, reminder) = world.received(AGENT)
    assert world.kinds(AGENT) == ["term", "remind"]
    assert "Urgent, per avui: el cas OAC-2026-000002" in str(reminder["Subject"])
    assert "OAC-2026-000001" not in text_of(reminder)


def test_late_in_the_day_the_agents_are_notified_of_a_term_at_once(town: TOWN) -> None:
    world = town(now="2026-11-25 18:30")
    world.citizen_asks(ANNA, "Instància", "Com puc signar la instància? El termini s'acaba avui!")
    assert world.kinds(AGENT) == ["term", "remind"]


def test_a_second_message_that_names_a_term_moves_the_case_up(world: World) -> None:
    message = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "", "Ah, i el termini s'acaba demà!", answers=message)
    assert world.case()["urgent"] is True
    world.live("2026-11-25 16:00")
    assert any("Urgent, per avui" in subject for subject in world.subjects(AGENT))
    assert world.case()["due_at"] == local("2026-11-26 20:00").isoformat()


def test_a_term_that_is_named_when_the_case_lies_with_the_services_reaches_them_at_once(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-25 21:00")
    world.citizen_asks(ANNA, "", "El meu termini s'acaba demà.", answers=world.received(ANNA)[-1])
    world.citizen_asks(ANNA, "", "De veritat, el termini s'acaba demà.", answers=world.received(ANNA)[-1])
    assert world.kinds(TECHNICAL) == ["derived", "derived"]
    said = text_of(world.received(TECHNICAL)[-1])
    assert "Termini de la persona: 26 de novembre de 2026" in said
    assert "(art. 32.4 Llei 39/2015)" in said


def test_a_question_after_the_answer_keeps_the_term_that_the_person_named_before(town: TOWN) -> None:
    world = town()
    ask = "Com puc signar la instància? El termini s'acaba el 26 de novembre."
    answer = world.agent_replies(world.citizen_asks(ANNA, "Instància", ask))
    world.advance("2026-11-26 09:00")
    more = world.citizen_asks(ANNA, "", "Encara no puc signar, què més puc fer?", answers=answer)
    assert (world.case()["urgent"], world.case()["ends_on"]) == (True, "2026-11-26")
    world.live("2026-11-26 16:30")
    assert "Urgent, per avui" in world.subjects(AGENT)[-1]
    world.agent_replies(more)
    world.advance("2026-11-27 09:00")
    world.citizen_asks(ANNA, "", "I ara com puc demanar el justificant?", answers=answer)
    assert (world.case()["urgent"], world.case()["ends_on"]) == (False, None), "the term has passed"
