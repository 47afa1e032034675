"""Machines: none gets a mail, opens a case or moves a deadline."""

from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage

import pytest

from testbed.messages import as_bytes, read_receipt
from testbed.messages import message as everyday
from tests.e2e import robots
from tests.e2e.office import RunningOffice
from tests.e2e.watching import (
    answered_by,
    at_desk,
    case_of,
    mails_to,
    message,
    number_of,
    opened,
    running_deadlines,
    someone,
    waiting_for_a_person,
)
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

ASKED = "Bon dia, no puc presentar la instància perquè la pàgina no em deixa signar."
TOLD = "Novetats del mes: nova web del consorci, jornades gratuïtes i tots els cursos de tardor. Inscriviu-vos-hi!"


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with opened(mail_servers, tmp_path_factory.mktemp("robots")) as office:
        yield office


def sends(machine: Citizen, desk: RunningOffice, mail: EmailMessage, envelope: str | None = None) -> str:
    machine.send(as_bytes(mail), desk.address, envelope_from=envelope)
    return str(mail["Message-ID"])


def asked(desk: RunningOffice, anna: Citizen, subject: str = "No puc signar") -> tuple[str, EmailMessage]:
    sent = anna.write(desk.address, subject, ASKED)
    return sent, anna.wait_for_mail()[-1]


# --- replies of machines ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "text"), [(True, robots.AWAY), (False, robots.AWAY_AND_A_MACHINE)], ids=["by-header", "by-its-words"]
)
def test_a_vacation_notice_is_filed_and_moves_nothing(
    desk: RunningOffice, mail_servers: MailServers, marked: bool, text: str
) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna)
    answer = answered_by(desk, first, "Bon dia, proveu-ho amb un altre navegador.")
    (_, received) = anna.wait_for_mail(2)
    assert received["Message-ID"] == answer
    before = case_of(desk, first)

    notices = [
        sends(anna, desk, robots.vacation(anna.address, mail, desk.address, marked=marked, text=text))
        for mail in (ack, received)
    ]

    assert [message(desk, notice)["kind"] for notice in notices] == ["auto_reply", "auto_reply"]
    assert {message(desk, notice)["number"] for notice in notices} == {before["number"]}
    after = case_of(desk, first)
    assert [after[key] for key in ("status", "due_at", "answered_at")] == [
        before[key] for key in ("status", "due_at", "answered_at")
    ]
    assert not running_deadlines(desk, after["number"])
    assert len(mails_to(desk, anna.address)) == 1


def test_a_vacation_notice_that_nothing_betrays_is_not_acknowledged_while_the_case_waits(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna)

    for _ in range(2):
        notice = sends(anna, desk, robots.vacation(anna.address, ack, desk.address, marked=False))
        assert number_of(desk, notice) == number_of(desk, first)

    assert len(mails_to(desk, anna.address)) == 1
    assert len(running_deadlines(desk, number_of(desk, first))) == 1


def test_a_read_receipt_is_filed_and_moves_nothing(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna)

    read = sends(anna, desk, read_receipt(anna.address, ack, desk.address))

    row = message(desk, read)
    assert (row["outcome"], row["kind"], row["number"]) == ("automatic", "auto_reply", number_of(desk, first))
    assert len(mails_to(desk, anna.address)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"List-Unsubscribe": "<https://news.example/u>"},
        {"List-Id": "Veïns <veins.list.example>"},
        {"Precedence": "bulk"},
        {"Auto-Submitted": "auto-generated"},
        {"Auto-Submitted": "auto-notified; owner-email=a@b.example"},
    ],
    ids=["list-unsubscribe", "list-id", "precedence", "auto-generated", "auto-notified"],
)
def test_what_machines_write_to_many_is_no_case(
    desk: RunningOffice, mail_servers: MailServers, headers: dict[str, str]
) -> None:
    sender = someone(mail_servers, "Butlletí")

    sent = sends(sender, desk, everyday(sender.address, desk.address, "Novetats de novembre", TOLD, headers=headers))

    row = message(desk, sent)
    assert (row["outcome"], row["number"]) == ("automatic", None)
    assert not desk.rows("SELECT 1 FROM outbox WHERE recipient = ?", sender.address)


def test_a_mail_with_the_null_sender_is_a_machines(desk: RunningOffice, mail_servers: MailServers) -> None:
    sender = someone(mail_servers, "Sistema")

    sent = sends(sender, desk, everyday(sender.address, desk.address, "Avís", TOLD), envelope="")

    assert message(desk, sent)["outcome"] == "automatic"
    assert not mails_to(desk, sender.address)


def test_who_only_asks_for_no_automatic_replies_is_a_person(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)

    sent = anna.write(desk.address, "No puc signar", ASKED, headers={"X-Auto-Response-Suppress": "All"})

    assert number_of(desk, sent) in anna.wait_for_mail()[0]["Subject"]


def test_a_machine_without_marks_gets_three_mails_a_week_and_then_a_person_looks(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    ticketing = someone(mail_servers, "Suport")
    sent = []
    for turn in range(5):
        text = f"Bon dia, com va la petició {turn * 7919}? Ho porta el grup {turn}."
        sent.append(ticketing.write(desk.address, f"Petició {4000 + turn}", text))
        message(desk, sent[-1])

    assert len(mails_to(desk, ticketing.address)) == 3
    assert [waiting_for_a_person(desk, one) for one in sent[3:]] == ["same-mail-again-and-again"] * 2
    assert all(running_deadlines(desk, number_of(desk, one)) for one in sent)


def test_two_desks_that_face_each_other_are_soon_silent(
    desk: RunningOffice, mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    other = office()
    with other.running(), at_desk(other) as agent:
        sent = agent.send(desk.address, "Consulta d'un altre ajuntament", ASKED, save=False)
        number = number_of(desk, sent)
        query = "SELECT 1 FROM messages WHERE role = 'robot' AND subject LIKE ?"
        until(lambda: other.rows(query, f"%{number}%"), 15, what="the acknowledgement is decided over there")
        until(lambda: other.status()["unaccounted"] == 0, what="nothing is left over there")

        assert len(mails_to(desk, other.address)) == 1
        assert not other.rows("SELECT 1 FROM outbox")


# --- our own mail comes back ------------------------------------------------------------------------------


def test_an_acknowledgement_that_a_rule_sends_back_is_no_message(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, _ = asked(desk, anna)
    number = number_of(desk, first)
    (stored,) = anna.mailbox.files()
    until(lambda: mails_to(desk, anna.address)[0]["copied_at"], what="the office's own copy")

    anna.send(stored.read_bytes(), desk.address)

    query = "SELECT 1 FROM sightings WHERE outcome = 'duplicate'"
    until(lambda: desk.rows(query), 15, what="it is known for what it is")
    case = desk.case(number)
    assert (len(case["messages"]), case["status"]) == (1, "open")
    assert len(mails_to(desk, anna.address)) == 1


def test_an_acknowledgement_sent_back_with_a_question_on_top_is_a_message(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna)
    number = number_of(desk, first)
    answered_by(desk, first, "Bon dia, proveu-ho amb un altre navegador.")
    question = "Bon dia, ja ho he provat i continua sense funcionar. Què més puc fer? " * 8
    body = ack.get_body(("plain",))
    assert body is not None
    back = EmailMessage(policy.SMTP)
    for name in ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted", "X-Oacmail"):
        back[name] = str(ack[name])
    back.set_content(f"{question}\n\n{body.get_content()}")

    anna.send(as_bytes(back), desk.address)

    until(lambda: running_deadlines(desk, number), 15, what=lambda: f"a deadline for the question\n{desk.log()}")
    assert desk.case(number)["status"] == "open"


def test_a_mail_that_only_bears_our_address_waits_for_a_person(desk: RunningOffice, mail_servers: MailServers) -> None:
    mallory = someone(mail_servers, "Mallory")
    mail = everyday(f"OAC 360 <{desk.address}>", desk.address, "Cas tancat", "Ja està resolt, gràcies.")

    sent = sends(mallory, desk, mail)

    row = message(desk, sent)
    assert (row["outcome"], row["number"]) == ("quarantined", None)
    assert waiting_for_a_person(desk, sent) == "from-our-address-unsigned"
    assert not desk.rows("SELECT 1 FROM outbox WHERE recipient = ?", desk.address)


# --- forms, and messages that a person rescues -------------------------------------------------------------


def test_the_call_back_forms_mail_is_the_persons_message(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    form, anna = someone(mail_servers, "Formulari"), someone(mail_servers)
    desk = office(callback={"form_senders": [form.address]})
    with desk.running():
        sent = form.write(
            desk.address,
            "Truca'm",
            "Nom: Anna Puig\nTelèfon: 612 345 678\nFranja: matí\nMotiu: no puc signar la instància",
            headers={"Reply-To": anna.address, "Auto-Submitted": "auto-generated"},
        )
        (ack,) = anna.wait_for_mail()
        case = case_of(desk, sent)

    assert case["citizen"] == anna.address
    assert case["number"] in str(ack["Subject"])
    assert not mails_to(desk, form.address)


@pytest.mark.parametrize(
    ("headers", "subject", "text", "outcome"),
    [
        ({"Precedence": "bulk"}, "Novetats de novembre", TOLD, "automatic"),
        (
            {},
            "You won the lottery",
            "Dear friend, you won the lottery, claim your prize in bitcoin now, casino bonus, viagra, click here.",
            "spam",
        ),
    ],
    ids=["machine", "spam"],
)
def test_a_person_makes_a_case_of_a_message_that_was_misjudged(
    desk: RunningOffice, mail_servers: MailServers, headers: dict[str, str], subject: str, text: str, outcome: str
) -> None:
    anna = someone(mail_servers)
    sent = anna.write(desk.address, subject, text, headers=headers)
    assert message(desk, sent)["outcome"] == outcome

    desk.oacmail("case", "open", sent)

    assert number_of(desk, sent) in anna.wait_for_mail()[0]["Subject"]
    assert len(running_deadlines(desk, number_of(desk, sent))) == 1
    assert waiting_for_a_person(desk, sent) is None
    desk.wait_until_accounted()
