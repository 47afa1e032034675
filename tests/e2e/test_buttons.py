"""Links over real servers: a button of a notice orders once and by its agent alone, a link of a survey votes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage

import pytest

from testbed.messages import message as everyday
from testbed.messages import written_by
from tests.e2e.office import PROOF, RunningOffice
from tests.e2e.watching import answered_by, number_of, opened
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until
from tests.survey.test_survey import links

FAULT = "Bon dia, des d'ahir la seu electrònica dona error 500 a tothom en enviar la instància."


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, marta: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    root = tmp_path_factory.mktemp("buttons")
    with opened(mail_servers, root, trust=PROOF, people={"agents": [marta.address]}) as office:
        yield office


def press(sender: Citizen, link: str) -> None:
    """Send the mail that the link opens, as it stands (RFC 6068)."""
    to, subject, text = written_by(link)
    mail = everyday(f"{sender.name} <{sender.address}>", to, subject, text)
    sender.send(mail.as_bytes(), to)


def kinds(person: Citizen, kind: str) -> list[EmailMessage]:
    return [mail for mail in person.inbox() if mail["X-Oacmail-Kind"] == kind]


def test_a_citizen_is_asked_and_votes_by_a_link_and_the_canary_is_back(
    mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    on = {"enabled": True}
    desk = RunningOffice(mail_servers, tmp_path_factory.mktemp("survey"), trust=PROOF, survey=on, canary=on)
    desk.program = "tests.e2e.impatient"
    anna = Citizen(mail_servers, "Anna")
    with desk.running():
        question = anna.write(desk.address, "Padró", "Bon dia, com puc demanar un volant de padró?")
        number = number_of(desk, question)
        answered_by(desk, question, "Bon dia, a la seu electrònica.")
        desk.oacmail("case", "close", number, "--reason", "answered")
        with closing(sqlite3.connect(desk.state / "oacmail.db")) as con, con:
            con.execute("UPDATE deadlines SET due_at = started_at WHERE kind = 'survey'")  # the next morning has come
        survey = until(lambda: kinds(anna, "survey"), what=lambda: f"the survey\n{desk.log()}")[0]
        press(anna, links(survey)[4])
        until(lambda: desk.case(number)["score"] == 4, what=lambda: f"the vote\n{desk.log()}")
        assert desk.case(number)["status"] == "closed"
        assert [mail["X-Oacmail-Kind"] for mail in anna.inbox() if mail["X-Oacmail-Kind"]] == ["ack", "survey"]
        until(lambda: desk.status()["canary"], what=lambda: f"the canary\n{desk.log()}")
        assert not desk.indiscretions()
