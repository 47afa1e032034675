"""The shortest path: a message by SMTP, a case, an acknowledgement in the citizen's mailbox."""

from collections.abc import Callable
from email import policy

from testbed.messages import message
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until


def test_a_citizen_writes_and_holds_the_acknowledgement_with_number_and_day(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk, anna = office(), Citizen(mail_servers, "Anna Puig")
    with desk.running():
        sent = anna.write(
            desk.address, "No puc signar la instància", "Bon dia, no puc signar la instància amb l'idCAT."
        )
        (ack,) = anna.wait_for_mail()
        (case,) = desk.wait_for_cases(1)
    assert case["citizen"] == anna.address
    assert case["status"] == "open"
    assert case["number"] in str(ack["Subject"])
    assert str(ack["Subject"]).startswith(f"[{case['number']}-")
    assert ack["In-Reply-To"] == sent
    assert ack["Auto-Submitted"] == "auto-replied"
    assert ack["From"].addresses[0].addr_spec == desk.address


def test_the_copy_of_the_acknowledgement_is_filed_in_sent_and_seen(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk, anna = office(), Citizen(mail_servers, "Anna Puig")
    with desk.running():
        anna.write(desk.address, "Empadronament", "Com demano un volant d'empadronament?")
        (ack,) = anna.wait_for_mail()
        agent = desk.at_desk()
        uid = agent.find(str(ack["Message-ID"]), "Sent")
        assert "\\Seen" in agent.flags(uid, "Sent")
        until(lambda: agent.uids("INBOX") and len(agent.uids("INBOX")) == 1, what="only her message in INBOX")
        until(lambda: desk.rows("SELECT 1 FROM outbox WHERE copied_at IS NOT NULL"), what="the copy settles its row")
        agent.close()
    (mail,) = desk.json("outbox", "list", "--all")
    assert mail["state"] == "sent"
    desk.wait_until_accounted()


def test_a_groups_copy_that_comes_first_takes_nothing_from_the_persons_own(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk, anna = office(), Citizen(mail_servers, "Anna Puig")
    mail = message(anna.address, desk.address, "No puc signar", "Bon dia, no puc signar la instància amb l'idCAT.")
    own = mail.as_bytes(policy=policy.SMTP)
    with desk.running():
        anna.send(b"List-Id: <info.castellbisbal.example>\r\nPrecedence: list\r\n" + own, desk.address)
        filed = "SELECT 1 FROM messages WHERE role = 'robot' AND outcome = 'automatic'"
        until(lambda: desk.rows(filed), what="the group's copy is filed as automatic")
        anna.send(own, desk.address)
        (ack,) = anna.wait_for_mail()
        (case,) = desk.wait_for_cases(1)
    assert (case["citizen"], case["status"], ack["In-Reply-To"]) == (anna.address, "open", mail["Message-ID"])
