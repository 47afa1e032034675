"""The junk folder of a real server: read, counted and left alone until an agent says what it is."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from testbed.messages import message as everyday
from tests.e2e.office import PROOF, RunningOffice
from tests.e2e.test_buttons import kinds
from tests.e2e.watching import opened, plain
from tests.servers.mail_servers import MailServers
from tests.servers.people import Agent, Citizen
from tests.servers.waiting import until

ASKS = "Bon dia, em diuen que no tinc dret a la beca menjador. Com ho puc reclamar?"
PRIZE = "Dear friend, you won the lottery, claim your prize in bitcoin now, casino bonus, viagra, click here."


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, marta: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    root = tmp_path_factory.mktemp("junk")
    with opened(mail_servers, root, trust=PROOF, people={"agents": [marta.address]}) as office:
        yield office


def filtered(desk: RunningOffice, at_desk: Agent, sender: Citizen, subject: str, text: str) -> EmailMessage:
    """The server's filter has put a mail of this person into Junk."""
    mail = everyday(f"{sender.name} <{sender.address}>", desk.address, subject, text)
    at_desk.append(mail.as_bytes(), "Junk")
    return mail


def test_a_person_in_junk_is_shown_to_the_agent_whose_word_brings_her_in(
    desk: RunningOffice, marta: Citizen, mail_servers: MailServers
) -> None:
    anna, at_desk = Citizen(mail_servers, "Anna"), desk.at_desk()
    filtered(desk, at_desk, anna, "Beca", ASKS)
    filtered(desk, at_desk, Citizen(mail_servers, "Prize"), "You won the lottery", PRIZE)
    (card,) = until(lambda: kinds(marta, "in_junk"), what="the card")
    assert "«Bon dia, em diuen que no tinc dret a la beca menjador." in plain(card)
    desk.wait_until_accounted()
    desk.passes()
    assert (desk.cases(), anna.inbox(), len(kinds(marta, "in_junk"))) == ([], [], 1)
    assert len(at_desk.uids("Junk")) == 2
    marta.reply(card, "És persona")
    (case,) = desk.wait_for_cases(1)
    assert case["status"] == "open"
    (ack,) = anna.wait_for_mail()
    assert ack["X-Oacmail-Kind"] == "ack"
    assert len(at_desk.uids("Junk")) == 2


def test_what_an_agent_drags_to_inbox_is_acknowledged_like_any_other(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    pere, at_desk = Citizen(mail_servers, "Pere"), desk.at_desk()
    mail = filtered(desk, at_desk, pere, "Padró", "Bon dia, com demano un volant de padró?")
    uid = at_desk.find(str(mail["Message-ID"]), "Junk")
    desk.passes()
    assert pere.inbox() == []
    at_desk.move(uid, "INBOX", "Junk")
    (ack,) = pere.wait_for_mail()
    assert ack["X-Oacmail-Kind"] == "ack"
    at_desk.move(at_desk.find(str(mail["Message-ID"])), "Junk")
    desk.passes()
    assert len(pere.inbox()) == 1
    assert desk.status()["unaccounted"] == 0
