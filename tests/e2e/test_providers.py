"""The whole story with the profiles of Microsoft 365 and Google, on servers that act as theirs do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage

import pytest

from tests.e2e.office import IMPATIENT, RunningOffice
from tests.e2e.watching import at_desk, mails_to, number_of
from tests.fakes.relay import Relay, Script
from tests.servers.people import Citizen
from tests.servers.provider import CHARACTERS, ProviderImap, provider_relay, renamed
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]
OPEN, ANSWERED, CLOSED = "OAC360/1 Pendents", "OAC360/5 Resposts", "OAC360/6 Tancats"
BYE = "BYE Request is throttled. Suggested Backoff Time: 1500 milliseconds"
BANDWIDTH = "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)"
MINUTE = "432 4.3.2 Concurrent connections limit exceeded"
DAY = "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail"


@contextmanager
def _at(desk: RunningOffice, provider: str, script: Script) -> Iterator[tuple[ProviderImap, Relay]]:
    """The desk with this profile, on a password, because the tokens have tests of their own."""
    character, servers = CHARACTERS[provider], desk.mail_servers
    with (
        ProviderImap(servers.dovecot.imap_port, character) as imap,
        provider_relay(servers, desk.user, character, script) as relay,
    ):
        plain = {"security": "none", "auth": "password"}
        desk.settings["smtp"].pop("per_minute")
        desk.change(imap={**plain, "port": imap.port, "provider": provider}, smtp={**plain, "port": relay.port})
        desk.program = IMPATIENT
        with desk.running():
            yield imap, relay


def _until(desk: RunningOffice, query: str, value: str) -> None:
    """Asked seldom: the wait itself costs what the suite has little of."""
    until(lambda: desk.rows(query, value), 20, every=0.1, what=desk.log)


def _as_handed_over(mail: EmailMessage) -> bytes:
    """Without what was added on the way."""
    for name in ("Return-Path", "Delivered-To", "Received", "X-Original-To"):
        del mail[name]
    return mail.as_bytes(policy=policy.SMTP)


@pytest.mark.parametrize(
    ("provider", "trouble", "script"),
    [("microsoft365", BYE, {"BODY": [MINUTE]}), ("google", BANDWIDTH, {"BODY": [DAY]})],
)
def test_a_case_from_its_mail_to_its_end_at_a_provider(
    office: MakeOffice, provider: str, trouble: str, script: Script
) -> None:
    desk = office(board={"enabled": True})
    anna = Citizen(desk.mail_servers)
    with _at(desk, provider, script) as (imap, relay):
        question = anna.write(desk.address, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
        (acknowledgement,) = anna.wait_for_mail(1, 20)
        assert [line["event"] for line in desk.log_lines("mail.later")] == ["mail.later"], "a limit, then it left"
        imap.cut()
        imap.answers.append(trouble)
        reply = anna.reply(acknowledgement, "Em surt l'error 12.")
        until(lambda: not imap.answers, 20, what="the provider has limited us")
        _until(desk, "SELECT 1 FROM messages WHERE message_id = ?", reply)
        with at_desk(desk) as agent:
            agent.answer(agent.read(agent.find(question, OPEN), OPEN), "Així.", save=False)
            sent = _as_handed_over(anna.wait_for_mail(2)[-1])
            agent.append(renamed(sent) if CHARACTERS[provider].rewrites else sent, "Sent", "\\Seen")
            _until(desk, "SELECT 1 FROM cases WHERE status = ?", "answered")
            uid = agent.find(question, ANSWERED, 20)
            move = agent.copy if provider == "google" else agent.move  # a label in the web client of Gmail
            move(uid, CLOSED, ANSWERED)
            _until(desk, "SELECT 1 FROM cases WHERE status = ?", "closed")
            desk.passes()
            assert (len(agent.uids(CLOSED)), agent.uids(ANSWERED), agent.uids()) == (2, [], [])
        (case,) = desk.cases()
        assert case["answered_at"] is not None
        assert number_of(desk, reply) == case["number"]
        (row,) = mails_to(desk, anna.address)
        assert (row["state"], [mail.recipients for mail in relay.mails].count((anna.address,))) == ("sent", 1)
        assert desk.json("quarantine", "list") == []
        status = until(lambda: (now := desk.status())["ok"] and now, 20, every=0.5, what=desk.log)
        assert status["unaccounted"] == 0
    assert imap.refused == []
    told = [str(mail["Subject"]) for mail in desk.operator.inbox()]
    assert len(told) == len(set(told)), "one alert an outage"
