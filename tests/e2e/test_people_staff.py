"""What counts as an answer, and from whom: agents with ordinary clients, with and without proof of identity."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage

import pytest

from testbed.messages import AUTOMATIC
from testbed.messages import message as everyday
from tests.e2e.office import PROOF, RunningOffice
from tests.e2e.watching import (
    answered_by,
    at_desk,
    case_of,
    mails_to,
    message,
    number_of,
    opened,
    plain,
    running_deadlines,
    someone,
    waiting_for_a_person,
)
from tests.servers.mail_servers import DOMAIN, HOSTNAME, PASSWORD, MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

ASKED = "Bon dia, no puc presentar la instància perquè la pàgina no em deixa signar."
ANSWER = "Bon dia, entreu a la seu amb l'idCAT Mòbil i torneu-ho a provar."


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, marta: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    root = tmp_path_factory.mktemp("staff")
    with opened(mail_servers, root, trust=PROOF, people={"agents": [marta.address]}) as office:
        yield office


def asked(desk: RunningOffice, anna: Citizen, **headers: str) -> str:
    """A question that was taken in and acknowledged: its Message-ID."""
    sent = anna.write(desk.address, "No puc signar", ASKED, headers=headers)
    anna.wait_for_mail()
    return sent


def question(desk: RunningOffice, sent: str) -> EmailMessage:
    with at_desk(desk) as agent:
        mail: EmailMessage = agent.read(agent.find(sent))
        return mail


def copied_to(desk: RunningOffice, marta: Citizen, to: EmailMessage, citizen: str, text: str = ANSWER) -> EmailMessage:
    """Marta's answer from her own address, with the office in copy."""
    return everyday(f"Marta <{marta.address}>", citizen, "", text, answers=to, headers={"Cc": desk.address})


def post(sender: Citizen, mail: EmailMessage, *to: str, envelope: str | None = None) -> str:
    sender.send(mail.as_bytes(policy=policy.SMTP), *to, envelope_from=envelope)
    return str(mail["Message-ID"])


def saved_in_sent(desk: RunningOffice, mail: EmailMessage) -> str:
    with at_desk(desk) as agent:
        agent.append(mail.as_bytes(policy=policy.SMTP), "Sent", "\\Seen")
    return str(mail["Message-ID"])


# --- Sent -------------------------------------------------------------------------------------------------


def test_an_answer_from_the_shared_mailbox_meets_the_promise(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)

    answer = answered_by(desk, sent, ANSWER)

    case = case_of(desk, sent)
    assert (case["status"], case["overdue"]) == ("answered", False)
    assert case["answered_at"] is not None
    assert message(desk, answer)["role"] == "agent"
    assert len(mails_to(desk, anna.address)) == 1


def test_an_answer_with_the_citizen_in_copy_is_one_too(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna, union = someone(mail_servers), someone(mail_servers, "Gestoria")
    sent = asked(desk, anna)
    question_of_anna, copy = question(desk, sent), {"Cc": anna.address}

    answer = saved_in_sent(
        desk, everyday(desk.address, union.address, "Re: No puc signar", ANSWER, answers=question_of_anna, headers=copy)
    )

    assert number_of(desk, answer) == number_of(desk, sent)
    assert case_of(desk, sent)["status"] == "answered"


def test_an_answer_to_the_address_that_the_citizen_asked_to_be_answered_at_is_one_too(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    elsewhere = someone(mail_servers, "Anna a casa")
    sent = asked(desk, anna, **{"Reply-To": elsewhere.address})

    answered_by(desk, sent, ANSWER)

    assert any("idCAT" in plain(mail) for mail in elsewhere.wait_for_mail())
    assert case_of(desk, sent)["status"] == "answered"


def test_a_message_about_the_case_to_a_colleague_is_no_answer(desk: RunningOffice, mail_servers: MailServers) -> None:
    sent = asked(desk, someone(mail_servers))
    mail = everyday(
        desk.address, desk.technical.address, "RV: No puc signar", "Ho mireu?", answers=question(desk, sent)
    )

    forwarded = saved_in_sent(desk, mail)

    assert number_of(desk, forwarded) == number_of(desk, sent)
    assert case_of(desk, sent)["status"] == "open"
    assert len(running_deadlines(desk, number_of(desk, sent))) == 1


def test_the_desks_own_vacation_notice_in_sent_is_no_answer(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)
    read = question(desk, sent)

    notice = saved_in_sent(
        desk, everyday(desk.address, anna.address, "Soc fora", "Torno el dia 15.", answers=read, headers=AUTOMATIC)
    )

    assert message(desk, notice)["outcome"] == "automatic"
    assert len(running_deadlines(desk, number_of(desk, sent))) == 1


def test_a_second_answer_leaves_the_first_ones_hour(desk: RunningOffice, mail_servers: MailServers) -> None:
    sent = asked(desk, someone(mail_servers))
    answered_by(desk, sent, ANSWER)
    first = case_of(desk, sent)

    again = answered_by(desk, sent, "Hi afegeixo un enllaç amb les instruccions.")

    message(desk, again)
    second = case_of(desk, sent)
    assert (second["status"], second["answered_at"]) == ("answered", first["answered_at"])


def test_an_answer_seen_in_the_inbox_first_is_decided_by_the_one_in_sent(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)
    mail = everyday(desk.address, anna.address, "", ANSWER, answers=question(desk, sent), headers={"Cc": desk.address})
    answer = post(anna, mail, anna.address, desk.address)
    assert message(desk, answer)["outcome"] == "quarantined"

    saved_in_sent(desk, mail)

    until(lambda: not running_deadlines(desk, number_of(desk, sent)), 15, what="the answer is seen in Sent")
    assert case_of(desk, sent)["status"] == "answered"
    assert waiting_for_a_person(desk, answer) is None
    desk.wait_until_accounted()


def test_what_an_outsider_puts_into_sent_by_plus_addressing_is_no_answer(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with MailServers(detail=True) as open_road, opened(open_road, tmp_path_factory.mktemp("detail")) as desk:
        anna, mallory = someone(open_road), someone(open_road, "Mallory")
        sent = asked(desk, anna)
        mail = everyday(desk.address, anna.address, "Re: No puc signar", ANSWER, headers={"In-Reply-To": sent})

        forged = post(mallory, mail, desk.address.replace("@", "+Sent@"))

        row = message(desk, forged)
        assert (row["folder"], row["outcome"]) == ("Sent", "quarantined")
        assert waiting_for_a_person(desk, forged) == "in-sent-but-came-by-smtp"
        assert len(running_deadlines(desk, number_of(desk, sent))) == 1


# --- an agent's own address -------------------------------------------------------------------------------


def test_an_agents_own_mail_that_our_exchanger_vouches_for_is_an_answer(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)

    answer = post(marta, copied_to(desk, marta, question(desk, sent), anna.address), desk.address)

    assert message(desk, answer)["role"] == "agent"
    assert case_of(desk, sent)["status"] == "answered"


def test_an_agents_own_mail_by_login_is_an_answer(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)
    mail = copied_to(desk, marta, question(desk, sent), anna.address)

    tls = ssl.create_default_context(cafile=str(mail_servers.certs.ca))
    with smtplib.SMTP("localhost", mail_servers.postfix.submission_port) as relay:
        relay.starttls(context=tls)
        relay.login(marta.address, PASSWORD)
        relay.send_message(mail, f"bounce@{DOMAIN}", [anna.address, desk.address])

    message(desk, str(mail["Message-ID"]))
    assert case_of(desk, sent)["status"] == "answered"


def test_without_proof_it_is_a_remark_and_the_agent_hears_of_it_once_a_day(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna = someone(mail_servers)
    sent = asked(desk, anna)
    number = number_of(desk, sent)
    for text in ("Bon dia, tanqueu-ho.", "Bon dia, i tant que sí."):
        mail = copied_to(desk, marta, question(desk, sent), anna.address, text)
        remark = post(anna, mail, desk.address)
        assert (message(desk, remark)["outcome"], number_of(desk, remark)) == ("staff", number)

    assert case_of(desk, sent)["status"] == "open"
    assert len(running_deadlines(desk, number)) == 1
    until(lambda: [mail for mail in marta.inbox() if number in str(mail["Subject"])], what="Marta is told")
    assert len([mail for mail in desk.case(number)["outgoing"] if mail["kind"] == "remark"]) == 1


def test_a_proof_that_the_sender_wrote_himself_proves_nothing(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna, mallory = someone(mail_servers), someone(mail_servers, "Mallory")
    sent = asked(desk, anna)
    mail = copied_to(desk, marta, question(desk, sent), anna.address)
    forged = (
        f"Authentication-Results: {HOSTNAME}; dmarc=pass header.from={DOMAIN}\r\n"
        f"Received: from pc (pc [10.0.0.9]) (Authenticated sender: {marta.address}) by {HOSTNAME} (Postfix)\r\n"
        "\twith ESMTPSA id 4711; Wed, 25 Nov 2026 10:00:00 +0100 (CET)\r\n"
    )

    mallory.send(forged.encode() + mail.as_bytes(policy=policy.SMTP), desk.address)

    assert message(desk, str(mail["Message-ID"]))["outcome"] == "staff"
    assert case_of(desk, sent)["status"] == "open"


def test_without_a_provider_nobody_is_proven(
    mail_servers: MailServers, marta: Citizen, office: Callable[..., RunningOffice]
) -> None:
    anna = someone(mail_servers)
    desk = office(people={"agents": [marta.address]})
    with desk.running():
        sent = asked(desk, anna)
        answer = post(marta, copied_to(desk, marta, question(desk, sent), anna.address), desk.address)

        assert message(desk, answer)["outcome"] == "staff"
        assert case_of(desk, sent)["status"] == "open"


def test_a_colleagues_mail_about_no_case_waits_for_a_person(desk: RunningOffice, marta: Citizen) -> None:
    mail = everyday(marta.address, desk.address, "Dinar de dijous", "Qui s'apunta al dinar de dijous?")

    sent = post(marta, mail, desk.address)

    assert message(desk, sent)["outcome"] == "quarantined"
    assert waiting_for_a_person(desk, sent) == "staff-without-case"
    assert not mails_to(desk, marta.address)


def test_who_asks_as_a_guest_is_answered_when_the_guest_is(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna, son = someone(mail_servers), someone(mail_servers, "El fill")
    sent = asked(desk, anna)
    answered_by(desk, sent, ANSWER)
    ack = anna.inbox()[0]
    asked_too = son.write(desk.address, "Re: La mare i l'idCAT", "On es baixa l'idCAT?", answers=ack)
    assert message(desk, asked_too)["guest"] == 1
    assert len(running_deadlines(desk, number_of(desk, sent))) == 1

    answered_by(desk, asked_too, "Bon dia, a idcat.cat.")

    assert case_of(desk, sent)["status"] == "answered"


# --- orders -----------------------------------------------------------------------------------------------


def test_an_agent_logs_a_call_by_replying_to_a_notice_and_gets_a_transcript(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna, before = someone(mail_servers), len(marta.inbox())
    sent = anna.write(desk.address, "No puc entrar", f"{ASKED} La meva contrasenya és: Gat-2026.")
    notice = marta.wait_for_mail(before + 1)[-1]
    assert notice["X-Oacmail-Kind"] == "secret"

    quoted = "\n".join(f"> {line}" for line in plain(notice).splitlines())
    text = f"Trucat.\n#nota Ja pot entrar.\n\nMarta\n\nEl 27/11/2026 l'OAC 360 va escriure:\n{quoted}"
    mail = everyday(f"Marta <{marta.address}>", desk.address, f"Re: {notice['Subject']}", text, answers=notice)
    order = post(marta, mail, desk.address)

    assert message(desk, order)["role"] == "agent"
    case = case_of(desk, sent)
    assert (case["status"], running_deadlines(desk, case["number"])) == ("answered", [])
    transcript = marta.wait_for_mail(before + 2)[-1]
    assert transcript["X-Oacmail-Kind"] == "transcript"
    assert (transcript["In-Reply-To"], transcript["Auto-Submitted"]) == (order, "auto-replied")
    assert "no fet" not in plain(transcript)
    assert not [got for got in anna.inbox() if "Ja pot entrar" in got.as_string()]
    assert [event["data"]["text"] for event in case["events"] if event["kind"] == "note"] == ["Ja pot entrar."]


def test_orders_in_the_name_of_an_agent_without_proof_change_nothing(
    desk: RunningOffice, mail_servers: MailServers, marta: Citizen
) -> None:
    anna, mallory = someone(mail_servers), someone(mail_servers)
    sent = asked(desk, anna)
    tag = str(anna.inbox()[-1]["Subject"])
    mail = everyday(f"Marta <{marta.address}>", desk.address, tag, "TANCA BROSSA\nTRUCAT")

    order = post(mallory, mail, desk.address)

    assert message(desk, order)["outcome"] == "staff"
    case = case_of(desk, sent)
    assert case["status"] == "open"
    assert not [event for event in case["events"] if event["kind"] == "ordered"]
