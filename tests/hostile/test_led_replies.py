"""A stranger's mail to an agent leads the agent's ordinary answer to an address of ours that does something."""

from email.message import EmailMessage

import pytest

from oacmail.core.kinds import MailKind
from testbed.messages import written_by
from tests.hostile.enemy import EVIL
from tests.hostile.orders import nothing_happened
from tests.orders.test_orders import late_case, reply, transcripts
from tests.relayed import relayed_answers
from tests.world import ANNA, PASS, SUPERVISOR, World, buttons, text_of

GUISES = ("plain", "names our notice", "names our notice after itself", "bears the id of an acknowledgement")


def _strangers(world: World, notice: EmailMessage, guise: str) -> EmailMessage:
    """What the agent got at their own address; it never came here."""
    mail = world.message(EVIL, "Pressupost", "Ens ho podeu confirmar?", to=SUPERVISOR)
    if "names" in guise:
        mail["References"] = str(notice["Message-ID"])
    if "after itself" in guise:
        mail.replace_header("References", f"{mail['Message-ID']} {notice['Message-ID']}")
    if "acknowledgement" in guise:
        mail.replace_header("Message-ID", str(world.received(ANNA)[0]["Message-ID"]))
    return mail


def _answered(world: World, to: str, stranger: EmailMessage, text: str) -> None:
    mail = world.message(SUPERVISOR, "Re: Pressupost", text, to=to)
    mail["In-Reply-To"] = str(stranger["Message-ID"])
    mail["References"] = f"{stranger.get('References', '')} {stranger['Message-ID']}".strip()
    world.receive(mail, verdict=PASS, sender=SUPERVISOR)


@pytest.mark.parametrize("guise", GUISES)
def test_an_answer_to_a_stranger_whose_reply_to_is_the_answer_address_reaches_no_citizen(
    world: World, guise: str
) -> None:
    notice = relayed_answers.notice(world)
    _answered(world, relayed_answers.address(notice), _strangers(world, notice, guise), "Sí, us ho confirmem.")
    assert relayed_answers.relayed(world) == []
    assert world.case()["status"] == "open"
    (why,) = relayed_answers.refusals(world)
    assert "que no és nostre" in why


@pytest.mark.parametrize("guise", GUISES)
def test_an_answer_to_a_stranger_whose_reply_to_is_a_button_orders_nothing(world: World, guise: str) -> None:
    notice = late_case(world)
    button = written_by(buttons(notice)["És brossa"])[0]
    _answered(world, button, _strangers(world, notice, guise), "Sí, us ho confirmem.")
    nothing_happened(world)
    assert "que no és nostre" in transcripts(world)[-1]
    world.press(buttons(notice)["És brossa"])
    assert world.case()["status"] == "closed", "the agent's own press still counts"


def test_the_answer_address_of_a_closed_case_leads_nowhere(world: World) -> None:
    notice = relayed_answers.notice(world)
    world.order("close", world.case()["number"], reason="duplicate")
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert relayed_answers.relayed(world) == []
    (why,) = relayed_answers.refusals(world)
    assert "el cas és tancat" in why


@pytest.mark.parametrize("text", ["Tancat.", "Trucat", "Tancat. Tornem dilluns.\n\nMarta", "#tanca"])
def test_an_unmarked_automatic_reply_of_an_agent_orders_nothing(world: World, text: str) -> None:
    notice = late_case(world)
    reply(world, notice, text, Subject=f"Resposta automàtica: {notice['Subject']}")
    nothing_happened(world)
    assert world.reviews() == ["looks-automatic: auto_reply"]


def test_an_answer_to_our_own_notice_with_the_address_changed_by_hand_is_relayed(world: World) -> None:
    notice = relayed_answers.notice(world)
    relayed_answers.send(world, relayed_answers.mail(world, notice, answers=notice))
    assert [text_of(mail)[:8] for mail in relayed_answers.relayed(world)] == ["Bon dia,"]
    assert world.mail(MailKind.RELAYED)["state"] == "sent"
