"""The technical services answer from Outlook, over real servers: the agent hears of it, the citizen gets none of it."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.e2e.office import PROOF, RunningOffice
from tests.e2e.watching import at_desk, everything_in, number_of, opened, plain, running_deadlines, someone
from tests.servers.mail_servers import DOMAIN, MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

FAULT = "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància, i a tothom li passa."
FOLLOW_UP = """SELECT d.kind FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE c.number = ?
AND d.kind IN ('nudge', 'update') AND d.met_at IS NULL AND d.withdrawn_at IS NULL
AND d.fired_at IS NULL ORDER BY d.kind"""


@pytest.fixture(scope="module")
def services(mail_servers: MailServers) -> Citizen:
    """Their mail is vouched for by our exchanger."""
    return Citizen(mail_servers, "Tècnics", user=f"{mail_servers.new_user('tecnics')}-proven", domain=DOMAIN)


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, services: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    people = {"technical": [services.address]}
    with opened(mail_servers, tmp_path_factory.mktemp("services"), trust=PROOF, people=people) as office:
        yield office


def _of_kind(person: Citizen, kind: str, case: str) -> list[EmailMessage]:
    return [mail for mail in person.inbox() if mail["X-Oacmail-Kind"] == kind and mail["X-Oacmail-Case"] == case]


def _wait(person: Citizen, kind: str, case: str, count: int = 1) -> EmailMessage:
    def found() -> list[EmailMessage]:
        mails = _of_kind(person, kind, case)
        return mails if len(mails) >= count else []

    return until(found, 15, what=f"{kind} of {case}")[-1]


def _as_outlook(text: str, to: EmailMessage) -> str:
    """The reply on top, and below the original without quote marks."""
    head = f"De: OAC 360 <{to['From']}>\nEnviat: dimecres, 25 de novembre de 2026 9:00\nPer a: Tècnics\n"
    return f"{text}\n\n\n{'_' * 32}\n{head}Assumpte: {to['Subject']}\n\n{plain(to)}"


def _replies(services: Citizen, desk: RunningOffice, to: EmailMessage, text: str) -> None:
    services.write(desk.address, f"RE: {to['Subject']}", _as_outlook(text, to), answers=to)


def test_a_reply_from_outlook_reaches_the_agent_and_only_the_agents_answer_ends_the_case(
    desk: RunningOffice, mail_servers: MailServers, services: Citizen
) -> None:
    anna = someone(mail_servers)
    sent = anna.write(desk.address, "Error 500 a la seu", FAULT)
    number = number_of(desk, sent)
    with at_desk(desk) as agent:
        agent.create("Drafts")
    derivation = _wait(services, "derived", number)
    assert "(1) ja està resolt" in plain(derivation)
    desk.oacmail("case", "escalate", number)
    until(lambda: _of_kind(anna, "passed_on", number), 15, what="the citizen is told of the derivation")

    _replies(services, desk, derivation, "Encara no està resolt, el Pau hi treballa.")
    unread = _wait(desk.agent, "services", number)
    assert "> Encara no està resolt, el Pau hi treballa." in plain(unread)
    assert "continua com estava" in plain(unread)
    assert [row["kind"] for row in desk.rows(FOLLOW_UP, number)] == ["nudge", "update"]

    _replies(services, desk, derivation, "Ja està arreglat.\n\nPau, Serveis tècnics")
    solved = _wait(desk.agent, "solved", number)
    assert "cal dir-ho a la persona" in str(solved["Subject"])
    assert "a la carpeta «Drafts»" in plain(solved)
    assert desk.rows(FOLLOW_UP, number) == []
    assert len(running_deadlines(desk, number)) == 1
    assert desk.case(number)["status"] == "derived"

    with at_desk(desk) as agent:
        (uid,) = until(lambda: agent.uids("Drafts"), 15, what="the draft")
        assert agent.flags(uid, "Drafts") - {"\\Recent"} == {"\\Draft"}
        draft = agent.read(uid, "Drafts")
        assert (draft["To"], draft["In-Reply-To"]) == (anna.address, sent)
        assert f"la incidència {number} ja està resolta" in plain(draft)
        headers = {name: draft[name] for name in ("In-Reply-To", "References")}
        agent.send(draft["To"], draft["Subject"], plain(draft), headers)  # as a client sends what it opens there
        agent.delete(uid, "Drafts")
    until(lambda: desk.case(number)["status"] == "answered", 15, what="the citizen knows the outcome")
    assert running_deadlines(desk, number) == []
    assert not [mail for mail in anna.inbox() if "Pau" in everything_in(mail)]
    assert [mail["X-Oacmail-Kind"] for mail in anna.inbox() if mail["X-Oacmail-Kind"]] == ["ack", "passed_on"]
