"""SMTP as the outbox needs it: the commands for an accepted mail, and what every refusal means for one mail."""

from email import message_from_bytes, policy
from typing import Literal

import pytest

from oacmail.core.errors import Permanent, Transient
from oacmail.smtp import SmtpSettings, SmtpTransport
from tests.fakes.relay import DROP, Relay
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.people import Citizen
from tests.servers.proxy import Proxy
from tests.smtp.mails import MIME, mail_to, never, nothing, transport_to

# --- the commands for an accepted mail --------------------------------------------------------------------


@pytest.mark.parametrize(("security", "port"), [("starttls", "submission_port"), ("tls", "smtps_port")])
def test_a_mail_reaches_citizen_and_office_byte_for_byte_over_verified_tls(
    mail_servers: MailServers, security: Literal["starttls", "tls"], port: str
) -> None:
    anna, office = Citizen(mail_servers), Citizen(mail_servers)
    settings = SmtpSettings(
        host="localhost",
        port=getattr(mail_servers.postfix, port),
        security=security,
        user=office.user,
        password=lambda: PASSWORD,
        ca_file=str(mail_servers.certs.ca),
    )
    transport = SmtpTransport(settings)
    assert transport.send(mail_to(anna.address, office.address), nothing)
    transport.close()
    wanted = message_from_bytes(MIME, policy=policy.default).get_content()
    for reader in (anna, office):
        (got,) = reader.wait_for_mail()
        assert (got["Return-Path"], got["Message-ID"]) == ("<>", "<1@x>")
        assert got.get_content().splitlines() == wanted.splitlines()


def test_the_commands_come_in_the_order_that_the_copy_needs() -> None:
    with Relay() as relay:
        transport = transport_to(relay.port)
        told: list[tuple[bool, list[str]]] = []
        assert transport.send(mail_to(), lambda copy: told.append((copy, list(relay.commands))))
        transport.close()
    verbs = [words.split(":")[0] for words in relay.commands[1:]]
    assert verbs == ["MAIL FROM", "RCPT TO", "RCPT TO", "DATA", "BODY", "QUIT"]
    assert told == [(True, relay.commands[:5])]
    assert relay.mails[0].recipients == ("anna@example.cat", "oac@castellbisbal.cat")
    assert relay.mails[0].content == MIME


def test_what_the_relay_offers_is_used_and_nothing_else() -> None:
    with Relay(size=10_000) as relay:
        transport_to(relay.port).send(mail_to("núria@castellà.cat", mime=MIME + "ç".encode()), nothing)
    with Relay(utf8=False) as plain:
        transport_to(plain.port).send(mail_to("nuria@castellà.cat"), nothing)
    assert relay.commands[1] == f"MAIL FROM:<> SIZE={len(MIME) + 2} BODY=8BITMIME SMTPUTF8"
    assert plain.commands[1] == "MAIL FROM:<>"
    assert plain.mails[0].recipients[0] == "nuria@xn--castell-fwa.cat"


def test_the_envelope_names_the_same_domain_as_the_header() -> None:
    with Relay() as relay:
        transport_to(relay.port).send(mail_to("jan@straße.example"), nothing)
    assert relay.mails[0].recipients[0] == "jan@xn--strae-oqa.example"


def test_a_line_is_kept_for_the_next_mail_and_replaced_when_it_is_old_or_dead() -> None:
    with Relay() as relay:
        transport = transport_to(relay.port)
        for _ in range(3):
            transport.send(mail_to(), nothing)
        assert relay.lines == 1
        old = transport_to(relay.port, keep_seconds=0)
        for _ in range(2):
            old.send(mail_to(), nothing)
        assert relay.lines == 3
    with Relay({"MAIL": [None, DROP]}) as relay:
        transport = transport_to(relay.port)
        for _ in range(2):
            transport.send(mail_to(), nothing)
        assert (relay.lines, len(relay.mails)) == (2, 2)


def test_a_line_that_was_cut_while_idle_is_replaced_without_a_word() -> None:
    with Relay() as relay, Proxy(relay.port) as wire:
        transport = transport_to(wire.port)
        transport.send(mail_to(), nothing)
        wire.cut()
        transport.send(mail_to(), nothing)
    assert len(relay.mails) == 2


def test_a_kept_tls_line_carries_many_mails(mail_servers: MailServers) -> None:
    anna = Citizen(mail_servers)
    with Proxy(mail_servers.postfix.submission_port) as wire:
        settings = SmtpSettings(
            host="localhost", port=wire.port, user=anna.user, password=PASSWORD, ca_file=str(mail_servers.certs.ca)
        )
        transport = SmtpTransport(settings)
        for _ in range(5):
            transport.send(mail_to(anna.address, ""), nothing)
        assert wire.lines == 1
    assert len(anna.wait_for_mail(5)) == 5


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", ["421 4.3.2 closing", "450 4.7.1 later", "550 5.7.1 no null senders", "530 5.7.0 login"]
)
@pytest.mark.parametrize("verb", ["EHLO", "MAIL"])
def test_a_refusal_before_rcpt_is_the_relays_trouble(verb: str, reply: str) -> None:
    with Relay({verb: [reply], "HELO": [reply]}) as relay, pytest.raises(Transient, match="SMTP MAIL"):
        transport_to(relay.port).send(mail_to(), never)
    assert not relay.mails


@pytest.mark.parametrize(
    ("verb", "reply", "error", "message"),
    [
        ("RCPT", "550 5.1.1 unknown", Permanent, "RCPT: 550 5.1.1"),
        ("RCPT", "553 no", Permanent, "RCPT: 553"),
        ("RCPT", "450 4.2.1 busy", Transient, "SMTP RCPT: 450 4.2.1"),
        ("RCPT", "530 5.7.0 login first", Transient, "SMTP RCPT: 530 5.7.0"),
        ("RCPT", "421 4.3.2 closing", Transient, "SMTP MAIL: SMTPServerDisconnected"),
        ("DATA", "451 4.3.0 later", Transient, "SMTP DATA: 451 4.3.0"),
        ("DATA", "421 4.3.2 closing", Transient, "SMTP DATA: SMTPServerDisconnected"),
        ("DATA", "554 5.5.1 no", Permanent, "DATA: 554 5.5.1"),
        ("MAIL", "552 5.3.4 too large", Permanent, "MAIL: 552 5.3.4"),
    ],
)
def test_a_refusal_before_the_data_is_reported_by_code_and_no_byte_follows(
    verb: str, reply: str, error: type[Exception], message: str
) -> None:
    with Relay({verb: [reply]}) as relay:
        transport = transport_to(relay.port)
        with pytest.raises(error, match=f"^{message}$"):
            transport.send(mail_to(), never)
        assert not relay.mails
        assert transport.send(mail_to(), nothing)
        assert len(relay.mails) == 1


def test_a_refused_citizen_gets_no_data_though_the_office_was_accepted(mail_servers: MailServers) -> None:
    office = Citizen(mail_servers)
    transport = transport_to(mail_servers.postfix.smtp_port)
    with pytest.raises(Permanent) as refused:
        transport.send(mail_to(mail_servers.address("x-refused"), office.address), never)
    assert (refused.value.where, refused.value.code, refused.value.status) == ("RCPT", 550, "5.1.1")
    with pytest.raises(Transient, match=r"450 4\.2\.1"):
        transport.send(mail_to(mail_servers.address("x-later"), office.address), never)
    assert transport.send(mail_to(office.address, ""), nothing) is False
    assert len(office.wait_for_mail()) == 1


def test_a_refused_copy_does_not_keep_the_citizen_from_his_mail(mail_servers: MailServers) -> None:
    anna, told = Citizen(mail_servers), list[bool]()
    taken = transport_to(mail_servers.postfix.smtp_port).send(
        mail_to(anna.address, mail_servers.address("x-refused")), told.append
    )
    assert (taken, told) == (False, [False])
    assert len(anna.wait_for_mail()) == 1


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        ("550 5.7.1 content", Permanent, "DATA: 550 5.7.1"),
        ("552 5.3.4 too large", Permanent, "DATA: 552 5.3.4"),
        ("451 4.3.0 later", Transient, "SMTP DATA: 451 4.3.0"),
        ("421 4.3.2 closing", Transient, "SMTP DATA: 421 4.3.2"),
    ],
)
def test_a_refusal_of_the_whole_mail_is_explicit(reply: str, error: type[Exception], message: str) -> None:
    with Relay({"BODY": [reply]}) as relay:
        transport = transport_to(relay.port)
        with pytest.raises(error, match=f"^{message}$"):
            transport.send(mail_to(), nothing)
        assert transport.send(mail_to(), nothing)


def test_an_address_that_no_relay_of_this_kind_can_take_is_refused_at_home() -> None:
    with Relay(utf8=False, size=100) as relay:
        transport = transport_to(relay.port)
        for to, code, status in (
            ("núria@x.cat", 553, "5.6.7"),
            ("a@b> NOTIFY=NEVER", 553, "5.1.3"),
            ("", 553, "5.1.3"),
        ):
            with pytest.raises(Permanent) as refused:
                transport.send(mail_to(to, mime=b"x"), never)
            assert (refused.value.where, refused.value.code, refused.value.status) == ("RCPT", code, status)
        with pytest.raises(Permanent, match=r"MAIL: 552 5\.3\.4"):
            transport.send(mail_to(mime=b"x" * 101), never)
    assert not relay.mails
