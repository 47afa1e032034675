"""Second level on real servers: a fault of the platform reaches the technical services at once, with the message."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.e2e.office import RunningOffice
from tests.e2e.watching import (
    answered_by,
    case_of,
    everything_in,
    number_of,
    opened,
    plain,
    running_deadlines,
    someone,
)
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

FAULT = "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància, i a tothom li passa."
DOWN = (
    "Hola, l'e-NOTUM dona error 500 i no puc obrir la notificació de l'Ajuntament.",
    "Bona tarda, l'e-NOTUM no funciona des de fa una estona: a la gestoria ens passa a tots, error 503.",
    "Buenos días, al abrir la notificación en e-NOTUM sale error interno del servidor 500, a mí y a mi vecina.",
    "e-NOTUM està caigut i dona error 500, també amb un altre ordinador i un altre navegador.",
    "L'e-NOTUM respon error 500 quan vull acceptar la notificació. Als meus companys els passa igual.",
)
WRONG_FORM = "Al formulari de justificació de la subvenció la suma no quadra: és l'imprès del curs passat."


@pytest.fixture(scope="module")
def forms(mail_servers: MailServers) -> Citizen:
    return Citizen(mail_servers, "Formularis", domain="castellbisbal.cat")


@pytest.fixture(scope="module")
def desk(
    mail_servers: MailServers, forms: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOffice]:
    to = {"forms": [forms.address]}
    with opened(mail_servers, tmp_path_factory.mktemp("second"), people=to, deadline={"digest_above": 100}) as office:
        yield office


def _about(person: Citizen, sent: str, kind: str) -> list[EmailMessage]:
    """The mails of this kind that carry the message."""
    return [mail for mail in _of_kind(person, kind) if sent in mail.as_string()]


def _of_kind(person: Citizen, kind: str) -> list[EmailMessage]:
    return [mail for mail in person.inbox() if mail["X-Oacmail-Kind"] == kind]


def _derived(person: Citizen, sent: str) -> EmailMessage:
    return until(lambda: _about(person, sent, "derived"), 15, what="the derivation arrives")[0]


def test_a_second_level_mail_is_with_the_technical_service_at_once_original_and_all(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    sent = anna.write(desk.address, "Error 500 a la seu", FAULT + " La contrasenya és Gos-77!")
    mail = _derived(desk.technical, sent)
    (original,) = (part for part in mail.iter_attachments() if part.get_content_type() == "message/rfc822")
    assert original.get_content()["Message-ID"] == sent
    assert "DERIVAT nivell 2" in str(mail["Subject"])
    for words in ("Operador: Ajuntament", "mal funcionament de la plataforma", "Indicis del missatge"):
        assert words in plain(mail)
    assert "Gos-77" not in everything_in(mail) + mail.as_string()
    case = case_of(desk, sent)
    assert (case["status"], case["level"], case["cause"]) == ("derived", "second", "platform")
    assert len(running_deadlines(desk, case["number"])) == 1, "the citizen's deadline runs on"


def test_a_wrong_form_is_with_who_looks_after_documents_and_nobody_else(
    desk: RunningOffice, mail_servers: MailServers, forms: Citizen
) -> None:
    sent = someone(mail_servers).write(desk.address, "El formulari suma malament", WRONG_FORM)
    assert "error en el document o formulari" in plain(_derived(forms, sent))
    assert _about(desk.technical, sent, "derived") == []


def test_five_messages_about_one_platform_are_one_incident_reported_once(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    sent = [someone(mail_servers).write(desk.address, "Notificació", text) for text in DOWN]
    numbers = [number_of(desk, message) for message in sent]
    cases = [desk.case(number) for number in numbers]  # the third message makes an incident of the first two as well
    assert [(case["level"], case["operator"]) for case in cases] == [("second", "aoc")] * 5
    (first,) = {case["incident"] for case in cases}
    assert first in numbers
    (alert,) = until(lambda: _of_kind(desk.technical, "incident"), 15, what="the alert arrives")
    assert sum(number in plain(alert) for number in numbers) == 3


def test_approving_the_notice_tells_the_person_and_derives_nothing_again(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    sent = anna.write(desk.address, "La seu no funciona", FAULT)
    _derived(desk.technical, sent)
    number = number_of(desk, sent)
    desk.oacmail("case", "escalate", number)
    notice = until(lambda: [mail for mail in anna.inbox() if mail["X-Oacmail-Kind"] == "passed_on"], 15)[0]
    assert "Hem passat la vostra consulta als serveis tècnics de l'Ajuntament perquè la mirin." in plain(notice)
    assert notice["In-Reply-To"] == sent
    assert running_deadlines(desk, number) == []
    assert desk.case(number)["status"] == "derived"
    assert len(_about(desk.technical, sent, "derived")) == 1
    refused = desk.oacmail("case", "escalate", number, code=1)
    assert "the person knows it" in refused.stderr


def test_the_answer_that_tells_the_solution_ends_what_the_derivation_began(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)
    sent = anna.write(desk.address, "Error en enviar", FAULT)
    _derived(desk.technical, sent)
    number = number_of(desk, sent)
    desk.oacmail("case", "solved", number)
    answered_by(desk, sent, "Bon dia, ja està arreglat.")
    until(lambda: desk.case(number)["status"] == "answered", 15, what="the answer is seen")
    live = """SELECT d.kind FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE c.number = ?
    AND d.kind IN ('nudge', 'update', 'answer') AND d.met_at IS NULL AND d.withdrawn_at IS NULL
    AND d.fired_at IS NULL"""
    assert desk.rows(live, number) == []
