"""Overdue cases: who is notified, with which text, and what never leaves (R31, R34). Messages are two days old."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from oacmail.words.dates import day_words, moment_words
from testbed.messages import message as everyday
from tests.e2e.office import RunningOffice
from tests.e2e.watching import (
    answered_by,
    case_of,
    everything_in,
    mails_to,
    message,
    number_of,
    plain,
    running_deadlines,
    someone,
)
from tests.servers.mail_servers import MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Citizen
from tests.servers.postfix import PostfixOptions
from tests.servers.waiting import until

MADRID = ZoneInfo("Europe/Madrid")
KEYS, PROGRAM = b"0\x82\x0b\x01 the keys of a citizen", b"MZ\x90\x00 a program"
TEXT = (
    "Bon dia, no puc signar la instància. Ho he provat a https://seu.castellbisbal.example/signa\n"
    "La meva contrasenya és Gat-2026! i us adjunto el certificat."
)
BACKLOG = {"backlog_days": 5}


def days_ago(days: int) -> datetime:
    return datetime.now(MADRID) - timedelta(days=days)


def lies_in(desk: RunningOffice, mail: EmailMessage, days: int, folder: str = "INBOX") -> str:
    """The message has been there for so many days; the Message-ID."""
    Maildir(desk.mail_servers.dovecot, desk.user).deliver(mail.as_bytes(policy=policy.SMTP), folder, at=days_ago(days))
    return str(mail["Message-ID"])


def written_by(anna: Citizen, desk: RunningOffice, text: str = TEXT) -> EmailMessage:
    return everyday(f"{anna.name} <{anna.address}>", desk.address, "No puc signar", text)


class Late(NamedTuple):
    """An office that was switched on today, and what lay in its mailbox."""

    desk: RunningOffice
    anna: Citizen
    two_days: str
    three_days: str
    answered: str


@pytest.fixture(scope="module")
def late(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Late]:
    desk, anna = RunningOffice(mail_servers, tmp_path_factory.mktemp("late"), imap=BACKLOG), someone(mail_servers)
    mail = written_by(anna, desk)
    mail.add_attachment(KEYS, maintype="application", subtype="x-pkcs12", filename="anna.p12")
    mail.add_attachment(PROGRAM, maintype="application", subtype="octet-stream", filename="AutoFirma.exe")
    mail.add_attachment(b"%PDF-1.4 a form", maintype="application", subtype="pdf", filename="instancia.pdf")
    two_days = lies_in(desk, mail, 2)
    three_days = lies_in(desk, written_by(someone(mail_servers), desk, "Bon dia, com demano el volant de padró?"), 3)
    question = written_by(pere := someone(mail_servers), desk, "Bon dia, com demano una llicència de gual?")
    answered = lies_in(desk, question, 2)
    lies_in(desk, everyday(desk.address, pere.address, "Re: No puc signar", "Bon dia, a la seu electrònica.",
                           answers=question), 1, "Sent")  # fmt: skip
    with desk.running():
        until(lambda: len(desk.rows("SELECT 1 FROM events WHERE kind = 'escalated'")) == 2, 45, what=desk.log())
        yield Late(desk, anna, two_days, three_days, answered)


def told(person: Citizen, number: str) -> EmailMessage:
    """What this colleague was told about the case."""
    found = until(lambda: [mail for mail in person.inbox() if number in str(mail["Subject"])], what=f"word of {number}")
    return found[0]


def original_in(mail: EmailMessage) -> EmailMessage:
    (original,) = originals_in(mail)
    return original


def originals_in(mail: EmailMessage) -> list[EmailMessage]:
    return [part.get_content() for part in mail.iter_attachments() if part.get_content_type() == "message/rfc822"]


def test_the_supervisor_gets_the_card_and_the_citizens_words_with_dead_links(late: Late) -> None:
    mail = told(late.desk.supervisor, number_of(late.desk, late.two_days))

    assert "VENÇUT" in str(mail["Subject"])
    assert (mail["Auto-Submitted"], mail["X-Oacmail-Kind"]) == ("auto-generated", "overdue")
    received = moment_words(days_ago(2), "ca", datetime.now(MADRID).year).partition(" a l")[0]  # the day
    assert f"Cas {number_of(late.desk, late.two_days)}, rebut el {received}" in plain(mail)
    yesterday = days_ago(1).date()
    assert f"s'havia de respondre {day_words(yesterday, 'ca')}" in str(mail["Subject"])
    assert "no puc signar la instància" in plain(mail)
    assert "https[://]seu[.]castellbisbal[.]example/signa" in plain(mail)
    html = mail.get_body(("html",))
    assert html is not None
    links = re.findall(r'<a [^>]*href="([^"]*)', html.get_content())
    assert [link for link in links if not link.startswith("mailto:")] == [], (
        "buttons write to us, nothing else leads on"
    )


def test_the_original_goes_along_without_its_secrets_and_programs(late: Late) -> None:
    mail = told(late.desk.supervisor, number_of(late.desk, late.two_days))

    original = original_in(mail)
    assert original["Message-ID"] == late.two_days
    assert late.anna.address in str(original["From"])
    whole = everything_in(mail) + everything_in(original) + mail.as_string()
    for name, data in (("anna.p12", KEYS), ("AutoFirma.exe", PROGRAM)):
        assert f"Nom: {name}" in whole
        assert f"{len(data)} bytes" in whole
        assert sha256(data).hexdigest() in whole
        assert not [part for part in original.walk() if part.get_payload(decode=True) == data]
    assert [part.get_filename() for part in original.iter_attachments() if part.get_filename()] == ["instancia.pdf"]
    assert "Gat-2026" not in whole
    assert "La meva contrasenya és […]" in everything_in(original)


def test_the_second_day_the_operator_is_notified_of_it_too(late: Late) -> None:
    number = number_of(late.desk, late.three_days)

    assert "Avís 2 de 3" in plain(told(late.desk.supervisor, number))
    assert "Avís 2 de 3" in plain(told(late.desk.operator, number))
    assert not mails_to(late.desk, late.desk.operator.address, "overdue")[1:]


def test_a_case_that_was_answered_in_time_troubles_nobody(late: Late) -> None:
    case = case_of(late.desk, late.answered)

    assert (case["status"], case["overdue"]) == ("answered", False)
    assert not [mail for mail in case["outgoing"] if mail["kind"] == "overdue"]


def test_who_wrote_two_days_ago_is_promised_a_day_that_is_still_to_come(late: Late) -> None:
    ack = late.anna.wait_for_mail()[0]
    tomorrow = (datetime.now(MADRID) + timedelta(days=1)).date()

    assert day_words(tomorrow, "ca") in plain(ack)
    case = case_of(late.desk, late.two_days)
    assert datetime.fromisoformat(case["due_at"]) < datetime.now(MADRID)
    assert case["overdue"]


def test_an_answer_at_last_meets_the_promise_late_and_ends_the_warnings(late: Late) -> None:
    agent = late.desk.at_desk()
    agent.answer(agent.read(agent.find(late.three_days)), "Bon dia, perdoneu el retard: a la seu electrònica.")
    agent.close()

    number = number_of(late.desk, late.three_days)
    until(lambda: not running_deadlines(late.desk, number), 15, what="answered")
    case = case_of(late.desk, late.three_days)
    assert (case["status"], case["overdue"]) == ("answered", False)
    waiting = """SELECT 1 FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE c.number = ? AND d.kind = 'answer'
    AND d.met_at IS NULL AND d.fired_at IS NULL AND d.withdrawn_at IS NULL"""
    assert not late.desk.rows(waiting, number)


def test_more_than_five_at_once_come_as_one_list(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk = office(imap=BACKLOG)
    for turn in range(6):
        lies_in(desk, written_by(someone(mail_servers), desk, f"Bon dia, tinc el dubte número {turn} sobre la seu."), 2)

    desk.oacmail("once")

    (mail,) = desk.supervisor.wait_for_mail()
    assert mail["X-Oacmail-Kind"] == "overdue_digest"
    assert all(case["number"] in plain(mail) for case in desk.cases())
    assert len(mails_to(desk, desk.supervisor.address, "overdue_digest")) == 1


def test_an_escalation_that_the_relay_finds_too_large_goes_without_the_original_in_the_same_tick(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with MailServers(options=PostfixOptions(message_size_limit=300_000)) as narrow:
        desk = RunningOffice(narrow, tmp_path_factory.mktemp("narrow"), imap=BACKLOG)
        mail = written_by(someone(narrow), desk)
        mail.add_attachment(b"%PDF-1.4 " + b"form " * 50_000, maintype="application", subtype="pdf", filename="a.pdf")
        sent = lies_in(desk, mail, 2)

        desk.oacmail("once")

        (word,) = desk.supervisor.wait_for_mail()
        assert "no puc signar la instància" in plain(word)
        assert "El missatge original no s'adjunta" in plain(word)
        assert not list(word.iter_attachments())
        states = {
            row["key"].endswith(":bare"): row["state"] for row in mails_to(desk, desk.supervisor.address, "overdue")
        }
        assert states == {False: "failed", True: "sent"}
        assert case_of(desk, sent)["overdue"]


# --- derived by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["platform", "document_or_form"])
def test_a_case_that_an_agent_derives_reaches_the_right_service_and_the_person_holds_the_notice(
    late: Late, mail_servers: MailServers, cause: str
) -> None:
    forms = Citizen(mail_servers, "Formularis", domain="castellbisbal.cat")
    desk, anna = late.desk, someone(mail_servers)
    sent = anna.write(desk.address, "Error 500", "Bon dia, la seu dona error 500 en enviar. La contrasenya és Gos-77!")
    number = number_of(desk, sent)
    before = case_of(desk, sent)
    if cause == "document_or_form":
        desk.change(people={"forms": [forms.address]})

    desk.oacmail("case", "escalate", number, "--cause", cause, "--why", "El servidor respon 500")

    service = forms if cause == "document_or_form" else desk.technical  # who knows of it already by the message itself
    mail = until(lambda: [mail for mail in service.inbox() if "El servidor respon 500" in plain(mail)], 15)[0]
    assert "DERIVAT nivell 2" in str(mail["Subject"])
    assert original_in(mail)["Message-ID"] == sent
    assert "Gos-77" not in everything_in(mail) + mail.as_string()
    after = case_of(desk, sent)
    assert (after["status"], after["level"], after["due_at"]) == ("derived", "second", before["due_at"])
    assert running_deadlines(desk, number) == [], "the notice that a person sent meets the promise (R22)"
    notice = until(lambda: [mail for mail in anna.inbox() if mail["X-Oacmail-Kind"] == "passed_on"], 15)[0]
    assert "Hem passat la vostra consulta a l'Ajuntament" in str(notice["Subject"])


def test_a_person_who_keeps_asking_after_the_answer_is_reported_to_the_office_once(
    late: Late, mail_servers: MailServers
) -> None:
    desk, anna = late.desk, someone(mail_servers)
    sent = anna.write(desk.address, "No puc pagar", "Bon dia, no puc pagar la taxa amb targeta. Què faig?")
    number, ack = number_of(desk, sent), anna.wait_for_mail()[-1]
    answered_by(desk, sent, "Bon dia, proveu-ho amb un altre navegador.")

    for turn in range(5):  # the first may share its second with the answer
        message(desk, anna.reply(ack, f"Ho he provat {turn} cops més i continua fallant. Què més puc fer?"))

    for colleague in (desk.technical, desk.supervisor):
        mail = told(colleague, number)
        assert "COMPLEX" in str(mail["Subject"])
        attached = {one["Message-ID"] for one in originals_in(mail)}
        assert len(attached) > 1
        assert attached <= {row["message_id"] for row in desk.rows("SELECT message_id FROM messages")}
        assert len([row for row in mails_to(desk, colleague.address, "complex") if row["key"].count(number)]) == 1
    assert desk.case(number)["status"] == "open"


def test_what_the_technical_service_writes_back_is_on_the_case_and_is_no_answer(
    late: Late, mail_servers: MailServers
) -> None:
    desk, anna = late.desk, someone(mail_servers)
    sent = anna.write(desk.address, "Error 503", "Bon dia, la seu dona error 503 en enviar la instància.")
    number = number_of(desk, sent)
    desk.oacmail("case", "escalate", number)

    word = desk.technical.reply(told(desk.technical, number), "Ja està arreglat, era el servidor.")

    assert number_of(desk, word) == number
    assert message(desk, word)["outcome"] == "staff"
    assert case_of(desk, sent)["status"] == "derived"
    assert case_of(desk, sent)["answered_at"] is None
    assert not mails_to(desk, desk.technical.address, "remark")
