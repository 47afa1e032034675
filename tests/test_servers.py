"""The mail servers of the tests and their users do what the other tests expect."""

import imaplib
import smtplib
import ssl
from collections.abc import Callable

import pytest

from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.mail_servers import MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Agent, Citizen
from tests.servers.ports import HOST
from tests.servers.postfix import PostfixOptions
from tests.servers.waiting import until


def test_a_citizen_writes_and_an_agent_answers_from_the_shared_mailbox(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    anna, marta = Citizen(mail_servers), Agent(mail_servers, office)
    question = anna.write(mail_servers.address(office), "Padró", "Què he de portar?")
    message = marta.read(marta.find(question))
    answer = marta.answer(message, "El DNI.")
    (got,) = anna.wait_for_mail()
    assert (got["Message-ID"], got["In-Reply-To"]) == (answer, question)
    assert marta.find(answer, "Sent")


def test_an_agents_client_flags_copies_moves_and_deletes(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    marta = Agent(mail_servers, office)
    marta.create("Elements enviats/Año")
    uid = marta.find(Citizen(mail_servers).write(mail_servers.address(office), "Hola", "Bon dia"))
    marta.flag(uid, "\\Flagged", "$Vist")
    assert {"\\Flagged", "$Vist"} <= marta.flags(uid)
    marta.copy(uid, "Elements enviats/Año")
    marta.move(uid, "Junk")
    (moved,) = marta.uids("Junk")
    marta.delete(moved, "Junk")
    assert [len(marta.uids(folder)) for folder in ("INBOX", "Junk", "Elements enviats/Año")] == [0, 0, 1]


@pytest.mark.parametrize(("user", "code"), [("x-refused", 550), ("x-later", 450), ("x-bounces", 250)])
def test_difficult_recipients_are_known_by_their_ending(mail_servers: MailServers, user: str, code: int) -> None:
    with smtplib.SMTP("localhost", mail_servers.postfix.submission_port) as relay:
        relay.starttls(context=ssl.create_default_context(cafile=str(mail_servers.certs.ca)))
        relay.login("anybody", PASSWORD)
        relay.mail("")
        assert relay.rcpt(mail_servers.address(user))[0] == code


def test_a_mail_that_bounces_comes_back_as_a_delivery_report(mail_servers: MailServers) -> None:
    anna = Citizen(mail_servers)
    anna.write(mail_servers.address("x-bounces"), "Hola", "Bon dia")
    (report,) = anna.wait_for_mail()
    assert report.get_content_type() == "multipart/report"


def test_a_restored_mailbox_gives_the_same_uids_to_other_messages(dovecot: Callable[..., Dovecot]) -> None:
    box = Maildir(dovecot(), "oac")
    box.deliver(b"Subject: 1\n\nx\n")
    before = _uids(box)
    yesterday = box.snapshot()
    box.deliver(b"Subject: 2\n\nx\n")
    today = _uids(box)
    box.restore(yesterday)
    box.deliver(b"Subject: 3\n\nx\n")
    assert before == {(1, "1")}
    assert today - before == {(2, "2")}
    assert _uids(box) - before == {(2, "3")}


def test_a_killed_dovecot_comes_back_on_the_same_port_with_its_mail(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = Maildir(server, "oac")
    box.deliver(b"Subject: 1\n\nx\n")
    server.kill()
    server.start()
    assert _uids(box) == {(1, "1")}


def test_own_mail_servers_can_limit_sizes_refuse_the_null_sender_and_share_folders() -> None:
    with MailServers(detail=True, options=PostfixOptions(message_size_limit=20_000, null_sender=False)) as mail_servers:
        anna, office = Citizen(mail_servers), Citizen(mail_servers)
        with pytest.raises(smtplib.SMTPResponseException, match=r"5\.3\.4"):
            anna.write(office.address, "Gran", "x" * 30_000)
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="no null senders"):
            anna.send(b"Subject: x\n\nx\n", office.address, envelope_from="")
        anna.write(f"{office.user}+Sent@castellbisbal.cat", "De fora", "Bon dia")
        until(lambda: office.mailbox.messages("Sent"), what="a message in Sent")
        assert office.inbox() == []


def test_waiting_ends_with_an_error_that_says_for_what() -> None:
    with pytest.raises(AssertionError, match="the moon"):
        until(lambda: False, 0.02, what="the moon")


def _uids(box: Maildir) -> set[tuple[int, str]]:
    with imaplib.IMAP4(HOST, box.server.imap_port) as client:
        client.login(box.user, PASSWORD)
        client.select("INBOX", readonly=True)
        data = client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER])")[1]
    return {(int(part[0].split()[2]), part[1].decode()[9:10]) for part in data if isinstance(part, tuple)}
