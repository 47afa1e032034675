"""The shortest path: a message by SMTP, a case, an acknowledgement in the citizen's mailbox."""

from collections.abc import Callable

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
