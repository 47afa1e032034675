"""Orders for the office alone, without a notice: on top of the person's own message, or of no case."""

import pytest

from tests.world import AGENT, ANNA, OFFICE, PASS, World


@pytest.mark.parametrize("subject", ["Re: No puc signar la instància", "RV: No puc signar la instància"])
def test_an_order_on_top_of_the_persons_own_message_is_carried_out(world: World, subject: str) -> None:
    asked = world.citizen_asks(ANNA)
    text = "TRUCAT\n\nDe: Anna <anna@example.org>\nAssumpte: No puc signar la instància\n\nBon dia, com puc signar?"
    world.staff_says(AGENT, subject, text, answers=asked)
    assert world.case()["status"] == "answered"
    assert "| OAC-2026-000001 | anotar la trucada | fet |" in world.texts(AGENT, "transcript")[0]


def test_an_order_about_no_case_is_refused_and_its_writer_hears_it(world: World) -> None:
    world.citizen_asks(ANNA)
    world.staff_says(AGENT, "Cas 99", "TRUCAT")
    assert world.case()["status"] == "open"
    assert "no fet: no se sap de quin cas parla" in world.texts(AGENT, "transcript")[0]
    assert not world.reviews()


def test_an_order_for_a_colleague_with_the_office_in_copy_is_the_colleagues(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(AGENT, "", "Tanca", to="cap@town.example", answers=asked)
    mail["Cc"] = OFFICE
    world.receive(mail, verdict=PASS)
    assert world.case()["status"] == "open"
    assert not world.texts(AGENT, "transcript")
