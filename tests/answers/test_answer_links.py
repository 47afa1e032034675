"""Which notices offer to write to the person: one about a case, and each line of a list, unless there is no address."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from testbed.messages import written_by
from tests.orders.test_orders import reply
from tests.orders.test_orders_of_calls import agent_writes
from tests.relayed.relayed_answers import TEXT, relayed
from tests.world import ANNA, PASS, PERE, SUPERVISOR, TECHNICAL, World, buttons, links_of, text_of

TOWN = Callable[..., World]
CALL = "#trucada Núria Font, 612345678: vol saber on es paga la multa"
WRITE = "Escriviu a la persona"


def _links(mail: EmailMessage) -> list[str]:
    """The answer addresses in the HTML of a mail."""
    return [written_by(link)[0] for label, link in links_of(mail) if label == WRITE]


def _late(world: World, kind: str) -> EmailMessage:
    world.live("2026-11-27 09:00")
    (mail,) = world.received(SUPERVISOR, kind)
    return mail


def test_a_case_of_a_telephone_call_offers_no_mail_to_a_person_without_an_address(world: World) -> None:
    agent_writes(world, CALL)
    notice = _late(world, "overdue")
    assert WRITE not in buttons(notice)
    assert "mailto:" not in text_of(notice)
    assert "He trucat" in buttons(notice)


def test_a_case_of_a_message_still_does(world: World) -> None:
    world.citizen_writes(ANNA)
    assert WRITE in buttons(_late(world, "overdue"))


def test_each_line_of_the_list_of_late_cases_leads_to_its_person(town: TOWN) -> None:
    world = town(deadline={"digest_above": 1})
    for citizen in (ANNA, PERE):
        world.citizen_asks(citizen)
    agent_writes(world, CALL)
    listed = _late(world, "overdue_digest")
    to = _links(listed)
    assert len(to) == len(set(to)) == 2, "not the caller, who has no address"
    answer = world.message(f"Marta Soler <{SUPERVISOR}>", "Resposta", TEXT, to=to[1])
    world.receive(answer, verdict=PASS, sender=SUPERVISOR)
    assert len(relayed(world, PERE)) == 1
    assert relayed(world) == []


def test_each_line_of_a_list_of_notices_leads_to_its_person(town: TOWN) -> None:
    world = town()
    people = [f"veí{number}@example.org".replace("í", "i") for number in range(8)]
    for person in people:
        world.citizen_writes(person, "Queixa", "Em vull queixar del tracte que he rebut, és una vergonya.")
    world.turn()
    world.live("2026-11-25 12:00", minutes=20)
    (listed,) = world.received(SUPERVISOR, "notice_list")
    assert len(_links(listed)) == text_of(listed).count("| OAC-2026-") > 1


def test_a_list_of_the_services_does_not(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, deadline={"digest_above": 1})
    for citizen in (ANNA, PERE):
        world.citizen_asks(citizen, "Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en signar.")
    world.live("2026-11-27 12:00")
    nudges = world.received(TECHNICAL, "nudge")
    assert [_links(mail) for mail in nudges] == [[]] * len(nudges) != []


def test_the_offer_follows_a_case_that_is_opened_in_the_same_turn(world: World) -> None:
    world.citizen_asks(ANNA, "Queixa", "Em vull queixar del tracte que he rebut, és una vergonya.")
    (notice,) = world.received(SUPERVISOR, "opinion")
    assert WRITE in buttons(notice)


def _transcript(world: World, order: str, asked: EmailMessage) -> EmailMessage:
    reply(world, asked, order)
    return world.received(SUPERVISOR, "transcript")[-1]


@pytest.mark.parametrize("order", ["TANCA DUPLICAT", "TANCA BROSSA", "#fusiona 1"])
def test_the_transcript_of_an_order_that_closes_a_case_offers_no_mail_that_would_come_back(
    world: World, order: str
) -> None:
    world.citizen_writes(PERE)
    asked = world.citizen_asks(ANNA)
    assert _links(_transcript(world, "#nota abans", asked))
    closed = _transcript(world, order, asked)
    assert {case["number"]: case["status"] for case in world.cases()}["OAC-2026-000002"] == "closed"
    assert "mailto:" not in text_of(closed)
    assert _links(closed) == []


def test_the_transcript_of_an_order_that_reopens_a_case_offers_to_write_to_its_person(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    assert _links(_transcript(world, "TANCA DUPLICAT", asked)) == []
    assert _links(_transcript(world, "#nota Va venir", asked)) == [], "of a case that was closed before"
    assert len(_links(_transcript(world, "REOBRE", asked))) == 1
