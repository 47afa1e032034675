"""A mail to the person that says nothing meets no deadline, and the desk hears it; a word or a file makes an answer."""

from email.message import EmailMessage

import pytest

from testbed.messages import as_bytes
from tests.e2e.clients import CLIENTS, MailProgram
from tests.orders.test_orders import transcripts
from tests.world import AGENT, ANNA, OFFICE, World

QUOTE = "\n\nEl 25/11/2026 9:00, Anna va escriure:\n> Bon dia, com puc signar\n> la instància amb l'idCAT?"


def _asked(world: World) -> EmailMessage:
    return world.citizen_asks(ANNA)


def _sent(world: World, mail: EmailMessage) -> None:
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()


def _told(world: World) -> list[str]:
    return [told for told in transcripts(world, AGENT) if "no porta cap text vostre ni cap fitxer" in told]


@pytest.mark.parametrize(
    "text", ["", " \n\n", QUOTE, "\n-- \nMarta Soler\nOAC 360\n" + QUOTE, "Enviat des del meu iPhone\n" + QUOTE]
)
def test_a_mail_without_a_word_of_its_own_is_no_answer(world: World, text: str) -> None:
    world.agent_replies(_asked(world), text)
    world.turn()
    case = world.case()
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert len(_told(world)) == 1
    world.live("2026-11-27 09:00")
    assert world.case()["overdue"]


@pytest.mark.parametrize("program", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("text", ["", "Sí."])
def test_so_it_is_in_the_html_of_ordinary_clients(world: World, program: MailProgram, text: str) -> None:
    _sent(world, program.reply(OFFICE, ANNA, _asked(world), text))
    assert world.case()["status"] == ("answered" if text else "open")
    assert len(_told(world)) == (0 if text else 1)


def test_the_agent_who_wrote_it_with_the_office_in_copy_hears_it(world: World) -> None:
    world.staff_says(AGENT, "", QUOTE, to=f"{ANNA}, {OFFICE}", answers=_asked(world))
    assert world.case()["status"] == "open"
    assert len(_told(world)) == 1


@pytest.mark.parametrize("text", ["", "-- \nMarta Soler\n"])
def test_a_file_alone_is_an_answer(world: World, text: str) -> None:
    mail = world.message(OFFICE, "", text, to=ANNA, answers=_asked(world))
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="volant.pdf")
    _sent(world, mail)
    assert world.case()["status"] == "answered"
    assert not _told(world)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", '<img src="data:image/png;base64,iVBORw0KGgo=">'),
        ("", '<img src="https://town.example/pas1.png">'),
        ("Ja està fet.", ""),
    ],
)
def test_an_image_in_the_html_or_a_text_beside_an_empty_page_is_an_answer(world: World, text: str, html: str) -> None:
    mail = world.message(OFFICE, "", text, to=ANNA, answers=_asked(world))
    mail.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
    _sent(world, mail)
    assert world.case()["status"] == "answered"
    assert not _told(world)


@pytest.mark.parametrize(
    ("text", "subject"), [(f"{QUOTE}\n\nAmb l'idCAT Mòbil.", ""), (QUOTE.replace("Anna", "Tècnics"), "RV: Signatura")]
)
def test_words_below_the_quote_and_a_forward_of_others_words_are_an_answer(
    world: World, text: str, subject: str
) -> None:
    _sent(world, world.message(OFFICE, subject, text, to=ANNA, answers=_asked(world)))
    assert world.case()["status"] == "answered"
    assert not _told(world)


def test_an_empty_new_mail_to_a_person_with_several_cases_asks_for_none(world: World) -> None:
    for subject in ("Padró", "Beca menjador"):
        world.citizen_asks(ANNA, subject=subject, text=f"Com demano això: {subject}?")
    _sent(world, world.message(OFFICE, "", "", to=ANNA))
    assert len(_told(world)) == 1
    assert "which_case" not in world.kinds(AGENT)


@pytest.mark.parametrize("program", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    "text",
    ["#meu", "#resolt", "#nota Trucar-la dilluns.\n\n#meu" + QUOTE, "#meu\n\n-- \nMarta Soler\nOAC 360\n" + QUOTE],
)
def test_orders_alone_in_a_mail_to_the_person_are_no_answer(world: World, program: MailProgram, text: str) -> None:
    _sent(world, program.reply(OFFICE, ANNA, _asked(world), text))
    world.turn()
    case = world.case()
    assert (case["status"], case["answered_at"], case["assignee"]) == ("open", None, None)
    (told,) = transcripts(world, AGENT)
    assert "No consta com a resposta: escriviu-li." in told


@pytest.mark.parametrize("text", ["#meu\n\nSí, amb l'idCAT.", "Sí.\n#meu", "#1 de la cua sou vós.", "Resolt."])
def test_words_beside_orders_are_an_answer(world: World, text: str) -> None:
    world.agent_replies(_asked(world), text)
    assert world.case()["status"] == "answered"
    assert not _told(world)


def test_orders_below_the_quote_alone_are_no_answer_and_the_agents_hear_it(world: World) -> None:
    world.agent_replies(_asked(world), QUOTE.strip() + "\n\n#meu")
    assert world.case()["status"] == "open"
    (told,) = transcripts(world, AGENT)
    assert "ha rebut el text «#meu». No consta com a resposta" in told


def test_an_order_beside_a_file_is_an_answer_and_nobody_hears_that_it_is_none(world: World) -> None:
    mail = world.message(OFFICE, "", "#meu", to=ANNA, answers=_asked(world))
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="model.pdf")
    _sent(world, mail)
    assert world.case()["status"] == "answered"
    (said,) = transcripts(world, AGENT)
    assert "La persona ha rebut el text «#meu».\n" in said
    assert not _told(world)
