"""Both adapters on mail-devel, the server of the demo: no wake-up from IDLE, few capabilities, its own deliveries."""

import imaplib
import threading
from collections.abc import Iterator

import pytest

from oacmail.core.model import Folder
from oacmail.core.ports import Outgoing
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from oacmail.smtp import SmtpSettings, SmtpTransport
from testbed.demo.children import Children
from testbed.demo.mail_server import DemoMailServer, start_mail_server
from tests.servers.ports import HOST
from tests.servers.waiting import until

OFFICE = "oac@castellbisbal.cat"
MIME = b"From: anna@example.cat\r\nTo: oac@castellbisbal.cat\r\nSubject: Hola\r\nMessage-ID: <1@x>\r\n\r\nBon dia\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoMailServer]:
    with Children() as children:
        yield start_mail_server(children, tmp_path_factory.mktemp("mail-devel"), web=False)


def test_a_mail_is_handed_over_found_by_the_next_poll_read_and_filed(server: DemoMailServer) -> None:
    mailbox = ImapMailbox(
        ImapSettings(host=HOST, port=server.imap_port, security="none", user=OFFICE, password=server.password)
    )
    transport = SmtpTransport(SmtpSettings(host=HOST, port=server.smtp_port, security="none"))
    with imaplib.IMAP4(HOST, server.imap_port) as client:
        client.login(OFFICE, server.password)
        client.create("Sent")
    assert [(folder.name, folder.role) for folder in mailbox.watched()] == [
        ("INBOX", Folder.INTAKE),
        ("Sent", Folder.SENT),
    ]
    mailbox.open("INBOX")
    assert mailbox.uids() == set()
    mail = Outgoing(key="k", envelope_from="anna@example.cat", recipient=OFFICE, copy_to="", mime=MIME)
    assert transport.send(mail, lambda _: None) is False
    assert mailbox.wait(1)
    mailbox.open("INBOX")
    (place,) = mailbox.metas()
    got = mailbox.fetch([place.uid])[place.uid]
    assert b"Bon dia" in got.raw
    timer = threading.Timer(0.1, transport.send, (mail, lambda _: None))
    timer.start()
    until(lambda: mailbox.wait(1), what="IDLE tells of it")
    timer.join()
    mailbox.file("INBOX", [place.uid], "Sent", seen=True)
    assert len(mailbox.uids()) == 1
    assert mailbox.open("Sent").exists == 1
    transport.close()
    mailbox.close()
