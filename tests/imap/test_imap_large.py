"""Messages above the size limit: which parts are read, in the same shape as any message."""

import subprocess
import sys
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from oacmail.core.ports import Fetched
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.servers.dovecot import Dovecot
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.maildir import Maildir

BIG = b"x" * 90_000


def _read(mail_servers: MailServers, raw: bytes, max_bytes: int = 50_000) -> tuple[Fetched, EmailMessage]:
    """The message as the adapter gives it, and parsed."""
    office = mail_servers.new_user("oac")
    Maildir(mail_servers.dovecot, office).deliver(raw)
    settings = {"host": "localhost", "port": mail_servers.dovecot.imap_port, "security": "none", "user": office}
    mailbox = ImapMailbox(ImapSettings(**settings, password=PASSWORD, max_bytes=max_bytes))  # type: ignore[arg-type]
    mailbox.open("INBOX")
    got = mailbox.fetch([1])[1]
    mailbox.close()
    return got, message_from_bytes(got.raw, policy=policy.default)


def _message() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "Núria <nuria@example.cat>", "Sol·licitud", "<1@example.cat>"
    mail.set_content("Adjunto el projecte. Gràcies, Núria\n")
    mail.add_alternative("<p>Adjunto el <b>projecte</b></p>\n", subtype="html")
    return mail


def test_header_fields_and_texts_are_read_and_the_rest_is_named(mail_servers: MailServers) -> None:
    mail = _message()
    mail.add_attachment(BIG, maintype="application", subtype="pdf", filename="plànol nº 1.pdf")
    mail.add_attachment("a;b\n" * 10, subtype="csv", filename="taula.csv")
    got, read = _read(mail_servers, mail.as_bytes())
    assert not got.complete
    assert got.skipped == (("plànol nº 1.pdf", "application/pdf", 90_000), ("taula.csv", "text/csv", 50))
    assert read.defects == []
    assert [(name, read[name]) for name in ("Subject", "Message-ID")] == [
        ("Subject", "Sol·licitud"),
        ("Message-ID", "<1@example.cat>"),
    ]
    texts = [part.get_content() for part in read.walk() if not part.is_multipart()]
    assert texts == ["Adjunto el projecte. Gràcies, Núria\r\n", "<p>Adjunto el <b>projecte</b></p>\r\n"]
    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content() == texts[0]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_a_text_without_end_is_cut_after_a_whole_line(mail_servers: MailServers, encoding: str) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Llarg"
    mail.set_content("Això és una línia.\n" * 120_000, cte=encoding)
    got, read = _read(mail_servers, mail.as_bytes())
    lines = set(read.get_content().splitlines()[:-1])
    assert lines == {"Això és una línia."}
    assert 1_000_000 < len(got.raw) < 1_050_000
    assert [(name, mime) for name, mime, _ in got.skipped] == [("", "text/plain")]


def test_a_large_delivery_report_still_tells_what_did_not_arrive(mail_servers: MailServers) -> None:
    report = EmailMessage()
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report.set_content("I'm sorry.\n")
    report.make_mixed()
    returned = _message()
    returned["X-Oacmail"] = "v=1; k=ack:1"
    returned.add_attachment(BIG, maintype="application", subtype="pdf", filename="x.pdf")
    report.add_attachment(
        "Final-Recipient: rfc822; a@b.cat\nAction: failed\n", subtype="x-status", disposition="inline"
    )
    report.add_attachment(returned)
    raw = report.as_bytes().replace(b"multipart/mixed;", b"multipart/report; report-type=delivery-status;", 1)
    raw = raw.replace(b'text/x-status; charset="utf-8"', b"message/delivery-status")
    got, read = _read(mail_servers, raw)
    assert (read.get_content_type(), read.get_param("report-type")) == ("multipart/report", "delivery-status")
    kinds = [part.get_content_type() for part in read.iter_parts()]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    assert b"X-Oacmail: v=1; k=ack:1" in got.raw
    assert b"Action: failed" in got.raw
    assert len(got.raw) < 5_000


def test_a_message_that_is_one_large_file_has_an_empty_text(mail_servers: MailServers) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Document"
    mail.set_content(BIG, maintype="application", subtype="pdf", filename="acta.pdf")
    got, read = _read(mail_servers, mail.as_bytes())
    assert (read["Subject"], read.get_content()) == ("Document", "")
    assert [(name, mime) for name, mime, _ in got.skipped] == [("acta.pdf", "application/pdf")]


def test_a_forwarded_message_is_named_and_not_read(mail_servers: MailServers) -> None:
    inner = _message()
    inner.add_attachment(BIG, maintype="application", subtype="pdf", filename="x.pdf")
    mail = _message()
    mail.add_attachment(inner)
    got, _ = _read(mail_servers, mail.as_bytes())
    assert [mime for _, mime, _ in got.skipped] == ["message/rfc822"]


def test_a_thousand_parts_and_no_parts_at_all_are_read(mail_servers: MailServers) -> None:
    part = b"--b\nContent-Type: text/plain\n\nUn tros de text\n"
    head = b'Subject: trossos\nContent-Type: multipart/mixed; boundary="b"\n\n'
    got, read = _read(mail_servers, head + part * 1_200 + b"--b--\n")
    assert len(list(read.iter_parts())) == 1_000
    assert not got.complete
    got, read = _read(mail_servers, head + BIG + b"\n")
    assert read["Subject"] == "trossos"


def test_a_text_that_knows_our_boundary_breaks_nothing(mail_servers: MailServers) -> None:
    mail = EmailMessage()
    mail.set_content("--=_oacmail_0_\nContent-Type: text/plain\n\nfals\n--=_oacmail_0_--\n")
    mail.add_attachment(BIG, maintype="application", subtype="pdf", filename="x.pdf")
    _, read = _read(mail_servers, mail.as_bytes())
    (text,) = read.iter_parts()
    assert text.get_content().startswith("--=_oacmail_0_\r\n")


def test_header_fields_without_end_are_cut(mail_servers: MailServers) -> None:
    got, read = _read(mail_servers, b"Subject: cap\n" + b"X-Llarg: xxxxxxxxxxxxxxxxxxxx\n" * 30_000 + b"\nText\n")
    assert read["Subject"] == "cap"
    assert len(got.raw) < 600_000


def test_fifty_megabytes_are_read_in_a_few(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    line = b"A" * 76 + b"\n"
    head = b'Content-Type: multipart/mixed; boundary="b"\nSubject: gran\n\n--b\n\nBon dia\n--b\n'
    Maildir(server, "oac").deliver(
        head
        + b"Content-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n\n"
        + line * 680_000
        + b"--b--\n"
    )
    program = f"""
from pathlib import Path
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
def peak():  # of this very program; getrusage's figure would begin with what the parent had at the fork
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
box = ImapMailbox(ImapSettings(host="localhost", port={server.imap_port}, security="none", user="oac",
    password="{PASSWORD}"))
box.open("INBOX")
before = peak()
got = box.fetch([1])[1]
print(peak() - before, len(got.raw), got.skipped)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    grown, size, skipped = done.stdout.split(maxsplit=2)
    print(f"{grown} kB more for a message of 52 MB")
    assert int(grown) < 8_000
    assert int(size) < 400
    assert skipped.startswith("(('x.pdf', 'application/pdf', 38")
