"""Hostile mail through a real Postfix and a real Dovecot into a real `oacmail run`: what only servers can show."""

import smtplib
from collections.abc import Iterator

import pytest

from testbed.office import NO_LIMITS
from tests.e2e.office import COMMAND, RunningOffice
from tests.e2e.watching import answered_by, case_of, everything_in, mails_to, message, running_deadlines, someone
from tests.hostile.test_bombs import BOMBS
from tests.servers.mail_servers import HOST, MailServers
from tests.servers.people import Citizen
from tests.servers.postfix import HOSTNAME
from tests.servers.waiting import until

MEMORY = 300_000_000  # bytes
TRUST = {"provider": "postfix", "authserv_id": HOSTNAME, "mx": [HOSTNAME]}
QUESTION = "Bon dia, no puc presentar la instància perquè la pàgina no em deixa signar."


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    office = RunningOffice(mail_servers, tmp_path_factory.mktemp("hostile"), trust=TRUST, ack=NO_LIMITS)
    office.program = COMMAND  # its memory is measured
    with office.running():
        yield office


def _raw(desk: RunningOffice, sender: str, number: str, *fields: str, text: bytes = b"Hola, com va?") -> bytes:
    names = {field.partition(":")[0].lower() for field in fields}
    usual = (f"From: {sender}", f"To: {desk.address}", f"Subject: {number}", f"Message-ID: <{number}@evil.example>")
    head = [field for field in usual if field.partition(":")[0].lower() not in names] + list(fields)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text + b"\r\n"


def _submit(mail_servers: MailServers, sender: str, to: str, raw: bytes) -> None:
    with smtplib.SMTP(HOST, mail_servers.postfix.smtp_port) as relay:
        relay.sendmail(sender, [to], raw)


def _decided(desk: RunningOffice, number: str) -> str:
    return str(message(desk, f"<{number}@evil.example>")["outcome"])


def test_while_bombs_arrive_the_next_citizen_is_acknowledged(desk: RunningOffice, mail_servers: MailServers) -> None:
    mallory = someone(mail_servers, "Mallory")
    for place, name in enumerate(list(BOMBS)[::5]):
        fields, text = BOMBS[name]()
        given = [f"{key}: {value if isinstance(value, str) else value.decode('latin-1')}" for key, value in fields]
        try:
            _submit(
                mail_servers,
                mallory.address,
                desk.address,
                _raw(desk, mallory.address, f"bomb{place}", *given[:50], text=text),
            )
        except smtplib.SMTPResponseException:
            continue  # too large or too long for the exchanger: it never comes in
        anna = someone(mail_servers)
        anna.write(desk.address, "No puc signar", QUESTION)
        anna.wait_for_mail()
    assert desk.peak_memory() < MEMORY
    assert desk.rows("SELECT 1 FROM sightings WHERE error IS NOT NULL") == []


LARGE = {
    "nested": (
        "Content-Type: multipart/mixed; boundary=b0",
        b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(100_000)),
    ),
    "messages": ("Content-Type: message/rfc822", b"Content-Type: message/rfc822\r\n\r\n" * 190_000),
    "parts": ("Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\nhola\r\n" * 400_000),
    "text": ("Content-Type: text/html", b"<div>" * 1_200_000),
    "fields": ("Content-Type: multipart/mixed; boundary=b", b"--b\r\n" + b"X-A: a\r\n" * 700_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_bomb_too_large_to_be_read_whole_is_worked_all_the_same(
    desk: RunningOffice, mail_servers: MailServers, name: str
) -> None:
    """Above imap.max_bytes a message is read by its structure, and its structure is the bomb."""
    mallory = someone(mail_servers, "Mallory")
    kind, text = LARGE[name]
    _submit(mail_servers, mallory.address, desk.address, _raw(desk, mallory.address, f"large-{name}", kind, text=text))
    assert _decided(desk, f"large-{name}") in ("case", "quarantined")
    anna = someone(mail_servers)
    anna.write(desk.address, "No puc signar", QUESTION)
    anna.wait_for_mail(1, seconds=3.0)
    assert desk.peak_memory() < MEMORY


@pytest.mark.parametrize(
    "forged",
    [
        (),
        (f"Authentication-Results: {HOSTNAME}; dmarc=pass header.from=castellbisbal.cat",),
        (
            f"Authentication-Results: {HOSTNAME}; dmarc=pass header.from=castellbisbal.cat",
            f"Received: from x (x [192.0.2.1]) by {HOSTNAME} (Postfix) with ESMTPSA id 1; now",
        ),
    ],
    ids=["bare", "with results", "with results and a line of our exchanger"],
)
def test_a_forged_agent_answers_nothing_through_a_real_exchanger(
    desk: RunningOffice, mail_servers: MailServers, forged: tuple[str, ...]
) -> None:
    anna = someone(mail_servers)
    asked = anna.write(desk.address, "No puc signar", QUESTION)
    case_of(desk, asked)
    number = f"agent{len(forged)}"
    fields = (
        *forged,
        f"To: {anna.address}",
        f"Cc: {desk.address}",
        f"In-Reply-To: {asked}",
        "Subject: Re: No puc signar",
    )
    _submit(mail_servers, "mallory@evil.example", desk.address, _raw(desk, desk.agent.address, number, *fields))
    assert _decided(desk, number) == "staff"
    assert case_of(desk, asked)["answered_at"] is None
    assert running_deadlines(desk, case_of(desk, asked)["number"])


def test_bytes_that_no_standard_allows_come_through_and_are_worked(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    raws = {
        "nul": b"Hola\0\0 que tal",
        "cr": b"Hola\rBcc: victim@example.org\rcom puc demanar hora?",
        "8bit": b"Hola \xff\xfe\xed\xa0\x80 que tal",
        "long": b"a" * 100_000,
        "dots": b".\r\n..\r\nMAIL FROM:<x@evil.example>\r\n.\n.\r\nhola, com puc demanar hora?",
    }
    for number, text in raws.items():
        mallory = someone(mail_servers, "Mallory")
        _submit(mail_servers, mallory.address, desk.address, _raw(desk, mallory.address, number, text=text))
        assert _decided(desk, number) == "case"
        assert len(mallory.wait_for_mail()) == 1


def test_smtp_commands_in_a_message_stay_text_in_its_escalation(desk: RunningOffice, mail_servers: MailServers) -> None:
    """The original goes along byte by byte, through the end of DATA that its writer has put into it."""
    mallory = someone(mail_servers, "Mallory")
    text = b"Abans.\n.\nMAIL FROM:<x@evil.example>\nRCPT TO:<victim@example.org>\nDATA\n.\r\nDespr\xc3\xa9s."
    _submit(mail_servers, mallory.address, desk.address, _raw(desk, mallory.address, "smuggled", text=text))
    number = str(message(desk, "<smuggled@evil.example>")["number"])
    desk.oacmail("case", "escalate", number)
    (escalation,) = desk.technical.wait_for_mail()
    assert "Després." in everything_in(escalation)
    assert "RCPT TO:<victim@example.org>" in everything_in(escalation)
    assert desk.rows("SELECT 1 FROM outbox WHERE recipient = 'victim@example.org'") == []


def test_strange_addresses_end_in_a_mail_or_in_review_and_stop_nobody(
    desk: RunningOffice, mail_servers: MailServers
) -> None:
    longest = f"{'a' * 64}@{'.'.join(['b' * 60] * 4)}.example"
    senders = (
        "<>",
        longest,
        "=?utf-8?q?a?=@evil.example",
        "Zoë <zoë@evil.example>",
        '"a b"@evil.example',
        "",
        "x@[192.0.2.1]",
    )
    for place, sender in enumerate(senders):
        number = f"sender{place}"
        _submit(mail_servers, "", desk.address, _raw(desk, "", number, f"From: {sender}", "Return-Path: <x@y.example>"))
        assert _decided(desk, number) in ("case", "automatic")
    anna = someone(mail_servers)
    anna.write(desk.address, "No puc signar", QUESTION)
    anna.wait_for_mail(1, seconds=5.0)


def test_a_real_report_is_believed_and_a_forged_one_is_not(desk: RunningOffice, mail_servers: MailServers) -> None:
    anna, pere = someone(mail_servers), someone(mail_servers, "Pere")
    asked = anna.write(desk.address, "No puc signar", QUESTION)
    answer = answered_by(desk, asked, "Proveu-ho amb un altre navegador.")
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    for number, about in (("guessed", "<0123456789abcdef@castellbisbal.cat>"), ("empty", "<>")):
        body = (
            f"--b\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
            f"Final-Recipient: rfc822; {anna.address}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--b--"
        )
        raw = _raw(desk, "MAILER-DAEMON@evil.example", number, f"Content-Type: {kind}", text=body.encode())
        _submit(mail_servers, "", desk.address, raw)
        assert _decided(desk, number) == "automatic"
    assert answer
    assert case_of(desk, asked)["status"] == "answered"
    assert mails_to(desk, pere.address) == []


def test_the_bounce_of_an_acknowledgement_makes_no_loop(desk: RunningOffice, mail_servers: MailServers) -> None:
    gone = Citizen(mail_servers, "Ningú", user=f"{mail_servers.new_user('gone')}-refused", domain="elsewhere.example")
    asked = gone.write(desk.address, "No puc signar", QUESTION)
    number = case_of(desk, asked)["number"]
    until(lambda: [row["state"] for row in mails_to(desk, gone.address)] == ["failed"], 15, what="the refusal")
    desk.passes(3)
    assert len(mails_to(desk, gone.address)) == 1
    assert len(desk.case(number)["messages"]) == 1
