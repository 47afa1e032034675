"""The acknowledgement as the citizen gets it: language, hours, clause, headers, envelope, a town's own wording."""

import base64
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from oacmail.words.dates import day_words
from tests.e2e.office import RunningOffice
from tests.e2e.watching import everything_in, message, number_of, opened, plain, someone
from tests.servers.mail_servers import MailServers
from tests.servers.waiting import until

TEXTS = {
    "ca": "Bon dia, no puc presentar la instància perquè no em deixa signar amb el certificat. Què puc fer?",
    "es": "Buenos días, no puedo presentar la instancia porque no me deja firmar con el certificado. ¿Qué puedo hacer?",
    "en": "Good morning, I cannot file the application because the page does not let me sign it. What can I do?",
    "fr": "Bonjour, je ne peux pas déposer ma demande car la page ne me laisse pas la signer. Que puis-je faire ?",
    "undecided": "Hola! IBI 2026",
}
SPOKEN = {"ca": ["ca"], "es": ["es"], "en": ["en"], "fr": ["ca", "en"], "undecided": ["ca", "es"]}
OPEN = {
    "ca": "Hem rebut el vostre missatge. Número de cas",
    "es": "Hemos recibido su mensaje. Número de caso",
    "en": "We have received your message. Case number",
}
CLOSED = {
    "ca": "Hem rebut el vostre missatge fora d'horari",
    "es": "Hemos recibido su mensaje fuera de horario",
    "en": "We received your message outside opening hours",
}
CLAUSE = {"ca": "Protecció de dades. Responsable", "es": "Protección de datos. Responsable", "en": "Data protection."}
SUBJECT = {"ca": "Hem rebut la vostra consulta", "es": "Hemos recibido su consulta", "en": "We have received your"}
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with opened(mail_servers, tmp_path_factory.mktemp("acks")) as office:
        yield office


@pytest.fixture(scope="module")
def closed_desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """An office whose hours were over an hour ago, or are still to come."""
    now = datetime.now(MADRID)
    hours = ["00:00", "00:30"] if now.hour > 1 else ["12:00", "12:30"]
    with opened(mail_servers, tmp_path_factory.mktemp("closed"), office={"hours": hours}) as office:
        yield office


def acknowledged(desk: RunningOffice, mail_servers: MailServers, text: str, subject: str = "Instància") -> EmailMessage:
    anna = someone(mail_servers)
    anna.write(desk.address, subject, text)
    return anna.wait_for_mail()[0]


def page(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("lang", list(TEXTS))
def test_it_speaks_the_writers_language_or_two_where_one_may_not_do(
    desk: RunningOffice, mail_servers: MailServers, lang: str
) -> None:
    ack = acknowledged(desk, mail_servers, TEXTS[lang])

    spoken = SPOKEN[lang]
    assert [name for name in OPEN if OPEN[name] in plain(ack)] == spoken
    metas = [plain(ack).index(OPEN[name]) for name in spoken]
    assert metas == sorted(metas)
    assert str(ack["Content-Language"]).split(", ") == spoken
    assert all(SUBJECT[name] in str(ack["Subject"]) for name in spoken)
    assert f'<html lang="{spoken[0]}">' in page(ack)
    assert all(f'<section lang="{name}">' in page(ack) for name in spoken)
    assert all(CLAUSE[name] in plain(ack) for name in spoken)


def test_it_names_the_day_in_words(desk: RunningOffice, mail_servers: MailServers) -> None:
    tomorrow = (datetime.now(MADRID) + timedelta(days=1)).date()

    ack = acknowledged(desk, mail_servers, TEXTS["ca"])

    assert f"com a molt tard {day_words(tomorrow, 'ca')}." in plain(ack)
    assert day_words(tomorrow, "ca") in page(ack)


@pytest.mark.parametrize("lang", ["ca", "es", "en"])
def test_out_of_hours_it_says_when_we_are_back(
    closed_desk: RunningOffice, mail_servers: MailServers, lang: str
) -> None:
    ack = acknowledged(closed_desk, mail_servers, TEXTS[lang])

    assert CLOSED[lang] in plain(ack)
    assert OPEN[lang] not in plain(ack)
    assert CLOSED[lang] in page(ack).replace("&#39;", "'")
    assert "900 772 772" in plain(ack)


def test_not_a_word_of_the_citizens_comes_back(desk: RunningOffice, mail_servers: MailServers) -> None:
    words = ("Xirimbolo", "Estrafolari", "Catxumba", "Pellofa")
    anna = someone(mail_servers, f"Anna {words[2]}")

    anna.write(
        desk.address,
        f"{words[0]} del padró",
        f"Bon dia, tinc un problema {words[1].lower()} amb el padró.",
        attachments=[(f"{words[3]}.pdf", "application/pdf", b"%PDF-1.4")],
    )

    (ack,) = anna.wait_for_mail()
    whole = everything_in(ack) + ack.as_string()
    hidden = [word for word in words if base64.b64encode(word.encode()).decode().rstrip("=")[:-1] in whole]
    assert not hidden
    assert not [word for word in words if word.lower() in whole.lower()]


def test_its_headers_are_those_that_others_rely_on(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    thread = "<earlier.1@casa.example>"
    sent = anna.write(desk.address, "Padró", TEXTS["ca"], headers={"References": thread, "In-Reply-To": thread})

    (ack,) = anna.wait_for_mail()

    number = number_of(desk, sent)
    assert ack["From"].addresses[0].addr_spec == desk.address
    assert [address.addr_spec for address in ack["To"].addresses] == [anna.address]
    assert str(ack["Subject"]).startswith(f"[{number}-")
    assert ack["In-Reply-To"] == sent
    assert str(ack["References"]).split() == [thread, sent]
    assert ack["Auto-Submitted"] == "auto-replied"
    assert ack["X-Auto-Response-Suppress"] == "All"
    assert (ack["X-Oacmail-Case"], ack["X-Oacmail-Kind"]) == (number, "ack")
    assert ack["X-Oacmail"]
    assert ack.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in ack.iter_parts()] == ["text/plain", "text/html"]
    assert not ack.defects
    assert message(desk, sent)["outcome"] == "case"


def test_it_goes_to_the_writer_not_to_reply_to(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna, other = someone(mail_servers), someone(mail_servers, "Una altra")

    sent = anna.write(desk.address, "Padró", TEXTS["ca"], headers={"Reply-To": other.address})

    anna.wait_for_mail()
    message(desk, sent)
    assert not desk.rows("SELECT 1 FROM outbox WHERE recipient = ?", other.address)


def test_who_sent_a_password_is_advised_to_change_it_and_the_agents_are_warned(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    anna = someone(mail_servers)

    sent = anna.write(desk.address, "Instància", f"{TEXTS['ca']} La meva contrasenya és Gat-2026!")

    ack = anna.wait_for_mail()[0]
    assert "contrasenya, codi o certificat: canvieu-lo" in plain(ack)
    assert "Gat-2026" not in everything_in(ack)
    number = number_of(desk, sent)
    told = until(lambda: [mail for mail in desk.agent.inbox() if number in str(mail["Subject"])], what="the warning")
    assert told[0]["X-Oacmail-Kind"] == "secret"
    assert "Gat-2026" not in everything_in(told[0])


def test_who_prefers_another_language_gets_it_from_then_on(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna = someone(mail_servers)
    first = anna.write(desk.address, "Padró", TEXTS["ca"])
    anna.wait_for_mail()

    desk.oacmail("case", "set", number_of(desk, first), "--language", "es")
    anna.write(desk.address, "Un altre tema", "Bon dia, com puc demanar la targeta de transport gratuït?")

    assert OPEN["es"] in plain(anna.wait_for_mail(2)[-1])


def test_by_default_it_cannot_bounce(desk: RunningOffice, mail_servers: MailServers) -> None:
    assert acknowledged(desk, mail_servers, TEXTS["ca"])["Return-Path"] == "<>"


@pytest.mark.parametrize(("setting", "begins"), [("bounce", "{user}+b."), ("office", "{user}@")])
def test_its_envelope_can_be_the_offices(
    mail_servers: MailServers, office: Callable[..., RunningOffice], setting: str, begins: str
) -> None:
    desk = office(smtp={"ack_envelope": setting})
    with desk.running():
        ack = acknowledged(desk, mail_servers, TEXTS["ca"])

    assert str(ack["Return-Path"]).startswith("<" + begins.format(user=desk.user))


def own_templates(root: Path, text: str) -> str:
    folder = root / "templates" / "ca"
    folder.mkdir(parents=True)
    (folder / "ack.txt.j2").write_text(text)
    return str(folder.parent)


def test_the_towns_own_wording_is_used(
    mail_servers: MailServers, office: Callable[..., RunningOffice], tmp_path: Path
) -> None:
    own = "Subject: [{{ token }}] Rebut\n\nSalut! Us direm alguna cosa abans de {{ due_day }}.\n"
    desk = office(office={"templates": own_templates(tmp_path, own)})
    with desk.running():
        ack = acknowledged(desk, mail_servers, TEXTS["ca"])
        spanish = acknowledged(desk, mail_servers, TEXTS["es"])

    assert str(ack["Subject"]).endswith("] Rebut")
    assert plain(ack).startswith("Salut! Us direm alguna cosa abans de ")
    assert OPEN["es"] in plain(spanish)
    desk.oacmail("check", code=None)


def test_a_broken_template_prevents_no_acknowledgement_and_is_reported(
    mail_servers: MailServers, office: Callable[..., RunningOffice], tmp_path: Path
) -> None:
    desk = office(
        office={"templates": own_templates(tmp_path, "Subject: [{{ token }}] Rebut\n\n{{ nom_del_ciutada }}\n")}
    )
    with desk.running():
        ack = acknowledged(desk, mail_servers, TEXTS["ca"])
        until(lambda: "template.broken" in desk.log(), what="the log says so")

    assert OPEN["ca"] in plain(ack)
    assert "ca/ack.txt.j2" in desk.log()
    told = desk.oacmail("check", code=None)
    assert "ca/ack.txt.j2" in told.stdout + told.stderr
    assert told.returncode != 0
    assert any("template" in problem["text"] for problem in desk.status()["problems"])
