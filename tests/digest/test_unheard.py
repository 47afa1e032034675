"""Nobody who waits is set aside in silence: short replies that complain, deny, add a fact or ask without a question
mark are acknowledged; plain thanks are filed."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.world import ANNA, World

COMPLAINTS = (
    "Ja us vaig dir que el termini era ahir. He perdut la beca.",
    "Us ho vaig enviar ahir i no he rebut res",
    "Vau dir que em trucaríeu ahir",
    "Ahir vaig venir i era tancat",
    "Ya os lo dije ayer, he perdido la ayuda por vuestra culpa",
    "I told you yesterday the deadline was at 2 pm. I have lost the grant because of you.",
    "Gràcies. I si no tinc contracte?",
    "Gracias de corazón, pero la ayuda no ha llegado",
    "Agraïm la resposta, si bé no respon al que preguntàvem.",
    "Not solved.",
    "Gràcies per contestar, tot i que el PDF és d'una altra persona",
    "Ahir vam reservar de 10 a 11 per a la trucada.",
)


def _answered(tmp_path: Path) -> World:
    world = World(tmp_path)
    question = world.citizen_asks(ANNA)
    world.advance("2026-11-25 11:00")
    world.agent_replies(question)
    return world


@pytest.mark.parametrize("text", COMPLAINTS)
def test_a_short_reply_of_a_person_who_waits_is_acknowledged(tmp_path: Path, text: str) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", text, answers=ack)
    assert world.kinds(ANNA) == ["ack", "ack"]
    assert (world.case()["status"], world.case()["due_at"][:10]) == ("open", "2026-11-26")


@pytest.mark.parametrize(
    "text",
    ["Moltes gràcies, ja ho tinc!", "Perfecte, ja funciona. Gràcies", "muchas gracias por todo", "No cal res més."],
)
def test_plain_thanks_cause_no_mail(tmp_path: Path, text: str) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", text, answers=ack)
    assert (world.kinds(ANNA), world.case()["status"]) == (["ack"], "answered")


def _with_our_text_below(world: World, ack: EmailMessage, subject: str, *, html: bool) -> None:
    """The acknowledgement stands below the writer's words without any mark of a quote."""
    mail = world.message(ANNA, subject, "", answers=None if subject.startswith("Fwd") else ack)
    own = "Gràcies. I si no tinc contracte?"
    body = ack.get_body(("html",) if html else ("plain",))
    assert body is not None
    if html:
        whole = str(body.get_content()).replace("<body", f"<body><p>{own}</p><div", 1)
        mail.set_content(whole, subtype="html")
    else:
        mail.set_content(f"{own}\n\n{body.get_content()}")
    world.deliver(mail, verdict="dmarc=pass header.from=example.org")


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("mark", ["Re", "Fwd"])
def test_a_question_above_our_text_without_a_mark_is_acknowledged(tmp_path: Path, mark: str, html: bool) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    _with_our_text_below(world, ack, f"{mark}: {ack['Subject']}", html=html)
    world.turn()
    assert world.kinds(ANNA) == ["ack", "ack"]


def _twice(world: World, mail: EmailMessage, between: Callable[[], None]) -> None:
    """A copy that Anna's domain disowns, then the message itself."""
    world.receive(mail, verdict="dmarc=fail header.from=example.org")
    between()
    world.deliver(mail, verdict="dmarc=pass header.from=example.org")


def _open_answers(world: World) -> int:
    """How many answers are due."""
    rows = "SELECT 1 FROM deadlines WHERE kind = 'answer' AND level = 0 AND met_at IS NULL AND withdrawn_at IS NULL"
    return len(world.rows(rows))


def test_a_message_after_its_forged_copy_has_its_deadline_also_without_acknowledgement(tmp_path: Path) -> None:
    world = World(tmp_path)
    mail = world.message(ANNA, "Padró", "Bon dia, com demano un volant de padró?")

    def forged() -> None:
        world.order("close", world.case()["number"], reason="spam")
        world.mailbox.refused = {"INBOX"}

    _twice(world, mail, forged)
    world.live("2026-11-30 09:00", minutes=600)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], _open_answers(world)) == ("open", 1)
    assert (world.reviews(), world.kinds(ANNA)) == (["first-seen-late"], [])


@pytest.mark.parametrize("closed", [False, True])
def test_a_reply_after_its_forged_copy_is_acknowledged(tmp_path: Path, closed: bool) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    mail = world.message(ANNA, f"Re: {ack['Subject']}", "I com signo el segon full?", answers=ack)

    def forged() -> None:
        assert (world.kinds(ANNA), world.reviews()) == (["ack"], ["dmarc-fail"])
        if closed:
            world.order("close", world.case()["number"], reason="spam")

    _twice(world, mail, forged)
    world.turn()
    assert (world.case()["status"], _open_answers(world)) == ("open", 1)
    assert (world.kinds(ANNA), world.reviews()) == (["ack", "ack"], [])


def test_a_reply_that_was_answered_after_its_forged_copy_causes_nothing(tmp_path: Path) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    mail = world.message(ANNA, f"Re: {ack['Subject']}", "I com signo el segon full?", answers=ack)

    def answered() -> None:
        world.clock.forward(minutes=5)
        world.agent_replies(mail)

    _twice(world, mail, answered)
    world.turn()
    assert (world.case()["status"], world.kinds(ANNA)) == ("answered", ["ack"])
