"""A derived case: the technical services are nudged, and the citizen gets an update (R31)."""

import pytest

from tests.services.test_second_level import FAULT, PEOPLE, TOWN, _deadlines
from tests.world import AGENT, ANNA, MARTA, PERE, TECHNICAL, World, text_of


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
