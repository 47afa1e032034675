"""Connections to a real Dovecot that break, stay half-open or cannot be trusted."""

import socket
import ssl
import threading
from collections.abc import Callable

import pytest
from imapclient import SocketTimeout

from oacmail.core.errors import ConfigError, Transient
from oacmail.imap.connection import ImapClient, ImapLoginRefused, ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.imap.boxes import MESSAGE, filled, open_mailbox
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.mail_servers import MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Agent, Citizen
from tests.servers.ports import HOST
from tests.servers.proxy import Proxy
from tests.servers.waiting import until


def test_a_half_open_line_is_noticed_at_the_next_poll(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 1)
    with (
        Proxy(mail_servers.dovecot.imap_port) as wire,
        open_mailbox(mail_servers.dovecot, office, port=wire.port, timeout=0.5) as mailbox,
    ):
        threading.Timer(0.1, wire.stall).start()
        with pytest.raises(Transient, match="IMAP IDLE"):
            mailbox.wait(0.3)
        wire.restore()
        assert mailbox.uids() == {1}


def test_a_broken_line_is_transient_and_the_next_call_goes_on_in_the_same_folder(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 2)
    with (
        Proxy(mail_servers.dovecot.imap_port) as wire,
        open_mailbox(mail_servers.dovecot, office, port=wire.port) as mailbox,
    ):
        wire.cut()
        with pytest.raises(Transient):
            mailbox.uids()
        assert mailbox.uids() == {1, 2}
        wire.refuse()
        for _ in range(2):
            with pytest.raises(Transient):
                mailbox.fetch([1, 2])
        wire.restore()
        assert sorted(mailbox.fetch([1, 2])) == [1, 2]


def test_a_cut_resets_both_ends_of_a_silent_line_at_once() -> None:
    """Whoever waits for an answer at that moment would otherwise wait as long as for a half-open line."""
    with (
        socket.create_server((HOST, 0)) as server,
        Proxy(server.getsockname()[1]) as wire,
        socket.create_connection((HOST, wire.port)) as near,
        server.accept()[0] as far,
    ):
        near.sendall(b"a")
        far.sendall(far.recv(1))
        near.recv(1)
        wire.cut()
        for end in (near, far):
            end.settimeout(10)
            with pytest.raises(ConnectionResetError):
                end.recv(1)


def test_a_refused_login_is_a_transient_error_of_its_own_and_keeps_the_secret(mail_servers: MailServers) -> None:
    settings = ImapSettings(
        host="localhost",
        port=mail_servers.dovecot.imap_port,
        security="none",
        user="oac",
        password=lambda: "never-shown",
    )
    with pytest.raises(ImapLoginRefused, match="AUTHENTICATIONFAILED") as refused:
        ImapMailbox(settings).open("INBOX")
    assert "never-shown" not in f"{refused.value!r} {settings!r}"


def test_a_line_that_breaks_during_login_says_nothing_of_the_password(mail_servers: MailServers) -> None:
    with Proxy(mail_servers.dovecot.imap_port) as wire:
        wire.refuse()
        with pytest.raises(Transient) as broken:
            ImapMailbox(
                ImapSettings(host="localhost", port=wire.port, security="none", user="oac", password=PASSWORD)
            ).open("INBOX")
        assert not isinstance(broken.value, ImapLoginRefused)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(mail_servers: MailServers) -> None:
    settings = ImapSettings(host="localhost", port=mail_servers.dovecot.imaps_port, user="oac", password=PASSWORD)
    with pytest.raises(Transient, match="SSLCertVerificationError"):
        ImapMailbox(settings).open("INBOX")


def test_without_encryption_only_this_machine_is_spoken_to() -> None:
    with pytest.raises(ConfigError, match=r"imap\.security"):
        ImapMailbox(ImapSettings(host="imap.example.cat", security="none", user="oac", password=PASSWORD))


def test_a_password_with_accents_is_sent_as_it_is(mail_servers: MailServers) -> None:
    settings = ImapSettings(
        host="localhost", port=mail_servers.dovecot.imap_port, security="none", user="oac", password="çà"
    )
    with pytest.raises(ImapLoginRefused):
        ImapMailbox(settings).open("INBOX")


# Waiting for mail on a real Dovecot: what ends a wait, and what arrived before it.

LONG = 3_600.0
"""Seconds to wait for what must come: a wait that misses it runs into the time limit of the test."""


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_citizens_mail_ends_the_wait(mail_servers: MailServers, security: str) -> None:
    office, anna = mail_servers.new_user("oac"), Citizen(mail_servers)
    port = mail_servers.dovecot.imaps_port if security == "tls" else mail_servers.dovecot.imap_port
    with open_mailbox(
        mail_servers.dovecot, office, security=security, port=port, ca_file=str(mail_servers.certs.ca)
    ) as mailbox:
        for _ in range(3):
            threading.Timer(0.1, anna.write, (mail_servers.address(office), "Hola", "Bon dia")).start()
            assert mailbox.wait(LONG)
            mailbox.open("INBOX")


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_end_of_a_command_does_not_wait_for_a_delayed_ack(mail_servers: MailServers, encrypted: bool) -> None:
    tls = ssl.create_default_context(cafile=mail_servers.certs.ca) if encrypted else None
    port = mail_servers.dovecot.imaps_port if encrypted else mail_servers.dovecot.imap_port
    with ImapClient(HOST, port, tls=tls, timeout=SocketTimeout(60, 60), max_bytes=1_000) as client:
        assert client.socket().getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_what_came_between_looking_and_waiting_is_news_at_once(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        mailbox.uids()
        Maildir(mail_servers.dovecot, office).deliver(MESSAGE % 1)
        assert mailbox.wait(LONG)
        mailbox.open("INBOX")
        assert not mailbox.wait(0.05)


def test_the_waker_ends_a_wait_at_once_and_is_not_lost_before_one(mail_servers: MailServers) -> None:
    with open_mailbox(mail_servers.dovecot, mail_servers.new_user("oac")) as mailbox:
        threading.Timer(0.1, mailbox.wake).start()
        assert not mailbox.wait(LONG)
        for _ in range(10_000):
            mailbox.wake()
        assert not mailbox.wait(LONG)
        assert not mailbox.wait(0.05)


def test_flags_that_people_set_are_no_news(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 1)
    marta = Agent(mail_servers, office)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        threading.Timer(0.1, marta.flag, (1, "\\Flagged")).start()
        assert not mailbox.wait(1.5)


def test_idle_is_renewed_before_the_server_ends_it(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    with open_mailbox(mail_servers.dovecot, office, idle_minutes=0.001) as mailbox:
        threading.Timer(0.5, Maildir(mail_servers.dovecot, office).deliver, (MESSAGE % 1,)).start()
        assert mailbox.wait(10)


@pytest.mark.parametrize("end", [Dovecot.kill, Dovecot.stop])
def test_a_server_that_ends_during_idle_is_noticed_and_found_again(
    dovecot: Callable[..., Dovecot], end: Callable[[Dovecot], None]
) -> None:
    server = dovecot()
    filled(server, "oac", 1)
    with open_mailbox(server, "oac") as mailbox:
        threading.Timer(0.2, end, (server,)).start()
        with pytest.raises(Transient, match="IMAP IDLE"):
            mailbox.wait(LONG)
        with pytest.raises(Transient, match="ECONNREFUSED"):
            mailbox.open("INBOX")
        server.start()
        assert mailbox.open("INBOX").exists == 1


def test_what_came_while_other_folders_were_read_is_news_though_the_inbox_was_opened_again(
    mail_servers: MailServers,
) -> None:
    office = mail_servers.new_user("oac")
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        mailbox.open("INBOX")
        assert mailbox.uids() == set()
        mailbox.open("Sent")
        Maildir(mail_servers.dovecot, office).deliver(b"Subject: in between\n\nBon dia\n")
        until(lambda: mailbox.open("INBOX").exists)
        assert mailbox.wait(LONG)
