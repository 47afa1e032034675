"""What is not the town's matter: the order that tells the person who can help, and drafts for the agent."""

from collections.abc import Callable

import pytest

from tests.orders.test_orders import late_case, reply, transcripts
from tests.orders.test_orders_of_calls import agent_writes
from tests.world import AGENT, ANNA, STAFF, SUPERVISOR, World, text_of

POINTERS = [
    {"body": "Agència Tributària de Catalunya", "address": "https://atc.example/", "phone": "012"},
    {"body": "Agència Tributària", "phone": "060"},
    {"body": "Trànsit", "address": "https://transit.example/"},
]


@pytest.fixture
def pointing(town: Callable[..., World]) -> World:
    return town(pointer=POINTERS)


@pytest.mark.parametrize(
    "order", ["#foraabast trànsit", "#outofscope Transit", "#fueraambito TRÀNSIT", "#foraabast agència tributària"]
)
def test_the_person_is_told_who_can_help_and_that_is_the_answer(pointing: World, order: str) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, order)
    case = pointing.case()
    assert (case["status"], case["level"], case["due_at"] is not None) == ("answered", "out_of_scope", True)
    assert case["answered_at"] is not None
    (told,) = pointing.received(ANNA, "referred")
    assert ("transit.example" in text_of(told)) == ("agència" not in order)
    assert ("060" in text_of(told)) == ("agència" in order)
    assert "| fet |" in transcripts(pointing)[0]


@pytest.mark.parametrize("order", ["#foraabast Renfe", "#foraabast ag"])
def test_a_body_that_is_not_in_the_table_changes_nothing(pointing: World, order: str) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, order)
    assert (pointing.case()["status"], pointing.case()["level"]) == ("open", "first")
    assert pointing.kinds(ANNA) == ["ack"]
    assert "cap organisme amb aquest nom" in transcripts(pointing)[0]


def test_without_a_body_the_level_changes_and_the_agent_gets_a_draft_with_the_table(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "Fora d'abast")
    assert (pointing.case()["status"], pointing.case()["level"]) == ("open", "out_of_scope")
    (draft,) = pointing.texts(SUPERVISOR, "draft")
    assert all(row["body"] in draft for row in POINTERS)
    assert pointing.kinds(ANNA) == ["ack"]


def test_a_caller_without_an_address_gets_no_mail_and_the_agent_the_draft(pointing: World) -> None:
    agent_writes(pointing, "#trucada Anna, 612345678: on pago la multa?\n#foraabast trànsit")
    assert pointing.case()["status"] == "open"
    assert "draft" in pointing.kinds(AGENT)
    assert set(pointing.relay.inboxes) <= set(STAFF)


def test_a_referral_that_does_not_arrive_is_no_answer(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "#foraabast trànsit")
    (told,) = pointing.received(ANNA, "referred")
    pointing.bounce(told)
    case = pointing.case()
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert case["due_at"] == "2026-11-30T20:00:00+01:00"


@pytest.mark.parametrize(("text", "word"), [("Com puc signar la instància amb l'idCAT?", "Aquest esborrany"),
                                            ("¿Cómo puedo firmar la instancia con el certificado?", "Este borrador"),
                                            ("How can I sign the form, please?", "This draft")])  # fmt: skip
def test_a_draft_is_in_the_persons_language_and_goes_to_the_agent_alone(world: World, text: str, word: str) -> None:
    world.citizen_asks(ANNA, text=text)
    world.live("2026-11-27 09:00")
    (notice,) = world.received(SUPERVISOR, "overdue")
    reply(world, notice, "Esborrany")
    (draft,) = world.texts(SUPERVISOR, "draft")
    assert word in draft
    assert world.case()["status"] == "open"
    assert world.kinds(ANNA) == ["ack"]


def test_closing_the_case_keeps_the_mail_that_has_answered_it(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "#foraabast trànsit\n#tanca")
    assert pointing.case()["status"] == "closed"
    assert pointing.kinds(ANNA) == ["ack", "referred"]


def test_a_referral_that_comes_back_opens_the_case_that_was_closed_after_it(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "#foraabast trànsit\n#tanca")
    (told,) = pointing.received(ANNA, "referred")
    pointing.bounce(told)
    assert (pointing.case()["status"], pointing.case()["answered_at"]) == ("open", None)
    assert pointing.case()["due_at"] == "2026-11-30T20:00:00+01:00"
    assert "bounced" in pointing.kinds(AGENT)
