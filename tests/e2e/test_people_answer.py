"""Agents answer with Outlook, Gmail, Apple Mail and Thunderbird: what is then in their mailboxes and hers."""

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage

import pytest

from testbed.messages import message as everyday
from testbed.office import NO_LIMITS
from tests.e2e.clients import CLIENTS
from tests.e2e.office import PROOF, RunningOffice
from tests.e2e.watching import (
    at_desk,
    case_of,
    everything_in,
    message,
    number_of,
    opened,
    plain,
    running_deadlines,
    someone,
)
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

ASKED = "Bon dia, no puc entrar a la carpeta ciutadana. La meva contrasenya és: Gat-2026."
ANSWER = "Ja hi podeu entrar, Anna."


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, marta: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    root = tmp_path_factory.mktemp("answers")
    with opened(mail_servers, root, trust=PROOF, people={"agents": [marta.address]}, ack=NO_LIMITS) as office:
        yield office


@pytest.fixture(scope="module")
def other_desk(
    mail_servers: MailServers, marta: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    """A second office: of one kind of notice, five an hour come as single mails."""
    root = tmp_path_factory.mktemp("other")
    with opened(mail_servers, root, trust=PROOF, people={"agents": [marta.address]}, ack=NO_LIMITS) as office:
        yield office


def _post(sender: Citizen, mail: EmailMessage, *to: str) -> str:
    sender.send(mail.as_bytes(policy=policy.SMTP), *to)
    return str(mail["Message-ID"])


def _notice(desk: RunningOffice, anna: Citizen, marta: Citizen) -> tuple[str, EmailMessage]:
    """(the Message-ID of Anna's message, the notice that Marta has of it). A password causes one at once."""
    before = len(marta.inbox())
    sent = anna.write(desk.address, "No puc entrar", ASKED)
    anna.wait_for_mail()
    notice = marta.wait_for_mail(before + 1)[-1]
    assert number_of(desk, sent) in str(notice["Subject"])
    return sent, notice


def _answer_address(notice: EmailMessage) -> str:
    found = re.search(r"mailto:([^?\s]+\+r-[^?\s]+)\?", plain(notice))
    assert found is not None, plain(notice)
    return found[1]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_an_agent_writes_to_the_person_arrives_without_the_notice(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen, client: str
) -> None:
    anna = someone(mail_servers)
    sent, notice = _notice(desk, anna, marta)
    had = len(marta.inbox())
    mail = CLIENTS[client].reply(f"Marta <{marta.address}>", _answer_address(notice), notice, ANSWER)

    written = _post(marta, mail, _answer_address(notice))

    *_, got = anna.wait_for_mail(2)
    assert (got["X-Oacmail-Kind"], got["From"].addresses[0].addr_spec) == ("relayed", desk.address)
    assert got["In-Reply-To"] == sent
    assert str(got["Subject"]).endswith("] Re: No puc entrar")
    assert plain(got).strip() == ANSWER
    page = got.get_body(("html",))
    assert page is not None
    assert f"<b>{ANSWER}</b>" in page.get_content()
    seen = everything_in(got)
    internal = [line.strip("-> ") for line in plain(notice).splitlines() if len(line) > 20]
    assert not [line for line in internal if line in seen]
    for hidden in (
        marta.user,
        written,
        "10.20.30.40",
        "Outlook",
        "Thunderbird",
        "Apple Mail",
        "gmail",
        "Auto-Submitted",
    ):
        assert hidden not in seen

    until(lambda: not running_deadlines(desk, number_of(desk, sent)), 15, what=f"it counts\n{desk.log()}")
    assert case_of(desk, sent)["status"] == "answered"
    with at_desk(desk) as agent:
        agent.find(str(got["Message-ID"]), "Sent")
    assert len(marta.inbox()) == had
    desk.wait_until_accounted()


def test_she_writes_back_and_it_is_the_same_case(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    sent, notice = _notice(desk, anna, marta)
    _post(marta, everyday(marta.address, _answer_address(notice), "Resposta", ANSWER), _answer_address(notice))
    *_, got = anna.wait_for_mail(2)

    back = anna.reply(got, "I on és el meu rebut?")

    assert number_of(desk, back) == number_of(desk, sent)
    assert case_of(desk, sent)["status"] == "open"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_plain_reply_to_a_notice_reaches_no_citizen(
    other_desk: RunningOffice, mail_servers: MailServers, marta: Citizen, client: str
) -> None:
    anna = someone(mail_servers)
    sent, notice = _notice(other_desk, anna, marta)
    had = len(marta.inbox())

    reply = _post(
        marta,
        CLIENTS[client].reply(f"Marta <{marta.address}>", other_desk.address, notice, "És pesada."),
        other_desk.address,
    )

    assert message(other_desk, reply)["outcome"] == "staff"
    *_, transcript = marta.wait_for_mail(had + 1)
    assert transcript["X-Oacmail-Kind"] == "transcript"
    assert len(anna.inbox()) == 1
    assert case_of(other_desk, sent)["status"] == "open"


def test_an_order_to_the_answer_address_comes_back(
    other_desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    sent, notice = _notice(other_desk, anna, marta)
    had = len(marta.inbox())
    address = _answer_address(notice)

    _post(marta, everyday(marta.address, address, "Re: cas", "#nota És pesada\n\nBon dia"), address)

    *_, told = marta.wait_for_mail(had + 1)
    assert told["X-Oacmail-Kind"] == "not_relayed"
    assert len(anna.inbox()) == 1
    assert case_of(other_desk, sent)["status"] == "open"


def test_a_new_mail_from_the_shared_mailbox_to_a_person_with_two_cases(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    first = anna.write(desk.address, "Signar la instància", "Bon dia, com la signo?")
    second = anna.write(desk.address, "Beca de menjador", "Bon dia, quan surt la beca?")
    anna.wait_for_mail(2)
    had = len(marta.inbox())
    mail = everyday(desk.address, anna.address, "La vostra pregunta", "Bon dia, el mes que ve.")
    with at_desk(desk) as agent:
        agent.append(mail.as_bytes(policy=policy.SMTP), "Sent", "\\Seen")
    *_, ask = marta.wait_for_mail(had + 1)
    assert ask["X-Oacmail-Kind"] == "which_case"
    assert {case_of(desk, sent)["status"] for sent in (first, second)} == {"open"}

    number = number_of(desk, second)
    text = f"{int(number.rpartition('-')[2])}\n\nMarta"
    _post(
        marta,
        everyday(marta.address, desk.address, f"Re: {ask['Subject']}", text, answers=ask),
        desk.address,
    )

    until(lambda: not running_deadlines(desk, number), 15, what=f"it is chosen\n{desk.log()}")
    assert [case_of(desk, sent)["status"] for sent in (first, second)] == ["open", "answered"]
    assert marta.wait_for_mail(had + 2)[-1]["X-Oacmail-Kind"] == "transcript"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_forward_is_the_case_of_the_person_who_wrote_it(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen, client: str
) -> None:
    anna = someone(mail_servers)
    had = len(marta.inbox())
    anna.write(marta.address, "Signar la instància", "Bon dia, com la signo?")
    *_, original = marta.wait_for_mail(had + 1)
    forward = CLIENTS[client].forward(f"Marta <{marta.address}>", desk.address, original)

    sent = _post(marta, forward, desk.address)

    *_, question = marta.wait_for_mail(had + 2)
    assert question["X-Oacmail-Kind"] == "forwarded"
    (case,) = [case for case in desk.cases() if case["citizen"] == anna.address]
    assert not anna.inbox()
    _post(
        marta,
        everyday(marta.address, desk.address, f"Re: {question['Subject']}", "Sí", answers=question),
        desk.address,
    )
    (ack,) = anna.wait_for_mail()
    assert ack["X-Oacmail-Kind"] == "ack"
    assert case["number"] in str(ack["Subject"])
    assert marta.user not in everything_in(ack)
    assert sent not in everything_in(ack)
    assert marta.wait_for_mail(had + 3)[-1]["X-Oacmail-Kind"] == "transcript"


def test_a_message_forwarded_as_an_attachment_is_acknowledged_in_its_thread(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    had = len(marta.inbox())
    asked = anna.write(marta.address, "Signar la instància", "Bon dia, com la signo?")
    *_, original = marta.wait_for_mail(had + 1)
    forward = everyday(marta.address, desk.address, "RV: Signar la instància", "Us ho passo.")
    forward.add_attachment(original)

    _post(marta, forward, desk.address)

    (ack,) = anna.wait_for_mail()
    assert ack["In-Reply-To"] == asked
    assert marta.user not in everything_in(ack)
    assert len(marta.inbox()) == had + 1
