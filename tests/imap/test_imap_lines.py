"""Connections to a real Dovecot that break, stay half-open or cannot be trusted."""

import threading

import pytest

from oacmail.core.errors import ConfigError, Transient
from oacmail.imap.connection import ImapLoginRefused, ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.imap.boxes import filled, open_mailbox
from tests.servers.dovecot import PASSWORD
from tests.servers.mail_servers import MailServers
from tests.servers.proxy import Proxy


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
