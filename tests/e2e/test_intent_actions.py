"""Requests that take actions of their own, on real servers: a call, the manager's copy, the data protection officer."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from oacmail.words.dates import date_words, day_words
from testbed.office import NO_LIMITS
from tests.e2e.office import RunningOffice
from tests.e2e.watching import case_of, everything_in, number_of, opened, plain, someone
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

MADRID = ZoneInfo("Europe/Madrid")
FORM = "Nom: Anna Puig\nCorreu electrònic: {}\nTelèfon: 612 345 678\nFranja: matí\nMotiu: no puc signar la instància"
COMPLAINT = "Vull posar una queixa: fa dies que ningú no em respon i el tracte que he rebut ha estat pèssim."
RIGHTS = "D'acord amb el RGPD, exerceixo el dret d'accés i demano còpia de les meves dades personals que teniu."


@pytest.fixture(scope="module")
def officer(mail_servers: MailServers) -> Citizen:
    return Citizen(mail_servers, "Delegada de protecció de dades", domain="castellbisbal.cat")


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, officer: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    """An office that knows its officer, where everything else is as usual."""
    root = tmp_path_factory.mktemp("intents")
    with opened(mail_servers, root, office={"dpo": officer.address}, ack=NO_LIMITS) as office:
        yield office


def told(person: Citizen, number: str, kind: str) -> EmailMessage:
    """The mail of this kind about that case, as soon as it is there."""
    mails = until(
        lambda: [m for m in person.inbox() if number in str(m["Subject"]) and m["X-Oacmail-Kind"] == kind],
        what=f"{kind} about {number}",
    )
    (mail,) = mails
    return mail


def today() -> date:
    return datetime.now(MADRID).date()


def test_who_asks_for_a_call_is_offered_a_slot_and_has_a_due_moment_of_her_own(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    text = "Bon dia, no puc signar la instància. Em podeu trucar al 612 345 678 al matí, si us plau?"

    sent = anna.write(desk.address, "Em podeu trucar?", text)

    (ack,) = anna.wait_for_mail()
    begun = datetime.now(MADRID).time() >= time(8)
    offered = today() + timedelta(days=1) if begun else today()
    assert str(ack["Subject"]).endswith("Us trucarem")
    said = f"Us trucarem {day_words(offered, 'ca')}, de 8 a 14 h, al telèfon acabat en 678."
    assert said in plain(ack)
    assert not re.search(r"612 ?345", everything_in(ack))
    due = datetime.fromisoformat(case_of(desk, sent)["due_at"])
    assert due == datetime.combine(today() + timedelta(days=1), time(14), MADRID)


def test_the_person_is_notified_of_two_failed_calls(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    sent = anna.write(desk.address, "Em podeu trucar?", "Em podeu trucar al 612 345 678? No puc signar la instància.")
    anna.wait_for_mail()
    desk_number = number_of(desk, sent)
    in_slot = time(8) <= datetime.now(MADRID).time() < time(20)

    for _ in range(2):
        desk.oacmail("case", "log-call", desk_number, "no-answer")

    assert (case_of(desk, sent)["status"] == "answered") is in_slot
    assert len(anna.wait_for_mail(1 + in_slot)) == 1 + in_slot
    assert ("Us hem trucat 2 vegades al telèfon acabat en 678" in plain(anna.inbox()[-1])) is in_slot


def test_a_complaint_is_copied_to_the_manager_and_answered_like_any_message(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)

    sent = anna.write(desk.address, "Queixa", COMPLAINT)

    (ack,) = anna.wait_for_mail()
    number = number_of(desk, sent)
    copy = told(desk.supervisor, number, "opinion")
    assert str(ack["Subject"]).endswith("Hem rebut la vostra queixa")
    assert "el formulari: https://www.castellbisbal.example/queixes" in plain(ack)
    assert [part.get_content_type() for part in copy.walk()].count("message/rfc822") == 1
    assert sent in copy.as_string()
    assert case_of(desk, sent)["due_at"] is not None
    assert case_of(desk, sent)["status"] == "open"


PIN = re.compile(r"\b4821\b")  # not four digits of a signature
KEYS = b"0\x82\x09\x01 a certificate with its private key, invented"


def test_a_certificate_and_a_pin_travel_nowhere_and_both_sides_are_warned(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    """A complaint, so that the message goes to the manager at once."""
    anna = someone(mail_servers)

    sent = anna.write(
        desk.address,
        "Queixa",
        f"{COMPLAINT} Us adjunto el meu certificat perquè ho proveu. El PIN és 4821 i la contrasenya és Gat-2026!",
        attachments=[("anna.p12", "application/x-pkcs12", KEYS)],
    )

    (ack,) = anna.wait_for_mail()
    number = number_of(desk, sent)
    copy, warning = told(desk.supervisor, number, "opinion"), told(desk.agent, number, "secret")
    assert "una contrasenya, codi o certificat" in plain(ack)
    assert "hi ha un certificat digital, una contrasenya o un codi" in plain(warning)
    assert sha256(KEYS).hexdigest() in "".join(map(everything_in, _messages_in(copy)))
    for mail in (ack, copy, warning):
        whole = everything_in(mail) + mail.as_string() + "".join(map(everything_in, _messages_in(mail)))
        assert not [secret for secret in ("Gat-2026", b64encode(KEYS).decode()[:40]) if secret in whole]
        assert not PIN.search(whole)
    desk.oacmail("case", "escalate", number)
    derived = told(desk.technical, number, "derived")
    assert not [part for part in derived.walk() if part.get_payload(decode=True) == KEYS]
    assert not PIN.search(everything_in(derived) + "".join(map(everything_in, _messages_in(derived))))


def _messages_in(mail: EmailMessage) -> list[EmailMessage]:
    return [part.get_content() for part in mail.iter_attachments() if part.get_content_type() == "message/rfc822"]


def test_the_form_names_the_person_who_asks(mail_servers: MailServers, office: Callable[..., RunningOffice]) -> None:
    form, anna = someone(mail_servers, "Truca'm"), someone(mail_servers)
    desk = office(callback={"form_senders": [form.address]})
    with desk.running():
        sent = form.write(
            desk.address, "Truca'm", FORM.format(anna.address), headers={"Auto-Submitted": "auto-generated"}
        )
        (ack,) = anna.wait_for_mail()
        case = case_of(desk, sent)

    assert (case["citizen"], case["intent"]) == (anna.address, "callback")
    assert "de 8 a 14 h, al telèfon acabat en 678" in plain(ack)
    assert form.inbox() == []


FAULTS = (
    ("Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància."),
    ("No puc entrar a la seu", "La seu electrònica no funciona: surt un error 503 des de fa una hora."),
    ("Seu caiguda", "Bona tarda, la seu electrònica està caiguda i dona error 500 a tothom."),
    ("Oficina virtual", "L'oficina virtual dona error 500 en signar, també amb un altre ordinador."),
    ("Error del servidor", "La seu electrònica respon error intern del servidor 500 quan vull enviar la sol·licitud."),
)


def test_five_messages_on_one_platform_are_one_incident(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk = office(ack=NO_LIMITS)
    with desk.running():
        sent = [someone(mail_servers).write(desk.address, subject, text) for subject, text in FAULTS]
        numbers = [number_of(desk, message_id) for message_id in sent]
        cases = [desk.case(number) for number in numbers]
        until(lambda: _kinds(desk.technical).count("derived") == len(sent), what="each message is derived")

        first = min(case["number"] for case in cases)
        assert [case["incident"] for case in cases] == [first] * len(sent)
        for person in (desk.technical, desk.supervisor):
            until(lambda who=person: "incident" in _kinds(who), what="the alert")  # type: ignore[misc]
            (alert,) = (mail for mail in person.inbox() if mail["X-Oacmail-Kind"] == "incident")
            assert "Seu electrònica" in str(alert["Subject"])
            assert sum(case["number"] in plain(alert) for case in cases) == 3


def _kinds(person: Citizen) -> list[str]:
    return [str(mail["X-Oacmail-Kind"]) for mail in person.inbox()]


def test_a_request_of_rights_reaches_the_officer_with_a_month(
    desk: RunningOffice, officer: Citizen, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)

    sent = anna.write(desk.address, "Dret d'accés", RIGHTS)

    (ack,) = anna.wait_for_mail()
    copy = told(officer, number_of(desk, sent), "rights")
    assert "a la unitat responsable. Rebreu resposta" in plain(ack)
    assert "en el termini d'un mes" in plain(copy)
    assert sent in copy.as_string()
    (deadline,) = desk.rows("SELECT due_at, started_at FROM deadlines WHERE kind = 'rights' AND level = 0")
    ends = (datetime.fromisoformat(deadline["due_at"]) - timedelta(minutes=1)).astimezone(MADRID).date()
    assert date_words(ends, "ca") in plain(copy)
    assert (ends.month - today().month) % 12 == 1
