"""SMTP as the outbox needs it: what every reply, silence and broken line means for one mail."""

import socket
from email import message_from_bytes, policy
from typing import Literal

import pytest

from oacmail.adapters.smtp import LoginRefused, SmtpSettings, SmtpTransport
from oacmail.core.errors import ConfigError, Permanent, Transient, Uncertain
from oacmail.core.ports import Outgoing
from tests.fakes.relay import DROP, HANG, Relay
from tests.servers.people import Citizen
from tests.servers.ports import HOST
from tests.servers.proxy import Proxy
from tests.servers.road import PASSWORD, Road

MIME = b"From: oac@castellbisbal.cat\r\nMessage-ID: <1@x>\r\nSubject: Hola\r\n\r\nBon dia\r\n.\r\n.punt\r\n"


def _mail(to: str = "anna@example.cat", copy: str = "oac@castellbisbal.cat", mime: bytes = MIME) -> Outgoing:
    return Outgoing(key="ack:1", envelope_from="", recipient=to, copy_to=copy, mime=mime)


def _transport(port: int, **more: float) -> SmtpTransport:
    return SmtpTransport(SmtpSettings(host=HOST, port=port, security="none", timeout=5, **more))  # type: ignore[arg-type]


def _nothing(_: bool) -> None:
    """A `before_data` that has nothing to do."""


# --- the road of a mail that is taken --------------------------------------------------------------------


@pytest.mark.parametrize(("security", "port"), [("starttls", "submission_port"), ("tls", "smtps_port")])
def test_a_mail_reaches_citizen_and_office_byte_for_byte_over_verified_tls(
    road: Road, security: Literal["starttls", "tls"], port: str
) -> None:
    anna, office = Citizen(road), Citizen(road)
    settings = SmtpSettings(
        host="localhost",
        port=getattr(road.postfix, port),
        security=security,
        user=office.user,
        password=lambda: PASSWORD,
        ca_file=str(road.certs.ca),
    )
    transport = SmtpTransport(settings)
    assert transport.send(_mail(anna.address, office.address), _nothing)
    transport.close()
    wanted = message_from_bytes(MIME, policy=policy.default).get_content()
    for reader in (anna, office):
        (got,) = reader.wait_for_mail()
        assert (got["Return-Path"], got["Message-ID"]) == ("<>", "<1@x>")
        assert got.get_content().splitlines() == wanted.splitlines()


def test_the_commands_come_in_the_order_that_the_copy_needs() -> None:
    with Relay() as relay:
        transport = _transport(relay.port)
        told: list[tuple[bool, list[str]]] = []
        assert transport.send(_mail(), lambda copy: told.append((copy, list(relay.heard))))
        transport.close()
    verbs = [words.split(":")[0] for words in relay.heard[1:]]
    assert verbs == ["MAIL FROM", "RCPT TO", "RCPT TO", "DATA", "BODY", "QUIT"]
    assert told == [(True, relay.heard[:5])]
    assert relay.mails[0].recipients == ("anna@example.cat", "oac@castellbisbal.cat")
    assert relay.mails[0].content == MIME


def test_what_the_relay_offers_is_used_and_nothing_else() -> None:
    with Relay(size=10_000) as relay:
        _transport(relay.port).send(_mail("núria@castellà.cat", mime=MIME + "ç".encode()), _nothing)
    with Relay(utf8=False) as plain:
        _transport(plain.port).send(_mail("nuria@castellà.cat"), _nothing)
    assert relay.heard[1] == f"MAIL FROM:<> SIZE={len(MIME) + 2} BODY=8BITMIME SMTPUTF8"
    assert plain.heard[1] == "MAIL FROM:<>"
    assert plain.mails[0].recipients[0] == "nuria@xn--castell-fwa.cat"


def test_a_line_is_kept_for_the_next_mail_and_replaced_when_it_is_old_or_dead() -> None:
    with Relay() as relay:
        transport = _transport(relay.port)
        for _ in range(3):
            transport.send(_mail(), _nothing)
        assert relay.lines == 1
        old = _transport(relay.port, keep_seconds=0)
        for _ in range(2):
            old.send(_mail(), _nothing)
        assert relay.lines == 3
    with Relay({"MAIL": [None, DROP]}) as relay:
        transport = _transport(relay.port)
        for _ in range(2):
            transport.send(_mail(), _nothing)
        assert (relay.lines, len(relay.mails)) == (2, 2)


def test_a_line_that_was_cut_while_idle_is_replaced_without_a_word() -> None:
    with Relay() as relay, Proxy(relay.port) as wire:
        transport = _transport(wire.port)
        transport.send(_mail(), _nothing)
        wire.cut()
        transport.send(_mail(), _nothing)
    assert len(relay.mails) == 2


def test_a_kept_tls_line_carries_many_mails(road: Road) -> None:
    anna = Citizen(road)
    with Proxy(road.postfix.submission_port) as wire:
        settings = SmtpSettings(
            host="localhost", port=wire.port, user=anna.user, password=PASSWORD, ca_file=str(road.certs.ca)
        )
        transport = SmtpTransport(settings)
        for _ in range(5):
            transport.send(_mail(anna.address, ""), _nothing)
        assert wire.lines == 1
    assert len(anna.wait_for_mail(5)) == 5


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", ["421 4.3.2 closing", "450 4.7.1 later", "550 5.7.1 no null senders", "530 5.7.0 login"]
)
@pytest.mark.parametrize("verb", ["EHLO", "MAIL"])
def test_a_refusal_before_rcpt_is_the_relays_trouble(verb: str, reply: str) -> None:
    with Relay({verb: [reply], "HELO": [reply]}) as relay, pytest.raises(Transient, match="SMTP MAIL"):
        _transport(relay.port).send(_mail(), _never)
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
def test_a_refusal_before_the_bytes_is_told_by_code_and_no_byte_follows(
    verb: str, reply: str, error: type[Exception], message: str
) -> None:
    with Relay({verb: [reply]}) as relay:
        transport = _transport(relay.port)
        with pytest.raises(error, match=f"^{message}$"):
            transport.send(_mail(), _never)
        assert not relay.mails
        assert transport.send(_mail(), _nothing)
        assert len(relay.mails) == 1


def test_a_refused_citizen_gets_no_data_though_the_office_was_accepted(road: Road) -> None:
    office = Citizen(road)
    transport = _transport(road.postfix.smtp_port)
    with pytest.raises(Permanent) as refused:
        transport.send(_mail(road.address("x-refused"), office.address), _never)
    assert (refused.value.where, refused.value.code, refused.value.status) == ("RCPT", 550, "5.1.1")
    with pytest.raises(Transient, match=r"450 4\.2\.1"):
        transport.send(_mail(road.address("x-later"), office.address), _never)
    assert transport.send(_mail(office.address, ""), _nothing) is False
    assert len(office.wait_for_mail()) == 1


def test_a_refused_copy_does_not_keep_the_citizen_from_his_mail(road: Road) -> None:
    anna, told = Citizen(road), list[bool]()
    taken = _transport(road.postfix.smtp_port).send(_mail(anna.address, road.address("x-refused")), told.append)
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
        transport = _transport(relay.port)
        with pytest.raises(error, match=f"^{message}$"):
            transport.send(_mail(), _nothing)
        assert transport.send(_mail(), _nothing)


def test_an_address_that_no_relay_of_this_kind_can_take_is_refused_at_home() -> None:
    with Relay(utf8=False, size=100) as relay:
        transport = _transport(relay.port)
        for to, code, status in (
            ("núria@x.cat", 553, "5.6.7"),
            ("a@b> NOTIFY=NEVER", 553, "5.1.3"),
            ("", 553, "5.1.3"),
        ):
            with pytest.raises(Permanent) as refused:
                transport.send(_mail(to, mime=b"x"), _never)
            assert (refused.value.where, refused.value.code, refused.value.status) == ("RCPT", code, status)
        with pytest.raises(Permanent, match=r"MAIL: 552 5\.3\.4"):
            transport.send(_mail(mime=b"x" * 101), _never)
    assert not relay.mails


# --- silence and broken lines -----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", [DROP, HANG])
def test_a_line_that_breaks_before_354_has_sent_nothing(verb: str, fault: str) -> None:
    with Relay({verb: [fault]}) as relay:
        with pytest.raises(Transient):
            SmtpTransport(SmtpSettings(host=HOST, port=relay.port, security="none", timeout=0.3)).send(_mail(), _never)
        assert not relay.mails


@pytest.mark.parametrize("fault", [DROP, HANG])
def test_no_answer_to_the_whole_mail_is_uncertain(fault: str) -> None:
    with Relay({"BODY": [fault]}) as relay:
        transport = _transport(relay.port, data_timeout=0.3)
        with pytest.raises(Uncertain):
            transport.send(_mail(), _nothing)
        assert transport.send(_mail(), _nothing)


def test_a_line_cut_after_354_is_uncertain() -> None:
    with Relay() as relay, Proxy(relay.port) as wire:
        with pytest.raises(Uncertain):
            _transport(wire.port).send(_mail(), lambda _: wire.cut())
        assert not relay.mails


def test_what_before_data_raises_comes_out_and_not_a_byte_goes(road: Road) -> None:
    anna = Citizen(road)
    transport = _transport(road.postfix.smtp_port)

    def disk_full(_: bool) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        transport.send(_mail(anna.address, "", MIME.replace(b"<1@x>", b"<never@x>")), disk_full)
    transport.send(_mail(anna.address, ""), _nothing)
    assert [got["Message-ID"] for got in anna.wait_for_mail()] == ["<1@x>"]


def test_a_relay_that_cannot_be_reached_is_transient() -> None:
    with socket.create_server((HOST, 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(Transient, match="ConnectionRefusedError ECONNREFUSED"):
        _transport(port).send(_mail(), _never)


# --- login and encryption ---------------------------------------------------------------------------------


def test_a_wrong_password_is_transient_but_told_apart(road: Road) -> None:
    settings = SmtpSettings(
        host="localhost",
        port=road.postfix.submission_port,
        user="oac",
        password="wrong-and-never-shown",
        ca_file=str(road.certs.ca),
    )
    with pytest.raises(LoginRefused) as refused:
        SmtpTransport(settings).send(_mail(), _never)
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
            transport.send(_mail(), _nothing)
    logins = [words.split()[-1] for words in relay.heard if words.startswith("AUTH XOAUTH2")]
    assert len(set(logins)) == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_nobody_vouches_for_is_not_believed(road: Road, host: str) -> None:
    transport = SmtpTransport(SmtpSettings(host=host, port=road.postfix.submission_port))
    with pytest.raises(Transient, match="SSLCertVerificationError"):
        transport.send(_mail(), _never)


def test_a_relay_without_starttls_gets_no_mail_when_it_is_asked_for() -> None:
    with Relay() as relay, pytest.raises(Transient, match="SMTPNotSupportedError"):
        SmtpTransport(SmtpSettings(host=HOST, port=relay.port)).send(_mail(), _never)


def test_without_encryption_only_this_machine_is_spoken_to() -> None:
    with pytest.raises(ConfigError, match=r"smtp\.security"):
        SmtpTransport(SmtpSettings(host="mail.example.cat", security="none"))


def _never(_: bool) -> None:
    raise AssertionError("before_data must not be called")
