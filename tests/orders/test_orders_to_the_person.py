"""An order on top of a mail that a person gets: the mail counts as ever, the order does not, its writer hears it."""

from email.message import EmailMessage

import pytest

from testbed.messages import MX, as_bytes
from tests.e2e.clients import CLIENTS, MailProgram
from tests.orders.test_orders import transcripts
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, PASS, SUPERVISOR, World

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
    world: World, program: MailProgram, text: str
) -> None:
    for count, signature in enumerate(SIGNATURES, 1):
        person = f"anna{count}@example.org"
        asked = world.citizen_asks(person)
        mail = program.reply(OFFICE, person, asked, text + signature)
        world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
        world.turn()
        case = world.cases()[-1]
        assert (case["status"], case["answered_at"], case["assignee"]) == ("open", None, None), signature
        assert len(transcripts(world, AGENT)) == count, signature
        told = transcripts(world, AGENT)[-1]
        assert f"La persona ha rebut el text «{ORDERS[text]}». No consta com a resposta: escriviu-li." in told
        assert "| no fet: " in told
        assert "no s'ha enviat" not in told
        assert "dilluns" not in told
    world.turn_at("2026-11-27 09:00")
    assert all(case["overdue"] for case in world.cases())
    assert world.kinds(SUPERVISOR).count("overdue") == len(SIGNATURES)


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


# Orders that the shared mailbox sends to itself: its copy in Sent, or a login of its own, proves them.

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
