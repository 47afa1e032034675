"""What is undone tells: who had heard of it, the draft that takes it back, and what is left to do after an order."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from testbed.relay import deferred
from tests.answers.test_drafts import drafts, with_drafts
from tests.board.test_board import DERIVED, MINE, OPEN, move
from tests.orders.test_orders import transcripts
from tests.world import AGENT, ANNA, PERE, World, text_of

SERVICES = "serveis@town.example"
BOTH = "fet. La persona i els serveis tècnics ja havien rebut l'avís: digueu-los-ho."


@pytest.fixture
def desk(town: Callable[..., World]) -> World:
    return town(people={"technical": [SERVICES]})


def _ordered(world: World, asked: EmailMessage, text: str) -> str:
    world.staff_says(AGENT, "", text, answers=asked)
    world.turn()
    return transcripts(world, AGENT)[-1]


def _asked(world: World, sender: str = ANNA) -> EmailMessage:
    return world.citizen_asks(sender)


@pytest.mark.parametrize("order", ["#nivell1", "#nonostre"])
def test_a_case_that_comes_back_says_who_knows_and_drafts_what_takes_it_back(desk: World, order: str) -> None:
    asked = _asked(desk)
    _ordered(desk, asked, "DERIVA: error 500")
    assert (desk.kinds(ANNA), desk.kinds(SERVICES)) == (["ack", "passed_on"], ["derived"])
    told = _ordered(desk, asked, order)
    assert BOTH in told
    assert f"envieu-los aquest text ({SERVICES}): «Cas OAC-2026-000001: torna a l'OAC 360." in told
    assert "L'esborrany us arriba en un altre correu." in told
    (draft,) = desk.texts(AGENT, "draft")
    assert "Finalment la portem nosaltres." in draft
    assert desk.kinds(ANNA) == ["ack", "passed_on"]


def test_in_one_mail_nobody_has_heard_and_nobody_will(desk: World) -> None:
    told = _ordered(desk, _asked(desk), "#deriva\n#nivell1")
    assert "fet. Ningú no n'havia rebut cap avís." in told
    assert "esborrany és" not in told
    assert (desk.kinds(ANNA), desk.kinds(SERVICES)) == (["ack"], [])


def test_only_the_services_had_heard_if_the_notice_to_the_person_did_not_leave(desk: World) -> None:
    asked = _asked(desk)
    desk.relay.when(deferred(), kind="passed_on")
    _ordered(desk, asked, "DERIVA")
    assert "Els serveis tècnics ja havien rebut l'avís, la persona no" in _ordered(desk, asked, "#nivell1")
    desk.relay.recover()
    desk.live("2026-11-25 13:00")
    assert desk.kinds(ANNA) == ["ack"]


def test_a_message_that_is_dragged_back_from_the_services_says_it_too(town: Callable[..., World]) -> None:
    world = town(people={"technical": [SERVICES]}, board={"enabled": True})
    with_drafts(world, "Esborranys")
    _asked(world)
    move(world, OPEN, DERIVED)
    world.turn()
    assert world.kinds(SERVICES) == ["derived"]
    move(world, DERIVED, OPEN)
    world.turn()
    world.turn()
    (told,) = transcripts(world, AGENT)
    assert "Algú ha mogut un missatge del cas a «1 Pendents»:" in told
    assert BOTH in told
    assert "L'esborrany és a la carpeta «Esborranys»" in told
    (draft,) = drafts(world, "Esborranys")
    assert "Finalment la portem nosaltres." in text_of(draft)
    move(world, OPEN, MINE)
    assert len(transcripts(world, AGENT)) == 1


def test_a_solution_is_to_be_told_and_a_note_may_be_read(desk: World) -> None:
    asked = _asked(desk)
    assert "fet. Si la persona demana les seves dades, llegirà la nota (art. 15 RGPD)." in _ordered(
        desk, asked, "#nota Ve cada setmana"
    )
    _ordered(desk, asked, "DERIVA")
    assert "fet. Ara digueu-ho a la persona." in _ordered(desk, asked, "RESOLT")


def test_a_split_names_the_new_case_and_a_merge_of_two_people_warns(desk: World) -> None:
    asked = _asked(desk)
    desk.citizen_asks(ANNA, "Re: No puc signar la instància", "I com demano la beca menjador?", answers=asked)
    told = _ordered(desk, asked, "#separa")
    assert "| OAC-2026-000001 | separar-ne el missatge | fet. El cas nou és OAC-2026-000002. |" in told
    assert "dues persones" not in _ordered(desk, asked, "#fusiona 2")
    other = _asked(desk, PERE)
    told = _ordered(desk, other, "#fusiona 2")
    assert "fet. Compte: són de dues persones. Responeu a cadascuna per separat." in told
