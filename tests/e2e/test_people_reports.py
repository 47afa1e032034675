"""Delivery reports: each is filed, marks the mail it tells of, and gets no answer."""

from collections.abc import Callable, Iterator

import pytest

from testbed.messages import message as everyday
from tests.e2e import robots
from tests.e2e.office import RunningOffice
from tests.e2e.test_people_robots import ASKED, asked
from tests.e2e.watching import (
    answered_by,
    at_desk,
    case_of,
    mails_to,
    number_of,
    opened,
    plain,
    running_deadlines,
    someone,
)
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with opened(mail_servers, tmp_path_factory.mktemp("reports")) as office:
        yield office


def unreachable(mail_servers: MailServers, ending: str) -> Citizen:
    """A citizen whose mailbox refuses (`refused`), or takes and returns (`bounces`) what is written to him."""
    return Citizen(
        mail_servers,
        "Anna Perduda",
        user=f"{mail_servers.new_user('lost')}-{ending}",
        domain=f"{mail_servers.new_user('d')}.example",
    )


def test_an_acknowledgement_that_the_relay_refuses_is_reported_to_the_agents_and_the_deadline_runs(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = unreachable(mail_servers, "refused")

    sent = anna.write(desk.address, "No puc signar", ASKED)

    number = number_of(desk, sent)
    until(lambda: [mail["state"] for mail in mails_to(desk, anna.address)] == ["failed"], what="refused")
    until(lambda: any(number in str(mail["Subject"]) for mail in desk.agent.inbox()), what="the agent is told")
    assert len(running_deadlines(desk, number)) == 1


def test_a_report_about_the_acknowledgement_marks_it_failed_and_is_reported_once(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna, postmaster = someone(mail_servers), someone(mail_servers, "MTA")
    first, ack = asked(desk, anna)
    number = number_of(desk, first)
    before = case_of(desk, first)

    for _ in range(2):
        postmaster.send(robots.report_about(ack, anna.address, desk.address), desk.address, envelope_from="")

    query = "SELECT m.* FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.kind = 'bounce' AND c.number = ?"
    until(lambda: len(desk.rows(query, number)) == 2, 15, what="both reports are decided")
    assert [mail["state"] for mail in mails_to(desk, anna.address)] == ["failed"]
    told = [mail for mail in mails_to(desk, desk.agent.address, "bounced") if mail["case_id"] == case_id(desk, number)]
    assert len(told) == 1
    after = case_of(desk, first)
    assert (after["status"], after["due_at"]) == (before["status"], before["due_at"])


def case_id(desk: RunningOffice, number: str) -> int:
    return int(desk.rows("SELECT id FROM cases WHERE number = ?", number)[0]["id"])


@pytest.mark.parametrize("action", ["delayed", "delivered"])
def test_a_report_of_delay_or_success_changes_nothing(
    desk: RunningOffice, mail_servers: MailServers, action: str
) -> None:
    anna, postmaster = someone(mail_servers), someone(mail_servers, "MTA")
    first, ack = asked(desk, anna)

    postmaster.send(robots.report_about(ack, anna.address, desk.address, action), desk.address, envelope_from="")

    query = "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.role = 'robot' AND c.number = ?"
    until(lambda: desk.rows(query, number_of(desk, first)), 15, what="the report is decided")
    assert [mail["state"] for mail in mails_to(desk, anna.address)] == ["sent"]
    assert len(running_deadlines(desk, number_of(desk, first))) == 1


def test_a_report_about_somebody_elses_mail_belongs_to_no_case(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    stranger = everyday(anna.address, "x@y.example", "Hola", "Hola")

    anna.send(robots.report_about(stranger, "x@y.example", desk.address), desk.address, envelope_from="")

    query = "SELECT case_id, outcome FROM messages WHERE kind = 'bounce' ORDER BY id DESC"
    until(lambda: any(row["case_id"] is None for row in desk.rows(query)), 15, what="the report is decided")


def test_an_answer_that_comes_back_opens_the_case_again(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = unreachable(mail_servers, "bounces")
    first = anna.write(desk.address, "No puc signar", ASKED)
    number = number_of(desk, first)
    (armed,) = running_deadlines(desk, number)

    with at_desk(desk) as agent:
        agent.answer(agent.read(agent.find(first)), "Bon dia, proveu-ho amb un altre navegador.")

    until(lambda: mails_to(desk, desk.agent.address, "bounced"), 15, what=lambda: f"the agents are told\n{desk.log()}")
    kinds = "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.number = ? AND m.role = 'agent'"
    until(lambda: desk.rows(kinds, number), 15, what="the answer is seen")
    told = until(
        lambda: [mail for mail in desk.agent.inbox() if number in str(mail["Subject"])], what="the agent holds it"
    )
    assert "una resposta de l'OAC 360" in plain(told[0])
    case = desk.case(number)
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert len(running_deadlines(desk, number)) == 1
    assert armed["due_at"] <= running_deadlines(desk, number)[0]["due_at"]


def test_an_answer_whose_report_comes_later_opens_the_case_again(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna, postmaster = someone(mail_servers), someone(mail_servers, "MTA")
    first, _ = asked(desk, anna)
    number = number_of(desk, first)
    answer = answered_by(desk, first, "Bon dia, proveu-ho amb un altre navegador.")
    received = next(mail for mail in anna.wait_for_mail(2) if mail["Message-ID"] == answer)
    assert desk.case(number)["status"] == "answered"

    postmaster.send(robots.report_about(received, anna.address, desk.address), desk.address, envelope_from="")

    until(lambda: running_deadlines(desk, number), 15, what="a new deadline")
    case = desk.case(number)
    assert (case["status"], case["answered_at"]) == ("open", None)


def test_an_answer_of_which_only_the_copy_came_back_stays_an_answer(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna, postmaster = someone(mail_servers), someone(mail_servers, "MTA")
    first, _ = asked(desk, anna)
    number = number_of(desk, first)
    answer = answered_by(desk, first, "Bon dia, proveu-ho.", cc=[desk.technical.address])
    received = next(mail for mail in anna.wait_for_mail(2) if mail["Message-ID"] == answer)

    postmaster.send(robots.report_about(received, desk.technical.address, desk.address), desk.address, envelope_from="")

    query = "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.kind = 'bounce' AND c.number = ?"
    until(lambda: desk.rows(query, number), 15, what="the report is decided")
    assert desk.case(number)["status"] == "answered"
    assert not running_deadlines(desk, number)


def test_a_bounced_acknowledgement_is_failed_and_reported(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk, anna = office(smtp={"ack_envelope": "bounce"}), unreachable(mail_servers, "bounces")
    with desk.running():
        sent = anna.write(desk.address, "No puc signar", ASKED)
        number = number_of(desk, sent)
        until(lambda: [mail["state"] for mail in mails_to(desk, anna.address)] == ["failed"], 15, what="failed")
        told = desk.agent.wait_for_mail()[0]
        assert number in str(told["Subject"])
        assert len(running_deadlines(desk, number)) == 1
