"""An order on top of a mail that a person gets: the mail counts as ever, the order does not, its writer hears it."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from testbed.messages import as_bytes
from tests.e2e.clients import CLIENTS, MailProgram
from tests.orders.test_orders import transcripts
from tests.world import AGENT, ANNA, OFFICE, PASS, SUPERVISOR, World

TEXT = "Tanca\n\nBon dia, ja us hem enviat el certificat."


@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_the_mail_is_an_answer_and_its_writer_is_told_that_the_order_was_not_done(world: World, sender: str) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(sender, "", TEXT, to=ANNA, answers=asked)
    if sender == OFFICE:
        world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    else:
        mail["Cc"] = OFFICE
        world.deliver(mail, verdict=PASS)
    world.turn()
    world.turn()
    assert world.case()["status"] == "answered"
    (told,) = transcripts(world, AGENT)
    assert "La persona ha rebut el text «Tanca».\n" in told
    assert "| OAC-2026-000001 | tancar el cas | no fet: una ordre només es fa si el correu va només a la bústia" in told
    assert [event["kind"] for event in world.events("order-refused")] == ["order-refused"]
    assert world.kinds(ANNA) == ["ack"]


def test_of_a_mail_about_no_case_too(world: World) -> None:
    mail = world.message(OFFICE, "Horari", "DERIVA: error 500", to="altres@example.net")
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()
    (told,) = transcripts(world, AGENT)
    assert "El destinatari ha rebut el text «DERIVA: …»." in told
    assert "no fet" in told
    assert "error 500" not in told


@pytest.mark.parametrize(
    "text",
    [
        "Bon dia, ja està resolt.",
        "Bon dia,\n\nJa està resolt.\n\nSalutacions",
        "#Castellbisbal us convida",
        "> Tanca\n\nFet.",
    ],
)
def test_an_ordinary_answer_is_not_commented(world: World, text: str) -> None:
    world.agent_replies(world.citizen_asks(ANNA), text)
    assert world.case()["status"] == "answered"
    assert not transcripts(world, AGENT)


SIGNATURES = (
    "",
    "\n\nMarta Soler\nTècnica d'atenció ciutadana\nOAC 360 · 900 772 772",
    "\n\n-- \nMarta",
    "\n\nGràcies,\nMarta",
)
ORDERS = {
    "TANCA DUPLICAT": "TANCA DUPLICAT",
    "Meva": "Meva",
    "DERIVA: error 500 en signar": "DERIVA: …",
    "Bon dia Anna,\n\nTANCA": "TANCA",
    "12 tanca": "12 tanca",
    "#tancca": "#tancca",
    "*MEVA*": "MEVA",
    "DERIVA - error 500": "DERIVA - …",
    "#nota Trucar-la dilluns": "#nota …",
}


@pytest.mark.parametrize("program", [CLIENTS[name] for name in ("Outlook", "Gmail", "Apple Mail")])
@pytest.mark.parametrize("text", ORDERS)
def test_an_order_alone_is_no_answer_and_the_agents_hear_what_the_person_has_read(
    town: Callable[..., World], program: MailProgram, text: str
) -> None:
    for signature in SIGNATURES:
        world = town()
        asked = world.citizen_asks(ANNA)
        mail = program.reply(OFFICE, ANNA, asked, text + signature)
        world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
        world.turn()
        case = world.case()
        assert (case["status"], case["answered_at"], case["assignee"]) == ("open", None, None)
        (told,) = transcripts(world, AGENT)
        assert f"La persona ha rebut el text «{ORDERS[text]}». No consta com a resposta: escriviu-li." in told
        assert "| no fet: " in told
        assert "no s'ha enviat" not in told
        assert "dilluns" not in told
        world.turn_at("2026-11-27 09:00")
        assert world.case()["overdue"]
        assert "overdue" in world.kinds(SUPERVISOR)


@pytest.mark.parametrize("source", ["cid:logo@town.example", "https://town.example/logo.png"])
@pytest.mark.parametrize("below", ["Marta Soler<br>OAC 360 | Ajuntament", "Enviat des del meu iPhone"])
def test_the_logo_of_a_signature_makes_no_answer_of_an_order(world: World, source: str, below: str) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "MEVA\n\n" + below.replace("<br>", "\n"), to=ANNA, answers=asked)
    mail.add_alternative(f'<p>MEVA</p><p>{below}</p><img src="{source}">', subtype="html")
    page = mail.get_payload(1)
    assert isinstance(page, EmailMessage)
    if source.startswith("cid:"):
        page.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo@town.example>")
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()
    assert world.case()["status"] == "open"
    assert "La persona ha rebut el text «MEVA». No consta com a resposta" in transcripts(world, AGENT)[0]


@pytest.mark.parametrize("program", [CLIENTS[name] for name in ("Outlook", "Gmail", "Apple Mail")])
@pytest.mark.parametrize(
    "text", ["Sí.", "Demà.", "12 euros", "No cal.", "Fet!", "Resolt.", "Al taulell", "Hola Anna,\n\nDilluns.\n\nMarta"]
)
def test_an_answer_of_one_or_two_words_that_is_no_order_counts(world: World, program: MailProgram, text: str) -> None:
    asked = world.citizen_asks(ANNA)
    mail = program.reply(OFFICE, ANNA, asked, text)
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()
    assert world.case()["status"] == "answered"
    assert not transcripts(world, AGENT)
