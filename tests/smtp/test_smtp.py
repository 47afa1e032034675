"""SMTP as the outbox needs it: the commands for an accepted mail, and what every refusal means for one mail."""

import socket
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.policy import default
from typing import Literal

import pytest
from msgspec.structs import replace

from oacmail.core.errors import ConfigError, LineEnded, Permanent, RelayError, Transient, Uncertain
from oacmail.smtp import SmtpLoginRefused, SmtpSettings, SmtpTransport
from oacmail.words.compose import Heading, compose
from tests.fakes.relay import DROP, HANG, Relay
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.people import Citizen
from tests.servers.ports import HOST
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


def test_a_mail_takes_two_round_trips_where_the_relay_takes_several_commands_at_once(mail_servers: MailServers) -> None:
    anna, office = Citizen(mail_servers), Citizen(mail_servers)
    with Proxy(mail_servers.postfix.smtp_port) as wire:
        transport = transport_to(wire.port)
        transport.send(mail_to(anna.address, office.address), nothing)
        transport.send(mail_to(anna.address, office.address), nothing)
    _hello, *said = (chunk.split(b"\r\n") for chunk in wire.said)
    verbs = [[line[:4].decode() for line in lines if line[:4].isupper() and line[:4].isalpha()] for lines in said]
    assert verbs == [["MAIL", "RCPT", "RCPT", "DATA"], []] * 2
    assert len(anna.wait_for_mail(2)) == 2


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
        ("RCPT", "421 4.3.2 closing", LineEnded, "SMTP RCPT: 421 4.3.2"),
        ("DATA", "451 4.3.0 later", Transient, "SMTP DATA: 451 4.3.0"),
        ("DATA", "421 4.3.2 closing", LineEnded, "SMTP DATA: 421 4.3.2"),
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


@pytest.mark.parametrize("fault", [DROP, HANG, "421 4.3.2 closing"])
def test_a_kept_line_that_ends_at_a_recipient_is_not_tried_again_for_the_same_mail(fault: str) -> None:
    with Relay({"RCPT": [None, fault]}) as relay:
        transport = transport_to(relay.port, timeout=0.3)
        transport.send(mail_to(copy=""), nothing)
        with pytest.raises(LineEnded, match=r"^SMTP RCPT: "):
            transport.send(mail_to(), never)
        assert relay.lines == 1
        transport.send(mail_to(), nothing)
        assert relay.lines == 2


@pytest.mark.parametrize("leaves", ["421 4.7.0 too many errors", DROP, HANG])
def test_a_refusal_holds_though_the_relay_leaves_after_it(leaves: str) -> None:
    with Relay({"RCPT": ["550 5.1.1 unknown"], "DATA": [leaves]}) as relay:
        transport = transport_to(relay.port, timeout=5.0)
        with pytest.raises(Permanent, match=r"^RCPT: 550 5\.1\.1$"):
            transport.send(mail_to(), never)
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


# Silence, broken lines, logins and certificates: what is uncertain, and what was never sent.

# --- silence and broken lines -----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", [DROP, HANG])
def test_a_line_that_breaks_before_354_has_sent_nothing(verb: str, fault: str) -> None:
    with Relay({verb: [fault]}) as relay:
        with pytest.raises(Transient):
            SmtpTransport(SmtpSettings(host=HOST, port=relay.port, security="none", timeout=0.3)).send(mail_to(), never)
        assert not relay.mails


@pytest.mark.parametrize("fault", [DROP, HANG])
def test_no_answer_to_the_whole_mail_is_uncertain(fault: str) -> None:
    with Relay({"BODY": [fault]}) as relay:
        transport = transport_to(relay.port, data_timeout=0.3)
        with pytest.raises(Uncertain):
            transport.send(mail_to(), nothing)
        assert transport.send(mail_to(), nothing)


def test_a_line_cut_after_354_is_uncertain() -> None:
    with Relay() as relay, Proxy(relay.port) as wire:
        with pytest.raises(Uncertain):
            transport_to(wire.port).send(mail_to(), lambda _: wire.cut())
        assert not relay.mails


def test_what_before_data_raises_comes_out_and_not_a_byte_goes(mail_servers: MailServers) -> None:
    anna = Citizen(mail_servers)
    transport = transport_to(mail_servers.postfix.smtp_port)

    def disk_full(_: bool) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        transport.send(mail_to(anna.address, "", MIME.replace(b"<1@x>", b"<never@x>")), disk_full)
    transport.send(mail_to(anna.address, ""), nothing)
    assert [got["Message-ID"] for got in anna.wait_for_mail()] == ["<1@x>"]


def test_a_relay_that_cannot_be_reached_is_transient() -> None:
    with socket.create_server((HOST, 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(Transient, match="ConnectionRefusedError ECONNREFUSED"):
        transport_to(port).send(mail_to(), never)


# --- login and encryption ---------------------------------------------------------------------------------


def test_a_wrong_password_is_a_transient_error_of_its_own(mail_servers: MailServers) -> None:
    settings = SmtpSettings(
        host="localhost",
        port=mail_servers.postfix.submission_port,
        user="oac",
        password="wrong-and-never-shown",
        ca_file=str(mail_servers.certs.ca),
    )
    with pytest.raises(SmtpLoginRefused) as refused:
        SmtpTransport(settings).send(mail_to(), never)
    assert "never-shown" not in f"{refused.value!r} {settings!r}"


def test_an_oauth_token_is_asked_for_at_each_login() -> None:
    tokens = iter(["first", "second"])
    with Relay({"AUTH": ["235 2.7.0 welcome", "235 2.7.0 welcome"]}, login=True) as relay:
        settings = SmtpSettings(
            host=HOST,
            port=relay.port,
            security="none",
            user="oac",
            auth="xoauth2",
            password=lambda: next(tokens),
            keep_seconds=0,
        )
        transport = SmtpTransport(settings)
        for _ in range(2):
            transport.send(mail_to(), nothing)
    logins = [words.split()[-1] for words in relay.commands if words.startswith("AUTH XOAUTH2")]
    assert len(set(logins)) == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_nobody_vouches_for_is_not_believed(mail_servers: MailServers, host: str) -> None:
    transport = SmtpTransport(SmtpSettings(host=host, port=mail_servers.postfix.submission_port))
    with pytest.raises(Transient, match="SSLCertVerificationError"):
        transport.send(mail_to(), never)


def test_a_relay_without_starttls_gets_no_mail_when_it_is_asked_for() -> None:
    with Relay() as relay, pytest.raises(Transient, match="SMTPNotSupportedError"):
        SmtpTransport(SmtpSettings(host=HOST, port=relay.port)).send(mail_to(), never)


def test_without_encryption_only_this_machine_is_spoken_to() -> None:
    with pytest.raises(ConfigError, match=r"smtp\.security"):
        SmtpTransport(SmtpSettings(host="mail.example.cat", security="none"))


# --- replies out of step ----------------------------------------------------------------------------------


def test_a_relay_that_gives_one_reply_more_after_each_mail_gets_every_mail_once() -> None:
    with Relay({"BODY": ["250 2.0.0 taken\r\n250 2.0.0 unasked"] * 4}) as relay:
        transport = transport_to(relay.port)
        for _ in range(4):
            transport.send(mail_to(), nothing)
        assert len(relay.mails) == 4


def test_a_reply_more_before_the_envelope_delays_no_mail() -> None:
    with Relay({"RSET": ["250 2.0.0 ok\r\n250 2.0.0 unasked"]}) as relay:
        transport = transport_to(relay.port)
        transport.try_envelope("", "anna@example.org")
        transport.send(mail_to(), nothing)
        assert len(relay.mails) == 1


def test_a_relay_that_answers_data_with_what_belongs_to_another_command_is_asked_again_on_a_new_line() -> None:
    handed: list[bool] = []
    with Relay({"DATA": ["250 2.1.5 late"]}) as relay:
        transport_to(relay.port).send(mail_to(), handed.append)
        assert (len(relay.mails), len(handed), relay.lines) == (1, 1, 2)


def test_a_relay_that_stays_out_of_step_is_in_trouble_and_gets_nothing() -> None:
    with Relay({"DATA": ["250 2.1.5 late"] * 2}) as relay:
        with pytest.raises(RelayError, match="more replies"):
            transport_to(relay.port).send(mail_to(), never)
        assert not relay.mails


def test_a_reply_more_after_354_is_not_taken_for_that_to_the_mail() -> None:
    with Relay({"DATA": ["354 go on\r\n250 2.0.0 unasked"], "BODY": ["554 5.7.1 no"]}) as relay:
        with pytest.raises(Permanent, match=r"DATA: 554"):
            transport_to(relay.port).send(mail_to(), nothing)
        assert (relay.mails, relay.lines) == ([], 2)


# --- 8-bit originals --------------------------------------------------------------------------------------


def test_an_original_in_8_bit_goes_to_a_relay_without_8bitmime_as_base64() -> None:
    heading = Heading(
        office="OAC 360",
        sender="oac360@town.example",
        recipient="cap@town.example",
        subject="Vençut",
        message_id="<1@town.example>",
        sent_at=datetime(2026, 11, 26, 9, tzinfo=UTC),
        automatic="auto-generated",
        kind="overdue",
        signature="v=1",
        language="ca",
    )
    original = "From: anna@example.org\r\nSubject: Sol·licitud\r\n\r\nBon dia, què cal?\r\n".encode()
    mime = compose(heading, "Text.", "<p>Text.</p>", original)
    assert not mime.isascii()
    with Relay({"EHLO": ["502 5.5.1 not known"]}) as relay:
        transport_to(relay.port).send(replace(mail_to(), mime=mime), nothing)
        (mail,) = relay.mails
    assert mail.content.isascii()
    parsed = message_from_bytes(mail.content, policy=default)
    (part,) = [part for part in parsed.walk() if part.get_filename() == "original.eml"]
    assert part.get_payload(decode=True) == original
    assert parsed["Content-Transfer-Encoding"] == "7bit"
    assert not any(part.defects for part in parsed.walk())
    with Relay() as relay:
        transport_to(relay.port).send(replace(mail_to(), mime=mime), nothing)
        assert "BODY=8BITMIME" in next(words for words in relay.commands if words.startswith("MAIL"))


# --- limits of the sender -----------------------------------------------------------------------------------------


DAILY = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"
MINUTE = "432 4.3.2 Concurrent connections limit exceeded"
LIMITS = (
    ("550-5.4.5 Daily user sending limit exceeded\r\n550 5.4.5 more", "550 5.4.5 limit of a day", (300.0, False)),
    (
        "550 5.7.1 Daily SMTP relay limit exceeded for customer. For more information",
        "550 5.7.1 limit of a day",
        (300.0, False),
    ),
    ("450 4.2.1 Peak SMTP relay limit exceeded for customer.", "450 4.2.1 limit of a minute", (60.0, False)),
    ("550 5.1.90 limit", "550 5.1.90 limit of a day", (300.0, False)),
    (DAILY, "554 5.2.0 limit of a day", (300.0, False)),
    (MINUTE, "432 4.3.2 limit of a minute", (60.0, True)),
    ("554 5.2.252 SendAsDenied", "554 5.2.252", (300.0, False)),
)


@pytest.mark.parametrize(("reply", "says", "pause"), LIMITS)
@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_limit_of_the_sender_is_no_fault_of_the_mail(
    verb: str, reply: str, says: str, pause: tuple[float, bool]
) -> None:
    with Relay({verb: [reply]}) as relay:
        transport = transport_to(relay.port)
        with pytest.raises(RelayError, match=f"^SMTP {verb}: {says}$") as caught:
            transport.send(mail_to(), never)
        assert (caught.value.at_least, caught.value.named) == pause
        transport.send(mail_to(), nothing)
        assert len(relay.mails) == 1


def test_a_login_that_a_limit_refuses_says_nothing_about_the_password() -> None:
    with Relay({"AUTH": [MINUTE]}, login=True) as relay:
        settings = SmtpSettings(host=HOST, port=relay.port, security="none", user="oac", password="x")
        with pytest.raises(RelayError, match=r"^SMTP AUTH: 432 4\.3\.2 limit of a minute$") as caught:
            SmtpTransport(settings).send(mail_to(), never)
        assert (caught.value.at_least, caught.value.named) == (60.0, True)


@pytest.mark.parametrize(("reply", "says", "pause"), LIMITS)
def test_a_limit_of_the_sender_after_the_whole_mail_puts_this_mail_off(
    reply: str, says: str, pause: tuple[float, bool]
) -> None:
    with Relay({"BODY": [reply]}) as relay, pytest.raises(Transient, match=f"^SMTP DATA: {says}$") as caught:
        transport_to(relay.port).send(mail_to(), nothing)
    assert not isinstance(caught.value, RelayError)
    assert (caught.value.at_least, caught.value.named) == pause
