"""Which case a message lands on, as citizens and strangers see it: docs/subjects.md, "Threads" on a real mailbox."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.e2e.office import RunningOffice
from tests.e2e.watching import (
    answered_by,
    case_of,
    mails_to,
    message,
    number_of,
    opened,
    plain,
    running_deadlines,
    someone,
)
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with opened(mail_servers, tmp_path_factory.mktemp("threads")) as office:
        yield office


def asked(desk: RunningOffice, person: Citizen, subject: str, text: str) -> tuple[str, EmailMessage]:
    """A first message: its Message-ID, and the acknowledgement that came back."""
    sent = person.write(desk.address, subject, text)
    return sent, person.wait_for_mail()[-1]


def masked(desk: RunningOffice, mail: EmailMessage, number: str) -> str:
    """What an acknowledgement says, less what differs from case to case."""
    return re.sub(rf"{number}(-\w{{3}})?|{desk.address}", "…", f"{mail['Subject']}\n{plain(mail)}")


def test_a_reply_to_the_acknowledgement_joins_and_is_not_acknowledged_again(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna, "Instància del gual", "Bon dia, no puc presentar la instància del gual.")
    before = case_of(desk, first)

    second = anna.reply(ack, "Hi afegeixo que faig servir el Firefox.")

    assert message(desk, second)["rule"] == "our-message-id"
    after = case_of(desk, second)
    assert (after["number"], after["due_at"], len(after["messages"])) == (before["number"], before["due_at"], 2)
    assert len(mails_to(desk, anna.address)) == 1


def test_a_question_after_the_answer_starts_a_new_deadline_and_is_acknowledged_without_the_clause(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna, "Signar amb idCAT", "Com puc signar amb l'idCAT Mòbil?")
    answer = answered_by(desk, first, "Bon dia, cal que entreu a la seu i trieu idCAT Mòbil.")
    received = next(mail for mail in anna.wait_for_mail(2) if mail["Message-ID"] == answer)

    second = anna.reply(received, "Gràcies, però ara em surt un error en signar. Què he de fer?")

    number = number_of(desk, second)
    assert number == number_of(desk, first)
    assert len(running_deadlines(desk, number)) == 1
    assert case_of(desk, first)["status"] == "open"
    again = anna.wait_for_mail(3)[-1]
    assert number in again["Subject"]
    assert "Protecció de dades. Responsable" in plain(ack)
    assert "Protecció de dades. Responsable" not in plain(again)


def test_thanks_after_the_answer_stay_on_the_case_without_deadline_or_acknowledgement(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, _ = asked(desk, anna, "Cita prèvia al padró", "Com demano cita prèvia per empadronar-me?")
    answer = answered_by(desk, first, "Bon dia, ho podeu fer des de la seu electrònica.")
    received = next(mail for mail in anna.wait_for_mail(2) if mail["Message-ID"] == answer)

    thanks = anna.reply(received, "Moltes gràcies!")

    assert (message(desk, thanks)["kind"], number_of(desk, thanks)) == ("thanks", number_of(desk, first))
    assert case_of(desk, first)["status"] == "answered"
    assert not running_deadlines(desk, number_of(desk, first))
    assert len(mails_to(desk, anna.address)) == 1


def test_the_token_in_the_subject_is_enough_when_the_client_lost_the_headers(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna, "Subvenció de menjador", "Vull demanar la subvenció de menjador i no trobo com.")

    second = anna.write(desk.address, str(ack["Subject"]), "Us envio el que em demanàveu, és del curs 2026.")

    assert message(desk, second)["rule"] == "keyed-token"
    assert number_of(desk, second) == number_of(desk, first)


def test_the_token_behind_the_plus_is_enough_too(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna, "Volant d'empadronament", "Necessito un volant d'empadronament per a l'escola.")
    token = re.findall(r"\[(.+?)\]", str(ack["Subject"]))[0]

    second = anna.write(desk.address.replace("@", f"+{token}@"), "Ah, i encara més", "És urgent, per a dilluns.")

    assert message(desk, second)["rule"] == "keyed-token"
    assert number_of(desk, second) == number_of(desk, first)


@pytest.mark.parametrize("right", [True, False], ids=["right", "guessed"])
def test_a_stranger_with_a_token_gets_the_acknowledgement_of_any_new_mail(
    desk: RunningOffice, mail_servers: MailServers, right: bool
) -> None:
    anna, newcomer, stranger = (
        someone(mail_servers),
        someone(mail_servers, "Pere Nou"),
        someone(mail_servers, "Joan Estrany"),
    )
    text = "Bon dia, voldria saber com està això de la llicència."
    first, ack = asked(desk, anna, "Llicència d'obres del carrer Major", "Com va la meva llicència d'obres menors?")
    token = re.findall(r"\[(.+?)\]", str(ack["Subject"]))[0]
    usual, plain_ack = asked(desk, newcomer, "La llicència", text)

    probe, answer = asked(desk, stranger, f"Re: [{token if right else token[:-3] + '2Z9'}] La llicència", text)

    assert number_of(desk, probe) != number_of(desk, first)
    assert len(case_of(desk, first)["messages"]) == 1
    assert masked(desk, answer, number_of(desk, probe)) == masked(desk, plain_ack, number_of(desk, usual))
    assert number_of(desk, first) not in answer.as_string()


def test_a_reply_to_a_forwarded_mail_of_ours_joins_as_guest_and_gets_no_mail(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna, son = someone(mail_servers), someone(mail_servers, "Fill de l'Anna")
    first, ack = asked(desk, anna, "Beca del meu fill", "Com demano la beca del meu fill?")
    answered_by(desk, first, "Bon dia, la sol·licitud és a la seu electrònica.")

    question = son.write(desk.address, "Fwd: la beca", "Soc el fill de l'Anna. On trobo el formulari?", answers=ack)

    row = message(desk, question)
    assert (row["number"], row["guest"], row["rule"]) == (number_of(desk, first), 1, "our-message-id")
    assert len(running_deadlines(desk, row["number"])) == 1
    assert case_of(desk, first)["citizen"] == anna.address
    assert not mails_to(desk, son.address)
    assert len(mails_to(desk, anna.address)) == 1


def test_a_reply_that_overtook_its_original_is_joined_by_it(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    original = "<original.1@casa.example>"
    early = anna.write(
        desk.address,
        "Oblidava una cosa del casal",
        "Oblidava dir que són dos germans.",
        headers={"References": original, "In-Reply-To": original},
    )
    message(desk, early)

    late = anna.write(
        desk.address, "Inscripció al casal", "Vull inscriure els fills al casal.", headers={"Message-ID": original}
    )

    assert message(desk, late)["rule"] == "named-by-known-message"
    assert number_of(desk, late) == number_of(desk, early)


def test_a_reply_prefix_of_any_client_and_the_same_subject_join_without_headers(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    subject = "El justificant de la instància no es descarrega"
    prefixes = ("RE", "Rv", "WG", "AW", "Re[5]")
    people = [someone(mail_servers) for _ in prefixes]
    firsts = [anna.write(desk.address, subject, "El justificant no es descarrega de cap manera.") for anna in people]
    numbers = [number_of(desk, first) for first in firsts]

    replies = [
        anna.write(desk.address, f"{prefix}: {subject}", f"Ho he provat amb un altre navegador, i ara {prefix} tampoc.")
        for anna, prefix in zip(people, prefixes, strict=True)
    ]

    assert [message(desk, reply)["rule"] for reply in replies] == ["same-subject"] * len(prefixes)
    assert [number_of(desk, reply) for reply in replies] == numbers
    assert len(set(numbers)) == len(numbers)


def test_a_subject_that_says_nothing_joins_nothing(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    first = anna.write(desk.address, "Consulta", "Com puc pagar la taxa d'escombraries?")
    message(desk, first)

    other = anna.write(desk.address, "Re: consulta", "A quina hora obre l'oficina del padró els dilluns?")

    assert number_of(desk, other) != number_of(desk, first)


def test_the_same_text_twice_is_one_case(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    text = "Bon dia, la plataforma de contractació no em deixa presentar l'oferta."
    first = anna.write(desk.address, "Oferta", text)
    message(desk, first)

    again = anna.write(desk.address, "Oferta (2n intent)", text.upper())

    assert message(desk, again)["rule"] == "same-text"
    assert number_of(desk, again) == number_of(desk, first)
    assert len(mails_to(desk, anna.address)) == 1


def test_another_subject_by_reference_opens_a_child(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna, "Pagament de l'IBI", "No puc pagar l'IBI amb targeta.")

    other = anna.reply(ack, "Aprofito el correu: com demano un certificat de convivència?", subject="Certificat nou")

    row = message(desk, other)
    assert row["number"] != number_of(desk, first)
    assert row["parent"] == number_of(desk, first)
    assert row["number"] in anna.wait_for_mail(2)[-1]["Subject"]


def test_a_reply_to_the_childs_acknowledgement_stays_with_the_child(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    _, ack = asked(desk, anna, "Pagament de la taxa de gual", "No puc pagar la taxa de gual.")
    other = anna.reply(ack, "D'altra banda, com sol·licito una bonificació?", subject="Bonificació familiar")
    child_ack = anna.wait_for_mail(2)[-1]

    more = anna.reply(child_ack, "Som família nombrosa des de l'any passat.")

    assert number_of(desk, more) == number_of(desk, other)


def test_a_reply_soon_after_the_closing_opens_the_case_again(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    first, ack = asked(desk, anna, "Targeta de residents", "Com demano la targeta de residents?")
    number = number_of(desk, first)
    desk.oacmail("case", "close", number, "--reason", "contact")
    assert desk.case(number)["status"] == "closed"

    again = anna.reply(ack, "Perdoneu, però la pàgina em diu que no hi tinc dret. Per què?")

    assert number_of(desk, again) == number
    reopened = desk.case(number)
    assert (reopened["status"], reopened["closed_at"]) == ("open", None)
    assert len(running_deadlines(desk, number)) == 1
    assert number in anna.wait_for_mail(2)[-1]["Subject"]


def test_an_office_that_is_only_in_copy_is_asked_all_the_same(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna, other = someone(mail_servers), someone(mail_servers, "Gestoria")

    sent = anna.write(
        [other.address, desk.address],
        "Notificació electrònica",
        "No puc obrir la notificació electrònica de l'Ajuntament.",
        headers={"To": other.address, "Cc": desk.address},
    )

    assert number_of(desk, sent) in anna.wait_for_mail()[0]["Subject"]
    assert not mails_to(desk, other.address)


def test_several_citizens_on_one_thread_have_a_case_each_and_get_mail_about_their_own_only(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna, pere = someone(mail_servers), someone(mail_servers, "Pere Veí")
    first = anna.write(
        [desk.address, pere.address],
        "Soroll al carrer Nou",
        "El formulari de queixes de soroll no funciona.",
        headers={"To": desk.address, "Cc": pere.address},
    )
    anna.wait_for_mail()
    (seen,) = pere.wait_for_mail()

    second = pere.write(desk.address, "Re: Soroll al carrer Nou", "A mi tampoc no em funciona.", answers=seen)

    row = message(desk, second)
    assert row["number"] != number_of(desk, first)
    assert row["parent"] == number_of(desk, first)
    ack = pere.wait_for_mail(2)[-1]
    assert row["number"] in ack["Subject"]
    assert number_of(desk, first) not in ack.as_string()
    assert len(mails_to(desk, anna.address)) == 1


def test_two_from_fields_make_nobody_an_agent(desk: RunningOffice, mail_servers: MailServers) -> None:
    mallory = someone(mail_servers, "Mallory")
    raw = (
        f"From: Marta <{desk.agent.address}>\r\nFrom: Mallory <{mallory.address}>\r\nTo: {desk.address}\r\n"
        "Subject: Instruccions\r\nMessage-ID: <two.from@casa.example>\r\n\r\n"
        "Tanqueu tots els casos. Quan estarà fet?\r\n"
    )

    mallory.send(raw.encode(), desk.address)

    row = message(desk, "<two.from@casa.example>")
    assert (row["role"], row["outcome"]) == ("citizen", "case")
    assert len(running_deadlines(desk, row["number"])) == 1
    assert not mails_to(desk, desk.agent.address)
