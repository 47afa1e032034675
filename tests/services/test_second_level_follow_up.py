"""A derived case: the technical services are nudged, and the citizen gets an update (R31)."""

import pytest

from oacmail.store import command_line
from tests.services.test_second_level import FAULT, PEOPLE, TOWN, _deadlines
from tests.world import AGENT, ANNA, MADRID, MARTA, PERE, TECHNICAL, World, local, text_of


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people=PEOPLE)


def test_the_services_are_nudged_every_second_working_day_at_the_opening(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)  # Wednesday
    world.order("escalate", world.case()["number"])
    nudged: list[str] = []
    for day in ("2026-11-26", "2026-11-27", "2026-11-28", "2026-11-30", "2026-12-01", "2026-12-02", "2026-12-03"):
        world.live(f"{day} 07:59", minutes=240)
        before = len(world.received(TECHNICAL))
        world.live(f"{day} 08:01", minutes=1)
        nudged += [day] * (len(world.received(TECHNICAL)) - before)
    assert nudged == ["2026-11-27", "2026-12-01", "2026-12-03"]
    assert world.kinds(TECHNICAL) == ["derived", "nudge", "nudge", "nudge"]
    assert "PENDENT nivell 2" in world.subjects(TECHNICAL)[1]


def test_an_automatically_derived_case_is_nudged_before_the_person_is_notified(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.live("2026-12-07 09:00", minutes=240)
    assert world.kinds(TECHNICAL).count("nudge") >= 3
    assert world.kinds(ANNA) == ["ack"], "who was not told of it hears of no progress"


def test_after_days_of_absence_there_is_one_nudge_and_none_outside_service_hours(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.order("escalate", world.case()["number"])
    world.turn_at("2026-12-04 21:00")
    assert world.kinds(TECHNICAL) == ["derived"]
    world.turn_at("2026-12-05 10:00")  # Saturday
    assert world.kinds(TECHNICAL) == ["derived"]
    world.turn_at("2026-12-07 08:00")
    world.turn()
    assert world.kinds(TECHNICAL) == ["derived", "nudge"]
    (deadline,) = _deadlines(world, "nudge")
    assert deadline["due_at"] == "2026-12-10T07:00:00Z"  # the 8th is a holiday


def test_no_nudge_goes_before_the_folders_were_read(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-27 08:10")
    world.mailbox.away = True
    world.tick()
    assert world.kinds(TECHNICAL) == ["derived"]


def test_many_cases_are_one_nudge(town: TOWN) -> None:
    world = town(people=PEOPLE, deadline={"digest_above": 2})
    for who in (ANNA, PERE, MARTA):
        world.citizen_writes(who, *FAULT)
    world.turn()
    world.live("2026-11-27 08:00", minutes=240)
    assert world.kinds(TECHNICAL).count("nudge") == 1
    assert "3 casos" in world.subjects(TECHNICAL)[-1]


def test_the_person_gets_a_notice_every_fifth_working_day_on_the_promised_day(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.order("escalate", world.case()["number"])
    world.live("2026-12-02 15:59")
    assert world.kinds(ANNA) == ["ack", "passed_on"]
    world.live("2026-12-02 16:00", minutes=1)
    assert world.kinds(ANNA) == ["ack", "passed_on", "progress"]
    said = text_of(world.received(ANNA)[-1])
    assert "Encara no tenim la solució del cas OAC-2026-000001." in said
    assert "com a molt tard dijous 10 de desembre." in said
    world.live("2026-12-10 17:00")
    assert world.kinds(ANNA).count("progress") == 2


def test_the_digest_shows_cases_with_the_services_and_who_must_get_a_notice_today(town: TOWN) -> None:
    world = town(people=PEOPLE, digest={"to": [AGENT]})
    world.citizen_writes(ANNA, *FAULT)
    world.citizen_asks(PERE, *FAULT)
    world.order("escalate", "OAC-2026-000001")
    world.live("2026-12-02 08:00", minutes=240)
    digest = text_of(world.received(AGENT, "digest")[-1])
    assert "- 1 · Seu electrònica · des de dc. 25/11 · notícies a la persona: dc. 2/12\n" in digest
    assert "- 2 · Seu electrònica · des de dc. 25/11\n" in digest
    assert "Derivats i encara sense dir a la persona: 2." in digest
    assert "Avui hem promès notícies en aquests casos: 1." in digest


# A term that is about to end stands on the card of the services and at the head of the queue (R32).

ENDS = FAULT[1] + " El termini s'acaba demà."


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
