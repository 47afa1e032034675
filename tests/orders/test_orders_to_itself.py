"""Orders that the shared mailbox sends to itself: its copy in Sent, or a login of its own, proves them."""

import pytest

from testbed.messages import MX, as_bytes
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, World

OFFICE_PASS = f"dmarc=pass header.from={OFFICE.rpartition('@')[2]}"


def _note(world: World, text: str, subject: str = "Nota", *, delivered: bool = True, **more: object) -> None:
    """A webmail stores its copy in Sent; the other copy comes back by SMTP, before or after it."""
    mail = world.message(OFFICE, subject, text, **more)  # type: ignore[arg-type]
    if delivered:
        world.deliver(mail, verdict=OFFICE_PASS)
        world.sync()
    world.see_in_sent(mail)


@pytest.fixture
def asked(world: World) -> World:
    world.citizen_asks(ANNA)
    return world


@pytest.mark.parametrize("delivered", [True, False])
@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("1 trucat", "status", "answered"),
        ("1 agent", "assignee", "agent"),
        ("#1 tanca brossa\n\n-- \nOAC 360", "status", "closed"),
        ("OAC-2026-000001 tema padró", "topic", "folder"),
    ],
)
def test_a_note_to_itself_with_the_number_on_the_line_is_carried_out_once(
    asked: World, text: str, column: str, value: str, delivered: bool
) -> None:
    _note(asked, text, delivered=delivered)
    asked.turn()
    assert asked.case()[column] == value
    assert len(asked.events("ordered")) == 1
    (told,) = asked.texts(AGENT, "transcript")
    assert "| OAC-2026-000001 |" in told
    assert "| fet |" in told
    assert not asked.reviews()


def test_an_agents_new_mail_to_the_office_may_name_the_case_on_the_line_too(asked: World) -> None:
    asked.staff_says(AGENT, "avui", "1 trucat")
    assert asked.case()["status"] == "answered"


def test_on_top_of_the_persons_message_and_with_the_number_in_the_subject(world: World) -> None:
    question = world.citizen_asks(ANNA)
    _note(world, "#tema padró\n\n> Bon dia", subject="", answers=question)
    _note(world, "TRUCAT", subject="Cas 1")
    assert (world.case()["topic"], world.case()["status"]) == ("folder", "answered")


def test_the_desk_is_told_what_was_not_done(asked: World) -> None:
    """Nobody is `meva` in the shared mailbox, and 99 is no case."""
    _note(asked, "1 meva\n99 tanca")
    (told,) = asked.texts(AGENT, "transcript")
    assert told.count("no fet") == 2
    assert "no fet: la bústia no diu quin agent sou: escriviu-ho des de la vostra adreça" in told
    assert asked.case()["assignee"] is None


@pytest.mark.parametrize(
    "text",
    [
        "15 persones vindran dijous",
        "Recordar: trucar al gestor",
        "15 minuts",
        "1 espera resposta del banc\n2 trucada al gestor",
        "1 separa els fulls",
        "1 reobre la finestra de dalt",
        "1 trucada al gestor, 612 345 678: que torni",
    ],
)
def test_a_note_that_is_no_order_is_only_filed(asked: World, text: str) -> None:
    _note(asked, text)
    assert not asked.events("ordered")
    assert not asked.texts(AGENT, "transcript")
    assert not asked.reviews()
    assert asked.rows("SELECT 1 FROM sightings WHERE outcome IS NULL") == []


def test_a_forged_note_orders_nothing(asked: World) -> None:
    """By SMTP in our name: with a verdict on the domain alone, and into Sent by a plus-address."""
    for folder in ("INBOX", "Sent"):
        asked.receive(asked.message(OFFICE, "Nota", "1 tanca brossa"), verdict=OFFICE_PASS, folder=folder)
    assert asked.case()["status"] == "open"
    assert not asked.events("ordered")
    assert asked.reviews()


def test_a_submission_with_its_own_login_orders_without_a_copy_in_sent(asked: World) -> None:
    mail = asked.message(OFFICE, "Nota", "1 trucat")
    door = f"from webmail (webmail [192.0.2.9]) (Authenticated sender: {OFFICE}) by {MX} (Postfix) with ESMTPSA id A"
    asked.mailbox.append("INBOX", f"Received: {door}\r\n".encode() + as_bytes(mail), asked.clock.now())
    asked.turn()
    assert asked.case()["status"] == "answered"
    assert not asked.reviews()


def test_the_note_is_not_obeyed_again_when_sent_is_made_anew(asked: World) -> None:
    _note(asked, "1 nota Ve dijous.")
    asked.mailbox.folders["Sent"].uidvalidity += 1
    asked.turn()
    assert len(asked.notes()) == 1


def test_a_note_with_a_colleague_or_a_citizen_among_its_recipients_is_none(asked: World) -> None:
    _note(asked, "1 tanca brossa", to=AGENT, delivered=False)
    mail = asked.message(OFFICE, "Nota", "1 tanca brossa", to=f"{OFFICE}, {OPERATOR}")
    asked.mailbox.append("Sent", as_bytes(mail), asked.clock.now())
    asked.turn()
    assert asked.case()["status"] == "open"
