"""What only real servers show of the mail of citizens and agents. Their rules are tested in one process."""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from testbed.messages import message as everyday
from testbed.messages import text_of
from tests.e2e.clients import OUTLOOK
from tests.e2e.office import PROOF, RunningOffice
from tests.e2e.watching import (
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
from tests.servers.mail_servers import DOMAIN, PASSWORD, MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Citizen
from tests.servers.postfix import PostfixOptions
from tests.servers.waiting import until

ASKED = "Bon dia, no puc presentar la instància perquè la pàgina no em deixa signar."
ANSWER = "Bon dia, entreu a la seu amb l'idCAT Mòbil i torneu-ho a provar."


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, marta: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    root = tmp_path_factory.mktemp("people")
    with opened(mail_servers, root, trust=PROOF, people={"agents": [marta.address]}) as office:
        yield office


def asked(desk: RunningOffice, anna: Citizen) -> str:
    """A question that was taken in and acknowledged: its Message-ID."""
    sent = anna.write(desk.address, "No puc signar", ASKED)
    anna.wait_for_mail()
    return sent


def test_an_acknowledgement_has_the_headers_that_others_rely_on(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna, other = someone(mail_servers), someone(mail_servers, "Una altra")
    thread = "<earlier.1@casa.example>"
    headers = {"References": thread, "In-Reply-To": thread, "Reply-To": other.address}
    sent = anna.write(desk.address, "Padró", ASKED, headers=headers)

    (ack,) = anna.wait_for_mail()

    number = number_of(desk, sent)
    assert ack["From"].addresses[0].addr_spec == desk.address
    assert [address.addr_spec for address in ack["To"].addresses] == [anna.address]
    assert str(ack["Subject"]).startswith(f"[{number}-")
    assert ack["In-Reply-To"] == sent
    assert str(ack["References"]).split() == [thread, sent]
    assert (ack["Auto-Submitted"], ack["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert (ack["X-Oacmail-Case"], ack["X-Oacmail-Kind"]) == (number, "ack")
    assert ack["X-Oacmail"]
    assert ack["Return-Path"] == "<>", "it cannot bounce"
    assert [part.get_content_type() for part in ack.iter_parts()] == ["text/plain", "text/html"]
    assert not ack.defects
    assert not desk.rows("SELECT 1 FROM outbox WHERE recipient = ?", other.address)


def test_what_an_outsider_puts_into_sent_by_plus_addressing_is_no_answer(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with MailServers(detail=True) as open_road, opened(open_road, tmp_path_factory.mktemp("detail")) as desk:
        anna, mallory = someone(open_road), someone(open_road, "Mallory")
        sent = asked(desk, anna)
        mail = everyday(desk.address, anna.address, "Re: No puc signar", ANSWER, headers={"In-Reply-To": sent})

        mallory.send(mail.as_bytes(policy=policy.SMTP), desk.address.replace("@", "+Sent@"))

        row = message(desk, str(mail["Message-ID"]))
        assert (row["folder"], row["outcome"]) == ("Sent", "quarantined")
        assert waiting_for_a_person(desk, row["message_id"]) == "in-sent-but-came-by-smtp"
        assert len(running_deadlines(desk, number_of(desk, sent))) == 1


def test_an_agents_own_mail_by_login_is_an_answer(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)
    with at_desk(desk) as agent:
        question = agent.read(agent.find(sent))
    mail = everyday(marta.address, anna.address, "", ANSWER, answers=question, headers={"Cc": desk.address})

    tls = ssl.create_default_context(cafile=str(mail_servers.certs.ca))
    with smtplib.SMTP("localhost", mail_servers.postfix.submission_port) as relay:
        relay.starttls(context=tls)
        relay.login(marta.address, PASSWORD)
        relay.send_message(mail, f"bounce@{DOMAIN}", [anna.address, desk.address])

    assert message(desk, str(mail["Message-ID"]))["role"] == "agent"
    assert case_of(desk, sent)["status"] == "answered"


def test_what_an_agent_writes_to_the_person_arrives_without_the_notice(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna, had = someone(mail_servers), len(marta.inbox())
    sent = anna.write(desk.address, "No puc entrar", f"{ASKED} La meva contrasenya és: Gat-2026.")
    anna.wait_for_mail()
    notice = marta.wait_for_mail(had + 1)[-1]  # a password causes one at once
    (address,) = set(re.findall(r"mailto:([^?\s]+\+r-[^?\s]+)\?", text_of(notice)))

    reply = OUTLOOK.reply(f"Marta <{marta.address}>", address, notice, ANSWER)
    marta.send(reply.as_bytes(policy=policy.SMTP), address)

    *_, got = anna.wait_for_mail(2)
    assert (got["X-Oacmail-Kind"], got["In-Reply-To"], text_of(got).strip()) == ("relayed", sent, ANSWER)
    until(lambda: not running_deadlines(desk, number_of(desk, sent)), 15, what=f"it counts\n{desk.log()}")
    with at_desk(desk) as agent:
        agent.find(str(got["Message-ID"]), "Sent")
    back = anna.reply(got, "I on és el meu rebut?")
    assert number_of(desk, back) == number_of(desk, sent)
    assert case_of(desk, sent)["status"] == "open"
    desk.wait_until_accounted()


def test_an_answer_that_the_servers_return_opens_the_case_again(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = Citizen(mail_servers, "Anna", user=f"{mail_servers.new_user('lost')}-bounces", domain="perduda.example")
    first = anna.write(desk.address, "No puc signar", ASKED)
    number = number_of(desk, first)

    with at_desk(desk) as agent:
        agent.answer(agent.read(agent.find(first)), ANSWER)

    until(lambda: mails_to(desk, marta.address, "bounced"), 15, what=lambda: f"the agents are told\n{desk.log()}")
    answers = "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.number = ? AND m.role = 'agent'"
    until(lambda: desk.rows(answers, number), 15, what="the answer is seen")
    case = desk.case(number)
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert len(running_deadlines(desk, number)) == 1


def test_an_acknowledgement_that_the_servers_return_is_failed_and_reported(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk = office(smtp={"ack_envelope": "bounce"})
    anna = Citizen(mail_servers, "Anna", user=f"{mail_servers.new_user('lost')}-bounces", domain="perduda2.example")
    with desk.running():
        number = number_of(desk, anna.write(desk.address, "No puc signar", ASKED))
        until(lambda: [mail["state"] for mail in mails_to(desk, anna.address)] == ["failed"], 15, what="failed")
        assert number in str(desk.agent.wait_for_mail()[0]["Subject"])
        assert len(running_deadlines(desk, number)) == 1


def test_an_escalation_that_the_relay_finds_too_large_goes_without_the_original_in_the_same_tick(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with MailServers(options=PostfixOptions(message_size_limit=300_000)) as narrow:
        desk = RunningOffice(narrow, tmp_path_factory.mktemp("narrow"), imap={"backlog_days": 5})
        mail = _with_a_large_form(everyday(someone(narrow).address, desk.address, "No puc signar", ASKED))
        two_days_ago = datetime.now(ZoneInfo("Europe/Madrid")) - timedelta(days=2)
        Maildir(narrow.dovecot, desk.user).deliver(mail.as_bytes(policy=policy.SMTP), "INBOX", at=two_days_ago)

        desk.oacmail("once")

        (word,) = desk.supervisor.wait_for_mail()
        assert "no puc presentar la instància" in text_of(word)
        assert "El missatge original no s'adjunta" in text_of(word)
        assert not list(word.iter_attachments())
        sent = mails_to(desk, desk.supervisor.address, "overdue")
        assert {row["key"].endswith(":bare"): row["state"] for row in sent} == {False: "failed", True: "sent"}


def _with_a_large_form(mail: EmailMessage) -> EmailMessage:
    mail.add_attachment(b"%PDF-1.4 " + b"form " * 50_000, maintype="application", subtype="pdf", filename="a.pdf")
    return mail
